/* SPDX-License-Identifier: MIT */
#include "outbox/pktq.h"

#include <stdlib.h>

#include "base/xalloc.h"

#define CAP_MIN ((size_t)64 << 10)
#define CAP_KEPT ((size_t)1 << 20)	/* more than this is given back when the queue is empty */
#define LEN_MIN 256

void
pktq_init(struct pktq *q, size_t max_bytes)
{
	*q = (struct pktq){ .max_bytes = max_bytes };
}

void
pktq_reset(struct pktq *q)
{
	free(q->p);
	free(q->len);
	pktq_init(q, q->max_bytes);
}

/* The ring's bytes from `at` on: up to two pieces. */
static size_t
pieces(const struct pktq *q, size_t at, size_t n, struct slice out[2])
{
	size_t off = q->start + at, head;

	if (off >= q->cap)
		off -= q->cap;
	head = q->cap - off < n ? q->cap - off : n;
	out[0] = slice_of(q->p + off, head);
	out[1] = slice_of(q->p, n - head);
	return n > head ? 2 : 1;
}

static void
grow_bytes(struct pktq *q, size_t need)
{
	size_t cap = q->cap > 0 ? q->cap : CAP_MIN;
	struct slice part[2];
	uint8_t *p;

	while (cap < need)
		cap *= 2;
	p = xmalloc(cap);
	if (q->used > 0) {
		pieces(q, 0, q->used, part);
		memcpy(p, part[0].p, part[0].n);
		memcpy(p + part[0].n, part[1].p, part[1].n);
	}
	free(q->p);
	q->p = p;
	q->cap = cap;
	q->start = 0;
}

static void
grow_lengths(struct pktq *q)
{
	size_t cap = q->len_cap > 0 ? q->len_cap * 2 : LEN_MIN;
	uint32_t *len = xmalloc(cap * sizeof(*len));

	for (size_t i = 0; i < q->n; i++)
		len[i] = q->len[(q->first + i) % q->len_cap];
	free(q->len);
	q->len = len;
	q->len_cap = cap;
	q->first = 0;
}

static void
append(struct pktq *q, struct slice s)
{
	size_t at = q->start + q->used, head;

	if (s.n == 0)
		return;
	if (at >= q->cap)
		at -= q->cap;
	head = q->cap - at < s.n ? q->cap - at : s.n;
	memcpy(q->p + at, s.p, head);
	memcpy(q->p, s.p + head, s.n - head);
	q->used += s.n;
}

bool
pktq_put(struct pktq *q, const struct datagram *d)
{
	size_t size = datagram_size(d);

	if (size > UINT32_MAX || pktq_bytes(q) + size + PKTQ_OVERHEAD > q->max_bytes)
		return false;
	if (q->used + size > q->cap)
		grow_bytes(q, q->used + size);
	if (q->n == q->len_cap)
		grow_lengths(q);
	for (size_t i = 0; i < CONN_PARTS; i++)
		append(q, d->part[i]);
	q->len[(q->first + q->n++) % q->len_cap] = (uint32_t)size;
	return true;
}

size_t
pktq_peek(const struct pktq *q, struct datagram *out, size_t max)
{
	size_t n = q->n < max ? q->n : max, at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t size = q->len[(q->first + i) % q->len_cap];

		out[i] = (struct datagram){ 0 };
		if (size > 0)
			pieces(q, at, size, out[i].part);
		at += size;
	}
	return n;
}

void
pktq_drop(struct pktq *q, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += q->len[(q->first + i) % q->len_cap];
	q->n -= n;
	q->used -= bytes;
	if (q->n > 0) {
		q->first = (q->first + n) % q->len_cap;
		q->start = (q->start + bytes) % q->cap;
		return;
	}
	q->first = q->start = 0;
	if (q->cap > CAP_KEPT)
		pktq_reset(q);
}
