/* SPDX-License-Identifier: MIT */
/* Variables, through templates: what each gives on each kind of record. The values of requests and replies are Kamailio 5.6's. */
#include "expr_records.h"

#define MISSING "(missing)"

static const struct {
	const char *tmpl;
	enum sample sample;
	const char *want;
} rows[] = {
	{ "$rm", INVITE, "INVITE" }, { "$rm", REPLY, "INVITE" }, { "$rm", FOO, "FOO" }, { "$rm", LOG, MISSING },
	{ "$rs", INVITE, MISSING }, { "$rs", REPLY, "200" },
	{ "$rr", INVITE, MISSING }, { "$rr", REPLY, "OK all" },
	{ "$ci", INVITE, "call1@h" }, { "$ci", REPLY, "call1@h" }, { "$ci", BARE, MISSING }, { "$ci", FOLDED, "call2@h" },
	{ "$cs", INVITE, "1" }, { "$cs", REPLY, "01" }, { "$cs", OPTIONS, "0003" }, { "$cs", FOLDED, "2" }, { "$cs", BARE, MISSING },
	{ "$ft", INVITE, "ft1" }, { "$ft", OPTIONS, MISSING },
	{ "$tt", INVITE, MISSING }, { "$tt", REPLY, "tt" }, { "$tt", OPTIONS, MISSING },
	{ "$fu", INVITE, "sip:alice@[::1]:5061;x=y" }, { "$fu", OPTIONS, "tel:+44123" }, { "$fu", BARE, MISSING },
	{ "$fU", INVITE, "alice" }, { "$fU", REPLY, MISSING }, { "$fU", OPTIONS, "+44123" }, { "$fU", FOO, "ali%20ce" },
	{ "$fd", INVITE, "[::1]" }, { "$fd", REPLY, "127.0.0.1" }, { "$fd", OPTIONS, MISSING },
	{ "$fn", INVITE, "\"Alice \\\"x\\\" A\"" }, { "$fn", REPLY, MISSING }, { "$fn", FOO, "Alice Unq" }, { "$fn", FOLDED, "Alice B" },
	{ "$tu", INVITE, "sip:bob@example.com" }, { "$tu", REPLY, "sip:127.0.0.1:5060" }, { "$tu", FOO, "sip:@h" },
	{ "$tU", INVITE, "bob" }, { "$tU", OPTIONS, "bob;p=q" }, { "$tU", FOO, MISSING },
	{ "$td", INVITE, "example.com" }, { "$td", REPLY, "127.0.0.1" },
	{ "$tn", INVITE, "Bob B" }, { "$tn", FOO, "\"\"" }, { "$tn", OPTIONS, MISSING },
	{ "$ru", INVITE, "sip:+441234@example.com:5070;user=phone" }, { "$ru", REPLY, MISSING }, { "$ru", CUT, "sip:bob@example.com" },
	{ "$rU", INVITE, "+441234" }, { "$rU", OPTIONS, "+123" }, { "$rU", BARE, MISSING }, { "$rU", REPLY, MISSING },
	{ "$rd", INVITE, "example.com" }, { "$rd", OPTIONS, MISSING }, { "$rd", BARE, "h" },
	{ "$rP", INVITE, "UDP" }, { "$rP", FOO, "tcp" }, { "$rP", OPTIONS, "UDP" }, { "$rP", REPLY, MISSING }, { "$rP", BARE, "UDP" },
	{ "$pr", INVITE, "udp" }, { "$pr", FOO, "wss" }, { "$pr", BARE, MISSING },
	{ "$proto", REPLY, "tls" }, { "$proto", OPTIONS, "tcp" },
	{ "$si", INVITE, "10.1.2.3" }, { "$si", REPLY, "2001:db8::1" }, { "$si", BARE, MISSING }, { "$si", LOG, "10.1.2.3" },
	{ "$sp", INVITE, "5060" }, { "$sp", BARE, MISSING },
	{ "$Ri", INVITE, "192.0.2.7" }, { "$Ri", REPLY, "2001:db8::2" },
	{ "$Rp", INVITE, "5070" }, { "$Rp", REPLY, "5061" },
	{ "$ua", INVITE, "UA/1" }, { "$ua", REPLY, MISSING }, { "$ua", FOLDED, "one two" },
	{ "$ct", INVITE, "<sip:a@b>;expires=3, <sip:c@d>" }, { "$ct", REPLY, MISSING },
	{ "$cT", INVITE, "application/sdp;charset=utf8" }, { "$cT", REPLY, MISSING },
	{ "$cl", INVITE, "5" }, { "$cl", REPLY, "0" }, { "$cl", OPTIONS, MISSING },
	{ "$rb", INVITE, "v=0\r\n" }, { "$rb", REPLY, "" }, { "$rb", CUT, MISSING }, { "$rb", LOG, MISSING },
	{ "$mb", LOG, "INVITE route 7 chosen" }, { "$mb", BARE, "ACK sip:h;transport= SIP/2.0\r\n\r\n" },
	{ "$ml", LOG, "21" }, { "$ml", BARE, "32" },
	{ "$hdr(X-Foo)", INVITE, "abc" }, { "$hdr(x-fOO)", INVITE, "abc" }, { "$hdr(X-Foo)", REPLY, MISSING },
	{ "$hdr( X-Foo )", INVITE, "abc" }, { "$hdr(X-Empty)", INVITE, "" }, { "$hdr(X-Foo)", LOG, MISSING },
	{ "$hdr(X-Foo)", FOLDED, "a b" }, { "$hdr(Call-ID)", REPLY, "call1@h" }, { "$hdr(i)", INVITE, "call1@h" },
	{ "$(hdr(X-Foo))", INVITE, "abc" }, { "$(hdr(X-Foo)[0])", INVITE, "abc" }, { "$(hdr(X-Foo)[1])", INVITE, "def" },
	{ "$(hdr(X-Foo)[2])", INVITE, MISSING }, { "$(hdr(X-Foo)[-1])", INVITE, "def" }, { "$(hdr(X-Foo)[-2])", INVITE, "abc" },
	{ "$(hdr(X-Foo)[-3])", INVITE, MISSING }, { "$(hdr(X-Foo)[*])", INVITE, "abc,def" }, { "$(hdr(X-Foo)[*])", FOLDED, "a b,c" },
	{ "$(hdr(X-Foo)[*])", REPLY, MISSING },
	{ "$Tf", INVITE, "Tue Nov 14 22:13:20 2023" }, { "$Tf", LOG, "Tue Nov 14 22:13:20 2023" },
	{ "$siptrace(src_addr)", INVITE, "udp:10.1.2.3:5060" }, { "$siptrace(src_addr)", REPLY, "tls:[2001:db8::1]:5060" },
	{ "$siptrace(src_addr)", BARE, MISSING },
	{ "$siptrace(src_host)", INVITE, "10.1.2.3" }, { "$siptrace(src_host)", REPLY, "[2001:db8::1]" },
	{ "$siptrace(src_port)", INVITE, "5060" }, { "$siptrace(src_proto)", INVITE, "udp" },
	{ "$siptrace(src_hostip)", INVITE, "10.1.2.3" }, { "$siptrace(src_hostip)", REPLY, "2001:db8::1" },
	{ "$siptrace(dst_addr)", INVITE, "udp:192.0.2.7:5070" }, { "$siptrace(dst_host)", REPLY, "[2001:db8::2]" },
	{ "$siptrace(dst_port)", REPLY, "5061" }, { "$siptrace(dst_proto)", REPLY, "tls" },
	{ "$siptrace(dst_hostip)", REPLY, "2001:db8::2" },
	{ "$siptrace(direction)", INVITE, "in" }, { "$siptrace(direction)", REPLY, "out" }, { "$siptrace(direction)", FOO, MISSING },
	/* templates proper */
	{ "", INVITE, "" }, { "plain", INVITE, "plain" }, { "$$", INVITE, "$" }, { "$$ci", INVITE, "$ci" }, { "$$$ci", INVITE, "$call1@h" },
	{ "$ci-$ft", INVITE, "call1@h-ft1" }, { "$(ci)x", INVITE, "call1@hx" }, { "$ci.pcap", INVITE, "call1@h.pcap" },
	{ "$ci$ft", INVITE, "call1@hft1" }, { "$(ci){x}", INVITE, "call1@h{x}" }, { "100%", INVITE, "100%" },
	{ "a$$", INVITE, "a$" }, { "$(siptrace(src_port))5", INVITE, "50605" },
};

static void
variables(void **state)
{
	struct expr_ctx *c = expr_ctx_new();
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sample_record x = sample_record(rows[i].sample);
		struct expr_err e = { 0 };
		struct tmpl *t;
		bool missing;

		if (tmpl_compile(slice_str(rows[i].tmpl), &t, &e) != RC_OK)
			fail_msg("%s: %s", rows[i].tmpl, e.err.text);
		expr_ctx_record(c, &x.r);
		buf_clear(&out);
		tmpl_eval(t, c, &out, &missing);
		if (missing)
			buf_str(&out, MISSING);
		if (!slice_eq(buf_slice(&out), slice_str(rows[i].want)))
			fail_msg("%s on sample %d: have \"%.*s\", want \"%s\"", rows[i].tmpl, rows[i].sample,
			    SLICE_ARG(buf_slice(&out)), rows[i].want);
		tmpl_free(t);
		guarded_free(&x.payload);
	}
	buf_reset(&out);
	expr_ctx_free(c);
}

/* $hdr(Name) is there with names of its own, hence the prefix. */
static bool
has_row(const char *name)
{
	size_t n = strcmp(name, "$hdr(Name)") == 0 ? 5 : strlen(name);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(rows[i].tmpl, name, n) == 0 && (n == 5 || rows[i].tmpl[n] == '\0'))
			return true;
	return false;
}

static void
every_field_has_a_row(void **state)
{
	size_t n = 0;

	(void)state;
	for (const struct field_doc *f = expr_fields(); f->name != NULL; f++, n++)
		if (!has_row(f->name) || f->help[0] == '\0')
			fail_msg("%s is not tested", f->name);
	assert_int_equal(n, 45);
}

static void
a_value_that_is_there_is_not_missing(void **state)
{
	struct sample_record x = sample_record(INVITE);
	struct expr_ctx *c = expr_ctx_new();
	struct buf out = { 0 };
	struct tmpl *t;
	bool missing;

	(void)state;
	expr_ctx_record(c, &x.r);
	assert_int_equal(tmpl_compile(slice_str("[$ci|$tt|$ft]"), &t, NULL), RC_OK);
	tmpl_eval(t, c, &out, &missing);
	assert_true(missing);
	assert_slice(buf_slice(&out), "[call1@h||ft1]");
	tmpl_eval(t, c, &out, NULL);
	assert_slice(buf_slice(&out), "[call1@h||ft1][call1@h||ft1]");
	tmpl_free(t);
	buf_reset(&out);
	expr_ctx_free(c);
	guarded_free(&x.payload);
}

static const struct {
	const char *text;
	size_t off, len;
	const char *why;
} wrong[] = {
	{ "$", 0, 1, "a variable's name" },
	{ "a$ b", 1, 1, "a variable's name" },
	{ "x$nix", 1, 4, "unknown variable $nix" },
	{ "$ci_x", 0, 5, "$(ci)_x" },
	{ "x$ci{s.len}", 4, 7, "transformations are not supported: {s.len}" },
	{ "$(ci{s.len})", 4, 7, "transformations are not supported: {s.len}" },
	{ "$(ci", 1, 1, "not closed" },
	{ "$(ci]", 1, 1, "not closed" },
	{ "$(ci[0])", 4, 3, "only $(hdr(Name)[N])" },
	{ "$hdr", 1, 3, "which header" },
	{ "$hdr(", 4, 1, "not closed" },
	{ "$hdr()", 5, 1, "not a header name" },
	{ "$hdr(a b)", 5, 3, "not a header name" },
	{ "$(hdr(a)[x])", 9, 1, "which header" },
	{ "$(hdr(a)[1)", 8, 1, "not closed" },
	{ "$(hdr(a)[99999999999999999999])", 9, 20, "which header" },
	{ "$(hdr(a)[10000])", 9, 5, "which header" },
	{ "$siptrace", 1, 8, "which part" },
	{ "$siptrace(src)", 10, 3, "unknown part" },
	{ "$null", 0, 5, "unknown variable" },
};

static void
wrong_templates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct guarded g = guarded(slice_str(wrong[i].text));
		struct expr_err e = { 0 };
		struct tmpl *t;

		assert_int_equal(tmpl_compile(g.s, &t, &e), RC_BAD);
		if (e.off != wrong[i].off || e.len != wrong[i].len || strstr(e.err.text, wrong[i].why) == NULL)
			fail_msg("%s: %s at %zu, %zu", wrong[i].text, e.err.text, e.off, e.len);
		guarded_free(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables),
		cmocka_unit_test(every_field_has_a_row),
		cmocka_unit_test(a_value_that_is_there_is_not_missing),
		cmocka_unit_test(wrong_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
