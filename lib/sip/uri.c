/* SPDX-License-Identifier: MIT */
#include "sip/msg.h"

/* RFC 3261 25.1: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ). Its length, 0 where there is none before a colon. */
static size_t
scheme_len(struct slice uri)
{
	if (slice_starts(uri, SLICE_LIT("sip:")))
		return 3;
	for (size_t i = 0; i < uri.n; i++) {
		uint8_t c = uri.p[i], l = c | 0x20;

		if (c == ':')
			return i;
		if (!(l >= 'a' && l <= 'z') && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
			return 0;
	}
	return 0;
}

/* What can follow a host or a port. */
static const bool host_end[256] = { [':'] = true, [';'] = true, ['?'] = true };

/* Length of the host at the front: all of "[…]", else up to what can follow one. */
static size_t
host_len(struct slice s)
{
	size_t n = 0;

	if (s.n > 0 && s.p[0] == '[') {
		n = slice_chr(s, ']');
		return n < s.n ? n + 1 : s.n;
	}
	while (n < s.n && !host_end[s.p[n]])
		n++;
	return n;
}

/* `s` begins behind "user@". */
static enum rc
hostport(struct slice s, struct sip_uri *out)
{
	size_t n = host_len(s);
	uint64_t port;

	out->host = slice_trim(slice_head(s, n));
	s = slice_skip(s, n);
	if (s.n > 0 && s.p[0] == ':') {
		for (n = 1; n < s.n && s.p[n] != ';' && s.p[n] != '?';)
			n++;
		out->port = slice_trim(slice_of(s.p + 1, n - 1));
		s = slice_skip(s, n);
	}
	if (s.n > 0) {
		n = slice_chr(s, '?');
		if (n > 0)
			out->params = slice_head(s, n);
		if (n < s.n)
			out->headers = slice_skip(s, n + 1);
		if (n > 0 && s.p[0] != ';')
			return RC_BAD;
	}
	n = slice_chr(out->host, '[');
	if (out->host.n == 0 || (n == 0 && out->host.p[out->host.n - 1] != ']') || (n > 0 && n < out->host.n) ||
	    (out->port.p != NULL && !slice_u64(out->port, 65535, &port)))
		return RC_BAD;
	return RC_OK;
}

/* RFC 3966: a number and parameters. */
static enum rc
tel(struct slice s, struct sip_uri *out)
{
	size_t n = slice_chr(s, ';');

	out->user = slice_trim(slice_head(s, n));
	if (n < s.n)
		out->params = slice_skip(s, n);
	return out->user.n > 0 ? RC_OK : RC_BAD;
}

enum rc
sip_uri(struct slice uri, struct sip_uri *out)
{
	size_t n, at;
	struct slice s;
	bool sip;

	*out = (struct sip_uri){ 0 };
	n = scheme_len(uri);
	if (n == 0)
		return RC_BAD;
	out->scheme = slice_head(uri, n);
	s = slice_skip(uri, n + 1);
	if (slice_ieq(out->scheme, SLICE_LIT("tel")))
		return tel(s, out);
	sip = slice_ieq(out->scheme, SLICE_LIT("sip")) || slice_ieq(out->scheme, SLICE_LIT("sips"));
	at = slice_chr(s, '@');
	if (at == s.n)
		return sip ? hostport(s, out) : RC_OK;
	n = slice_chr(slice_head(s, at), ':');
	out->user = slice_head(s, n);
	if (n < at)
		out->password = slice_of(s.p + n + 1, at - n - 1);
	return hostport(slice_skip(s, at + 1), out);
}
