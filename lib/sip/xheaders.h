/* SPDX-License-Identifier: MIT */
#ifndef SIP_XHEADERS_H
#define SIP_XHEADERS_H
/*
 * xheaders - the five lines that siptrace puts into a duplicated message (xheaders_write=1), so that who gets the duplicate knows
 * where the original went. In this order, after the last header and before the empty line, CRLF each:
 *
 *	X-Siptrace-Fromip: udp:192.0.2.1:5060
 *	X-Siptrace-Toip: udp:[2001:db8::1]:5060
 *	X-Siptrace-Time: 1795375230 123456		seconds, microseconds without leading zeros
 *	X-Siptrace-Method: INVITE			of a reply: CSeq's
 *	X-Siptrace-Dir: in				in, out
 *
 * The module reads them back with scanf, which takes an empty value for the next line's: what is not known is written as "-".
 */
#include "base/buf.h"
#include "base/rc.h"
#include "net/addr.h"
#include "sip/index.h"

struct xheaders {
	uint8_t transport;	/* TRANSPORT_NONE is written as udp, as the module does */
	struct addr src, dst;
	uint64_t time_ns;
	struct slice method;
	struct slice direction;
};

/* Offset of the empty line that ends the headers, where the lines belong. RC_BAD: the headers do not end in `msg`. */
enum rc xheaders_place(const struct sip_index *x, struct slice msg, size_t *off) MUST_USE;
/* Appends the five lines. */
void xheaders_write(const struct xheaders *x, struct buf *out);
#endif
