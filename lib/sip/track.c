/* SPDX-License-Identifier: MIT */
#include "sip/track.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "sip/track_state.h"
#include "sip/track_table.h"

static_assert(sizeof(struct set) == 64 && sizeof(struct txn) == 64, "one cache line each");

struct track *
track_new(const struct track_conf *conf)
{
	struct track *k = xcalloc(1, sizeof(*k));

	k->conf = *conf;
	if (k->conf.max_sets < 1)
		k->conf.max_sets = 1;
	if (k->conf.max_sets > TRACK_MAX_SETS)
		k->conf.max_sets = TRACK_MAX_SETS;
	track_table_init(k);
	return k;
}

void
track_free(struct track *k)
{
	if (k == NULL)
		return;
	track_table_reset(k);
	free(k);
}

void
track_charge(struct track *k, int64_t bytes)
{
	k->stats.bytes += (uint64_t)bytes;
}

struct track_stats
track_stats(const struct track *k)
{
	return k->stats;
}

static uint32_t
hash32(struct slice s, uint64_t seed)
{
	uint64_t h = hash64_seed(s.p, s.n, seed);

	return (uint32_t)h != 0 ? (uint32_t)h : 1;
}

/* Who it is: the tag, or where there is none (RFC 2543), the URI. */
static uint32_t
party(const struct track_msg *m, enum sip_span_id tag, enum sip_span_id user, uint64_t seed)
{
	struct slice s = sip_part(m->sip, m->msg, tag);

	return s.n > 0 ? hash32(s, seed) : track_uri(m, user, seed);
}

static void
hash_msg(struct track *k, struct track_msg *m)
{
	const struct sip_index *x = m->sip;
	uint64_t seed = k->conf.seed;
	struct slice id = sip_part(x, m->msg, SIP_SPAN_CALLID), other;

	m->set_mark = m->txn_mark = NULL;
	m->facts = 0;
	m->keyed = id.n > 0;
	if (!m->keyed)
		return;
	m->key[0] = hash64_seed(id.p, id.n, seed);
	m->key[1] = hash64_seed(id.p, id.n, ~seed * 0x9e3779b97f4a7c15ULL);
	m->from = party(m, SIP_SPAN_FROM_TAG, SIP_SPAN_FROM_USER, seed);
	m->to = party(m, SIP_SPAN_TO_TAG, SIP_SPAN_TO_USER, seed);
	m->to_tag = x->span[SIP_SPAN_TO_TAG].len > 0 ? m->to : 0;
	m->method = x->status != 0 ? x->cseq_method : x->method;
	m->extra = 0;
	if (m->method == SIP_METHOD_OTHER) {
		other = sip_part(x, m->msg, x->status != 0 ? SIP_SPAN_CSEQ_METHOD : SIP_SPAN_METHOD);
		m->extra = hash32(other, seed);
	} else if (m->method == SIP_ACK || m->method == SIP_CANCEL) {
		m->method = SIP_INVITE;
	}
	__builtin_prefetch(track_head(k, m->key[0]));
}

#define SWEEP_STEPS 4		/* a message; a call of two messages needs one or two */
#define SWEEP_TICK 10000	/* a millisecond or two */

void
track_tick(struct track *k, uint64_t time_ns)
{
	clock_follow(&k->clock, time_ns);
	track_queue_sweep(k, SWEEP_TICK);
}

void
track_prepare(struct track *k, struct track_msg *m, size_t n)
{
	track_queue_sweep(k, (unsigned)(n < 1024 ? n : 1024) * SWEEP_STEPS + 16);
	for (size_t i = 0; i < n; i++)
		hash_msg(k, &m[i]);
	for (size_t i = 0; i < n; i++) {
		m[i].first = m[i].keyed ? *track_head(k, m[i].key[0]) : 0;
		__builtin_prefetch(set_at(k, m[i].first));
	}
	for (size_t i = 0; i < n; i++)	/* one collision in the bucket is usual, two are rare */
		if (m[i].first != 0 && set_at(k, m[i].first)->key[0] != m[i].key[0]) {
			m[i].first = set_at(k, m[i].first)->next;
			__builtin_prefetch(set_at(k, m[i].first));
		}
	for (size_t i = 0; i < n; i++) {
		__builtin_prefetch(txn_at(k, set_at(k, m[i].first)->txn));
		__builtin_prefetch(usage_at(k, set_at(k, m[i].first)->usage));
		__builtin_prefetch(set_at(k, m[i].first)->mark);
	}
	for (size_t i = 0; i < n; i++)	/* a request is compared with more than the last transaction */
		__builtin_prefetch(txn_at(k, txn_at(k, set_at(k, m[i].first)->txn)->next));
}

/* What the walk over one Call-ID's sets found. */
struct found {
	uint32_t set, txn;
	unsigned score;		/* of txn */
	uint32_t home;		/* without txn: where a new one belongs */
	unsigned same;		/* sets of this Call-ID */
	uint32_t oldest;	/* the last of them */
};

static bool
has_party(const struct track *k, const struct set *s, const struct track_msg *m)
{
	if (s->caller == m->from || s->caller == m->to)
		return true;
	if ((s->flags & (SET_MID | SET_DIALOG)) != (SET_MID | SET_DIALOG))
		return false;
	/* Begun in the middle, the "caller" may be the callee of several forks. */
	for (uint32_t i = s->usage; i != 0; i = usage_at(k, i)->next)
		if (usage_at(k, i)->peer == m->from || usage_at(k, i)->peer == m->to)
			return true;
	for (uint32_t i = s->usage == 0 ? s->txn : 0; i != 0; i = txn_at(k, i)->next)
		if (txn_at(k, i)->to != 0 && (txn_at(k, i)->to == m->from || txn_at(k, i)->to == m->to))
			return true;
	return false;
}

/* Alive at the message's own time; begun far after it: by a wrong clock, or in another file. */
static bool
is_alive(const struct set *s, uint64_t t)
{
	return s->deadline >= t && (uint64_t)s->started * SECOND <= t + TRACK_LINGER;
}

#define LOOK_BACK 4

/*
 * The best transaction of this set, if it is better than what was found. A sender's CSeq numbers grow within a dialog (RFC 3261 12.2.1.1), so
 * where a busy one has many transactions, a request with a number well above the last ones is none of those before them.
 */
static void
find_txn(const struct track *k, uint32_t set, const struct track_msg *m, struct found *f)
{
	unsigned looked = 0;

	for (uint32_t i = set_at(k, set)->txn; i != 0 && f->score < TXN_SURE; i = txn_at(k, i)->next) {
		const struct txn *x = txn_at(k, i);
		unsigned score = track_txn_score(x, m);

		if (score > f->score)
			f->set = set, f->txn = i, f->score = score;
		if (++looked >= LOOK_BACK && m->sip->status == 0 && x->from == m->from && x->to == m->to_tag &&
		    x->cseq < m->sip->cseq && m->sip->cseq - x->cseq > LOOK_BACK)
			break;
	}
}

static void
find(const struct track *k, const struct track_msg *m, struct found *f)
{
	struct set *s;

	for (uint32_t i = *track_head(k, m->key[0]); i != 0 && f->score < TXN_SURE; i = s->next) {
		bool ours;

		s = set_at(k, i);
		if (s->key[0] != m->key[0] || s->key[1] != m->key[1])
			continue;
		f->same++;
		f->oldest = i;
		if (!is_alive(s, m->time_ns))
			continue;
		ours = !(s->flags & SET_DIALOG) || has_party(k, s, m);
		if (ours || m->sip->status != 0 || (s->flags & SET_RETAGGED))	/* a reply's branch says more than its From tag */
			find_txn(k, i, m, f);
		if (f->home == 0 && (ours ? track_set_takes(k, s, m) : track_set_retried(k, s, m)))
			f->home = i;
	}
}

static uint32_t
begin_set(struct track *k, const struct track_msg *m, const struct found *f)
{
	uint32_t i;

	if (f->same >= TRACK_CALLID_SETS) {
		k->stats.evicted += set_at(k, f->oldest)->deadline >= k->clock.now;
		track_set_free(k, f->oldest);
	}
	i = track_set_new(k, m->key);
	set_at(k, i)->started = (uint32_t)(m->time_ns / SECOND);
	track_set_begin(k, set_at(k, i), m);
	return i;
}

void
track_message(struct track *k, struct track_msg *m)
{
	struct found f = { 0 };
	struct set *s;
	bool fresh;

	clock_follow(&k->clock, m->time_ns);
	if (!m->keyed)
		return;
	find(k, m, &f);
	fresh = f.txn == 0;
	if (fresh) {
		f.set = f.home != 0 ? f.home : begin_set(k, m, &f);
		s = set_at(k, f.set);
		if ((s->flags & SET_DIALOG) && track_set_retried(k, s, m) && s->caller != m->from) {
			s->caller = m->from;
			s->flags |= SET_RETAGGED;
		}
		f.txn = track_txn_new(k, s);
		track_txn_begin(txn_at(k, f.txn), m);
		s->flags &= (uint8_t)~SET_RETRY;
	} else {
		s = set_at(k, f.set);
		m->from = txn_at(k, f.txn)->from;
	}
	track_state_move(k, s, txn_at(k, f.txn), m, fresh);
	m->facts = track_facts(txn_at(k, f.txn), m);
	s->deadline = track_set_deadline(k, s, m->time_ns, fresh);
	track_queue_set(k, f.set);
	if (k->stats.open > k->conf.max_sets || k->stats.bytes > k->conf.max_bytes)
		track_queue_evict(k, f.set);
	m->set_mark = &s->mark;
	m->txn_mark = &txn_at(k, f.txn)->mark;
}
