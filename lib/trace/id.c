/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/hash.h"
#include "base/take.h"
#include "base/xalloc.h"
#include "trace/record.h"

#define WAYS 4
#define SETS 1024

/* Recent hashes and how often each came. A hash includes its microsecond, so an old entry can do no harm. */
struct id_maker {
	struct {
		uint64_t hash[WAYS];
		uint32_t seen[WAYS];
		uint32_t next;		/* the way to give up */
	} set[SETS];
};

struct id_maker *
id_maker_new(void)
{
	return xcalloc(1, sizeof(struct id_maker));
}

void
id_maker_free(struct id_maker *m)
{
	free(m);
}

static uint64_t
plain_id(const struct record *r)
{
	uint8_t head[46];

	store_le64(head, r->time_ns / 1000);
	head[8] = r->transport;
	head[9] = r->src.family;
	memcpy(head + 10, r->src.ip, 16);
	memcpy(head + 26, r->dst.ip, 16);
	store_le16(head + 42, r->src.port);
	store_le16(head + 44, r->dst.port);
	return hash64_mix(hash64(head, sizeof(head)), hash64_slice(r->payload));
}

static uint32_t
ordinal(struct id_maker *m, uint64_t h)
{
	size_t s = h % SETS;
	uint32_t w;

	for (w = 0; w < WAYS; w++)
		if (m->set[s].hash[w] == h && m->set[s].seen[w] > 0)
			return m->set[s].seen[w]++;
	w = m->set[s].next++ % WAYS;
	m->set[s].hash[w] = h;
	m->set[s].seen[w] = 1;
	return 0;
}

uint64_t
record_id(struct id_maker *m, const struct record *r)
{
	uint64_t h = plain_id(r);
	uint32_t n = ordinal(m, h);

	return n == 0 ? h : hash64_mix(h, n);
}
