/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H
/*
 * filter - a BPF expression (pcap-filter(7)) over packets of any link type: compiled once for each type that comes up.
 *
 * A filter sees packets, not messages, and fragments after the first have no ports: so all of those pass beside what the
 * expression names, or no fragmented message would ever be whole.
 */
#include "base/buf.h"
#include "base/err.h"
#include "packet/packet.h"

struct filter;
/* RC_BAD: no link type can be filtered with it; the error says why. */
enum rc filter_new(const char *expression, struct filter **out, struct err *) MUST_USE;
void filter_free(struct filter *);	/* NULL is fine */
/*
 * RC_OK it passes; RC_END it does not; RC_BAD the expression has no meaning on this packet's link type, so it does not (*err is
 * filled the first time for each type, later its text is empty).
 */
enum rc filter_match(struct filter *, const struct packet *, struct err *) MUST_USE;

/* `expression` with later fragments let pass; what is compiled. Appends. */
void filter_text(const char *expression, struct buf *out);
/*
 * The expression that takes SIP from an interface when the user gives none: UDP that begins with two capital letters, as methods
 * and "SIP/" do, or with CRLF; TCP on SIP's ports; IP fragments; all that within VLAN tags too if `vlan`.
 */
void filter_sip(bool vlan, struct buf *out);
#endif
