/* SPDX-License-Identifier: MIT */
#include "output/line.h"

#include "output/escape.h"
#include "output/value.h"

enum {
	WIDTH_SOCKET = 21,	/* 255.255.255.255:65535 */
	WIDTH_PROTO = 4,
	WIDTH_WHAT = 20,
	WIDTH_CSEQ = 14,
	WIDTH_USERS = 24,
	LOG_BYTES = 160,	/* of a payload that is no SIP */
};

/* Blanks up to `width` from `start` on; one at least. */
static void
pad(struct buf *out, size_t start, size_t width)
{
	size_t used = out->n - start, n = used < width ? width - used + 1 : 1;

	memset(buf_room(out, n), ' ', n);
	out->n += n;
}

/* "2026-11-22 22:58:01.123456", the civil date from the day number (proleptic Gregorian, eras of 400 years). */
static void
put_time(struct buf *out, uint64_t time_ns)
{
	uint64_t s = time_ns / 1000000000, days = s / 86400 + 719468, day = days % 146097;
	uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	uint64_t yday = day - (365 * year + year / 4 - year / 100), month = (5 * yday + 2) / 153;
	char *q = (char *)buf_room(out, 26);

	memcpy(q, "0000-00-00 00:00:00.000000", 26);
	digits_n(q + 4, year + days / 146097 * 400 + (month >= 10), 4);
	digits_n(q + 7, month < 10 ? month + 3 : month - 9, 2);
	digits_n(q + 10, yday - (153 * month + 2) / 5 + 1, 2);
	digits_n(q + 13, s / 3600 % 24, 2);
	digits_n(q + 16, s / 60 % 60, 2);
	digits_n(q + 19, s % 60, 2);
	digits_n(q + 26, time_ns / 1000 % 1000000, 6);
	out->n += 26;
}

static void
put_socket(struct buf *out, const struct addr *a)
{
	char *start = (char *)buf_room(out, ADDR_PORT_TEXT), *q = start, port[5];
	size_t n;

	if (a->family == FAMILY_NONE) {
		buf_u8(out, '-');
		return;
	}
	if (a->family == FAMILY_IP6)
		*q++ = '[';
	q += put_ip(a, q);
	if (a->family == FAMILY_IP6)
		*q++ = ']';
	*q++ = ':';
	n = digits(port + sizeof(port), a->port);
	memcpy(q, port + sizeof(port) - n, n);
	out->n += (size_t)(q - start) + n;
}

static void
put_or_dash(struct buf *out, bool there, struct slice s)
{
	if (there)
		escape_word(out, s);
	else
		buf_u8(out, '-');
}

static void
put_what(struct buf *out, const struct record *r)
{
	struct slice s;
	char room[12];

	if ((r->marks & MARK_SIP) == 0) {
		buf_str(out, kind_name(r->kind, room));
	} else if (r->sip.status == 0) {
		bool there = record_method(r, &s);

		put_or_dash(out, there, s);
	} else {
		char number[5];
		size_t n = digits(number + sizeof(number), r->sip.status), start = out->n;

		buf_add(out, number + sizeof(number) - n, n);
		if (record_reason(r, &s)) {
			buf_u8(out, ' ');
			escape_word(out, s);
		}
		if (out->n - start > WIDTH_WHAT) {	/* a long reason must not push the columns behind it away */
			out->n = start + WIDTH_WHAT - 1;
			buf_u8(out, '~');
		}
	}
}

/* The user, else the host, of one side. */
static void
put_party(struct buf *out, const struct record *r, enum sip_span_id user, enum sip_span_id host)
{
	struct slice s;
	bool there = record_part(r, user, &s) || record_part(r, host, &s);

	put_or_dash(out, there, s);
}

/* " corr=… user=… node=… flags=… …": what the record carries beside the message. */
static void
put_notes(struct buf *out, const struct record *r)
{
	static const struct { uint8_t type; const char *name; } notes[] = {
		{ ATTR_CORRELATION, " corr=" },
		{ ATTR_USER, " user=" },
		{ ATTR_NODE, " node=" },
		{ ATTR_LEG, " leg=" },
		{ ATTR_COMMENT, " comment=" },
	};
	struct slice rest = r->attrs, v;
	uint16_t type;

	while (rest.n > 0 && attr_next(&rest, &type, &v) == RC_OK)
		for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
			if (notes[i].type == type) {
				buf_str(out, notes[i].name);
				escape_word(out, v);
			}
	for (uint32_t bits = r->user_flags; bits != 0; bits &= bits - 1)
		buf_printf(out, " flag=%d", __builtin_ctz(bits));
	if (r->direction != DIR_UNKNOWN) {
		buf_u8(out, ' ');
		buf_str(out, direction_name(r->direction));
	}
	if ((r->marks & MARK_RETRANSMISSION) != 0)
		buf_str(out, " retransmission");
	if ((r->marks & MARK_CUT) != 0)
		buf_printf(out, " cut=%zu/%u", r->payload.n, r->orig_len);
}

static void
put_route(struct buf *out, const struct record *r, size_t width)
{
	size_t start;

	put_time(out, r->time_ns);
	buf_u8(out, ' ');
	start = out->n;
	put_socket(out, &r->src);
	pad(out, start, width);
	buf_add(out, "-> ", 3);
	start = out->n;
	put_socket(out, &r->dst);
	pad(out, start, width);
	start = out->n;
	put_or_dash(out, transport_name(r->transport)[0] != '\0', slice_str(transport_name(r->transport)));
	pad(out, start, width > 0 ? WIDTH_PROTO : 0);
	out->n -= width > 0 ? 0 : 1;
}

/* The beginning of a text, the length of anything else. */
static void
put_text(struct buf *out, struct slice s)
{
	if (!utf8_valid(s) || slice_chr(s, '\0') < s.n) {
		buf_printf(out, "%zu bytes", s.n);
		return;
	}
	escape_word(out, slice_head(s, LOG_BYTES));
	if (s.n > LOG_BYTES)
		buf_str(out, "…");
}

void
line_put(struct buf *out, const struct record *r)
{
	struct slice s;
	size_t start;
	bool there;

	put_route(out, r, WIDTH_SOCKET);
	start = out->n;
	put_what(out, r);
	pad(out, start, WIDTH_WHAT);
	if ((r->marks & MARK_SIP) != 0) {
		start = out->n;
		there = record_cseq(r, &s);
		put_or_dash(out, there, s);
		pad(out, start, WIDTH_CSEQ);
		start = out->n;
		put_party(out, r, SIP_SPAN_FROM_USER, SIP_SPAN_FROM_HOST);
		buf_add(out, " -> ", 4);
		put_party(out, r, SIP_SPAN_TO_USER, SIP_SPAN_TO_HOST);
		pad(out, start, WIDTH_USERS);
		there = record_part(r, SIP_SPAN_CALLID, &s);
		put_or_dash(out, there, s);
	} else {
		put_text(out, r->payload);
	}
	put_notes(out, r);
	buf_u8(out, '\n');
}

void
full_put(struct buf *out, const struct record *r)
{
	size_t start;

	buf_str(out, "--- ");
	put_route(out, r, 0);
	put_notes(out, r);
	buf_u8(out, '\n');
	start = out->n;
	escape_text(out, r->payload);
	if (out->n > start && out->p[out->n - 1] != '\n')
		buf_u8(out, '\n');
	if (out->n < start + 2 || out->p[out->n - 2] != '\n')
		buf_u8(out, '\n');
}
