/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_INTAKE_H
#define CAPTURE_INTAKE_H
/*
 * intake - packets in, message records out, every packet accounted for. Transport and port do not matter: what begins with a SIP
 * start line is SIP.
 *
 * No clock: packet times. Bounded memory: 32 MiB for TCP streams (at most 100,000), 8 MiB for fragments. A datagram costs
 * no allocation.
 */
#include "capture/local.h"
#include "packet/packet.h"
#include "trace/record_xheaders.h"
#include "trace/stats.h"

/*
 * Messages may come this much later than their time says: a hole in a TCP stream is waited for so long, then what waited
 * behind it comes with its own time.
 */
#define INTAKE_HOLE_NS UINT64_C(3000000000)

struct intake_conf {
	const struct locals *locals;	/* NULL or empty: the direction is what the link layer says */
	struct record_xheaders *xheaders;	/* borrowed; NULL: records are what was on the wire */
	uint64_t seed;			/* of hash tables; output does not depend on it */
	/* A new record, valid during the call. False: no more, please. */
	bool (*put)(void *arg, const struct record *);
	void *arg;
};

struct intake;
struct intake *intake_new(const struct intake_conf *);
void intake_free(struct intake *);	/* NULL is fine */
/* False once put has said so. */
bool intake_packet(struct intake *, const struct packet *) MUST_USE;
/* Time passes without packets: gives up fragments and holes that are too old. */
bool intake_tick(struct intake *, uint64_t now_ns) MUST_USE;
/* The end: messages that the end cuts come out, nothing is held any more. */
void intake_end(struct intake *);

/* Packets left out or lost before intake_packet, which the owner counts; they are added to what came in. */
enum intake_outside { INTAKE_FILTERED, INTAKE_KERNEL_DROPS, INTAKE_INTERFACE_DROPS, INTAKE_OUTSIDE };
/* Sets the sum so far. */
void intake_outside(struct intake *, enum intake_outside, uint64_t n);
/* The ledger; its values change with every call. Valid as long as the intake. */
struct counter *intake_counters(struct intake *, size_t *n);
#endif
