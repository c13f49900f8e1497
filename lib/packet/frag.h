/* SPDX-License-Identifier: MIT */
#ifndef PACKET_FRAG_H
#define PACKET_FRAG_H
/*
 * ip_frag - reassemble IPv4 and IPv6 datagrams (RFC 791 3.2, RFC 8200 4.5).
 *
 * Which bytes are there is known by range, not by count. A fragment that overlaps others drops the whole datagram, later
 * fragments of it too (RFC 5722, for both versions); an exact copy of one that is there is ignored, as captures on several
 * interfaces show them.
 *
 * No clock: `now_ns` is capture time; where it steps back the latest time seen counts. Memory is at most max_bytes; the
 * oldest datagrams go first.
 */
#include "packet/ip.h"

/* In fragments, so that every packet is accounted for. */
struct ip_frag_stats {
	uint64_t held;		/* waiting for others, now */
	uint64_t timed_out;	/* the rest did not come in time, or until the end */
	uint64_t bad;		/* overlap, impossible length */
	uint64_t copies;	/* exact copies */
	uint64_t evicted;	/* dropped to stay within max_bytes */
};

struct ip_frag;
struct ip_frag *ip_frag_new(size_t max_bytes, uint64_t timeout_ns);
void ip_frag_free(struct ip_frag *);	/* NULL is fine */
/*
 * Takes h (h->fragment set, its payload uncut), which *packets captured packets carried (1, more where tunnels nest).
 * RC_OK    *out is a whole datagram's payload, valid until the next call has returned; *packets those of all its fragments
 * RC_MORE  stored, or an exact copy; fragments still missing
 * RC_BAD   overlap or impossible length; the datagram is dropped (RFC 5722)
 */
enum rc ip_frag_push(struct ip_frag *, uint64_t now_ns, const struct ip *h, struct slice *out, uint32_t *packets) MUST_USE;
/* Time passes without a fragment. */
void ip_frag_expire(struct ip_frag *, uint64_t now_ns);
/* The end: what is held has timed out. */
void ip_frag_end(struct ip_frag *);
const struct ip_frag_stats *ip_frag_stats(const struct ip_frag *);
#endif
