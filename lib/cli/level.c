/* SPDX-License-Identifier: MIT */
#include "cli/level.h"

#define PRI_MAX 191	/* RFC 5424 6.2.1: facility 23, severity 7 */

static const struct {
	const char *name, *prefix;
} levels[] = {
	{ "emerg", "EMERGENCY: " },
	{ "alert", "ALERT: " },
	{ "crit", "CRITICAL: " },
	{ "err", "ERROR: " },
	{ "warning", "WARNING: " },
	{ "notice", "NOTICE: " },
	{ "info", "INFO: " },
	{ "debug", "DEBUG: " },
};

enum rc
level_opt(const struct opt *o, const char *arg, struct err *e)
{
	for (int i = 0; i < 8; i++)
		if (strcmp(levels[i].name, arg) == 0) {
			*(int *)o->dst = i;
			return RC_OK;
		}
	return err_set(e, RC_BAD, "'%s' is none of: %s", arg, o->values);
}

int
level_take(struct slice *line)
{
	size_t end = slice_chr(slice_head(*line, 5), '>');
	uint64_t pri;

	if (end < 2 || end >= line->n || line->p[0] != '<' || line->p[end] != '>')
		return LEVEL_NONE;
	if (!slice_u64(slice_of(line->p + 1, end - 1), PRI_MAX, &pri))
		return LEVEL_NONE;
	*line = slice_skip(*line, end + 1);
	return (int)(pri & 7);
}

const char *
level_prefix(int level)
{
	return level == LEVEL_NONE ? "" : levels[level].prefix;
}
