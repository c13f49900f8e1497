/* SPDX-License-Identifier: MIT */
/*
 * siptrace-expr(7) promises what is true: every variable, operator and function is in an example, and each example is true of those of the page's
 * two messages that it says, each template makes of the first what it says.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>

#include "expr_records.h"

#define PAGE "man/man7/siptrace-expr.7"

static struct buf examples;	/* those of expressions, as a reader types them */
static struct buf all;		/* the page, likewise */
static struct buf messages[2];	/* the request, the reply */

/* mdoc's escapes of characters back into the characters. */
static void
unescape(struct buf *out, struct slice s)
{
	static const struct {
		struct slice mdoc;
		const char *text;
	} escapes[] = {
		{ SLICE_LIT("\\e"), "\\" }, { SLICE_LIT("\\(ti"), "~" }, { SLICE_LIT("\\(ha"), "^" }, { SLICE_LIT("\\(aq"), "'" },
		{ SLICE_LIT("\\(dq"), "\"" }, { SLICE_LIT("\\-"), "-" }, { SLICE_LIT("\\&"), "" },
	};

	for (size_t i = 0; s.n > 0; i++) {
		if (i == sizeof(escapes) / sizeof(escapes[0])) {
			buf_u8(out, s.p[0]);
			s = slice_skip(s, 1);
			i = (size_t)-1;
		} else if (slice_starts(s, escapes[i].mdoc)) {
			buf_str(out, escapes[i].text);
			s = slice_skip(s, escapes[i].mdoc.n);
			i = (size_t)-1;
		}
	}
}

/* What the page says of how they came. */
static struct record
record(size_t i)
{
	struct record r = {
		.type = FRAME_MESSAGE, .time_ns = 1700000000000000000, .kind = KIND_SIP, .marks = MARK_SIP, .payload = buf_slice(&messages[i]),
		.transport = i == 0 ? TRANSPORT_UDP : TRANSPORT_TLS, .direction = i == 0 ? DIR_IN : DIR_OUT, .user_flags = i == 0 ? 1u << 3 : 0,
	};

	assert_int_equal(addr_port_parse(slice_str(i == 0 ? "192.0.2.1:5062" : "[2001:db8::2]:5061"), &r.src), RC_OK);
	assert_int_equal(addr_port_parse(slice_str(i == 0 ? "198.51.100.7:5060" : "[2001:db8::1]:40000"), &r.dst), RC_OK);
	assert_int_equal(sip_scan(r.payload, &r.sip), RC_OK);
	return r;
}

static void
expression(struct slice text)
{
	static const char *const verdicts[] = { "neither", "request", "reply", "both" };
	struct slice verdict;
	size_t hash = text.n;
	struct expr_ctx *c = expr_ctx_new();
	struct expr_err e = { 0 };
	unsigned truth = 0;
	struct expr *x;

	while (hash > 0 && text.p[hash - 1] != '#')
		hash--;
	if (hash == 0)
		fail_msg("%.*s: does not say what it is true of", SLICE_ARG(text));
	if (expr_compile(text, &x, &e) != RC_OK)
		fail_msg("%.*s: %s", SLICE_ARG(text), e.err.text);
	for (unsigned i = 0; i < 2; i++) {
		struct record r = record(i);

		expr_ctx_record(c, &r);
		truth |= (unsigned)expr_match(x, c) << i;
	}
	verdict = slice_trim(slice_skip(text, hash));
	if (verdict.n > 2 && verdict.p[verdict.n - 1] == '*')	/* not so in Kamailio */
		verdict = slice_trim(slice_head(verdict, verdict.n - 1));
	if (!slice_eq(verdict, slice_str(verdicts[truth])))
		fail_msg("%.*s: is true of %s", SLICE_ARG(text), verdicts[truth]);
	expr_free(x);
	expr_ctx_free(c);
	buf_put(&examples, slice_head(text, hash));
	buf_u8(&examples, '\n');
}

static void
template(struct slice text)
{
	static const char arrow[] = " => ";
	const uint8_t *at = memmem(text.p, text.n, arrow, strlen(arrow));
	struct record r = record(0);
	struct expr_ctx *c = expr_ctx_new();
	struct expr_err e = { 0 };
	struct buf out = { 0 };
	struct tmpl *t;

	assert_non_null(at);
	if (tmpl_compile(slice_trim(slice_of(text.p, (size_t)(at - text.p))), &t, &e) != RC_OK)
		fail_msg("%.*s: %s", SLICE_ARG(text), e.err.text);
	expr_ctx_record(c, &r);
	tmpl_eval(t, c, &out, NULL);
	assert_slice(slice_skip(text, (size_t)(at - text.p) + strlen(arrow)), buf_cstr(&out));
	buf_reset(&out);
	tmpl_free(t);
	expr_ctx_free(c);
}

/* The lines of a display are a message's. */
static void
message(struct buf *m, struct slice line)
{
	buf_put(m, line);
	buf_str(m, "\r\n");
}

/* The files that examples name. */
static void
make_lists(void)
{
	static const struct {
		const char *name, *text;
	} lists[] = { { "carriers", "192.0.2.0/24\n2001:db8::/64\n" }, { "numbers of today", "+4471\n+4472\n" } };

	for (size_t i = 0; i < 2; i++) {
		FILE *f = fopen(lists[i].name, "w");

		assert_non_null(f);
		assert_true(fputs(lists[i].text, f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
}

static void
remove_lists(const char *dir, int top)
{
	assert_int_equal(unlink("carriers"), 0);
	assert_int_equal(unlink("numbers of today"), 0);
	assert_int_equal(fchdir(top), 0);
	assert_int_equal(close(top), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* What a line of a display is; `shown` is the section's display, from 1. */
static void
displayed(const char *section, unsigned shown, struct slice line)
{
	if (strstr(section, "MESSAGES") != NULL) {
		assert_in_range(shown, 1, 2);
		message(&messages[shown - 1], line);
	} else if (strstr(section, "TEMPLATES") != NULL) {
		template(line);
	} else if (strstr(section, ".Sh EXAMPLES") == NULL) {
		expression(line);
	}
}

static void
examples_are_true(void **state)
{
	char dir[] = "/tmp/expr_page_test.XXXXXX", line[1000], section[1000] = "";
	FILE *f = fopen(PAGE, "r");
	int top = open(".", O_RDONLY | O_DIRECTORY);
	struct buf b = { 0 };
	unsigned shown = 0, n = 0;
	bool literal = false;

	(void)state;
	assert_non_null(f);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	make_lists();
	while (fgets(line, sizeof(line), f) != NULL) {
		buf_clear(&b);
		unescape(&b, slice_trim(slice_str(line)));
		buf_put(&all, buf_slice(&b));
		buf_u8(&all, '\n');
		if (strncmp(line, ".Sh", 3) == 0) {
			memcpy(section, line, sizeof(section));
			shown = 0;
		} else if (line[0] == '.') {
			literal = strncmp(line, ".Bd -literal", 12) == 0;
			shown += literal;
			if (strncmp(line, ".Ed", 3) == 0 && strstr(section, "MESSAGES") != NULL && memmem(messages[shown - 1].p,
			    messages[shown - 1].n, "\r\n\r\n", 4) == NULL)
				message(&messages[shown - 1], SLICE_LIT(""));	/* an empty line at the end of a display is not seen */
		} else if (literal) {
			displayed(section, shown, buf_slice(&b));
			n++;
		}
	}
	assert_int_equal(fclose(f), 0);
	remove_lists(dir, top);
	assert_true(n > 110);
	buf_reset(&b);
	buf_reset(&messages[0]);
	buf_reset(&messages[1]);
}

/* Not as the beginning of a longer name. */
static bool
has(const struct buf *b, const char *what)
{
	size_t n = strlen(what);
	struct slice rest = buf_slice(b);
	const uint8_t *p;

	while (rest.n > 0 && (p = memmem(rest.p, rest.n, what, n)) != NULL) {
		rest = slice_skip(rest, (size_t)(p - rest.p) + n);
		if (rest.n == 0 || !isalnum(what[n - 1]) || !isalnum(rest.p[0]))
			return true;
	}
	return false;
}

static void
everything_is_shown(void **state)
{
	static const char *const more[] = {
		" == ", " != ", " =~ ", " !~ ", " < ", " <= ", " > ", " >= ", " && ", " || ", "!(", " and ", " or ", "not ", " in {", " in @", " in @\"",
		"$null", "true", "false", "has_body(\"", "(?-i)", "(?m)", "(?-s)", "[-1])", "[*])", "'", "\\x37",
	};

	(void)state;
	for (const struct field_doc *f = expr_fields(); f->name != NULL; f++) {
		if (!has(&examples, strcmp(f->name, "$hdr(Name)") == 0 ? "$hdr(" : f->name))
			fail_msg("no example has %s", f->name);
		if (!has(&all, f->name))
			fail_msg("%s is not in the page", f->name);
	}
	for (const struct field_doc *f = expr_functions(); f->name != NULL; f++) {
		if (!has(&examples, f->name))
			fail_msg("no example has %s()", f->name);
		if (!has(&all, f->name))
			fail_msg("%s() is not in the page", f->name);
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (!has(&examples, more[i]))
			fail_msg("no example has %s", more[i]);
	buf_reset(&examples);
	buf_reset(&all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_are_true),
		cmocka_unit_test(everything_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
