/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/node.h"

enum rc
node_new(struct parser *p, enum node_op op, uint32_t *out)
{
	struct expr *x = p->x;

	if (x->n == NODES_MAX)
		return expr_err_set(p->err, RC_LIMIT, p->tok.off, p->tok.len,
		    "more than %d conditions; many values belong into a file: in @FILE", NODES_MAX);
	if (x->n == x->cap) {
		x->cap = x->cap > 0 ? x->cap * 2 : 8;
		x->nodes = xrealloc(x->nodes, x->cap * sizeof(*x->nodes));
	}
	x->nodes[x->n] = (struct node){ .op = op };
	*out = x->n++;
	return RC_OK;
}

enum rc
parse_next(struct parser *p)
{
	return lex_next(&p->lex, &p->tok);
}

enum rc
parse_expected(struct parser *p, const char *what)
{
	if (p->tok.type == TOK_END)
		return expr_err_set(p->err, RC_BAD, p->tok.off, 1, "it ends where %s is expected", what);
	return expr_err_set(p->err, RC_BAD, p->tok.off, p->tok.len, "%s is expected here", what);
}

static enum rc parse_or(struct parser *, uint32_t *out);

static enum rc
parse_primary(struct parser *p, uint32_t *out)
{
	struct token t = p->tok;
	enum rc rc;

	switch (t.type) {
	case TOK_LPAREN:
		rc = parse_next(p);
		if (rc == RC_OK)
			rc = parse_or(p, out);
		if (rc != RC_OK)
			return rc;
		if (p->tok.type != TOK_RPAREN)
			return parse_expected(p, ") or an operator");
		return parse_next(p);
	case TOK_NAME:
		rc = parse_next(p);
		return rc == RC_OK ? parse_function(p, &t, out) : rc;
	case TOK_VAR:
	case TOK_TEXT:
	case TOK_NUM:
	case TOK_NET:
	case TOK_NULL:
		rc = parse_next(p);
		return rc == RC_OK ? parse_comparison(p, &t, out) : rc;
	default:
		if (t.type < TOK_EQ || t.type > TOK_NOMATCH)
			return parse_expected(p, "a condition");
		return expr_err_set(p->err, RC_BAD, p->tok.off, p->tok.len,
		    "a variable is missing before it; in double quotes the shell takes it: use single ones");
	}
}

static enum rc
parse_unary(struct parser *p, uint32_t *out)
{
	uint32_t child, node;
	enum rc rc;

	if (p->tok.type != TOK_NOT)
		return parse_primary(p, out);
	if (p->depth == DEPTH_MAX)
		return expr_err_set(p->err, RC_LIMIT, p->tok.off, p->tok.len, "nested deeper than %d levels", DEPTH_MAX);
	p->depth++;
	rc = parse_next(p);
	if (rc == RC_OK)
		rc = parse_unary(p, &child);
	if (rc == RC_OK)
		rc = node_new(p, OP_NOT, &node);
	if (rc != RC_OK)
		return rc;
	p->depth--;
	p->x->nodes[node].child = child;
	*out = node;
	return RC_OK;
}

typedef enum rc parse_fn(struct parser *, uint32_t *out);

/* One `operand`, or a list of them joined by `join` under one node: a long chain is long, not deep. */
static enum rc
parse_chain(struct parser *p, parse_fn *operand, enum token_type join, enum node_op op, uint32_t *out)
{
	uint32_t first, last, node;
	enum rc rc;

	rc = operand(p, &first);
	if (rc != RC_OK || p->tok.type != join) {
		*out = first;
		return rc;
	}
	rc = node_new(p, op, &node);
	if (rc != RC_OK)
		return rc;
	p->x->nodes[node].child = first;
	while (p->tok.type == join) {
		last = first;
		rc = parse_next(p);
		if (rc == RC_OK)
			rc = operand(p, &first);
		if (rc != RC_OK)
			return rc;
		p->x->nodes[last].next = first;
	}
	*out = node;
	return RC_OK;
}

static enum rc
parse_and(struct parser *p, uint32_t *out)
{
	return parse_chain(p, parse_unary, TOK_AND, OP_AND, out);
}

static enum rc
parse_or(struct parser *p, uint32_t *out)
{
	enum rc rc;

	if (p->depth == DEPTH_MAX)
		return expr_err_set(p->err, RC_LIMIT, p->tok.off, p->tok.len, "nested deeper than %d levels", DEPTH_MAX);
	p->depth++;
	rc = parse_chain(p, parse_and, TOK_OR, OP_OR, out);
	p->depth--;
	return rc;
}

static enum rc
parse_all(struct parser *p)
{
	uint32_t unused;
	enum rc rc;

	rc = node_new(p, OP_CONST, &unused);
	if (rc == RC_OK)
		rc = parse_next(p);
	if (rc != RC_OK)
		return rc;
	if (p->tok.type == TOK_END)
		return expr_err_set(p->err, RC_BAD, 0, 1, "an empty expression; true selects everything");
	rc = parse_or(p, &p->x->root);
	if (rc == RC_OK && p->tok.type != TOK_END)
		rc = parse_expected(p, "an operator or the end");
	return rc;
}

enum rc
expr_compile(struct slice text, struct expr **out, struct expr_err *e)
{
	struct parser p = { .err = e };
	enum rc rc;

	if (text.n > EXPR_MAX)
		return expr_err_set(e, RC_LIMIT, EXPR_MAX, 1, "longer than %u bytes; many values belong into a file: in @FILE", EXPR_MAX);
	p.x = xcalloc(1, sizeof(*p.x));
	p.x->mem = xmalloc(text.n * 2 + 1);
	if (text.n > 0)
		memcpy(p.x->mem, text.p, text.n);
	p.lex = (struct lexer){ .text = slice_of(p.x->mem, text.n), .mem = p.x->mem + text.n, .err = e };
	rc = parse_all(&p);
	if (rc == RC_OK)
		*out = p.x;
	else
		expr_free(p.x);
	return rc;
}

void
expr_free(struct expr *x)
{
	if (x == NULL)
		return;
	for (uint32_t i = 0; i < x->n; i++) {
		regex_free(x->nodes[i].regex);
		set_free(x->nodes[i].set);
	}
	free(x->nodes);
	free(x->mem);
	free(x);
}
