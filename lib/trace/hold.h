/* SPDX-License-Identifier: MIT */
#ifndef TRACE_HOLD_H
#define TRACE_HOLD_H
/*
 * hold - records that wait for a decision (sipfilter --lookback), bounded in time and bytes.
 *
 * Records are copied as frames into segments, in the order of their coming; each belongs to one list (the call it is of), which the caller keeps.
 * A list is decided as a whole: released (its records come out in order) or dropped. A segment whose records are all decided is freed. What is
 * older than span_ns, on the clock of the records, or over max_bytes, is given up from the oldest on: the caller is told of each.
 *
 * In order (conf.in_order): what is released comes out only when everything before it is decided or given up, so the whole stream keeps its order.
 * Records that need no decision go through hold_pass then.
 *
 * Clock: that of base/stream_clock.h. A record's age counts from the clock at its coming, whatever its own time.
 * Threads: one a struct hold.
 */
#include "trace/record.h"

struct hold;

/* Zeroed by the caller; copied as it likes. Empty: first == 0. */
struct hold_list {
	uint64_t first, last;	/* places, the number of a record + 1 */
	uint32_t n;
};

struct hold_conf {
	uint64_t span_ns;
	uint64_t max_bytes;
	bool in_order;
	/*
	 * A record comes out. `owner` is what hold_add was given. The record (its payload, attributes, raw) is valid until the call returns;
	 * r->intact is set. False stops the releasing: what is left is kept until hold_free.
	 */
	bool (*out)(void *arg, struct record *r, void *owner);
	/*
	 * The oldest record is given up undecided, for its age or for max_bytes; true: let it out (as released), false: drop it. The caller takes
	 * it from its list by hold_shift.
	 */
	bool (*given_up)(void *arg, void *owner);
	void *arg;
};

struct hold_stats {
	uint64_t records, bytes;	/* held now */
	uint64_t given_up;
};

struct hold *hold_new(const struct hold_conf *);
/* What is still held goes through conf.out, whatever that answers, so that owners can be let go. */
void hold_free(struct hold *);
/* Copies r (as it is: re-encoded unless intact) to the end of the list. `owner` is told of when it comes out or is given up. RC_LIMIT as record_encode. */
enum rc hold_add(struct hold *, struct hold_list *, const struct record *r, void *owner, struct err *) MUST_USE;
/* In order only: a record that is decided already, behind what came before it (at once, if that is nothing). *more: what out said. */
enum rc hold_pass(struct hold *, struct record *r, void *owner, bool *more, struct err *) MUST_USE;
/* The lists' records, in the order of their coming over all n lists; the lists are empty then. False: out said so. */
bool hold_release(struct hold *, struct hold_list *const *lists, size_t n) MUST_USE;
/* False: out said so, of what came after them (in order). */
bool hold_drop(struct hold *, struct hold_list *) MUST_USE;
/* given_up: takes the first one off. */
void hold_shift(struct hold *, struct hold_list *);
/* Records of b behind those of a, in the order of their coming; b is empty then. */
void hold_join(struct hold *, struct hold_list *a, struct hold_list *b);
/* Another owner for all of a list (calls were joined). */
void hold_own(struct hold *, const struct hold_list *, void *owner);
/*
 * The time of a record or of none; gives up what is too old, at most HOLD_STEP of it, so that no call takes long. False: out said so.
 * hold_add alone gives up nothing for its age, only for max_bytes.
 */
#define HOLD_STEP 1024
bool hold_tick(struct hold *, uint64_t time_ns) MUST_USE;
struct hold_stats hold_stats(const struct hold *);
#endif
