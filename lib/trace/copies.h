/* SPDX-License-Identifier: MIT */
#ifndef TRACE_COPIES_H
#define TRACE_COPIES_H
/*
 * copies - tells a second capture of one packet from a retransmission (design section 5, --dedup).
 *
 * Two messages are alike if transport, addresses, ports and payload are equal (XXH3 of the payload, 128 bits of keyed hash of all).
 * A message is a copy of an alike one if that came at most copy_ns before (or after: streams of several taps step back), and was seen at
 * another capture point, or has the same IP identification other than 0. Else, if an alike one came within retransmission_ns before it, it
 * is a retransmission: same hop, same bytes. Of one packet all further copies are measured from the first; a retransmission opens a round of its own,
 * so that copies of the retransmission are copies of it and not of the first.
 *
 * Time: none but the records'. Memory: at most max_bytes; beyond it the oldest are forgotten and counted.
 * Nothing is allocated per record. Threads: one a struct copies.
 */
#include "trace/record.h"

struct copies;

struct copies_conf {
	uint64_t seed;			/* of the keyed hashes: random, so that nobody can aim at one bucket */
	uint64_t copy_ns;		/* 0: nothing is a copy */
	uint64_t retransmission_ns;	/* 32 s = 64*T1 (RFC 3261 17.1.1.2, 17.1.2.2): nobody sends the same again later */
	uint64_t max_bytes;
};

#define COPIES_RETRANSMISSION_NS (32 * UINT64_C(1000000000))

enum copies_kind {
	COPIES_FIRST,
	COPIES_RETRANSMISSION,
	COPIES_COPY,
};

struct copies_answer {
	enum copies_kind kind;
	uint16_t first_point;		/* of a copy: where the first was captured */
	int64_t apart_ns;		/* of a copy: its time less the first one's; of a retransmission: less the last one's */
};

struct copies_stats {
	uint64_t held;			/* messages remembered now */
	uint64_t bytes;
	uint64_t copies, retransmissions;
	uint64_t forgotten;		/* before their time, for max_bytes */
};

struct copies *copies_new(const struct copies_conf *);
void copies_free(struct copies *);
/* Hashes the next n (at most COPIES_BATCH) message records and fetches their places. */
#define COPIES_BATCH 128
void copies_prepare(struct copies *, const struct record *r, size_t n);
/* The answer for record i of the batch; in order, each once. Records that are no messages (FRAME_MESSAGE) are COPIES_FIRST. */
struct copies_answer copies_record(struct copies *, size_t i);
struct copies_stats copies_stats(const struct copies *);
#endif
