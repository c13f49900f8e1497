/* SPDX-License-Identifier: MIT */
#include "sip/track_state.h"

#include "base/hash.h"
#include "sip/msg.h"

#define DEFAULT_EXPIRES 3600	/* where a subscription's end is nowhere said */

enum method_class {
	CLASS_ALONE,		/* never within a dialog */
	CLASS_EITHER,		/* within one only with a To tag and a set that is known */
	CLASS_DIALOG,		/* within one, if it has a To tag */
	CLASS_OPENS,		/* begins a dialog set */
};

static enum method_class
class_of(uint8_t method)
{
	switch (method) {
	case SIP_REGISTER: case SIP_PUBLISH:
		return CLASS_ALONE;
	case SIP_OPTIONS: case SIP_MESSAGE:
		return CLASS_EITHER;
	case SIP_INVITE: case SIP_SUBSCRIBE: case SIP_REFER:
		return CLASS_OPENS;
	default:
		return CLASS_DIALOG;
	}
}

static bool
is_request(const struct track_msg *m)
{
	return m->sip->status == 0;
}

/* 0 means that there is no branch; the sender's own Via may lack one (RFC 2543). */
static uint32_t
branch_of(uint64_t hash)
{
	uint32_t h = (uint32_t)(hash ^ hash >> 32);

	return hash == 0 ? 0 : h != 0 ? h : 1;
}

static unsigned
via_slot(const struct txn *x, uint64_t hash)
{
	uint32_t b = branch_of(hash);
	unsigned i;

	for (i = 0; i < TXN_VIAS; i++)
		if (b != 0 && x->via[i] == b)
			break;
	return i;
}

/* Both without their branches. An ACK's To tag is not that of the request it acknowledges. */
static bool
same_cseq(const struct txn *x, const struct track_msg *m)
{
	if (x->cseq != m->sip->cseq)
		return false;
	if (!is_request(m) || m->sip->method == SIP_ACK || m->sip->method == SIP_CANCEL)
		return x->to == 0 || m->to_tag == 0 || x->to == m->to_tag;
	return x->to == m->to_tag && !(x->flags & TXN_COMPLETED);
}

unsigned
txn_score(const struct txn *x, const struct track_msg *m)
{
	const struct sip_index *p = m->sip;
	bool known = false;

	if (x->from != m->from || x->method != m->method || x->deadline < m->time_ns ||
	    (m->method == SIP_METHOD_OTHER && x->extra != m->extra))
		return 0;
	for (unsigned i = 0; i < p->vias && !known; i++)
		known = via_slot(x, p->via[i]) < TXN_VIAS;
	if (known && x->cseq == p->cseq)
		return TXN_SURE;
	/* A request with the old top branch and a new number is another one of a sender that has one branch for all. */
	if (known && (!is_request(m) || via_slot(x, p->via[0]) == TXN_VIAS))
		return TXN_BY_BRANCH;
	return same_cseq(x, m) ? TXN_BY_CSEQ : 0;
}

bool
set_takes(const struct track *k, const struct set *s, const struct track_msg *m)
{
	if (!(s->flags & SET_DIALOG))
		return (s->flags & SET_RETRY) && is_request(m) && s->caller == m->from && s->txn != 0 &&
		    txn_at(k, s->txn)->method == m->method && txn_at(k, s->txn)->extra == m->extra;
	switch (class_of(m->method)) {
	case CLASS_ALONE:
		return false;
	case CLASS_EITHER:
		return m->to_tag != 0;
	default:
		return true;
	}
}

void
set_begin(struct set *s, const struct track_msg *m)
{
	enum method_class c = class_of(m->method);

	s->caller = m->from;
	if (c == CLASS_OPENS || (c == CLASS_DIALOG && m->to_tag != 0))
		s->flags |= SET_DIALOG;
	if (m->to_tag != 0 || !is_request(m))
		s->flags |= SET_MID;
}

void
txn_begin(struct txn *x, const struct track_msg *m)
{
	x->from = m->from;
	x->to = is_request(m) ? m->to_tag : 0;
	x->cseq = m->sip->cseq;
	x->method = m->method;
	x->extra = m->extra;
}

/*
 * A request leaves its own branch (replies will come to it) and its sender's (every copy of it has that one). Those between were on
 * top of copies that passed earlier, or are found by the sender's.
 */
static void
add_branches(struct txn *x, const struct sip_index *p)
{
	unsigned slot, last = p->vias;

	while (last > 0 && p->via[last - 1] == 0)
		last--;
	if (last == 0)
		return;
	if (x->via[0] == 0)
		x->via[0] = branch_of(p->via[last - 1]);
	if (p->via[0] == 0)
		return;
	slot = via_slot(x, p->via[0]);
	for (unsigned i = 1; slot == TXN_VIAS && i < TXN_VIAS; i++)
		if (x->via[i] == 0) {
			x->via[i] = branch_of(p->via[0]);
			slot = i;
		}
	if (slot == TXN_VIAS) {
		x->flags |= TXN_OVERFLOW;
		return;
	}
	/* One more target after all others failed, where only the proxy's far side is seen. */
	if (!(x->tops & 1u << slot) && !(x->flags & TXN_ACCEPTED) && !(x->done & 1))
		x->flags &= (uint8_t)~TXN_COMPLETED;
	x->tops |= (uint8_t)(1u << slot);
}

/* A final reply came to this branch. Is that the end of all? The sender's own branch ends with the last of the others. */
static bool
all_done(struct txn *x, const struct sip_index *p)
{
	unsigned slot = via_slot(x, p->vias > 0 ? p->via[0] : 0);

	if (slot < TXN_VIAS)
		x->done |= (uint8_t)(1u << slot);
	if (x->tops == 0 || slot == 0)
		return true;
	return (x->tops & ~x->done) == 0 && !(x->flags & TXN_OVERFLOW);
}

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
		u = usage_new(k, s);
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
}

static void
move_usage(const struct track *k, const struct set *s, const struct track_msg *m, enum usage_state from, enum usage_state to)
{
	struct usage *u = usage_find(k, s, peer_of(s, m), 0);

	if (u != NULL && (from == 0 || u->state == from))
		u->state = (uint8_t)to;
}

/* Event package and id (RFC 6665 8.2.1), never 0. */
static uint32_t
event_of(const struct track *k, const struct track_msg *m)
{
	struct slice v, id = { NULL, 0 };
	uint32_t h;

	if (!sip_header(m->msg, SLICE_LIT("Event"), 0, &v))
		v = (struct slice){ NULL, 0 };
	(void)sip_param(slice_skip(v, slice_chr(v, ';')), SLICE_LIT("id"), &id);
	v = slice_trim(slice_head(v, slice_chr(v, ';')));
	h = (uint32_t)hash64_seed(v.p, v.n, hash64_seed(id.p, id.n, k->conf.seed));
	return h != 0 ? h : 1;
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

static void
notify(struct track *k, struct set *s, const struct track_msg *m)
{
	struct slice v, n;
	uint64_t seconds = 0;
	bool known;

	if (!sip_header(m->msg, SLICE_LIT("Subscription-State"), 0, &v))
		return;
	known = sip_param(slice_skip(v, slice_chr(v, ';')), SLICE_LIT("expires"), &n) && slice_u64(slice_trim(n), UINT32_MAX, &seconds);
	v = slice_trim(slice_head(v, slice_chr(v, ';')));
	if (slice_ieq(v, SLICE_LIT("terminated")))
		usage_get(k, s, peer_of(s, m), event_of(k, m))->state = USAGE_ENDED;
	else
		subscribe(k, s, m, event_of(k, m), known, seconds);
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

static void
move_request(struct track *k, struct set *s, struct txn *x, const struct track_msg *m, bool fresh)
{
	switch (m->sip->method) {
	case SIP_ACK:
		if (fresh) {	/* its INVITE is gone, or was never seen */
			x->flags |= TXN_COMPLETED;
			if (s->flags & SET_MID)
				confirm(k, s, m);
		}
		break;
	case SIP_CANCEL:	/* a proxy may cancel one of its branches and go on with another */
		if (m->sip->vias > 0 && via_slot(x, m->sip->via[0]) == 0)
			x->flags |= TXN_CANCELLED;
		break;
	case SIP_BYE:
		if (fresh)
			move_usage(k, s, m, USAGE_CONFIRMED, USAGE_BYE);
		break;
	case SIP_NOTIFY:
		if (fresh && (s->flags & SET_DIALOG))	/* an old copy does not undo a newer one */
			notify(k, s, m);
		break;
	case SIP_SUBSCRIBE:
		if (fresh)
			x->extra = event_of(k, m);
		break;
	}
	if (m->sip->method != SIP_ACK && m->sip->method != SIP_CANCEL)
		add_branches(x, m->sip);
}

/* A final reply's meaning for the dialogs of the set. */
static void
move_usages(struct track *k, struct set *s, const struct txn *x, const struct track_msg *m)
{
	uint16_t status = m->sip->status;
	bool gone = status == 408 || status == 481;
	uint64_t seconds = 0;
	bool known;
	struct slice v;

	assume_usage(k, s, x, m);
	if (m->method == SIP_INVITE && status < 300)
		confirm(k, s, m);
	else if (m->method == SIP_INVITE && gone && x->to != 0)
		move_usage(k, s, m, 0, USAGE_ENDED);
	else if (m->method == SIP_BYE && (gone || status < 300))
		move_usage(k, s, m, 0, USAGE_ENDED);
	else if (m->method == SIP_BYE)
		move_usage(k, s, m, USAGE_BYE, USAGE_CONFIRMED);
	if (m->method != SIP_SUBSCRIBE || status >= 300 || x->extra == 0)	/* 0: its request was not seen */
		return;
	known = sip_header(m->msg, SLICE_LIT("Expires"), 0, &v) && slice_u64(v, UINT32_MAX, &seconds);
	subscribe(k, s, m, x->extra, known, seconds);
}

static void
move_reply(struct track *k, struct set *s, struct txn *x, const struct track_msg *m)
{
	uint16_t status = m->sip->status;

	if (m->sip->cseq_method == SIP_CANCEL)
		return;
	if (status < 200) {
		x->flags |= TXN_RINGING;
		return;
	}
	if (status < 300)
		x->flags |= TXN_COMPLETED | TXN_ACCEPTED;
	if (all_done(x, m->sip))
		x->flags |= TXN_COMPLETED;
	if (s->flags & SET_DIALOG)
		move_usages(k, s, x, m);
	else if ((status == 401 || status == 407 || status == 422 || status == 423) && txn_at(k, s->txn) == x)
		s->flags |= SET_RETRY;	/* a late copy to the first asks for no third */
}

void
state_move(struct track *k, struct set *s, struct txn *x, const struct track_msg *m, bool fresh)
{
	bool waits;

	if (is_request(m))
		move_request(k, s, x, m, fresh);
	else
		move_reply(k, s, x, m);
	waits = x->method == SIP_INVITE && (x->flags & (TXN_COMPLETED | TXN_RINGING | TXN_CANCELLED)) == TXN_RINGING;
	x->deadline = m->time_ns + (waits ? k->conf.dialog_timeout_ns : TRACK_LINGER);
}

uint64_t
set_deadline(struct track *k, struct set *s, uint64_t now)
{
	uint64_t end = 0, e;

	if (s->txns > 1)
		txn_prune(k, s, now > 2 * TRACK_LINGER ? now - 2 * TRACK_LINGER : 0);
	for (uint32_t i = s->txn; i != 0; i = txn_at(k, i)->next) {
		const struct txn *x = txn_at(k, i);

		/* Unanswered, it is a usage until its deadline; answered, it ended 32 s before that. */
		e = x->deadline + (x->flags & TXN_COMPLETED ? 0 : TRACK_LINGER);
		end = e > end ? e : end;
	}
	for (uint32_t i = s->usage; i != 0; i = usage_at(k, i)->next) {
		const struct usage *u = usage_at(k, i);

		e = u->state == USAGE_CONFIRMED ? now + k->conf.dialog_timeout_ns :
		    u->state == USAGE_SUBSCRIPTION ? u->until + TRACK_LINGER : 0;
		end = e > end ? e : end;
	}
	return end;
}
