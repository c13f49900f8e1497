/* SPDX-License-Identifier: MIT */
#include "trace/hold_store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define SEGMENT (1u << 20)	/* no huge page: to touch one for the first time can take 20 ms in a virtual machine */
#define SEGMENT_LEAST (16u << 10)
#define RING_FIRST 16
#define TIDY_LOOKS 4

static_assert(sizeof(struct hold_entry) == 32, "blocks are multiples of it");

static struct hold_segment *
at(const struct hold_store *s, uint64_t segment)
{
	return &s->ring[segment & (s->cap - 1)];
}

static uint32_t
class_size(const struct hold_store *s, unsigned c)
{
	return s->size >> 2 * c;
}

static unsigned
class_of(const struct hold_store *s, uint32_t size)
{
	unsigned c = 0;

	while (c < HOLD_CLASSES && class_size(s, c) != size)
		c++;
	return c;
}

static uint8_t *
block_new(size_t size)
{
	return size >= SEGMENT ? xhuge(size) : xmalloc(size);
}

static void
block_free(uint8_t *block, size_t size)
{
	if (size >= SEGMENT)
		xhuge_free(block, size);
	else
		free(block);
}

/* Where the link to the next one stands in a spare block: at its end, as its frames may still be looked at. */
static uint8_t *
link_of(uint8_t *block, uint32_t size)
{
	return block + size - sizeof(uint8_t *);
}

static void
block_put(struct hold_store *s, uint8_t *block, uint32_t size)
{
	unsigned c = class_of(s, size);
	struct hold_large *l;

	s->bytes -= size;
	s->spare_bytes += size;
	if (c == HOLD_CLASSES) {
		l = xmalloc(sizeof(*l));
		*l = (struct hold_large){ s->large, block, size };
		s->large = l;
		return;
	}
	memcpy(link_of(block, size), &s->spare[c], sizeof(s->spare[c]));
	s->spare[c] = block;
}

static uint8_t *
spare_pop(struct hold_store *s, unsigned c)
{
	uint8_t *block = s->spare[c];

	if (block == NULL)
		return NULL;
	memcpy(&s->spare[c], link_of(block, class_size(s, c)), sizeof(s->spare[c]));
	s->spare_bytes -= class_size(s, c);
	return block;
}

static void
free_large(struct hold_store *s)
{
	for (struct hold_large *l; (l = s->large) != NULL; free(l)) {
		s->large = l->next;
		s->spare_bytes -= l->size;
		block_free(l->block, l->size);
	}
}

/* A block goes back to the system, the larger ones first. */
static bool
spare_free_one(struct hold_store *s)
{
	for (unsigned c = 0; c < HOLD_CLASSES; c++)
		if (s->spare[c] != NULL) {
			block_free(spare_pop(s, c), class_size(s, c));
			return true;
		}
	return false;
}

/* Room for `size` bytes, if spare blocks can make it. */
static void
spare_trim(struct hold_store *s, size_t size)
{
	while (s->bytes + s->spare_bytes + size > s->max_bytes && spare_free_one(s))
		;
}

static uint8_t *
block_get(struct hold_store *s, uint32_t size)
{
	unsigned c = class_of(s, size);
	uint8_t *block = c < HOLD_CLASSES ? spare_pop(s, c) : NULL;

	if (block == NULL) {
		spare_trim(s, size);
		block = block_new(size);
	}
	s->bytes += size;
	return block;
}

void
hold_store_init(struct hold_store *s, uint64_t max_bytes)
{
	*s = (struct hold_store){ .cap = RING_FIRST, .base = 1, .scan = 1, .max_bytes = max_bytes, .size = SEGMENT };
	while (s->size > SEGMENT_LEAST && s->size > max_bytes / 8)
		s->size /= 4;
	s->ring = xcalloc(s->cap, sizeof(*s->ring));
	s->bytes = s->cap * sizeof(*s->ring);
}

void
hold_store_reset(struct hold_store *s)
{
	for (uint64_t i = s->base; i <= s->head; i++)
		if (at(s, i)->block != NULL)
			block_free(at(s, i)->block, at(s, i)->size);
	s->max_bytes = 0;
	spare_trim(s, 1);
	free_large(s);
	free(s->ring);
}

static void
ring_resize(struct hold_store *s, uint64_t cap)
{
	struct hold_segment *ring = xcalloc(cap, sizeof(*ring));

	for (uint64_t i = s->base; i <= s->head; i++)
		ring[i & (cap - 1)] = *at(s, i);
	free(s->ring);
	s->bytes += (cap - s->cap) * sizeof(*ring);
	s->ring = ring;
	s->cap = cap;
}

static void
segment_free(struct hold_store *s, uint64_t i)
{
	block_put(s, at(s, i)->block, at(s, i)->size);
	at(s, i)->block = NULL;
	while (s->base < s->head && at(s, s->base)->block == NULL)
		s->base++;
}

/* A segment with room for one more frame of n bytes. */
static struct hold_segment *
segment_new(struct hold_store *s, size_t n)
{
	size_t least = n + sizeof(struct hold_entry);
	uint32_t size = least <= s->size ? s->size : (uint32_t)((least + 31) / 32 * 32);	/* nothing else fits */

	if (s->head > 0 && at(s, s->head)->live == 0)
		segment_free(s, s->head);
	if (s->spare_bytes > s->bytes)	/* a peak is over: memory goes back, a block at a time */
		(void)spare_free_one(s);
	if (s->head + 1 - s->base >= s->cap)
		ring_resize(s, s->cap * 2);
	else if (s->cap > RING_FIRST && s->head + 1 - s->base < s->cap / 4)
		ring_resize(s, s->cap / 2);
	s->head++;
	*at(s, s->head) = (struct hold_segment){ .block = block_get(s, size), .size = size };
	while (at(s, s->base)->block == NULL)
		s->base++;
	return at(s, s->head);
}

uint64_t
hold_store_put(struct hold_store *s, struct slice frame)
{
	struct hold_segment *g = at(s, s->head);
	struct hold_entry *e;

	if (s->head == 0 || g->size - g->used < frame.n + (g->n + 1) * sizeof(*e))
		g = segment_new(s, frame.n);
	e = hold_entry_of(g, g->n);
	*e = (struct hold_entry){ .off = g->used, .len = (uint32_t)frame.n, .state = HOLD_WAITS };
	memcpy(g->block + g->used, frame.p, frame.n);
	g->used += (uint32_t)frame.n;
	g->live_bytes += (uint32_t)frame.n;
	g->live++;
	s->records++;
	return s->head << HOLD_PLACE_BITS | g->n++;
}

void
hold_store_gone(struct hold_store *s, uint64_t place)
{
	struct hold_segment *g = hold_segment_at(s, place);
	struct hold_entry *e = hold_entry_at(s, place);

	e->state = HOLD_GONE;
	g->live--;
	g->live_bytes -= e->len;
	s->records--;
	if (g->live == 0 && place >> HOLD_PLACE_BITS != s->head)
		segment_free(s, place >> HOLD_PLACE_BITS);
}

uint64_t
hold_store_next(const struct hold_store *s, uint64_t place)
{
	uint64_t seg = place >> HOLD_PLACE_BITS;
	uint32_t i = place & ((1u << HOLD_PLACE_BITS) - 1);

	if (seg < s->base) {
		seg = s->base;
		i = 0;
	}
	for (; seg <= s->head; seg++, i = 0) {
		const struct hold_segment *g = at(s, seg);

		for (; g->block != NULL && g->live > 0 && i < g->n; i++)
			if (hold_entry_of(g, i)->state != HOLD_GONE)
				return seg << HOLD_PLACE_BITS | i;
	}
	return 0;
}

/* What waits goes to a block of this size; the entries stay as they are, but for the offsets. */
static void
shrink(struct hold_store *s, struct hold_segment *g, uint32_t size)
{
	struct hold_segment to = *g;

	to.block = block_get(s, size);
	to.size = size;
	to.used = 0;
	memcpy(hold_entry_of(&to, g->n - 1), hold_entry_of(g, g->n - 1), g->n * sizeof(struct hold_entry));
	for (uint32_t i = 0; i < g->n; i++) {
		struct hold_entry *e = hold_entry_of(&to, i);

		if (e->state == HOLD_GONE)
			continue;
		memcpy(to.block + to.used, g->block + e->off, e->len);
		e->off = to.used;
		to.used += e->len;
	}
	block_put(s, g->block, g->size);
	*g = to;
}

void
hold_store_tidy(struct hold_store *s)
{
	free_large(s);
	spare_trim(s, 0);
	for (unsigned looks = 0; looks < TIDY_LOOKS && s->base < s->head; looks++) {
		struct hold_segment *g;
		unsigned c = HOLD_CLASSES;
		size_t need;

		if (s->scan < s->base || s->scan >= s->head)	/* the newest is being filled */
			s->scan = s->base;
		g = at(s, s->scan++);
		need = g->live_bytes + g->n * sizeof(struct hold_entry);
		while (c > 0 && class_size(s, c - 1) < need)
			c--;
		if (g->block == NULL || c == 0 || class_size(s, c - 1) > g->size / 2)
			continue;
		shrink(s, g, class_size(s, c - 1));
		break;
	}
}

bool
hold_store_full(const struct hold_store *s)
{
	return s->bytes + s->size > s->max_bytes;
}
