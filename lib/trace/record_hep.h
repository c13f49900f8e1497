/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RECORD_HEP_H
#define TRACE_RECORD_HEP_H
/*
 * record_hep - what a message record becomes in HEP (hep.md has why; hepenc(1) says it to users).
 *
 * Addresses, ports, time (to the microsecond) and payload are the record's. The IP protocol is its transport's, but 17 in a log line,
 * as siptrace has it. The correlation id goes out only where the record has ATTR_CORRELATION (a collector takes one on SIP
 * as the final word); a log line always has the chunk. The node name goes out where the record has ATTR_NODE. A record whose
 * addresses are not known gets 0.0.0.0.
 */
#include "hep/hep.h"
#include "trace/record.h"

struct hep_conf {
	uint8_t version;	/* 1, 2, 3 */
	bool has_id;		/* capture_id is for all; else the record's own, or HEP_DEFAULT_ID where that is 0 */
	uint32_t capture_id;
	struct slice key;	/* authentication key; empty = none */
};

#define HEP_DEFAULT_ID 1	/* siptrace's */

/*
 * Fills *h, which borrows from `r` and `c`. RC_BAD: HEP has no type for this kind of record, or no number for its time
 * (seconds of 32 bits).
 */
enum rc record_to_hep(const struct record *r, const struct hep_conf *c, struct hep *h, struct err *) MUST_USE;

/*
 * The message record of a decoded packet (whose payload is no longer compressed). Borrows from `h` and from `attrs`, which is cleared
 * first: correlation id, node name, VLANs, and every chunk that a record has no field for as ATTR_VENDOR, in the packet's order.
 * The key stays in `h`: no record ever holds one. Version 1 has no time: `now_ns` is taken there, and where the time is 0.
 * 0.0.0.0:0 at both ends is what record_to_hep writes for addresses that are not known: they are unknown again. A type 255, which no
 * packet should have, is KIND_UNKNOWN. The SIP index is made if it is SIP; direction and record id are the caller's to fill.
 * RC_LIMIT: the attributes are too large.
 */
enum rc record_from_hep(const struct hep *h, uint64_t now_ns, struct buf *attrs, struct record *out, struct err *) MUST_USE;
#endif
