/* SPDX-License-Identifier: MIT */
#ifndef BASE_POOL_H
#define BASE_POOL_H
/*
 * pool - items of one size, named by 32-bit numbers (0 = none), half the size of pointers. They lie in chunks that never move, so growing
 * copies nothing; an item that is given back is the next one handed out.
 */
#include <stdint.h>
#include <string.h>

#define POOL_BITS 15	/* items of a chunk: 2 MiB of 64-byte ones */

struct pool {
	uint8_t **chunk;
	uint32_t chunks, cap;	/* chunks there; room for pointers */
	uint32_t used;		/* items handed out for the first time, number 0 included */
	uint32_t free;		/* list of items given back */
	uint32_t size;
};

/* Items of `size` bytes, 4 or more. Number 0 is nobody's item, but can be read: all zero. */
void pool_init(struct pool *, uint32_t size);
void pool_reset(struct pool *);
/* A zeroed item. */
uint32_t pool_get(struct pool *);
void pool_put(struct pool *, uint32_t i);

static inline void *
pool_at(const struct pool *p, uint32_t i)
{
	return p->chunk[i >> POOL_BITS] + (size_t)(i & ((1u << POOL_BITS) - 1)) * p->size;
}
#endif
