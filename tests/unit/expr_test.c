/* SPDX-License-Identifier: MIT */
/* Operators and functions over sample records. Where Kamailio 5.6 has the same expression, the answer is its own. */
#include "expr_records.h"

#include "base/buf.h"

static const struct {
	const char *expr;
	enum sample sample;
	bool want;
} rows[] = {
	/* constants */
	{ "true", LOG, true }, { "false", LOG, false }, { "1", LOG, true }, { "0", LOG, false }, { "-1", LOG, true },
	/* == with texts: case counts */
	{ "$rm == \"INVITE\"", INVITE, true }, { "$rm == 'INVITE'", INVITE, true }, { "$rm == \"invite\"", INVITE, false },
	{ "$rm == \"INVITE\"", REPLY, true }, { "$rm == \"FOO\"", FOO, true }, { "$rm == \"foo\"", FOO, false },
	{ "$rm == \"invite\"", LOWER, true }, { "$rm == \"INVITE\"", LOWER, false }, { "$rm == \"INVITE\"", LOG, false },
	{ "$rm != \"INVITE\"", LOG, true }, { "$rm != \"INVITE\"", INVITE, false }, { "$rm == \"INVITE\"", OPTIONS, false },
	{ "$rm == \"ACK\"", BARE, true }, { "$rm == \"\"", LOG, true },
	{ "\"INVITE\" == $rm", INVITE, true }, { "\"BYE\" != $rm", INVITE, true },
	{ "$ci == \"call1@h\"", INVITE, true }, { "$ci == \"CALL1@H\"", INVITE, false }, { "$ci == \"call2@h\"", FOLDED, true },
	{ "$fn == \"\\\"Alice \\\\\\\"x\\\\\\\" A\\\"\"", INVITE, true }, { "$rb == \"v=0\\r\\n\"", INVITE, true },
	{ "$rb == 'v\\x3d0\\x0d\\x0a'", INVITE, true },
	/* == with numbers: the left side says how */
	{ "$rs == 200", REPLY, true }, { "$rs == \"200\"", REPLY, true }, { "$rs == 200", INVITE, false }, { "$rs != 200", INVITE, true },
	{ "200 == $rs", REPLY, true }, { "$cs == 1", INVITE, true }, { "$cs == \"1\"", INVITE, true },
	{ "$cs == 1", REPLY, false }, { "$cs == \"01\"", REPLY, true }, { "1 == $cs", REPLY, true }, { "2 == $cs", REPLY, false },
	{ "$hdr(X-Num) == 7", INVITE, true }, { "7 == $hdr(X-Num)", INVITE, true },
	{ "$hdr(X-Seven) == 7", INVITE, false }, { "7 == $hdr(X-Seven)", INVITE, true }, { "$hdr(X-Foo) == 0", INVITE, false },
	{ "0 == $hdr(X-Foo)", INVITE, false }, { "$sp == 5060", INVITE, true }, { "$Rp == 5060", INVITE, false },
	{ "$ml == 21", LOG, true }, { "$cl == 5", INVITE, true }, { "$cl == 0", OPTIONS, false },
	{ "$rU == 441234", INVITE, false }, { "441234 == $rU", INVITE, true },
	/* missing and empty */
	{ "$fU == $null", REPLY, true }, { "$fU == $(null)", REPLY, true }, { "$fU == \"\"", REPLY, true }, { "$fU == 0", REPLY, false },
	{ "$fU != \"x\"", REPLY, true }, { "$fU != $null", REPLY, false }, { "$fU != $null", INVITE, true }, { "$null == $fU", REPLY, true },
	{ "$hdr(X-Empty) == \"\"", INVITE, true }, { "$hdr(X-Empty) == $null", INVITE, false }, { "$hdr(X-None) == $null", INVITE, true },
	{ "$rs == $null", INVITE, true }, { "$rs == \"\"", INVITE, true }, { "$si == $null", BARE, true }, { "$si == \"\"", BARE, true },
	{ "$si == $null", INVITE, false }, { "$fU == $rU", REPLY, false }, { "$fU != $rU", REPLY, true }, { "$rs < 5", INVITE, false },
	{ "$rs >= 5", INVITE, false }, { "$fU =~ \".*\"", REPLY, false }, { "$fU !~ \".*\"", REPLY, true }, { "$fU == \"\"", INVITE, false },
	/* order */
	{ "$rs >= 200", REPLY, true }, { "$rs > 200", REPLY, false }, { "$rs <= 200", REPLY, true }, { "$rs < 200", REPLY, false },
	{ "$rs < \"300\"", REPLY, true }, { "300 > $rs", REPLY, true }, { "200 >= $rs", REPLY, true }, { "100 >= $rs", REPLY, false },
	{ "300 < $rs", REPLY, false }, { "200 <= $rs", REPLY, true },
	{ "$hdr(X-Signed) > 4", INVITE, true }, { "$hdr(X-Num) > -1", INVITE, true }, { "$hdr(X-Foo) < 5", INVITE, false },
	{ "$hdr(X-Foo) >= 0", INVITE, false }, { "$cs > 2", OPTIONS, true }, { "$fU > 44000", OPTIONS, true },
	{ "$sp < $Rp", INVITE, true }, { "$sp > $Rp", INVITE, false }, { "$sp <= $sp", INVITE, true }, { "$sp >= $Rp", INVITE, false },
	/* variables against each other */
	{ "$ft == $tt", REPLY, false }, { "$ci == $(hdr(i)[0])", INVITE, true }, { "$si == $Ri", INVITE, false }, { "$si == $si", REPLY, true },
	{ "$si == $hdr(X-Ip)", INVITE, true }, { "$hdr(X-Ip) == $si", INVITE, true }, { "$sp == $hdr(X-Num)", INVITE, false },
	{ "$(hdr(X-Foo)[0]) == $(hdr(X-Foo)[1])", INVITE, false }, { "$(hdr(X-Foo)[0]) != $(hdr(X-Foo)[1])", INVITE, true },
	{ "$hdr(X-Foo) == $hdr(X-Foo)", FOLDED, true }, { "$hdr(X-Foo) == $ua", FOLDED, false },
	{ "$siptrace(src_addr) == $siptrace(dst_addr)", REPLY, false }, { "$siptrace(src_addr) != $siptrace(dst_addr)", REPLY, true },
	{ "$sp == $siptrace(src_port)", INVITE, true },
	/* addresses */
	{ "$si == 10.1.2.3", INVITE, true }, { "$si == \"10.1.2.3\"", INVITE, true }, { "$si == 10.0.0.0/8", INVITE, true },
	{ "$si == \"10.0.0.0/8\"", INVITE, true }, { "$si == 10.1.2.4/31", INVITE, false }, { "$si == 10.1.2.2/31", INVITE, true },
	{ "$si == 0.0.0.0/0", INVITE, true }, { "$si == 0.0.0.0/0", REPLY, false }, { "$si == ::/0", REPLY, true }, { "10.0.0.0/8 == $si", INVITE, true },
	{ "$si != 10.0.0.0/8", INVITE, false }, { "$si != 10.0.0.0/8", REPLY, true }, { "$si != 10.0.0.0/8", BARE, true },
	{ "$si == 2001:db8::/32", REPLY, true }, { "$si == 2001:DB8:0::1", REPLY, true }, { "$si == \"2001:db8::1\"", REPLY, true },
	{ "$si == [2001:db8::1]", REPLY, true }, { "$si == fe80::/10", REPLY, false }, { "$Ri == 2001:db8::2", REPLY, true },
	{ "$siptrace(src_host) == \"[2001:db8::1]\"", REPLY, true }, { "$siptrace(dst_hostip) == 192.0.2.0/24", INVITE, true },
	{ "$siptrace(src_addr) == \"udp:10.1.2.3:5060\"", INVITE, true }, { "$siptrace(direction) == \"in\"", INVITE, true },
	{ "$siptrace(direction) == $null", FOO, true },
	{ "$hdr(X-Ip) == 10.0.0.0/8", INVITE, true }, { "$hdr(X-Ip6) == 2001:db8::/32", INVITE, true }, { "$hdr(X-Foo) == 10.0.0.0/8", INVITE, false },
	{ "$td == 127.0.0.0/8", REPLY, true },
	/* in */
	{ "$rm in {\"BYE\", \"INVITE\"}", INVITE, true }, { "$rm in {\"BYE\"}", INVITE, false }, { "$rm in {\"invite\"}", INVITE, false },
	{ "$rs in {200, 486}", REPLY, true }, { "$rs in {\"200\"}", REPLY, true }, { "$rs in {100,486}", REPLY, false }, { "$rs in {100}", INVITE, false },
	{ "$rs in {100, $null}", INVITE, true }, { "$rs in {\"\"}", INVITE, true }, { "$rs in {$null}", REPLY, false },
	{ "$si in {192.0.2.0/24, 10.0.0.0/8}", INVITE, true }, { "$si in {192.0.2.0/24, 2001:db8::/32}", INVITE, false },
	{ "$si in {192.0.2.0/24, 2001:db8::/32}", REPLY, true }, { "$si in {10.1.2.3}", INVITE, true }, { "$si in {\"10.1.2.3\"}", INVITE, true },
	{ "$si in {10.1.2.3, $null}", BARE, true }, { "$si in {10.1.2.3}", BARE, false },
	{ "$fU in {\"alice\", 12}", INVITE, true }, { "$hdr(X-Num) in {7}", INVITE, true }, { "$hdr(X-Seven) in {7}", INVITE, false },
	{ "$hdr(X-Ip) in {\"x\", 10.0.0.0/8}", INVITE, true }, { "$hdr(X-Foo) in {\"x\", 10.0.0.0/8}", INVITE, false },
	{ "$hdr(X-Empty) in {\"\"}", INVITE, true }, { "$hdr(X-Empty) in {$null}", INVITE, false }, { "!($rm in {\"BYE\"})", INVITE, true },
	{ "$si in {32.0.0.0/8}", REPLY, false }, { "$si == 32.0.0.0/8", REPLY, false }, { "$si in {a00::/8}", INVITE, false },
	{ "$si in {10.1.2.2/31}", INVITE, true }, { "$si in {10.1.2.4/31}", INVITE, false }, { "$si in {0.0.0.0/0}", INVITE, true }, { "$si in {::/0}", REPLY, true },
	/* regular expressions */
	{ "$rU =~ \"^\\+44\"", INVITE, true }, { "$rU =~ '^\\+44'", INVITE, true }, { "$rU =~ \"^44\"", INVITE, false },
	{ "$rm =~ \"^invite$\"", INVITE, true }, { "$rm =~ \"(?-i)^invite$\"", INVITE, false }, { "$rm !~ \"bye\"", INVITE, true },
	{ "$rm !~ \"INV\"", INVITE, false }, { "$rs =~ \"^2\"", REPLY, true }, { "$si =~ \"^10\\.\"", INVITE, true },
	{ "$mb =~ \"^invite.*v=0\"", INVITE, true }, { "$mb =~ \"^via\"", INVITE, false }, { "$mb =~ \"(?m)^via\"", INVITE, true },
	{ "$rb =~ \"0$\"", INVITE, false }, { "$rb =~ \"0\\r$\"", INVITE, false }, { "$hdr(X-Foo) =~ \"^a b$\"", FOLDED, true }, { "$rb =~ \"^$\"", REPLY, true },
	{ "$rm =~ \"\"", INVITE, true }, { "$mb =~ \"route \\d chosen\"", LOG, true },
	/* functions */
	{ "is_method(\"INVITE|BYE\")", INVITE, true }, { "is_method(\"INVITE|BYE\")", REPLY, true }, { "is_method(\"BYE\")", INVITE, false },
	{ "is_method(\"invite\")", INVITE, true }, { "is_method(\"INVITE\")", LOWER, true }, { "is_method(\"foo\")", FOO, true },
	{ "is_method(\"BYE | FOO\")", FOO, true }, { "is_method(\"FO\")", FOO, false }, { "is_method(\"INVITE\")", LOG, false },
	{ "is_method(\"FOO\")", INVITE, false }, { "is_method(\"OPTIONS\")", OPTIONS, true },
	{ "has_totag()", INVITE, false }, { "has_totag()", REPLY, true }, { "has_totag()", OPTIONS, false }, { "has_totag()", LOG, false },
	{ "has_body()", INVITE, true }, { "has_body()", REPLY, false }, { "has_body()", CUT, false }, { "has_body()", LOG, false },
	{ "has_body(\"application/sdp\")", INVITE, true }, { "has_body(\"APPLICATION/SDP\")", INVITE, true }, { "has_body(\"text/plain\")", INVITE, false },
	{ "has_body(\"multipart/mixed\")", FOO, true }, { "has_body(\"application/isup\")", FOO, true }, { "has_body(\"application/sdp\")", FOO, true },
	{ "has_body(\"text/plain\")", FOO, true }, { "has_body(\"image/png\")", FOO, false }, { "has_body(\"text/html\")", FOO, false }, { "has_body(\"application/sdp\")", REPLY, false },
	{ "has_body(\"application/sdp\")", CUT_BODY, true }, { "has_body(\"image/png\")", CUT_BODY, false }, { "has_body(\"text/plain\")", CUT_BODY, false },
	{ "isflagset(3)", INVITE, true }, { "isflagset(31)", INVITE, true }, { "isflagset(0)", INVITE, false }, { "isflagset(3)", REPLY, false },
	/* a variable alone: a number other than 0, as in Kamailio */
	{ "$fU", INVITE, false }, { "!$fU", INVITE, true }, { "$fU", OPTIONS, true }, { "$hdr(X-Num)", INVITE, true }, { "$fU", REPLY, false },
	{ "$rs", REPLY, true }, { "$rs", INVITE, false }, { "$cl", REPLY, false }, { "$si", INVITE, false },
	/* precedence: not, then and, then or */
	{ "true or false and false", LOG, true }, { "(true or false) and false", LOG, false }, { "false and false or true", LOG, true },
	{ "not false and false", LOG, false }, { "not (false and false)", LOG, true }, { "! false || true", LOG, true },
	{ "!!true", LOG, true }, { "not !true", LOG, true }, { "! $rm == \"BYE\"", INVITE, true }, { "not $rs == 200 || false", REPLY, false },
	{ "true && true && true && false", LOG, false }, { "false || false || false || true", LOG, true },
	{ "true AND NOT false OR false", LOG, true },
	{ "$rm==\"INVITE\"&&$rs==$null", INVITE, true }, { " \t\r\n true # a comment && false\n && true", LOG, true }, { "true # end", LOG, true },
	{ "$rm == \"#\" or true", LOG, true },
};

/* Evaluates `text` over a sample, or says with `compiled` that it could not. */
static bool
match(struct expr_ctx *c, const char *text, enum sample s, bool *compiled)
{
	struct sample_record x = sample_record(s);
	struct expr_err e = { 0 };
	struct expr *expr;
	bool yes = false;

	*compiled = expr_compile(slice_str(text), &expr, &e) == RC_OK;
	if (*compiled) {
		expr_ctx_record(c, &x.r);
		yes = expr_match(expr, c);
		expr_free(expr);
	}
	guarded_free(&x.payload);
	return yes;
}

static void
operators(void **state)
{
	struct expr_ctx *c = expr_ctx_new();
	bool compiled;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool yes = match(c, rows[i].expr, rows[i].sample, &compiled);

		if (!compiled || yes != rows[i].want)
			fail_msg("%s on sample %d: %s", rows[i].expr, rows[i].sample, compiled ? yes ? "true" : "false" : "an error");
	}
	expr_ctx_free(c);
}

/* != is the negation of ==, !~ that of =~, on every record. */
static void
negations(void **state)
{
	static const char *const pairs[][2] = {
		{ "$fU == \"alice\"", "$fU != \"alice\"" }, { "$fU =~ \"a\"", "$fU !~ \"a\"" }, { "$rs == 200", "$rs != 200" },
		{ "$si == 10.0.0.0/8", "$si != 10.0.0.0/8" }, { "$fU == $rU", "$fU != $rU" }, { "$ua == $null", "$ua != $null" },
		{ "$ua == \"\"", "$ua != \"\"" }, { "$rm == \"INVITE\"", "$rm != \"INVITE\"" }, { "has_totag()", "!has_totag()" },
	};
	struct expr_ctx *c = expr_ctx_new();
	bool a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		for (unsigned s = 0; s < SAMPLES; s++)
			if (match(c, pairs[i][0], (enum sample)s, &a) == match(c, pairs[i][1], (enum sample)s, &b) || !a || !b)
				fail_msg("%s and %s on sample %u", pairs[i][0], pairs[i][1], s);
	expr_ctx_free(c);
}

/* A file that is in no folder. */
struct value_file {
	int fd;
	char path[40];
};

static struct value_file
value_file(const void *bytes, size_t n)
{
	struct value_file f = { .fd = memfd_create("values", 0) };

	if (f.fd < 0 || write(f.fd, bytes, n) != (ssize_t)n)
		abort();
	(void)snprintf(f.path, sizeof(f.path), "/proc/self/fd/%d", f.fd);
	return f;
}

static void
in_file(void **state)
{
	static const char users[] = "# users\n\n  alice  \r\nbob\n10.1.2.3", nets[] = "192.0.2.0/24\n# ours\n10.0.0.0/8\n2001:db8::1\n",
	    bad[] = "10.0.0.1\nbogus\n", nums[] = "100\n200\n";
	static const struct {
		const char *before, *after, *file;
		enum sample sample;
		int want;	/* -1: refused */
	} cases[] = {
		{ "$fU in @", "", users, INVITE, 1 }, { "$tU in @", " && true", users, INVITE, 1 }, { "$ft in @", "", users, INVITE, 0 },
		{ "$fU in @\"", "\"", users, INVITE, 1 }, { "($fU in @", ")", users, REPLY, 0 }, { "$hdr(X-Ip) in @", "", users, INVITE, 1 },
		{ "$si in @", "", nets, INVITE, 1 }, { "$si in @", "", nets, REPLY, 1 }, { "$Ri in @", "", nets, REPLY, 0 },
		{ "$si in @", "", bad, INVITE, -1 }, { "$rs in @", "", nums, REPLY, 1 }, { "$rs in @", "", bad, REPLY, -1 },
		{ "$si in @", "", "", INVITE, 0 },
	};
	struct expr_ctx *c = expr_ctx_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct value_file f = value_file(cases[i].file, strlen(cases[i].file));
		char text[200];
		bool compiled, yes;

		(void)snprintf(text, sizeof(text), "%s%s%s", cases[i].before, f.path, cases[i].after);
		yes = match(c, text, cases[i].sample, &compiled);
		close(f.fd);
		if (compiled != (cases[i].want >= 0) || yes != (cases[i].want > 0))
			fail_msg("case %zu: %s", i, text);
	}
	expr_ctx_free(c);
}

/* Ten thousand values, each found and nothing else. */
static void
in_large_set(void **state)
{
	struct sample_record x = sample_record(INVITE);
	struct expr_ctx *c = expr_ctx_new();
	struct buf file = { 0 };
	struct value_file values;
	struct expr *user, *addr;
	char text[100];

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		buf_printf(&file, "10.7.%u.%u\n", i >> 8, i & 255);
	values = value_file(file.p, file.n);
	(void)snprintf(text, sizeof(text), "$si in @%s", values.path);
	assert_int_equal(expr_compile(slice_str(text), &addr, NULL), RC_OK);
	(void)snprintf(text, sizeof(text), "$siptrace(src_host) == $si && $hdr(X-Ip) in @%s", values.path);
	assert_int_equal(expr_compile(slice_str(text), &user, NULL), RC_OK);
	close(values.fd);
	expr_ctx_record(c, &x.r);
	for (unsigned i = 0; i < 65536; i++) {
		x.r.src.ip[1] = 7;
		x.r.src.ip[2] = (uint8_t)(i >> 8);
		x.r.src.ip[3] = (uint8_t)i;
		assert_int_equal(expr_match(addr, c), i < 10000);
	}
	assert_false(expr_match(user, c));
	expr_free(addr);
	expr_free(user);
	buf_reset(&file);
	guarded_free(&x.payload);
	expr_ctx_free(c);
}

/* `pattern` over `n` bytes: `before` a's, one b, then dots. */
static bool
match_long(const char *pattern, size_t n, size_t before, uint64_t *gave_up)
{
	struct sample_record x = sample_record(LOG);
	struct expr_ctx *c = expr_ctx_new();
	struct buf text = { 0 }, expr = { 0 };
	struct expr *e;
	bool yes;

	for (size_t i = 0; i < n; i++)
		buf_u8(&text, i < before ? 'a' : i == before ? 'b' : '.');
	x.r.payload = buf_slice(&text);
	buf_printf(&expr, "$mb =~ \"%s\"", pattern);
	assert_int_equal(expr_compile(buf_slice(&expr), &e, NULL), RC_OK);
	expr_ctx_record(c, &x.r);
	yes = expr_match(e, c);
	*gave_up = expr_ctx_gave_up(c);
	expr_free(e);
	buf_reset(&expr);
	buf_reset(&text);
	guarded_free(&x.payload);
	expr_ctx_free(c);
	return yes;
}

/* A match that would take for ever is given up, counted, and false; one that is long but honest is not. */
static void
regex_limit(void **state)
{
	uint64_t gave_up;

	(void)state;
	assert_false(match_long("^(a|a|aa)+$", 1000, 999, &gave_up));
	assert_int_equal(gave_up, 1);
	assert_false(match_long("a.*a.*a.*[xy]", 60000, 50000, &gave_up));
	assert_int_equal(gave_up, 1);
	assert_true(match_long("^a.*[bc]", 65536, 30000, &gave_up));
	assert_int_equal(gave_up, 0);
	assert_true(match_long("^(a|b)+\\.+$", 65536, 30000, &gave_up));
	assert_int_equal(gave_up, 0);
	assert_false(match_long("[xy]", 65536, 30000, &gave_up));
	assert_int_equal(gave_up, 0);
	/* only the first 64 KiB are looked at, and that is said where it could matter */
	assert_true(match_long("b", 65600, 65535, &gave_up));
	assert_int_equal(gave_up, 0);
	assert_false(match_long("b", 65600, 65536, &gave_up));
	assert_int_equal(gave_up, 1);
}

static void
explained(void **state)
{
	static const char text[] =
	    "$rm == \"INVITE\" && ($fU =~ \"^44\" or not $si in {10.0.0.0/8, ::1}) && $rs != 5 && is_method(\"A|BYE\") && "
	    "has_body(\"a/b\") && isflagset(3) && $ua == $null && $cs && $fu == $tu && $sp <= $Rp && $si == 10.1.0.0/16 && $ci == \"\\x01\\\"\"";
	static const char want[] =
	    "and\n"
	    "  $rm == \"INVITE\"\n"
	    "  or\n"
	    "    $fU =~ \"^44\"  # PCRE2, JIT\n"
	    "    not\n"
	    "      $si in {10.0.0.0/8, ::1}  # 2 values, hashed\n"
	    "  not $rs == 5\n"
	    "  is_method(\"A|BYE\")\n"
	    "  has_body(\"a/b\")\n"
	    "  isflagset(3)\n"
	    "  $ua == $null\n"
	    "  $cs  # a number other than 0\n"
	    "  $fu == $tu\n"
	    "  $sp <= $Rp\n"
	    "  $si == 10.1.0.0/16\n"
	    "  $ci == \"\\x01\\\"\"\n";
	struct buf b = { 0 };
	struct expr *e;

	(void)state;
	assert_int_equal(expr_compile(slice_str(text), &e, NULL), RC_OK);
	expr_explain(e, &b);
	assert_slice(buf_slice(&b), want);
	buf_reset(&b);
	expr_free(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators),
		cmocka_unit_test(negations),
		cmocka_unit_test(in_file),
		cmocka_unit_test(in_large_set),
		cmocka_unit_test(regex_limit),
		cmocka_unit_test(explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
