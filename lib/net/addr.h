/* SPDX-License-Identifier: MIT */
#ifndef NET_ADDR_H
#define NET_ADDR_H
/*
 * addr - an IP address with a port, and the transports of SIP. Binary everywhere; text only at the edges.
 *
 * Text forms: an address is "192.0.2.1" or "2001:db8::1" (RFC 5952); with a port "192.0.2.1:5060" or
 * "[2001:db8::1]:5060"; siptrace's socket form puts the transport before it: "udp:192.0.2.1:5060",
 * "udp:[2001:db8::1]:5060" (read also without the brackets, as the module writes it in one mode).
 */
#include "base/err.h"
#include "base/slice.h"

enum family {
	FAMILY_NONE = 0,	/* no address is known */
	FAMILY_IP4 = 4,
	FAMILY_IP6 = 6,
};

struct addr {
	uint8_t ip[16];		/* network order; IPv4 in the first four bytes, the rest zero */
	uint16_t port;		/* host order; 0 = none */
	uint8_t family;		/* enum family */
};

/* Values are those of the trace record stream. */
enum transport {
	TRANSPORT_NONE = 0,
	TRANSPORT_UDP = 1,
	TRANSPORT_TCP = 2,
	TRANSPORT_TLS = 3,
	TRANSPORT_WS = 4,
	TRANSPORT_WSS = 5,
	TRANSPORT_SCTP = 6,
};

/* "udp", "tcp" …; "" for TRANSPORT_NONE or a value that is none. Static. */
const char *transport_name(uint8_t transport);
/* Any case; RC_BAD if it is none of them. */
enum rc transport_parse(struct slice s, uint8_t *out) MUST_USE;

#define ADDR_TEXT 48		/* "ffff:…:255.255.255.255" and NUL */
#define ADDR_PORT_TEXT 56	/* "[…]:65535" */
#define SOCKET_TEXT 64		/* "sctp:[…]:65535" */
/* Each writes NUL-terminated text, returns its length. FAMILY_NONE gives "". */
size_t addr_format(const struct addr *a, char out[static ADDR_TEXT]);
size_t addr_port_format(const struct addr *a, char out[static ADDR_PORT_TEXT]);
size_t socket_format(uint8_t transport, const struct addr *a, char out[static SOCKET_TEXT]);

/* "1.2.3.4", "::1", "[::1]"; the port becomes 0. */
enum rc addr_parse(struct slice s, struct addr *out) MUST_USE;
/* The same with an optional ":port" ("[::1]:5060", "1.2.3.4:5060"). */
enum rc addr_port_parse(struct slice s, struct addr *out) MUST_USE;
/* "udp:1.2.3.4:5060", "udp:[::1]:5060", "udp:::1:5060" (the last colon begins the port). */
enum rc socket_parse(struct slice s, uint8_t *transport, struct addr *out) MUST_USE;

/* Same family, address and port. */
bool addr_eq(const struct addr *a, const struct addr *b);
/* Same family and address, whatever the ports. */
bool addr_host_eq(const struct addr *a, const struct addr *b);

/* A CIDR block, with the port as a further condition where it is not 0. */
struct addr_net {
	struct addr net;
	uint8_t bits;		/* prefix length, 0..32 or 0..128 */
};

/* "ADDR[/LEN]"; with `with_port` also "ADDR[/LEN]:PORT" and "[ADDR/LEN]:PORT", "[ADDR]/LEN:PORT". */
enum rc addr_net_parse(struct slice s, bool with_port, struct addr_net *out) MUST_USE;
bool addr_net_has(const struct addr_net *n, const struct addr *a);
#endif
