/* SPDX-License-Identifier: MIT */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H
/*
 * regex - PCRE2 with JIT, set up as Kamailio's `=~`: case does not matter unless (?-i), `.` matches line ends and `$` only the end,
 * as POSIX regcomp without REG_NEWLINE does. Matching is by bytes. For lib/expr, and for tools that take a pattern of their own.
 *
 * No pattern can hang: a match that needs too many steps is given up, counted and false. So is one that is not within the first
 * REGEX_TEXT_MAX bytes.
 */
#include "base/err.h"
#include "base/slice.h"

#define REGEX_TEXT_MAX (64u << 10)

struct regex;
struct regex_state;	/* memory of a match; one a thread */

/* RC_BAD: *off is the place in `pattern`, err->text says why. */
enum rc regex_new(struct slice pattern, struct regex **out, size_t *off, struct err *) MUST_USE;
void regex_free(struct regex *);	/* NULL is fine */
bool regex_jit(const struct regex *);

struct regex_state *regex_state_new(void);
void regex_state_free(struct regex_state *);
bool regex_match(const struct regex *, struct regex_state *, struct slice text);
/*
 * The same, and what was found: what the first group matched, or all that matched if the pattern has no group. False too where that
 * group took no part in the match.
 */
bool regex_find(const struct regex *, struct regex_state *, struct slice text, struct slice *found);
/* Matches given up so far. */
uint64_t regex_gave_up(const struct regex_state *);
#endif
