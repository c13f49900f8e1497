/* SPDX-License-Identifier: MIT */
#include "store/row.h"

#include <stddef.h>
#include <stdio.h>

#include "sip/msg.h"

#define COLUMN(name, type) { #name, type, offsetof(struct row, name) }

const struct column row_columns[ROW_COLUMNS] = {
	{ "time_stamp", COLUMN_TIME, offsetof(struct row, stamp) },
	COLUMN(time_us, COLUMN_INT),
	COLUMN(callid, COLUMN_TEXT),
	COLUMN(traced_user, COLUMN_TEXT),
	COLUMN(msg, COLUMN_BLOB),
	COLUMN(method, COLUMN_TEXT),
	COLUMN(status, COLUMN_TEXT),
	COLUMN(fromip, COLUMN_TEXT),
	COLUMN(toip, COLUMN_TEXT),
	COLUMN(fromtag, COLUMN_TEXT),
	COLUMN(totag, COLUMN_TEXT),
	COLUMN(direction, COLUMN_TEXT),
	COLUMN(record_id, COLUMN_INT),
	COLUMN(time_ns, COLUMN_INT),
	COLUMN(from_user, COLUMN_TEXT),
	COLUMN(to_user, COLUMN_TEXT),
	COLUMN(ruri_user, COLUMN_TEXT),
	COLUMN(cseq, COLUMN_INT),
	COLUMN(correlation_id, COLUMN_TEXT),
	COLUMN(node, COLUMN_TEXT),
	COLUMN(capture_id, COLUMN_INT),
	COLUMN(meta, COLUMN_BLOB),
};

static void
fill_time(struct row *w, uint64_t time_ns)
{
	w->sec = (int64_t)(time_ns / 1000000000);
	w->time_us = (int64_t)(time_ns % 1000000000 / 1000);
	w->time_ns = (int64_t)time_ns;
	if (w->stamp.n == 0 || w->stamp_sec != w->sec) {	/* messages of one second follow each other */
		w->stamp_sec = w->sec;
		w->stamp = slice_of(w->stamp_text, when_format(w->sec, w->stamp_text));
	}
}

static void
fill_sip(struct row *w, const struct record *r)
{
	static const struct sip_index none;
	const struct sip_index *x = r->marks & MARK_SIP ? &r->sip : &none;

	w->method = sip_part(x, r->payload, x->status > 0 ? SIP_SPAN_CSEQ_METHOD : SIP_SPAN_METHOD);
	w->status = slice_of(w->status_text, 0);
	if (x->status > 0)
		w->status.n = (size_t)snprintf(w->status_text, sizeof(w->status_text), "%u", x->status);
	w->callid = sip_part(x, r->payload, SIP_SPAN_CALLID);
	w->fromtag = sip_part(x, r->payload, SIP_SPAN_FROM_TAG);
	w->totag = sip_part(x, r->payload, SIP_SPAN_TO_TAG);
	w->from_user = sip_part(x, r->payload, SIP_SPAN_FROM_USER);
	w->to_user = sip_part(x, r->payload, SIP_SPAN_TO_USER);
	w->ruri_user = sip_part(x, r->payload, SIP_SPAN_RURI_USER);
	w->cseq = x->flags & SIP_HAS_CSEQ ? (int64_t)x->cseq : ROW_NULL;
}

enum rc
row_fill(struct row *w, const struct record *r, struct buf *scratch)
{
	fill_time(w, r->time_ns);
	fill_sip(w, r);
	w->record_id = (int64_t)r->id;
	w->capture_id = r->capture_id;
	w->msg = r->payload;
	w->traced_user = (struct slice){ NULL, 0 };
	w->fromip = slice_of(w->from_text, socket_format(r->transport, &r->src, w->from_text));
	w->toip = slice_of(w->to_text, socket_format(r->transport, &r->dst, w->to_text));
	w->direction = slice_str(direction_name(r->direction));
	w->correlation_id = w->node = (struct slice){ NULL, 0 };
	attr_get(r->attrs, ATTR_CORRELATION, &w->correlation_id);
	attr_get(r->attrs, ATTR_NODE, &w->node);
	if (r->intact) {
		w->meta = slice_of(r->raw.p, (size_t)(r->payload.p - r->raw.p));
		return RC_OK;
	}
	buf_clear(scratch);
	if (record_encode(r, scratch) != RC_OK)
		return RC_LIMIT;
	w->meta = slice_head(buf_slice(scratch), scratch->n - (r->payload.n + 7) / 8 * 8);
	return RC_OK;
}

enum rc
row_frame(const struct row *w, struct buf *frame, struct record *r)
{
	struct slice in;

	buf_clear(frame);
	if (w->msg.n > TRACE_MAX_PAYLOAD)
		return RC_BAD;
	buf_put(frame, w->meta);
	buf_put(frame, w->msg);
	buf_zero(frame, -w->msg.n & 7);
	in = buf_slice(frame);
	if (record_decode(&in, r) != RC_OK || in.n > 0 || r->type != FRAME_MESSAGE || r->payload.n != w->msg.n || !record_check(r))
		return RC_BAD;
	return RC_OK;
}

static enum rc
parse_socket(struct slice s, uint8_t *transport, struct addr *a)
{
	*transport = TRANSPORT_NONE;
	*a = (struct addr){ .family = FAMILY_NONE };
	if (s.n == 0 || socket_parse(s, transport, a) == RC_OK)
		return RC_OK;
	return addr_port_parse(s, a);	/* a transport without a name is left out */
}

enum rc
row_parse(const struct row *w, struct record *r)
{
	uint8_t to_transport;

	*r = (struct record){ .type = FRAME_MESSAGE, .payload = w->msg };
	if (w->time_us < 0 || w->time_us > 999999 || w->sec < 0 || w->msg.n > TRACE_MAX_PAYLOAD ||
	    parse_socket(w->fromip, &r->transport, &r->src) != RC_OK || parse_socket(w->toip, &to_transport, &r->dst) != RC_OK)
		return RC_BAD;
	/* A frame has one family and one transport: that of the side that is known. */
	if (r->transport == TRANSPORT_NONE)
		r->transport = to_transport;
	if (r->src.family == FAMILY_NONE)
		r->src.family = r->dst.family;
	if (r->dst.family == FAMILY_NONE)
		r->dst.family = r->src.family;
	if (r->src.family != r->dst.family)
		return RC_BAD;
	r->time_ns = (uint64_t)w->sec * 1000000000 + (uint64_t)w->time_us * 1000;
	r->direction = slice_eq(w->direction, SLICE_LIT("in")) ? DIR_IN : slice_eq(w->direction, SLICE_LIT("out")) ? DIR_OUT : DIR_UNKNOWN;
	if (sip_scan(w->msg, &r->sip) == RC_OK) {
		r->kind = KIND_SIP;
		r->marks |= MARK_SIP;
	}
	return RC_OK;
}
