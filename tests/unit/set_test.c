/* SPDX-License-Identifier: MIT */
/* The right side of `in`: what was added is there, nothing else is. */
#include "test.h"

#include "expr/set.h"

static void
texts_of_every_length(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct set *s = set_new();

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct guarded g = guarded(slice_of(text, n));
		struct guarded other = guarded(slice_of(text + 1, n > 0 ? n - 1 : 0));

		assert_false(set_has_text(s, g.s));
		set_add_text(s, g.s);
		set_add_text(s, g.s);
		assert_int_equal(set_size(s), n + 1);
		assert_true(set_has_text(s, g.s));
		if (n > 1)
			assert_false(set_has_text(s, other.s));
		guarded_free(&g);
		guarded_free(&other);
	}
	for (size_t n = 0; n < sizeof(text); n++)
		assert_true(set_has_text(s, slice_of(text, n)));
	set_free(s);
}

/* Texts that differ in one place alone, wherever it is: the filter's sketch sees the ends only. */
static void
many_that_are_alike(void **state)
{
	struct set *s = set_new();
	char text[32];

	(void)state;
	for (int i = 0; i < 30000; i += 2) {
		(void)snprintf(text, sizeof(text), "4917%06d", i);
		set_add_text(s, slice_str(text));
		(void)snprintf(text, sizeof(text), "beginning%06dtheend.", i);
		set_add_text(s, slice_str(text));
	}
	assert_int_equal(set_size(s), 30000);
	for (int i = 0; i < 30000; i++) {
		(void)snprintf(text, sizeof(text), "4917%06d", i);
		assert_int_equal(set_has_text(s, slice_str(text)), i % 2 == 0);
		(void)snprintf(text, sizeof(text), "beginning%06dtheend.", i);
		assert_int_equal(set_has_text(s, slice_str(text)), i % 2 == 0);
	}
	set_free(s);
}

static void
kinds_are_apart(void **state)
{
	struct set *s = set_new();
	struct addr_net net;
	struct addr a;

	(void)state;
	set_add_num(s, 5);
	assert_true(set_has_num(s, 5));
	assert_false(set_has_num(s, -5));
	assert_false(set_has_text(s, SLICE_LIT("5")));
	assert_false(set_has_text(s, SLICE_LIT("10.1.2.3")));
	assert_int_equal(addr_net_parse(SLICE_LIT("10.0.0.0/8"), false, &net), RC_OK);
	set_add_net(s, &net);
	assert_int_equal(addr_parse(SLICE_LIT("10.1.2.3"), &a), RC_OK);
	assert_true(set_has_addr(s, &a));
	assert_true(set_has_text(s, SLICE_LIT("10.1.2.3")));	/* the text of an address */
	assert_false(set_has_text(s, SLICE_LIT("11.1.2.3")));
	set_add_text(s, SLICE_LIT("proxy"));
	assert_true(set_has_text(s, SLICE_LIT("proxy")));
	assert_false(set_has_text(s, SLICE_LIT("Proxy")));
	set_free(s);
	set_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_every_length),
		cmocka_unit_test(many_that_are_alike),
		cmocka_unit_test(kinds_are_apart),
	};

	return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
