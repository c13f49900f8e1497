/* SPDX-License-Identifier: MIT */
#include "packet/decap.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define TUNNELS 4	/* IP headers within each other */

struct decap {
	struct ip_frag *frag;
};

struct decap *
decap_new(size_t frag_max_bytes, uint64_t frag_timeout_ns)
{
	struct decap *d = xcalloc(1, sizeof(*d));

	d->frag = ip_frag_new(frag_max_bytes, frag_timeout_ns);
	return d;
}

void
decap_free(struct decap *d)
{
	if (d == NULL)
		return;
	ip_frag_free(d->frag);
	free(d);
}

void
decap_expire(struct decap *d, uint64_t now_ns)
{
	ip_frag_expire(d->frag, now_ns);
}

void
decap_end(struct decap *d)
{
	ip_frag_end(d->frag);
}

const struct ip_frag_stats *
decap_fragments(const struct decap *d)
{
	return ip_frag_stats(d->frag);
}

static void
set_addresses(struct decap_out *out, const struct ip *h, uint16_t sport, uint16_t dport)
{
	out->src = h->src;
	out->src.port = sport;
	out->dst = h->dst;
	out->dst.port = dport;
	out->ip_id = h->src.family == FAMILY_IP4 ? (uint16_t)h->frag_id : 0;
}

static enum decap_verdict
bad(enum rc rc, enum decap_verdict verdict)
{
	return rc == RC_MORE ? DECAP_CUT : verdict;
}

static enum decap_verdict
udp(const struct ip *h, struct decap_out *out)
{
	struct udp u;
	enum rc rc = udp_parse(h->payload, h->payload_len, &u);

	if (rc != RC_OK)
		return bad(rc, DECAP_BAD_TRANSPORT);
	set_addresses(out, h, u.sport, u.dport);
	out->data = u.data;
	out->wire_len = u.wire_len;
	return DECAP_UDP;
}

static enum decap_verdict
tcp(const struct ip *h, struct decap_out *out)
{
	enum rc rc = tcp_parse(h->payload, h->payload_len, &out->tcp);

	if (rc != RC_OK)
		return bad(rc, DECAP_BAD_TRANSPORT);
	set_addresses(out, h, out->tcp.sport, out->tcp.dport);
	out->data = out->tcp.data;
	out->wire_len = out->tcp.wire_len;
	return DECAP_TCP;
}

/* An ICMP error quotes the packet it is about, often cut: RFC 1812 4.3.2.3. */
static enum decap_verdict
icmp(const struct ip *h, struct decap_out *out)
{
	struct slice quoted = icmp_quoted(h->payload, h->proto == IP_PROTO_ICMP6);
	struct ip inner;

	if (quoted.n == 0 || ip_parse(quoted, &inner) != RC_OK || inner.proto != IP_PROTO_UDP || inner.frag_off > 0 ||
	    udp(&inner, out) != DECAP_UDP)
		return DECAP_OTHER;
	return DECAP_QUOTED;
}

static bool
wanted(uint8_t proto)
{
	return proto == IP_PROTO_UDP || proto == IP_PROTO_TCP || proto == IP_PROTO_IP4 || proto == IP_PROTO_IP6;
}

/* A fragment; DECAP_UDP (meaning: go on with *h) once the datagram is whole. */
static enum decap_verdict
fragment(struct decap *d, uint64_t now_ns, struct ip *h, struct decap_out *out)
{
	struct slice whole;
	enum rc rc;

	/* IPv6: what a later fragment says of the protocol is not looked at (RFC 8200 4.5), so it may be any */
	if (h->src.family == FAMILY_IP4 && !wanted(h->proto))
		return DECAP_OTHER;
	if (h->payload.n < h->payload_len)
		return DECAP_CUT;
	if (ip_frag_push(d->frag, now_ns, h, &whole, &out->packets) != RC_OK)
		return DECAP_HELD;
	rc = ip_whole(h, whole);
	return rc == RC_OK ? DECAP_UDP : bad(rc, DECAP_BAD_IP);
}

enum decap_verdict
decap_packet(struct decap *d, const struct packet *p, struct decap_out *out)
{
	struct slice in = p->data;
	struct ip h;
	enum rc rc = link_strip(p->link, &in, &out->link);

	out->packets = 1;
	if (rc != RC_OK)
		return rc == RC_END ? DECAP_NO_IP : bad(rc, DECAP_BAD_LINK);
	for (int depth = 0; depth < TUNNELS; depth++) {
		enum decap_verdict v;

		rc = ip_parse(in, &h);
		if (rc != RC_OK)
			return bad(rc, DECAP_BAD_IP);
		if (h.fragment && (v = fragment(d, p->time_ns, &h, out)) != DECAP_UDP)
			return v;
		switch (h.proto) {
		case IP_PROTO_UDP:
			return udp(&h, out);
		case IP_PROTO_TCP:
			return tcp(&h, out);
		case IP_PROTO_ICMP:
		case IP_PROTO_ICMP6:
			return icmp(&h, out);
		case IP_PROTO_IP4:
		case IP_PROTO_IP6:
			in = h.payload;
			break;
		default:
			return DECAP_OTHER;
		}
	}
	return DECAP_OTHER;
}
