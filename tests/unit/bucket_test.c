/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/bucket.h"

#define S 1000000000ull

/* How many of the events that are tried every `step_ns` for `time_ns` may happen. */
static unsigned
taken(struct bucket *b, uint64_t from_ns, uint64_t time_ns, uint64_t step_ns)
{
	unsigned n = 0;

	for (uint64_t t = 0; t < time_ns; t += step_ns)
		n += bucket_take(b, from_ns + t);
	return n;
}

static void
so_many_a_second(void **state)
{
	static const struct {
		uint64_t rate, burst;
		unsigned in_10s;	/* the burst, then the rate */
	} rows[] = { { 1, 1, 10 }, { 3, 1, 30 }, { 100, 1, 1000 }, { 100, 100, 1099 }, { 100, 500, 1499 }, { 7, 70, 139 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bucket b;
		unsigned n;

		bucket_init(&b, rows[i].rate, rows[i].burst);
		n = taken(&b, 5 * S, 10 * S, 1000000);
		if (n + 1 < rows[i].in_10s || n > rows[i].in_10s)
			fail_msg("%u a second, burst %u: %u", (unsigned)rows[i].rate, (unsigned)rows[i].burst, n);
	}
}

static void
a_pause_saves_a_burst_and_no_more(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 10, 5);
	assert_int_equal(taken(&b, 0, 100, 1), 5);
	assert_int_equal(taken(&b, S / 10 * 2, 100, 1), 2);
	assert_int_equal(taken(&b, 3600 * S, 100, 1), 5);
}

static void
waiting_as_long_as_it_says_is_enough_and_not_too_long(void **state)
{
	struct bucket b;
	uint64_t now = 7 * S, wait;

	(void)state;
	bucket_init(&b, 1000000, 3);
	for (int i = 0; i < 1000; i++) {
		while (bucket_take(&b, now))
			;
		wait = bucket_wait_ns(&b, now);
		assert_true(wait > 0 && wait <= 1000);
		assert_false(bucket_take(&b, now + wait - 1));
		now += wait;
		assert_int_equal(bucket_wait_ns(&b, now), 0);
	}
}

static void
the_extremes_do_not_overflow(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 1, UINT32_MAX);
	assert_int_equal(taken(&b, UINT64_MAX / 4, 1000, 1), 1000);
	bucket_init(&b, BUCKET_RATE_MAX, 1);
	assert_int_equal(taken(&b, UINT64_MAX / 4, 1000000, 100), 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_a_second),
		cmocka_unit_test(a_pause_saves_a_burst_and_no_more),
		cmocka_unit_test(waiting_as_long_as_it_says_is_enough_and_not_too_long),
		cmocka_unit_test(the_extremes_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
