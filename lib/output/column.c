/* SPDX-License-Identifier: MIT */
#include "output/column.h"

#include "base/take.h"
#include "output/value.h"

static bool
give(struct cell *c, const char *end, size_t n)
{
	c->text = slice_of(end - n, n);
	return true;
}

static bool
give_number(struct cell *c, uint64_t v)
{
	char *end = c->room + sizeof(c->room);

	return give(c, end, digits(end, v));
}

static bool
give_string(struct cell *c, const char *s)
{
	c->text = slice_str(s);
	return c->text.n > 0;
}

/* Epoch seconds cut, not rounded, to six digits. */
static bool
get_time(const struct column *k, const struct record *r, struct cell *c)
{
	char *end = c->room + sizeof(c->room);
	size_t n = digits_n(end, r->time_ns / 1000 % 1000000, 6);

	(void)k;
	end[-7] = '.';
	n += 1 + digits(end - 7, r->time_ns / 1000000000);
	return give(c, end, n);
}

static bool
get_time_ns(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_number(c, r->time_ns);
}

/* `arg` is 0 for the source, 1 for the destination. */
static bool
get_ip(const struct column *k, const struct record *r, struct cell *c)
{
	c->text = slice_of(c->room, put_ip(k->arg == 0 ? &r->src : &r->dst, c->room));
	return c->text.n > 0;
}

static bool
get_port(const struct column *k, const struct record *r, struct cell *c)
{
	const struct addr *a = k->arg == 0 ? &r->src : &r->dst;

	return a->family != FAMILY_NONE && give_number(c, a->port);
}

static bool
get_proto(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_string(c, transport_name(r->transport));
}

static bool
get_dir(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_string(c, direction_name(r->direction));
}

static bool
get_kind(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_string(c, kind_name(r->kind, c->room));
}

static bool
get_method(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return record_method(r, &c->text);
}

static bool
get_status(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return (r->marks & MARK_SIP) != 0 && r->sip.status != 0 && give_number(c, r->sip.status);
}

static bool
get_reason(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return record_reason(r, &c->text);
}

static bool
get_cseq(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return record_cseq(r, &c->text);
}

static bool
get_span(const struct column *k, const struct record *r, struct cell *c)
{
	return record_part(r, k->arg, &c->text);
}

static bool
get_attr(const struct column *k, const struct record *r, struct cell *c)
{
	return r->attrs.n > 0 && attr_get(r->attrs, k->arg, &c->text);
}

static bool
next_attr(const struct column *k, const struct record *r, struct cell *c)
{
	uint16_t type;

	if (!c->begun) {
		c->begun = true;
		c->rest = r->attrs;
	}
	while (attr_next(&c->rest, &type, &c->text) == RC_OK)
		if (type == k->arg)
			return true;
	return false;
}

static bool
next_vlan(const struct column *k, const struct record *r, struct cell *c)
{
	while (next_attr(k, r, c))
		if (c->text.n == 2)
			return give_number(c, load_le16(c->text.p));
	return false;
}

/* The lowest bit not yet given; 32 at the end. */
static unsigned
next_bit(struct cell *c, uint32_t all)
{
	unsigned bit;

	if (!c->begun) {
		c->begun = true;
		c->bits = all;
	}
	if (c->bits == 0)
		return 32;
	bit = (unsigned)__builtin_ctz(c->bits);
	c->bits &= c->bits - 1;
	return bit;
}

static bool
next_flag(const struct column *k, const struct record *r, struct cell *c)
{
	unsigned bit = next_bit(c, r->user_flags);

	(void)k;
	return bit < 32 && give_number(c, bit);
}

static bool
next_mark(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	switch (next_bit(c, r->marks & (MARK_RETRANSMISSION | MARK_CUT))) {
	case 0:
		return give_string(c, "retransmission");
	case 1:
		return give_string(c, "cut");
	default:
		return false;
	}
}

static bool
get_orig_len(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return (r->marks & MARK_CUT) != 0 && give_number(c, r->orig_len);
}

static bool
get_ip_id(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return r->ip_id != 0 && give_number(c, r->ip_id);
}

static bool
get_capture_id(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_number(c, r->capture_id);
}

static bool
get_capture_point(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	return give_number(c, r->capture_point);
}

static bool
get_id(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	put_hex64(c->room, r->id);
	c->text = slice_of(c->room, 16);
	return true;
}

static bool
get_payload(const struct column *k, const struct record *r, struct cell *c)
{
	(void)k;
	c->text = r->payload;
	return c->text.n > 0;
}

const struct column column_table[] = {
	{ "time", "seconds since 1970, cut to six digits", COLUMN_NUMBER, false, get_time, 0 },
	{ "time_ns", "nanoseconds since 1970", COLUMN_WORD, false, get_time_ns, 0 },
	{ "src_ip", "source address", COLUMN_WORD, false, get_ip, 0 },
	{ "src_port", "source port", COLUMN_NUMBER, false, get_port, 0 },
	{ "dst_ip", "destination address", COLUMN_WORD, false, get_ip, 1 },
	{ "dst_port", "destination port", COLUMN_NUMBER, false, get_port, 1 },
	{ "proto", "udp, tcp, tls, ws, wss or sctp", COLUMN_WORD, false, get_proto, 0 },
	{ "dir", "in or out", COLUMN_WORD, false, get_dir, 0 },
	{ "kind", "sip, log, rtcp …", COLUMN_WORD, false, get_kind, 0 },
	{ "method", "of the request; of a reply its CSeq method", COLUMN_TEXT, false, get_method, 0 },
	{ "status", "of a reply", COLUMN_NUMBER, false, get_status, 0 },
	{ "reason", "reason phrase of a reply", COLUMN_TEXT, false, get_reason, 0 },
	{ "callid", "Call-ID", COLUMN_TEXT, false, get_span, SIP_SPAN_CALLID },
	{ "cseq", "CSeq, the whole value", COLUMN_TEXT, false, get_cseq, 0 },
	{ "from_user", "user of the From URI", COLUMN_TEXT, false, get_span, SIP_SPAN_FROM_USER },
	{ "from_host", "host of the From URI", COLUMN_TEXT, false, get_span, SIP_SPAN_FROM_HOST },
	{ "from_tag", "From tag", COLUMN_TEXT, false, get_span, SIP_SPAN_FROM_TAG },
	{ "to_user", "user of the To URI", COLUMN_TEXT, false, get_span, SIP_SPAN_TO_USER },
	{ "to_host", "host of the To URI", COLUMN_TEXT, false, get_span, SIP_SPAN_TO_HOST },
	{ "to_tag", "To tag", COLUMN_TEXT, false, get_span, SIP_SPAN_TO_TAG },
	{ "ruri_user", "user of the request URI", COLUMN_TEXT, false, get_span, SIP_SPAN_RURI_USER },
	{ "ruri_host", "host of the request URI", COLUMN_TEXT, false, get_span, SIP_SPAN_RURI_HOST },
	{ "branch", "branch of the top Via", COLUMN_TEXT, false, get_span, SIP_SPAN_BRANCH },
	{ "corr", "correlation id", COLUMN_TEXT, false, get_attr, ATTR_CORRELATION },
	{ "users", "traced users", COLUMN_TEXT, true, next_attr, ATTR_USER },
	{ "table", "table to store in", COLUMN_TEXT, false, get_attr, ATTR_TABLE },
	{ "dest", "destinations to send to", COLUMN_TEXT, true, next_attr, ATTR_DEST },
	{ "node", "name of the capture node", COLUMN_TEXT, false, get_attr, ATTR_NODE },
	{ "capture_id", "HEP capture id", COLUMN_NUMBER, false, get_capture_id, 0 },
	{ "capture_point", "number of the tap or interface", COLUMN_NUMBER, false, get_capture_point, 0 },
	{ "ip_id", "IPv4 identification", COLUMN_NUMBER, false, get_ip_id, 0 },
	{ "vlan", "VLAN ids, outermost first", COLUMN_NUMBER, true, next_vlan, ATTR_VLAN },
	{ "leg", "link leg", COLUMN_TEXT, false, get_attr, ATTR_LEG },
	{ "comment", "comment", COLUMN_TEXT, false, get_attr, ATTR_COMMENT },
	{ "flags", "user flags that are set", COLUMN_NUMBER, true, next_flag, 0 },
	{ "marks", "retransmission, cut", COLUMN_WORD, true, next_mark, 0 },
	{ "orig_len", "bytes before the capture cut the message", COLUMN_NUMBER, false, get_orig_len, 0 },
	{ "id", "record id, 16 hexadecimal digits", COLUMN_WORD, false, get_id, 0 },
	{ "payload", "the message", COLUMN_TEXT, false, get_payload, 0 },
	{ 0 }
};
