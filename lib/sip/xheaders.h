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
 * Content-Length counts the body alone, so nothing else of the message changes, and without the lines it is what it was.
 */
#include "base/buf.h"
#include "base/rc.h"
#include "net/addr.h"
#include "sip/index.h"

struct xheaders {
	uint8_t transport;	/* TRANSPORT_NONE is written as udp, as the module does */
	struct addr src, dst;	/* FAMILY_NONE: not known */
	uint64_t time_ns;	/* written and read to the microsecond */
	struct slice method;	/* empty: not known; so is written what is no token */
	struct slice direction;	/* "in", "out", empty: not known */
};

/* Offset of the empty line that ends the headers, where the lines belong. RC_BAD: the headers do not end in `msg`. */
enum rc xheaders_place(const struct sip_index *x, struct slice msg, size_t *off) MUST_USE;
/* Appends the five lines. */
void xheaders_write(const struct xheaders *x, struct buf *out);

/* Where the lines of one block are: whole lines with their ends, ascending, neighbours joined. */
struct xheaders_lines {
	struct sip_span cut[5];
	uint8_t n;
	uint32_t bytes;		/* of all of them */
};

/*
 * Reads one block: of each of the five headers the last, which is what the last writer put there (whoever sent the original may
 * have put some of his own before). They may be in any order, between others, in any case, folded, ended by CRLF or LF. *out
 * borrows from `msg`.
 *
 * RC_BAD: not SIP, the headers do not end, one of the five is missing, or has a value that cannot be used: the time 0 0 and the empty
 * method of the module's trace_mode=4 are such. Read is also what the module writes at times: IPv6 without brackets, an address
 * without transport (trace_local_ip), and any:255.255.255.255 for one that is not known. Of two transports the destination's counts.
 */
enum rc xheaders_read(struct slice msg, struct xheaders *out, struct xheaders_lines *lines) MUST_USE;
/* Appends `msg` without the lines, of which all else stays as it is. */
void xheaders_remove(struct slice msg, const struct xheaders_lines *lines, struct buf *out);
/* Turns the index of a message into that of the same without the lines. RC_BAD: it is not its index (it points into the lines). */
enum rc xheaders_shift(const struct xheaders_lines *lines, struct sip_index *x) MUST_USE;
#endif
