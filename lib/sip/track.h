/* SPDX-License-Identifier: MIT */
#ifndef SIP_TRACK_H
#define SIP_TRACK_H
/*
 * track - which transaction and which set (dialog with its forks, or request with its retries) a message belongs to.
 *
 * A transaction: a reply belongs by top Via branch and CSeq method; a request by any branch of its Via list; failing that both
 * by Call-ID, From tag, CSeq number and method (and To tag, where the request had one) while that transaction lives. ACK, CANCEL and
 * CANCEL's replies belong to their INVITE. No From tag: its URI. Call-ID and From tag are compared in every case, so a collision of
 * branch hashes never joins strangers (Call-IDs as 128-bit keyed hashes).
 *
 * A set: either a dialog set, begun by INVITE, SUBSCRIBE, REFER or any message within a dialog whose beginning was not seen, holding
 * all To tags (forks) and all transactions between the two parties; or, for the other methods outside of one (REGISTER, OPTIONS,
 * MESSAGE, PUBLISH …), one transaction and its retries after 401, 407, 422, 423.
 *
 * Life of a set, on record time:
 *   request without any reply	64*T1 = 32 s after its last copy (RFC 3261 17.1.1.2 Timer B, 17.1.2.2 F); a provisional reply
 *				takes an INVITE out of it, a CANCEL puts it back (9.1)
 *   transaction after its final reply	32 s after its last message (Timers D, H, J); until every branch has failed a forked INVITE goes on
 *   INVITE usage, one a To tag	from a 2xx until 2xx, 408, 481 or silence (Timer F) answers a BYE, or 408, 481 a re-INVITE;
 *				or when it was silent for dialog_timeout_ns
 *   subscription			of one Event, from one notifier to one subscriber: until NOTIFY says "terminated", or its expiry (RFC 6665 4.1.3)
 *   the set			32 s after the last of these ended, 64 s if that was a challenge
 *
 * Clock: none but the records. A set's end is judged by the time of the message at hand; the table as a whole is swept by a clock
 * that follows the records but believes a jump of more than 32 s, ahead or back, only when a second record confirms it.
 *
 * Cost: about 160 bytes an open dialog. Tables grow by a bucket per new set and by chunks of 2 MiB, so no call pauses; nothing is
 * allocated per message. track_prepare does the hashing and prefetching for a batch, then track_message the work.
 * Threads: one a struct track.
 */
#include "net/addr.h"
#include "sip/index.h"

struct track;

struct track_conf {
	uint64_t seed;			/* of the keyed hashes: random, so that nobody can aim at one bucket; the answers do not depend on it */
	uint64_t max_sets;		/* 1 … 2^31; beyond it the oldest go first */
	uint64_t max_bytes;		/* of sets, transactions, usages and what track_charge says; the oldest go first */
	uint64_t dialog_timeout_ns;	/* silence after which a confirmed dialog is gone */
	/*
	 * Called for a mark that is not NULL when its set or transaction goes (also by track_free); a set's transactions go before it.
	 * It may be called within track_prepare, track_message (never for the set and transaction that the message belongs to) and track_tick, and must call none of them. May be NULL.
	 */
	void (*release)(void *arg, void *mark);
	void *arg;
};

#define TRACK_MAX_SETS ((uint64_t)1 << 31)

/* What a message is within its transaction, for those who want some of a call left out (siptrace's trace_dialog_ack, _spiral, trace_sl_acks). */
enum track_fact {
	TRACK_DIALOG_ACK = 1,	/* ACK to the 2xx of the INVITE that began the dialog */
	TRACK_SPIRAL = 2,	/* of the second and later passes of such an INVITE through one host: INVITE, its replies, CANCEL, ACK to a failure */
	TRACK_SL_ACK = 4,	/* ACK to a failure of an INVITE that went no further than to who answered it (no onward leg was seen) */
};

struct track_msg {
	/* in */
	const struct sip_index *sip;
	struct slice msg;		/* what the index was made from */
	uint64_t time_ns;
	const struct addr *src, *dst;	/* for TRACK_SPIRAL; NULL: not known */
	/* out, by track_message; NULL where the message has no Call-ID and so belongs to nothing. Valid until the next call. */
	void **set_mark;		/* the caller's word for the set: NULL when it is new */
	void **txn_mark;		/* the same for the transaction */
	uint8_t facts;			/* enum track_fact */
	/* private, by track_prepare */
	bool keyed;
	uint8_t method;			/* of the transaction: INVITE for ACK and CANCEL */
	uint32_t from, to;		/* parties: tag, or URI */
	uint32_t to_tag;		/* 0 = none */
	uint32_t extra;			/* text of a method without a number */
	uint32_t first;			/* probably its set */
	uint64_t key[2];
};

struct track_stats {
	uint64_t open;			/* sets held now */
	uint64_t bytes;			/* held now, charges included */
	uint64_t opened, expired;	/* sets so far */
	uint64_t evicted;		/* sets given up for a bound while still alive */
	uint64_t dropped;		/* transactions and usages given up for a bound inside a set (64 and 16) */
};

struct track *track_new(const struct track_conf *);
void track_free(struct track *);

/* Hashes the messages and fetches their places in the table; also sweeps what has expired, a little each time. */
void track_prepare(struct track *, struct track_msg *m, size_t n);
/* Finds or makes the transaction and set of a prepared message, and moves their state. Messages must come in the order prepared. */
void track_message(struct track *, struct track_msg *m);
/* Stream time without a message (statistics frames): an idle stream's dialogs end, too. */
void track_tick(struct track *, uint64_t time_ns);
/* The caller holds `bytes` more (less, if negative) in marks: they count for max_bytes. */
void track_charge(struct track *, int64_t bytes);
struct track_stats track_stats(const struct track *);
#endif
