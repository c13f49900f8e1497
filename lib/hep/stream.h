/* SPDX-License-Identifier: MIT */
#ifndef HEP_STREAM_H
#define HEP_STREAM_H
/*
 * stream - HEP packets out of a byte stream (TCP, TLS). Only version 3 says how long a packet is, so a stream carries nothing
 * else: "HEP3" or "EEP3", then the total length, from 6 to 65535. What is inside is hep_decode's business.
 *
 * Holds at most the beginning of one packet (under 64 KiB), and nothing between packets; memory follows the bytes that came, not the
 * length that a peer claims. Every byte is copied at most once, most never. No clock.
 */
#include "base/buf.h"
#include "base/rc.h"

#define HEP_STREAM_HEAD 6	/* magic and total length */

/* Zero-initialise. */
struct hep_stream {
	struct buf part;	/* the beginning of a packet whose rest has not come */
	bool lent;		/* part is whole and was handed out */
	uint64_t packets;	/* whole ones so far */
};

void hep_stream_reset(struct hep_stream *);	/* frees what is held */
/*
 * The next packet; `in` is what was read, and advances.
 * RC_OK   *packet is whole; it borrows from `in` or from here, valid until the next call
 * RC_MORE `in` is used up, and the beginning of a packet, if there is one, is kept
 * RC_BAD  no HEP: the stream is of no use any more
 */
enum rc hep_stream_next(struct hep_stream *, struct slice *in, struct slice *packet) MUST_USE;
/* A stream may carry it: it says how long it is, and is. */
bool hep_stream_fits(struct slice packet);
/* Bytes of a packet that has begun. */
size_t hep_stream_held(const struct hep_stream *);
#endif
