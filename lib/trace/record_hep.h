/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RECORD_HEP_H
#define TRACE_RECORD_HEP_H
/*
 * record_hep - what a message record becomes in HEP, and back (hepenc(1) says it to users).
 *
 * Addresses, ports, time (to the microsecond) and payload are the record's. The IP protocol is its transport's, but 17 in a log line,
 * as siptrace has it. The correlation id goes out only where the record has ATTR_CORRELATION (a collector takes one on SIP
 * as the final word); a log line always has the chunk. ATTR_NODE, ATTR_VLAN and ATTR_VENDOR become the chunks that they are in
 * version 3. A record whose addresses are not known gets 0.0.0.0.
 */
#include "hep/hep.h"
#include "hep/profile.h"
#include "trace/record.h"

struct hep_conf {
	uint8_t version;	/* 1, 2, 3 */
	bool has_id;		/* capture_id is for all; else the record's own, or HEP_DEFAULT_ID where that is 0 */
	uint32_t capture_id;
	struct slice key;	/* authentication key; empty = none */
	/* Version 3, for records that have none of their own. */
	struct slice node;
	struct slice chunks;	/* encoded, see hep_chunk_parse; each for records without a chunk of its vendor and type */
	const struct hep_profile *receiver;	/* NULL = any: what it would misunderstand is left out */
};

#define HEP_DEFAULT_ID 1	/* siptrace's */

/* What of a record did not become part of its packet (a set). */
enum hep_omitted {
	HEP_OMITS_ATTRS = 1,	/* the version has no place for correlation id, node name or chunks */
	HEP_OMITS_CHUNKS = 2,	/* chunks that the receiver would take for others, or drop the packet for */
	HEP_OMITS_ID = 4,	/* version 2 cuts the capture id to 16 bits */
};

/*
 * Fills *h, which borrows from `r`, `c` and `chunks`; that is cleared first, and grows only for records with VLANs or further chunks.
 * *omitted is a set of enum hep_omitted. A log line or RTCP without a correlation id, for a receiver that keeps none such
 * (HEP_WANTS_ID), gets the node name for one.
 * RC_BAD: HEP has no type for this kind of record, or no number for its time (seconds of 32 bits). RC_LIMIT: a chunk is too large.
 */
enum rc record_to_hep(const struct record *r, const struct hep_conf *c, struct buf *chunks, struct hep *h, unsigned *omitted,
    struct err *) MUST_USE;

/*
 * The message record of a decoded packet (whose payload is no longer compressed). Borrows from `h` and from `attrs`, which is cleared
 * first: correlation id, node name, VLANs, and every chunk that a record has no field for as ATTR_VENDOR, in the packet's order.
 * The key stays in `h`: no record ever holds one. Version 1 has no time: `now_ns` is taken there, and where the time is 0.
 * 0.0.0.0:0 at both ends is what record_to_hep writes for addresses that are not known: they are unknown again. A type 255, which no
 * packet should have, is KIND_UNKNOWN. The SIP index is made if it is SIP; direction and record id are the caller's to fill.
 * RC_LIMIT: the attributes are too large.
 */
enum rc record_from_hep(const struct hep *h, uint64_t now_ns, struct buf *attrs, struct record *out, struct err *) MUST_USE;
/*
 * The message in a record of KIND_HEP whose packet is `h`: record_from_hep, and from the record what HEP cannot say. Where its
 * addresses, IP protocol and microsecond are the packet's, it is hepenc's work: nanoseconds, transport, direction, marks, IP id and
 * record id are the record's too, and `own_id` is set (else the id is the caller's to make). Capture point, user flags and attributes
 * that are no part of HEP stay in any case; correlation id, node, VLANs and chunks stay where the packet says the same or has no
 * place for them. Errors and loans as record_from_hep's, and from `r`.
 */
enum rc record_unwrap(const struct record *r, const struct hep *h, struct buf *attrs, struct record *out, bool *own_id,
    struct err *) MUST_USE;
#endif
