/* SPDX-License-Identifier: MIT */
#ifndef PACKET_SEGMENT_H
#define PACKET_SEGMENT_H
/*
 * segment - UDP (RFC 768) and TCP (RFC 9293 3.1) headers, and what an ICMP error quotes (RFC 792, RFC 4443).
 * `wire_len` is what the layer below promises, >= in.n; both results keep that difference where the capture cut the packet.
 */
#include "base/rc.h"
#include "base/slice.h"

struct udp {
	uint16_t sport, dport;
	struct slice data;
	uint32_t wire_len;	/* of data, >= data.n */
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct tcp_segment {
	uint16_t sport, dport;
	uint32_t seq;
	uint8_t flags;
	struct slice data;
	uint32_t wire_len;
};

/* RC_MORE: cut within the header; RC_BAD: an impossible length. A UDP length of 0 (offload, jumbograms) means all there is. */
enum rc udp_parse(struct slice in, uint32_t wire_len, struct udp *out) MUST_USE;
enum rc tcp_parse(struct slice in, uint32_t wire_len, struct tcp_segment *out) MUST_USE;
/* `in` is an ICMP or (v6) ICMPv6 message: the packet that an error quotes, else { NULL, 0 }. */
struct slice icmp_quoted(struct slice in, bool v6);
#endif
