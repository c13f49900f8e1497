/* SPDX-License-Identifier: MIT */
#ifndef EXPR_SELECT_H
#define EXPR_SELECT_H
/*
 * select - which records a filter passes, and with what attributes (design section 5).
 *
 * Mode m: those for which the expression is true. Mode t, d: also all that follow in the same transaction or dialog set (sip/track.h); what
 * is no SIP, or has no Call-ID, is judged by itself. Inverted: exactly the others. The expression is asked only while a set is undecided.
 *
 * Annotations are made once a set, from its first request if it was seen, else from the first message that passed, and given to
 * every message of the set that passes; in mode m each message has its own.
 */
#include "expr/annotate.h"
#include "sip/track.h"

enum select_mode {
	SELECT_MESSAGE,
	SELECT_TRANSACTION,
	SELECT_DIALOG,
};

#define SELECT_BATCH 128
#define SELECT_NO_FLAG 32

struct select_conf {
	enum select_mode mode;
	bool invert;
	uint32_t need_flag;		/* 0..31: only records with this user flag can be selected; SELECT_NO_FLAG: all */
	uint32_t set_flag;		/* set on records that pass; SELECT_NO_FLAG: none */
	struct track_conf track;	/* release and arg are select's own */
};

struct select;

/* Owns `expr` and `notes` from here on. */
struct select *select_new(const struct select_conf *, struct expr *expr, struct annotate *notes);
void select_free(struct select *);
/* Judges by another expression from now on. What is selected stays so. */
void select_use(struct select *, struct expr *expr);

/* The next n (at most SELECT_BATCH) records, which must stay where they are; then select_record for each of them in order. */
void select_prepare(struct select *, struct record *r, size_t n);
/* True: it passes, with r->attrs and r->user_flags as they should be (r->intact says whether they changed), until the next call. */
bool select_record(struct select *, size_t i);
/* Stream time of a statistics frame. */
void select_tick(struct select *, uint64_t time_ns);

struct track_stats select_sets(const struct select *);	/* zeros in mode m */
/* Annotations left out so far because they were too long. */
uint64_t select_left_out(const struct select *);
/* Regular expression matches given up so far, expr_ctx_gave_up. */
uint64_t select_gave_up(const struct select *);
#endif
