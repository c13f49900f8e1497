/* SPDX-License-Identifier: MIT */
#ifndef EXPR_NODE_H
#define EXPR_NODE_H
/*
 * node - a compiled expression: a tree in one array. Operators with a constant at their right are kinds of their own, so that
 * evaluating one is a jump, a getter and a comparison. Private to lib/expr.
 */
#include "expr/lex.h"
#include "expr/set.h"

#define EXPR_MAX (1u << 20)	/* bytes of text */
#define DEPTH_MAX 200
#define NODES_MAX 65536

enum node_op {
	OP_AND, OP_OR,		/* over the list of children */
	OP_NOT,			/* of the one child */
	OP_CONST,		/* num: true or false */
	OP_TRUTH,		/* a is a number other than 0 */
	OP_NULL,		/* a is missing */
	OP_EMPTY,		/* a is missing or empty */
	OP_METHOD,		/* the method is one of the bits in num (1 << enum sip_method), or one of the names in text */
	OP_EQ_TEXT,		/* a == text */
	OP_EQ_NUM,		/* a == num */
	OP_EQ_NET,		/* a lies in net */
	OP_EQ_VAR,		/* a == b */
	OP_LT, OP_LE, OP_GT, OP_GE,			/* a against num */
	OP_VAR_LT, OP_VAR_LE, OP_VAR_GT, OP_VAR_GE,	/* a against b, in the same order */
	OP_MATCH,		/* a =~ regex; text is the pattern */
	OP_IN,			/* a in set; num: a missing value is (it has "" or $null); text as written */
	OP_TOTAG,		/* has_totag() */
	OP_BODY,		/* has_body(text) */
	OP_FLAG,		/* isflagset(num) */
};

struct node {
	enum node_op op;
	bool negate;		/* != and !~ are == and =~ with it */
	uint32_t child, next;	/* 0 = none (nodes[0] is not used) */
	struct var a, b;
	struct slice text;
	int64_t num;
	struct addr_net net;
	struct regex *regex;	/* owned */
	struct set *set;	/* owned */
};

struct expr {
	uint8_t *mem;		/* the text, then room for its decoded strings; slices in nodes point here */
	struct node *nodes;
	uint32_t n, cap;
	uint32_t root;
};

/* State of a compilation. */
struct parser {
	struct lexer lex;
	struct token tok;	/* the one to look at */
	struct expr *x;
	unsigned depth;
	struct expr_err *err;
};

/* Adds an empty node. RC_LIMIT: there are NODES_MAX. Pointers into x->nodes end. */
enum rc node_new(struct parser *, enum node_op op, uint32_t *out) MUST_USE;
enum rc parse_next(struct parser *) MUST_USE;
/* "… is expected here", at the token to look at. */
enum rc parse_expected(struct parser *, const char *what) MUST_USE;

/* A comparison: `a` was read, the operator or something else is the token to look at. */
enum rc parse_comparison(struct parser *, const struct token *a, uint32_t *out) MUST_USE;
/* NAME was read: a function's "(…)" follows. */
enum rc parse_function(struct parser *, const struct token *name, uint32_t *out) MUST_USE;
/* a `in` was read: "{…}" or "@file" follows. */
enum rc parse_set(struct parser *, const struct token *a, uint32_t *out) MUST_USE;

/* Adds the values that the file at `path` lists, one a line, as fields of this type have them. */
enum rc set_load(struct set *, enum field_type type, struct slice path, struct err *e) MUST_USE;
#endif
