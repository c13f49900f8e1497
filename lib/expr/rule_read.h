/* SPDX-License-Identifier: MIT */
#ifndef EXPR_RULE_READ_H
#define EXPR_RULE_READ_H
/* rule_read - the words and clauses of one rule. Private to lib/expr. */
#include "expr/lex.h"
#include "expr/rules.h"

struct rule_reader {
	struct slice text;	/* of all rules, comments blanked out */
	size_t pos;		/* where the rule begins; moves */
	size_t end;		/* behind its last byte that is no blank */
	uint8_t *mem;		/* where quoted words are decoded: as many bytes as the rule has */
	struct expr_err *err;	/* never NULL */
};

/* The rule between pos and end. Its line and text are the caller's to set. RC_BAD, RC_SYS, RC_LIMIT as rules_parse, with places in `text`. */
enum rc rule_read(struct rule_reader *, struct rule **out) MUST_USE;
#endif
