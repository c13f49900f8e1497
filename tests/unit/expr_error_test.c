/* SPDX-License-Identifier: MIT */
/* What a wrong expression is told: which place, which words; limits; prefixes. */
#include "expr_records.h"

static const struct {
	const char *text;
	size_t off, len;
	const char *why;
} wrong[] = {
	{ "", 0, 1, "empty" }, { "  # nothing", 0, 1, "empty" }, { "(", 1, 1, "it ends where a condition" }, { "()", 1, 1, "a condition" },
	{ "true)", 4, 1, "an operator or the end" }, { "true true", 5, 4, "an operator or the end" }, { "(true", 5, 1, "it ends where )" },
	{ "(true true)", 6, 4, ") or an operator" }, { "true &&", 7, 1, "it ends where a condition" }, { "&& true", 0, 2, "a condition" },
	{ "true & true", 5, 1, "written &&" }, { "true | true", 5, 1, "written ||" }, { "not", 3, 1, "it ends where" },
	{ "$rm = \"x\"", 4, 1, "a comparison is ==" }, { "$rm ==", 6, 1, "it ends where a value" }, { "$rm == )", 7, 1, "a value" },
	{ "== 5", 0, 2, "single ones" }, { "$rs == 1 == 2", 9, 2, "an operator or the end" }, { "1 == 1", 2, 2, "two constants" },
	{ "\"a\"", 0, 3, "no condition" }, { "10.0.0.1", 0, 8, "no condition" }, { "$null", 0, 5, "no condition" },
	{ "INVITE", 0, 6, "unknown word" }, { "nix()", 0, 3, "unknown function" }, { "$rm == INVITE", 7, 6, "a value" },
	{ "$nix == 1", 0, 4, "unknown variable $nix" }, { "true && $nix", 8, 4, "unknown variable $nix" },
	{ "$ci{s.len} == 3", 3, 7, "transformations are not supported: {s.len}" },
	{ "$(ci{s.substr,0,1}) == 3", 4, 14, "transformations are not supported: {s.substr,0,1}" },
	{ "$ci == \"abc", 7, 1, "not closed" }, { "$ci == 'abc\"", 7, 1, "not closed" }, { "$ci == \"abc\\\"", 7, 1, "not closed" },
	{ "$rs == 99999999999999999999", 7, 20, "too large" }, { "$rs == 007", 7, 3, "does not begin with 0" },
	{ "$rs == 10.0.0", 7, 6, "neither a number nor an address" }, { "$rs == 5x", 7, 2, "neither a number nor an address" },
	{ "$si == 10.0.0.0/33", 7, 11, "neither a number nor an address" }, { "$si == 1::g", 7, 4, "neither" }, { "$rs == -", 7, 1, "neither" },
	{ "$rs == 10.0.0.1", 7, 8, "never equal: the variable is a number" }, { "$rs == \"2xx\"", 7, 5, "never equal: the variable is a number" },
	{ "$si == 5", 7, 1, "never equal: the variable is an address" }, { "$si == \"proxy\"", 7, 7, "neither an address nor a block" },
	{ "$si < 5", 0, 3, "an address has no order" }, { "$rs < $si", 6, 3, "an address has no order" }, { "$rs > \"x\"", 6, 3, "only numbers" },
	{ "$rs > $null", 6, 5, "only numbers" }, { "$rs >= 10.0.0.1", 7, 8, "only numbers" },
	{ "$rm =~ 5", 7, 1, "a regular expression" }, { "\"a\" =~ $rm", 7, 3, "a regular expression" }, { "$rm =~ $ci", 7, 3, "a regular expression" },
	{ "$rm =~ \"a(b\"", 11, 1, "missing closing parenthesis" }, { "$rm =~ \"[z-a]\"", 11, 1, "out of order" },
	{ "$rm =~ \"\\\\(\\\"(b\"", 7, 9, "missing closing parenthesis" },
	{ "5 in {5}", 0, 1, "a variable" }, { "$rs in 5", 7, 1, "{ or @file" }, { "$rs in", 6, 1, "it ends where { or @file" },
	{ "$rs in {}", 8, 1, "a number" }, { "$rs in {1,}", 10, 1, "a number" }, { "$rs in {1 2}", 10, 1, ", or }" }, { "$rs in {1", 9, 1, "it ends where , or }" },
	{ "$rs in {\"x\"}", 8, 3, "a number" }, { "$si in {5}", 8, 1, "an address" }, { "$si in {\"x\"}", 8, 3, "an address" }, { "$rm in {$ci}", 8, 3, "a value" },
	{ "$rm in @", 7, 1, "the name of a file" }, { "$rm in @/nonexistent/values", 7, 20, "No such file" }, { "$rm in @\"/nonexistent\"", 7, 15, "No such file" },
	{ "is_method", 9, 1, "it ends where (" }, { "is_method()", 10, 1, "methods in quotes" }, { "is_method(INVITE)", 10, 6, "methods in quotes" },
	{ "is_method(\"\")", 10, 2, "joined by" }, { "is_method(\"A||B\")", 10, 6, "joined by" }, { "is_method(\"A\" 5)", 14, 1, ") is expected" },
	{ "has_totag(5)", 10, 1, ") is expected" }, { "has_body(5)", 9, 1, "a type in quotes" }, { "has_body(\"sdp\")", 9, 5, "a type as in" },
	{ "isflagset()", 10, 1, "a flag's number" }, { "isflagset(32)", 10, 2, "0 to 31" }, { "isflagset(-1)", 10, 2, "0 to 31" }, { "isflagset(\"3\")", 10, 3, "a flag's number" },
	{ "true; drop", 4, 1, "unexpected ;" }, { "true \x01", 5, 1, "unexpected byte 0x01" }, { "\xc3\xa4", 0, 1, "unexpected byte 0xc3" },
	{ "$rs == 1 \\", 9, 1, "unexpected \\" },
};

static void
places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct guarded g = guarded(slice_str(wrong[i].text));
		struct expr_err e = { 0 };
		struct expr *x;
		enum rc rc = expr_compile(g.s, &x, &e);

		if (rc == RC_OK)
			fail_msg("%s: compiled", wrong[i].text);
		if (rc != e.err.rc || e.off != wrong[i].off || e.len != wrong[i].len || strstr(e.err.text, wrong[i].why) == NULL)
			fail_msg("%s: \"%s\" at %zu, %zu bytes", wrong[i].text, e.err.text, e.off, e.len);
		assert_int_equal(expr_compile(g.s, &x, NULL), rc);
		guarded_free(&g);
	}
}

static void
codes(void **state)
{
	struct expr *x;

	(void)state;
	assert_int_equal(expr_compile(slice_str("$rm in @/nonexistent"), &x, NULL), RC_SYS);
	assert_int_equal(expr_compile(slice_str("$rm in @/"), &x, NULL), RC_SYS);
	assert_int_equal(expr_compile(slice_str("$rm =="), &x, NULL), RC_BAD);
}

/* Each prefix is an expression or an error whose place lies within it or at its end. */
static void
prefixes(void **state)
{
	static const char text[] =
	    "not ($rm == \"INV\\x41\" && $(hdr(X-Foo)[-1]) =~ '^(a|b)+$') or $si in {10.0.0.0/8, ::1, \"\"} and $rs >= 500 || "
	    "is_method(\"INVITE|BYE\") && has_body(\"application/sdp\") and isflagset(31) # done";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct guarded g = guarded(slice_of(text, n));
		struct expr_err e = { 0 };
		struct buf b = { 0 };
		struct expr *x;

		if (expr_compile(g.s, &x, &e) == RC_OK) {
			expr_free(x);
		} else {
			if (e.err.rc != RC_BAD || e.off > n || e.len == 0 || e.off + e.len > n + 1 || e.err.text[0] == '\0')
				fail_msg("%zu bytes: \"%s\" at %zu, %zu bytes", n, e.err.text, e.off, e.len);
			expr_err_text(g.s, &e, &b);
			buf_reset(&b);
		}
		guarded_free(&g);
	}
}

/* `n` times `unit`, then `end`. */
static enum rc
compile_repeated(const char *unit, size_t n, const char *middle, const char *unit2, const char *end)
{
	struct buf b = { 0 };
	struct expr *x;
	enum rc rc;

	for (size_t i = 0; i < n; i++)
		buf_str(&b, unit);
	buf_str(&b, middle);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, unit2);
	buf_str(&b, end);
	rc = expr_compile(buf_slice(&b), &x, NULL);
	if (rc == RC_OK)
		expr_free(x);
	buf_reset(&b);
	return rc;
}

static void
limits(void **state)
{
	(void)state;
	assert_int_equal(compile_repeated("(", 190, "true", ")", ""), RC_OK);
	assert_int_equal(compile_repeated("(", 250, "true", ")", ""), RC_LIMIT);
	assert_int_equal(compile_repeated("(", 500000, "true", "", ""), RC_LIMIT);
	assert_int_equal(compile_repeated("!", 190, "true", "", ""), RC_OK);
	assert_int_equal(compile_repeated("!", 500000, "true", "", ""), RC_LIMIT);
	assert_int_equal(compile_repeated("!(", 120, "true", ")", ""), RC_LIMIT);
	assert_int_equal(compile_repeated("!true && ", 300, "true", "", ""), RC_OK);
	assert_int_equal(compile_repeated("1 && ", 60000, "1", "", ""), RC_OK);
	assert_int_equal(compile_repeated("1 || ", 60000, "1", "", ""), RC_OK);
	assert_int_equal(compile_repeated("1||", 70000, "1", "", ""), RC_LIMIT);
	assert_int_equal(compile_repeated(" ", 1048572, "true", "", ""), RC_OK);
	assert_int_equal(compile_repeated(" ", 1048573, "true", "", ""), RC_LIMIT);
	assert_int_equal(compile_repeated("", 1, "$rm =~ \"", "", "\""), RC_OK);
}

static void
carets(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "$rm = 1", "$rm = 1\n    ^\na comparison is ==\n" },
		{ "$rm == INVITE", "$rm == INVITE\n       ^~~~~~\na value is expected here\n" },
		{ "true &&", "true &&\n       ^\nit ends where a condition is expected\n" },
		{ "true &&\n\t$rs = 5\n|| true", "\t$rs = 5\n\t    ^\na comparison is ==\n" },
		{ "$fn == \"\xc3\xa4\xc3\xb6\" & 1", "$fn == \"\xc3\xa4\xc3\xb6\" & 1\n            ^\nthis is written &&\n" },
		{ "\x01", "?\n^\nunexpected byte 0x01\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct expr_err e = { 0 };
		struct buf b = { 0 };
		struct expr *x;

		assert_int_equal(expr_compile(slice_str(cases[i].text), &x, &e), RC_BAD);
		expr_err_text(slice_str(cases[i].text), &e, &b);
		assert_slice(buf_slice(&b), cases[i].want);
		buf_reset(&b);
	}
}

/* Of a very long line only what is around the place is shown, and the caret stays under it. */
static void
long_line(void **state)
{
	struct expr_err e = { .off = 5000, .len = 3 };
	struct buf text = { 0 }, b = { 0 };
	struct slice out;
	size_t nl;

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_u8(&text, i == 5000 ? 'X' : '.');
	expr_err_text(buf_slice(&text), &e, &b);
	out = buf_slice(&b);
	nl = slice_chr(out, '\n');
	assert_true(nl < 300);
	assert_int_equal(slice_chr(slice_skip(out, nl + 1), '^'), slice_chr(out, 'X'));
	buf_reset(&text);
	buf_reset(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(codes),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(limits),
		cmocka_unit_test(carets),
		cmocka_unit_test(long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
