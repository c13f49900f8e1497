/* SPDX-License-Identifier: MIT */
#ifndef SIP_OSIP_H
#define SIP_OSIP_H
/*
 * osip - what a message means beyond its index and headers: a full parse by libosip2, which only this module names.
 *
 * It costs some forty times a scan, so parse only when something asks: escaped URIs and their parameters, messages that the
 * scanner calls unusual. For header values, URI parts and parameters as they stand see msg.h.
 *
 * libosip2 refuses much that real traffic has: cut headers, unquoted UTF-8 display names, repeated Call-ID, From, CSeq or
 * Content-Length, NUL in a header, blanks in the request URI. Where it does, use msg.h.
 * An error of its own is not passed on: a reply without a reason phrase keeps its first header. Bodies are kept from it: its
 * multipart parser loses memory on wrong ones, and one that the capture cut would have the whole message refused.
 *
 * Threads: one sip_full a thread.
 */
#include "base/rc.h"
#include "base/slice.h"

/*
 * Larger messages, and those with more parts (header lines, list members, parameters), are not parsed: libosip2's lists cost the
 * square of their length. What is left costs some milliseconds at most.
 */
#define SIP_FULL_MAX (64u << 10)	/* bytes */
#define SIP_FULL_PARTS 1024

struct sip_full;

struct sip_full *sip_full_new(void);
void sip_full_free(struct sip_full *);	/* NULL is fine */

/*
 * Parses `msg`, which is copied. Ends what was lent of the message before. RC_BAD: refused; RC_LIMIT: too large. After either
 * nothing is there.
 */
enum rc sip_full_parse(struct sip_full *, struct slice msg) MUST_USE;

/* All slices below are lent until the next parse; what is not there is { NULL, 0 }. False: no such thing in the message. */

struct sip_full_start {
	unsigned status;	/* 0: a request */
	struct slice method;	/* of a request */
	struct slice reason;
};
bool sip_full_start(const struct sip_full *, struct sip_full_start *out);

bool sip_full_callid(const struct sip_full *, struct slice *out);
bool sip_full_cseq(const struct sip_full *, struct slice *number, struct slice *method);
bool sip_full_length(const struct sip_full *, struct slice *number);

enum sip_full_where { SIP_FULL_RURI, SIP_FULL_FROM, SIP_FULL_TO, SIP_FULL_CONTACT };

/* A URI with its escapes undone (RFC 3261 19.1.2). The host of IPv6 has no brackets. */
struct sip_full_uri {
	struct slice scheme, user, password, host, port;
	struct slice opaque;	/* all after the scheme, where that is not sip or sips */
};
/* nth: which Contact, 0 = first; 0 for the others. */
bool sip_full_uri(const struct sip_full *, enum sip_full_where, unsigned nth, struct sip_full_uri *out);
/* A parameter of that URI, any case, escapes undone; without a value { NULL, 0 }. */
bool sip_full_uri_param(const struct sip_full *, enum sip_full_where, unsigned nth, const char *name, struct slice *value);
/* A parameter of the header ("tag", "expires"); there is none in the request URI. */
bool sip_full_param(const struct sip_full *, enum sip_full_where, unsigned nth, const char *name, struct slice *value);

struct sip_full_via {
	struct slice transport, host, port, branch;
};
bool sip_full_via(const struct sip_full *, unsigned nth, struct sip_full_via *out);
#endif
