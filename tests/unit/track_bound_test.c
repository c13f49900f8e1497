/* SPDX-License-Identifier: MIT */
#include "track.h"

/* Feeds one printf-made line; returns its set's name. */
static uintptr_t __attribute__((format(printf, 2, 3)))
one(struct world *w, const char *fmt, ...)
{
	char line[200], have[24];
	struct buf b = { 0 };
	uint64_t t = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_int_equal(flow_build(line, &t, &b), FLOW_MESSAGE);
	feed(w, buf_slice(&b), t, have);
	buf_reset(&b);
	return (uintptr_t)have[0];
}

static void
test_oldest_go_first(void **state)
{
	struct world w;
	uintptr_t c;

	(void)state;
	open_world(&w, 2);
	(void)one(&w, "0 INVITE a t - 1 z1");
	(void)one(&w, "1 INVITE b t - 1 z1");
	c = one(&w, "2 INVITE c t - 1 z1");
	assert_int_equal(track_stats(w.t).evicted, 1);
	assert_int_equal(track_stats(w.t).open, 2);
	assert_int_equal(one(&w, "3 180/INVITE b t x 1 z1"), 'B');
	assert_int_equal(one(&w, "3 180/INVITE c t x 1 z1"), c);
	assert_int_equal(one(&w, "3 180/INVITE a t x 1 z1"), 'D');
	close_world(&w);
}

/* Also where they wait in different queues: a confirmed call is older than an attempt. */
static void
test_oldest_of_all_queues(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 2);
	(void)one(&w, "0 INVITE a t - 1 z1");
	(void)one(&w, "0 200/INVITE a t x 1 z1");
	(void)one(&w, "10 INVITE b t - 1 z1");
	(void)one(&w, "11 INVITE c t - 1 z1");
	assert_int_equal(one(&w, "12 180/INVITE b t x 1 z1"), 'B');
	assert_int_equal(one(&w, "12 180/INVITE c t x 1 z1"), 'C');
	assert_int_equal(track_stats(w.t).evicted, 1);
	close_world(&w);
}

/* What has ended goes before what is older and alive, and is no loss. */
static void
test_ended_go_before_oldest(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 2);
	(void)one(&w, "0 INVITE a t - 1 z1");
	(void)one(&w, "0 180/INVITE a t x 1 z1");
	(void)one(&w, "1 OPTIONS b t - 1 z1");
	(void)one(&w, "1 200/OPTIONS b t x 1 z1");
	(void)one(&w, "50 180/INVITE a t x 1 z1");
	(void)one(&w, "60 INVITE c t - 1 z1");
	assert_int_equal(one(&w, "61 200/INVITE a t x 1 z1"), 'A');
	assert_int_equal(track_stats(w.t).evicted, 0);
	close_world(&w);
}

static void
test_memory_bound_counts_charges(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1000);
	(void)one(&w, "0 INVITE a t - 1 z1");
	(void)one(&w, "1 INVITE b t - 1 z1");
	track_charge(w.t, 1 << 30);
	(void)one(&w, "2 180/INVITE b t x 1 z1");
	assert_int_equal(track_stats(w.t).open, 1);
	assert_int_equal(track_stats(w.t).evicted, 1);
	track_charge(w.t, -(1 << 30));
	assert_int_equal(one(&w, "2 200/INVITE b t x 1 z1"), 'B');
	close_world(&w);
}

/* One peer cannot make the walk over a set, or over the sets of a Call-ID, any length it likes. */
static void
test_lists_are_bounded(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 100000);
	for (unsigned i = 0; i < 1000; i++) {
		(void)one(&w, "0 INFO a t x %u z%u", i, i);
		(void)one(&w, "0 200/INVITE a t y%u 9999 z", i);
		(void)one(&w, "0 INVITE b t%u - 1 z%u", i, i);
	}
	assert_int_equal(track_stats(w.t).open, 33);
	assert_true(track_stats(w.t).dropped > 1800);
	assert_true(track_stats(w.t).bytes < 40 * 200 + 64 * 64 + 16 * 24);
	close_world(&w);
}

/* The table grows and empties: every call is found again, all memory comes back, and an ended stream's sets go by ticks. */
static void
test_many_calls(void **state)
{
	struct world w;

	(void)state;
	open_world(&w, 1000000);
	for (unsigned i = 0; i < 50000; i++)
		(void)one(&w, "%u.%03u INVITE c%u t - 1 z1", i / 10000, i / 10 % 1000, i);
	assert_int_equal(w.sets, 50000);
	for (unsigned i = 0; i < 50000; i++)
		(void)one(&w, "%u.%03u 486/INVITE c%u t x 1 z1", 5 + i / 10000, i / 10 % 1000, i);
	assert_int_equal(w.sets, 50000);
	assert_int_equal(w.txns, 50000);
	for (unsigned i = 10; i < 60; i++)
		track_tick(w.t, FLOW_START + i * FLOW_SECOND);
	assert_int_equal(track_stats(w.t).open, 0);
	assert_int_equal(track_stats(w.t).bytes, 0);
	assert_int_equal(track_stats(w.t).expired, 50000);
	close_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_oldest_go_first),
		cmocka_unit_test(test_oldest_of_all_queues),
		cmocka_unit_test(test_ended_go_before_oldest),
		cmocka_unit_test(test_memory_bound_counts_charges),
		cmocka_unit_test(test_lists_are_bounded),
		cmocka_unit_test(test_many_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
