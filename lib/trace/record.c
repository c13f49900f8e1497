/* SPDX-License-Identifier: MIT */
#include "trace/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/take.h"
#include "trace/frame.h"

static const struct {
	uint8_t kind;
	const char *name;
} kinds[] = {
	{ KIND_UNKNOWN, "unknown" },
	{ KIND_SIP, "sip" },
	{ 2, "xmpp" },
	{ 3, "sdp" },
	{ 4, "rtp" },
	{ KIND_RTCP_JSON, "rtcp-json" },
	{ 6, "mgcp" },
	{ 7, "megaco" },
	{ 8, "m2ua" },
	{ 9, "m3ua" },
	{ 10, "iax" },
	{ 50, "sip-json" },
	{ 53, "dns" },
	{ 54, "isup" },
	{ 55, "rtsp" },
	{ 56, "diameter" },
	{ 57, "gsm-map" },
	{ KIND_RTCP, "rtcp" },
	{ 60, "cdr" },
	{ 61, "verto" },
	{ KIND_LOG, "log" },
	{ KIND_HEP, "hep" },
};

const char *
direction_name(uint8_t direction)
{
	return direction == DIR_IN ? "in" : direction == DIR_OUT ? "out" : "";
}

const char *
kind_name(uint8_t kind, char buf[static 12])
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	snprintf(buf, 12, "type-%u", kind);
	return buf;
}

/* The head's checksum leaves out its own four bytes. */
static uint32_t
head_crc(const uint8_t *p, size_t n)
{
	return crc32c(crc32c(0, p, FRAME_HEAD_CRC), p + FRAME_HEAD_CRC + 4, n - FRAME_HEAD_CRC - 4);
}

/* A fuzzer cannot guess checksums; without this it would test nothing behind them. */
static bool
crc_ok(uint32_t have, uint32_t want)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)have, (void)want;
	return true;
#else
	return have == want;
#endif
}

static void
decode_addr(const uint8_t *p, uint8_t family, uint16_t port, struct addr *a)
{
	memcpy(a->ip, p, sizeof(a->ip));
	a->port = port;
	a->family = family;
}

/* A checksum is not trust: every part must lie within the payload. */
static bool
decode_sip(const uint8_t *p, size_t payload, struct sip_index *x)
{
	uint64_t worst = 0;

	x->status = load_le16(p + MSG_STATUS);
	x->method = p[MSG_METHOD];
	x->cseq_method = p[MSG_CSEQ_METHOD];
	x->flags = p[MSG_SIP_FLAGS];
	x->vias = p[MSG_VIAS];
	x->cseq = load_le32(p + MSG_CSEQ);
	x->body = load_le32(p + MSG_BODY);
	x->content_length = load_le32(p + MSG_CONTENT_LENGTH);
	for (int i = 0; i < SIP_SPANS; i++) {
		uint64_t end;

		x->span[i].off = load_le32(p + MSG_SPANS + 8 * i);
		x->span[i].len = load_le32(p + MSG_SPANS + 8 * i + 4);
		end = (uint64_t)x->span[i].off + x->span[i].len;
		worst = end > worst ? end : worst;
	}
	for (int i = 0; i < SIP_VIAS; i++)
		x->via[i] = load_le64(p + MSG_VIA + 8 * i);
	return worst <= payload && x->body <= payload && x->vias <= SIP_VIAS;
}

static bool
decode_message(const uint8_t *p, size_t head_len, struct record *r)
{
	uint8_t family = p[MSG_FAMILY];
	size_t known = TRACE_MESSAGE_HEAD;

	if (family != FAMILY_NONE && family != FAMILY_IP4 && family != FAMILY_IP6)
		return false;
	r->time_ns = load_le64(p + MSG_TIME);
	r->id = load_le64(p + MSG_ID);
	decode_addr(p + MSG_SRC, family, load_le16(p + MSG_SRC_PORT), &r->src);
	decode_addr(p + MSG_DST, family, load_le16(p + MSG_DST_PORT), &r->dst);
	r->transport = p[MSG_TRANSPORT];
	r->direction = p[MSG_DIRECTION];
	r->kind = p[MSG_KIND];
	r->marks = p[MSG_MARKS];
	r->capture_id = load_le32(p + MSG_CAPTURE_ID);
	r->capture_point = load_le16(p + MSG_CAPTURE_POINT);
	r->ip_id = load_le16(p + MSG_IP_ID);
	r->orig_len = load_le32(p + MSG_ORIG_LEN);
	r->user_flags = load_le32(p + MSG_USER_FLAGS);
	if (r->marks & MARK_SIP) {
		known = TRACE_MESSAGE_HEAD_SIP;
		if (head_len < known || !decode_sip(p, r->payload.n, &r->sip))
			return false;
	}
	r->head_tail = slice_of(p + known, head_len - known);
	return true;
}

/* Attributes must fill their block to the byte: whoever walks them later need not check again. */
static bool
attrs_sound(struct slice attrs)
{
	struct slice value;
	uint16_t type;
	enum rc rc;

	while ((rc = attr_next(&attrs, &type, &value)) == RC_OK)
		;
	return rc == RC_END;
}

static size_t
head_least(uint8_t type)
{
	switch (type) {
	case FRAME_HEADER:
		return HEADER_HEAD;
	case FRAME_MESSAGE:
		return TRACE_MESSAGE_HEAD;
	case FRAME_STATS:
		return STATS_HEAD;
	case FRAME_END:
		return END_HEAD;
	default:
		return TRACE_HEAD;
	}
}

enum rc
record_decode(struct slice *in, struct record *r)
{
	const uint8_t *p = in->p;
	size_t sync = in->n < 4 ? in->n : 4, head_len, attr_len, payload_len, total;

	if (sync > 0 && memcmp(p, FRAME_SYNC, sync) != 0)
		return RC_BAD;
	if (in->n < TRACE_HEAD)
		return RC_MORE;
	head_len = load_le16(p + FRAME_HEAD_LEN);
	attr_len = load_le32(p + FRAME_ATTR_LEN);
	payload_len = load_le32(p + FRAME_PAYLOAD_LEN);
	if (head_len < head_least(p[FRAME_TYPE]) || head_len > TRACE_HEAD_MAX || head_len % 8 != 0 ||
	    attr_len > TRACE_MAX_ATTRS || attr_len % 8 != 0 || payload_len > TRACE_MAX_PAYLOAD)
		return RC_BAD;
	if (in->n < head_len + attr_len)
		return RC_MORE;
	if (!crc_ok(head_crc(p, head_len + attr_len), load_le32(p + FRAME_HEAD_CRC)))
		return RC_BAD;
	total = head_len + attr_len + (payload_len + 7) / 8 * 8;
	if (in->n < total)
		return RC_MORE;

	r->type = p[FRAME_TYPE];
	r->frame_flags = p[FRAME_FLAGS];
	r->payload_crc = load_le32(p + FRAME_PAYLOAD_CRC);
	r->payload_crc_known = true;
	r->intact = true;
	r->attrs = slice_of(p + head_len, attr_len);
	r->payload = slice_of(p + head_len + attr_len, payload_len);
	r->raw = slice_of(p, total);
	r->head_tail = slice_of(p + TRACE_HEAD, 0);
	if (r->type <= FRAME_END && !attrs_sound(r->attrs))
		return RC_BAD;
	if (r->type == FRAME_MESSAGE && !decode_message(p, head_len, r))
		return RC_BAD;
	if (r->type == FRAME_STATS)
		r->time_ns = load_le64(p + STATS_TIME);
	*in = slice_skip(*in, total);
	return RC_OK;
}

bool
record_check(const struct record *r)
{
	return crc_ok(crc32c(0, r->payload.p, r->payload.n), r->payload_crc);
}

enum rc
record_header(const struct record *r, struct stream_header *out)
{
	if (r->type != FRAME_HEADER || r->raw.n < HEADER_HEAD)
		return RC_BAD;
	out->version = load_le16(r->raw.p + HEADER_VERSION);
	out->live = (load_le16(r->raw.p + HEADER_FLAGS) & HEADER_LIVE) != 0;
	out->disorder_ns = load_le64(r->raw.p + HEADER_DISORDER);
	out->features = load_le64(r->raw.p + HEADER_FEATURES);
	return RC_OK;
}

enum rc
record_end(const struct record *r, struct stream_end *out)
{
	if (r->type != FRAME_END || r->raw.n < END_HEAD)
		return RC_BAD;
	out->frames = load_le64(r->raw.p + END_FRAMES);
	out->messages = load_le64(r->raw.p + END_MESSAGES);
	out->payload_bytes = load_le64(r->raw.p + END_BYTES);
	return RC_OK;
}

static size_t
known_head(const struct record *r)
{
	return r->marks & MARK_SIP ? TRACE_MESSAGE_HEAD_SIP : TRACE_MESSAGE_HEAD;
}

size_t
record_size(const struct record *r)
{
	return known_head(r) + r->head_tail.n + r->attrs.n + (r->payload.n + 7) / 8 * 8;
}

static void
encode_sip(const struct sip_index *x, uint8_t *p)
{
	store_le16(p + MSG_STATUS, x->status);
	p[MSG_METHOD] = x->method;
	p[MSG_CSEQ_METHOD] = x->cseq_method;
	p[MSG_SIP_FLAGS] = x->flags;
	p[MSG_VIAS] = x->vias;
	store_le16(p + MSG_VIAS + 1, 0);
	store_le32(p + MSG_CSEQ, x->cseq);
	store_le32(p + MSG_BODY, x->body);
	store_le32(p + MSG_CONTENT_LENGTH, x->content_length);
	store_le32(p + MSG_CONTENT_LENGTH + 4, 0);
	for (int i = 0; i < SIP_SPANS; i++) {
		store_le32(p + MSG_SPANS + 8 * i, x->span[i].off);
		store_le32(p + MSG_SPANS + 8 * i + 4, x->span[i].len);
	}
	for (int i = 0; i < SIP_VIAS; i++)
		store_le64(p + MSG_VIA + 8 * i, x->via[i]);
}

static void
encode_message(const struct record *r, uint8_t *p)
{
	store_le64(p + MSG_TIME, r->time_ns);
	store_le64(p + MSG_ID, r->id);
	memcpy(p + MSG_SRC, r->src.ip, sizeof(r->src.ip));
	memcpy(p + MSG_DST, r->dst.ip, sizeof(r->dst.ip));
	store_le16(p + MSG_SRC_PORT, r->src.port);
	store_le16(p + MSG_DST_PORT, r->dst.port);
	p[MSG_FAMILY] = r->src.family;
	p[MSG_TRANSPORT] = r->transport;
	p[MSG_DIRECTION] = r->direction;
	p[MSG_KIND] = r->kind;
	store_le32(p + MSG_CAPTURE_ID, r->capture_id);
	store_le16(p + MSG_CAPTURE_POINT, r->capture_point);
	store_le16(p + MSG_IP_ID, r->ip_id);
	store_le32(p + MSG_ORIG_LEN, r->orig_len);
	store_le32(p + MSG_USER_FLAGS, r->user_flags);
	memset(p + MSG_MARKS, 0, TRACE_MESSAGE_HEAD - MSG_MARKS);
	p[MSG_MARKS] = r->marks;
	if (r->marks & MARK_SIP)
		encode_sip(&r->sip, p);
}

uint8_t *
frame_begin(struct buf *out, uint8_t type, uint8_t flags, size_t head_len, size_t total)
{
	uint8_t *p = buf_room(out, total);

	memcpy(p, FRAME_SYNC, 4);
	p[FRAME_TYPE] = type;
	p[FRAME_FLAGS] = flags;
	store_le16(p + FRAME_HEAD_LEN, (uint16_t)head_len);
	store_le32(p + FRAME_ATTR_LEN, 0);
	store_le32(p + FRAME_PAYLOAD_LEN, 0);
	store_le32(p + FRAME_PAYLOAD_CRC, 0);
	return p;
}

void
frame_finish(struct buf *out, uint8_t *p, size_t total)
{
	size_t checked = load_le16(p + FRAME_HEAD_LEN) + load_le32(p + FRAME_ATTR_LEN);

	store_le32(p + FRAME_HEAD_CRC, head_crc(p, checked));
	out->n += total;
}

enum rc
record_encode(const struct record *r, struct buf *out)
{
	size_t known = known_head(r), head_len = known + r->head_tail.n, total = record_size(r), end;
	uint8_t *p;

	if (r->payload.n > TRACE_MAX_PAYLOAD || r->attrs.n > TRACE_MAX_ATTRS || head_len > TRACE_HEAD_MAX)
		return RC_LIMIT;
	p = frame_begin(out, FRAME_MESSAGE, r->frame_flags, head_len, total);
	store_le32(p + FRAME_ATTR_LEN, (uint32_t)r->attrs.n);
	store_le32(p + FRAME_PAYLOAD_LEN, (uint32_t)r->payload.n);
	store_le32(p + FRAME_PAYLOAD_CRC, r->payload_crc_known ? r->payload_crc : crc32c(0, r->payload.p, r->payload.n));
	encode_message(r, p);
	if (r->head_tail.n > 0)
		memcpy(p + known, r->head_tail.p, r->head_tail.n);
	if (r->attrs.n > 0)
		memcpy(p + head_len, r->attrs.p, r->attrs.n);
	end = head_len + r->attrs.n;
	if (r->payload.n > 0)
		memcpy(p + end, r->payload.p, r->payload.n);
	memset(p + end + r->payload.n, 0, total - end - r->payload.n);
	frame_finish(out, p, total);
	return RC_OK;
}

void
header_encode(const struct stream_header *h, struct buf *out)
{
	uint8_t *p = frame_begin(out, FRAME_HEADER, 0, HEADER_HEAD, HEADER_HEAD);

	store_le16(p + HEADER_VERSION, h->version);
	store_le16(p + HEADER_FLAGS, h->live ? HEADER_LIVE : 0);
	store_le32(p + HEADER_FLAGS + 2, 0);
	store_le64(p + HEADER_DISORDER, h->disorder_ns);
	store_le64(p + HEADER_FEATURES, h->features);
	frame_finish(out, p, HEADER_HEAD);
}

void
end_encode(const struct stream_end *e, struct buf *out)
{
	uint8_t *p = frame_begin(out, FRAME_END, 0, END_HEAD, END_HEAD);

	store_le64(p + END_FRAMES, e->frames);
	store_le64(p + END_MESSAGES, e->messages);
	store_le64(p + END_BYTES, e->payload_bytes);
	frame_finish(out, p, END_HEAD);
}
