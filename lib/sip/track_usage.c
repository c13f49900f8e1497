/* SPDX-License-Identifier: MIT */
#include "base/hash.h"
#include "sip/msg.h"
#include "sip/track_state.h"

#define EVENT_UNKNOWN 1		/* of a SUBSCRIBE that was not seen: the first NOTIFY tells */
#define BY_CALLER 0x80000000u	/* the set's caller is the notifier */
#define DEFAULT_EXPIRES 3600	/* where a subscription's end is nowhere said */

static struct usage *
usage_find(const struct track *k, const struct set *s, uint32_t peer, uint32_t event)
{
	for (uint32_t i = s->usage; i != 0; i = usage_at(k, i)->next)
		if (usage_at(k, i)->peer == peer && usage_at(k, i)->event == event)
			return usage_at(k, i);
	return NULL;
}

static struct usage *
usage_get(struct track *k, struct set *s, uint32_t peer, uint32_t event)
{
	struct usage *u = usage_find(k, s, peer, event);

	if (u == NULL) {
		u = track_usage_new(k, s);
		u->peer = peer;
		u->event = event;
	}
	return u;
}

static uint32_t
peer_of(const struct set *s, const struct track_msg *m)
{
	return m->from == s->caller ? m->to : m->from;
}

static void
confirm(struct track *k, struct set *s, const struct track_msg *m)
{
	struct usage *u = usage_get(k, s, peer_of(s, m), 0);

	if (u->state == 0)
		u->state = USAGE_CONFIRMED;
	else if (u->state == USAGE_BYE_ONLY)
		u->state = USAGE_BYE;
}

static void
move_usage(const struct track *k, const struct set *s, const struct track_msg *m, enum usage_state from, enum usage_state to)
{
	struct usage *u = usage_find(k, s, peer_of(s, m), 0);

	if (u != NULL && (from == 0 || u->state == from))
		u->state = (uint8_t)to;
}

static uint32_t
event_hash(const struct track *k, struct slice package, struct slice id)
{
	uint32_t h = (uint32_t)hash64_seed(package.p, package.n, hash64_seed(id.p, id.n, k->conf.seed));

	h &= ~BY_CALLER;
	return h > EVENT_UNKNOWN ? h : EVENT_UNKNOWN + 1;
}

/* Either side may subscribe to the same of the other. */
static uint32_t
event_by(const struct set *s, uint32_t notifier, uint32_t event)
{
	return notifier == s->caller ? event | BY_CALLER : event;
}

static uint32_t
event_of(const struct track *k, const struct track_msg *m)
{
	struct slice v, id = { NULL, 0 };

	if (!sip_header(m->msg, SLICE_LIT("Event"), 0, &v))
		v = (struct slice){ NULL, 0 };
	(void)sip_param(slice_skip(v, slice_chr(v, ';')), SLICE_LIT("id"), &id);
	return event_hash(k, slice_trim(slice_head(v, slice_chr(v, ';'))), id);
}

static void
subscribe(struct track *k, struct set *s, const struct track_msg *m, uint32_t event, bool known, uint64_t seconds)
{
	struct usage *u = usage_get(k, s, peer_of(s, m), event);

	if (!known && u->state != 0)
		return;
	u->state = USAGE_SUBSCRIPTION;
	u->until = m->time_ns + (known ? seconds : DEFAULT_EXPIRES) * SECOND;
}

/* Accepted: its first NOTIFY is due within Timer N (RFC 6665 4.1.2.4) and says how long the subscription lasts. */
static void
refer(struct track *k, struct set *s, const struct track_msg *m)
{
	uint32_t event = event_by(s, m->to, event_hash(k, SLICE_LIT("refer"), (struct slice){ NULL, 0 }));

	if (usage_find(k, s, peer_of(s, m), event) == NULL)
		subscribe(k, s, m, event, true, TRACK_LINGER / SECOND);
}

/* What a 2xx without its SUBSCRIBE began is this one. */
static void
name_event(struct track *k, struct set *s, struct usage *u, uint32_t event)
{
	struct usage *known = usage_find(k, s, u->peer, event);

	if (known == NULL) {
		u->event = event;
		return;
	}
	known->state = u->state;	/* more recent */
	known->until = u->until;
	u->state = USAGE_ENDED;
}

void
track_usage_subscribe(struct track *k, struct set *s, struct txn *x, const struct track_msg *m)
{
	uint32_t unknown = m->from == s->caller ? EVENT_UNKNOWN : EVENT_UNKNOWN | BY_CALLER;

	x->extra = event_of(k, m);
	for (uint32_t i = s->usage; i != 0 && (x->flags & TXN_COMPLETED); i = usage_at(k, i)->next) {
		struct usage *u = usage_at(k, i);

		if (u->event == unknown && u->state == USAGE_SUBSCRIPTION && (m->to_tag == 0 || u->peer == peer_of(s, m)))
			name_event(k, s, u, unknown - EVENT_UNKNOWN + x->extra);
	}
}

void
track_usage_notify(struct track *k, struct set *s, const struct track_msg *m)
{
	struct slice v, n;
	uint32_t event = event_by(s, m->from, event_of(k, m));
	struct usage *u;
	uint64_t seconds = 0;
	bool known;

	if (!sip_header(m->msg, SLICE_LIT("Subscription-State"), 0, &v))
		return;
	known = sip_param(slice_skip(v, slice_chr(v, ';')), SLICE_LIT("expires"), &n) && slice_u64(slice_trim(n), UINT32_MAX, &seconds);
	v = slice_trim(slice_head(v, slice_chr(v, ';')));
	u = usage_find(k, s, peer_of(s, m), event_by(s, m->from, EVENT_UNKNOWN));
	if (u != NULL && u->state == USAGE_SUBSCRIPTION)
		name_event(k, s, u, event);
	if (slice_ieq(v, SLICE_LIT("terminated")))
		usage_get(k, s, peer_of(s, m), event)->state = USAGE_ENDED;
	else
		subscribe(k, s, m, event, known, seconds);
}

/* A dialog whose beginning was not seen exists if a message within it is not refused as unknown. */
static void
assume_usage(struct track *k, struct set *s, const struct txn *x, const struct track_msg *m)
{
	uint16_t status = m->sip->status;
	bool within = x->to != 0 || (m->method != SIP_INVITE && m->to_tag != 0);

	if (!(s->flags & SET_MID) || !within || status == 408 || status == 481 || (m->method == SIP_BYE && status < 300))
		return;
	if (m->method == SIP_SUBSCRIBE || m->method == SIP_NOTIFY || (m->method == SIP_REFER && x->to == 0))
		return;
	confirm(k, s, m);
}

void
track_usage_ack(struct track *k, struct set *s, const struct track_msg *m)
{
	if (s->flags & SET_MID)
		confirm(k, s, m);
}

void
track_usage_bye(struct track *k, struct set *s, const struct track_msg *m)
{
	struct usage *u = usage_get(k, s, peer_of(s, m), 0);

	if (u->state == 0)
		u->state = USAGE_BYE_ONLY;
	else if (u->state == USAGE_CONFIRMED)
		u->state = USAGE_BYE;
}

/* Refused, and not as unknown: the call, if there is one, goes on; but where both hung up at once, the other BYE counts. */
static void
bye_failed(struct track *k, struct set *s, const struct txn *refused, const struct track_msg *m)
{
	for (uint32_t i = s->txn; i != 0; i = txn_at(k, i)->next) {
		const struct txn *x = txn_at(k, i);

		if (x != refused && x->method == SIP_BYE && !(x->flags & TXN_COMPLETED) &&
		    ((x->from == m->to && x->to == m->from) || (x->from == m->from && x->to == m->to)))
			return;
	}
	move_usage(k, s, m, USAGE_BYE, USAGE_CONFIRMED);
	move_usage(k, s, m, USAGE_BYE_ONLY, 0);
}

void
track_usage_final(struct track *k, struct set *s, const struct txn *x, const struct track_msg *m)
{
	uint16_t status = m->sip->status;
	bool gone = status == 408 || status == 481;
	uint64_t seconds = 0;
	bool known;
	struct slice v;

	assume_usage(k, s, x, m);
	if (m->method == SIP_INVITE && status < 300)
		confirm(k, s, m);
	else if (m->method == SIP_INVITE && gone)
		move_usage(k, s, m, 0, USAGE_ENDED);
	else if (m->method == SIP_BYE && (gone || status < 300))
		move_usage(k, s, m, 0, USAGE_ENDED);
	else if (m->method == SIP_BYE)
		bye_failed(k, s, x, m);
	if (m->method == SIP_REFER && status < 300)
		refer(k, s, m);
	if (m->method != SIP_SUBSCRIBE || status >= 300)
		return;
	known = sip_header(m->msg, SLICE_LIT("Expires"), 0, &v) && slice_u64(v, UINT32_MAX, &seconds);
	subscribe(k, s, m, event_by(s, m->to, x->extra != 0 ? x->extra : EVENT_UNKNOWN), known, seconds);
}

uint64_t
track_usage_end(const struct track *k, const struct set *s, uint64_t now)
{
	uint64_t end = 0, e;

	for (uint32_t i = s->usage; i != 0; i = usage_at(k, i)->next) {
		const struct usage *u = usage_at(k, i);

		e = u->state == USAGE_CONFIRMED ? now + k->conf.dialog_timeout_ns : u->state == USAGE_SUBSCRIPTION ? u->until : 0;
		end = e > end ? e : end;
	}
	return end != 0 ? end + TRACK_LINGER : 0;
}
