/* SPDX-License-Identifier: MIT */
/* siptrace-expr(7) promises what is true: every variable, operator and function is in it and in an example, every example compiles. */
#include "expr_records.h"

#define PAGE "man/man7/siptrace-expr.7"

static struct buf examples;	/* those of expressions, as a reader types them */
static struct buf all;		/* the page, likewise */

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

static void
expression(struct slice text)
{
	struct expr_err e = { 0 };
	struct expr *x;

	/* a file of an example need not be there */
	switch (expr_compile(text, &x, &e)) {
	case RC_OK:
		expr_free(x);
		break;
	case RC_SYS:
		assert_true(slice_chr(text, '@') < text.n);
		break;
	default:
		fail_msg("%.*s: %s", SLICE_ARG(text), e.err.text);
	}
	buf_put(&examples, text);
	buf_u8(&examples, '\n');
}

static void
template(struct slice text)
{
	struct expr_err e = { 0 };
	struct tmpl *t;

	if (tmpl_compile(text, &t, &e) != RC_OK)
		fail_msg("%.*s: %s", SLICE_ARG(text), e.err.text);
	tmpl_free(t);
}

static void
examples_compile(void **state)
{
	bool literal = false, shell = false, templates = false;
	struct buf b = { 0 };
	char line[1000];
	size_t n = 0;
	FILE *f = fopen(PAGE, "r");

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		buf_clear(&b);
		unescape(&b, slice_trim(slice_str(line)));
		buf_put(&all, buf_slice(&b));
		buf_u8(&all, '\n');
		if (strncmp(line, ".Sh", 3) == 0) {
			shell = strstr(line, "EXAMPLES") != NULL;
			templates = strstr(line, "TEMPLATES") != NULL;
		} else if (line[0] == '.') {
			literal = strncmp(line, ".Bd -literal", 12) == 0;
		} else if (literal && !shell) {
			(templates ? template : expression)(buf_slice(&b));
			n++;
		}
	}
	assert_int_equal(fclose(f), 0);
	assert_true(n > 70);
	buf_reset(&b);
}

static bool
has(const struct buf *b, const char *what)
{
	return b->n > 0 && memmem(b->p, b->n, what, strlen(what)) != NULL;
}

static void
everything_is_shown(void **state)
{
	static const char *const more[] = {
		"==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||", "!(", "and", "or", "not", "in {", "in @", "$null", "true",
		"is_method(", "has_totag()", "has_body()", "has_body(\"", "isflagset(", "(?-i)", "[-1])", "[*])", "#",
	};

	(void)state;
	for (const struct field_doc *f = expr_fields(); f->name != NULL; f++) {
		if (strcmp(f->name, "$hdr(Name)") != 0 && !has(&examples, f->name))
			fail_msg("no example has %s", f->name);
		if (!has(&all, f->name))
			fail_msg("%s is not in the page", f->name);
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
		cmocka_unit_test(examples_compile),
		cmocka_unit_test(everything_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
