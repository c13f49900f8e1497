/* SPDX-License-Identifier: MIT */
#ifndef EXPR_RULES_H
#define EXPR_RULES_H
/*
 * rules - what to trace, as a list (design section 5, siptrace-rules(5); sipfilter -f):
 *
 *	trace m|t|d [to DEST…] [corr TEMPLATE] [user TEMPLATE]… [table TEMPLATE] [flag N] [for TIME] [or N calls] if EXPR
 *	drop if EXPR
 *
 * The first rule that matches a message wins. The clauses before "if" may stand in any order; "for 20m", "for 5 calls" and "for 20m or 5 calls"
 * are all fine. Only "to" and "user" may stand more than once. A DEST or TEMPLATE is a word without blanks and quotes, or a text in quotes as in
 * expressions. "if" may be left out with its EXPR: every message. EXPR is the language of expr.h, `in @file` included.
 *
 * A rule begins at the beginning of a line and goes on in the lines that begin with a blank. Comments as in source.h.
 *
 * A rule with "for" is over when its time, counted from the first stream time that it is told, is up, or when it has taken so many calls
 * (messages with m, transactions with t); it takes nothing new then. What it has taken it keeps.
 *
 * Rules are counted references: a call keeps the rule that took it while rules are re-read. Threads: none of this is shared.
 */
#include "expr/annotate.h"

enum rule_act {
	RULE_MESSAGE,
	RULE_TRANSACTION,
	RULE_DIALOG,
	RULE_DROP,
};

#define RULE_NO_FLAG 32

struct rule {
	enum rule_act act;
	struct expr *expr;
	struct annotate *notes;
	uint32_t set_flag;	/* 0..31 set on what passes; RULE_NO_FLAG: none */
	uint64_t for_ns;	/* 0: for ever */
	uint64_t calls;		/* 0: any number */
	unsigned line;		/* where it begins in its file, 0: from the command line */
	char *text;		/* as written, comments out, blanks outside of quotes joined; NULL from the command line */
	/* State */
	uint64_t begun_ns;	/* stream time, 0: not yet */
	uint64_t taken;		/* calls */
	bool over;
	uint32_t refs;
};

struct rules {
	struct rule **v;
	size_t n;
};

#define RULES_MAX 10000		/* rules of one text, which has at most RULES_TEXT_MAX bytes */
#define RULES_TEXT_MAX (1u << 20)

/* One rule made of parts, which it owns from here on; one reference, the caller's. */
struct rule *rule_new(enum rule_act act, struct expr *expr, struct annotate *notes);
struct rule *rule_hold(struct rule *);
void rule_drop(struct rule *);	/* NULL is fine */

/* Appends; the reference is the list's. */
void rules_add(struct rules *, struct rule *);
/* It begins with "trace" or "drop", comments apart: rules, not an expression. */
bool rules_look(struct slice text);
/*
 * RC_BAD, RC_SYS as expr_compile; RC_LIMIT also: more than RULES_MAX rules, RULES_TEXT_MAX bytes. Places are those of the whole text; *e may be NULL.
 *
 * A rule whose text is that of one in `old` (may be NULL) is that very rule, held once more: editing a file does not start its neighbours' time and
 * numbers anew. Only its line and its expression are new, because an @file that it names may have changed. Nothing in `old` is touched unless
 * all is right.
 */
enum rc rules_parse(struct slice text, const struct rules *old, struct rules *out, struct expr_err *e) MUST_USE;
void rules_reset(struct rules *);

/* Stream time is now `time_ns` (it never goes back here). True: the rule is over as of now; say so. */
bool rule_tick(struct rule *, uint64_t time_ns);
/* It takes a call. True: that was its last. */
bool rule_take(struct rule *);
#endif
