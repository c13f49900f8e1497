/* SPDX-License-Identifier: MIT */
#include "trace/hold.h"

#include <stdlib.h>

#include "base/stream_clock.h"
#include "base/xalloc.h"

#define SEGMENT ((size_t)1 << 20)
#define SPARES 8
#define ITEM_BITS 20		/* of a place: the number within the segment; the rest is the segment's */

enum item_state {
	ITEM_GONE,
	ITEM_WAITS,
	ITEM_OUT,		/* in order: decided, it waits for its turn */
};

struct item {
	uint64_t next;		/* place in the list, 0 = none */
	uint64_t came_ns;
	void *owner;
	size_t off, len;	/* of the frame */
	uint8_t state;		/* enum item_state */
};

struct segment {
	struct segment *spare;	/* list of them */
	uint8_t *bytes;
	size_t cap, used;
	struct item *items;
	uint32_t n, room;
	uint32_t live;		/* items that are not gone */
};

struct hold {
	struct hold_conf conf;
	struct segment **ring;	/* by number, modulo its size; NULL: all its items are gone */
	uint64_t ring_size;	/* power of two */
	uint64_t first, end;	/* numbers of segments: there from first on; end is the next new one. Number 0 is none. */
	uint32_t at;		/* of the first segment: its items before this are gone */
	struct segment *spares;
	unsigned spares_n;
	struct stream_clock time;
	struct buf frame;
	struct hold_stats stats;
	bool letting_out;	/* head_out is at work */
};

static struct segment *
segment_at(const struct hold *h, uint64_t number)
{
	return h->ring[number & (h->ring_size - 1)];
}

static struct item *
item_at(const struct hold *h, uint64_t place)
{
	return &segment_at(h, place >> ITEM_BITS)->items[place & ((1u << ITEM_BITS) - 1)];
}

struct hold *
hold_new(const struct hold_conf *conf)
{
	struct hold *h = xcalloc(1, sizeof(*h));

	h->conf = *conf;
	h->ring_size = 16;
	h->ring = xcalloc(h->ring_size, sizeof(struct segment *));
	h->first = h->end = 1;
	return h;
}

static size_t
segment_bytes(const struct segment *s)
{
	return s->cap + s->room * sizeof(struct item);
}

static void
segment_free(struct segment *s)
{
	free(s->bytes);
	free(s->items);
	free(s);
}

static void
segment_done(struct hold *h, uint64_t number)
{
	struct segment *s = segment_at(h, number);

	h->ring[number & (h->ring_size - 1)] = NULL;
	h->stats.bytes -= segment_bytes(s);
	if (s->cap != SEGMENT || h->spares_n == SPARES) {
		segment_free(s);
		return;
	}
	s->n = 0;
	s->used = 0;
	s->spare = h->spares;
	h->spares = s;
	h->spares_n++;
}

static void
ring_grow(struct hold *h)
{
	uint64_t size = 2 * h->ring_size;
	struct segment **ring = xcalloc(size, sizeof(struct segment *));

	for (uint64_t i = h->first; i < h->end; i++)
		ring[i & (size - 1)] = segment_at(h, i);
	free(h->ring);
	h->ring = ring;
	h->ring_size = size;
}

static struct segment *
segment_new(struct hold *h, size_t need)
{
	struct segment *s = h->spares;

	if (h->end - h->first == h->ring_size)
		ring_grow(h);
	if (need <= SEGMENT && s != NULL) {
		h->spares = s->spare;
		h->spares_n--;
	} else {
		s = xcalloc(1, sizeof(*s));
		s->cap = need > SEGMENT ? need : SEGMENT;
		s->bytes = xmalloc(s->cap);
	}
	h->ring[h->end++ & (h->ring_size - 1)] = s;
	h->stats.bytes += segment_bytes(s);
	return s;
}

/* Room for a frame and its item in the last segment, or in a new one. */
static struct segment *
room_for(struct hold *h, size_t n)
{
	struct segment *s = h->end > h->first ? segment_at(h, h->end - 1) : NULL;

	if (s != NULL && (s->cap - s->used < n || s->n == 1u << ITEM_BITS)) {
		if (s->live == 0)
			segment_done(h, h->end - 1);
		s = NULL;
	}
	if (s == NULL)
		s = segment_new(h, n);
	if (s->n == s->room) {
		h->stats.bytes -= segment_bytes(s);
		s->room = s->room > 0 ? 2 * s->room : 1024;
		s->items = xrealloc(s->items, s->room * sizeof(struct item));
		h->stats.bytes += segment_bytes(s);
	}
	return s;
}

static void
gone(struct hold *h, uint64_t place)
{
	struct segment *s = segment_at(h, place >> ITEM_BITS);

	s->items[place & ((1u << ITEM_BITS) - 1)].state = ITEM_GONE;
	h->stats.records--;
	if (--s->live == 0 && place >> ITEM_BITS != h->end - 1)
		segment_done(h, place >> ITEM_BITS);
}

/* The oldest that is not gone; 0 = none. */
static uint64_t
head(struct hold *h)
{
	while (h->first < h->end) {
		struct segment *s = segment_at(h, h->first);

		while (s != NULL && h->at < s->n && s->items[h->at].state == ITEM_GONE)
			h->at++;
		if (s != NULL && h->at < s->n)
			return h->first << ITEM_BITS | h->at;
		if (s != NULL && h->first == h->end - 1)
			return 0;	/* it takes more */
		h->first++;
		h->at = 0;
	}
	return 0;
}

static bool
let_out(struct hold *h, uint64_t place)
{
	struct item *i = item_at(h, place);
	struct slice frame = slice_of(segment_at(h, place >> ITEM_BITS)->bytes + i->off, i->len);
	void *owner = i->owner;
	struct record r;
	bool more = true;

	if (record_decode(&frame, &r) == RC_OK) {	/* as it was encoded here */
		r.intact = true;
		more = h->conf.out(h->conf.arg, &r, owner);
	}
	gone(h, place);
	return more;
}

/* In order: all whose turn has come. */
static bool
head_out(struct hold *h)
{
	bool more = true;
	uint64_t p;

	if (!h->conf.in_order || h->letting_out)
		return true;
	h->letting_out = true;
	while (more && (p = head(h)) != 0 && item_at(h, p)->state == ITEM_OUT)
		more = let_out(h, p);
	h->letting_out = false;
	return more;
}

void
hold_free(struct hold *h)
{
	uint64_t p;

	if (h == NULL)
		return;
	while ((p = head(h)) != 0)
		(void)let_out(h, p);
	for (uint64_t i = h->first; i < h->end; i++)
		if (segment_at(h, i) != NULL)
			segment_free(segment_at(h, i));
	for (struct segment *s = h->spares, *next; s != NULL; s = next) {
		next = s->spare;
		segment_free(s);
	}
	free(h->ring);
	buf_reset(&h->frame);
	free(h);
}

/* Gives up the oldest that waits. False: out said so. */
static bool
give_up(struct hold *h, uint64_t place)
{
	struct item *i = item_at(h, place);
	bool out;

	if (i->state == ITEM_OUT)	/* its turn, but that was stopped */
		return let_out(h, place);
	h->stats.given_up++;
	out = h->conf.given_up(h->conf.arg, i->owner);
	i->state = ITEM_OUT;
	if (out)
		return let_out(h, place) && head_out(h);
	gone(h, place);
	return head_out(h);
}

static enum rc
put(struct hold *h, const struct record *r, void *owner, enum item_state state, uint64_t *place, struct err *e)
{
	struct slice frame = r->raw;
	struct segment *s;
	size_t n;

	if (!r->intact || frame.p == NULL) {
		buf_clear(&h->frame);
		if (record_encode(r, &h->frame) != RC_OK)
			return err_set(e, RC_LIMIT, "record too large");
		frame = buf_slice(&h->frame);
	}
	n = (frame.n + 7) & ~(size_t)7;
	s = room_for(h, n);
	memcpy(s->bytes + s->used, frame.p, frame.n);
	s->items[s->n] = (struct item){ .came_ns = h->time.now, .owner = owner, .off = s->used, .len = frame.n, .state = (uint8_t)state };
	*place = (h->end - 1) << ITEM_BITS | s->n++;
	s->used += n;
	s->live++;
	h->stats.records++;
	return RC_OK;
}

enum rc
hold_add(struct hold *h, struct hold_list *list, const struct record *r, void *owner, struct err *e)
{
	uint64_t place, p;
	enum rc rc = put(h, r, owner, ITEM_WAITS, &place, e);

	if (rc != RC_OK)
		return rc;
	*(list->first != 0 ? &item_at(h, list->last)->next : &list->first) = place;
	list->last = place;
	list->n++;
	while (h->stats.bytes > h->conf.max_bytes && (p = head(h)) != 0 && p != place)
		if (!give_up(h, p))
			return err_set(e, RC_END, "stopped");
	return RC_OK;
}

enum rc
hold_pass(struct hold *h, struct record *r, void *owner, bool *more, struct err *e)
{
	uint64_t place;
	enum rc rc;

	*more = true;
	if (head(h) == 0) {
		*more = h->conf.out(h->conf.arg, r, owner);
		return RC_OK;
	}
	rc = put(h, r, owner, ITEM_OUT, &place, e);
	while (rc == RC_OK && *more && h->stats.bytes > h->conf.max_bytes && (place = head(h)) != 0)
		*more = give_up(h, place);
	return rc;
}

void
hold_join(struct hold *h, struct hold_list *a, struct hold_list *b)
{
	uint64_t *tail = &a->first, x = a->first, y = b->first;

	if (b->n == 0)
		return;
	if (a->n > 0 && a->last < y) {	/* the usual case */
		item_at(h, a->last)->next = y;
		a->last = b->last;
	} else {
		a->last = a->last > b->last ? a->last : b->last;
		while (x != 0 || y != 0) {
			uint64_t *from = y == 0 || (x != 0 && x < y) ? &x : &y;

			*tail = *from;
			tail = &item_at(h, *from)->next;
			*from = *tail;
		}
	}
	a->n += b->n;
	*b = (struct hold_list){ 0 };
}

bool
hold_release(struct hold *h, struct hold_list *const *lists, size_t n)
{
	struct hold_list all = { 0 };
	bool more = true;

	for (size_t i = 0; i < n; i++)
		hold_join(h, &all, lists[i]);
	while (all.first != 0 && more) {
		uint64_t p = all.first;
		struct item *i = item_at(h, p);

		all.first = i->next;
		i->state = ITEM_OUT;
		if (!h->conf.in_order)
			more = let_out(h, p);
	}
	return head_out(h) && more;
}

bool
hold_drop(struct hold *h, struct hold_list *list)
{
	for (uint64_t p = list->first, next; p != 0; p = next) {
		next = item_at(h, p)->next;
		gone(h, p);
	}
	*list = (struct hold_list){ 0 };
	return head_out(h);
}

void
hold_shift(struct hold *h, struct hold_list *list)
{
	list->first = item_at(h, list->first)->next;
	if (--list->n == 0)
		list->last = 0;
}

void
hold_own(struct hold *h, const struct hold_list *list, void *owner)
{
	for (uint64_t p = list->first; p != 0; p = item_at(h, p)->next)
		item_at(h, p)->owner = owner;
}

bool
hold_tick(struct hold *h, uint64_t time_ns)
{
	uint64_t p;

	stream_clock_move(&h->time, time_ns);
	for (unsigned n = 0; n < HOLD_STEP && (p = head(h)) != 0; n++) {
		if (h->time.now < h->conf.span_ns || item_at(h, p)->came_ns >= h->time.now - h->conf.span_ns)
			break;
		if (!give_up(h, p))
			return false;
	}
	return true;
}

struct hold_stats
hold_stats(const struct hold *h)
{
	return h->stats;
}
