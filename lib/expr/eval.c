/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/node.h"

struct expr_ctx *
expr_ctx_new(void)
{
	struct expr_ctx *c = xcalloc(1, sizeof(*c));

	c->regex = regex_state_new();
	return c;
}

void
expr_ctx_free(struct expr_ctx *c)
{
	if (c == NULL)
		return;
	regex_state_free(c->regex);
	buf_reset(&c->tmp[0]);
	buf_reset(&c->tmp[1]);
	free(c);
}

void
expr_ctx_record(struct expr_ctx *c, const struct record *r)
{
	c->r = r;
}

uint64_t
expr_ctx_gave_up(const struct expr_ctx *c)
{
	return regex_gave_up(c->regex);
}

/* `list` is "INVITE|FOO", blanks allowed. */
static bool
method_listed(struct slice list, struct slice method)
{
	while (list.n > 0) {
		size_t bar = slice_chr(list, '|');

		if (slice_ieq(slice_trim(slice_head(list, bar)), method))
			return true;
		list = slice_skip(list, bar + 1);
	}
	return false;
}

static bool
method(const struct node *n, const struct record *r)
{
	uint8_t id = r->sip.status == 0 ? r->sip.method : r->sip.cseq_method;

	if ((r->marks & MARK_SIP) == 0)
		return false;
	if (id != SIP_METHOD_OTHER)
		return (n->num >> id & 1) != 0;	/* no bit is that of SIP_METHOD_NONE */
	return n->text.n > 0 && method_listed(n->text,
	    sip_part(&r->sip, r->payload, r->sip.status == 0 ? SIP_SPAN_METHOD : SIP_SPAN_CSEQ_METHOD));
}

static bool
in_net(const struct node *n, struct expr_ctx *c)
{
	const struct field *f = n->a.field;
	const struct addr *a;
	struct addr made;

	if (f->addr != NULL) {
		a = f->addr(&n->a, c);
		return a != NULL && addr_net_has(&n->net, a);
	}
	return var_addr(&n->a, c, &c->tmp[0], &made) && addr_net_has(&n->net, &made);
}

static bool
in_set(const struct node *n, struct expr_ctx *c)
{
	const struct addr *a;
	struct slice s;
	int64_t num;

	if (n->a.field->type == FIELD_TEXT)	/* first: long lists are mostly of these */
		return var_text(&n->a, c, &c->tmp[0], &s) ? set_has_text(n->set, s) : n->num != 0;
	if (n->a.field->type == FIELD_NUM)
		return n->a.field->num(&n->a, c, &num) ? set_has_num(n->set, num) : n->num != 0;
	a = n->a.field->addr(&n->a, c);
	return a != NULL ? set_has_addr(n->set, a) : n->num != 0;
}

/* Two variables: the left one's type counts, but an address on either side makes both addresses. */
static bool
equal_vars(const struct node *n, struct expr_ctx *c)
{
	enum field_type left = n->a.field->type;
	struct addr aa, ab;
	struct slice sa, sb;
	int64_t na, nb;

	if (left == FIELD_ADDR || n->b.field->type == FIELD_ADDR)
		return var_addr(&n->a, c, &c->tmp[0], &aa) && var_addr(&n->b, c, &c->tmp[1], &ab) && addr_host_eq(&aa, &ab);
	if (left == FIELD_NUM)
		return var_num(&n->a, c, &c->tmp[0], &na) && var_num(&n->b, c, &c->tmp[1], &nb) && na == nb;
	return var_text(&n->a, c, &c->tmp[0], &sa) && var_text(&n->b, c, &c->tmp[1], &sb) && slice_eq(sa, sb);
}

static bool
ordered(enum node_op op, int64_t a, int64_t b)
{
	switch (op) {
	case OP_LT:
		return a < b;
	case OP_LE:
		return a <= b;
	case OP_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static bool eval(const struct expr *x, uint32_t i, struct expr_ctx *c);

/* Whether one of the children is `what`. */
static bool
any(const struct expr *x, const struct node *n, bool what, struct expr_ctx *c)
{
	for (uint32_t i = n->child; i != 0; i = x->nodes[i].next)
		if (eval(x, i, c) == what)
			return true;
	return false;
}

/* Without `negate`. */
static bool
holds(const struct expr *x, const struct node *n, struct expr_ctx *c)
{
	struct slice s;
	int64_t a, b;

	switch (n->op) {
	case OP_AND:
		return !any(x, n, false, c);
	case OP_OR:
		return any(x, n, true, c);
	case OP_NOT:
		return !eval(x, n->child, c);
	case OP_CONST:
		return n->num != 0;
	case OP_TRUTH:
		return var_num(&n->a, c, &c->tmp[0], &a) && a != 0;
	case OP_NULL:
		return !var_text(&n->a, c, &c->tmp[0], &s);
	case OP_EMPTY:
		return !var_text(&n->a, c, &c->tmp[0], &s) || s.n == 0;
	case OP_METHOD:
		return method(n, c->r);
	case OP_EQ_TEXT:
		return var_text(&n->a, c, &c->tmp[0], &s) && slice_eq(s, n->text);
	case OP_EQ_NUM:
		return var_num(&n->a, c, &c->tmp[0], &a) && a == n->num;
	case OP_EQ_NET:
		return in_net(n, c);
	case OP_EQ_VAR:
		return equal_vars(n, c);
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return var_num(&n->a, c, &c->tmp[0], &a) && ordered(n->op, a, n->num);
	case OP_VAR_LT:
	case OP_VAR_LE:
	case OP_VAR_GT:
	case OP_VAR_GE:
		return var_num(&n->a, c, &c->tmp[0], &a) && var_num(&n->b, c, &c->tmp[1], &b) &&
		    ordered(n->op - OP_VAR_LT + OP_LT, a, b);
	case OP_MATCH:
		return var_text(&n->a, c, &c->tmp[0], &s) && regex_match(n->regex, c->regex, s);
	case OP_IN:
		return in_set(n, c);
	case OP_TOTAG:
		return (c->r->marks & MARK_SIP) != 0 && c->r->sip.span[SIP_SPAN_TO_TAG].len > 0;
	case OP_BODY:
		return body_has(c->r, n->text);
	case OP_FLAG:
		return (c->r->user_flags >> n->num & 1) != 0;
	}
	return false;
}

/* As deep as the text is nested: DEPTH_MAX bounds it. */
static bool
eval(const struct expr *x, uint32_t i, struct expr_ctx *c)
{
	const struct node *n = &x->nodes[i];

	return holds(x, n, c) != n->negate;
}

bool
expr_match(const struct expr *x, struct expr_ctx *c)
{
	return eval(x, x->root, c);
}
