/* SPDX-License-Identifier: MIT */
#include "expr/annotate.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/node.h"
#include "net/dest.h"

struct note {
	uint16_t type;
	struct tmpl *tmpl;	/* NULL: `text` as it stands */
	char *text;
};

struct annotate {
	struct note *v;
	size_t n;
	bool constant;
	struct set *users;	/* NULL: none are listed */
	struct tmpl *who[3];	/* … who may be one of them */
	struct buf value;	/* scratch */
};

struct annotate *
annotate_new(void)
{
	struct annotate *a = xcalloc(1, sizeof(*a));

	a->constant = true;
	return a;
}

void
annotate_free(struct annotate *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++) {
		tmpl_free(a->v[i].tmpl);
		free(a->v[i].text);
	}
	free(a->v);
	set_free(a->users);
	for (size_t i = 0; i < sizeof(a->who) / sizeof(a->who[0]); i++)
		tmpl_free(a->who[i]);
	buf_reset(&a->value);
	free(a);
}

static struct note *
add(struct annotate *a, uint16_t type)
{
	if ((a->n & (a->n - 1)) == 0)	/* full at 0, 1, 2, 4, 8 … */
		a->v = xrealloc(a->v, (a->n > 0 ? a->n * 2 : 1) * sizeof(*a->v));
	a->v[a->n] = (struct note){ .type = type };
	return &a->v[a->n++];
}

enum rc
annotate_template(struct annotate *a, uint16_t type, struct slice text, struct expr_err *e)
{
	struct tmpl *t;
	enum rc rc = tmpl_compile(text, &t, e);

	if (rc != RC_OK)
		return rc;
	add(a, type)->tmpl = t;
	a->constant = a->constant && slice_chr(text, '$') == text.n;
	return RC_OK;
}

enum rc
annotate_dest(struct annotate *a, struct slice dest, struct err *e)
{
	static const struct slice hep = SLICE_LIT("hep:");
	bool is_hep = slice_istarts(dest, hep);
	struct slice to = is_hep ? slice_skip(dest, hep.n) : dest;
	bool is_sip = slice_istarts(to, SLICE_LIT("sip:")) || slice_istarts(to, SLICE_LIT("sips:"));
	struct dest d;
	enum rc rc;

	if (is_hep && (is_sip || !dest_has_scheme(to)))
		return err_set(e, RC_BAD, "hep: is followed by udp:HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT");
	if (!is_hep && !is_sip)
		return err_set(e, RC_BAD, "begins neither with hep: (as in hep:udp:homer:9060) nor with sip:");
	rc = dest_parse(to, &d, e);
	if (rc == RC_OK)
		add(a, ATTR_DEST)->text = xstrndup((const char *)dest.p, dest.n);
	return rc;
}

enum rc
annotate_users(struct annotate *a, const char *path, struct err *e)
{
	static const struct slice who[] = { SLICE_LIT("$fU"), SLICE_LIT("$tU"), SLICE_LIT("$rU") };
	struct expr_err wrong = { .off = 0 };
	enum rc rc = RC_OK;

	if (a->users == NULL)
		a->users = set_new();
	for (size_t i = 0; rc == RC_OK && i < sizeof(who) / sizeof(who[0]); i++)
		if (a->who[i] == NULL)
			rc = tmpl_compile(who[i], &a->who[i], &wrong);
	a->constant = false;
	return rc == RC_OK ? set_load(a->users, FIELD_TEXT, slice_str(path), e) : err_set(e, rc, "%s", wrong.err.text);
}

bool
annotate_any(const struct annotate *a)
{
	return a->n > 0 || a->users != NULL;
}

bool
annotate_constant(const struct annotate *a)
{
	return a->constant;
}

static bool
has_attr(struct slice attrs, uint16_t type, struct slice value)
{
	struct slice v;
	uint16_t t;

	while (attr_next(&attrs, &t, &v) == RC_OK)
		if (t == type && slice_eq(v, value))
			return true;
	return false;
}

static unsigned
eval_users(struct annotate *a, struct expr_ctx *ctx, struct buf *attrs)
{
	unsigned left_out = 0;

	for (size_t i = 0; i < sizeof(a->who) / sizeof(a->who[0]); i++) {
		struct slice user;

		buf_clear(&a->value);
		tmpl_eval(a->who[i], ctx, &a->value, NULL);
		user = buf_slice(&a->value);
		if (user.n > 0 && set_has_text(a->users, user) && !has_attr(buf_slice(attrs), ATTR_USER, user))
			left_out += attr_put(attrs, ATTR_USER, user) != RC_OK;
	}
	return left_out;
}

unsigned
annotate_eval(struct annotate *a, struct expr_ctx *ctx, struct buf *attrs)
{
	struct buf *value = &a->value;
	unsigned left_out = 0;

	for (size_t i = 0; i < a->n; i++) {
		buf_clear(value);
		if (a->v[i].tmpl != NULL)
			tmpl_eval(a->v[i].tmpl, ctx, value, NULL);
		else
			buf_str(value, a->v[i].text);
		if (value->n > 0 && attr_put(attrs, a->v[i].type, buf_slice(value)) != RC_OK)
			left_out++;
	}
	return a->users != NULL ? left_out + eval_users(a, ctx, attrs) : left_out;
}

/* What the record has of the attributes that there is one of gives way. */
static void
keep_others(struct slice fresh, struct slice old, struct buf *out)
{
	struct slice v, rest = old;
	uint16_t type;

	while (attr_next(&rest, &type, &v) == RC_OK)
		if ((type != ATTR_CORRELATION && type != ATTR_TABLE && type != ATTR_LEG) || !attr_get(fresh, type, &(struct slice){ NULL, 0 }))
			if (attr_put(out, type, v) != RC_OK)
				break;	/* cannot be: they fitted before */
}

unsigned
annotate_apply(struct slice attrs, struct record *r, struct buf *scratch)
{
	struct slice old = r->attrs, v;
	unsigned left_out = 0;
	uint16_t type;

	if (attrs.n == 0)
		return 0;
	r->intact = false;
	if (old.n == 0) {
		r->attrs = attrs;
		return 0;
	}
	buf_clear(scratch);
	keep_others(attrs, old, scratch);
	while (attr_next(&attrs, &type, &v) == RC_OK)
		if (!has_attr(buf_slice(scratch), type, v) && attr_put(scratch, type, v) != RC_OK)
			left_out++;
	r->attrs = buf_slice(scratch);
	return left_out;
}
