/* SPDX-License-Identifier: MIT */
#ifndef SIP_TRACK_TABLE_H
#define SIP_TRACK_TABLE_H
/*
 * track_table - the memory of track: sets found by Call-ID, their transactions and usages, and the queues in which sets wait for
 * their end. Private to lib/sip/track*.c.
 *
 * Items live in pools and are named by 32-bit numbers (0 = none). Sets hang in buckets of a linear hash table, newest first.
 */
#include "base/clock.h"
#include "base/linhash.h"
#include "sip/track.h"

#define SECOND 1000000000ULL
#define TRACK_LINGER CLOCK_JUMP	/* 64*T1, RFC 3261 17.1.1.1 */
#define TRACK_QUEUES 8
#define TRACK_SET_TXNS 64		/* of one set: a peer can make one set's walk this long */
#define TRACK_SET_USAGES 16
#define TRACK_CALLID_SETS 32		/* sets of one Call-ID */
#define TXN_VIAS 5

enum set_flag {
	SET_DIALOG = 1,		/* else a request with its retries */
	SET_MID = 2,		/* begun by a message within a dialog: its beginning was not seen */
	SET_RETRY = 4,		/* challenged outside of a dialog: the next request of the method is a retry */
	SET_RETAGGED = 8,	/* dialog: the retry had another From tag; older transactions still have the first */
};

struct set {	/* one cache line */
	uint64_t key[2];	/* Call-ID */
	uint64_t deadline;	/* last instant of its life */
	void *mark;
	uint32_t started;	/* seconds */
	uint32_t caller;	/* dialog: party that sent the first request, or its newest retry; else the From URI */
	uint32_t next;		/* in the bucket */
	uint32_t qprev, qnext;
	uint32_t txn;		/* newest first */
	uint32_t usage;
	uint8_t queue;
	uint8_t flags;		/* enum set_flag */
	uint8_t txns, usages;	/* lengths of the lists */
};

enum txn_flag {
	TXN_COMPLETED = 1,	/* every branch has its final reply, or there was a 2xx */
	TXN_RINGING = 2,	/* INVITE with a provisional reply: no Timer B */
	TXN_CANCELLED = 4,
	TXN_OVERFLOW = 8,	/* more branches than via[] holds */
	TXN_ACCEPTED = 16,	/* 2xx */
};

struct txn {	/* one cache line */
	void *mark;
	uint64_t deadline;
	uint32_t next;		/* in the set; in a pool's free list */
	uint32_t cseq;
	uint32_t from, to;	/* party of the sender; To tag of the request, 0 = none */
	union {
		uint32_t extra;		/* method without a number: its text; SUBSCRIBE: its Event */
		struct {		/* INVITE: its way through hosts */
			uint16_t first_to;	/* the host and port that the first copy went to, hashed; 0 = none */
			uint8_t first_depth : 4, depth : 4;	/* Vias of the first copy; of one that came there again, 0 = none */
			uint8_t again;		/* bits of via[]: was first on top of a copy of a second pass */
		} pass;
	};
	uint32_t uri;		/* of the sender, if it was challenged */
	uint8_t method;
	uint8_t flags;		/* enum txn_flag */
	uint8_t tops, done;	/* bits of via[]: was on top of a request; had a final reply */
	uint32_t via[TXN_VIAS];	/* [0] is the sender's own, the last of the Via list */
};

enum usage_state {
	USAGE_CONFIRMED = 1,	/* INVITE usage */
	USAGE_BYE,		/* BYE under way: lives as long as that transaction */
	USAGE_BYE_ONLY,		/* the same, and no call was seen so far */
	USAGE_ENDED,		/* kept, so that a late 2xx does not revive it */
	USAGE_SUBSCRIPTION,
};

struct usage {
	uint64_t until;		/* subscription: its expiry */
	uint32_t next;
	uint32_t peer;		/* the party that is not the set's caller */
	uint32_t event;		/* subscription: Event and id; INVITE usage: 0 */
	uint8_t state;		/* enum usage_state */
};

struct track {
	struct track_conf conf;
	struct pool sets, txns, usages;
	struct linhash table;	/* of sets */
	struct { uint32_t first, last; } queue[TRACK_QUEUES];
	struct clock clock;	/* stream time */
	struct track_stats stats;
};

static inline struct set *
set_at(const struct track *k, uint32_t i)
{
	return (struct set *)(void *)k->sets.chunk[i >> POOL_BITS] + (i & ((1u << POOL_BITS) - 1));
}

static inline struct txn *
txn_at(const struct track *k, uint32_t i)
{
	return (struct txn *)(void *)k->txns.chunk[i >> POOL_BITS] + (i & ((1u << POOL_BITS) - 1));
}

static inline struct usage *
usage_at(const struct track *k, uint32_t i)
{
	return (struct usage *)(void *)k->usages.chunk[i >> POOL_BITS] + (i & ((1u << POOL_BITS) - 1));
}

/* The head of the bucket where sets of this Call-ID hang. Moves when a set is added. */
static inline uint32_t *
track_head(const struct track *k, uint64_t hash)
{
	return linhash_head(&k->table, hash);
}

/* How long it keeps its set: unanswered, it is a usage until its deadline; answered, it ended 32 s before that. */
static inline uint64_t
txn_end(const struct txn *x)
{
	return x->deadline + (x->flags & TXN_COMPLETED ? 0 : TRACK_LINGER);
}

void track_table_init(struct track *);
void track_table_reset(struct track *);
/* A zeroed set of this key at the front of its bucket, in no queue. */
uint32_t track_set_new(struct track *, const uint64_t key[2]);
void track_set_free(struct track *, uint32_t set);
/* A zeroed transaction at the front of the set's; over the bound the set's oldest go. */
uint32_t track_txn_new(struct track *, struct set *);
/* Frees those that no longer matter at `now`. */
void track_txn_prune(struct track *, struct set *, uint64_t now);
struct usage *track_usage_new(struct track *, struct set *);
void track_queue_leave(struct track *, uint32_t set);
/* Puts the set into the queue that fits its deadline, unless one that is looked at sooner has it. */
void track_queue_set(struct track *, uint32_t set);
/* Frees expired sets, at most `steps` looks at the queues. */
void track_queue_sweep(struct track *, unsigned steps);
/* Frees the oldest sets but `keep` until the bounds are kept. */
void track_queue_evict(struct track *, uint32_t keep);
#endif
