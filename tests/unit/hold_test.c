/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "../hold_model.h"

#define SECOND 1000000000ULL
#define START (1700000000 * SECOND)

/* A hold whose owners are its lists, and what came out of it: ids. */
static struct {
	struct hold *h;
	struct hold_list list[30000];
	uint64_t id[30000];
	unsigned out, stop_after;	/* 0: never */
	unsigned given_up;
	bool let_out;
	struct slice raw;		/* all that came out at once, as long as it is in one piece */
	bool gap;
} w;

static bool
on_out(void *arg, struct record *r, void *owner)
{
	(void)arg;
	(void)owner;
	assert_true(record_check(r));
	if (w.raw.n == 0)
		w.raw.p = r->raw.p;
	w.gap |= r->raw.p != w.raw.p + w.raw.n;
	w.raw.n += r->raw.n;
	w.id[w.out++] = r->id;
	return w.out != w.stop_after;
}

static bool
on_given_up(void *arg, void *owner)
{
	(void)arg;
	w.given_up++;
	hold_shift(w.h, owner);
	return w.let_out;
}

static void
open_hold(bool in_order, uint64_t span_ns, uint64_t max_bytes)
{
	hold_free(w.h);
	memset(&w, 0, sizeof(w));
	w.h = hold_new(&(struct hold_conf){ .span_ns = span_ns, .max_bytes = max_bytes, .in_order = in_order, .out = on_out, .given_up = on_given_up });
}

static int
close_hold(void **state)
{
	(void)state;
	hold_free(w.h);
	w.h = NULL;
	return 0;
}

static const uint8_t payload[20 << 20];

static struct record
make(uint64_t id, uint64_t time_ns, size_t size)
{
	return (struct record){ .type = FRAME_MESSAGE, .id = id, .time_ns = START + time_ns, .kind = KIND_LOG, .payload = slice_of(payload, size) };
}

static void
add(unsigned list, uint64_t id, uint64_t time_ns, size_t size)
{
	struct record r = make(id, time_ns, size);

	assert_int_equal(hold_add(w.h, &w.list[list], &r, &w.list[list], NULL), RC_OK);
}

static void
pass(uint64_t id)
{
	struct record r = make(id, 0, 100);

	assert_int_equal(hold_pass(w.h, &r, NULL, NULL), RC_OK);
}

static bool
release(unsigned first, unsigned n)
{
	struct hold_list *lists[8];

	for (unsigned i = 0; i < n; i++)
		lists[i] = &w.list[first + i];
	return hold_release(w.h, lists, n);
}

static void
assert_out(unsigned n, const uint64_t *ids)
{
	assert_int_equal(w.out, n);
	assert_memory_equal(w.id, ids, n * sizeof(*ids));
}
#define ASSERT_OUT(...) assert_out(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[]){ __VA_ARGS__ })

static void
lists_are_merged(void **state)
{
	(void)state;
	open_hold(false, 60 * SECOND, 1 << 20);
	for (unsigned i = 1; i <= 12; i++)
		add(i * 7 % 5, i, 0, i * 10);
	assert_true(release(0, 3));
	ASSERT_OUT(1, 3, 5, 6, 8, 10, 11);
	assert_int_equal(hold_stats(w.h).records, 5);
	assert_int_equal(w.list[0].n + w.list[1].n + w.list[2].n, 0);
	hold_drop(w.h, &w.list[3]);
	assert_true(release(3, 2));
	ASSERT_OUT(1, 3, 5, 6, 8, 10, 11, 2, 7, 12);
	assert_int_equal(hold_stats(w.h).records, 0);
	assert_true(release(0, 5));
	assert_int_equal(w.out, 10);
}

static void
joined_lists_have_one_order(void **state)
{
	static const unsigned lists[] = { 0, 1, 1, 0, 0, 1, 0 };

	(void)state;
	open_hold(false, 60 * SECOND, 1 << 20);
	for (unsigned i = 0; i < 7; i++)
		add(lists[i], i, 0, 10);
	hold_join(w.h, &w.list[1], &w.list[0]);
	assert_int_equal(w.list[0].first, 0);
	assert_int_equal(w.list[1].n, 7);
	add(1, 7, 0, 10);
	assert_true(release(1, 1));
	ASSERT_OUT(0, 1, 2, 3, 4, 5, 6, 7);
}

static void
records_come_out_as_they_went_in(void **state)
{
	struct record r = make(1, 5, 77), read = { 0 };
	struct buf frame = { 0 };
	struct slice in;

	(void)state;
	open_hold(false, 60 * SECOND, 64 << 20);
	assert_int_equal(record_encode(&r, &frame), RC_OK);
	in = buf_slice(&frame);
	assert_int_equal(record_decode(&in, &read), RC_OK);
	assert_int_equal(hold_add(w.h, &w.list[0], &read, NULL, NULL), RC_OK);
	assert_true(release(0, 1));
	assert_true(slice_eq(w.raw, buf_slice(&frame)));	/* valid behind the call's end, too */
	read.id = 9;
	read.intact = false;
	assert_int_equal(hold_add(w.h, &w.list[0], &read, NULL, NULL), RC_OK);
	assert_true(release(0, 1));
	ASSERT_OUT(1, 9);
	buf_reset(&frame);
}

static void
large_records(void **state)
{
	struct record r = make(3, 0, TRACE_MAX_PAYLOAD + 1);
	struct err e;

	(void)state;
	open_hold(false, 60 * SECOND, 64 << 20);
	add(0, 1, 0, 10);
	add(0, 2, 0, TRACE_MAX_PAYLOAD);
	assert_int_equal(hold_add(w.h, &w.list[0], &r, NULL, &e), RC_LIMIT);
	assert_int_equal(w.list[0].n, 2);
	add(0, 4, 0, 10);
	assert_true(hold_stats(w.h).bytes > TRACE_MAX_PAYLOAD);
	assert_true(release(0, 1));
	ASSERT_OUT(1, 2, 4);
	add(0, 5, 0, 10);
	assert_true(hold_stats(w.h).bytes + hold_stats(w.h).spare < 5 << 20);
	open_hold(false, 60 * SECOND, 1 << 20);		/* larger than all that may be held */
	add(0, 1, 0, 10);
	add(1, 2, 0, 2 << 20);
	assert_int_equal(w.given_up, 2);
	assert_int_equal(hold_stats(w.h).records, 0);
}

static void
what_is_dropped_makes_room(void **state)
{
	(void)state;
	open_hold(false, 60 * SECOND, 4 << 20);
	for (unsigned i = 0; i < 20000; i++) {
		add(i % 100, i, 0, 1000);
		if (w.list[i % 100].n == 3)
			hold_drop(w.h, &w.list[i % 100]);
		assert_true(hold_stats(w.h).bytes + hold_stats(w.h).spare <= 4 << 20);
	}
	assert_int_equal(w.given_up, 0);
	open_hold(false, 60 * SECOND, 4 << 20);
	for (unsigned i = 0; i < 20000; i++) {	/* segments that are empty when they are full */
		add(0, i, 0, 1000);
		hold_drop(w.h, &w.list[0]);
	}
	assert_true(hold_stats(w.h).bytes + hold_stats(w.h).spare <= 1 << 20);
}

/* One record in a hundred stays undecided while a hundred times the memory goes by: it is kept, the segments are not. */
static void
few_that_wait_keep_no_segments(void **state)
{
	(void)state;
	open_hold(false, 60 * SECOND, 24 << 20);
	for (unsigned i = 0; i < 200000; i++) {
		add(i % 100 == 0 ? 0 : 1, i, 0, 900);
		if (i % 10 == 9)
			hold_drop(w.h, &w.list[1]);
	}
	assert_int_equal(w.given_up, 0);
	assert_true(release(0, 1));
	assert_int_equal(w.out, 2000);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(w.id[i], i * 100);
}

static void
bytes_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_hold(false, 60 * SECOND, 1 << 20);
		w.let_out = i == 1;
		for (uint64_t id = 0; id < 5000; id++) {
			add(id % 7, id, 0, id % 3000);
			assert_true(hold_stats(w.h).bytes + hold_stats(w.h).spare <= 1 << 20);
		}
		assert_true(w.given_up > 4000 && w.given_up < 4990);
		assert_int_equal(hold_stats(w.h).given_up, w.given_up);
		assert_int_equal(hold_stats(w.h).records, 5000 - w.given_up);
		assert_int_equal(w.out, i == 1 ? w.given_up : 0);
		for (unsigned j = 0; j < w.out; j++)
			assert_int_equal(w.id[j], j);
	}
}

static void
age_is_bounded(void **state)
{
	(void)state;
	open_hold(false, 10 * SECOND, 1 << 20);
	add(0, 1, 0, 10);
	add(1, 2, 3 * SECOND, 10);
	add(0, 3, 10 * SECOND, 10);
	assert_int_equal(w.given_up, 0);
	add(0, 4, 10 * SECOND + 1, 10);
	assert_int_equal(w.given_up, 1);
	assert_int_equal(w.list[0].n, 2);
	assert_true(hold_tick(w.h, START + 13 * SECOND + 1));
	assert_int_equal(w.given_up, 2);
	assert_true(release(0, 2));
	ASSERT_OUT(3, 4);
}

static void
one_wrong_stamp_ages_nothing(void **state)
{
	(void)state;
	open_hold(false, 10 * SECOND, 1 << 20);
	add(0, 1, 0, 10);
	add(0, 2, 86400 * SECOND, 10);
	add(0, 3, SECOND, 10);
	assert_int_equal(w.given_up, 0);
	add(0, 4, 86400 * SECOND, 10);
	add(0, 5, 86400 * SECOND, 10);	/* the same stamp confirms nothing */
	assert_int_equal(w.given_up, 0);
	add(0, 6, 86401 * SECOND, 10);	/* all but the last had come a day before */
	assert_int_equal(w.given_up, 5);
}

/* The next of several files may begin earlier: what is held goes on waiting for as long as it would have. */
static void
steps_back_age_nothing(void **state)
{
	(void)state;
	open_hold(false, 10 * SECOND, 1 << 20);
	add(0, 1, 7200 * SECOND, 10);
	add(0, 2, 7206 * SECOND, 10);
	add(0, 3, 0, 10);
	add(0, 4, 1 * SECOND, 10);
	assert_int_equal(w.given_up, 0);
	add(0, 5, 5 * SECOND, 10);
	assert_int_equal(w.given_up, 0);	/* 6 and 4 s */
	add(0, 6, 6 * SECOND, 10);
	assert_int_equal(w.given_up, 1);
	assert_int_equal(w.list[0].n, 5);
}

/* A day goes by at once: no call does all the work. */
static void
giving_up_is_spread(void **state)
{
	unsigned calls = 0;

	(void)state;
	open_hold(false, 10 * SECOND, 64 << 20);
	for (unsigned i = 0; i < 20000; i++)
		add(0, i, i, 100);
	add(1, 0, 90000 * SECOND, 100);
	for (unsigned before; w.list[0].n > 100; calls++) {
		before = w.given_up;
		if (calls < 10)
			add(1, 0, 90001 * SECOND, 100);
		else
			assert_true(hold_tick(w.h, START + 90001 * SECOND));
		assert_true(w.given_up > before && w.given_up - before <= 5000);
	}
	assert_true(calls > 12);
	assert_int_equal(hold_stats(w.h).records, w.list[0].n + w.list[1].n);
}

static void
in_order(void **state)
{
	(void)state;
	open_hold(true, 60 * SECOND, 1 << 20);
	pass(1);
	ASSERT_OUT(1);
	add(0, 2, 0, 10);
	add(1, 3, 0, 10);
	pass(4);
	add(2, 5, 0, 10);
	add(0, 6, 0, 10);
	assert_true(release(1, 1));
	ASSERT_OUT(1);			/* 2 is before it */
	assert_int_equal(hold_stats(w.h).records, 5);
	hold_drop(w.h, &w.list[0]);
	ASSERT_OUT(1, 3, 4);
	assert_true(release(2, 1));
	ASSERT_OUT(1, 3, 4, 5);
	assert_int_equal(hold_stats(w.h).records, 0);
}

static void
in_order_giving_up_goes_on(void **state)
{
	(void)state;
	open_hold(true, 10 * SECOND, 1 << 20);
	w.let_out = true;
	add(0, 1, 0, 10);
	pass(2);
	add(1, 3, 5 * SECOND, 10);
	pass(4);
	assert_int_equal(w.out, 0);
	assert_true(hold_tick(w.h, START + 11 * SECOND));
	ASSERT_OUT(1, 2);
	assert_true(hold_tick(w.h, START + 16 * SECOND));
	ASSERT_OUT(1, 2, 3, 4);
}

static void
in_order_the_rest_at_the_end(void **state)
{
	(void)state;
	open_hold(true, 60 * SECOND, 64 << 20);
	add(0, 0, 0, 10);
	for (unsigned i = 1; i <= 20000; i++)
		pass(i);
	hold_drop(w.h, &w.list[0]);
	assert_true(w.out > 1000 && w.out < 20000);	/* no pause */
	assert_true(hold_finish(w.h));
	assert_int_equal(w.out, 20000);
	for (unsigned i = 0; i < w.out; i++)
		assert_int_equal(w.id[i], i + 1);
}

static void
out_can_stop(void **state)
{
	(void)state;
	open_hold(false, 10 * SECOND, 1 << 20);
	for (unsigned i = 0; i < 6; i++)
		add(i % 2, i, 0, 10);
	w.stop_after = 2;
	assert_false(release(0, 2));
	ASSERT_OUT(0, 1);
	assert_int_equal(w.list[0].n, 4);
	assert_int_equal(w.list[1].n, 0);
	hold_own(w.h, &w.list[0], &w.list[0]);
	w.stop_after = 4;
	w.let_out = true;
	assert_false(hold_tick(w.h, START + 11 * SECOND));
	ASSERT_OUT(0, 1, 2, 3);
	assert_int_equal(w.list[0].n, 2);
	assert_true(hold_tick(w.h, START + 11 * SECOND));
	ASSERT_OUT(0, 1, 2, 3, 4, 5);
	open_hold(true, 10 * SECOND, 1 << 20);
	add(0, 0, 0, 10);
	pass(1);
	pass(2);
	w.stop_after = 1;
	hold_drop(w.h, &w.list[0]);
	ASSERT_OUT(1);
	assert_false(hold_tick(w.h, START));	/* drop could not say so */
	assert_true(hold_finish(w.h));
	ASSERT_OUT(1, 2);
}

static unsigned
dice(void *arg, unsigned below)
{
	uint32_t *random = arg;

	*random = *random * 1664525 + 1013904223;
	return (*random >> 8) % below;
}

static void
random_against_the_model(void **state)
{
	struct hold_model *m = malloc(sizeof(*m));

	(void)state;
	for (uint32_t round = 0; round < 60; round++) {
		uint32_t random = round;

		memset(m, 0, sizeof(*m));
		m->number = dice;
		m->arg = &random;
		model_open(m, round % 2 == 0, round % 3 == 0 ? 1000000 * SECOND : 30 * SECOND, round % 4 < 2 ? 1 << 30 : 256 << 10);
		for (unsigned i = 0; i < 2500; i++)
			model_operate(m);
		model_close(m);
	}
	free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_merged),
		cmocka_unit_test(joined_lists_have_one_order),
		cmocka_unit_test(records_come_out_as_they_went_in),
		cmocka_unit_test(large_records),
		cmocka_unit_test(what_is_dropped_makes_room),
		cmocka_unit_test(few_that_wait_keep_no_segments),
		cmocka_unit_test(bytes_are_bounded),
		cmocka_unit_test(age_is_bounded),
		cmocka_unit_test(one_wrong_stamp_ages_nothing),
		cmocka_unit_test(steps_back_age_nothing),
		cmocka_unit_test(giving_up_is_spread),
		cmocka_unit_test(in_order),
		cmocka_unit_test(in_order_giving_up_goes_on),
		cmocka_unit_test(in_order_the_rest_at_the_end),
		cmocka_unit_test(out_can_stop),
		cmocka_unit_test(random_against_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, close_hold);
}
