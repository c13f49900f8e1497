/* SPDX-License-Identifier: MIT */
#include "base/take.h"
#include "hep/hep.h"

#define FIXED_MAX 160		/* more than all chunks of fixed size with all chunk heads take */
#define WIRE_IP4 2		/* Linux' AF_INET and AF_INET6, on every system */
#define WIRE_IP6 10

/* siptrace's order, and that of its hlog(), for either family. */
#define BEFORE_PORTS(f) HEP_FAMILY, HEP_IP_PROTO, HEP_SRC_##f, HEP_DST_##f
#define BEHIND_PORTS HEP_SEC, HEP_USEC, HEP_TYPE, HEP_CAPTURE_ID, HEP_CORRELATION, HEP_NODE, HEP_KEY
#define ORDERED 13
static const uint8_t order_sip[2][ORDERED] = {
	{ BEFORE_PORTS(IP4), HEP_SRC_PORT, HEP_DST_PORT, BEHIND_PORTS },
	{ BEFORE_PORTS(IP6), HEP_SRC_PORT, HEP_DST_PORT, BEHIND_PORTS },
};
static const uint8_t order_log[2][ORDERED] = {
	{ BEFORE_PORTS(IP4), HEP_DST_PORT, HEP_SRC_PORT, BEHIND_PORTS },
	{ BEFORE_PORTS(IP6), HEP_DST_PORT, HEP_SRC_PORT, BEHIND_PORTS },
};

/* Data at `p`; returns its length, or SIZE_MAX for a chunk that this packet does not have. */
static size_t
put_data(const struct hep *h, uint8_t type, uint8_t *p)
{
	const struct hep_chunk_def *c = &hep_chunks[type];
	const uint8_t *field = (const uint8_t *)h + c->at;
	struct slice text;
	uint16_t v16;
	uint32_t v32;

	switch (c->form) {
	case HEP_FORM_FAMILY:
		p[0] = h->src.family == FAMILY_IP6 ? WIRE_IP6 : WIRE_IP4;
		return 1;
	case HEP_FORM_U8:
		p[0] = *field;
		return 1;
	case HEP_FORM_U16:
		memcpy(&v16, field, sizeof(v16));
		store_be16(p, v16);
		return 2;
	case HEP_FORM_U32:
		memcpy(&v32, field, sizeof(v32));
		store_be32(p, v32);
		return 4;
	case HEP_FORM_IP4:
	case HEP_FORM_IP6:
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

/* The chunks that have no field, behind `p`. */
static uint8_t *
put_others(const struct hep *h, uint8_t *p)
{
	struct slice rest = h->chunks;
	struct hep3_chunk c;

	while (hep3_next_other(&rest, &c) == RC_OK) {
		hep3_store_head(p, c.vendor, c.type, c.data.n);
		if (c.data.n > 0)
			memcpy(p + HEP3_CHUNK_HEAD, c.data.p, c.data.n);
		p += HEP3_CHUNK_HEAD + c.data.n;
	}
	return p;
}

enum rc
hep3_head(const struct hep *h, struct buf *out, struct err *e)
{
	const uint8_t *order = (h->type == HEP_TYPE_LOG ? order_log : order_sip)[h->src.family == FAMILY_IP6];
	size_t texts = h->correlation.n + h->node.n + h->key.n, total;
	uint8_t *start, *p;

	if (h->correlation.n > HEP_MAX || h->node.n > HEP_MAX || h->key.n > HEP_MAX || texts + h->payload.n > HEP_MAX)
		return err_set(e, RC_LIMIT, "%zu bytes: too large for HEP, which ends at %d", h->payload.n, HEP_MAX);
	start = buf_room(out, FIXED_MAX + texts + h->chunks.n);
	memcpy(start, "HEP3", 4);
	p = start + HEP3_HEAD;
	for (size_t i = 0; i < ORDERED; i++) {
		uint8_t type = order[i];
		size_t n = put_data(h, type, p + HEP3_CHUNK_HEAD);

		if (n == SIZE_MAX)
			continue;
		hep3_store_head(p, 0, type, n);
		p += HEP3_CHUNK_HEAD + n;
	}
	if (h->chunks.n > 0)
		p = put_others(h, p);
	hep3_store_head(p, 0, h->compressed ? HEP_PAYLOAD_COMPRESSED : HEP_PAYLOAD, h->payload.n);
	p += HEP3_CHUNK_HEAD;
	total = (size_t)(p - start) + h->payload.n;
	if (total > HEP_MAX)
		return err_set(e, RC_LIMIT, "%zu bytes: too large for HEP, which ends at %d", h->payload.n, HEP_MAX);
	store_be16(start + 4, (uint16_t)total);
	out->n += (size_t)(p - start);
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
	const struct hep_chunk_def *known = hep_chunk_def(c->vendor, c->type);
	uint8_t *field = (uint8_t *)h + known->at;
	uint16_t v16;
	uint32_t v32;

	if (!known->field)
		return RC_OK;
	if (known->size != 0 && c->data.n != known->size)
		return RC_BAD;
	switch (known->form) {
	case HEP_FORM_U8:
		*field = c->data.p[0];
		break;
	case HEP_FORM_U16:
		v16 = load_be16(c->data.p);
		memcpy(field, &v16, sizeof(v16));
		break;
	case HEP_FORM_U32:
		v32 = load_be32(c->data.p);
		memcpy(field, &v32, sizeof(v32));
		break;
	case HEP_FORM_IP4:
	case HEP_FORM_IP6:
		return get_addr(c->data, known->form == HEP_FORM_IP6 ? FAMILY_IP6 : FAMILY_IP4, (struct addr *)(void *)field);
	case HEP_FORM_PAYLOAD:
		h->compressed = c->type == HEP_PAYLOAD_COMPRESSED;
		memcpy(field, &c->data, sizeof(c->data));
		break;
	case HEP_FORM_TEXT:
		memcpy(field, &c->data, sizeof(c->data));
		break;
	default:	/* the family only repeats what the addresses say */
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
	if (total < HEP3_HEAD)
		return RC_BAD;
	if (!take_slice(&s, total - HEP3_HEAD, &body))
		return RC_MORE;
	d.chunks = body;
	while ((rc = hep3_next(&body, &c)) == RC_OK)
		if (get_data(&d, &c) != RC_OK)
			return RC_BAD;
	if (rc != RC_END || d.payload.p == NULL || d.src.family != d.dst.family)
		return RC_BAD;
	*h = d;
	*in = s;
	return RC_OK;
}
