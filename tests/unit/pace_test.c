/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/pace.h"

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define NOW (UINT64_C(77) * S)

static void
without_a_pace_nothing_waits(void **state)
{
	struct pace p = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(pace_wait_ns(&p, (uint64_t)i * S, NOW), 0);
}

static void
events_are_as_far_apart_as_they_were_times_the_speed(void **state)
{
	static const struct {
		uint32_t speed;
		uint64_t apart, wait;
	} rows[] = {
		{ PACE_SPEED_ONE, 20 * MS, 20 * MS }, { 2 * PACE_SPEED_ONE, 20 * MS, 10 * MS }, { PACE_SPEED_ONE / 2, 20 * MS, 40 * MS },
		{ 1, 20 * MS, 20 * S }, { PACE_SPEED_MAX, 20 * MS, 20 }, { 3000, 1, 0 }, { 3000, 10, 3 }, { PACE_SPEED_ONE, 30 * 86400 * S, 30 * 86400 * S },
		{ 1, UINT64_MAX - 5 * S, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pace p;

		pace_init_speed(&p, rows[i].speed);
		assert_int_equal(pace_wait_ns(&p, 5 * S, NOW), 0);
		assert_int_equal(pace_wait_ns(&p, 5 * S + rows[i].apart, NOW), rows[i].wait);
		if (rows[i].wait == UINT64_MAX)
			continue;
		if (rows[i].wait > 0)
			assert_int_equal(pace_wait_ns(&p, 5 * S + rows[i].apart, NOW + rows[i].wait - 1), 1);
		assert_int_equal(pace_wait_ns(&p, 5 * S + rows[i].apart, NOW + rows[i].wait), 0);
	}
}

static void
a_late_event_does_not_make_the_next_ones_late(void **state)
{
	struct pace p;

	(void)state;
	pace_init_speed(&p, PACE_SPEED_ONE);
	assert_int_equal(pace_wait_ns(&p, 0, NOW), 0);
	assert_int_equal(pace_wait_ns(&p, 1 * S, NOW + 5 * S), 0);
	assert_int_equal(pace_wait_ns(&p, 4 * S, NOW + 5 * S), 0);
	assert_int_equal(pace_wait_ns(&p, 6 * S, NOW + 5 * S), 1 * S);
}

static void
a_little_disorder_waits_for_nothing_and_changes_nothing(void **state)
{
	struct pace p;

	(void)state;
	pace_init_speed(&p, PACE_SPEED_ONE);
	assert_int_equal(pace_wait_ns(&p, 10 * S, NOW), 0);
	assert_int_equal(pace_wait_ns(&p, 10 * S - PACE_BACK_NS, NOW), 0);
	assert_int_equal(pace_wait_ns(&p, 12 * S, NOW), 2 * S);
}

static void
another_recording_begins_anew(void **state)
{
	struct pace p;

	(void)state;
	pace_init_speed(&p, PACE_SPEED_ONE);
	assert_int_equal(pace_wait_ns(&p, 100 * S, NOW), 0);
	assert_int_equal(pace_wait_ns(&p, 160 * S, NOW + 60 * S), 0);
	assert_int_equal(pace_wait_ns(&p, 100 * S, NOW + 60 * S), 0);
	assert_int_equal(pace_wait_ns(&p, 103 * S, NOW + 60 * S), 3 * S);
}

/* Happens whenever it may, and looks at the clock every `step` and, as a timer would, up to 10 ms late. Returns how many did. */
static unsigned
in_time(struct pace *p, uint64_t time, uint64_t step)
{
	unsigned n = 0;

	for (uint64_t t = 0; t < time; t += step)
		while (pace_wait_ns(p, 0, NOW + t) == 0)
			n++;
	return n;
}

static void
so_many_a_second_whatever_the_timer_does(void **state)
{
	static const uint64_t rates[] = { 1, 7, 50, 1000, 100000, BUCKET_RATE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (uint64_t step = MS / 10; step <= 10 * MS; step *= 10) {
			struct pace p;
			uint64_t n;

			pace_init_rate(&p, rates[i]);
			n = in_time(&p, 4 * S, step);
			if (n > rates[i] * 4 + rates[i] / 50 + 1 || n + rates[i] / 50 < rates[i] * 4)
				fail_msg("%u a second, looked at every %u us: %u in 4 s", (unsigned)rates[i], (unsigned)(step / 1000), (unsigned)n);
		}
}

static void
a_pause_is_not_made_good_by_a_burst(void **state)
{
	struct pace p;

	(void)state;
	pace_init_rate(&p, 1000);
	assert_int_equal(pace_wait_ns(&p, 0, NOW), 0);
	for (int i = 0; i < 21; i++)
		assert_int_equal(pace_wait_ns(&p, 0, NOW + 100 * S), 0);
	assert_int_equal(pace_wait_ns(&p, 0, NOW + 100 * S), MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_pace_nothing_waits),
		cmocka_unit_test(events_are_as_far_apart_as_they_were_times_the_speed),
		cmocka_unit_test(a_late_event_does_not_make_the_next_ones_late),
		cmocka_unit_test(a_little_disorder_waits_for_nothing_and_changes_nothing),
		cmocka_unit_test(another_recording_begins_anew),
		cmocka_unit_test(so_many_a_second_whatever_the_timer_does),
		cmocka_unit_test(a_pause_is_not_made_good_by_a_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
