/* SPDX-License-Identifier: MIT */
#include "packet/ip.h"

#include "base/take.h"

#define IP6_HEAD 40
#define EXTENSIONS 16	/* headers in a row, far beyond what is sent */

enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AUTH = 51, EXT_DEST = 60, EXT_MOBILITY = 135, EXT_HIP = 139, EXT_SHIM6 = 140 };

static struct addr
address(const uint8_t *p, size_t n)
{
	struct addr a = { .family = n == 4 ? FAMILY_IP4 : FAMILY_IP6 };

	memcpy(a.ip, p, n);
	return a;
}

/* `len`: bytes of payload that the header promises. */
static void
set_payload(struct ip *h, struct slice rest, size_t len)
{
	h->payload = slice_head(rest, len);
	h->payload_len = (uint32_t)len;
}

static enum rc
ip4(struct slice in, struct ip *h)
{
	size_t head, total;
	unsigned off;

	if (in.n < 20)
		return RC_MORE;
	head = (size_t)(in.p[0] & 15) * 4;
	total = load_be16(in.p + 2);
	if (total == 0)
		total = in.n;
	if (head < 20 || total < head)
		return RC_BAD;
	if (in.n < head)
		return RC_MORE;
	off = load_be16(in.p + 6);
	h->frag_id = load_be16(in.p + 4);
	h->frag_off = (uint16_t)((off & 0x1fff) * 8);
	h->more = (off & 0x2000) != 0;
	h->fragment = h->more || h->frag_off > 0;
	h->proto = in.p[9];
	h->src = address(in.p + 12, 4);
	h->dst = address(in.p + 16, 4);
	set_payload(h, slice_skip(in, head), total - head);
	return RC_OK;
}

/* One extension header at the front of `rest`; RC_END: h->proto is none. A fragment header ends the walk: what follows is data. */
static enum rc
extension(struct ip *h, struct slice *rest, size_t *len)
{
	size_t n;
	uint8_t proto;

	switch (h->proto) {
	case EXT_HOP: case EXT_ROUTING: case EXT_DEST: case EXT_MOBILITY: case EXT_HIP: case EXT_SHIM6:
		n = rest->n > 1 ? 8 + (size_t)rest->p[1] * 8 : 8;
		break;
	case EXT_AUTH:
		n = rest->n > 1 ? 8 + (size_t)rest->p[1] * 4 : 8;	/* RFC 4302 2.2: in 4-byte units, minus 2 */
		break;
	case EXT_FRAGMENT:
		n = 8;
		break;
	default:
		return RC_END;
	}
	if (n > *len)
		return RC_BAD;
	if (n > rest->n)
		return RC_MORE;
	proto = h->proto;
	h->proto = rest->p[0];
	if (proto == EXT_FRAGMENT) {
		unsigned off = load_be16(rest->p + 2);

		h->frag_off = (uint16_t)(off & 0xfff8);
		h->more = (off & 1) != 0;
		h->frag_id = load_be32(rest->p + 4);
		h->fragment = h->more || h->frag_off > 0;	/* RFC 6946: an atomic fragment is whole */
	}
	*rest = slice_skip(*rest, n);
	*len -= n;
	return h->fragment ? RC_END : RC_OK;
}

/* Over the extension headers in `rest`, which promises `len` bytes. */
static enum rc
extensions(struct ip *h, struct slice rest, size_t len)
{
	enum rc rc = RC_OK;

	for (int i = 0; rc == RC_OK; i++)
		rc = i < EXTENSIONS ? extension(h, &rest, &len) : RC_BAD;
	if (rc != RC_END)
		return rc;
	set_payload(h, rest, len);
	return RC_OK;
}

static enum rc
ip6(struct slice in, struct ip *h)
{
	struct slice rest;
	size_t len;

	if (in.n < IP6_HEAD)
		return RC_MORE;
	h->proto = in.p[6];
	h->src = address(in.p + 8, 16);
	h->dst = address(in.p + 24, 16);
	rest = slice_skip(in, IP6_HEAD);
	len = load_be16(in.p + 4);
	if (len == 0)
		len = rest.n;
	return extensions(h, slice_head(rest, len), len);
}

enum rc
ip_whole(struct ip *h, struct slice payload)
{
	h->fragment = h->more = false;
	h->frag_off = 0;
	if (h->src.family == FAMILY_IP6)
		return extensions(h, payload, payload.n);
	set_payload(h, payload, payload.n);
	return RC_OK;
}

enum rc
ip_parse(struct slice in, struct ip *h)
{
	*h = (struct ip){ 0 };
	if (in.n == 0)
		return RC_MORE;
	switch (in.p[0] >> 4) {
	case 4:
		return ip4(in, h);
	case 6:
		return ip6(in, h);
	default:
		return RC_BAD;
	}
}
