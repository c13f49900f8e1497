/* SPDX-License-Identifier: MIT */
#include "outbox/balance.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

#define WAYS 4	/* a call may stand in any place of its set; the least recently seen of them makes room */

struct entry {
	uint64_t key;
	uint32_t seen;		/* modulo 2^32; 0: the entry is empty */
	uint32_t outlet;
};

struct balance {
	enum balance_way way;
	size_t outlets;
	size_t sets;
	struct entry *entry;
	uint32_t now;
	size_t turn;
	uint64_t moved;
};

struct balance *
balance_new(enum balance_way way, size_t outlets, size_t calls)
{
	struct balance *b = xcalloc(1, sizeof(*b));

	b->way = way;
	b->outlets = outlets;
	b->sets = calls / WAYS;
	b->entry = xhuge(b->sets * WAYS * sizeof(*b->entry));
	return b;
}

void
balance_free(struct balance *b)
{
	if (b == NULL)
		return;
	xhuge_free(b->entry, b->sets * WAYS * sizeof(*b->entry));
	free(b);
}

static size_t
heaviest(const struct balance *b, uint64_t key, uint64_t up)
{
	uint64_t most = 0;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < b->outlets; i++) {
		uint64_t weight = hash64_mix(key, i);

		if ((up >> i & 1) && (best == SIZE_MAX || weight > most)) {
			most = weight;
			best = i;
		}
	}
	return best;
}

static size_t
next_in_turn(struct balance *b, uint64_t up)
{
	size_t i;

	do
		i = b->turn++ % b->outlets;
	while (!(up >> i & 1));
	return i;
}

static size_t
choose(struct balance *b, uint64_t key, uint64_t up)
{
	return b->way == BALANCE_RR ? next_in_turn(b, up) : heaviest(b, key, up);
}

/* The call's entry, or the one that it takes over. */
static struct entry *
find(struct balance *b, uint64_t key, bool *found)
{
	struct entry *set = b->entry + (hash64_mix(key, 0x5e7) & (b->sets - 1)) * WAYS, *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].seen != 0 && set[i].key == key) {
			*found = true;
			return &set[i];
		}
		if (set[i].seen == 0 || (oldest->seen != 0 && b->now - set[i].seen > b->now - oldest->seen))
			oldest = &set[i];
	}
	*found = false;
	return oldest;
}

size_t
balance_pick(struct balance *b, uint64_t key, uint64_t up)
{
	uint64_t all = b->outlets == 64 ? UINT64_MAX : (UINT64_C(1) << b->outlets) - 1;
	bool found;
	struct entry *e = find(b, key, &found);

	up &= all;
	if (!found) {
		*e = (struct entry){ .key = key, .outlet = (uint32_t)choose(b, key, up != 0 ? up : all) };
	} else if (up != 0 && !(up >> e->outlet & 1)) {
		e->outlet = (uint32_t)choose(b, key, up);
		b->moved++;
	}
	if (++b->now == 0)
		b->now = 1;
	e->seen = b->now;
	return e->outlet;
}

uint64_t
balance_moved(const struct balance *b)
{
	return b->moved;
}
