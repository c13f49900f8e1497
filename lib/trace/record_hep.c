/* SPDX-License-Identifier: MIT */
#include "trace/record_hep.h"

#include "base/take.h"
#include "sip/msg.h"

#define NS_PER_S 1000000000ull

static bool
has_chunk(struct slice chunks, uint16_t vendor, uint16_t type)
{
	struct hep3_chunk c;

	while (hep3_next(&chunks, &c) == RC_OK)
		if (c.vendor == vendor && c.type == type)
			return true;
	return false;
}

/* The receiver would read it as something else, or struct hep has a field for it. */
static bool
misunderstood(const struct hep_profile *p, uint16_t vendor, uint16_t type)
{
	uint32_t quirks = p != NULL ? p->quirks : 0;

	return hep_chunk_def(vendor, type)->field || ((quirks & HEP_VENDOR_BLIND) != 0 && vendor != 0 && type < HEP_OWN_TYPES) ||
	    ((quirks & HEP_FAILS_ON_0) != 0 && vendor == 0 && type == 0);
}

static enum rc
put_chunk(const struct hep_conf *conf, const struct hep3_chunk *c, struct buf *chunks, unsigned *omitted)
{
	if (c->data.n > UINT16_MAX - HEP3_CHUNK_HEAD)
		return RC_LIMIT;
	if (misunderstood(conf->receiver, c->vendor, c->type)) {
		*omitted |= HEP_OMITS_CHUNKS;
		return RC_OK;
	}
	hep3_store_head(buf_room(chunks, HEP3_CHUNK_HEAD), c->vendor, c->type, c->data.n);
	chunks->n += HEP3_CHUNK_HEAD;
	buf_put(chunks, c->data);
	return RC_OK;
}

static enum rc
put_attr(const struct hep_conf *conf, uint16_t type, struct slice value, struct buf *chunks, unsigned *omitted)
{
	uint8_t id[2];
	struct hep3_chunk c = { 0, HEP_VLAN, slice_of(id, sizeof(id)) };

	if (type == ATTR_VENDOR) {
		if (!attr_vendor(value, &c.vendor, &c.type, &c.data))
			return RC_OK;
	} else if (value.n == sizeof(id)) {
		store_be16(id, load_le16(value.p));
	} else {
		return RC_OK;
	}
	return put_chunk(conf, &c, chunks, omitted);
}

static enum rc
from_attrs(struct slice attrs, const struct hep_conf *conf, struct buf *chunks, struct hep *h, unsigned *omitted)
{
	struct slice value;
	uint16_t type;
	enum rc rc = RC_OK;

	while (rc == RC_OK && attr_next(&attrs, &type, &value) == RC_OK) {
		if (type != ATTR_CORRELATION && type != ATTR_NODE && type != ATTR_VLAN && type != ATTR_VENDOR)
			continue;
		if (conf->version != 3)
			*omitted |= HEP_OMITS_ATTRS;
		else if (type == ATTR_CORRELATION && h->correlation.p == NULL)
			h->correlation = value;
		else if (type == ATTR_NODE && h->node.p == NULL)
			h->node = value;
		else if (type == ATTR_VLAN || type == ATTR_VENDOR)
			rc = put_attr(conf, type, value, chunks, omitted);
	}
	return rc;
}

/* The settings' chunks, behind those that the record has. */
static void
default_chunks(const struct hep_conf *conf, struct buf *chunks, struct hep *h, unsigned *omitted)
{
	struct slice rest = conf->chunks, own = buf_slice(chunks);
	struct hep3_chunk c;

	if (own.n == 0) {
		h->chunks = rest;
		return;
	}
	while (hep3_next(&rest, &c) == RC_OK)
		if (!has_chunk(slice_head(buf_slice(chunks), own.n), c.vendor, c.type) &&
		    put_chunk(conf, &c, chunks, omitted) != RC_OK)
			break;	/* a chunk that was encoded is never too large */
	h->chunks = buf_slice(chunks);
}

static bool
wants_id(const struct hep_conf *conf, uint8_t type)
{
	return conf->receiver != NULL && (conf->receiver->quirks & HEP_WANTS_ID) != 0 &&
	    (type == KIND_LOG || type == KIND_RTCP || type == KIND_RTCP_JSON);
}

enum rc
record_to_hep(const struct record *r, const struct hep_conf *c, struct buf *chunks, struct hep *h, unsigned *omitted, struct err *e)
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
	*omitted = c->version == 2 && h->capture_id > UINT16_MAX ? HEP_OMITS_ID : 0;
	if (r->src.family == FAMILY_NONE)
		h->src.family = h->dst.family = FAMILY_IP4;
	buf_clear(chunks);
	if (r->attrs.n > 0 && from_attrs(r->attrs, c, chunks, h, omitted) != RC_OK)
		return err_set(e, RC_LIMIT, "a chunk of the record is too large for HEP, which ends at %d", HEP_MAX);
	if (c->version != 3)
		return RC_OK;
	if (c->chunks.n > 0 || chunks->n > 0)
		default_chunks(c, chunks, h, omitted);
	if (h->node.p == NULL)
		h->node = c->node;
	if (h->correlation.n == 0 && wants_id(c, r->kind))
		h->correlation = h->node;
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
no_addresses(const struct record *r)
{
	static const struct addr none = { .family = FAMILY_IP4 };

	return addr_eq(&r->src, &none) && addr_eq(&r->dst, &none);
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
	if (r.src.family == FAMILY_NONE)	/* ports may be there all the same */
		r.src.family = r.dst.family = FAMILY_IP4;
	if (no_addresses(&r)) {
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

/* The record's head is the packet's, as far as HEP carries it: hepenc made the packet of it. */
static bool
same_head(const struct record *r, const struct hep *h, const struct record *from)
{
	uint8_t transport = h->type == HEP_TYPE_LOG ? TRANSPORT_UDP : r->transport;

	return addr_eq(&r->src, &from->src) && addr_eq(&r->dst, &from->dst) && hep_proto(transport) == h->ip_proto &&
	    (h->version == 1 || r->time_ns / 1000 == h->sec * 1000000ull + h->usec);
}

/* The record's capture id, where the packet's is what became of it. */
static uint32_t
own_capture_id(const struct record *r, const struct hep *h)
{
	uint32_t id = r->capture_id != 0 ? r->capture_id : HEP_DEFAULT_ID;

	if (h->version == 1 || h->capture_id == (h->version == 2 ? id & UINT16_MAX : id))
		return r->capture_id;
	return h->capture_id;
}

/* An attribute of this type and value (a text that stands once: of this type). *cursor begins behind the one found last. */
static bool
has_attr(struct slice attrs, struct slice *cursor, uint16_t type, struct slice value)
{
	bool once = type == ATTR_CORRELATION || type == ATTR_NODE;
	struct slice from[2] = { *cursor, attrs }, v;
	uint16_t t;

	for (size_t i = 0; i < 2; i++)
		while (attr_next(&from[i], &t, &v) == RC_OK)
			if (t == type && (once || slice_eq(v, value))) {
				*cursor = from[i];
				return true;
			}
	return false;
}

/* What the packet has and the record has not goes behind the record's. `attrs` holds the packet's. */
static enum rc
join_attrs(struct slice own, struct buf *attrs, struct slice *out)
{
	struct slice rest = buf_slice(attrs), cursor = own, value;
	struct buf joined = { 0 };
	enum rc rc = RC_OK;
	bool more = false;
	uint16_t type;

	*out = own;
	if (rest.n == 0)
		return RC_OK;
	buf_put(&joined, own);
	while (rc == RC_OK && attr_next(&rest, &type, &value) == RC_OK)
		if (!has_attr(own, &cursor, type, value)) {
			rc = attr_add(&joined, type, value);
			more = true;
		}
	if (rc == RC_OK && more) {
		attr_end(&joined);
		buf_clear(attrs);
		buf_put(attrs, buf_slice(&joined));
		*out = buf_slice(attrs);
	}
	buf_reset(&joined);
	return rc;
}

enum rc
record_unwrap(const struct record *r, const struct hep *h, struct buf *attrs, struct record *out, bool *own_id, struct err *e)
{
	struct record m;
	enum rc rc = record_from_hep(h, r->time_ns, attrs, &m, e);

	if (rc != RC_OK)
		return rc;
	*own_id = same_head(r, h, &m);
	if (*own_id) {
		m.time_ns = r->time_ns;
		m.transport = r->transport;
		m.direction = r->direction;
		m.marks |= r->marks & (MARK_RETRANSMISSION | MARK_CUT);
		m.orig_len = r->orig_len;
		m.ip_id = r->ip_id;
		m.id = r->id;
		m.capture_id = own_capture_id(r, h);
	} else if (h->version == 1) {
		m.capture_id = r->capture_id;
	}
	m.frame_flags = r->frame_flags;
	m.capture_point = r->capture_point;
	m.user_flags = r->user_flags;
	m.head_tail = r->head_tail;
	if (r->attrs.n > 0 && join_attrs(r->attrs, attrs, &m.attrs) != RC_OK)
		return err_set(e, RC_LIMIT, "the chunks of a HEP packet and the record's attributes are too large together");
	*out = m;
	return RC_OK;
}
