/* SPDX-License-Identifier: MIT */
#include "sip/track_state.h"

#include "base/hash.h"

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

/* Begun by an ACK that was captured before its INVITE: completed without a final reply. Whether its To tag is the INVITE's is not known. */
static bool
by_ack(const struct txn *x)
{
	return (x->flags & (TXN_COMPLETED | TXN_ACCEPTED)) == TXN_COMPLETED && x->done == 0;
}

/* Both without their branches. An ACK's To tag is not that of the request it acknowledges. */
static bool
same_cseq(const struct txn *x, const struct track_msg *m)
{
	if (x->cseq != m->sip->cseq)
		return false;
	if (!is_request(m) || m->sip->method == SIP_ACK || m->sip->method == SIP_CANCEL)
		return x->to == 0 || m->to_tag == 0 || x->to == m->to_tag;
	if (by_ack(x))
		return m->to_tag == 0 || x->to == m->to_tag;
	return x->to == m->to_tag && !(x->flags & TXN_COMPLETED);
}

unsigned
track_txn_score(const struct txn *x, const struct track_msg *m)
{
	const struct sip_index *p = m->sip;
	bool known = false;

	if (x->method != m->method || x->deadline < m->time_ns ||
	    (m->method == SIP_METHOD_OTHER && x->extra != m->extra))
		return 0;
	if (x->from != m->from)		/* some answer with another tag than they were asked with */
		return !is_request(m) && x->cseq == p->cseq && via_slot(x, p->vias > 0 ? p->via[0] : 0) < TXN_VIAS ? TXN_BY_BRANCH : 0;
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
track_set_retried(const struct track *k, const struct set *s, const struct track_msg *m)
{
	const struct txn *x = txn_at(k, s->txn);

	if (!(s->flags & SET_RETRY) || !is_request(m) || s->txn == 0 || x->method != m->method)
		return false;
	if (m->to_tag != 0 && class_of(m->method) != CLASS_ALONE)
		return false;
	if (!(s->flags & SET_DIALOG) && x->extra != m->extra)	/* a dialog's SUBSCRIBE has its Event there */
		return false;
	return x->uri == track_uri(m, SIP_SPAN_FROM_USER, k->conf.seed);
}

bool
track_set_takes(const struct track *k, const struct set *s, const struct track_msg *m)
{
	if (!(s->flags & SET_DIALOG))
		return track_set_retried(k, s, m);
	switch (class_of(m->method)) {
	case CLASS_ALONE:
		return false;
	case CLASS_EITHER:
		return m->to_tag != 0;
	default:
		return true;
	}
}

uint32_t
track_uri(const struct track_msg *m, enum sip_span_id user, uint64_t seed)
{
	enum sip_span_id host = user == SIP_SPAN_FROM_USER ? SIP_SPAN_FROM_HOST : SIP_SPAN_TO_HOST;
	struct slice u = sip_part(m->sip, m->msg, user), h = sip_part(m->sip, m->msg, host);
	uint32_t hash = (uint32_t)hash64_seed(u.p, u.n, hash64_seed(h.p, h.n, seed + 1));

	return hash != 0 ? hash : 1;
}

void
track_set_begin(const struct track *k, struct set *s, const struct track_msg *m)
{
	enum method_class c = class_of(m->method);

	s->caller = m->from;
	if (c == CLASS_OPENS || (c == CLASS_DIALOG && m->to_tag != 0) || (c == CLASS_EITHER && m->to_tag != 0 && is_request(m)))
		s->flags |= SET_DIALOG;
	else
		s->caller = track_uri(m, SIP_SPAN_FROM_USER, k->conf.seed);
	if (m->to_tag != 0 || !is_request(m))
		s->flags |= SET_MID;
}

void
track_txn_begin(struct txn *x, const struct track_msg *m)
{
	x->from = m->from;
	x->to = is_request(m) || (class_of(m->method) == CLASS_DIALOG && m->method != SIP_METHOD_OTHER) ? m->to_tag : 0;
	x->cseq = m->sip->cseq;
	x->method = m->method;
	x->extra = m->extra;
}

/* Its slot, a free one if it is new; TXN_VIAS when there is none. */
static unsigned
keep_branch(struct txn *x, uint64_t hash)
{
	unsigned slot = hash != 0 ? via_slot(x, hash) : 0;

	for (unsigned i = 1; slot == TXN_VIAS && i < TXN_VIAS; i++)
		if (x->via[i] == 0) {
			x->via[i] = branch_of(hash);
			slot = i;
		}
	return slot;
}

/*
 * A request leaves its own branch (replies will come to it) and its sender's (every copy of it has that one). Those between were on
 * top of copies that passed earlier, or are found by the sender's. A reply that was captured before its request leaves the same.
 */
static void
add_branches(struct txn *x, const struct sip_index *p, bool request)
{
	unsigned slot, last = p->vias;

	while (last > 0 && p->via[last - 1] == 0)
		last--;
	if (last == 0)
		return;
	if (x->via[0] == 0) {	/* an ACK or CANCEL before it may have left the branch elsewhere */
		slot = via_slot(x, p->via[last - 1]);
		x->via[0] = branch_of(p->via[last - 1]);
		if (slot < TXN_VIAS) {
			x->via[slot] = 0;
			x->done = (uint8_t)((x->done & ~(1u << slot)) | (x->done >> slot & 1));
		} else {
			x->flags &= (uint8_t)~TXN_CANCELLED;	/* of a branch behind a proxy only */
		}
	}
	if (p->via[0] == 0)
		return;
	slot = keep_branch(x, p->via[0]);
	(void)keep_branch(x, p->via[last - 1]);	/* another than the sender's: of the proxy that hid the Vias before it */
	if (slot == TXN_VIAS) {
		x->flags |= TXN_OVERFLOW;
		return;
	}
	if (!request)
		return;
	/* One more target after all others failed, where only the proxy's far side is seen. */
	if (!((x->tops | x->done) & 1u << slot) && !(x->flags & TXN_ACCEPTED) && !(x->done & 1))
		x->flags &= (uint8_t)~TXN_COMPLETED;
	x->tops |= (uint8_t)(1u << slot);
}

static unsigned
top_slot(const struct txn *x, const struct sip_index *p)
{
	return p->vias > 0 ? via_slot(x, p->via[0]) : TXN_VIAS;
}

static uint16_t
place_of(const struct addr *a)
{
	uint64_t h;

	if (a == NULL || a->family == FAMILY_NONE)
		return 0;
	h = hash64_seed(a->ip, sizeof(a->ip), a->port);
	return (uint16_t)h != 0 ? (uint16_t)h : 1;
}

/*
 * A spiral (RFC 3261 6): a request comes to a host that it left before, with more Vias. Upstream forks come there with as many. Where
 * the host sends it to itself, the one message on the wire is the first pass's going out, too.
 */
static void
look_for_spiral(struct txn *x, const struct track_msg *m, bool known)
{
	unsigned slot = top_slot(x, m->sip), depth = m->sip->vias;
	uint16_t to = place_of(m->dst);

	if (slot == TXN_VIAS || to == 0)
		return;
	if (x->pass.first_to == 0) {
		x->pass.first_to = to;
		x->pass.first_depth = depth & 15;
		return;
	}
	if (x->pass.depth == 0 && to == x->pass.first_to && depth > x->pass.first_depth)
		x->pass.depth = (depth + (m->src != NULL && addr_host_eq(m->src, m->dst))) & 15;
	if (!known && x->pass.depth != 0 && depth >= x->pass.depth)
		x->pass.again |= (uint8_t)(1u << slot);
}

uint8_t
track_facts(const struct txn *x, const struct track_msg *m)
{
	unsigned slot = top_slot(x, m->sip), facts = 0;
	bool ack = m->sip->method == SIP_ACK && is_request(m);

	if (x->method != SIP_INVITE)
		return 0;
	if (ack && x->to == 0 && (x->flags & TXN_ACCEPTED))
		facts |= TRACK_DIALOG_ACK;
	if (ack && (x->flags & (TXN_COMPLETED | TXN_ACCEPTED | TXN_OVERFLOW)) == TXN_COMPLETED && x->done != 0 && x->tops != 0 && (x->tops & (x->tops - 1)) == 0)
		facts |= TRACK_SL_ACK;
	if (slot < TXN_VIAS && (x->pass.again >> slot & 1))
		facts |= TRACK_SPIRAL;
	return (uint8_t)facts;
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

static void
move_request(struct track *k, struct set *s, struct txn *x, const struct track_msg *m, bool fresh)
{
	bool first = fresh || (x->tops == 0 && m->sip->vias > 0 && m->sip->via[0] != 0);	/* its reply may have been captured before */

	switch (m->sip->method) {
	case SIP_ACK:
		if (fresh)	/* its INVITE is gone, or was not seen so far */
			track_usage_ack(k, s, m);
		break;
	case SIP_CANCEL:	/* a proxy may cancel one of its branches and go on with another */
		if (fresh || (m->sip->vias > 0 && via_slot(x, m->sip->via[0]) == 0))
			x->flags |= TXN_CANCELLED;
		break;
	case SIP_BYE:
		if (first && !(x->flags & TXN_COMPLETED))
			track_usage_bye(k, s, m);
		break;
	case SIP_NOTIFY:
		if (first && (s->flags & SET_DIALOG))	/* an old copy does not undo a newer one */
			track_usage_notify(k, s, m);
		break;
	case SIP_SUBSCRIBE:
		if (first)
			track_usage_subscribe(k, s, x, m);
		break;
	}
	if (m->sip->method == SIP_INVITE && (by_ack(x) || (first && !(x->flags & TXN_COMPLETED))))
		x->to = m->to_tag;
	if (m->sip->method != SIP_ACK && m->sip->method != SIP_CANCEL) {
		bool known = top_slot(x, m->sip) < TXN_VIAS;

		add_branches(x, m->sip, true);
		if (m->sip->method == SIP_INVITE && x->to == 0)
			look_for_spiral(x, m, known);
	} else if (fresh && m->sip->vias > 0) {	/* the branch of one hop: which, is not known */
		(void)keep_branch(x, m->sip->via[0]);
	}
	if (fresh && m->sip->method == SIP_ACK)
		x->flags |= TXN_COMPLETED;
}

static void
move_reply(struct track *k, struct set *s, struct txn *x, const struct track_msg *m)
{
	uint16_t status = m->sip->status;

	if (x->via[0] == 0 || via_slot(x, m->sip->vias > 0 ? m->sip->via[0] : 0) == TXN_VIAS)
		add_branches(x, m->sip, false);
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
		track_usage_final(k, s, x, m);
	if (txn_at(k, s->txn) != x)	/* a late copy to the first asks for no third */
		return;
	s->flags &= (uint8_t)~SET_RETRY;
	if ((status == 401 || status == 407 || status == 422 || status == 423) && x->to == 0) {
		s->flags |= SET_RETRY;
		x->uri = track_uri(m, SIP_SPAN_FROM_USER, k->conf.seed);
	}
}

void
track_state_move(struct track *k, struct set *s, struct txn *x, const struct track_msg *m, bool fresh)
{
	bool waits;

	if (is_request(m))
		move_request(k, s, x, m, fresh);
	else
		move_reply(k, s, x, m);
	waits = x->method == SIP_INVITE && (x->flags & (TXN_COMPLETED | TXN_RINGING | TXN_CANCELLED)) == TXN_RINGING;
	x->deadline = m->time_ns + (waits ? k->conf.dialog_timeout_ns : TRACK_LINGER);
}

/*
 * A confirmed dialog outlives all its transactions, so they need not be asked: a busy one has many, and the walk
 * would cost more than all the rest.
 */
uint64_t
track_set_deadline(struct track *k, struct set *s, uint64_t now, bool fresh)
{
	uint64_t end = track_usage_end(k, s, now), e;

	if (fresh && s->txns > 1 && (s->txns & (s->txns - 1)) == 0)	/* now and then: at 2, 4, 8 … */
		track_txn_prune(k, s, now);
	if (end >= now + k->conf.dialog_timeout_ns + TRACK_LINGER && end >= now + 2 * TRACK_LINGER)
		return end;
	for (uint32_t i = s->txn; i != 0; i = txn_at(k, i)->next) {
		e = txn_end(txn_at(k, i));
		end = e > end ? e : end;
	}
	/* A user types the password, or a phone is slow: retries 34 and 51 s after their challenge exist. */
	return end != 0 && (s->flags & SET_RETRY) ? end + TRACK_LINGER : end;
}
