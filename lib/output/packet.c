/* SPDX-License-Identifier: MIT */
#include "output/packet.h"

#include <stdlib.h>

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/take.h"
#include "base/xalloc.h"

enum {
	IP4_HEAD = 20,
	IP6_HEAD = 40,
	UDP_HEAD = 8,
	TCP_HEAD = 20,
	SCTP_HEAD = 12 + 16,	/* common header and one DATA chunk's */
	IP_MAX = 65535,
	SEGMENT = IP_MAX - IP6_HEAD - SCTP_HEAD - 3,	/* bytes of a message in one segment, over either IP */
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_SCTP = 132,
	TCP_SYN = 2,
	TCP_PSH = 8,
	TCP_ACK = 16,
	SETS = 8192,
	WAYS = 8,
};

/* One direction of a connection. The key is a hash: two of 65536 share one with a probability of 1 in 10^10. */
struct flow {
	uint64_t key;
	uint64_t used;		/* 0 = free */
	uint32_t seq;		/* TCP: of the next byte; SCTP: next TSN */
	uint16_t message;	/* SCTP: next stream sequence number */
	bool syn;		/* begins anew after it was forgotten */
};

struct packets {
	struct flow flows[SETS][WAYS];
	uint64_t clock;			/* counts uses */
	uint32_t evicted;
	/* the record being written */
	const struct record *r;
	struct addr src, dst;
	uint8_t proto;
	struct flow *flow;
	uint32_t ack;
	size_t at;			/* payload bytes already in packets */
	uint32_t missing;		/* bytes that the capture cut off the end */
	bool done;
};

struct packets *
packets_new(void)
{
	return xcalloc(1, sizeof(struct packets));
}

void
packets_free(struct packets *p)
{
	free(p);
}

static uint64_t
flow_key(uint32_t file, uint8_t proto, const struct addr *a, const struct addr *b)
{
	uint8_t k[42];

	memcpy(k, a->ip, 16);
	memcpy(k + 16, b->ip, 16);
	store_be16(k + 32, a->port);
	store_be16(k + 34, b->port);
	store_le32(k + 36, file);
	k[40] = proto;
	k[41] = a->family;
	return hash64(k, sizeof(k));
}

static struct flow *
flow_get(struct packets *p, uint64_t key)
{
	struct flow *set = p->flows[key % SETS], *oldest = set;
	bool forgotten;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].used > 0 && set[i].key == key) {
			set[i].used = ++p->clock;
			return &set[i];
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	forgotten = oldest->used > 0;
	p->evicted += forgotten;
	/* Another initial number than last time, or the segments would look like old ones. */
	*oldest = (struct flow){ .key = key, .used = ++p->clock, .seq = 1 + (p->evicted << 12), .syn = forgotten };
	return oldest;
}

static uint8_t
proto_of(uint8_t transport)
{
	switch (transport) {
	case TRANSPORT_TCP:
	case TRANSPORT_TLS:
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return PROTO_TCP;
	case TRANSPORT_SCTP:
		return PROTO_SCTP;
	default:
		return PROTO_UDP;
	}
}

static size_t
ip_head(const struct packets *p)
{
	return p->src.family == FAMILY_IP6 ? IP6_HEAD : IP4_HEAD;
}

/* How long one datagram's UDP payload can be. */
static size_t
datagram_max(const struct packets *p)
{
	return p->src.family == FAMILY_IP6 ? IP_MAX - UDP_HEAD : IP_MAX - IP4_HEAD - UDP_HEAD;
}

enum rc
packets_start(struct packets *p, uint32_t file, const struct record *r)
{
	p->r = r;
	p->src = r->src;
	p->dst = r->dst;
	if (p->src.family == FAMILY_NONE || p->dst.family != p->src.family)
		p->src.family = p->dst.family = r->src.family == FAMILY_NONE ? FAMILY_IP4 : r->src.family;
	p->proto = proto_of(r->transport);
	p->at = 0;
	p->done = false;
	p->missing = (r->marks & MARK_CUT) != 0 && r->orig_len > r->payload.n ? r->orig_len - (uint32_t)r->payload.n : 0;
	if (p->proto == PROTO_UDP) {
		if (r->payload.n > datagram_max(p))
			return RC_LIMIT;
		if (p->missing > datagram_max(p) - r->payload.n)
			p->missing = (uint32_t)(datagram_max(p) - r->payload.n);
		return RC_OK;
	}
	if (p->missing > SEGMENT)
		p->missing = SEGMENT;
	p->ack = flow_get(p, flow_key(file, p->proto, &p->dst, &p->src))->seq;
	p->flow = flow_get(p, flow_key(file, p->proto, &p->src, &p->dst));
	return RC_OK;
}

/* Ones' complement sum (RFC 1071) of big-endian words; an odd last byte is padded with zero. */
static uint64_t
sum_add(uint64_t sum, struct slice s)
{
	while (s.n >= 4) {
		sum += load_be32(s.p);
		s = slice_skip(s, 4);
	}
	for (; s.n >= 2; s = slice_skip(s, 2))
		sum += load_be16(s.p);
	return s.n > 0 ? sum + ((uint64_t)s.p[0] << 8) : sum;
}

static uint16_t
sum_finish(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Of pseudo header (RFC 9293 3.1, RFC 8200 8.1), transport header and data; 0 stands for none, so it is sent as ffff. */
static uint16_t
transport_sum(const struct packets *p, struct slice head, struct slice data)
{
	size_t n = p->src.family == FAMILY_IP6 ? 16 : 4;
	uint64_t sum = p->proto + head.n + data.n;
	uint16_t v;

	sum = sum_add(sum, slice_of(p->src.ip, n));
	sum = sum_add(sum, slice_of(p->dst.ip, n));
	v = sum_finish(sum_add(sum_add(sum, head), data));
	return v != 0 ? v : 0xffff;
}

/* `n`: bytes behind the IP header, those cut off included. */
static void
put_ip_head(const struct packets *p, size_t n, uint8_t *h)
{
	if (p->src.family == FAMILY_IP6) {	/* RFC 8200 3 */
		store_be32(h, 6u << 28);
		store_be16(h + 4, (uint16_t)n);
		h[6] = p->proto;
		h[7] = 64;
		memcpy(h + 8, p->src.ip, 16);
		memcpy(h + 24, p->dst.ip, 16);
		return;
	}
	memset(h, 0, IP4_HEAD);			/* RFC 791 3.1 */
	h[0] = 0x45;
	store_be16(h + 2, (uint16_t)(IP4_HEAD + n));
	store_be16(h + 4, p->r->ip_id);
	h[8] = 64;
	h[9] = p->proto;
	memcpy(h + 12, p->src.ip, 4);
	memcpy(h + 16, p->dst.ip, 4);
	store_be16(h + 10, sum_finish(sum_add(0, slice_of(h, IP4_HEAD))));
}

static size_t
put_udp(const struct packets *p, struct slice data, uint32_t missing, uint8_t *h)
{
	size_t n = UDP_HEAD + data.n + missing;

	store_be16(h, p->src.port);		/* RFC 768 */
	store_be16(h + 2, p->dst.port);
	store_be16(h + 4, (uint16_t)n);
	store_be16(h + 6, 0);
	if (missing == 0)
		store_be16(h + 6, transport_sum(p, slice_of(h, UDP_HEAD), data));
	return UDP_HEAD;
}

static size_t
put_tcp(struct packets *p, struct slice data, uint32_t missing, uint8_t flags, uint8_t *h)
{
	memset(h, 0, TCP_HEAD);			/* RFC 9293 3.1 */
	store_be16(h, p->src.port);
	store_be16(h + 2, p->dst.port);
	store_be32(h + 4, p->flow->seq);
	store_be32(h + 8, (flags & TCP_ACK) != 0 ? p->ack : 0);
	h[12] = TCP_HEAD / 4 << 4;
	h[13] = flags;
	store_be16(h + 14, 0xffff);
	store_be16(h + 16, transport_sum(p, slice_of(h, TCP_HEAD), data));
	p->flow->seq += (uint32_t)data.n + missing + ((flags & TCP_SYN) != 0);
	return TCP_HEAD;
}

static size_t
put_sctp(struct packets *p, struct slice data, uint32_t missing, bool first, bool last, uint8_t *h)
{
	size_t pad = -data.n & 3;
	uint32_t crc;

	store_be16(h, p->src.port);		/* RFC 9260 3.1; any verification tag but 0, which only an INIT has */
	store_be16(h + 2, p->dst.port);
	store_be32(h + 4, 1);
	store_be32(h + 8, 0);
	h[12] = 0;				/* 3.3.1 DATA */
	h[13] = (uint8_t)((first ? 2 : 0) | (last ? 1 : 0));
	store_be16(h + 14, (uint16_t)(16 + data.n + missing));
	store_be32(h + 16, p->flow->seq++);
	store_be16(h + 20, 0);
	store_be16(h + 22, p->flow->message);
	store_be32(h + 24, 0);
	p->flow->message = (uint16_t)(p->flow->message + last);
	crc = crc32c(0, h, SCTP_HEAD);
	crc = crc32c(crc, data.p, data.n);
	store_le32(h + 8, crc32c(crc, "\0\0\0", pad));	/* RFC 9260 appendix A */
	return SCTP_HEAD;
}

bool
packets_next(struct packets *p, struct packet *out)
{
	struct slice rest = slice_skip(p->r->payload, p->at), data = p->proto == PROTO_UDP ? rest : slice_head(rest, SEGMENT);
	size_t ip = ip_head(p);
	uint8_t *h = out->head + ip;
	bool syn = p->proto == PROTO_TCP && p->flow->syn, first = p->at == 0, last;
	uint32_t missing;

	if (p->done)
		return false;
	if (syn)
		data.n = 0;
	/* What the capture cut off is part of the last packet, or one of its own where that is full. */
	last = !syn && data.n == rest.n && (p->proto == PROTO_UDP || data.n + p->missing <= SEGMENT);
	missing = last ? p->missing : 0;
	out->data = data;
	out->pad = p->proto == PROTO_SCTP && missing == 0 ? -data.n & 3 : 0;
	if (p->proto == PROTO_UDP)
		out->head_n = put_udp(p, data, missing, h);
	else if (p->proto == PROTO_SCTP)
		out->head_n = put_sctp(p, data, missing, first, last, h);
	else
		out->head_n = put_tcp(p, data, missing, syn ? TCP_SYN : last ? TCP_PSH | TCP_ACK : TCP_ACK, h);
	put_ip_head(p, out->head_n + data.n + missing + out->pad, out->head);
	out->head_n += ip;
	out->wire = (uint32_t)(out->head_n + data.n + missing + out->pad);
	p->at += data.n;
	p->done = last;
	if (syn)
		p->flow->syn = false;
	return true;
}
