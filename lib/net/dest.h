/* SPDX-License-Identifier: MIT */
#ifndef NET_DEST_H
#define NET_DEST_H
/*
 * dest - where a sink delivers to, as users write it:
 *
 *	udp:HOST:PORT  tcp:HOST:PORT  tls:HOST:PORT  HOST:PORT (UDP)
 *	sip:[USER@]HOST[:PORT][;transport=udp|tcp|tls][;…]  sips:…    (RFC 3261 19.1; siptrace's duplicate_uri)
 *
 * HOST is a name, an IPv4 address, or an IPv6 address in brackets. Only a SIP URI may do without a port: 5060, 5061 for TLS.
 */
#include "net/addr.h"

struct dest {
	uint8_t transport;	/* TRANSPORT_UDP, _TCP, _TLS */
	uint16_t port;
	char host[256];		/* without brackets */
};

/* RC_BAD: `err` says what is wrong with the text, without repeating it. */
enum rc dest_parse(struct slice text, struct dest *out, struct err *) MUST_USE;
/* The text begins with a scheme that dest_parse knows ("udp:", "sip:" …), so it is meant to be a destination. */
bool dest_has_scheme(struct slice text);
#endif
