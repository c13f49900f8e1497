/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "expr/node.h"

#define FILE_MAX (64u << 20)

static enum rc
read_all(const char *path, struct buf *out, struct err *e)
{
	FILE *f = fopen(path, "re");
	size_t n = 1;

	if (f == NULL)
		return err_set(e, RC_SYS, "%s: %s", path, strerror(errno));
	while (n > 0 && out->n <= FILE_MAX) {
		n = fread(buf_room(out, 65536), 1, 65536, f);
		out->n += n;
	}
	if (ferror(f)) {
		int sys = errno;

		(void)fclose(f);
		return err_set(e, RC_SYS, "%s: %s", path, strerror(sys));
	}
	(void)fclose(f);
	if (out->n > FILE_MAX)
		return err_set(e, RC_LIMIT, "%s: more than %u MiB", path, FILE_MAX >> 20);
	return RC_OK;
}

static bool
add_value(struct set *s, enum field_type type, struct slice value)
{
	struct addr_net net;
	int64_t num;

	switch (type) {
	case FIELD_NUM:
		if (!parse_num(value, &num))
			return false;
		set_add_num(s, num);
		return true;
	case FIELD_ADDR:
		if (addr_net_parse(value, false, &net) != RC_OK)
			return false;
		set_add_net(s, &net);
		return true;
	case FIELD_TEXT:
		break;
	}
	set_add_text(s, value);
	return true;
}

enum rc
set_load(struct set *s, enum field_type type, struct slice path, struct err *e)
{
	static const char *const what[] = { [FIELD_TEXT] = "text", [FIELD_NUM] = "number", [FIELD_ADDR] = "address or block" };
	struct buf name = { 0 }, file = { 0 };
	struct slice rest, line;
	unsigned long lines = 0;
	enum rc rc;

	buf_put(&name, path);
	rc = read_all(buf_cstr(&name), &file, e);
	for (rest = buf_slice(&file); rc == RC_OK && rest.n > 0; rest = slice_skip(rest, line.n + 1)) {
		struct slice value;

		line = slice_head(rest, slice_chr(rest, '\n'));
		value = slice_trim(line);
		lines++;
		if (value.n == 0 || value.p[0] == '#')
			continue;
		if (!add_value(s, type, value))
			rc = err_set(e, RC_BAD, "%s, line %lu: no %s", buf_cstr(&name), lines, what[type]);
	}
	buf_reset(&name);
	buf_reset(&file);
	return rc;
}
