/* SPDX-License-Identifier: MIT */
#include "sip/stream.h"

#include "base/take.h"

#define MAX_START (64u << 10)	/* as the scanner's */
#define MAX_HEADER (1u << 20)
#define MAX_JUNK (64u << 10)	/* passed over without a message: then it is no SIP */
#define MAX_NAME 128		/* bytes of a header's name */
#define MAX_KEEPALIVE 16

enum state {
	START,		/* a message begins here, or a keep-alive */
	SEEK,		/* a start line is looked for */
	GIVEN_UP,
};

static bool
is_eol(uint8_t c)
{
	return c == '\r' || c == '\n';
}

void
sip_stream_init(struct sip_stream *s, size_t max_message, bool whole)
{
	*s = (struct sip_stream){ .max_message = max_message, .state = whole ? START : SEEK };
}

void
sip_stream_reset(struct sip_stream *s)
{
	buf_reset(&s->kept);
	s->in = slice_of(NULL, 0);
}

size_t
sip_stream_held(const struct sip_stream *s)
{
	return s->in.n;
}

/* Keeps what is not used yet at the front of the buffer. */
static void
keep(struct sip_stream *s)
{
	if (s->in.n == 0) {
		buf_reset(&s->kept);	/* an idle connection holds no memory */
	} else if (s->lent) {
		buf_clear(&s->kept);
		buf_put(&s->kept, s->in);
	} else if (s->in.p != s->kept.p) {
		memmove(s->kept.p, s->in.p, s->in.n);
	}
	s->lent = false;
	s->kept.n = s->in.n;
	s->in = buf_slice(&s->kept);
}

void
sip_stream_put(struct sip_stream *s, struct slice in)
{
	if (s->state == GIVEN_UP)
		return;
	if (s->skip > 0) {
		size_t n = s->skip < in.n ? s->skip : in.n;

		s->skip -= n;
		in = slice_skip(in, n);
	}
	if (s->in.n == 0) {
		s->lent = true;
		s->in = in;
		return;
	}
	keep(s);
	buf_put(&s->kept, in);
	s->in = buf_slice(&s->kept);
}

static void
consume(struct sip_stream *s, size_t n)
{
	s->in = slice_skip(s->in, n);
	s->seen = s->need = 0;
	s->started = false;
}

/* Passes over bytes that are no SIP. */
static void
junk(struct sip_stream *s, size_t n)
{
	s->junk += n;
	consume(s, n);
	s->state = s->junk > MAX_JUNK ? GIVEN_UP : SEEK;
}

/* "Name:" or "Name :", or the beginning of one; RC_BAD if a line cannot be a header. */
static enum rc
header_line(struct slice s)
{
	size_t n = 0;

	while (n < s.n && n < MAX_NAME && s.p[n] > ' ' && s.p[n] < 0x7f && s.p[n] != ':')
		n++;
	if ((n == 0 && s.n > 0) || n == MAX_NAME)
		return RC_BAD;
	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n == s.n ? RC_MORE : s.p[n] == ':' ? RC_OK : RC_BAD;
}

/* A start line with a header behind it (a body of message/sipfrag may be a start line alone). */
static enum rc
message_begins(struct slice s)
{
	struct sip_index x;
	size_t nl = slice_chr(slice_head(s, MAX_START), '\n');
	bool whole = nl < s.n && nl < MAX_START;
	enum rc rc;

	if (s.n > 0 && is_eol(s.p[0]))
		return RC_BAD;
	rc = sip_scan(slice_head(s, nl + whole), &x);
	if (rc == RC_OK && whole)
		return header_line(slice_skip(s, nl + 1));
	return rc == RC_OK ? RC_MORE : rc;
}

/* Offset of the first line from `at` on where a message begins, or may begin with more bytes (*rc RC_MORE); in.n if none. */
static size_t
find_start(struct slice in, size_t at, enum rc *rc)
{
	while (at < in.n) {
		*rc = message_begins(slice_skip(in, at));
		if (*rc != RC_BAD)
			return at;
		at += slice_chr(slice_skip(in, at), '\n') + 1;
	}
	*rc = RC_BAD;
	return in.n;
}

static enum rc
seek(struct sip_stream *s)
{
	enum rc rc;
	size_t n = find_start(s->in, 0, &rc);

	if (rc == RC_BAD) {
		/* the rest of a line may follow: without this, its middle would be taken for a line's beginning */
		size_t nl = s->in.n;

		while (nl > 0 && s->in.p[nl - 1] != '\n')
			nl--;
		if (s->in.n - nl < MAX_START)
			n = nl;
		junk(s, n);
		return s->state == GIVEN_UP ? RC_BAD : RC_MORE;
	}
	junk(s, n);
	if (s->state == GIVEN_UP)
		return RC_BAD;
	if (rc == RC_MORE)
		return RC_MORE;
	s->state = START;
	return RC_OK;
}

static void
skip_keepalives(struct sip_stream *s)
{
	size_t n = 0;

	while (n < s->in.n && is_eol(s->in.p[n]))
		n++;
	if (n > 0) {
		s->keepalives++;
		consume(s, n);
	}
}

/* Is the empty line there? Looks only at bytes that came since the last time. */
static bool
header_ends(struct sip_stream *s)
{
	const uint8_t *p = s->in.p, *end = p + s->in.n, *nl = p + (s->seen > 2 ? s->seen - 2 : 0);

	for (; (nl = memchr(nl, '\n', (size_t)(end - nl))) != NULL; nl++) {
		if (nl + 1 < end && nl[1] == '\n')
			return true;
		if (nl + 2 < end && nl[1] == '\r' && nl[2] == '\n')
			return true;
	}
	s->seen = s->in.n;
	return false;
}

/* Where a message whose header says no length ends. */
static size_t
guess_end(struct slice in, size_t body)
{
	enum rc rc;
	size_t at = body;

	while (at < in.n && is_eol(in.p[at]))
		at++;
	if (at == in.n)
		return body;
	if (message_begins(slice_skip(in, at)) == RC_OK)
		return body;
	at = find_start(in, at, &rc);
	/* the last line may be the first half of the next start line */
	return rc == RC_OK || (rc == RC_MORE && sip_looks_like(slice_skip(in, at))) ? at : in.n;
}

/* The header is complete: how long is the message? */
static enum rc
measure(struct sip_stream *s)
{
	if (sip_scan(s->in, &s->index) != RC_OK || s->index.body == 0)
		return RC_BAD;
	if ((s->index.flags & SIP_HAS_LENGTH) && s->index.content_length <= s->max_message - s->index.body)
		s->need = s->index.body + s->index.content_length;
	else
		s->need = (uint32_t)guess_end(s->in, s->index.body);
	return RC_OK;
}

static enum rc
begin_message(struct sip_stream *s)
{
	struct sip_index x;

	if (!s->started) {
		size_t nl = slice_chr(slice_head(s->in, MAX_START), '\n');
		bool whole = nl < s->in.n && nl < MAX_START;

		if (!whole && s->seen > 512 && s->in.n < MAX_START)
			return RC_MORE;		/* looked at before; only its end is missing */
		s->seen = whole ? 0 : s->in.n;
		switch (sip_scan(slice_head(s->in, nl + whole), &x)) {
		case RC_OK:
			s->started = whole;
			break;
		case RC_MORE:
			return RC_MORE;
		default:
			return RC_BAD;
		}
	}
	if (!header_ends(s))
		return s->in.n > MAX_HEADER ? RC_BAD : RC_MORE;
	return measure(s);
}

static void
emit(struct sip_stream *s, size_t n, struct sip_frame *out)
{
	out->msg = slice_head(s->in, n);
	out->wire_len = (uint32_t)out->msg.n;
	out->cut = false;
	out->index = s->index;
	s->messages++;
	s->junk = 0;
	consume(s, n);
}

/* One step at a message's beginning. */
static enum rc
start(struct sip_stream *s, struct sip_frame *out)
{
	enum rc rc = RC_OK;

	if (s->need == 0) {
		skip_keepalives(s);
		if (s->in.n == 0)
			return RC_MORE;
		rc = begin_message(s);
	}
	if (rc == RC_BAD) {
		size_t nl = slice_chr(s->in, '\n');

		if (s->messages == 0 && s->junk == 0) {	/* its first bytes: no SIP at all */
			s->state = GIVEN_UP;
			return RC_BAD;
		}
		/* the rest of its line may follow, and is no line's beginning: seek knows */
		junk(s, nl < s->in.n ? nl + 1 : 0);
		return s->state == GIVEN_UP ? RC_BAD : RC_LIMIT;
	}
	if (rc == RC_MORE || s->in.n < s->need)
		return RC_MORE;
	emit(s, s->need, out);
	return RC_OK;
}

enum rc
sip_stream_next(struct sip_stream *s, struct sip_frame *out)
{
	enum rc rc;

	for (;;) {
		if (s->state == GIVEN_UP)
			rc = RC_BAD;
		else if (s->state == START)
			rc = start(s, out);
		else if ((rc = seek(s)) == RC_OK)
			continue;
		if (rc == RC_LIMIT)	/* junk was passed over */
			continue;
		if (rc == RC_MORE)
			keep(s);
		if (rc == RC_BAD)
			sip_stream_reset(s);
		return rc;
	}
}

enum rc
sip_stream_gap(struct sip_stream *s, uint32_t n, struct sip_frame *out)
{
	uint32_t need = s->need, have = (uint32_t)s->in.n;
	bool cut;

	if (s->state == GIVEN_UP)
		return RC_END;
	if (s->skip > 0 && n > 0) {
		size_t skipped = s->skip < n ? s->skip : n;

		s->skip -= skipped;
		if (s->skip > 0 || skipped == n)
			return RC_END;
	}
	cut = s->state == START && have > 0 && (need > 0 || sip_scan(s->in, &s->index) == RC_OK);
	if (cut) {
		emit(s, have, out);
		out->cut = true;
		out->wire_len = need > 0 ? need : have + n;
	}
	consume(s, s->in.n);
	s->state = SEEK;
	if (need > 0 && n > 0 && need - have >= n) {
		s->state = START;
		s->skip = need - have - n;
	}
	return cut ? RC_OK : RC_END;
}

enum rc
sip_datagram_next(struct slice *rest, struct sip_frame *out)
{
	struct sip_index next;
	size_t end;
	enum rc rc = rest->n > 0 ? sip_scan(*rest, &out->index) : RC_BAD;

	if (rc != RC_OK)
		return rc;
	out->msg = *rest;
	out->cut = false;
	end = (size_t)out->index.body + out->index.content_length;
	if (out->index.body > 0 && (out->index.flags & SIP_HAS_LENGTH) && end < rest->n &&
	    sip_scan(slice_skip(*rest, end), &next) == RC_OK)
		out->msg = slice_head(*rest, end);
	out->wire_len = (uint32_t)out->msg.n;
	*rest = slice_skip(*rest, out->msg.n);
	return RC_OK;
}

/* RFC 5389 6: class and method Binding (request, indication, success), the magic cookie. */
static bool
is_stun_binding(struct slice d)
{
	return d.n >= 20 && d.p[0] < 2 && (d.p[1] == 0x01 || d.p[1] == 0x11) && load_be32(d.p + 4) == 0x2112a442;
}

bool
sip_is_keepalive(struct slice d)
{
	if (d.n > MAX_KEEPALIVE)
		return is_stun_binding(d);
	for (size_t i = 0; i < d.n; i++)
		if (!is_eol(d.p[i]) && d.p[i] != 0)
			return false;
	return true;
}
