/* SPDX-License-Identifier: MIT */
#include "trace/record_hep.h"

#include "base/take.h"
#include "sip/msg.h"

#define NS_PER_S 1000000000ull

static void
texts(struct slice attrs, struct hep *h)
{
	struct slice value;
	uint16_t type;

	while (attr_next(&attrs, &type, &value) == RC_OK)
		if (type == ATTR_CORRELATION && h->correlation.p == NULL)
			h->correlation = value;
		else if (type == ATTR_NODE && h->node.p == NULL)
			h->node = value;
}

enum rc
record_to_hep(const struct record *r, const struct hep_conf *c, struct hep *h, struct err *e)
{
	uint64_t sec = r->time_ns / NS_PER_S;

	if (r->kind == KIND_UNKNOWN || r->kind == KIND_HEP)
		return err_set(e, RC_BAD, "a record of kind %u has no HEP type", r->kind);
	if (sec > UINT32_MAX)
		return err_set(e, RC_BAD, "a time after the year 2106: HEP cannot express that");
	*h = (struct hep){
		.version = c->version,
		.ip_proto = hep_proto(r->kind == KIND_LOG ? TRANSPORT_UDP : r->transport),
		.type = r->kind,
		.src = r->src,
		.dst = r->dst,
		.sec = (uint32_t)sec,
		.usec = (uint32_t)(r->time_ns % NS_PER_S / 1000),
		.capture_id = c->has_id ? c->capture_id : r->capture_id != 0 ? r->capture_id : HEP_DEFAULT_ID,
		.key = c->key,
		.payload = r->payload,
	};
	if (r->src.family == FAMILY_NONE)
		h->src.family = h->dst.family = FAMILY_IP4;
	if (r->attrs.n > 0)
		texts(r->attrs, h);
	return RC_OK;
}

/* A chunk that no field of a record is for. */
static enum rc
other_chunk(const struct hep3_chunk *c, struct buf *attrs)
{
	uint8_t id[2];

	if (c->vendor != 0 || c->type != HEP_VLAN || c->data.n != sizeof(id))
		return attr_add_vendor(attrs, c->vendor, c->type, c->data);
	store_le16(id, load_be16(c->data.p));
	return attr_add(attrs, ATTR_VLAN, slice_of(id, sizeof(id)));
}

static enum rc
chunk_attrs(const struct hep *h, struct buf *attrs)
{
	struct slice rest = h->chunks;
	struct hep3_chunk c;
	enum rc rc = RC_OK;

	if (h->correlation.n > 0)
		rc = attr_add(attrs, ATTR_CORRELATION, h->correlation);
	if (rc == RC_OK && h->node.n > 0)
		rc = attr_add(attrs, ATTR_NODE, h->node);
	while (rc == RC_OK && hep3_next_other(&rest, &c) == RC_OK)
		rc = other_chunk(&c, attrs);
	attr_end(attrs);
	return rc;
}

/* What hep_head writes for a record without addresses. */
static bool
no_addresses(const struct hep *h)
{
	static const struct addr none = { .family = FAMILY_IP4 };

	return addr_eq(&h->src, &none) && addr_eq(&h->dst, &none);
}

enum rc
record_from_hep(const struct hep *h, uint64_t now_ns, struct buf *attrs, struct record *out, struct err *e)
{
	struct record r = {
		.type = FRAME_MESSAGE,
		.kind = h->type == KIND_HEP ? KIND_UNKNOWN : h->type,
		.transport = hep_transport(h->ip_proto),
		.time_ns = h->sec * NS_PER_S + h->usec * 1000ull,
		.capture_id = h->capture_id,
		.src = h->src,
		.dst = h->dst,
		.payload = h->payload,
	};

	buf_clear(attrs);
	if (chunk_attrs(h, attrs) != RC_OK)
		return err_set(e, RC_LIMIT, "the chunks of a HEP packet are too large for attributes");
	if (r.time_ns == 0)
		r.time_ns = now_ns;
	if (no_addresses(h)) {
		r.src = r.dst = (struct addr){ 0 };
		if (h->type == KIND_LOG)
			r.transport = TRANSPORT_NONE;
	}
	if (r.kind == KIND_SIP && sip_scan(r.payload, &r.sip) == RC_OK)
		r.marks = MARK_SIP;
	r.attrs = buf_slice(attrs);
	*out = r;
	return RC_OK;
}
