/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "trace/copies_report.h"

#define MS 1000000ll
#define NAMES "from\tto\tcopies\tmin_ms\tmedian_ms\tp95_ms\tmax_ms\tonly_from\tonly_to\n"

/* Points 1 to n are "0" to "n - 1". */
static struct points *
make_points(unsigned n)
{
	struct points *p = points_new(1);

	for (unsigned i = 0; i < n; i++)
		(void)points_number(p, &(struct record){ .type = FRAME_MESSAGE, .capture_point = (uint16_t)i });
	return p;
}

static void
first(struct copies_report *r, unsigned point)
{
	copies_report_add(r, &(struct copies_answer){ .kind = COPIES_FIRST, .point = (uint16_t)point });
}

static void
copy(struct copies_report *r, unsigned from, unsigned then, unsigned point, int64_t apart_ns)
{
	copies_report_add(r, &(struct copies_answer){
	    .kind = COPIES_COPY, .point = (uint16_t)point, .seen = { (uint16_t)from, (uint16_t)then }, .apart_ns = apart_ns,
	});
}

static void
check(struct copies_report *r, struct points *p, const char *want)
{
	struct buf out = { 0 };

	copies_report_text(r, p, &out);
	assert_slice(buf_slice(&out), want);
	buf_reset(&out);
	copies_report_free(r);
	points_free(p);
}

static void
test_nothing(void **state)
{
	(void)state;
	check(copies_report_new(100 * MS), make_points(1), NAMES);
}

/* A row for each direction of time; what either point missed is the same for both. */
static void
test_both_directions(void **state)
{
	struct copies_report *r = copies_report_new(100 * MS);

	(void)state;
	for (int i = 1; i <= 3; i++) {
		first(r, 1);
		copy(r, 1, 0, 2, i * 20);
	}
	first(r, 1);
	copy(r, 1, 0, 2, -50);
	first(r, 1);
	first(r, 2);
	first(r, 2);
	check(r, make_points(2), NAMES "0\t1\t3\t0.000020\t0.000040\t0.000060\t0.000060\t1\t2\n"
	    "1\t0\t1\t0.000050\t0.000050\t0.000050\t0.000050\t2\t1\n");
}

/* Measured from the first; that the second and third point have both seen it counts. */
static void
test_three_points(void **state)
{
	struct copies_report *r = copies_report_new(100 * MS);

	(void)state;
	first(r, 1);
	copy(r, 1, 0, 2, 10);
	copy(r, 1, 2, 3, 30);
	first(r, 2);
	copy(r, 2, 0, 3, 10);
	check(r, make_points(3), NAMES "0\t1\t1\t0.000010\t0.000010\t0.000010\t0.000010\t0\t1\n"
	    "0\t2\t1\t0.000030\t0.000030\t0.000030\t0.000030\t0\t1\n"
	    "1\t2\t1\t0.000010\t0.000010\t0.000010\t0.000010\t0\t0\n");
}

static void
test_same_point(void **state)
{
	struct copies_report *r = copies_report_new(100 * MS);

	(void)state;
	first(r, 1);
	copies_report_add(r, &(struct copies_answer){ .kind = COPIES_COPY, .repeated = true, .point = 1, .seen = { 1 }, .apart_ns = 5 });
	check(r, make_points(1), NAMES "0\t0\t1\t0.000005\t0.000005\t0.000005\t0.000005\t-\t-\n");
}

/* 1 to 1000 of something from 1 ns to 1 s: right to one part in a hundred. */
static void
test_percentiles(void **state)
{
	(void)state;
	for (int64_t unit = 1; unit <= 1000 * MS; unit *= 7) {
		struct copies_report *r = copies_report_new((uint64_t)(1000 * unit));
		struct points *p = make_points(2);
		struct buf out = { 0 };
		double low, median, p95, high;

		for (int i = 1000; i > 0; i--) {
			first(r, 1);
			copy(r, 1, 0, 2, i * unit);
		}
		copies_report_text(r, p, &out);
		assert_int_equal(sscanf(strchr(buf_cstr(&out), '\n'), "\n0\t1\t1000\t%lf\t%lf\t%lf\t%lf\t0\t0\n", &low, &median, &p95, &high), 4);
		assert_float_equal(low * MS, (double)unit, 0.5);
		assert_float_equal(median * MS, 500. * (double)unit, 5. * (double)unit);
		assert_float_equal(p95 * MS, 950. * (double)unit, 9.5 * (double)unit);
		assert_float_equal(high * MS, 1000. * (double)unit, 0.5);
		buf_reset(&out);
		copies_report_free(r);
		points_free(p);
	}
}

/* As many rows as there may be, then one for all others. */
static void
test_many_pairs(void **state)
{
	struct copies_report *r = copies_report_new(100 * MS);
	struct points *p = make_points(600);
	struct buf out = { 0 };
	unsigned lines = 0;

	(void)state;
	for (unsigned i = 2; i <= 600; i++) {
		first(r, 1);
		copy(r, 1, 0, i, 1);
	}
	copies_report_text(r, p, &out);
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	assert_int_equal(lines, 1 + COPIES_REPORT_PAIRS + 1);
	assert_non_null(strstr(buf_cstr(&out), "\nothers\tothers\t343\t-"));
	buf_reset(&out);
	copies_report_free(r);
	points_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_both_directions),
		cmocka_unit_test(test_three_points),
		cmocka_unit_test(test_same_point),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_many_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
