/* SPDX-License-Identifier: MIT */
#include "trace/hold.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "trace/hold_store.h"

#define STEPS_ADD 64		/* records that leave for their age, or in order, with each that comes */
#define STEPS_MANY 4096		/* with a tick or a decision */

struct hold {
	struct hold_conf conf;
	struct hold_store store;
	struct clock clock;
	uint64_t elapsed;	/* ns that the clock has gone ahead */
	uint64_t oldest;	/* nothing waits before this place */
	uint64_t given_up;
	bool stopped;		/* out said so, and the caller was not told yet */
	bool asking;		/* given_up is being called */
	struct buf scratch;
};

struct hold *
hold_new(const struct hold_conf *conf)
{
	struct hold *h = xcalloc(1, sizeof(*h));

	h->conf = *conf;
	hold_store_init(&h->store, conf->max_bytes);
	return h;
}

void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	hold_store_reset(&h->store);
	buf_reset(&h->scratch);
	free(h);
}

struct hold_stats
hold_stats(const struct hold *h)
{
	return (struct hold_stats){
		.records = h->store.records, .bytes = h->store.bytes, .spare = h->store.spare_bytes, .given_up = h->given_up,
	};
}

static void
follow(struct hold *h, uint64_t time_ns)
{
	uint64_t before = h->clock.now;

	clock_follow(&h->clock, time_ns);
	if (before != 0 && h->clock.now > before)
		h->elapsed += h->clock.now - before;
}

static bool
let_out(struct hold *h, uint64_t place)
{
	struct slice frame = hold_frame(&h->store, place);
	void *owner = hold_entry_at(&h->store, place)->owner;
	struct record r = { 0 };

	hold_store_gone(&h->store, place);
	if (record_decode(&frame, &r) != RC_OK)
		return true;	/* cannot be: it is a copy of one that was read or encoded */
	if (!h->conf.out(h->conf.arg, &r, owner))
		h->stopped = true;
	return !h->stopped;
}

static void
give_up(struct hold *h, uint64_t place)
{
	bool out;

	h->given_up++;
	h->asking = true;
	out = h->conf.given_up(h->conf.arg, hold_entry_at(&h->store, place)->owner);
	h->asking = false;
	if (hold_store_next(&h->store, place) != place)
		return;		/* its list was dropped */
	if (out)
		(void)let_out(h, place);
	else
		hold_store_gone(&h->store, place);
}

/* Moves h->oldest to where the oldest record is. NULL: there is none. */
static struct hold_entry *
oldest(struct hold *h)
{
	uint64_t place = hold_store_next(&h->store, h->oldest);

	h->oldest = place != 0 ? place : hold_store_end(&h->store);
	return place != 0 ? hold_entry_at(&h->store, place) : NULL;
}

/* One look at the oldest. False: it stays. */
static bool
step(struct hold *h, bool full)
{
	struct hold_entry *e = oldest(h);

	if (e == NULL)
		return false;
	if (e->state == HOLD_READY)
		(void)let_out(h, h->oldest);
	else if (full || h->elapsed - e->came > h->conf.span_ns)
		give_up(h, h->oldest);
	else
		return false;
	return true;
}

static void
advance(struct hold *h, unsigned steps)
{
	while (steps-- > 0 && !h->stopped && step(h, false))
		;
}

static bool
told(struct hold *h)
{
	bool fine = !h->stopped;

	h->stopped = false;
	return fine;
}

/* The place where it is now, 0 = RC_LIMIT. */
static uint64_t
put(struct hold *h, const struct record *r, void *owner)
{
	struct slice frame = r->raw;
	struct hold_entry *e;
	uint64_t place;

	if (!r->intact) {
		buf_clear(&h->scratch);
		if (record_encode(r, &h->scratch) != RC_OK)
			return 0;
		frame = buf_slice(&h->scratch);
	}
	follow(h, r->time_ns);
	hold_store_tidy(&h->store);
	place = hold_store_put(&h->store, frame);
	e = hold_entry_at(&h->store, place);
	e->came = h->elapsed;
	e->owner = owner;
	return place;
}

/* Who says that nothing is to come out has more held for now than he allowed. */
static void
keep_bounds(struct hold *h, unsigned steps)
{
	while (hold_store_full(&h->store) && !h->stopped && step(h, true))
		;
	advance(h, steps);
}

static void
append(struct hold *h, struct hold_list *l, uint64_t place)
{
	if (l->n++ == 0)
		l->first = place;
	else
		hold_entry_at(&h->store, l->last)->next = place;
	l->last = place;
}

enum rc
hold_add(struct hold *h, struct hold_list *l, const struct record *r, void *owner, struct err *e)
{
	uint64_t place = put(h, r, owner);

	if (place == 0)
		return err_set(e, RC_LIMIT, "record too large: payload %zu, attributes %zu bytes", r->payload.n, r->attrs.n);
	append(h, l, place);
	keep_bounds(h, STEPS_ADD);
	return RC_OK;
}

enum rc
hold_pass(struct hold *h, const struct record *r, void *owner, struct err *e)
{
	uint64_t place = put(h, r, owner);

	if (place == 0)
		return err_set(e, RC_LIMIT, "record too large: payload %zu, attributes %zu bytes", r->payload.n, r->attrs.n);
	hold_entry_at(&h->store, place)->state = HOLD_READY;
	keep_bounds(h, STEPS_ADD);
	return RC_OK;
}

void
hold_shift(struct hold *h, struct hold_list *l)
{
	if (--l->n == 0)
		*l = (struct hold_list){ 0 };
	else
		l->first = hold_entry_at(&h->store, l->first)->next;
}

static bool
release_now(struct hold *h, struct hold_list *l)
{
	while (l->n > 0) {
		uint64_t place = l->first;

		hold_shift(h, l);
		if (!let_out(h, place))
			return told(h);
	}
	return true;
}

bool
hold_release(struct hold *h, struct hold_list *const *lists, size_t n)
{
	if (!h->conf.in_order) {
		/* Neighbours first, so that no record is looked at more often than log2(n) times */
		for (size_t gap = 1; gap < n; gap *= 2)
			for (size_t i = 0; i + gap < n; i += 2 * gap)
				hold_join(h, lists[i], lists[i + gap]);
		return n == 0 || release_now(h, lists[0]);
	}
	for (size_t i = 0; i < n; i++) {
		for (uint64_t place = lists[i]->first; place != 0; place = hold_entry_at(&h->store, place)->next)
			hold_entry_at(&h->store, place)->state = HOLD_READY;
		*lists[i] = (struct hold_list){ 0 };
	}
	advance(h, STEPS_MANY);
	return told(h);
}

void
hold_drop(struct hold *h, struct hold_list *l)
{
	for (uint64_t place = l->first, next; place != 0; place = next) {
		next = hold_entry_at(&h->store, place)->next;
		hold_store_gone(&h->store, place);
	}
	*l = (struct hold_list){ 0 };
	if (h->conf.in_order && !h->asking)
		advance(h, STEPS_MANY);
}

void
hold_join(struct hold *h, struct hold_list *a, struct hold_list *b)
{
	uint64_t x = a->first, y = b->first, first = 0, *to = &first;

	while (x != 0 && y != 0) {
		uint64_t *from = x < y ? &x : &y;

		*to = *from;
		to = &hold_entry_at(&h->store, *from)->next;
		*from = *to;
	}
	*to = x != 0 ? x : y;
	*a = (struct hold_list){ first, a->last > b->last ? a->last : b->last, a->n + b->n };
	*b = (struct hold_list){ 0 };
}

void
hold_own(struct hold *h, const struct hold_list *l, void *owner)
{
	for (uint64_t place = l->first; place != 0; place = hold_entry_at(&h->store, place)->next)
		hold_entry_at(&h->store, place)->owner = owner;
}

bool
hold_tick(struct hold *h, uint64_t time_ns)
{
	follow(h, time_ns);
	hold_store_tidy(&h->store);
	keep_bounds(h, STEPS_MANY);
	return told(h);
}

bool
hold_finish(struct hold *h)
{
	for (struct hold_entry *e; !h->stopped && (e = oldest(h)) != NULL && e->state == HOLD_READY;)
		(void)let_out(h, h->oldest);
	return told(h);
}
