/* SPDX-License-Identifier: MIT */
#include "output/sink.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct sink {
	struct output output;
	struct split *split;	/* NULL: `output` */
	struct tmpl *tmpl;
	struct expr_ctx *ctx;
	struct buf value;
};

struct sink *
sink_new(int fd, const struct format *format, const struct format_conf *conf, bool (*stop)(void))
{
	struct sink *s = xcalloc(1, sizeof(*s));

	s->output = (struct output){ .fd = fd, .format = format, .conf = conf, .stop = stop };
	return s;
}

struct sink *
sink_new_split(int dir, struct tmpl *tmpl, const struct format *format, const struct format_conf *conf, bool (*stop)(void))
{
	struct sink *s = xcalloc(1, sizeof(*s));

	s->split = split_new(dir, SPLIT_OPEN, format, conf, stop);
	s->tmpl = tmpl;
	s->ctx = expr_ctx_new();
	return s;
}

void
sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	output_reset(&s->output);
	split_free(s->split);
	tmpl_free(s->tmpl);
	expr_ctx_free(s->ctx);
	buf_reset(&s->value);
	free(s);
}

void
sink_begin(struct sink *s)
{
	if (s->split == NULL)
		output_begin(&s->output, false);
}

enum rc
sink_put(struct sink *s, const struct record *r, struct err *e)
{
	if (s->split == NULL)
		return output_put(&s->output, r, e);
	buf_clear(&s->value);
	expr_ctx_record(s->ctx, r);
	tmpl_eval(s->tmpl, s->ctx, &s->value, NULL);
	return split_put(s->split, buf_slice(&s->value), r, e);
}

enum rc
sink_flush(struct sink *s, struct err *e)
{
	return s->split != NULL ? split_flush(s->split, e) : output_flush(&s->output, e);
}

enum rc
sink_end(struct sink *s, struct err *e)
{
	return s->split != NULL ? split_end(s->split, e) : output_end(&s->output, e);
}
