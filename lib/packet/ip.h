/* SPDX-License-Identifier: MIT */
#ifndef PACKET_IP_H
#define PACKET_IP_H
/*
 * ip - IPv4 and IPv6 headers (RFC 791 3.1, RFC 8200 3 and 4), extension headers passed over. Checksums are not looked at:
 * network cards fill them in after the capture.
 */
#include "base/rc.h"
#include "net/addr.h"

enum {
	IP_PROTO_ICMP = 1,
	IP_PROTO_IP4 = 4,	/* IP in IP, RFC 2003 */
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_IP6 = 41,
	IP_PROTO_ICMP6 = 58,
};

struct ip {
	struct addr src, dst;		/* ports 0 */
	uint8_t proto;			/* of the payload, behind all extension headers */
	bool more;			/* fragment: not the last one */
	uint16_t frag_off;		/* fragment: bytes before it in the datagram */
	uint32_t frag_id;		/* IPv4's identification too */
	bool fragment;			/* more || frag_off > 0 */
	struct slice payload;		/* cut to what the header says; less where the capture cut it */
	uint32_t payload_len;		/* on the wire, >= payload.n */
};

/*
 * RC_OK   *h is filled
 * RC_MORE the bytes end within the headers
 * RC_BAD  no IP header, or an impossible length
 * A total length of 0 (segmentation offload, RFC 2675 jumbograms) means: all there is.
 */
enum rc ip_parse(struct slice in, struct ip *h) MUST_USE;
/*
 * *h, a fragment, becomes the datagram with this payload (put together by ip_frag): of IPv6 the extension headers that were in the
 * fragmented part are passed over (RFC 8200 4.5). Errors as above.
 */
enum rc ip_whole(struct ip *h, struct slice payload) MUST_USE;
#endif
