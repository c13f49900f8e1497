/* SPDX-License-Identifier: MIT */
#ifndef BASE_LINHASH_H
#define BASE_LINHASH_H
/*
 * linhash - the buckets of a linear hash table (Litwin 1980) whose items lie in a pool: a list of item numbers for each. It grows by
 * splitting one bucket after the other, two for each new item at most, and by chunks of 2 MiB: no call pauses. It does not shrink.
 *
 * An item has its hash (uint64_t, of a keyed function, so that nobody can aim at one bucket) and the number of the next one (uint32_t) at
 * offsets of the caller's choice; putting in and taking out is the caller's: a list through the head.
 */
#include "base/pool.h"

#define LINHASH_HEAD_BITS 17	/* 4-byte heads: chunks of 512 KiB. The first touch of a huge page may take 20 ms in a virtual machine */

struct linhash {
	const struct pool *items;
	uint32_t key, next;	/* offsets in an item */
	unsigned level;		/* 2^level <= buckets < 2^(level + 1) */
	uint64_t buckets;
	uint32_t *heads[1 << (32 - LINHASH_HEAD_BITS)];
};

void linhash_init(struct linhash *, const struct pool *items, size_t key, size_t next);
void linhash_reset(struct linhash *);	/* the items are the caller's */
/* Before one is put in where there are `n`. Heads move. */
void linhash_grow(struct linhash *, uint64_t n);

/* The head of the bucket for this hash. */
static inline uint32_t *
linhash_head(const struct linhash *t, uint64_t hash)
{
	uint64_t b = hash & (((uint64_t)2 << t->level) - 1);

	if (b >= t->buckets)
		b &= ((uint64_t)1 << t->level) - 1;
	return &t->heads[b >> LINHASH_HEAD_BITS][b & ((1u << LINHASH_HEAD_BITS) - 1)];
}
#endif
