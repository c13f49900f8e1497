/* SPDX-License-Identifier: MIT */
#ifndef SIP_AGREE_H
#define SIP_AGREE_H
/*
 * Compares what the scanner and libosip2 say of one message. Used by the unit test, the test over a corpus and a fuzz target.
 *
 * agree_check returns false, with the field's name and both texts in *d, where they differ. Messages that libosip2 refuses are
 * not compared (*accepted says so). What is not compared, and why, stands at each check.
 */
#include <string.h>

#include "base/slice.h"
#include "sip/msg.h"
#include "sip/osip.h"

struct disagreement {
	const char *field;
	struct slice scan, full;
};

/* The value of a hexadecimal digit, or -1. */
static inline int
agree_hex(uint8_t c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * RFC 3261 19.1.2 escapes undone into `out` (room: s.n bytes); libosip2's strings end at a NUL, so this one does too. False: an
 * escape is none ("%-0"), of which libosip2 makes something of its own.
 */
static inline bool
agree_unescape(struct slice *s, uint8_t *out)
{
	size_t n = 0, i = 0;
	int hi, lo;

	for (; i < s->n; i++) {
		out[n] = s->p[i];
		if (s->p[i] == '%') {
			hi = s->n - i > 2 ? agree_hex(s->p[i + 1]) : -1;
			lo = s->n - i > 2 ? agree_hex(s->p[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return false;
			out[n] = (uint8_t)(hi << 4 | lo);
			i += 2;
		}
		if (out[n++] == 0)
			break;
	}
	*s = slice_of(out, i < s->n ? n - 1 : n);
	return true;
}

/* The same but for blanks and line ends. */
static inline bool
agree_unfolded(struct slice a, struct slice b)
{
	for (;;) {
		while (a.n > 0 && slice_trim(slice_head(a, 1)).n == 0)
			a = slice_skip(a, 1);
		while (b.n > 0 && slice_trim(slice_head(b, 1)).n == 0)
			b = slice_skip(b, 1);
		if (a.n == 0 || b.n == 0)
			return a.n == b.n;
		if (a.p[0] != b.p[0])
			return false;
		a = slice_skip(a, 1), b = slice_skip(b, 1);
	}
}

/* The scanner leaves a fold or a CR inside a part as it is; for libosip2 they are blanks. */
static inline bool
agree_is(struct disagreement *d, const char *field, struct slice scan, struct slice full)
{
	*d = (struct disagreement){ field, scan, full };
	return slice_eq(scan, full) || ((slice_chr(scan, '\n') < scan.n || slice_chr(scan, '\r') < scan.n) && agree_unfolded(scan, full));
}

static inline bool
agree_uri(struct slice user, struct slice host, const struct sip_full_uri *u, const char *const field[2], uint8_t *room,
    struct disagreement *d)
{
	/* another scheme: libosip2 takes nothing apart, or, if it begins with "sip", what it should not */
	if (u->opaque.p != NULL || !(slice_ieq(u->scheme, SLICE_LIT("sip")) || slice_ieq(u->scheme, SLICE_LIT("sips"))))
		return true;
	/* an IPv6 host without brackets, which is none (RFC 5118 4.2): libosip2 looks for the port behind the last colon */
	if (slice_chr(u->host, ':') < u->host.n && slice_chr(host, '[') == host.n)
		return true;
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	if (agree_unescape(&user, room) && !agree_is(d, field[0], user, u->user))
		return false;
	return agree_is(d, field[1], host, u->host);
}

static inline bool
agree_party(const struct sip_full *f, enum sip_full_where where, const struct sip_index *x, struct slice msg,
    enum sip_span_id tag, enum sip_span_id user, const char *const field[3], uint8_t *room, struct disagreement *d)
{
	struct slice full = { NULL, 0 };
	struct sip_full_uri u;

	if (!sip_full_uri(f, where, 0, &u))
		return agree_is(d, field[2], sip_part(x, msg, user), full);
	(void)sip_full_param(f, where, 0, "tag", &full);
	return agree_is(d, field[0], sip_part(x, msg, tag), full) &&
	    agree_uri(sip_part(x, msg, user), sip_part(x, msg, (enum sip_span_id)(user + 1)), &u, field + 1, room, d);
}

static inline bool
agree_start(const struct sip_full *f, const struct sip_index *x, struct slice msg, uint8_t *room, struct disagreement *d)
{
	static const char *const ruri[] = { "request user", "request host" };
	struct sip_full_start st;
	struct sip_full_uri u;

	if (!sip_full_start(f, &st))
		return true;
	/* libosip2 takes any number for a status, overflow included; the scanner brings it into 100..999 */
	if (st.status != x->status && x->status != 100 && x->status != 999) {
		*d = (struct disagreement){ "status", { NULL, 0 }, { NULL, 0 } };
		return false;
	}
	if (x->status > 0)
		return true;
	return agree_is(d, "method", sip_part(x, msg, SIP_SPAN_METHOD), st.method) &&
	    (!sip_full_uri(f, SIP_FULL_RURI, 0, &u) ||
	    agree_uri(sip_part(x, msg, SIP_SPAN_RURI_USER), sip_part(x, msg, SIP_SPAN_RURI_HOST), &u, ruri, room, d));
}

static inline bool
agree_numbers(const struct sip_full *f, const struct sip_index *x, struct slice msg, struct disagreement *d)
{
	struct slice number = { NULL, 0 }, method = { NULL, 0 }, len = { NULL, 0 };
	uint64_t v;

	if (sip_full_cseq(f, &number, &method)) {
		*d = (struct disagreement){ "CSeq number", { NULL, 0 }, number };
		/* a number too large is cut to what 32 bits hold; what is no number counts for libosip2 all the same */
		if (!slice_u64(number, UINT64_MAX, &v))
			v = UINT32_MAX;
		if ((x->flags & SIP_HAS_CSEQ) != 0 && x->cseq != (v > UINT32_MAX ? UINT32_MAX : (uint32_t)v))
			return false;
		if (!agree_is(d, "CSeq method", sip_part(x, msg, SIP_SPAN_CSEQ_METHOD), method))
			return false;
	}
	/* where there is none libosip2 makes one of the body's size */
	if (!sip_full_length(f, &len) || !sip_header(msg, SLICE_LIT("Content-Length"), 0, &method))
		return (x->flags & SIP_HAS_LENGTH) == 0;
	*d = (struct disagreement){ "Content-Length", { NULL, 0 }, len };
	/* libosip2 takes junk for a length */
	if (!slice_u64(len, UINT32_MAX, &v))
		return (x->flags & SIP_HAS_LENGTH) == 0;
	return (x->flags & SIP_HAS_LENGTH) != 0 && x->content_length == v;
}

/* A quote that is never closed breaks the grammar (RFC 3261 25.1); where it ends is anybody's guess. */
static inline bool
agree_open_quote(struct slice v)
{
	bool open = false;

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '"')
			open = !open;
		else if (v.p[i] == '\\' && open)
			i++;
	return open;
}

/* Skips the bytes of *s that are in `set`; how many. */
static inline size_t
agree_span(struct slice *s, const char *set)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != '\0' && strchr(set, s->p[n]) != NULL)
		n++;
	*s = slice_skip(*s, n);
	return n;
}

/*
 * The value's first via-parm is as the grammar has it (RFC 3261 25.1) up to its parameters. What another one says is anybody's
 * guess: libosip2 looks for a '[' anywhere, and ends a transport at a blank but not at a tab.
 */
static inline bool
agree_via_regular(struct slice v)
{
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	static const char lws[] = " \t\r\n";
	static const char *const protocol[] = { "SIPsip", "/", "2.0", "/" };

	for (int i = 0; i < 4; i++) {
		if (agree_span(&v, protocol[i]) == 0)
			return false;
		(void)agree_span(&v, lws);
	}
	if (agree_span(&v, ALNUM "-.!%*_+`'~") == 0 || agree_span(&v, lws) == 0)
		return false;
	if (agree_span(&v, "[") == 0) {
		if (agree_span(&v, ALNUM "-._") == 0)
			return false;
	} else if (agree_span(&v, ":.0123456789ABCDEFabcdef") == 0 || agree_span(&v, "]") == 0) {
		return false;
	}
	(void)agree_span(&v, lws);
	if (agree_span(&v, ":") > 0)
		(void)(agree_span(&v, lws), agree_span(&v, "0123456789"), agree_span(&v, lws));
	return v.n == 0 || v.p[0] == ';' || v.p[0] == ',';
#undef ALNUM
}

static inline bool
agree_via(const struct sip_full *f, const struct sip_index *x, struct slice msg, struct disagreement *d)
{
	struct slice transport = { NULL, 0 }, sent_by = { NULL, 0 }, host, port = { NULL, 0 };
	struct sip_full_via via;
	size_t n;

	if (!sip_full_via(f, 0, &via) ||
	    (sip_header(msg, SLICE_LIT("Via"), 0, &host) && (agree_open_quote(host) || !agree_via_regular(host))))
		return true;
	if (sip_top_via(msg, &transport, &sent_by) != RC_OK)
		return agree_is(d, "Via", transport, via.transport);
	n = slice_starts(sent_by, SLICE_LIT("[")) ? slice_chr(sent_by, ']') : 0;
	n += slice_chr(slice_skip(sent_by, n), ':');
	host = slice_trim(slice_head(sent_by, n));
	if (n < sent_by.n)
		port = slice_trim(slice_skip(sent_by, n + 1));
	/* libosip2 drops what stands between ']' and the port */
	if (host.n >= 2 && host.p[0] == '[')
		host = slice_of(host.p + 1, slice_chr(slice_skip(host, 1), ']'));
	return agree_is(d, "branch", sip_part(x, msg, SIP_SPAN_BRANCH), via.branch) &&
	    agree_is(d, "transport", transport, via.transport) && agree_is(d, "sent-by host", host, via.host) &&
	    agree_is(d, "sent-by port", port, via.port);
}

/* `room`: msg.n bytes. */
static inline bool
agree_check(struct sip_full *f, struct slice msg, uint8_t *room, bool *accepted, struct disagreement *d)
{
	static const char *const from[] = { "From tag", "From user", "From host" };
	static const char *const to[] = { "To tag", "To user", "To host" };
	struct slice callid = { NULL, 0 };
	struct sip_index x;

	*accepted = sip_full_parse(f, msg) == RC_OK;
	if (!*accepted)
		return true;
	*d = (struct disagreement){ "the scanner refuses it", { NULL, 0 }, { NULL, 0 } };
	if (sip_scan(msg, &x) != RC_OK)
		return false;
	/* half a line is none for the scanner */
	if ((x.flags & SIP_CUT) != 0 && msg.p[msg.n - 1] != '\n')
		return true;
	(void)sip_full_callid(f, &callid);
	return agree_start(f, &x, msg, room, d) && agree_is(d, "Call-ID", sip_part(&x, msg, SIP_SPAN_CALLID), callid) &&
	    agree_numbers(f, &x, msg, d) && agree_via(f, &x, msg, d) &&
	    agree_party(f, SIP_FULL_FROM, &x, msg, SIP_SPAN_FROM_TAG, SIP_SPAN_FROM_USER, from, room, d) &&
	    agree_party(f, SIP_FULL_TO, &x, msg, SIP_SPAN_TO_TAG, SIP_SPAN_TO_USER, to, room, d);
}
#endif
