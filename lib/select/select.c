/* SPDX-License-Identifier: MIT */
#include "select/select.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "select/mark.h"

static void
release(void *arg, void *mark)
{
	mark_end(arg, mark);
}

/* From the first rule on that takes calls, which may come with a list that is read again. */
static void
follow_calls(struct select *s)
{
	struct track_conf track = s->conf.track;

	if (s->track != NULL || (!s->takes_txns && !s->takes_sets && s->links == NULL && s->conf.without == 0))
		return;
	track.release = release;
	track.arg = s;
	track.max_bytes = s->conf.max_bytes;
	if (s->conf.lookback_ns > 0) {
		track.max_bytes /= 4;
		wait_open(s);
	}
	s->track = track_new(&track);
	s->msgs = xcalloc(SELECT_BATCH, sizeof(*s->msgs));
}

void
select_use(struct select *s, struct rules *rules)
{
	entries_use(s, rules);
	follow_calls(s);
}

const struct rules *
select_rules(const struct select *s)
{
	return &s->rules;
}

struct select *
select_new(const struct select_conf *conf, struct rules *rules)
{
	struct select *s = xcalloc(1, sizeof(*s));

	s->conf = *conf;
	s->ctx = expr_ctx_new();
	if (conf->link_headers_n + conf->links_n > 0)
		legs_open(s);
	select_use(s, rules);
	return s;
}

void
select_free(struct select *s)
{
	if (s == NULL)
		return;
	s->stopped = true;
	(void)select_finish(s);
	hold_free(s->hold);
	mark_free_all(s);
	links_free(s->links);
	for (size_t i = 0; i < s->rules.n; i++)
		entry_unref(s->entries[i]);
	free(s->entries);
	rules_reset(&s->rules);
	expr_ctx_free(s->ctx);
	buf_reset(&s->fresh);
	buf_reset(&s->merged);
	free(s->lists);
	free(s->msgs);
	free(s);
}

struct expr_ctx *
select_at(struct select *s, const struct record *r)
{
	if (s->current != r)
		expr_ctx_record(s->ctx, r);
	s->current = r;
	return s->ctx;
}

static bool
considered(const struct select *s, const struct record *r)
{
	return s->conf.need_flag >= SELECT_NO_FLAG || (r->user_flags >> s->conf.need_flag & 1);
}

static bool
tracked(const struct select *s, const struct record *r)
{
	return s->track != NULL && (r->marks & MARK_SIP) && considered(s, r);
}

void
select_prepare(struct select *s, struct record *r, size_t n)
{
	size_t msgs = 0;

	s->records = r;
	s->current = NULL;
	s->next = 0;
	if (s->track == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (tracked(s, &r[i]))
			s->msgs[msgs++] = (struct track_msg){ .sip = &r[i].sip, .msg = r[i].payload, .time_ns = r[i].time_ns,
			    .src = &r[i].src, .dst = &r[i].dst };
	track_prepare(s->track, s->msgs, msgs);
}

/* Rules with a time begin and end by it; one wrong stamp ends none. */
static void
move_time(struct select *s, uint64_t time_ns)
{
	clock_follow(&s->clock, time_ns);
	for (size_t i = 0; s->expires && i < s->rules.n; i++) {
		struct rule *r = s->rules.v[i];
		bool begins = r->for_ns > 0 && r->begun_ns == 0, over = r->for_ns > 0 && !r->over && rule_tick(r, s->clock.now);

		if (begins && s->conf.say != NULL)
			s->conf.say(s->conf.arg, r, SELECT_RULE_BEGINS);
		if (over && s->conf.say != NULL)
			s->conf.say(s->conf.arg, r, SELECT_RULE_OVER);
	}
}

/* A message among what is remembered. The words are the tracker's; NULL: it belongs to nothing. The marks are their own ones, or NULL. */
struct place {
	void **set_word, **txn_word;
	struct mark *set, *txn, *call;
	uint8_t facts;
};

static struct mark *
own(void *word)
{
	struct mark *m = word;

	return m != NULL && m->kind != OF_RULE ? m : NULL;
}

static void
find_marks(struct select *s, struct place *p, const struct record *r)
{
	bool request = r->sip.status == 0, make = s->hold != NULL || (s->notes && request);

	if (s->links != NULL || (s->takes_sets && make)) {
		p->set = mark_get(s, p->set_word, OF_SET, NULL);
		if (s->links != NULL)
			p->call = legs_message(s, p->set, r);
	} else {
		p->set = own(*p->set_word);
	}
	if (s->takes_txns && make)
		p->txn = mark_get(s, p->txn_word, OF_TXN, p->set);
	else
		p->txn = own(*p->txn_word);
	if (!s->notes || !request)
		return;
	if (p->call != NULL && p->call->notes_n == 0)
		mark_notes(s, p->call, r);
	if (p->call == NULL && p->set != NULL && p->set->notes_n == 0)
		mark_notes(s, p->set, r);
	if (p->call == NULL && p->txn != NULL && p->txn->notes_n == 0)
		mark_notes(s, p->txn, r);
}

/* `e` takes the message's transaction or dialog. */
static void
claim(struct select *s, struct place *p, struct entry *e)
{
	bool txn = e->rule->act == RULE_TRANSACTION;
	struct mark **mark = txn ? &p->txn : &p->set;
	void **word = txn ? p->txn_word : p->set_word;

	if (p->call != NULL && !txn && s->conf.links_whole) {
		mark_claim(s, p->call, e);
		return;
	}
	if (*mark == NULL && (e->per_call || s->hold != NULL))
		*mark = mark_get(s, word, txn ? OF_TXN : OF_SET, txn ? p->set : NULL);
	if (*mark != NULL)
		mark_claim(s, *mark, e);
	else
		mark_claim_shared(s, word, e);
}

static struct entry *
claim_of(void **word, bool above)
{
	struct mark *m = word != NULL ? *word : NULL;

	if (m != NULL && above)
		m = mark_taken(m);
	return m != NULL ? m->claim : NULL;
}

enum verdict { NOT_SELECTED, SELECTED, UNDECIDED };

static bool
calls_left(const struct select *s)
{
	return s->conf.calls == 0 || s->taken < s->conf.calls;
}

static enum verdict
decide(struct select *s, const struct record *r, struct place *p, struct entry **by)
{
	struct entry *set = claim_of(p->set_word, true), *txn = claim_of(p->txn_word, false);
	enum verdict otherwise = NOT_SELECTED;

	if ((set != NULL && set->retired) || (txn != NULL && txn->retired)) {
		*by = set != NULL && set->retired ? set : txn;
		return SELECTED;
	}
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct rule *rule = s->rules.v[i];
		bool takes_call = p->set_word != NULL && (rule->act == RULE_DIALOG || rule->act == RULE_TRANSACTION);

		*by = s->entries[i];
		if (*by == set || *by == txn)
			return SELECTED;
		if (takes_call && (rule->act == RULE_DIALOG ? set : txn) != NULL)
			continue;	/* it keeps the rule that took it */
		if (rule->act != RULE_DROP && (rule->over || !calls_left(s)))
			continue;
		if (!expr_match(rule->expr, select_at(s, r))) {
			if (takes_call && s->hold != NULL)
				otherwise = UNDECIDED;
			continue;
		}
		if (rule->act == RULE_DROP)
			return otherwise;
		if (takes_call)
			claim(s, p, *by);
		else
			mark_count(s, *by);
		return SELECTED;
	}
	if (awaits_rules(s) && p->set_word != NULL && calls_left(s))
		return UNDECIDED;
	return otherwise;
}

/* A hash of the Call-ID, of the first leg's where sets are linked: the same in every program. */
static uint64_t
part_key(const struct record *r, const struct place *p)
{
	if (p->call != NULL)
		return p->call->call.key;
	if ((r->marks & MARK_SIP) && r->sip.span[SIP_SPAN_CALLID].len > 0)
		return hash64_slice(sip_part(&r->sip, r->payload, SIP_SPAN_CALLID));
	return r->id;
}

/* The message's call is of the part that is asked for. */
static bool
in_part(const struct select *s, const struct record *r, const struct place *p)
{
	uint64_t key;

	if (s->conf.shards <= 1 && s->conf.sample >= 1)
		return true;
	key = part_key(r, p);
	if (s->conf.shards > 1 && hash64_mix(key, 2) % s->conf.shards != s->conf.shard - 1)
		return false;
	return s->conf.sample >= 1 || (double)(hash64_mix(key, 1) >> 11) * 0x1p-53 < s->conf.sample;
}

/* Out, or behind what waits. */
static bool
deliver(struct select *s, struct record *r, bool passes)
{
	if (!passes && !s->conf.rest)
		return true;
	if (s->hold != NULL && s->conf.in_order)
		return wait_behind(s, r, passes ? &s->done : &s->rest);
	return s->conf.out(s->conf.arg, r, passes);
}

/* The lowest mark of the message. If it is to have the rule's annotations for its call, there is one. */
static struct mark *
owner_for(struct select *s, struct place *p, const struct entry *e)
{
	if (e != NULL && e->per_call && p->set_word != NULL) {
		if (e->rule->act == RULE_TRANSACTION)
			p->txn = mark_get(s, p->txn_word, OF_TXN, p->set);
		else
			p->set = mark_get(s, p->set_word, OF_SET, NULL);
	}
	return p->txn != NULL ? p->txn : p->set;
}

static bool
judge(struct select *s, struct record *r, struct place *p)
{
	struct entry *by = NULL;
	enum verdict v = NOT_SELECTED;

	if (p->set_word != NULL)
		find_marks(s, p, r);
	if (!in_part(s, r, p))
		return deliver(s, r, false);
	if (considered(s, r))
		v = decide(s, r, p, &by);
	if (p->facts & s->conf.without)
		return deliver(s, r, false);
	if (v == UNDECIDED) {
		wait_add(s, p->txn != NULL ? p->txn : p->set, r);
		return true;
	}
	if ((v == SELECTED) == s->conf.invert)
		return deliver(s, r, false);
	by = v == SELECTED ? by : select_rest_entry(s);
	select_annotate(s, r, by, owner_for(s, p, by));
	return deliver(s, r, true);
}

static bool
all_had(const struct select *s)
{
	return s->conf.calls > 0 && s->taken >= s->conf.calls && s->open == 0 && !s->conf.invert && !s->conf.rest &&
	    (s->hold == NULL || hold_stats(s->hold).records == 0);
}

bool
select_record(struct select *s, size_t i)
{
	struct record *r = &s->records[i];
	struct place p = { .set_word = NULL };

	if (s->hold != NULL && !hold_tick(s->hold, r->time_ns))
		return false;
	if (s->expires)
		move_time(s, r->time_ns);
	if (tracked(s, r)) {
		struct track_msg *m = &s->msgs[s->next++];

		track_message(s->track, m);
		p.set_word = m->set_mark;
		p.txn_word = m->txn_mark;
		p.facts = m->facts;
	}
	return judge(s, r, &p) && !s->stopped && !all_had(s);
}

bool
select_tick(struct select *s, uint64_t time_ns)
{
	if (s->expires)
		move_time(s, time_ns);
	if (s->track != NULL)
		track_tick(s->track, time_ns);
	if (s->hold != NULL && !hold_tick(s->hold, time_ns))
		s->stopped = true;
	return !s->stopped;
}

bool
select_finish(struct select *s)
{
	if (s->track == NULL)
		return true;
	s->last = track_stats(s->track);
	track_free(s->track);
	s->track = NULL;
	if (s->hold != NULL && !s->stopped && !hold_finish(s->hold))
		s->stopped = true;
	return !s->stopped;
}

struct select_stats
select_stats(const struct select *s)
{
	struct hold_stats h = { 0 };

	if (s->hold != NULL)
		h = hold_stats(s->hold);
	return (struct select_stats){
		.sets = s->track != NULL ? track_stats(s->track) : s->last,
		.links = s->links != NULL ? links_stats(s->links) : (struct links_stats){ 0 },
		.taken = s->taken, .waiting = h.records, .given_up = h.given_up, .partial = s->partial,
		.left_out = s->left_out, .gave_up = expr_ctx_gave_up(s->ctx),
	};
}
