/* SPDX-License-Identifier: MIT */
#include "sip/track_table.h"

void
track_table_init(struct track *k)
{
	pool_init(&k->sets, sizeof(struct set));
	pool_init(&k->txns, sizeof(struct txn));
	pool_init(&k->usages, sizeof(struct usage));
	linhash_init(&k->table, &k->sets, offsetof(struct set, key), offsetof(struct set, next));
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
	linhash_reset(&k->table);
}

uint32_t
track_set_new(struct track *k, const uint64_t key[2])
{
	uint32_t i = pool_get(&k->sets), *head;
	struct set *s = set_at(k, i);

	linhash_grow(&k->table, k->stats.open);
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
