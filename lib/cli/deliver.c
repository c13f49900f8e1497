/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "cli/deliver_impl.h"
#include "cli/diag.h"
#include "cli/sig.h"
#include "hep/hep.h"
#include "net/dest.h"
#include "sip/msg.h"

#define OPENING_NS UINT64_C(1000000000)	/* what a log line waits for the addresses it shows */

/* The part of an ATTR_DEST that names the destination; absent if it is for another sink. */
static struct slice
own_dest(const struct deliver *d, struct slice text)
{
	struct slice scheme = slice_str(d->conf.scheme);
	bool ours = slice_istarts(text, scheme) || (d->conf.keep_scheme && slice_istarts(text, SLICE_LIT("sips:")));

	if (!ours)
		return (struct slice){ NULL, 0 };
	return d->conf.keep_scheme ? text : slice_skip(text, scheme.n);
}

/* The target that a record names; NULL if it can be none, or there is no room for another one. */
static struct target *
find_target(struct deliver *d, struct slice text)
{
	struct target *t;
	struct dest parsed;
	struct err e = { .text = "" };

	for (size_t i = 0; i < d->n; i++)
		if (slice_eq(text, slice_of(d->target[i]->text, d->target[i]->text_n)))
			return d->target[i];
	/* With blanks it would be a list for --failover. */
	if (slice_chr(text, ' ') != text.n ? err_set(&e, RC_BAD, "no destination") : dest_parse(text, &parsed, &e)) {
		diag_count("records with a wrong destination", "%.*s: %s", SLICE_ARG(text), e.text);
		return NULL;	/* it takes no room from others */
	}
	if (d->n == DELIVER_TARGETS) {
		diag_count("too many destinations", "%.*s: more than %d destinations in the records", SLICE_ARG(text), DELIVER_TARGETS);
		return NULL;
	}
	t = deliver_target(d, text, &e);	/* one that cannot be used is remembered too */
	if (t->outlet == NULL)
		diag("%s: %s", t->text, e.text);
	return t;
}

static bool
among(struct target *const *list, size_t n, const struct target *t)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == t)
			return true;
	return false;
}

/* Where the record goes by its own attributes. *named: it asks for some destination, even if none of them can be used. */
static size_t
route(struct deliver *d, const struct record *r, struct target *out[static DELIVER_ROUTES], bool *named)
{
	struct slice rest = r->attrs, value;
	size_t n = 0;
	uint16_t type;

	*named = false;
	while (attr_next(&rest, &type, &value) == RC_OK) {
		struct target *t;

		if (type != ATTR_DEST || (value = own_dest(d, value)).n == 0)
			continue;
		*named = true;
		t = find_target(d, value);
		if (t != NULL && among(out, n, t))
			continue;
		if (t != NULL && t->outlet != NULL && n < DELIVER_ROUTES) {
			out[n++] = t;
			continue;
		}
		if (n == DELIVER_ROUTES)
			diag_count("destinations of a record that are too many", "a record names more than %d destinations", DELIVER_ROUTES);
		deliver_counters[DC_OFFERED].value++;
		deliver_counters[DC_LOST + OUTLET_FAILED].value++;
	}
	return n;
}

/* What the records of a call have in common: correlation id, else Call-ID, else the pair of addresses. */
static uint64_t
call_key(const struct record *r)
{
	struct slice id, packet = r->payload;
	struct sip_index sip;
	struct hep h;

	if (attr_get(r->attrs, ATTR_CORRELATION, &id))
		return hash64_slice(id);
	if (r->marks & MARK_SIP)
		return hash64_slice(sip_part(&r->sip, r->payload, SIP_SPAN_CALLID));
	if (r->kind == KIND_HEP && hep_decode(&packet, &h) == RC_OK) {
		if (h.correlation.n > 0)
			return hash64_slice(h.correlation);
		if (h.type == HEP_TYPE_SIP && sip_scan(h.payload, &sip) == RC_OK)
			return hash64_slice(sip_part(&sip, h.payload, SIP_SPAN_CALLID));
		return hash64(&h.src, sizeof(h.src)) ^ hash64(&h.dst, sizeof(h.dst));
	}
	return hash64(&r->src, sizeof(r->src)) ^ hash64(&r->dst, sizeof(r->dst));
}

static struct target **
balanced(struct deliver *d, const struct record *r)
{
	uint64_t up = 0;

	for (size_t i = 0; i < d->defaults; i++)
		if (outlet_up(d->target[i]->outlet) || outlet_opening(d->target[i]->outlet))
			up |= UINT64_C(1) << i;
	return &d->target[balance_pick(d->balance, call_key(r), up)];
}

/* The targets of a record, in `own` if it names some. */
static struct target **
targets_of(struct deliver *d, const struct record *r, struct target *own[static DELIVER_ROUTES], size_t *n)
{
	bool named;

	*n = r->attrs.n > 0 ? route(d, r, own, &named) : 0;
	if (r->attrs.n > 0 && named) {
		deliver_counters[DC_NO_DEST].value += *n == 0;
		return own;
	}
	*n = d->defaults;
	deliver_counters[DC_NOT_OURS].value += *n == 0;
	if (d->balance == NULL || *n == 0)
		return d->target;
	*n = 1;
	return balanced(d, r);
}

static struct deliver_ends
ends_of(struct deliver *d, const struct record *r, struct target *t)
{
	if (d->conf.shows_ends && r->src.family == FAMILY_NONE && outlet_opening(t->outlet)) {
		uint64_t now = deliver_now_ns();

		if (t->ends_until == 0)		/* all of them together: a dead one must not hold up the others line by line */
			t->ends_until = now + OPENING_NS;
		for (; outlet_opening(t->outlet) && sig_level() < 2 && now < t->ends_until; now = deliver_now_ns())
			(void)deliver_wait(d, -1, t->ends_until - now);
	}
	return (struct deliver_ends){ outlet_local(t->outlet), outlet_peer(t->outlet) };
}

/* The packet counts as lost for this one. */
static void
refuse(const struct target *t, const struct err *why)
{
	diag_count("packets that only UDP carries", "%s: %s", t->text, why->text);
	deliver_counters[DC_OFFERED].value++;
	deliver_counters[DC_LOST + OUTLET_FAILED].value++;
}

void
deliver_put(struct deliver *d, const struct record *r)
{
	struct target *own[DELIVER_ROUTES], **to;
	struct datagram packet = { 0 };
	enum deliver_verdict verdict;
	struct deliver_ends ends;
	struct err e;	/* once a record: not zeroed */
	struct buf *scratch;
	size_t n;

	if (d->batched == DELIVER_BATCH)
		deliver_flush(d);
	scratch = &d->scratch[d->batched++];
	buf_clear(scratch);
	deliver_counters[DC_IN].value++;
	to = targets_of(d, r, own, &n);
	if (n == 0)
		return;
	ends = ends_of(d, r, to[0]);
	e.text[0] = '\0';
	verdict = d->conf.encode(d->conf.arg, r, &ends, scratch, &packet, &e);
	switch (verdict) {
	case DELIVER_NOT_OURS:
		deliver_counters[DC_NOT_OURS].value++;
		return;
	case DELIVER_UNSENDABLE:
		diag_count("messages that cannot be sent", "a message cannot be sent: %s", e.text);
		deliver_counters[DC_UNSENDABLE].value++;
		return;
	case DELIVER_SEND_UDP:
	case DELIVER_SEND:
		break;
	}
	deliver_counters[DC_HANDED].value++;
	for (size_t i = 0; i < n; i++)
		if (verdict == DELIVER_SEND || to[i]->udp)
			to[i]->pending[to[i]->pending_n++] = packet;
		else
			refuse(to[i], &e);
}

/* Another way out is served, so this one alone does not decide the pace. */
static bool
others_served(const struct deliver *d, const struct target *t)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->target[i] != t && d->target[i]->outlet != NULL && outlet_up(d->target[i]->outlet))
			return true;
	return d->tee;
}

/* A full queue of this one holds up the input. */
static bool
holds_up(const struct deliver *d, struct target *t, uint64_t now)
{
	if (!d->wait || sig_level() >= 2)
		return false;
	if (outlet_moving(t->outlet, now)) {
		t->waited_from = now;
		return true;
	}
	return !others_served(d, t) && now < t->waited_from + DELIVER_PATIENCE_NS;
}

/* Offers what is pending; what was taken is taken out. True: the rest has to wait. */
static bool
offer(struct deliver *d, struct target *t, uint64_t now)
{
	size_t k = outlet_put(t->outlet, t->pending, t->pending_n, holds_up(d, t, now), now);

	t->pending_n -= k;
	if (t->pending_n > 0)
		memmove(t->pending, t->pending + k, t->pending_n * sizeof(*t->pending));
	return t->pending_n > 0;
}

void
deliver_flush(struct deliver *d)
{
	uint64_t now = deliver_now_ns();
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < d->n; i++)
			if (d->target[i]->pending_n > 0)
				again |= offer(d, d->target[i], now);
		if (again)
			(void)deliver_wait(d, -1, DELIVER_STEP_NS * 50);
		now = deliver_now_ns();
	}
	d->batched = 0;
	deliver_look_after(d, now);
}

void
deliver_free(struct deliver *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct target *t = d->target[i];

		if (t->outlet != NULL) {
			deliver_settle(t);
			deliver_summary(t);
		}
		outlet_free(t->outlet);
		for (size_t k = 0; k < t->names; k++)
			free(t->name[k]);
		free(t->text);
		free(t);
	}
	for (size_t i = 0; i < DELIVER_BATCH; i++)
		buf_reset(&d->scratch[i]);
	balance_free(d->balance);
	free(d->fds);
	free(d);
}
