/* SPDX-License-Identifier: MIT */
#include "net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char *const transports[] = {
	[TRANSPORT_NONE] = "",
	[TRANSPORT_UDP] = "udp",
	[TRANSPORT_TCP] = "tcp",
	[TRANSPORT_TLS] = "tls",
	[TRANSPORT_WS] = "ws",
	[TRANSPORT_WSS] = "wss",
	[TRANSPORT_SCTP] = "sctp",
};

#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

const char *
transport_name(uint8_t transport)
{
	return transport < TRANSPORTS ? transports[transport] : "";
}

enum rc
transport_parse(struct slice s, uint8_t *out)
{
	for (uint8_t i = 1; i < TRANSPORTS; i++)
		if (slice_ieq(s, slice_str(transports[i]))) {
			*out = i;
			return RC_OK;
		}
	return RC_BAD;
}

size_t
addr_format(const struct addr *a, char out[static ADDR_TEXT])
{
	int af = a->family == FAMILY_IP4 ? AF_INET : AF_INET6;

	if (a->family == FAMILY_NONE || inet_ntop(af, a->ip, out, ADDR_TEXT) == NULL)
		out[0] = '\0';
	return strlen(out);
}

static size_t
bracketed(const struct addr *a, char *out, size_t size, const char *scheme)
{
	char text[ADDR_TEXT];
	int n;

	addr_format(a, text);
	if (a->family == FAMILY_IP6)
		n = snprintf(out, size, "%s[%s]:%u", scheme, text, a->port);
	else
		n = snprintf(out, size, "%s%s:%u", scheme, text, a->port);
	return (size_t)n;
}

size_t
addr_port_format(const struct addr *a, char out[static ADDR_PORT_TEXT])
{
	return bracketed(a, out, ADDR_PORT_TEXT, "");
}

size_t
socket_format(uint8_t transport, const struct addr *a, char out[static SOCKET_TEXT])
{
	char scheme[8] = "";

	if (a->family == FAMILY_NONE) {
		out[0] = '\0';
		return 0;
	}
	if (transport_name(transport)[0] != '\0')
		snprintf(scheme, sizeof(scheme), "%s:", transport_name(transport));
	return bracketed(a, out, SOCKET_TEXT, scheme);
}

enum rc
addr_parse(struct slice s, struct addr *out)
{
	struct addr a = { .family = FAMILY_IP4 };
	char text[ADDR_TEXT];

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s = slice_of(s.p + 1, s.n - 2);
		a.family = FAMILY_IP6;
	}
	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return RC_BAD;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (strchr(text, ':') != NULL)
		a.family = FAMILY_IP6;
	if (inet_pton(a.family == FAMILY_IP4 ? AF_INET : AF_INET6, text, a.ip) != 1)
		return RC_BAD;
	*out = a;
	return RC_OK;
}

/* Splits at the colon that begins the port; the port is required where there is one. */
static enum rc
split_port(struct slice s, size_t colon, struct addr *out)
{
	uint64_t port;

	if (!slice_u64(slice_skip(s, colon + 1), UINT16_MAX, &port))
		return RC_BAD;
	if (addr_parse(slice_head(s, colon), out) != RC_OK)
		return RC_BAD;
	out->port = (uint16_t)port;
	return RC_OK;
}

static size_t
last_colon(struct slice s)
{
	for (size_t i = s.n; i-- > 0;)
		if (s.p[i] == ':')
			return i;
	return s.n;
}

enum rc
addr_port_parse(struct slice s, struct addr *out)
{
	size_t colon = last_colon(s);

	if (colon == s.n || s.p[s.n - 1] == ']')
		return addr_parse(s, out);
	if (s.p[0] != '[' && slice_chr(s, ':') != colon)	/* bare IPv6 */
		return addr_parse(s, out);
	return split_port(s, colon, out);
}

enum rc
socket_parse(struct slice s, uint8_t *transport, struct addr *out)
{
	size_t colon = slice_chr(s, ':');
	struct addr a;
	uint8_t tr;

	if (colon == s.n || transport_parse(slice_head(s, colon), &tr) != RC_OK)
		return RC_BAD;
	s = slice_skip(s, colon + 1);
	colon = last_colon(s);
	if (colon == s.n || split_port(s, colon, &a) != RC_OK)
		return RC_BAD;
	*transport = tr;
	*out = a;
	return RC_OK;
}

bool
addr_host_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_host_eq(a, b);
}

/* Moves a ":PORT" at the end of `s` into *port. Bare IPv6 has none: it needs brackets. */
static enum rc
cut_port(struct slice *s, uint16_t *port)
{
	size_t colon = last_colon(*s);
	uint64_t v;

	if (colon == s->n || s->p[s->n - 1] == ']')
		return RC_OK;
	if (s->p[0] != '[' && slice_chr(*s, ':') != colon)
		return RC_OK;
	if (s->p[0] == '[' && slice_chr(*s, ']') > colon)
		return RC_OK;
	if (!slice_u64(slice_skip(*s, colon + 1), UINT16_MAX, &v))
		return RC_BAD;
	*port = (uint16_t)v;
	*s = slice_head(*s, colon);
	return RC_OK;
}

enum rc
addr_net_parse(struct slice s, bool with_port, struct addr_net *out)
{
	struct addr_net n = { 0 };
	uint64_t bits = UINT64_MAX;
	uint16_t port = 0;
	size_t slash;

	if (with_port && cut_port(&s, &port) != RC_OK)
		return RC_BAD;
	slash = slice_chr(s, '/');
	if (slash < s.n && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s = slice_of(s.p + 1, s.n - 2);
		slash--;
	}
	if (slash < s.n && !slice_u64(slice_skip(s, slash + 1), 128, &bits))
		return RC_BAD;
	if (addr_parse(slice_head(s, slash), &n.net) != RC_OK)
		return RC_BAD;
	if (bits == UINT64_MAX)
		bits = n.net.family == FAMILY_IP4 ? 32 : 128;
	if (n.net.family == FAMILY_IP4 && bits > 32)
		return RC_BAD;
	n.bits = (uint8_t)bits;
	n.net.port = port;
	*out = n;
	return RC_OK;
}

bool
addr_net_has(const struct addr_net *n, const struct addr *a)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (a->family != n->net.family || (n->net.port != 0 && n->net.port != a->port))
		return false;
	if (memcmp(a->ip, n->net.ip, whole) != 0)
		return false;
	return rest == 0 || ((a->ip[whole] ^ n->net.ip[whole]) & (0xff00u >> rest & 0xff)) == 0;
}
