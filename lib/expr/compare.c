/* SPDX-License-Identifier: MIT */
/* Comparisons: which node fits the two operands, and what to tell who compares what cannot be equal. */
#include "expr/node.h"
#include "sip/index.h"

/* What goes on at one operator: `a` is the variable's side, whichever side that was. */
struct comparison {
	struct token a, b, op;
	bool swapped;		/* the constant stood at the left */
};

static enum rc
wrong(struct parser *p, const struct token *t, const char *what)
{
	return expr_err_set(p->err, RC_BAD, t->off, t->len, "%s", what);
}

static bool
is_operand(const struct token *t)
{
	return t->type == TOK_VAR || t->type == TOK_TEXT || t->type == TOK_NUM || t->type == TOK_NET || t->type == TOK_NULL;
}

static bool
is_comparison(const struct token *t)
{
	return t->type >= TOK_EQ && t->type <= TOK_NOMATCH;
}

/* == with a text in quotes. */
static enum rc
equal_text(struct parser *p, const struct comparison *c, struct node *n)
{
	const struct field *f = c->a.var.field;
	uint8_t method;

	n->op = OP_EQ_TEXT;
	n->text = c->b.text;
	if (c->b.text.n == 0) {
		n->op = OP_EMPTY;
	} else if (f->type == FIELD_ADDR) {
		n->op = OP_EQ_NET;
		if (addr_net_parse(c->b.text, false, &n->net) != RC_OK)
			return wrong(p, &c->b, "neither an address nor a block: 192.0.2.1, 2001:db8::/32");
	} else if (f->type == FIELD_NUM) {
		n->op = OP_EQ_NUM;
		if (!parse_num(c->b.text, &n->num))
			return wrong(p, &c->b, "never equal: the variable is a number");
	} else if (f == field_find(SLICE_LIT("rm"))) {
		method = sip_method_of(c->b.text);
		if (method != SIP_METHOD_OTHER) {
			n->op = OP_METHOD;
			n->num = (int64_t)1 << method;
			n->text = (struct slice){ NULL, 0 };
		}
	}
	return RC_OK;
}

/*
 * == with a number. As in Kamailio the left side says how they are compared: a text against the number's text, a number against
 * the text's number.
 */
static enum rc
equal_num(struct parser *p, const struct comparison *c, struct node *n)
{
	const struct field *f = c->a.var.field;

	if (f->type == FIELD_ADDR)
		return wrong(p, &c->b, "never equal: the variable is an address");
	n->op = f->type == FIELD_NUM || c->swapped ? OP_EQ_NUM : OP_EQ_TEXT;
	n->text = c->b.text;
	n->num = c->b.num;
	return RC_OK;
}

static enum rc
equal(struct parser *p, const struct comparison *c, struct node *n)
{
	switch (c->b.type) {
	case TOK_NULL:
		n->op = OP_NULL;
		return RC_OK;
	case TOK_TEXT:
		return equal_text(p, c, n);
	case TOK_NUM:
		return equal_num(p, c, n);
	case TOK_NET:
		if (c->a.var.field->type == FIELD_NUM)
			return wrong(p, &c->b, "never equal: the variable is a number");
		n->op = OP_EQ_NET;
		n->net = c->b.net;
		return RC_OK;
	default:
		n->op = OP_EQ_VAR;
		n->b = c->b.var;
		return RC_OK;
	}
}

static enum rc
order(struct parser *p, const struct comparison *c, struct node *n)
{
	static const enum node_op ops[] = { OP_LT, OP_LE, OP_GT, OP_GE }, mirrored[] = { OP_GT, OP_GE, OP_LT, OP_LE };
	unsigned which = c->op.type - TOK_LT;

	if (c->a.var.field->type == FIELD_ADDR)
		return wrong(p, &c->a, "an address has no order; a block does: $si == 10.0.0.0/8");
	n->op = c->swapped ? mirrored[which] : ops[which];
	if (c->b.type == TOK_VAR) {
		if (c->b.var.field->type == FIELD_ADDR)
			return wrong(p, &c->b, "an address has no order");
		n->op += OP_VAR_LT - OP_LT;
		n->b = c->b.var;
		return RC_OK;
	}
	n->num = c->b.num;
	if (c->b.type == TOK_NUM || (c->b.type == TOK_TEXT && parse_num(c->b.text, &n->num)))
		return RC_OK;
	return wrong(p, &c->b, "a number is expected here: only numbers have an order");
}

static enum rc
match(struct parser *p, const struct comparison *c, struct node *n)
{
	struct err why = { 0 };
	size_t off = 0;
	enum rc rc;

	if (c->swapped || c->b.type != TOK_TEXT)
		return wrong(p, c->swapped ? &c->a : &c->b, "a regular expression in quotes is expected here");
	n->op = OP_MATCH;
	n->text = c->b.text;
	rc = regex_new(c->b.text, &n->regex, &off, &why);
	if (rc == RC_OK)
		return RC_OK;
	if (c->b.len == c->b.text.n + 2)	/* nothing was decoded: the place is known */
		return expr_err_set(p->err, rc, c->b.off + 1 + off, 1, "%s", why.text);
	return expr_err_set(p->err, rc, c->b.off, c->b.len, "%s", why.text);
}

static enum rc
compile(struct parser *p, struct comparison *c, uint32_t *out)
{
	struct token t;
	struct node n = { 0 };
	enum rc rc;

	c->swapped = c->a.type != TOK_VAR;
	if (c->swapped) {
		t = c->a;
		c->a = c->b;
		c->b = t;
	}
	if (c->a.type != TOK_VAR)
		return wrong(p, &c->op, "a variable is missing: two constants are compared");
	if (c->op.type == TOK_MATCH || c->op.type == TOK_NOMATCH)
		rc = match(p, c, &n);
	else if (c->op.type == TOK_EQ || c->op.type == TOK_NE)
		rc = equal(p, c, &n);
	else
		rc = order(p, c, &n);
	if (rc == RC_OK)
		rc = node_new(p, n.op, out);
	if (rc != RC_OK) {
		regex_free(n.regex);
		return rc;
	}
	n.negate = c->op.type == TOK_NE || c->op.type == TOK_NOMATCH;
	n.a = c->a.var;
	p->x->nodes[*out] = n;
	return RC_OK;
}

/* An operand alone. */
static enum rc
truth(struct parser *p, const struct token *a, uint32_t *out)
{
	enum rc rc;

	if (a->type != TOK_VAR && a->type != TOK_NUM)
		return wrong(p, a, "no condition: a comparison is missing");
	rc = node_new(p, a->type == TOK_VAR ? OP_TRUTH : OP_CONST, out);
	if (rc != RC_OK)
		return rc;
	p->x->nodes[*out].a = a->var;
	p->x->nodes[*out].num = a->num != 0;
	return RC_OK;
}

enum rc
parse_comparison(struct parser *p, const struct token *a, uint32_t *out)
{
	struct comparison c = { .a = *a, .op = p->tok };
	enum rc rc;

	if (p->tok.type != TOK_IN && !is_comparison(&p->tok))
		return truth(p, a, out);
	rc = parse_next(p);
	if (rc != RC_OK)
		return rc;
	if (c.op.type == TOK_IN)
		return parse_set(p, a, out);
	if (!is_operand(&p->tok))
		return parse_expected(p, "a value");
	c.b = p->tok;
	rc = parse_next(p);
	return rc == RC_OK ? compile(p, &c, out) : rc;
}
