/* SPDX-License-Identifier: MIT */
#include "outbox/flight.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define CAP_MIN 1024

void
flight_reset(struct flight *f)
{
	free(f->v);
	*f = (struct flight){ 0 };
}

static void
grow(struct flight *f)
{
	size_t cap = f->cap > 0 ? f->cap * 2 : CAP_MIN;
	struct flight_entry *v = xmalloc(cap * sizeof(*v));

	for (size_t i = 0; i < f->n; i++)
		v[i] = f->v[(f->first + i) & (f->cap - 1)];
	free(f->v);
	f->v = v;
	f->cap = cap;
	f->first = 0;
}

void
flight_add(struct flight *f, uint64_t mark, uint64_t pos)
{
	if (f->n == f->cap)
		grow(f);
	f->v[(f->first + f->n++) & (f->cap - 1)] = (struct flight_entry){ mark, pos };
}

size_t
flight_landed(struct flight *f, uint64_t mark, uint64_t *pos)
{
	size_t n = 0;

	while (f->n > 0 && f->v[f->first].mark <= mark) {
		*pos = f->v[f->first].pos;
		f->first = (f->first + 1) & (f->cap - 1);
		f->n--;
		n++;
	}
	return n;
}
