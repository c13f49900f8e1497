/* SPDX-License-Identifier: MIT */
#include "sip/track_table.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define FIRST_LEVEL 10
#define SPLIT_AHEAD 16

void
track_table_init(struct track *k)
{
	pool_init(&k->sets, sizeof(struct set));
	pool_init(&k->txns, sizeof(struct txn));
	pool_init(&k->usages, sizeof(struct usage));
	k->level = FIRST_LEVEL;
	k->buckets = 1u << FIRST_LEVEL;
	k->heads[0] = xhuge(sizeof(uint32_t) << HEAD_BITS);
}

static void
release(struct track *k, void *mark)
{
	if (mark != NULL && k->conf.release != NULL)
		k->conf.release(k->conf.arg, mark);
}

void
track_table_reset(struct track *k)
{
	for (unsigned q = 0; q < TRACK_QUEUES; q++)
		while (k->queue[q].first != 0)
			track_set_free(k, k->queue[q].first);
	pool_reset(&k->sets);
	pool_reset(&k->txns);
	pool_reset(&k->usages);
	for (size_t i = 0; i < sizeof(k->heads) / sizeof(k->heads[0]); i++)
		xhuge_free(k->heads[i], sizeof(uint32_t) << HEAD_BITS);
}

/* One step of linear hashing: the sets of one bucket are shared with a new one, in their order. */
static void
split_bucket(struct track *k)
{
	uint64_t fresh = k->buckets, old = fresh - ((uint64_t)1 << k->level), mask = ((uint64_t)2 << k->level) - 1;
	uint32_t **chunk = &k->heads[fresh >> HEAD_BITS];
	uint32_t *stay, *go, i;

	if (*chunk == NULL)
		*chunk = xhuge(sizeof(uint32_t) << HEAD_BITS);
	stay = &k->heads[old >> HEAD_BITS][old & ((1u << HEAD_BITS) - 1)];
	go = &(*chunk)[fresh & ((1u << HEAD_BITS) - 1)];
	for (i = *stay; i != 0; i = set_at(k, i)->next) {
		uint32_t **to = (set_at(k, i)->key[0] & mask) == fresh ? &go : &stay;

		**to = i;
		*to = &set_at(k, i)->next;
	}
	*stay = *go = 0;
	if (++k->buckets == (uint64_t)2 << k->level)
		k->level++;
	/* Sets are far apart in memory: fetch the one of a split that comes a little later. */
	old = (k->buckets + SPLIT_AHEAD) & (((uint64_t)1 << k->level) - 1);
	__builtin_prefetch(set_at(k, k->heads[old >> HEAD_BITS][old & ((1u << HEAD_BITS) - 1)]));
}

uint32_t
track_set_new(struct track *k, const uint64_t key[2])
{
	uint32_t i = pool_get(&k->sets), *head;
	struct set *s = set_at(k, i);

	for (int n = 0; n < 2 && 2 * k->stats.open >= k->buckets && k->buckets < TRACK_MAX_BUCKETS; n++)
		split_bucket(k);
	head = track_head(k, key[0]);
	s->key[0] = key[0];
	s->key[1] = key[1];
	s->next = *head;
	s->queue = TRACK_QUEUES;
	*head = i;
	k->stats.open++;
	k->stats.opened++;
	k->stats.bytes += sizeof(*s);
	return i;
}

static void
txn_free(struct track *k, struct set *s, uint32_t i)
{
	void *mark = txn_at(k, i)->mark;

	pool_put(&k->txns, i);
	s->txns--;
	k->stats.bytes -= sizeof(struct txn);
	release(k, mark);
}

void
track_queue_leave(struct track *k, uint32_t i)
{
	struct set *s = set_at(k, i);

	if (s->queue == TRACK_QUEUES)
		return;
	*(s->qprev != 0 ? &set_at(k, s->qprev)->qnext : &k->queue[s->queue].first) = s->qnext;
	*(s->qnext != 0 ? &set_at(k, s->qnext)->qprev : &k->queue[s->queue].last) = s->qprev;
	s->queue = TRACK_QUEUES;
}

void
track_set_free(struct track *k, uint32_t set)
{
	struct set *s = set_at(k, set);
	uint32_t *p = track_head(k, s->key[0]);
	void *mark = s->mark;

	while (*p != set)
		p = &set_at(k, *p)->next;
	*p = s->next;
	track_queue_leave(k, set);
	for (uint32_t i = s->txn, next; i != 0; i = next) {
		next = txn_at(k, i)->next;
		txn_free(k, s, i);
	}
	for (uint32_t i = s->usage, next; i != 0; i = next) {
		next = usage_at(k, i)->next;
		pool_put(&k->usages, i);
		k->stats.bytes -= sizeof(struct usage);
	}
	pool_put(&k->sets, set);
	k->stats.open--;
	k->stats.bytes -= sizeof(*s);
	release(k, mark);
}

/* All but the newest `keep`. */
static void
txn_cut(struct track *k, struct set *s, unsigned keep)
{
	uint32_t *p = &s->txn, i, next;

	while (keep-- > 0)
		p = &txn_at(k, *p)->next;
	i = *p;
	*p = 0;
	for (; i != 0; i = next) {
		next = txn_at(k, i)->next;
		txn_free(k, s, i);
		k->stats.dropped++;
	}
}

uint32_t
track_txn_new(struct track *k, struct set *s)
{
	uint32_t i = pool_get(&k->txns);

	txn_at(k, i)->next = s->txn;
	s->txn = i;
	s->txns++;
	k->stats.bytes += sizeof(struct txn);
	if (s->txns > TRACK_SET_TXNS)	/* a quarter at once, as the walk there costs */
		txn_cut(k, s, TRACK_SET_TXNS - TRACK_SET_TXNS / 4);
	return i;
}

void
track_txn_prune(struct track *k, struct set *s, uint64_t now)
{
	for (uint32_t *p = &s->txn, i; (i = *p) != 0; ) {
		if (txn_end(txn_at(k, i)) >= now) {
			p = &txn_at(k, i)->next;
			continue;
		}
		*p = txn_at(k, i)->next;
		txn_free(k, s, i);
	}
}

struct usage *
track_usage_new(struct track *k, struct set *s)
{
	uint32_t i, *p;
	struct usage *u;

	if (s->usages == TRACK_SET_USAGES) {	/* the oldest makes room */
		for (p = &s->usage; usage_at(k, *p)->next != 0; )
			p = &usage_at(k, *p)->next;
		i = *p;
		*p = 0;
		*usage_at(k, i) = (struct usage){ 0 };
		k->stats.dropped++;
	} else {
		i = pool_get(&k->usages);
		s->usages++;
		k->stats.bytes += sizeof(*u);
	}
	u = usage_at(k, i);
	u->next = s->usage;
	s->usage = i;
	return u;
}
