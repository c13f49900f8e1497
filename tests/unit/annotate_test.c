/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "expr/annotate.h"
#include "expr/source.h"

static const struct { const char *text; bool good; } dests[] = {
	{ "hep:udp:homer:9060", true },
	{ "hep:tcp:192.0.2.1:9060", true },
	{ "hep:tls:[2001:db8::1]:9061", true },
	{ "HEP:UDP:homer:9060", true },
	{ "sip:192.0.2.1:5060", true },
	{ "sip:collector.example.com;transport=tcp", true },
	{ "sips:collector.example.com", true },
	{ "", false },
	{ "homer", false },
	{ "udp:homer:9060", false },
	{ "hep:", false },
	{ "hep:homer:9060", false },
	{ "hep:udp:homer", false },
	{ "hep:udp:homer:0", false },
	{ "hep:udp:homer:65536", false },
	{ "hep:sip:homer:9060", false },
	{ "sip:", false },
	{ "sipper:5060", false },
};

static void
test_dests(void **state)
{
	struct annotate *a = annotate_new();
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(dests) / sizeof(dests[0]); i++) {
		struct guarded g = guarded(slice_str(dests[i].text));

		if ((annotate_dest(a, g.s, &e) == RC_OK) != dests[i].good)
			fail_msg("\"%s\" is taken for %s", dests[i].text, dests[i].good ? "wrong" : "right");
		guarded_free(&g);
	}
	annotate_free(a);
}

static void
test_constant(void **state)
{
	struct annotate *a = annotate_new();
	struct expr_err e;

	(void)state;
	assert_false(annotate_any(a));
	assert_int_equal(annotate_template(a, ATTR_TABLE, slice_str("plain"), &e), RC_OK);
	assert_int_equal(annotate_dest(a, slice_str("sip:h"), NULL), RC_OK);
	assert_true(annotate_any(a));
	assert_true(annotate_constant(a));
	assert_int_equal(annotate_template(a, ATTR_CORRELATION, slice_str("x$ci"), &e), RC_OK);
	assert_false(annotate_constant(a));
	assert_int_equal(annotate_template(a, ATTR_USER, slice_str("$nonsense"), &e), RC_BAD);
	annotate_free(a);
}

/* The attributes of `text`, "TYPE=VALUE TYPE=VALUE …". */
static void
attrs_of(const char *text, struct buf *out)
{
	char copy[200], *rest;

	snprintf(copy, sizeof(copy), "%s", text);
	buf_clear(out);
	for (char *w = strtok_r(copy, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
		assert_int_equal(attr_put(out, (uint16_t)atoi(w), slice_str(strchr(w, '=') + 1)), RC_OK);
}

static void
text_of(struct slice attrs, struct buf *out)
{
	struct slice v;
	uint16_t type;

	buf_clear(out);
	while (attr_next(&attrs, &type, &v) == RC_OK)
		buf_printf(out, "%s%u=%.*s", out->n > 0 ? " " : "", type, SLICE_ARG(v));
}

/* 1 correlation, 2 user, 3 table, 4 destination, 8 comment */
static const struct { const char *had, *fresh, *want; } applied[] = {
	{ "", "1=a", "1=a" },
	{ "1=old 8=c", "1=new", "8=c 1=new" },
	{ "3=old 1=keep", "3=new", "1=keep 3=new" },
	{ "1=keep", "2=u", "1=keep 2=u" },
	{ "2=u 2=v", "2=v 2=w", "2=u 2=v 2=w" },
	{ "4=d", "4=d 4=e", "4=d 4=e" },
	{ "2=u", "4=u", "2=u 4=u" },
	{ "1=keep", "", "1=keep" },
};

static void
test_apply(void **state)
{
	struct buf had = { 0 }, fresh = { 0 }, scratch = { 0 }, text = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(applied) / sizeof(applied[0]); i++) {
		struct record r = { .intact = true };

		attrs_of(applied[i].had, &had);
		attrs_of(applied[i].fresh, &fresh);
		r.attrs = buf_slice(&had);
		assert_int_equal(annotate_apply(buf_slice(&fresh), &r, &scratch), 0);
		text_of(r.attrs, &text);
		assert_slice(buf_slice(&text), applied[i].want);
		assert_int_equal(r.intact, fresh.n == 0);
	}
	buf_reset(&had);
	buf_reset(&fresh);
	buf_reset(&scratch);
	buf_reset(&text);
}

static void
test_too_long(void **state)
{
	struct annotate *a = annotate_new();
	struct expr_ctx *ctx = expr_ctx_new();
	struct record r = { .type = FRAME_MESSAGE };
	struct buf text = { 0 }, attrs = { 0 };
	struct expr_err e;

	(void)state;
	memset(buf_room(&text, 70000), 'x', 70000);
	text.n = 70000;
	assert_int_equal(annotate_template(a, ATTR_USER, buf_slice(&text), &e), RC_OK);
	assert_int_equal(annotate_template(a, ATTR_USER, slice_str("short"), &e), RC_OK);
	expr_ctx_record(ctx, &r);
	assert_int_equal(annotate_eval(a, ctx, &attrs), 1);
	text_of(buf_slice(&attrs), &text);
	assert_slice(buf_slice(&text), "2=short");
	annotate_free(a);
	expr_ctx_free(ctx);
	buf_reset(&text);
	buf_reset(&attrs);
}

static const struct { const char *text, *want; } sources[] = {
	{ "a # b\nc", "a    \nc" },
	{ "# a\n#b", "   \n  " },
	{ "a#b", "a#b" },
	{ "\"x # y\" # z", "\"x # y\"    " },
	{ "'x # y' # z", "'x # y'    " },
	{ "\"x\\\" # y\" # z", "\"x\\\" # y\"    " },
	{ "\"x' # y\"", "\"x' # y\"" },
	{ "\"open # y", "\"open # y" },
	{ "\"ends\\", "\"ends\\" },
	{ "", "" },
};

static void
test_comments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct buf b = { 0 };

		buf_str(&b, sources[i].text);
		source_blank_comments(&b);
		assert_slice(buf_slice(&b), sources[i].want);
		buf_reset(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dests),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
