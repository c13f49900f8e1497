/* SPDX-License-Identifier: MIT */
#include "base/pool.h"

#include <stdlib.h>

#include "base/xalloc.h"

void
pool_init(struct pool *p, uint32_t size)
{
	*p = (struct pool){ .size = size };
	(void)pool_fresh(p);
}

void
pool_reset(struct pool *p)
{
	for (uint32_t i = 0; i < p->chunks; i++)
		xhuge_free(p->chunk[i], (size_t)p->size << POOL_BITS);
	free(p->chunk);
	*p = (struct pool){ 0 };
}

uint32_t
pool_fresh(struct pool *p)
{
	uint32_t i = p->used++;

	if (i >> POOL_BITS >= p->chunks) {
		if (p->chunks == p->cap) {
			p->cap = p->cap > 0 ? 2 * p->cap : 16;
			p->chunk = xrealloc(p->chunk, p->cap * sizeof(*p->chunk));
		}
		p->chunk[p->chunks++] = xhuge((size_t)p->size << POOL_BITS);
	}
	return i;
}
