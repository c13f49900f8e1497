/* SPDX-License-Identifier: MIT */
#ifndef PACKET_DECAP_H
#define PACKET_DECAP_H
/*
 * decap - a captured frame to its UDP datagram or TCP segment: link layer, IP (IP in IP too), fragments put together.
 * It gives every packet one verdict, so that whoever counts them misses none.
 *
 * No clock: packet times. Memory: what ip_frag is allowed. Nothing is allocated for packets that are no fragments.
 */
#include "net/addr.h"
#include "packet/frag.h"
#include "packet/link.h"
#include "packet/segment.h"

enum decap_verdict {
	DECAP_UDP,		/* out->data is a datagram's payload */
	DECAP_TCP,		/* out->tcp is a segment, out->data its payload */
	DECAP_QUOTED,		/* out->data is the UDP payload that an ICMP error quotes */
	DECAP_HELD,		/* a fragment: its fate is in decap_fragments() */
	DECAP_NO_IP,		/* ARP and the like */
	DECAP_OTHER,		/* IP, neither UDP nor TCP */
	DECAP_CUT,		/* ends within its headers, or a cut fragment */
	DECAP_BAD_IP,		/* damaged header */
	DECAP_BAD_TRANSPORT,	/* damaged UDP or TCP header */
	DECAP_BAD_LINK,		/* a link type that cannot be read */
	DECAP_VERDICTS,
};

struct decap_out {
	struct addr src, dst;		/* innermost IP header's, with ports */
	struct slice data;		/* valid until the next call and as long as the packet */
	uint32_t wire_len;		/* of data; more than data.n: the capture cut it */
	uint32_t packets;		/* that the datagram was made of: fragments, else 1 */
	uint16_t ip_id;			/* IPv4's identification */
	struct link link;
	struct tcp_segment tcp;		/* DECAP_TCP */
};

struct decap;
struct decap *decap_new(size_t frag_max_bytes, uint64_t frag_timeout_ns);
void decap_free(struct decap *);	/* NULL is fine */
enum decap_verdict decap_packet(struct decap *, const struct packet *, struct decap_out *out);
/* Time passes without packets. */
void decap_expire(struct decap *, uint64_t now_ns);
/* The end: fragments still held have timed out. */
void decap_end(struct decap *);
const struct ip_frag_stats *decap_fragments(const struct decap *);
#endif
