/* SPDX-License-Identifier: MIT */
/*
 * A group is small (max_sets), so joining two gives all of the smaller one's sets and values to the other. Values hang in the buckets of
 * a linear hash table, which grows by a bucket for each.
 */
#include "sip/links.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/pool.h"
#include "base/xalloc.h"

struct value {
	uint64_t key[2];
	uint32_t group;
	uint32_t next;		/* in the bucket */
	uint32_t mate;		/* of the same group */
};

struct member {
	uint32_t group;
	uint32_t prev, next;	/* of the same group */
	uint16_t values;	/* that it brought */
	bool refused;		/* it was counted as such */
};

struct group {
	void *mark;
	uint32_t member;	/* the first of them */
	uint32_t value;
	uint32_t n;		/* members */
};

#define FIRST_LEVEL 8
#define HEAD_BITS 16		/* bucket heads of a chunk */
#define MAX_CHUNKS 65536

struct links {
	struct links_conf conf;
	struct pool values, members, groups;
	uint32_t **heads;
	uint64_t buckets;
	unsigned level;		/* 2^level <= buckets < 2^(level + 1) */
	uint64_t values_n;
	struct links_stats stats;
};

static struct value *value_at(const struct links *l, uint32_t i) { return pool_at(&l->values, i); }
static struct member *member_at(const struct links *l, uint32_t i) { return pool_at(&l->members, i); }
static struct group *group_at(const struct links *l, uint32_t i) { return pool_at(&l->groups, i); }

static uint32_t *
bucket(const struct links *l, uint64_t b)
{
	return &l->heads[b >> HEAD_BITS][b & ((1u << HEAD_BITS) - 1)];
}

static uint32_t *
head(const struct links *l, uint64_t hash)
{
	uint64_t b = hash & (((uint64_t)2 << l->level) - 1);

	if (b >= l->buckets)
		b &= ((uint64_t)1 << l->level) - 1;
	return bucket(l, b);
}

struct links *
links_new(const struct links_conf *conf)
{
	struct links *l = xcalloc(1, sizeof(*l));

	l->conf = *conf;
	pool_init(&l->values, sizeof(struct value));
	pool_init(&l->members, sizeof(struct member));
	pool_init(&l->groups, sizeof(struct group));
	l->heads = xcalloc(MAX_CHUNKS, sizeof(*l->heads));
	l->heads[0] = xcalloc((size_t)1 << HEAD_BITS, sizeof(uint32_t));
	l->level = FIRST_LEVEL;
	l->buckets = 1u << FIRST_LEVEL;
	return l;
}

void
links_free(struct links *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < MAX_CHUNKS; i++)
		free(l->heads[i]);
	free(l->heads);
	pool_reset(&l->values);
	pool_reset(&l->members);
	pool_reset(&l->groups);
	free(l);
}

struct links_value
links_value(const struct links *l, struct slice text)
{
	return (struct links_value){ { hash64_seed(text.p, text.n, l->conf.seed), hash64_seed(text.p, text.n, ~l->conf.seed * 0x9e3779b97f4a7c15ULL) } };
}

static void
split_bucket(struct links *l)
{
	uint64_t fresh = l->buckets, old = fresh - ((uint64_t)1 << l->level), mask = ((uint64_t)2 << l->level) - 1;
	uint32_t *stay, *go, i;

	if (fresh >> HEAD_BITS >= MAX_CHUNKS)
		return;
	if (l->heads[fresh >> HEAD_BITS] == NULL)
		l->heads[fresh >> HEAD_BITS] = xcalloc((size_t)1 << HEAD_BITS, sizeof(uint32_t));
	stay = bucket(l, old);
	go = bucket(l, fresh);
	for (i = *stay; i != 0; i = value_at(l, i)->next) {
		uint32_t **to = (value_at(l, i)->key[0] & mask) == fresh ? &go : &stay;

		**to = i;
		*to = &value_at(l, i)->next;
	}
	*stay = *go = 0;
	if (++l->buckets == (uint64_t)2 << l->level)
		l->level++;
}

static uint32_t
find(const struct links *l, const struct links_value *v)
{
	uint32_t i = *head(l, v->key[0]);

	while (i != 0 && (value_at(l, i)->key[0] != v->key[0] || value_at(l, i)->key[1] != v->key[1]))
		i = value_at(l, i)->next;
	return i;
}

static void
remember(struct links *l, uint32_t group, const struct links_value *v)
{
	uint32_t i = pool_get(&l->values), *h;

	if (++l->values_n > l->buckets)
		split_bucket(l);
	h = head(l, v->key[0]);
	*value_at(l, i) = (struct value){ { v->key[0], v->key[1] }, group, *h, group_at(l, group)->value };
	*h = i;
	group_at(l, group)->value = i;
	l->stats.bytes += sizeof(struct value);
}

static void
forget_values(struct links *l, uint32_t i)
{
	while (i != 0) {
		uint32_t mate = value_at(l, i)->mate, *p = head(l, value_at(l, i)->key[0]);

		while (*p != i)
			p = &value_at(l, *p)->next;
		*p = value_at(l, i)->next;
		pool_put(&l->values, i);
		l->values_n--;
		l->stats.bytes -= sizeof(struct value);
		i = mate;
	}
}

static void
add_member(struct links *l, uint32_t group, uint32_t i)
{
	struct group *g = group_at(l, group);
	struct member *m = member_at(l, i);

	m->group = group;
	m->prev = 0;
	m->next = g->member;
	if (m->next != 0)
		member_at(l, m->next)->prev = i;
	g->member = i;
	g->n++;
}

uint32_t
links_enter(struct links *l, const struct links_value *v)
{
	uint32_t i = pool_get(&l->members), known = find(l, v), group = known != 0 ? value_at(l, known)->group : 0;

	l->stats.bytes += sizeof(struct member);
	if (group != 0 && group_at(l, group)->n < l->conf.max_sets) {
		add_member(l, group, i);
		l->stats.joins++;
		return i;
	}
	l->stats.refused += group != 0;
	group = pool_get(&l->groups);
	l->stats.groups++;
	l->stats.bytes += sizeof(struct group);
	add_member(l, group, i);
	if (known == 0)
		remember(l, group, v);
	member_at(l, i)->values = 1;
	return i;
}

/* All of `gone` is given to `kept`. */
static void
join(struct links *l, uint32_t kept, uint32_t gone)
{
	struct group *k = group_at(l, kept), *g = group_at(l, gone);
	uint32_t last = 0;

	l->stats.joins += g->n;
	for (uint32_t i = g->member, next; i != 0; i = next) {
		next = member_at(l, i)->next;
		add_member(l, kept, i);
	}
	for (uint32_t i = g->value; i != 0; i = value_at(l, i)->mate) {
		value_at(l, i)->group = kept;
		last = i;
	}
	if (last != 0) {
		value_at(l, last)->mate = k->value;
		k->value = g->value;
	}
	pool_put(&l->groups, gone);
	l->stats.groups--;
	l->stats.bytes -= sizeof(struct group);
}

static void
refuse(struct links *l, struct member *m)
{
	l->stats.refused += !m->refused;
	m->refused = true;
}

bool
links_add(struct links *l, uint32_t number, const struct links_value *v)
{
	struct member *m = member_at(l, number);
	uint32_t known = find(l, v), ours = m->group, theirs, kept, gone;

	if (known == 0) {
		if (m->values >= l->conf.max_values) {
			refuse(l, m);
			return false;
		}
		m->values++;
		remember(l, ours, v);
		return false;
	}
	theirs = value_at(l, known)->group;
	if (theirs == ours)
		return false;
	if (group_at(l, ours)->n + group_at(l, theirs)->n > l->conf.max_sets) {
		refuse(l, m);
		return false;
	}
	kept = group_at(l, ours)->n > group_at(l, theirs)->n ? ours : theirs;
	gone = kept == ours ? theirs : ours;
	if (l->conf.joined != NULL)
		l->conf.joined(l->conf.arg, group_at(l, kept)->member, group_at(l, gone)->member);
	join(l, kept, gone);
	return true;
}

void
links_leave(struct links *l, uint32_t number)
{
	struct member *m = member_at(l, number);
	uint32_t group = m->group;
	struct group *g = group_at(l, group);

	*(m->prev != 0 ? &member_at(l, m->prev)->next : &g->member) = m->next;
	if (m->next != 0)
		member_at(l, m->next)->prev = m->prev;
	pool_put(&l->members, number);
	l->stats.bytes -= sizeof(struct member);
	if (--g->n > 0)
		return;
	forget_values(l, g->value);
	pool_put(&l->groups, group);
	l->stats.groups--;
	l->stats.bytes -= sizeof(struct group);
}

uint32_t
links_size(const struct links *l, uint32_t number)
{
	return group_at(l, member_at(l, number)->group)->n;
}

void **
links_mark(const struct links *l, uint32_t number)
{
	return &group_at(l, member_at(l, number)->group)->mark;
}

struct links_stats
links_stats(const struct links *l)
{
	return l->stats;
}
