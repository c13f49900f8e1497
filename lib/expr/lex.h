/* SPDX-License-Identifier: MIT */
#ifndef EXPR_LEX_H
#define EXPR_LEX_H
/* lex - an expression's text as tokens. White space and "# … end of line" separate. Private to lib/expr. */
#include "expr/field.h"

enum token_type {
	TOK_END,
	TOK_LPAREN, TOK_RPAREN, TOK_LBRACE, TOK_RBRACE, TOK_COMMA,
	TOK_AND, TOK_OR, TOK_NOT, TOK_IN,
	TOK_EQ, TOK_NE, TOK_LT, TOK_LE, TOK_GT, TOK_GE, TOK_MATCH, TOK_NOMATCH,
	TOK_TEXT,	/* "…" or '…': text */
	TOK_NUM,	/* num; text as written */
	TOK_NET,	/* an address or a block: net */
	TOK_VAR,	/* var */
	TOK_NULL,	/* $null */
	TOK_NAME,	/* a function, or true and false: text */
	TOK_FILE,	/* @path: text is the path */
};

struct token {
	enum token_type type;
	size_t off, len;	/* in the text */
	struct slice text;
	int64_t num;
	struct addr_net net;
	struct var var;
};

struct lexer {
	struct slice text;
	size_t pos;
	uint8_t *mem;		/* where strings with escapes are decoded; as many bytes as `text` are enough */
	struct expr_err *err;
};

/* The next token; TOK_END at the end, again and again. RC_BAD: lexer.err says why. */
enum rc lex_next(struct lexer *, struct token *) MUST_USE;
#endif
