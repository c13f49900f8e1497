/* SPDX-License-Identifier: MIT */
#ifndef STORE_INSERTER_H
#define STORE_INSERTER_H
/*
 * inserter - messages into a store, in one of siptrace's three modes:
 *
 * standard  each message is committed before the next is taken
 * delayed   a batch is committed when it is full or old
 * async     the same in a thread of its own, behind a queue of bounded size
 *
 * What is committed is safe; a crash loses the batch under way, and in mode async the queue. Time is an argument (any clock that only
 * grows); in mode async it is the caller too who says that a batch is old. One caller's thread.
 */
#include "store/store.h"

enum inserter_mode { INSERT_STANDARD, INSERT_DELAYED, INSERT_ASYNC };

/* "standard" or "0" …; what is none of them is standard. */
enum inserter_mode inserter_mode(const char *word);

struct inserter_conf {
	enum inserter_mode mode;
	uint64_t batch_messages;	/* a commit for as many */
	uint64_t batch_ns;		/* and at the latest for a batch this old */
	size_t queue_bytes;		/* async: a full queue blocks, unless inserter_on_full says otherwise */
};

/* in = stored + repeated + lost + what is still inside. */
struct inserter_count {
	uint64_t in, stored, repeated, lost;
};

struct inserter_counts {
	struct inserter_count messages;	/* repeated: all of its rows were there */
	struct inserter_count rows;
	uint64_t dropped;		/* messages, of those lost: the queue was full */
	uint64_t other_table;		/* messages that named a table not allowed: stored in the default one */
	struct err refused;		/* the first row that the store refused, if any */
};

struct inserter;

/* The store is the inserter's until inserter_free. RC_SYS: no thread. */
enum rc inserter_new(struct store *, const struct inserter_conf *, struct inserter **, struct err *) MUST_USE;
void inserter_free(struct inserter *);		/* what was not committed is lost */

/*
 * RC_OK: taken (which is no promise yet; what the store refused or the queue dropped is counted). Else the store failed: this and every
 * later message is counted as lost, the error is the first one.
 */
enum rc inserter_put(struct inserter *, const struct record *, uint64_t now_ns, struct err *) MUST_USE;
/* Nanoseconds until the batch under way must be committed; UINT64_MAX: there is none. */
uint64_t inserter_due_ns(const struct inserter *, uint64_t now_ns);
/* Async: from now on a full queue drops (live sources do not wait), or blocks. */
void inserter_on_full(struct inserter *, bool drop);
/* Commits the batch under way. Async: has it committed, and does not wait. */
enum rc inserter_commit(struct inserter *, struct err *) MUST_USE;
/* Commits all there is, waits until it is done. */
enum rc inserter_finish(struct inserter *, struct err *) MUST_USE;
void inserter_counts(struct inserter *, struct inserter_counts *);
#endif
