/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "store/when.h"

#define NOW_NS 1795375230500000000ull

static void
seconds_to_text_and_back(void **state)
{
	static const struct {
		int64_t sec;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01 00:00:00" },
		{ -1, "1969-12-31 23:59:59" },
		{ 951782399, "2000-02-28 23:59:59" },
		{ 951782400, "2000-02-29 00:00:00" },
		{ 951868800, "2000-03-01 00:00:00" },
		{ 1795375230, "2026-11-22 19:20:30" },
		{ 4107542399, "2100-02-28 23:59:59" },
		{ 4107542400, "2100-03-01 00:00:00" },
		{ 18446744073, "2554-07-21 23:34:33" },
		{ -62135596800, "0001-01-01 00:00:00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[WHEN_TEXT];
		int64_t us;

		assert_int_equal(when_format(rows[i].sec, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_int_equal(when_stamp(slice_str(text), &us), RC_OK);
		assert_int_equal(us, rows[i].sec * 1000000);
	}
}

static void
every_day_of_five_centuries(void **state)
{
	char text[WHEN_TEXT], last[WHEN_TEXT] = "";

	(void)state;
	for (int64_t day = -100000; day < 100000; day++) {
		int64_t us;

		when_format(day * 86400, text);
		if (strcmp(text, last) == 0 || when_stamp(slice_str(text), &us) != RC_OK || us != day * 86400000000)
			fail_msg("day %lld: %s", (long long)day, text);
		strcpy(last, text);
	}
}

static void
what_users_type(void **state)
{
	static const struct {
		const char *text;
		int64_t us;	/* -1: refused */
	} rows[] = {
		{ "2026-11-22 19:20:30", 1795375230000000 },
		{ "2026-11-22T19:20:30Z", 1795375230000000 },
		{ "2026-11-22t19:20:30z", 1795375230000000 },
		{ "2026-11-22 20:20:30+01:00", 1795375230000000 },
		{ "2026-11-22 14:20:30-0500", 1795375230000000 },
		{ "2026-11-22 19:20:30.25", 1795375230250000 },
		{ "2026-11-22 19:20:30.1234567", 1795375230123456 },
		{ "2026-11-22 19:20", 1795375200000000 },
		{ "2026-11-22", 1795305600000000 },
		{ "2016-12-31 23:59:60Z", 1483228800000000 },
		{ "1795375230", 1795375230000000 },
		{ "1795375230.000001", 1795375230000001 },
		{ "0", 0 },
		{ "now", 1795375230500000 },
		{ "-30s", 1795375200500000 },
		{ "-15m", 1795374330500000 },
		{ "-1h", 1795371630500000 },
		{ "-7d", 1794770430500000 },
		{ "-2w", 1794165630500000 },
		{ "", -1 },
		{ "-", -1 },
		{ "-h", -1 },
		{ "-1", -1 },
		{ "1h", -1 },
		{ "--1h", -1 },
		{ "yesterday", -1 },
		{ "2026-11-22 ", -1 },
		{ "2026-11-22 19", -1 },
		{ "2026-11-22 19:2", -1 },
		{ "2026-11-22 24:00", -1 },
		{ "2026-11-22 19:60", -1 },
		{ "2026-11-22 19:20:61", -1 },
		{ "2026-11-22 19:20:30.", -1 },
		{ "2026-11-22 19:20:30 ", -1 },
		{ "2026-11-22 19:20:30+1", -1 },
		{ "2026-02-29", -1 },
		{ "2026-13-01", -1 },
		{ "2026-00-01", -1 },
		{ "2026-01-00", -1 },
		{ "26-01-01", -1 },
		{ "1795375230.", -1 },
		{ "1795375230.5x", -1 },
		{ "99999999999999999999", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i].text));
		struct err e = { .text = "" };
		int64_t us = -1;
		enum rc rc = when_parse(g.s, NOW_NS, &us, &e);

		if ((rc == RC_OK) != (rows[i].us >= 0) || (rc == RC_OK && us != rows[i].us))
			fail_msg("\"%s\" is %lld, want %lld", rows[i].text, (long long)us, (long long)rows[i].us);
		assert_int_equal(rc != RC_OK, e.text[0] != '\0');
		guarded_free(&g);
	}
}

static void
julian_days_of_ours_and_of_the_module(void **state)
{
	(void)state;
	assert_true(when_julian(0) == 2440587.5);
	for (int64_t sec = 946684800; sec < 2500000000; sec += 7919) {
		assert_int_equal(when_from_julian(when_julian(sec)), sec);
		assert_int_equal(when_from_julian(((double)sec - 0.5) / 86400 + 2440587.5), sec);
	}
	/* As the module wrote it for a message of 19:19:25. */
	assert_int_equal(when_from_julian(2461367.3051446760074), 1795375165);
	assert_int_equal(when_from_julian(1e300), 0);
	assert_int_equal(when_from_julian(-1e300), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(seconds_to_text_and_back),
		cmocka_unit_test(every_day_of_five_centuries),
		cmocka_unit_test(what_users_type),
		cmocka_unit_test(julian_days_of_ours_and_of_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
