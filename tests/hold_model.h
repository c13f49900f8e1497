/* SPDX-License-Identifier: MIT */
#ifndef HOLD_MODEL_H
#define HOLD_MODEL_H
/*
 * A slow and simple hold beside the real one: an array of all records, looked at from the front whenever something is asked. One operation at a time is
 * made from a source of numbers (a generator in the unit test, the input in the fuzz target) and done to both; what calls back, and in what order, and
 * what is held is compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trace/hold.h"

#define MODEL_LISTS 20
#define MODEL_ITEMS 4000
#define MODEL_LARGE 60000

#define MODEL_CHECK(ok)									\
	do {										\
		if (!(ok)) {								\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #ok);	\
			abort();							\
		}									\
	} while (0)

enum item_state { ITEM_DECIDED, ITEM_WAITS, ITEM_LEAVES /* released, to come out */ };

struct item {
	enum item_state state;
	unsigned list, owner;
	uint64_t came;
	struct buf frame;
};

struct hold_model {
	struct hold_conf conf;
	struct hold *h;
	unsigned (*number)(void *, unsigned below);
	void *arg;
	struct item item[MODEL_ITEMS];
	unsigned n;
	struct hold_list list[MODEL_LISTS];
	char owner[MODEL_LISTS];	/* owners are their addresses */
	struct clock clock;
	uint64_t time, elapsed, given_up;
	unsigned leaving;		/* item + 1 that is given up and to come out now */
	bool stopped;			/* and not told yet */
	bool over;			/* what was stopped may have left too much */
};

static inline unsigned
model_owner(const struct hold_model *m, const void *owner)
{
	unsigned i = (unsigned)((const char *)owner - m->owner);

	MODEL_CHECK(i < MODEL_LISTS);
	return i;
}

/* The first that is not decided (of a list, where that is below MODEL_LISTS), or m->n. */
static inline unsigned
model_first(const struct hold_model *m, unsigned list)
{
	unsigned i = 0;

	while (i < m->n && (m->item[i].state == ITEM_DECIDED || (list < MODEL_LISTS && m->item[i].list != list)))
		i++;
	return i;
}

static inline bool
model_out(void *arg, struct record *r, void *owner)
{
	struct hold_model *m = arg;
	unsigned i = 0;

	MODEL_CHECK(!m->stopped);
	if (m->leaving != 0) {
		i = m->leaving - 1;
		m->leaving = 0;
	} else {
		while (i < m->n && m->item[i].state != ITEM_LEAVES) {
			MODEL_CHECK(!m->conf.in_order || m->item[i].state == ITEM_DECIDED);
			i++;
		}
	}
	MODEL_CHECK(i < m->n && model_owner(m, owner) == m->item[i].owner);
	MODEL_CHECK(r->intact && slice_eq(r->raw, buf_slice(&m->item[i].frame)));
	MODEL_CHECK(r->payload.p >= r->raw.p && r->payload.p + r->payload.n <= r->raw.p + r->raw.n && record_check(r));
	m->item[i].state = ITEM_DECIDED;
	m->stopped = m->number(m->arg, 50) == 0;
	m->over |= m->stopped;
	return !m->stopped;
}

static inline bool
model_given_up(void *arg, void *owner)
{
	struct hold_model *m = arg;
	unsigned i = model_first(m, MODEL_LISTS);
	struct hold_stats s = hold_stats(m->h);

	while (!m->conf.in_order && i < m->n && m->item[i].state != ITEM_WAITS)
		i++;
	MODEL_CHECK(i < m->n && m->item[i].state == ITEM_WAITS && model_owner(m, owner) == m->item[i].owner);
	MODEL_CHECK(m->elapsed - m->item[i].came > m->conf.span_ns || s.bytes > m->conf.max_bytes / 2);
	m->given_up++;
	if (m->number(m->arg, 8) == 0) {	/* the whole list */
		hold_drop(m->h, &m->list[m->item[i].list]);
		for (unsigned list = m->item[i].list; (i = model_first(m, list)) < m->n;)
			m->item[i].state = ITEM_DECIDED;
		return m->number(m->arg, 2) == 0;
	}
	hold_shift(m->h, &m->list[m->item[i].list]);
	m->item[i].list = MODEL_LISTS;
	if (m->number(m->arg, 2) == 0) {
		m->leaving = i + 1;
		m->item[i].state = ITEM_LEAVES;
		return true;
	}
	m->item[i].state = ITEM_DECIDED;
	return false;
}

static inline void
model_follow(struct hold_model *m)
{
	uint64_t before = m->clock.now;

	clock_follow(&m->clock, m->time);
	if (before != 0 && m->clock.now > before)
		m->elapsed += m->clock.now - before;
}

/* Times step on, seldom back, and sometimes far. */
static inline void
model_move_time(struct hold_model *m)
{
	static const int64_t far[] = { 40, -40, 4000, -4000 };

	if (m->number(m->arg, 40) == 0)
		m->time += (uint64_t)(far[m->number(m->arg, 4)] * 1000000000);
	m->time += m->number(m->arg, 255) * 4000000ULL - 200000000;
}

static inline void
model_put(struct hold_model *m, bool pass)
{
	static uint8_t payload[MODEL_LARGE];
	struct item *t = &m->item[m->n];
	unsigned list = m->number(m->arg, MODEL_LISTS), size = m->number(m->arg, 100);
	struct record r = { .type = FRAME_MESSAGE, .id = m->n, .kind = KIND_LOG }, read;
	struct slice frame;
	enum rc rc;

	if (m->n == MODEL_ITEMS)
		return;
	model_move_time(m);
	model_follow(m);
	size = size > 97 ? 500 * size : size * size / 4;
	memset(payload, (int)m->n, size);
	r.time_ns = m->time;
	r.payload = slice_of(payload, size);
	MODEL_CHECK(record_encode(&r, &t->frame) == RC_OK);
	if (m->number(m->arg, 2) == 0) {	/* as from a reader */
		frame = buf_slice(&t->frame);
		memset(&read, 0, sizeof(read));
		MODEL_CHECK(record_decode(&frame, &read) == RC_OK);
		r = read;
	}
	t->state = pass ? ITEM_LEAVES : ITEM_WAITS;
	t->list = pass ? MODEL_LISTS : list;
	t->owner = list;
	if (!pass && model_first(m, list) < m->n)	/* lists that were joined may have another owner than their own */
		t->owner = m->item[model_first(m, list)].owner;
	t->came = m->elapsed;
	m->n++;
	rc = pass ? hold_pass(m->h, &r, &m->owner[t->owner], NULL) : hold_add(m->h, &m->list[list], &r, &m->owner[t->owner], NULL);
	MODEL_CHECK(rc == RC_OK);
}

static inline void
model_release(struct hold_model *m)
{
	struct hold_list *lists[MODEL_LISTS];
	size_t n = 1 + m->number(m->arg, 5);
	bool fine;

	for (size_t i = 0; i < n; i++) {
		unsigned list = ((unsigned)i * 4 + m->number(m->arg, 4)) % MODEL_LISTS;

		lists[i] = &m->list[list];
		for (unsigned j = 0; j < m->n; j++)
			if (m->item[j].state == ITEM_WAITS && m->item[j].list == list) {
				m->item[j].state = ITEM_LEAVES;
				m->item[j].list = MODEL_LISTS;
			}
	}
	m->stopped = false;	/* whoever was told before is told by this */
	fine = hold_release(m->h, lists, n);
	MODEL_CHECK(fine == !m->stopped);
	m->stopped = false;
	for (unsigned j = 0; j < m->n && !m->conf.in_order; j++)	/* stopped: what is left is in the first list again */
		if (m->item[j].state == ITEM_LEAVES) {
			MODEL_CHECK(!fine);
			m->item[j].state = ITEM_WAITS;
			m->item[j].list = (unsigned)(lists[0] - m->list);
		}
}

static inline void
model_drop(struct hold_model *m)
{
	unsigned list = m->number(m->arg, MODEL_LISTS), i;

	while ((i = model_first(m, list)) < m->n)
		m->item[i].state = ITEM_DECIDED;
	hold_drop(m->h, &m->list[list]);
}

static inline void
model_join(struct hold_model *m)
{
	unsigned a = m->number(m->arg, MODEL_LISTS), b = m->number(m->arg, MODEL_LISTS);

	if (a == b)
		return;
	hold_own(m->h, &m->list[a], &m->owner[a]);
	hold_own(m->h, &m->list[b], &m->owner[a]);
	hold_join(m->h, &m->list[a], &m->list[b]);
	for (unsigned i = 0; i < m->n; i++)
		if (m->item[i].state == ITEM_WAITS && (m->item[i].list == a || m->item[i].list == b))
			m->item[i].list = m->item[i].owner = a;
}

static inline void
model_tick(struct hold_model *m)
{
	bool before = m->stopped, fine;
	unsigned i;

	model_move_time(m);
	model_follow(m);
	fine = hold_tick(m->h, m->time);
	MODEL_CHECK(fine == !m->stopped);
	m->stopped = false;
	i = model_first(m, MODEL_LISTS);
	if (fine && !before && i < m->n)
		MODEL_CHECK(m->item[i].state == ITEM_WAITS && m->elapsed - m->item[i].came <= m->conf.span_ns);
}

static inline void
model_compare(struct hold_model *m)
{
	struct hold_stats s = hold_stats(m->h);
	unsigned held = 0, n[MODEL_LISTS + 1] = { 0 };

	for (unsigned i = 0; i < m->n; i++) {
		held += m->item[i].state != ITEM_DECIDED;
		n[m->item[i].list] += m->item[i].state == ITEM_WAITS;
	}
	for (unsigned i = 0; i < MODEL_LISTS; i++)
		MODEL_CHECK(m->list[i].n == n[i] && (n[i] == 0) == (m->list[i].first == 0));
	MODEL_CHECK(s.records == held && s.given_up == m->given_up);
	MODEL_CHECK(m->over || (s.bytes <= m->conf.max_bytes && s.bytes + s.spare <= m->conf.max_bytes + MODEL_LARGE));
}

static inline void
model_operate(struct hold_model *m)
{
	unsigned what = m->number(m->arg, 32);

	if (m->stopped && what > 0)	/* who was told to stop does nothing but ask */
		what = 31;
	if (!m->stopped && (what < 20 || what >= 28))	/* puts and ticks restore the bounds */
		m->over = hold_stats(m->h).bytes > m->conf.max_bytes;
	if (what < 20)
		model_put(m, m->conf.in_order && what < 4);
	else if (what < 23)
		model_release(m);
	else if (what < 26)
		model_drop(m);
	else if (what < 28)
		model_join(m);
	else
		model_tick(m);
	model_compare(m);
}

static inline void
model_open(struct hold_model *m, bool in_order, uint64_t span_ns, uint64_t max_bytes)
{
	m->conf = (struct hold_conf){ .span_ns = span_ns, .max_bytes = max_bytes, .in_order = in_order,
		.out = model_out, .given_up = model_given_up, .arg = m };
	m->h = hold_new(&m->conf);
	m->time = 1700000000000000000ULL;
}

static inline void
model_close(struct hold_model *m)
{
	while (m->conf.in_order && model_first(m, MODEL_LISTS) < m->n) {
		for (unsigned i = 0; i < MODEL_LISTS; i++) {
			for (unsigned j = 0; j < m->n; j++)
				if (m->item[j].list == i && m->item[j].state == ITEM_WAITS)
					m->item[j].state = ITEM_DECIDED;
			hold_drop(m->h, &m->list[i]);
		}
		MODEL_CHECK(hold_finish(m->h) == !m->stopped);
		m->stopped = false;
	}
	model_compare(m);
	hold_free(m->h);
	for (unsigned i = 0; i < m->n; i++)
		buf_reset(&m->item[i].frame);
}
#endif
