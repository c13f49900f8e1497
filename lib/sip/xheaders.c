/* SPDX-License-Identifier: MIT */
#include "sip/xheaders.h"

#include <inttypes.h>

#include "sip/line.h"

#define NS_PER_S 1000000000u

enum { FROM, TO, TIME, METHOD, DIR, HEADERS };

static const struct slice prefix = SLICE_LIT("X-Siptrace-");
static const struct slice names[HEADERS] = {
	[FROM] = SLICE_LIT("Fromip"),
	[TO] = SLICE_LIT("Toip"),
	[TIME] = SLICE_LIT("Time"),
	[METHOD] = SLICE_LIT("Method"),
	[DIR] = SLICE_LIT("Dir"),
};

/* First bytes of these headers and of the empty line. */
static const bool of_interest[256] = { ['X'] = true, ['x'] = true, ['\r'] = true, ['\n'] = true };

enum rc
xheaders_place(const struct sip_index *x, struct slice msg, size_t *off)
{
	size_t at = x->body;

	if (at == 0 || at > msg.n || msg.p[at - 1] != '\n')
		return RC_BAD;
	at--;
	if (at > 0 && msg.p[at - 1] == '\r')
		at--;
	*off = at;
	return RC_OK;
}

/* No blanks, line ends or other controls: nothing that a reader could take for the end of the value. */
static bool
one_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return s.n > 0;
}

static void
line(struct buf *out, int header, struct slice value)
{
	buf_put(out, prefix);
	buf_put(out, names[header]);
	buf_str(out, ": ");
	buf_put(out, value.n > 0 ? value : SLICE_LIT("-"));
	buf_str(out, "\r\n");
}

static void
socket_line(struct buf *out, int header, uint8_t transport, const struct addr *a)
{
	char text[SOCKET_TEXT];

	socket_format(transport != TRANSPORT_NONE ? transport : TRANSPORT_UDP, a, text);
	line(out, header, slice_str(text));
}

void
xheaders_write(const struct xheaders *x, struct buf *out)
{
	socket_line(out, FROM, x->transport, &x->src);
	socket_line(out, TO, x->transport, &x->dst);
	buf_printf(out, "X-Siptrace-Time: %" PRIu64 " %" PRIu64 "\r\n", x->time_ns / NS_PER_S, x->time_ns % NS_PER_S / 1000);
	line(out, METHOD, one_word(x->method) ? x->method : SLICE_LIT("-"));
	line(out, DIR, x->direction);
}

static int
header_of(struct slice name)
{
	if (slice_istarts(name, prefix))
		for (int i = 0; i < HEADERS; i++)
			if (slice_ieq(slice_skip(name, prefix.n), names[i]))
				return i;
	return HEADERS;
}

/* The last line of each header. False: one is missing, or the headers do not end. */
static bool
find_lines(struct slice msg, struct slice value[static HEADERS], struct sip_span at[static HEADERS])
{
	unsigned seen = 0;
	struct sip_start start;
	struct sip_lines w;
	struct sip_line l;
	enum rc rc;

	if (msg.n > UINT32_MAX || sip_start_parse(msg, &start) != RC_OK)
		return false;
	sip_lines_init(&w, msg, start.next);
	for (;;) {
		size_t begin, colon;
		int h;

		sip_lines_seek(&w, of_interest);
		begin = w.pos;
		rc = sip_lines_next(&w, &l);
		if (rc != RC_OK || !l.whole)
			break;
		colon = slice_chr(l.text, ':');
		h = colon < l.text.n ? header_of(slice_trim(slice_head(l.text, colon))) : HEADERS;
		if (h == HEADERS)
			continue;
		value[h] = slice_trim(slice_skip(l.text, colon + 1));
		at[h] = (struct sip_span){ (uint32_t)begin, (uint32_t)(w.pos - begin) };
		seen |= 1u << h;
	}
	return rc == RC_END && seen == (1u << HEADERS) - 1;
}

static bool
unknown(struct slice value)
{
	return slice_eq(value, SLICE_LIT("-"));
}

static bool
read_socket(struct slice value, uint8_t *transport, struct addr *out)
{
	static const struct addr all = { .ip = { 255, 255, 255, 255 }, .family = FAMILY_IP4 };
	bool any = slice_istarts(value, SLICE_LIT("any:"));

	*transport = TRANSPORT_NONE;
	*out = (struct addr){ .family = FAMILY_NONE };
	if (unknown(value))
		return true;
	if (socket_parse(value, transport, out) == RC_OK)
		return true;
	if (addr_port_parse(slice_skip(value, any ? 4 : 0), out) != RC_OK)
		return false;
	if (any && addr_host_eq(out, &all))
		*out = (struct addr){ .family = FAMILY_NONE };
	return true;
}

static bool
read_sockets(const struct slice value[static HEADERS], struct xheaders *x)
{
	uint8_t from;

	if (!read_socket(value[FROM], &from, &x->src) || !read_socket(value[TO], &x->transport, &x->dst))
		return false;
	if (x->transport == TRANSPORT_NONE)
		x->transport = from;
	return x->src.family == x->dst.family || x->src.family == FAMILY_NONE || x->dst.family == FAMILY_NONE;
}

/* Two numbers with blanks or a fold between them. */
static bool
read_time(struct slice value, uint64_t *time_ns)
{
	uint64_t sec, usec;
	size_t n = 0;

	while (n < value.n && !sip_is_lws(value.p[n]))
		n++;
	if (!slice_u64(slice_head(value, n), UINT64_MAX / NS_PER_S - 1, &sec) ||
	    !slice_u64(slice_trim(slice_skip(value, n)), 999999, &usec))
		return false;
	*time_ns = sec * NS_PER_S + usec * 1000;
	return *time_ns != 0;
}

static bool
read_words(const struct slice value[static HEADERS], struct xheaders *x)
{
	const struct slice none = { NULL, 0 };

	x->method = unknown(value[METHOD]) ? none : value[METHOD];
	x->direction = unknown(value[DIR]) ? none : value[DIR];
	return one_word(value[METHOD]) &&
	    (unknown(value[DIR]) || slice_ieq(value[DIR], SLICE_LIT("in")) || slice_ieq(value[DIR], SLICE_LIT("out")));
}

static void
join(const struct sip_span at[static HEADERS], struct xheaders_lines *out)
{
	*out = (struct xheaders_lines){ .n = 0 };
	for (int done = 0; done < HEADERS; done++) {
		uint32_t end = out->n > 0 ? out->cut[out->n - 1].off + out->cut[out->n - 1].len : 0;
		const struct sip_span *next = NULL;

		for (int i = 0; i < HEADERS; i++)
			if (at[i].off >= end && (next == NULL || at[i].off < next->off))
				next = &at[i];
		if (next == NULL)	/* cannot be: lines do not overlap */
			return;
		out->bytes += next->len;
		if (out->n > 0 && next->off == end)
			out->cut[out->n - 1].len += next->len;
		else
			out->cut[out->n++] = *next;
	}
}

enum rc
xheaders_read(struct slice msg, struct xheaders *out, struct xheaders_lines *lines)
{
	struct slice value[HEADERS];
	struct sip_span at[HEADERS];

	if (!find_lines(msg, value, at) || !read_sockets(value, out) || !read_time(value[TIME], &out->time_ns) || !read_words(value, out))
		return RC_BAD;
	join(at, lines);
	return RC_OK;
}

void
xheaders_remove(struct slice msg, const struct xheaders_lines *lines, struct buf *out)
{
	size_t at = 0;

	for (uint8_t i = 0; i < lines->n; i++) {
		buf_add(out, msg.p + at, lines->cut[i].off - at);
		at = lines->cut[i].off + lines->cut[i].len;
	}
	buf_put(out, slice_skip(msg, at));
}

/* Moves the part [*off, *off + len) to where it is without the lines. */
static bool
shift(const struct xheaders_lines *lines, uint32_t len, uint32_t *off)
{
	uint32_t gone = 0;

	for (uint8_t i = 0; i < lines->n && lines->cut[i].off < *off + len; i++) {
		if (lines->cut[i].off + lines->cut[i].len > *off)
			return false;
		gone += lines->cut[i].len;
	}
	*off -= gone;
	return true;
}

enum rc
xheaders_shift(const struct xheaders_lines *lines, struct sip_index *x)
{
	struct sip_index y = *x;

	for (int i = 0; i < SIP_SPANS; i++)
		if (!shift(lines, y.span[i].len, &y.span[i].off))
			return RC_BAD;
	if (!shift(lines, 0, &y.body))
		return RC_BAD;
	*x = y;
	return RC_OK;
}
