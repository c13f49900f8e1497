/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a SIP message: every part lies within them, a second scan says the same, a prefix says nothing else than the
 * whole, and header access finds what the scanner found.
 */
#include <stdlib.h>

#include "sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
inside(struct slice whole, struct slice part)
{
	must(part.p == NULL ? part.n == 0 : part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_value(struct slice v)
{
	struct sip_nameaddr na;
	struct sip_uri u;
	struct sip_via via;
	struct slice list = v, one, tag;

	while (sip_via_next(&list, &one)) {
		inside(v, one);
		(void)!sip_nameaddr(one, &na);
		inside(one, na.display), inside(one, na.uri), inside(one, na.params);
		(void)!sip_uri(na.uri, &u);
		inside(na.uri, u.scheme), inside(na.uri, u.user), inside(na.uri, u.password), inside(na.uri, u.host);
		inside(na.uri, u.port), inside(na.uri, u.params), inside(na.uri, u.headers);
		if (na.params.p != NULL && sip_param(na.params, SLICE_LIT("tag"), &tag))
			inside(na.params, tag);
		(void)!sip_via(one, &via);
		inside(one, via.transport), inside(one, via.sent_by), inside(one, via.params);
	}
}

static void
check_headers(struct slice msg)
{
	struct slice name, value, again;
	size_t pos = 0, last = 0;
	uint8_t *room = malloc(msg.n + 1);
	int n = 0;

	while (sip_header_next(msg, &pos, &name, &value) == RC_OK) {
		must(pos > last && pos <= msg.n);
		last = pos;
		inside(msg, name), inside(msg, value);
		must(sip_unfold(value, room) <= value.n);
		must(sip_header_is(name, name));
		if (n++ < 50)
			must(sip_header(msg, name, -1, &again) && again.p >= value.p);
		check_value(value);
	}
	free(room);
}

static void
check_index(struct slice msg, const struct sip_index *x)
{
	struct slice v, part = sip_part(x, msg, SIP_SPAN_CALLID);

	for (int i = 0; i < SIP_SPANS; i++)
		must((uint64_t)x->span[i].off + x->span[i].len <= msg.n);
	must(x->body <= msg.n && x->vias <= SIP_VIAS && x->status < 1000 && (x->status == 0 || x->status >= 100));
	must((x->body == 0) == ((x->flags & SIP_CUT) != 0));
	must((x->status == 0) == (x->method != SIP_METHOD_NONE));
	if ((x->flags & SIP_CUT) == 0) {
		must(sip_header(msg, SLICE_LIT("i"), 0, &v) == (part.p != NULL));
		must(part.p == NULL || (v.p == part.p && v.n == part.n));
	}
}

static void
check_prefix(struct slice msg, const struct sip_index *x, size_t n)
{
	struct sip_index part;

	if (sip_scan(slice_head(msg, n), &part) != RC_OK)
		return;
	/* only what comes next could tell that the last line goes on */
	if (n > 0 && n < msg.n && msg.p[n - 1] == '\n' && (msg.p[n] == ' ' || msg.p[n] == '\t'))
		return;
	for (int i = 0; i < SIP_SPANS; i++)
		must(part.span[i].off == 0 || (part.span[i].off == x->span[i].off && part.span[i].len == x->span[i].len));
	must(part.vias <= x->vias && memcmp(part.via, x->via, part.vias * sizeof(part.via[0])) == 0);
	must(part.status == x->status && (part.body == 0 || part.body == x->body));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice msg = slice_of(p, n);
	struct sip_index x, y;
	struct slice uri, reason, transport, sent_by;
	enum rc rc = sip_scan(msg, &x);

	must(rc == sip_scan(msg, &y) && memcmp(&x, &y, sizeof(x)) == 0);
	must(rc != RC_OK || sip_looks_like(msg));
	must(rc != RC_BAD || !sip_looks_like(msg));
	must((sip_request_uri(msg, &uri) == RC_OK) == (rc == RC_OK && x.status == 0));
	must((sip_reason(msg, &reason) == RC_OK) == (rc == RC_OK && x.status > 0));
	check_headers(msg);
	if (rc != RC_OK)
		return 0;
	check_index(msg, &x);
	if (sip_top_via(msg, &transport, &sent_by) == RC_OK)
		inside(msg, transport), inside(msg, sent_by);
	for (size_t k = 0, step = n / 64 + 1; k < n; k += step)
		check_prefix(msg, &x, k);
	return 0;
}
