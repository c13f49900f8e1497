/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <stdlib.h>

#include "base/xalloc.h"

void
pool_reset(struct pool *p)
{
	for (uint32_t i = 0; i < p->chunks; i++)
		xhuge_free(p->chunk[i], (size_t)p->size << POOL_BITS);
	free(p->chunk);
	*p = (struct pool){ .size = p->size };
}

uint32_t
pool_get(struct pool *p)
{
	uint32_t i = p->free;

	if (i != 0) {
		memcpy(&p->free, pool_at(p, i), sizeof(p->free));
		memset(pool_at(p, i), 0, p->size);
		__builtin_prefetch(pool_at(p, p->free), 1);	/* the next one's */
		return i;
	}
	i = p->used++;
	if (i >> POOL_BITS >= p->chunks) {
		if (p->chunks == p->cap) {
			p->cap = p->cap > 0 ? 2 * p->cap : 16;
			p->chunk = xrealloc(p->chunk, p->cap * sizeof(*p->chunk));
		}
		p->chunk[p->chunks++] = xhuge((size_t)p->size << POOL_BITS);
	}
	return i;
}

void
pool_put(struct pool *p, uint32_t i)
{
	memcpy(pool_at(p, i), &p->free, sizeof(p->free));
	p->free = i;
}

void
pool_init(struct pool *p, uint32_t size)
{
	*p = (struct pool){ .size = size };
	(void)pool_get(p);
}
