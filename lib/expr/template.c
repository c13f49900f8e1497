/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/node.h"

struct piece {
	struct var var;		/* field NULL: a literal */
	struct slice text;
};

struct tmpl {
	uint8_t *mem;
	struct piece *v;
	size_t n, cap;
};

static void
add(struct tmpl *t, struct piece p)
{
	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 8;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	t->v[t->n++] = p;
}

static enum rc
parse(struct tmpl *t, struct slice text, struct expr_err *e)
{
	size_t pos = 0, n;
	struct var var;
	enum rc rc;

	while (pos < text.n) {
		n = slice_chr(slice_skip(text, pos), '$');
		if (n > 0) {
			add(t, (struct piece){ .text = slice_of(text.p + pos, n) });
			pos += n;
		} else if (slice_starts(slice_skip(text, pos), SLICE_LIT("$$"))) {
			add(t, (struct piece){ .text = slice_of(text.p + pos, 1) });
			pos += 2;
		} else {
			rc = var_parse(text, &pos, &var, e);
			if (rc != RC_OK)
				return rc;
			add(t, (struct piece){ .var = var });
		}
	}
	return RC_OK;
}

enum rc
tmpl_compile(struct slice text, struct tmpl **out, struct expr_err *e)
{
	struct tmpl *t;
	enum rc rc;

	if (text.n > EXPR_MAX)
		return expr_err_set(e, RC_LIMIT, EXPR_MAX, 1, "longer than %u bytes", EXPR_MAX);
	t = xcalloc(1, sizeof(*t));
	t->mem = xmalloc(text.n + 1);
	if (text.n > 0)
		memcpy(t->mem, text.p, text.n);
	rc = parse(t, slice_of(t->mem, text.n), e);
	if (rc == RC_OK)
		*out = t;
	else
		tmpl_free(t);
	return rc;
}

void
tmpl_free(struct tmpl *t)
{
	if (t == NULL)
		return;
	free(t->v);
	free(t->mem);
	free(t);
}

void
tmpl_eval(const struct tmpl *t, struct expr_ctx *c, struct buf *out, bool *missing)
{
	bool all = true;
	struct slice s;

	for (size_t i = 0; i < t->n; i++) {
		const struct piece *p = &t->v[i];

		s = p->text;
		if (p->var.field != NULL && !var_text(&p->var, c, &c->tmp[0], &s)) {
			all = false;
			continue;
		}
		buf_put(out, s);
	}
	if (missing != NULL)
		*missing = !all;
}
