/* SPDX-License-Identifier: MIT */
#ifndef SIP_MSG_H
#define SIP_MSG_H
/*
 * msg - the one-pass scanner (RFC 3261 7, 25.1) and header access without a full parse.
 *
 * Takes what real traffic has: CRLF or bare LF line ends (mixed too), compact names (RFC 3261 7.3.3, RFC
 * 3265, RFC 4028 and the IANA list), folded headers (7.3.1), any header order, leading CRLFs (7.5), tags inside quoted
 * display names left alone, messages cut by the capture. No allocation, no global state, linear in the bytes.
 */
#include "base/rc.h"
#include "sip/index.h"

/*
 * Fills *x from `msg`.
 * RC_OK    it begins with a request line ("METHOD URI SIP/2.0") or a status line ("SIP/2.0 NNN …"), perhaps
 *          after CRLFs; *x says what was found (flags: CUT, UNUSUAL)
 * RC_MORE  could become one with more bytes: a prefix of a start line
 * RC_BAD   is none; *x is zero
 * Of repeated headers the first counts (and UNUSUAL is set for those that may stand only once).
 *
 * Where it is generous, UNUSUAL says so: any version counts as SIP ("SIP/7.0", RFC 4475 3.1.2.16), never another protocol; any
 * token of at most 32 KiB is a method; a status beyond 100..999 is brought there. A start line has at most 64 KiB.
 * A header line whose end is not there (CUT) is not indexed: half a Call-ID would be another call.
 */
enum rc sip_scan(struct slice msg, struct sip_index *x) MUST_USE;

/* Cheap: could these bytes begin a SIP message (method token and a space, or "SIP/2.0 ")? Leading CRLFs are allowed. Where
 * the whole line is there, it is a SIP start line; a mere prefix of a method is not enough. */
bool sip_looks_like(struct slice bytes);

/*
 * Walks headers. Start with pos = 0 (the start line is skipped). *name has no trailing blanks, *value is
 * trimmed and may contain line folds (CRLF + blank), see sip_unfold. RC_END at the empty line or the end of bytes;
 * lines without a colon are passed over.
 */
enum rc sip_header_next(struct slice msg, size_t *pos, struct slice *name, struct slice *value) MUST_USE;

/*
 * The nth (0 = first, negative counts from the last: -1) header of this name, any case, long or compact form.
 * False where there is none.
 */
bool sip_header(struct slice msg, struct slice name, int nth, struct slice *value);

/*
 * The next header of this name from *pos on (0: the first), as sip_header; *pos moves behind it. One whose line end is not there
 * (cut) is none: half a value would be another. Faster than sip_header_next, as other lines are hardly looked at.
 */
bool sip_header_find(struct slice msg, size_t *pos, struct slice name, struct slice *value);

/* The same name for header comparison, long and compact form alike ("i" and "Call-ID"). */
bool sip_header_is(struct slice have, struct slice want);

/*
 * Parts of a From, To, Contact … value (name-addr or addr-spec, RFC 3261 25.1): display name without quotes' outer
 * pair, the URI without <>, and the header parameters after it (";tag=…", as they stand). Absent parts { NULL, 0 }.
 */
struct sip_nameaddr {
	struct slice display, uri, params;
};
/* One value. RC_BAD: an open quote, no '>', no URI …; *out is what could be read all the same. */
enum rc sip_nameaddr(struct slice value, struct sip_nameaddr *out) MUST_USE;

/*
 * Parts of a SIP, SIPS or tel URI (its number is the user); absent parts { NULL, 0 }. host of IPv6 keeps its brackets, user its
 * parameters ("1;phone-context=x" in sip:1;phone-context=x@h), params begins with ';', headers is what follows '?'. Of other
 * schemes user and host where there is an '@'. RC_BAD: no scheme, no host or number, an impossible port; *out is what could be read.
 */
struct sip_uri {
	struct slice scheme, user, password, host, port, params, headers;
};
enum rc sip_uri(struct slice uri, struct sip_uri *out) MUST_USE;

/*
 * Value of the parameter `name` (any case) in ";a=b;c" text; quoted strings are respected, their value comes without the
 * quotes. An empty value, or none, has p != NULL.
 */
bool sip_param(struct slice params, struct slice name, struct slice *value);
/* The same in "a=b;c" text, whose first parameter has no ';' before it (P-Charging-Vector). */
bool sip_param_list(struct slice params, struct slice name, struct slice *value);

/*
 * The next of the comma-separated values of a Via header, trimmed; commas in quoted strings separate nothing, and '<' is a
 * character like others. False when none is left. A quoted string that does not end takes the rest.
 */
bool sip_via_next(struct slice *list, struct slice *value);

/*
 * Parts of one Via value: "UDP", "host:port" as it stands, ";branch=…". RC_BAD: another protocol than SIP/2.0, or one of
 * the first two is missing; *out is what could be read.
 */
struct sip_via {
	struct slice transport, sent_by, params;
};
enum rc sip_via(struct slice value, struct sip_via *out) MUST_USE;

/* Request line parts; RC_BAD for a reply. */
enum rc sip_request_uri(struct slice msg, struct slice *uri) MUST_USE;
/* Reason phrase of a reply (may be empty); RC_BAD for a request. */
enum rc sip_reason(struct slice msg, struct slice *reason) MUST_USE;

/* The top Via's sent-by ("host:port" as it stands) and transport ("UDP"). */
enum rc sip_top_via(struct slice msg, struct slice *transport, struct slice *sent_by) MUST_USE;

/* Copies `value` with each fold turned into one space; returns the new length (<= value.n). out has value.n bytes. */
size_t sip_unfold(struct slice value, uint8_t *out);
#endif
