/* SPDX-License-Identifier: MIT */
#ifndef TRACE_COPIES_H
#define TRACE_COPIES_H
/*
 * copies - tells a second capture of one packet from a retransmission (design section 5, --dedup).
 *
 * Two messages are alike if transport, addresses, ports, original length and payload are equal (by a keyed hash of 64 bits over all of them).
 * Alike ones fall into packets: a message is a copy of an alike packet if that was first captured at most copy_ns before it (or after: the
 * streams of several taps step back) and has not been seen at this capture point (points.h) yet, or has the same IP identification other
 * than 0. Where several fit, the same identification counts most, then the nearest in time: a packet passes a point once, so a quick
 * retransmission is no copy of what its own point has shown already, however wide copy_ns is.
 * What is no copy is a packet of its own; with an alike one within retransmission_ns, before or after it, a retransmission: same hop, same
 * bytes. The order is that of the stream, where taps are out of order, too: what came first is the first.
 * A packet's copies are measured from the first capture of it; of a retransmitted packet from that of the retransmission.
 *
 * Messages of kinds other than SIP have copies but no retransmissions: a program may well log the same line twice.
 *
 * Of alike packets the COPIES_ALIKE latest are remembered, and of one packet COPIES_POINTS points.
 *
 * Time: none but the records', followed by base/clock.h. A packet is remembered for the longer of the two times and COPIES_LATE, so that
 * records that come so much late are told right. Memory: at most max_bytes; beyond it the oldest are forgotten and counted. It grows by
 * chunks of 512 KiB and by splitting a bucket or two for each message, and what is too old costs nothing to forget: no call pauses.
 * Nothing is allocated per record. Threads: one a struct copies.
 */
#include "trace/points.h"
#include "trace/record.h"

struct copies;

struct copies_conf {
	uint64_t seed;			/* of the keyed hashes: random, so that nobody can aim at one bucket */
	uint64_t copy_ns;		/* 0: nothing is a copy */
	uint64_t retransmission_ns;	/* 0: nothing is a retransmission */
	uint64_t max_bytes;		/* at least COPIES_MIN_BYTES are taken */
};

/* 32 s = 64*T1 (RFC 3261 17.1.1.2, 17.1.2.2): nobody sends the same again later. */
#define COPIES_RETRANSMISSION_NS (32 * UINT64_C(1000000000))
#define COPIES_LATE (2 * UINT64_C(1000000000))
#define COPIES_ALIKE 8
#define COPIES_POINTS 4
#define COPIES_MIN_BYTES (64u << 10)

enum copies_kind {
	COPIES_FIRST,
	COPIES_RETRANSMISSION,
	COPIES_COPY,
};

struct copies_answer {
	enum copies_kind kind;
	bool again;			/* a retransmission, or the copy of one */
	bool repeated;			/* a copy at a point that the packet was seen at already (the same identification) */
	uint16_t point;			/* where it was captured, points_number */
	uint16_t seen[COPIES_POINTS];	/* of a copy: where the packet was seen before, the first one first, then 0 */
	int64_t apart_ns;		/* of a copy: its time less the first one's; of a retransmission: less the last one's */
};

struct copies_stats {
	uint64_t held;			/* packets remembered now */
	uint64_t bytes;			/* of memory in use */
	uint64_t copies, retransmissions;
	uint64_t forgotten;		/* before their time, for max_bytes */
};

struct copies *copies_new(const struct copies_conf *);
void copies_free(struct copies *);	/* NULL is fine */
/* Hashes the next n (at most COPIES_BATCH) message records and fetches their places. They need not stay. */
#define COPIES_BATCH 128
void copies_prepare(struct copies *, const struct record *r, size_t n);
/* The answer for record i of the batch; in order, each once. */
struct copies_answer copies_record(struct copies *, size_t i);
struct copies_stats copies_stats(const struct copies *);
const struct points *copies_points(const struct copies *);
#endif
