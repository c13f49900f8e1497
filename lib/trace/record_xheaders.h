/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RECORD_XHEADERS_H
#define TRACE_RECORD_XHEADERS_H
/*
 * record_xheaders - duplicates with X-headers (sip/xheaders.h) become records of the messages that were duplicated, as siptrace's
 * xheaders_read does; sipcap(1) and sipfilter(1) say it to users.
 *
 * The record then has the original's addresses, transport, time (to the microsecond) and direction, its very bytes, the index of those, and
 * the record id that its own capture gave it: the same numbering of equals applies. Of the duplicate stay capture point,
 * capture id, flags, marks and attributes, which say how it came to us; the IP id and ATTR_VLAN go, which
 * were the duplicate's packet's. The original length of a cut message loses the lines. Where one address is not known and the other is, it
 * becomes 0.0.0.0 or ::, port 0, as records have one family.
 *
 * Just one block is taken off: what a relay wrote in front of ours goes with the message to whoever reads it next.
 *
 * Payload checksums are made anew: who reads a stream must have checked them (reader_conf.verify).
 */
#include "trace/record.h"

struct record_xheaders;

struct xheaders_counts {
	uint64_t without;	/* left out: no X-headers, or not all five of use */
	uint64_t untrusted;	/* left out: X-headers, but from another source than the given ones */
};

/* Believes the X-headers of packets whose source is in one of `from` (copied; n = 0: of all). */
struct record_xheaders *record_xheaders_new(const struct addr_net *from, size_t n);
void record_xheaders_free(struct record_xheaders *);	/* NULL is fine */

/*
 * Turns the SIP records among `r` into their originals and moves what stays to the front; returns how many those are. Records of other
 * kinds (log lines, HEP packets) are never duplicates and stay as they are. What the records borrow anew is valid
 * until the next call.
 */
size_t record_xheaders(struct record_xheaders *, struct record *r, size_t n) MUST_USE;
const struct xheaders_counts *record_xheaders_counts(const struct record_xheaders *);
#endif
