/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "base/take.h"
#include "hep/hep.h"

#define PACKET_HEAD 6		/* magic and total length */
#define CHUNK_HEAD 6		/* vendor, type, length; the length counts them */
#define FIXED_MAX 160		/* more than all chunks of fixed size with all chunk heads take */
#define WIRE_IP4 2		/* Linux' AF_INET and AF_INET6, on every system */
#define WIRE_IP6 10

enum form {
	FORM_NONE,		/* not a chunk we know */
	FORM_FAMILY,		/* u8, from src.family */
	FORM_U8,
	FORM_U16,
	FORM_U32,
	FORM_IP4,		/* only if src.family is IPv4 */
	FORM_IP6,
	FORM_TEXT,		/* left out if empty */
	FORM_PAYLOAD,
};

/* Every chunk of vendor 0 that has a field in struct hep. */
static const struct chunk {
	uint8_t form;
	uint8_t size;		/* of the data; 0 = any */
	uint16_t at;		/* offset in struct hep */
} chunks[] = {
	[HEP_FAMILY] = { FORM_FAMILY, 1, 0 },
	[HEP_IP_PROTO] = { FORM_U8, 1, offsetof(struct hep, ip_proto) },
	[HEP_SRC_IP4] = { FORM_IP4, 4, offsetof(struct hep, src) },
	[HEP_DST_IP4] = { FORM_IP4, 4, offsetof(struct hep, dst) },
	[HEP_SRC_IP6] = { FORM_IP6, 16, offsetof(struct hep, src) },
	[HEP_DST_IP6] = { FORM_IP6, 16, offsetof(struct hep, dst) },
	[HEP_SRC_PORT] = { FORM_U16, 2, offsetof(struct hep, src.port) },
	[HEP_DST_PORT] = { FORM_U16, 2, offsetof(struct hep, dst.port) },
	[HEP_SEC] = { FORM_U32, 4, offsetof(struct hep, sec) },
	[HEP_USEC] = { FORM_U32, 4, offsetof(struct hep, usec) },
	[HEP_TYPE] = { FORM_U8, 1, offsetof(struct hep, type) },
	[HEP_CAPTURE_ID] = { FORM_U32, 4, offsetof(struct hep, capture_id) },
	[HEP_KEY] = { FORM_TEXT, 0, offsetof(struct hep, key) },
	[HEP_PAYLOAD] = { FORM_PAYLOAD, 0, offsetof(struct hep, payload) },
	[HEP_PAYLOAD_COMPRESSED] = { FORM_PAYLOAD, 0, offsetof(struct hep, payload) },
	[HEP_CORRELATION] = { FORM_TEXT, 0, offsetof(struct hep, correlation) },
	[HEP_NODE] = { FORM_TEXT, 0, offsetof(struct hep, node) },
};

#define CHUNKS (sizeof(chunks) / sizeof(chunks[0]))

/* siptrace's order, and that of its hlog(). */
static const uint8_t order_sip[] = {
	HEP_FAMILY, HEP_IP_PROTO, HEP_SRC_IP4, HEP_DST_IP4, HEP_SRC_IP6, HEP_DST_IP6, HEP_SRC_PORT, HEP_DST_PORT,
	HEP_SEC, HEP_USEC, HEP_TYPE, HEP_CAPTURE_ID, HEP_CORRELATION, HEP_NODE, HEP_KEY, HEP_PAYLOAD,
};
static const uint8_t order_log[] = {
	HEP_FAMILY, HEP_IP_PROTO, HEP_SRC_IP4, HEP_DST_IP4, HEP_SRC_IP6, HEP_DST_IP6, HEP_DST_PORT, HEP_SRC_PORT,
	HEP_SEC, HEP_USEC, HEP_TYPE, HEP_CAPTURE_ID, HEP_CORRELATION, HEP_NODE, HEP_KEY, HEP_PAYLOAD,
};
_Static_assert(sizeof(order_sip) == sizeof(order_log), "one loop walks either");

/* Data at `p`; returns its length, or SIZE_MAX for a chunk that this packet does not have. */
static size_t
put_data(const struct hep *h, uint8_t type, uint8_t *p)
{
	const struct chunk *c = &chunks[type];
	const uint8_t *field = (const uint8_t *)h + c->at;
	struct slice text;
	uint16_t v16;
	uint32_t v32;

	switch (c->form) {
	case FORM_FAMILY:
		p[0] = h->src.family == FAMILY_IP6 ? WIRE_IP6 : WIRE_IP4;
		return 1;
	case FORM_U8:
		p[0] = *field;
		return 1;
	case FORM_U16:
		memcpy(&v16, field, sizeof(v16));
		store_be16(p, v16);
		return 2;
	case FORM_U32:
		memcpy(&v32, field, sizeof(v32));
		store_be32(p, v32);
		return 4;
	case FORM_IP4:
	case FORM_IP6:
		if ((c->form == FORM_IP6) != (h->src.family == FAMILY_IP6))
			return SIZE_MAX;
		memcpy(p, field, c->size);
		return c->size;
	default:
		memcpy(&text, field, sizeof(text));
		if (text.n == 0 && !(type == HEP_CORRELATION && h->type == HEP_TYPE_LOG))
			return SIZE_MAX;
		if (text.n > 0)
			memcpy(p, text.p, text.n);
		return text.n;
	}
}

/* A chunk's head for `n` bytes of data. */
static void
put_chunk_head(uint8_t *p, uint8_t type, size_t n)
{
	store_be32(p, type);	/* vendor 0 in the upper half */
	store_be16(p + 4, (uint16_t)(CHUNK_HEAD + n));
}

enum rc
hep3_head(const struct hep *h, struct buf *out, struct err *e)
{
	const uint8_t *order = h->type == HEP_TYPE_LOG ? order_log : order_sip;
	size_t texts = h->correlation.n + h->node.n + h->key.n, total;
	uint8_t *start, *p;

	if (h->correlation.n > HEP_MAX || h->node.n > HEP_MAX || h->key.n > HEP_MAX || texts + h->payload.n > HEP_MAX)
		return err_set(e, RC_LIMIT, "%zu bytes: too large for HEP, which ends at %d", h->payload.n, HEP_MAX);
	start = buf_room(out, FIXED_MAX + texts);
	memcpy(start, "HEP3", 4);
	p = start + PACKET_HEAD;
	for (size_t i = 0; i < sizeof(order_sip); i++) {
		uint8_t type = order[i];
		size_t n;

		if (type == HEP_PAYLOAD)
			break;
		n = put_data(h, type, p + CHUNK_HEAD);
		if (n == SIZE_MAX)
			continue;
		put_chunk_head(p, type, n);
		p += CHUNK_HEAD + n;
	}
	put_chunk_head(p, HEP_PAYLOAD, h->payload.n);
	p += CHUNK_HEAD;
	total = (size_t)(p - start) + h->payload.n;
	if (total > HEP_MAX)
		return err_set(e, RC_LIMIT, "%zu bytes: too large for HEP, which ends at %d", h->payload.n, HEP_MAX);
	store_be16(start + 4, (uint16_t)total);
	out->n += (size_t)(p - start);
	return RC_OK;
}

enum rc
hep3_next(struct slice *in, struct hep3_chunk *c)
{
	struct slice s = *in;
	uint16_t len;

	if (s.n == 0)
		return RC_END;
	if (!take_be16(&s, &c->vendor) || !take_be16(&s, &c->type) || !take_be16(&s, &len))
		return RC_MORE;
	if (len < CHUNK_HEAD)
		return RC_BAD;
	if (!take_slice(&s, len - CHUNK_HEAD, &c->data))
		return RC_MORE;
	*in = s;
	return RC_OK;
}

static enum rc
get_addr(struct slice data, uint8_t family, struct addr *a)
{
	if (a->family != FAMILY_NONE && a->family != family)
		return RC_BAD;
	memcpy(a->ip, data.p, data.n);
	a->family = family;
	return RC_OK;
}

static enum rc
get_data(struct hep *h, const struct hep3_chunk *c)
{
	const struct chunk *known = c->vendor == 0 && c->type < CHUNKS ? &chunks[c->type] : &chunks[0];
	uint8_t *field = (uint8_t *)h + known->at;
	uint16_t v16;
	uint32_t v32;

	if (known->size != 0 && c->data.n != known->size)
		return RC_BAD;
	switch (known->form) {
	case FORM_U8:
		*field = c->data.p[0];
		break;
	case FORM_U16:
		v16 = load_be16(c->data.p);
		memcpy(field, &v16, sizeof(v16));
		break;
	case FORM_U32:
		v32 = load_be32(c->data.p);
		memcpy(field, &v32, sizeof(v32));
		break;
	case FORM_IP4:
	case FORM_IP6:
		return get_addr(c->data, known->form == FORM_IP6 ? FAMILY_IP6 : FAMILY_IP4, (struct addr *)(void *)field);
	case FORM_PAYLOAD:
		h->compressed = c->type == HEP_PAYLOAD_COMPRESSED;
		memcpy(field, &c->data, sizeof(c->data));
		break;
	case FORM_TEXT:
		memcpy(field, &c->data, sizeof(c->data));
		break;
	default:	/* unknown; the family chunk only repeats what the addresses say */
		break;
	}
	return RC_OK;
}

/* The magic is "HEP3"; the specification allows "EEP3" too. */
static bool
magic_begins(struct slice s)
{
	size_t n = s.n < 4 ? s.n : 4;

	return memcmp(s.p, "HEP3", n) == 0 || memcmp(s.p, "EEP3", n) == 0;
}

enum rc
hep3_decode(struct slice *in, struct hep *h)
{
	struct hep d = { .version = 3 };
	struct slice s = *in, body;
	struct hep3_chunk c;
	uint16_t total;
	enum rc rc;

	if (s.n > 0 && !magic_begins(s))
		return RC_BAD;
	if (!take_skip(&s, 4) || !take_be16(&s, &total))
		return RC_MORE;
	if (total < PACKET_HEAD)
		return RC_BAD;
	if (!take_slice(&s, total - PACKET_HEAD, &body))
		return RC_MORE;
	while ((rc = hep3_next(&body, &c)) == RC_OK)
		if (get_data(&d, &c) != RC_OK)
			return RC_BAD;
	if (rc != RC_END || d.payload.p == NULL || d.src.family != d.dst.family)
		return RC_BAD;
	*h = d;
	*in = s;
	return RC_OK;
}
