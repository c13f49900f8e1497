/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_HEP_INTAKE_H
#define CAPTURE_HEP_INTAKE_H
/*
 * hep_intake - HEP packets in, message records out, every packet accounted for.
 *
 * The record is what record_from_hep says; beside that it gets its direction, its capture point and its id, which is the one that the
 * agent's records have (HEP carries microseconds, and no more is in it). What HEP calls SIP stays SIP, whatever it holds.
 *
 * No clock: `now_ns` (nanoseconds since the epoch) is for packets without a time. Bounded memory: one unpacked payload.
 */
#include "capture/listen.h"
#include "capture/local.h"
#include "trace/record_xheaders.h"
#include "trace/stats.h"

#define HEP_UNPACKED_MAX (1u << 20)	/* bytes of a payload that came compressed */

struct hep_intake_conf {
	const struct locals *locals;	/* NULL or empty: no direction is known */
	struct record_xheaders *xheaders;	/* not NULL: SIP is duplicates with X-headers, to be restored */
	struct slice key;		/* not empty: packets without this key are refused; versions 1 and 2 have none. Borrowed */
	/* A new record, valid during the call. False: no more, please. */
	bool (*put)(void *arg, const struct record *);
	void *arg;
};

/* Why a packet did not become a record; both static. */
struct hep_refusal {
	const char *cause;	/* of many: "packets without a key" */
	const char *what;	/* of one: "a packet without a key" */
};

struct hep_intake;
struct hep_intake *hep_intake_new(const struct hep_intake_conf *);
void hep_intake_free(struct hep_intake *);	/* NULL is fine */
/*
 * RC_OK  it became a record
 * RC_BAD it did not: *why
 * RC_END it did, and put has said that this was the last
 */
enum rc hep_intake_packet(struct hep_intake *, const struct listen_packet *, uint64_t now_ns, const struct hep_refusal **why) MUST_USE;
/* What listen counted is put into the ledger. */
void hep_intake_outside(struct hep_intake *, const struct listen_stats *);
/* The ledger; its values change with every call. Valid as long as the intake. */
struct counter *hep_intake_counters(struct hep_intake *, size_t *n);
#endif
