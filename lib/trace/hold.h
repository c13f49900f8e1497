/* SPDX-License-Identifier: MIT */
#ifndef TRACE_HOLD_H
#define TRACE_HOLD_H
/*
 * hold - records that wait for a decision (sipfilter --lookback), bounded in time and bytes.
 *
 * Records are copied as frames into segments, in the order of their coming; each belongs to one list (the call it is of), which the caller keeps.
 * A list is decided as a whole: released (its records come out in order) or dropped. A segment whose records are all decided is free for others; one
 * with few that wait moves into a smaller one, so a call that stays undecided keeps little more than itself. What has waited for more than span_ns,
 * on the clock of the records, or is over max_bytes, is given up from the oldest on: the caller is told of each.
 *
 * In order (conf.in_order): what is released comes out only when everything before it is decided or given up, so the whole stream keeps its order.
 * Records that need no decision go through hold_pass then; hold_finish lets out the rest at the end.
 *
 * Bounds: max_bytes is kept after every call (a single record larger than that is given up at once), counted in whole segments with all that belongs
 * to them, those kept for reuse included; only a record that needs a segment of its own (about 1 MiB) may come on top until the next call. Age: no call gives up more than some thousand records for it, the next one goes on. So no call takes longer than
 * some milliseconds and what `out` takes; but hold_release lets out all of its lists.
 *
 * Clock: base/clock.h on the times of records and ticks; how long a record waits is counted from its coming, so that steps back (the next of
 * several files) neither age nor rejuvenate what is there.
 * Cost: a copy of the frame and 32 bytes. Threads: one a struct hold.
 */
#include "trace/record.h"

struct hold;

/* Zeroed by the caller; copied as it likes. Empty: first == 0. */
struct hold_list {
	uint64_t first, last;	/* places: they grow in the order of coming */
	uint32_t n;
};

struct hold_conf {
	uint64_t span_ns;
	uint64_t max_bytes;	/* 64 KiB and more make sense */
	bool in_order;
	/*
	 * A record comes out. `owner` is what hold_add was given. The record (its payload, attributes, raw) is valid until the hold function that
	 * called returns; r->intact is set. False: this one was the last for now; hold_release and hold_tick say so to their caller, what is
	 * left is kept. What calls back must call nothing of hold but hold_shift and hold_drop (given_up).
	 */
	bool (*out)(void *arg, struct record *r, void *owner);
	/*
	 * The oldest record is given up undecided, for its age or for max_bytes; true: let it out (as released), false: drop it. The caller takes
	 * it from its list by hold_shift; or drops the whole list.
	 */
	bool (*given_up)(void *arg, void *owner);
	void *arg;
};

struct hold_stats {
	uint64_t records;	/* held now, in order also those that wait for their turn */
	uint64_t bytes;		/* of their segments */
	uint64_t spare;		/* of segments kept for reuse */
	uint64_t given_up;
};

struct hold *hold_new(const struct hold_conf *);
void hold_free(struct hold *);	/* calls nothing back */
/*
 * Copies r (as it is: re-encoded unless intact) to the end of the list. `owner` is told of when it comes out or is given up, which may be before this
 * returns. RC_LIMIT as record_encode: it is not held.
 */
enum rc hold_add(struct hold *, struct hold_list *, const struct record *r, void *owner, struct err *) MUST_USE;
/* In order only: a record that is decided already, behind what came before it. */
enum rc hold_pass(struct hold *, const struct record *r, void *owner, struct err *) MUST_USE;
/*
 * The lists' records, in the order of their coming over all n lists; the lists are empty then. False: out said so; what is left of all
 * lists is in the first (in order: comes out with later calls).
 */
bool hold_release(struct hold *, struct hold_list *const *lists, size_t n);
/* In order, this too may let out others. */
void hold_drop(struct hold *, struct hold_list *);
/* given_up: takes the first one off. */
void hold_shift(struct hold *, struct hold_list *);
/* Records of b behind those of a, in the order of their coming; b is empty then. */
void hold_join(struct hold *, struct hold_list *a, struct hold_list *b);
/* Another owner for all of a list (calls were joined). */
void hold_own(struct hold *, const struct hold_list *, void *owner);
/* Time without a record; gives up what is too old. False: out said so, now or in a hold_add, hold_pass or hold_drop since the last time. */
bool hold_tick(struct hold *, uint64_t time_ns);
/* In order: lets out all that is decided up to the first record that is not, however many. False: out said so. */
bool hold_finish(struct hold *);
struct hold_stats hold_stats(const struct hold *);
#endif
