/* SPDX-License-Identifier: MIT */
#ifndef BASE_POOL_H
#define BASE_POOL_H
/*
 * pool - items of one size, named by 32-bit numbers, half the size of pointers. Number 0 is nobody's item, but can be read: all zero.
 * Grows by chunks of 2^13 items, so no call pauses and no item moves; chunks are kept until pool_reset.
 * Threads: one a struct pool.
 */
#include <string.h>

#include "base/slice.h"

#define POOL_BITS 13	/* 64-byte items: chunks of 512 KiB; see linhash.h for why no more */

struct pool {
	uint8_t **chunk;
	uint32_t chunks, cap;	/* chunks there; room for pointers */
	uint32_t used;		/* items handed out for the first time, number 0 included */
	uint32_t free;		/* list of items given back */
	uint32_t size;
};

/* Items of `size` bytes, at least 4 and a multiple of what their type is aligned to. */
void pool_init(struct pool *, uint32_t size);
void pool_reset(struct pool *);
/* One that was never handed out; for pool_get. */
uint32_t pool_fresh(struct pool *);

static inline void *
pool_at(const struct pool *p, uint32_t i)
{
	return p->chunk[i >> POOL_BITS] + (size_t)(i & ((1u << POOL_BITS) - 1)) * p->size;
}

/* A zeroed item. */
static inline uint32_t
pool_get(struct pool *p)
{
	uint32_t i = p->free;

	if (i == 0)
		return pool_fresh(p);
	memcpy(&p->free, pool_at(p, i), sizeof(p->free));
	memset(pool_at(p, i), 0, p->size);
	__builtin_prefetch(pool_at(p, p->free), 1);	/* the next one's */
	return i;
}

static inline void
pool_put(struct pool *p, uint32_t i)
{
	memcpy(pool_at(p, i), &p->free, sizeof(p->free));
	p->free = i;
}
#endif
