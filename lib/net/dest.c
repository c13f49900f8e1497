/* SPDX-License-Identifier: MIT */
#include "net/dest.h"

#define SIP_PORT 5060
#define SIPS_PORT 5061

static const struct scheme {
	const char *name;
	uint8_t transport;
	bool uri;		/* a SIP URI: user, parameters, default port */
} schemes[] = {
	{ "udp:", TRANSPORT_UDP, false },
	{ "tcp:", TRANSPORT_TCP, false },
	{ "tls:", TRANSPORT_TLS, false },
	{ "sip:", TRANSPORT_UDP, true },
	{ "sips:", TRANSPORT_TLS, true },
};

static const struct scheme *
find_scheme(struct slice text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (slice_istarts(text, slice_str(schemes[i].name)))
			return &schemes[i];
	return NULL;
}

bool
dest_has_scheme(struct slice text)
{
	return find_scheme(text) != NULL;
}

/* A word where a scheme would be, as in "upd:homer:9060" and "http://homer": no HOST:PORT. "abc::1" is an IPv6 address without brackets. */
static enum rc
no_scheme(struct slice text, struct err *e)
{
	struct slice word = slice_head(text, slice_chr(text, ':')), rest = slice_skip(text, word.n + 1);
	bool letters = word.n > 0;

	for (size_t i = 0; i < word.n; i++)
		letters = letters && ((word.p[i] | 32) >= 'a' && (word.p[i] | 32) <= 'z');
	if (!letters || slice_istarts(rest, SLICE_LIT(":")) ||
	    (slice_chr(rest, ':') == rest.n && !slice_istarts(rest, SLICE_LIT("//"))))
		return RC_OK;
	return err_set(e, RC_BAD, "'%.*s:' is none of udp:, tcp:, tls:, sip:, sips:", SLICE_ARG(word));
}

/* Cuts ";a=b;c" and "?…" off a URI and takes the transport from it. */
static enum rc
cut_params(struct slice *s, struct dest *d, struct err *e)
{
	struct slice params = slice_skip(*s, slice_chr(*s, ';')), name = SLICE_LIT("transport=");

	*s = slice_head(*s, s->n - params.n);
	*s = slice_head(*s, slice_chr(*s, '?'));
	params = slice_head(params, slice_chr(params, '?'));
	while (params.n > 0) {
		struct slice p = slice_skip(params, 1);

		p = slice_head(p, slice_chr(p, ';'));
		params = slice_skip(params, 1 + p.n);
		if (!slice_istarts(p, name))
			continue;
		p = slice_skip(p, name.n);
		if (transport_parse(p, &d->transport) != RC_OK || d->transport > TRANSPORT_TLS)
			return err_set(e, RC_BAD, "transport '%.*s' is none of udp, tcp, tls", SLICE_ARG(p));
	}
	return RC_OK;
}

/* "HOST", "HOST:PORT", "[IPv6]", "[IPv6]:PORT". Without a port d->port stays. */
static enum rc
host_port(struct slice s, struct dest *d, struct err *e)
{
	struct slice host = slice_head(s, slice_chr(s, ':')), port;
	uint64_t v;

	if (s.n > 0 && s.p[0] == '[') {
		size_t end = slice_chr(s, ']');

		if (end == s.n)
			return err_set(e, RC_BAD, "no ']' behind the address");
		host = slice_of(s.p + 1, end - 1);
		s = slice_skip(s, end + 1);
		if (s.n > 0 && s.p[0] != ':')
			return err_set(e, RC_BAD, "'%.*s' behind the address", SLICE_ARG(s));
		port = slice_skip(s, 1);
	} else {
		s = slice_skip(s, host.n);
		port = slice_skip(s, 1);
		if (slice_chr(port, ':') != port.n)
			return err_set(e, RC_BAD, "an IPv6 address needs brackets: [::1]:9060");
	}
	if (host.n == 0 || host.n >= sizeof(d->host) || memchr(host.p, '\0', host.n) != NULL)
		return err_set(e, RC_BAD, "no host");
	if (slice_chr(host, '/') != host.n || slice_chr(host, ' ') != host.n)
		return err_set(e, RC_BAD, "'%.*s' is no host: write udp:HOST:PORT", SLICE_ARG(host));
	if (s.n > 0) {
		if (!slice_u64(port, UINT16_MAX, &v) || v == 0)
			return err_set(e, RC_BAD, "'%.*s' is no port from 1 to 65535", SLICE_ARG(port));
		d->port = (uint16_t)v;
	}
	memcpy(d->host, host.p, host.n);
	d->host[host.n] = '\0';
	return RC_OK;
}

enum rc
dest_parse(struct slice text, struct dest *out, struct err *e)
{
	const struct scheme *scheme = find_scheme(text);
	struct dest d = { .transport = TRANSPORT_UDP };
	enum rc rc;

	if (text.n == 0)
		return err_set(e, RC_BAD, "no destination: write udp:HOST:PORT");
	if (scheme == NULL && (rc = no_scheme(text, e)) != RC_OK)
		return rc;
	if (scheme != NULL) {
		d.transport = scheme->transport;
		text = slice_skip(text, strlen(scheme->name));
	}
	if (scheme != NULL && scheme->uri) {
		size_t at = slice_chr(text, '@');

		if ((rc = cut_params(&text, &d, e)) != RC_OK)
			return rc;
		if (at < text.n)
			text = slice_skip(text, at + 1);
		d.port = d.transport == TRANSPORT_TLS ? SIPS_PORT : SIP_PORT;
	}
	if ((rc = host_port(text, &d, e)) != RC_OK)
		return rc;
	if (d.port == 0)
		return err_set(e, RC_BAD, "no port: write HOST:PORT");
	*out = d;
	return RC_OK;
}
