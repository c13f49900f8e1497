/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FLOW_H
#define TESTS_FLOW_H
/*
 * SIP messages from one line each:
 *
 *	TIME METHOD        CALLID FROMTAG TOTAG CSEQ VIA[,VIA…] [FROMUSER] [|HEADER…]
 *	TIME STATUS/METHOD …
 *	TIME tick
 *
 * "-" for CALLID, a tag or a VIA: it has none (the Via: no branch). TIME in seconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define FLOW_SECOND 1000000000ULL
#define FLOW_START (1700000000 * FLOW_SECOND)

enum flow_kind { FLOW_WRONG, FLOW_MESSAGE, FLOW_TICK };

static inline void
flow_tag(struct buf *b, const char *header, const char *user, const char *tag)
{
	buf_printf(b, "%s: <sip:%s@example.com>%s%s\r\n", header, user, tag[0] != '-' ? ";tag=" : "", tag[0] != '-' ? tag : "");
}

static inline enum flow_kind
flow_build(const char *text, uint64_t *time_ns, struct buf *b)
{
	char what[32], callid[40], from[40], to[40], vias[200], user[32] = "alice", *rest;
	const char *slash, *headers = strchr(text, '|');
	double t;
	unsigned cseq;
	int n = sscanf(text, "%lf %31s %39s %39s %39s %u %199[^| \n] %31[^| \n]", &t, what, callid, from, to, &cseq, vias, user);

	if (n < 2)
		return FLOW_WRONG;
	*time_ns = FLOW_START + (uint64_t)(t * 1000 + 0.5) * (FLOW_SECOND / 1000);
	if (n == 2 && strcmp(what, "tick") == 0)
		return FLOW_TICK;
	if (n < 7)
		return FLOW_WRONG;
	slash = strchr(what, '/');
	buf_clear(b);
	if (slash != NULL)
		buf_printf(b, "SIP/2.0 %.3s Because\r\n", what);
	else
		buf_printf(b, "%s sip:bob@example.com SIP/2.0\r\n", what);
	for (char *v = strtok_r(vias, ",", &rest); v != NULL; v = strtok_r(NULL, ",", &rest))
		buf_printf(b, "Via: SIP/2.0/UDP host%s%s\r\n", v[0] != '-' ? ";branch=z9hG4bK" : "", v[0] != '-' ? v : "");
	flow_tag(b, "From", user, from);
	flow_tag(b, "To", "bob", to);
	if (callid[0] != '-')
		buf_printf(b, "Call-ID: %s\r\n", callid);
	buf_printf(b, "CSeq: %u %s\r\n", cseq, slash != NULL ? slash + 1 : what);
	if (headers != NULL)
		buf_printf(b, "%s\r\n", headers + 1);
	buf_str(b, "Content-Length: 0\r\n\r\n");
	return FLOW_MESSAGE;
}
#endif
