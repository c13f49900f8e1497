/* SPDX-License-Identifier: MIT */
#include "packet/link.h"

#include "base/take.h"

enum {
	TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd,
	TYPE_VLAN = 0x8100, TYPE_QINQ = 0x88a8, TYPE_QINQ_OLD = 0x9100,
	TYPE_PPPOE = 0x8864,
	PPP_IP4 = 0x0021, PPP_IP6 = 0x0057,
};

/* RFC 2516 4: version and type 0x11, code 0 = session data; then PPP's protocol, whole or compressed to one byte. */
static enum rc
pppoe(struct slice *in)
{
	struct slice head;
	uint8_t first, second;
	unsigned proto;

	if (!take_slice(in, 6, &head) || !take_u8(in, &first))
		return RC_MORE;
	if (head.p[0] != 0x11 || head.p[1] != 0)
		return RC_END;
	proto = first;
	if ((first & 1) == 0) {		/* RFC 1661 5: only the last byte of a protocol is odd */
		if (!take_u8(in, &second))
			return RC_MORE;
		proto = proto << 8 | second;
	}
	return proto == PPP_IP4 || proto == PPP_IP6 ? RC_OK : RC_END;
}

static enum rc
ether_type(uint16_t type, struct slice *in, struct link *l)
{
	uint16_t tag;

	while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
		if (!take_be16(in, &tag) || !take_be16(in, &type))
			return RC_MORE;
		if (l->vlans < LINK_VLANS)
			l->vlan[l->vlans++] = tag & 0x0fff;
	}
	if (type == TYPE_PPPOE)
		return pppoe(in);
	return type == TYPE_IP4 || type == TYPE_IP6 ? RC_OK : RC_END;
}

static enum rc
ethernet(struct slice *in, struct link *l)
{
	uint16_t type;

	if (!take_skip(in, 12) || !take_be16(in, &type))
		return RC_MORE;
	return ether_type(type, in, l);
}

/* Linux' PACKET_HOST, _BROADCAST, _MULTICAST are for us; 3 is for another host, 4 is outgoing. */
static void
cooked_way(unsigned type, struct link *l)
{
	l->way = type <= 2 ? LINK_WAY_IN : type == 4 ? LINK_WAY_OUT : LINK_WAY_UNKNOWN;
}

static enum rc
sll(struct slice *in, struct link *l)
{
	uint16_t way, type;

	if (!take_be16(in, &way) || !take_skip(in, 12) || !take_be16(in, &type))
		return RC_MORE;
	cooked_way(way, l);
	return ether_type(type, in, l);
}

static enum rc
sll2(struct slice *in, struct link *l)
{
	uint16_t type;
	uint8_t way;

	if (!take_be16(in, &type) || !take_skip(in, 8) || !take_u8(in, &way) || !take_skip(in, 9))
		return RC_MORE;
	cooked_way(way, l);
	return ether_type(type, in, l);
}

/* The family in the byte order of the host that captured (NULL) or of the network (LOOP); BSDs differ on IPv6's number. */
static enum rc
loopback(struct slice *in, struct link *l)
{
	uint32_t family;

	(void)l;
	if (!take_be32(in, &family))
		return RC_MORE;
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	return family == 2 || family == 10 || family == 24 || family == 28 || family == 30 ? RC_OK : RC_END;
}

static enum rc
raw(struct slice *in, struct link *l)
{
	(void)l;
	return in->n > 0 ? RC_OK : RC_MORE;
}

static const struct {
	uint16_t link;
	enum rc (*strip)(struct slice *, struct link *);
} links[] = {
	{ LINK_ETHERNET, ethernet },
	{ LINK_SLL, sll },
	{ LINK_SLL2, sll2 },
	{ LINK_RAW, raw },
	{ LINK_IPV4, raw },
	{ LINK_IPV6, raw },
	{ LINK_NULL, loopback },
	{ LINK_LOOP, loopback },
};

bool
link_known(uint16_t link)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].link == link)
			return true;
	return false;
}

enum rc
link_strip(uint16_t link, struct slice *in, struct link *l)
{
	struct slice s = *in;

	l->way = LINK_WAY_UNKNOWN;
	l->vlans = 0;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		enum rc rc;

		if (links[i].link != link)
			continue;
		rc = links[i].strip(&s, l);
		if (rc == RC_OK)
			*in = s;
		return rc;
	}
	return RC_BAD;
}
