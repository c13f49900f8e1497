/* SPDX-License-Identifier: MIT */
#include "cli/complete.h"
#include "cli/diag.h"

#define COLUMN 26	/* where the explanations start */

static void
help_option(const struct opt *o, struct buf *out)
{
	size_t start = out->n;

	buf_str(out, "  ");
	if (o->c != 0)
		buf_printf(out, "-%c", o->c);
	if (o->c != 0 && o->name != NULL)
		buf_str(out, ", ");
	if (o->name != NULL)
		buf_printf(out, "--%s", o->name);
	if (o->arg != NULL)
		buf_printf(out, " %s", o->arg);
	if (out->n - start >= COLUMN)
		buf_str(out, "  ");
	while (out->n - start < COLUMN)
		buf_u8(out, ' ');
	buf_printf(out, "%s\n", o->help);
}

void
opt_help(const struct opt_tool *t, struct buf *out)
{
	const struct opt *o;
	size_t pos = 0;

	if (strcmp(diag_tool(), t->name) == 0)
		buf_printf(out, "usage: %s %s\n%s\n", t->name, t->synopsis, t->summary);
	else
		buf_printf(out, "usage: %s %s %s\n%s\n", diag_tool(), t->name, t->synopsis, t->summary);
	for (size_t i = 0; t->subs != NULL && t->subs[i] != NULL; i++)
		buf_printf(out, "  %-*s%s\n", COLUMN - 2, t->subs[i]->name, t->subs[i]->summary);
	while ((o = opt_walk(t, &pos)) != NULL)
		help_option(o, out);
	if (t->more != NULL)
		buf_printf(out, "%s\n", t->more);
	buf_printf(out, "See %s(1).\n", diag_tool());
}
