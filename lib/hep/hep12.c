/* SPDX-License-Identifier: MIT */
#include "base/take.h"
#include "hep/hep.h"

/*
 * Version, length of the head, family, IP protocol, ports, addresses; in version 2 then seconds, microseconds, capture id and
 * padding. Ports are big-endian; time and id are as the x86 that siptrace runs on has them. The length leaves the time part out.
 */
#define FIXED 8
#define TIME_PART 12
#define WIRE_IP4 2	/* Linux' AF_INET and AF_INET6, on every system */
#define WIRE_IP6 10

enum rc
hep12_head(const struct hep *h, struct buf *out, struct err *e)
{
	bool ip6 = h->src.family == FAMILY_IP6;
	size_t ip = ip6 ? 16 : 4, n = FIXED + 2 * ip + (h->version == 2 ? TIME_PART : 0);
	uint8_t *p;

	if (h->type != HEP_TYPE_SIP)
		return err_set(e, RC_BAD, "type %u is no SIP: HEP version %u carries nothing else", h->type, h->version);
	if (h->payload.n > HEP_MAX - n)
		return err_set(e, RC_LIMIT, "%zu bytes: too large for HEP, which ends at %d", h->payload.n, HEP_MAX);
	p = buf_room(out, n);
	p[0] = h->version;
	p[1] = (uint8_t)(FIXED + 2 * ip);
	p[2] = ip6 ? WIRE_IP6 : WIRE_IP4;
	p[3] = h->ip_proto;
	store_be16(p + 4, h->src.port);
	store_be16(p + 6, h->dst.port);
	memcpy(p + FIXED, h->src.ip, ip);
	memcpy(p + FIXED + ip, h->dst.ip, ip);
	if (h->version == 2) {
		uint8_t *t = p + FIXED + 2 * ip;

		store_le32(t, h->sec);
		store_le32(t + 4, h->usec);
		store_le16(t + 8, (uint16_t)h->capture_id);	/* siptrace cuts a larger one alike */
		store_le16(t + 10, 0);
	}
	out->n += n;
	return RC_OK;
}

static bool
take_addr(struct slice *in, uint8_t family, struct addr *a)
{
	struct slice ip;

	if (!take_slice(in, family == FAMILY_IP6 ? 16 : 4, &ip))
		return false;
	memcpy(a->ip, ip.p, ip.n);
	a->family = family;
	return true;
}

enum rc
hep12_decode(struct slice *in, struct hep *h)
{
	struct hep d = { .type = HEP_TYPE_SIP };
	struct slice s = *in;
	uint16_t id = 0;
	uint8_t len, family;

	if (!take_u8(&s, &d.version) || !take_u8(&s, &len) || !take_u8(&s, &family))
		return RC_MORE;
	if ((d.version != 1 && d.version != 2) || (family != WIRE_IP4 && family != WIRE_IP6))
		return RC_BAD;
	family = family == WIRE_IP6 ? FAMILY_IP6 : FAMILY_IP4;
	if (!take_u8(&s, &d.ip_proto) || !take_be16(&s, &d.src.port) || !take_be16(&s, &d.dst.port) ||
	    !take_addr(&s, family, &d.src) || !take_addr(&s, family, &d.dst))
		return RC_MORE;
	if (d.version == 2 &&
	    (!take_le32(&s, &d.sec) || !take_le32(&s, &d.usec) || !take_le16(&s, &id) || !take_skip(&s, 2)))
		return RC_MORE;
	d.capture_id = id;
	d.payload = s;
	*h = d;
	*in = slice_skip(*in, in->n);
	return RC_OK;
}
