/* SPDX-License-Identifier: MIT */
#include "base/linhash.h"

#include "base/xalloc.h"

#define FIRST_LEVEL 10
#define SPLIT_AHEAD 16
#define MAX_BUCKETS ((uint64_t)1 << 32)

void
linhash_init(struct linhash *t, const struct pool *items, size_t key, size_t next)
{
	*t = (struct linhash){ .items = items, .key = (uint32_t)key, .next = (uint32_t)next };
	t->level = FIRST_LEVEL;
	t->buckets = 1u << FIRST_LEVEL;
	t->heads[0] = xhuge(sizeof(uint32_t) << LINHASH_HEAD_BITS);
}

void
linhash_reset(struct linhash *t)
{
	for (size_t i = 0; i < sizeof(t->heads) / sizeof(t->heads[0]); i++)
		xhuge_free(t->heads[i], sizeof(uint32_t) << LINHASH_HEAD_BITS);
}

static uint32_t *
head_of(const struct linhash *t, uint64_t bucket)
{
	return &t->heads[bucket >> LINHASH_HEAD_BITS][bucket & ((1u << LINHASH_HEAD_BITS) - 1)];
}

/* One step: the items of one bucket are shared with a new one, in their order. */
static void
split(struct linhash *t)
{
	uint64_t fresh = t->buckets, old = fresh - ((uint64_t)1 << t->level), mask = ((uint64_t)2 << t->level) - 1, key;
	uint32_t **chunk = &t->heads[fresh >> LINHASH_HEAD_BITS];
	uint32_t *stay, *go, *next;

	if (*chunk == NULL)
		*chunk = xhuge(sizeof(uint32_t) << LINHASH_HEAD_BITS);
	stay = head_of(t, old);
	go = head_of(t, fresh);
	for (uint32_t i = *stay; i != 0; i = *next) {
		uint8_t *item = pool_at(t->items, i);
		uint32_t **to;

		memcpy(&key, item + t->key, sizeof(key));
		next = (uint32_t *)(void *)(item + t->next);
		to = (key & mask) == fresh ? &go : &stay;
		**to = i;
		*to = next;
	}
	*stay = *go = 0;
	if (++t->buckets == (uint64_t)2 << t->level)
		t->level++;
	/* Items are far apart in memory: fetch the one of a split that comes a little later. */
	old = (t->buckets + SPLIT_AHEAD) & (((uint64_t)1 << t->level) - 1);
	__builtin_prefetch(pool_at(t->items, *head_of(t, old)));
}

void
linhash_grow(struct linhash *t, uint64_t n)
{
	for (int i = 0; i < 2 && 2 * n >= t->buckets && t->buckets < MAX_BUCKETS; i++)
		split(t);
}
