/* SPDX-License-Identifier: MIT */
/*
 * Groups are trees of sets (union-find); a group's data is its root's. Sets that left stay in the tree until the group ends.
 */
#include "sip/links.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/linhash.h"
#include "base/xalloc.h"
#include "sip/msg.h"

struct leg {		/* a set */
	void *mark;	/* root's */
	uint32_t parent;	/* itself: root */
	uint32_t next;	/* in the group's list, which ends with the root; every leg comes before its parent */
	uint32_t first;	/* root's: of the list */
	uint32_t value;	/* those that this set brought */
	uint32_t values;	/* how many */
	uint32_t live;	/* root's: sets that have not left; 0: the group has ended */
	uint32_t sets;	/* root's: with those that have left */
};

struct value {
	uint64_t key[2];
	uint32_t next;	/* in the bucket */
	uint32_t beside;	/* of the same set */
	uint32_t leg;
};

struct links {
	struct links_conf conf;
	struct pool legs, values;
	struct linhash table;	/* of values */
	uint64_t value_count;
	uint32_t ended;		/* the lists of ended groups, one behind the other, to be freed */
	struct links_stats stats;
};

#define FREE_STEPS 8	/* a call, values and legs: more than one call can add */

static struct leg *
leg_at(const struct links *l, uint32_t i)
{
	return pool_at(&l->legs, i);
}

static struct value *
value_at(const struct links *l, uint32_t i)
{
	return pool_at(&l->values, i);
}

struct links *
links_new(const struct links_conf *conf)
{
	struct links *l = xcalloc(1, sizeof(*l));

	l->conf = *conf;
	if (l->conf.max_sets < 2)
		l->conf.max_sets = 2;
	if (l->conf.max_values < 2)
		l->conf.max_values = 2;
	pool_init(&l->legs, sizeof(struct leg));
	pool_init(&l->values, sizeof(struct value));
	linhash_init(&l->table, &l->values, offsetof(struct value, key), offsetof(struct value, next));
	return l;
}

void
links_free(struct links *l)
{
	if (l == NULL)
		return;
	linhash_reset(&l->table);
	pool_reset(&l->legs);
	pool_reset(&l->values);
	free(l);
}

uint32_t
links_find(struct links *l, uint32_t number)
{
	struct leg *g = leg_at(l, number);

	while (g->parent != number) {
		g->parent = leg_at(l, g->parent)->parent;	/* halves the path */
		number = g->parent;
		g = leg_at(l, number);
	}
	return number;
}

uint32_t
links_size(struct links *l, uint32_t number)
{
	return leg_at(l, links_find(l, number))->live;
}

void **
links_mark(struct links *l, uint32_t number)
{
	return &leg_at(l, links_find(l, number))->mark;
}

struct links_stats
links_stats(const struct links *l)
{
	struct links_stats s = l->stats;

	s.bytes += l->table.buckets * sizeof(uint32_t);
	return s;
}

/* The root of the group that has the value, 0 = none. */
static uint32_t
find_value(struct links *l, const struct links_value *v)
{
	const struct value *have;

	for (uint32_t i = *linhash_head(&l->table, v->key[0]); i != 0; i = have->next) {
		uint32_t root;

		have = value_at(l, i);
		if (have->key[0] != v->key[0] || have->key[1] != v->key[1])
			continue;
		root = links_find(l, have->leg);
		if (leg_at(l, root)->live > 0)
			return root;
	}
	return 0;
}

static void
put_value(struct links *l, uint32_t leg, const struct links_value *v)
{
	uint32_t i = pool_get(&l->values), *head;
	struct value *fresh = value_at(l, i);

	linhash_grow(&l->table, l->value_count++);
	head = linhash_head(&l->table, v->key[0]);
	*fresh = (struct value){ .key = { v->key[0], v->key[1] }, .next = *head, .beside = leg_at(l, leg)->value, .leg = leg };
	*head = i;
	leg_at(l, leg)->value = i;
	leg_at(l, leg)->values++;
	l->stats.bytes += sizeof(*fresh);
}

static void
free_value(struct links *l, uint32_t i)
{
	uint32_t *p = linhash_head(&l->table, value_at(l, i)->key[0]);

	while (*p != i)
		p = &value_at(l, *p)->next;
	*p = value_at(l, i)->next;
	pool_put(&l->values, i);
	l->value_count--;
	l->stats.bytes -= sizeof(struct value);
}

/* Frees some of what ended groups had. A leg goes before its parent, so the values that are still there find their root. */
static void
free_ended(struct links *l)
{
	for (unsigned steps = FREE_STEPS; steps > 0 && l->ended != 0; steps--) {
		uint32_t i = l->ended, v = leg_at(l, i)->value;

		if (v != 0) {
			leg_at(l, i)->value = value_at(l, v)->beside;
			free_value(l, v);
			continue;
		}
		l->ended = leg_at(l, i)->next;
		pool_put(&l->legs, i);
		l->stats.bytes -= sizeof(struct leg);
	}
}

uint32_t
links_enter(struct links *l, const struct links_value *v)
{
	uint32_t root = find_value(l, v), i = pool_get(&l->legs);
	struct leg *g = leg_at(l, i), *r = leg_at(l, root);

	l->stats.bytes += sizeof(*g);
	if (root != 0 && r->sets < l->conf.max_sets) {
		g->parent = root;
		g->next = r->first;
		r->first = i;
		r->live++;
		r->sets++;
		l->stats.joins++;
	} else {
		*g = (struct leg){ .parent = i, .first = i, .live = 1, .sets = 1 };
		l->stats.groups++;
		if (root == 0)
			put_value(l, i, v);
		else
			l->stats.refused++;
	}
	free_ended(l);
	return i;
}

/* b becomes part of a. */
static void
join(struct links *l, uint32_t a, uint32_t b)
{
	struct leg *kept = leg_at(l, a), *gone = leg_at(l, b);

	if (l->conf.joined != NULL)
		l->conf.joined(l->conf.arg, a, b);
	gone->parent = a;
	gone->next = kept->first;
	kept->first = gone->first;
	kept->live += gone->live;
	kept->sets += gone->sets;
	l->stats.groups--;
	l->stats.joins++;
}

bool
links_add(struct links *l, uint32_t number, const struct links_value *v)
{
	uint32_t mine = links_find(l, number), other = find_value(l, v);
	bool joined = false;

	free_ended(l);
	if (other == mine)
		return false;
	if (other == 0 ? leg_at(l, number)->values >= l->conf.max_values :
	    (uint64_t)leg_at(l, mine)->sets + leg_at(l, other)->sets > l->conf.max_sets) {
		l->stats.refused++;
	} else if (other == 0) {
		put_value(l, number, v);
	} else {
		bool swap = leg_at(l, mine)->sets < leg_at(l, other)->sets;

		join(l, swap ? other : mine, swap ? mine : other);
		joined = true;
	}
	return joined;
}

void
links_leave(struct links *l, uint32_t number)
{
	uint32_t root = links_find(l, number);
	struct leg *r = leg_at(l, root);

	if (--r->live == 0) {
		r->mark = NULL;
		r->next = l->ended;
		l->ended = r->first;
		l->stats.groups--;
	}
	free_ended(l);
}

/* As links.h says: 32 hexadecimal digits in lower case. */
static bool
uuid(struct slice s, uint8_t out[32])
{
	size_t n = 0;

	if (s.n != 32 && s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);

		if (s.n == 36 && (i == 8 || i == 13 || i == 18 || i == 23)) {
			if (c != '-')
				return false;
			continue;
		}
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		out[n++] = c;
	}
	return true;
}

static struct links_value
value_of(const struct links *l, const uint8_t *p, size_t n)
{
	return (struct links_value){ { hash64_seed(p, n, l->conf.seed), hash64_seed(p, n, ~l->conf.seed * 0x9e3779b97f4a7c15ULL) } };
}

struct links_value
links_value(const struct links *l, struct slice text)
{
	struct links_value v;
	uint8_t digits[32], *flat;

	if (uuid(text, digits))
		return value_of(l, digits, sizeof(digits));
	if (slice_chr(text, '\n') == text.n)
		return value_of(l, text.p, text.n);
	flat = xmalloc(text.n);		/* rare: a folded value */
	v = value_of(l, flat, sip_unfold(text, flat));
	free(flat);
	return v;
}
