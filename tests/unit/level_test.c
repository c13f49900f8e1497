/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "cli/level.h"

static void
a_level_is_taken_off_a_line(void **state)
{
	static const struct {
		const char *line;
		int level;
		const char *rest;
	} rows[] = {
		{ "<3>text", 3, "text" },
		{ "<0>", 0, "" },
		{ "<7> text", 7, " text" },
		{ "<8>facility 1", 0, "facility 1" },
		{ "<134>local0.info", 6, "local0.info" },
		{ "<191>the last", 7, "the last" },
		{ "<192>beyond", LEVEL_NONE, "<192>beyond" },
		{ "<1234>", LEVEL_NONE, "<1234>" },
		{ "<>", LEVEL_NONE, "<>" },
		{ "<3", LEVEL_NONE, "<3" },
		{ "<", LEVEL_NONE, "<" },
		{ "", LEVEL_NONE, "" },
		{ "3>", LEVEL_NONE, "3>" },
		{ " <3>text", LEVEL_NONE, " <3>text" },
		{ "<-1>", LEVEL_NONE, "<-1>" },
		{ "<b>bold", LEVEL_NONE, "<b>bold" },
		{ "<3 >", LEVEL_NONE, "<3 >" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i].line));
		struct slice line = g.s;

		if (level_take(&line) != rows[i].level)
			fail_msg("%s", rows[i].line);
		assert_slice(line, rows[i].rest);
		guarded_free(&g);
	}
}

static void
each_name_has_its_word(void **state)
{
	static const char *const want[] = { "EMERGENCY: ", "ALERT: ", "CRITICAL: ", "ERROR: ", "WARNING: ", "NOTICE: ", "INFO: ", "DEBUG: " };
	int level = LEVEL_NONE, i = 0;
	const struct opt o = { .dst = &level, .values = LEVEL_NAMES };
	char names[] = LEVEL_NAMES;
	struct err e;

	(void)state;
	assert_string_equal(level_prefix(LEVEL_NONE), "");
	for (char *save, *name = strtok_r(names, " ", &save); name != NULL; name = strtok_r(NULL, " ", &save)) {
		assert_int_equal(level_opt(&o, name, &e), RC_OK);
		assert_int_equal(level, i);
		assert_string_equal(level_prefix(level), want[i++]);
	}
	assert_int_equal(i, 8);
	assert_int_equal(level_opt(&o, "error", &e), RC_BAD);
	assert_int_equal(level, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_level_is_taken_off_a_line),
		cmocka_unit_test(each_name_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
