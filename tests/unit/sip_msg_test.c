/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "sip/msg.h"

static const char msg[] =
    "\r\nINVITE sip:b@t SIP/2.0\r\n"
    "Via: SIP/2.0/UDP a:5060;branch=1,\r\n SIP / 2.0 / TCP [2001:db8::1] : 5061 ;branch=2\r\n"
    "v: SIP/2.0/TLS c\r\n"
    "i : 1@h \r\n"
    "nothing here\r\n"
    "X-A: one\r\nx-a:\r\nX-A: \tthree \r\n"
    "s: I know\r\n\tyou're\r\n  there\r\n"
    "\r\n"
    "X-A: body\r\n";

static void
walk(void **state)
{
	static const char *const want[][2] = {
		{ "Via", "SIP/2.0/UDP a:5060;branch=1,\r\n SIP / 2.0 / TCP [2001:db8::1] : 5061 ;branch=2" },
		{ "v", "SIP/2.0/TLS c" }, { "i", "1@h" }, { "X-A", "one" }, { "x-a", "" }, { "X-A", "three" },
		{ "s", "I know\r\n\tyou're\r\n  there" },
	};
	struct guarded g = guarded(slice_str(msg));
	struct slice name, value;
	size_t pos = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(sip_header_next(g.s, &pos, &name, &value), RC_OK);
		assert_slice(name, want[i][0]);
		assert_slice(value, want[i][1]);
	}
	assert_int_equal(sip_header_next(g.s, &pos, &name, &value), RC_END);
	guarded_free(&g);
}

static void
by_name(void **state)
{
	static const struct {
		const char *name;
		int nth;
		const char *want;
	} rows[] = {
		{ "Call-ID", 0, "1@h" }, { "I", 0, "1@h" }, { "call-id", -1, "1@h" }, { "Call-ID", 1, NULL }, { "Call-ID", -2, NULL },
		{ "x-A", 0, "one" }, { "X-A", 1, "" }, { "X-A", 2, "three" }, { "X-A", 3, NULL },
		{ "X-A", -1, "three" }, { "X-A", -3, "one" }, { "X-A", -4, NULL },
		{ "VIA", 1, "SIP/2.0/TLS c" }, { "Via", -1, "SIP/2.0/TLS c" }, { "Subject", 0, "I know\r\n\tyou're\r\n  there" },
		{ "nothing here", 0, NULL }, { "", 0, NULL }, { "INVITE sip", 0, NULL },
	};
	struct guarded g = guarded(slice_str(msg));
	struct slice value;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool found = sip_header(g.s, slice_str(rows[i].name), rows[i].nth, &value);

		if (found != (rows[i].want != NULL))
			fail_msg("%s[%d]: found %d", rows[i].name, rows[i].nth, found);
		if (found)
			assert_slice(value, rows[i].want);
	}
	guarded_free(&g);
}

static void
compact_names(void **state)
{
	static const char *const pairs[][2] = {
		{ "a", "Accept-Contact" }, { "b", "Referred-By" }, { "c", "Content-Type" }, { "d", "Request-Disposition" },
		{ "e", "Content-Encoding" }, { "f", "From" }, { "i", "Call-ID" }, { "j", "Reject-Contact" }, { "k", "Supported" },
		{ "l", "Content-Length" }, { "m", "Contact" }, { "n", "Identity-Info" }, { "o", "Event" }, { "r", "Refer-To" },
		{ "s", "Subject" }, { "t", "To" }, { "u", "Allow-Events" }, { "v", "Via" }, { "x", "Session-Expires" },
		{ "y", "Identity" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char upper[2] = { (char)(pairs[i][0][0] - 32), '\0' };

		assert_true(sip_header_is(slice_str(pairs[i][0]), slice_str(pairs[i][1])));
		assert_true(sip_header_is(slice_str(pairs[i][1]), slice_str(upper)));
	}
	assert_true(sip_header_is(slice_str("z"), slice_str("Z")));
	assert_false(sip_header_is(slice_str("f"), slice_str("To")));
	assert_false(sip_header_is(slice_str("Fro"), slice_str("From")));
}

static void
cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(msg); n++) {
		struct guarded g = guarded(slice_of(msg, n));
		struct slice name, value;
		size_t pos = 0, count = 0;

		while (sip_header_next(g.s, &pos, &name, &value) == RC_OK)
			count++;
		assert_true(count <= 7);
		(void)sip_header(g.s, SLICE_LIT("Subject"), -1, &value);
		guarded_free(&g);
	}
}

static const struct {
	const char *name, *text;
	enum rc rc;
	const char *display, *uri, *params;
} addrs[] = {
	{ "quoted", "\"A B\" <sip:a@b>;tag=1", RC_OK, "A B", "sip:a@b", ";tag=1" },
	{ "escapes stay", "\"A \\\"x\\\\\" <sip:a@b>", RC_OK, "A \\\"x\\\\", "sip:a@b", NULL },
	{ "unquoted", "A B <sip:a@b;lr> ; x", RC_OK, "A B", "sip:a@b;lr", "; x" },
	{ "no name", "<sip:a@b>", RC_OK, NULL, "sip:a@b", NULL },
	{ "empty name", "\"\"<sip:a@b>", RC_OK, "", "sip:a@b", NULL },
	{ "addr-spec", "sip:a@b;tag=1", RC_OK, NULL, "sip:a@b", ";tag=1" },
	{ "angle in quotes", "\"<sip:x@y>\" <sip:a@b>", RC_OK, "<sip:x@y>", "sip:a@b", NULL },
	{ "star", "*", RC_OK, NULL, "*", NULL },
	{ "semicolon in a quoted parameter", "<sip:a@b>;x=\">;<\"", RC_OK, NULL, "sip:a@b", ";x=\">;<\"" },
	{ "nothing", "", RC_BAD, NULL, "", NULL },
	{ "empty URI", "A <>", RC_BAD, "A", "", NULL },
	{ "open quote", "\"A <sip:a@b>;tag=1", RC_BAD, "\"A", "sip:a@b", ";tag=1" },
	{ "open quote in a parameter", "<sip:a@b>;x=\"1\";y=\"2;tag=1", RC_BAD, NULL, "sip:a@b", ";x=\"1\";y=\"2;tag=1" },
	{ "the same without <>", "sip:a@b;y=\"2", RC_BAD, NULL, "sip:a@b", ";y=\"2" },
	{ "a URI for a name", "sip:c@d <sip:a@b>", RC_BAD, "sip:c@d", "sip:a@b", NULL },
	{ "open angle", "A <sip:a@b;tag=1", RC_BAD, "A", "sip:a@b", ";tag=1" },
	{ "junk behind", "<sip:a@b> x;tag=1", RC_BAD, NULL, "sip:a@b", ";tag=1" },
	{ "only junk behind", "<sip:a@b> x", RC_BAD, NULL, "sip:a@b", NULL },
};

static void
same(const char *name, struct slice have, const char *want)
{
	if ((have.p == NULL) != (want == NULL) || !slice_eq(have, slice_str(want)))
		fail_msg("%s: have \"%.*s\", want \"%s\"", name, SLICE_ARG(have), want != NULL ? want : "(none)");
}

static void
name_addr(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct guarded g = guarded(slice_str(addrs[i].text));
		struct sip_nameaddr na;

		if (sip_nameaddr(g.s, &na) != addrs[i].rc)
			fail_msg("%s: wrong verdict", addrs[i].name);
		same(addrs[i].name, na.display, addrs[i].display);
		same(addrs[i].name, na.uri, addrs[i].uri);
		same(addrs[i].name, na.params, addrs[i].params);
		guarded_free(&g);
	}
}

static const struct {
	const char *text;
	enum rc rc;
	const char *scheme, *user, *password, *host, *port, *params, *headers;
} uris[] = {
	{ "sip:a@b", RC_OK, "sip", "a", NULL, "b", NULL, NULL, NULL },
	{ "sip:b", RC_OK, "sip", NULL, NULL, "b", NULL, NULL, NULL },
	{ "SIPS:a:p:w@b:5061;lr;x=y?h=1&i=2", RC_OK, "SIPS", "a", "p:w", "b", "5061", ";lr;x=y", "h=1&i=2" },
	{ "sip:a;p=1?q@b", RC_OK, "sip", "a;p=1?q", NULL, "b", NULL, NULL, NULL },
	{ "sip:a:@b", RC_OK, "sip", "a", "", "b", NULL, NULL, NULL },
	{ "sip:@b", RC_OK, "sip", "", NULL, "b", NULL, NULL, NULL },
	{ "sip:a@[2001:db8::1]:5060;lr", RC_OK, "sip", "a", NULL, "[2001:db8::1]", "5060", ";lr", NULL },
	{ "sip:b?h=;", RC_OK, "sip", NULL, NULL, "b", NULL, NULL, "h=;" },
	{ "tel:+44-1;phone-context=x", RC_OK, "tel", "+44-1", NULL, NULL, NULL, ";phone-context=x", NULL },
	{ "TEL:1", RC_OK, "TEL", "1", NULL, NULL, NULL, NULL, NULL },
	{ "im:a@b", RC_OK, "im", "a", NULL, "b", NULL, NULL, NULL },
	{ "urn:service:sos", RC_OK, "urn", NULL, NULL, NULL, NULL, NULL, NULL },
	{ "tel:", RC_BAD, "tel", "", NULL, NULL, NULL, NULL, NULL },
	{ "sip:", RC_BAD, "sip", NULL, NULL, "", NULL, NULL, NULL },
	{ "sip:a@", RC_BAD, "sip", "a", NULL, "", NULL, NULL, NULL },
	{ "sip:a@b:x", RC_BAD, "sip", "a", NULL, "b", "x", NULL, NULL },
	{ "sip:a@b:65536", RC_BAD, "sip", "a", NULL, "b", "65536", NULL, NULL },
	{ "sip:a@[::1", RC_BAD, "sip", "a", NULL, "[::1", NULL, NULL, NULL },
	{ "sip:a@x[::1]", RC_BAD, "sip", "a", NULL, "x[", ":1]", NULL, NULL },
	{ "sip:a@[::1]x", RC_BAD, "sip", "a", NULL, "[::1]", NULL, "x", NULL },
	{ "a@b", RC_BAD, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ "1x:a@b", RC_BAD, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ ":a@b", RC_BAD, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ "*", RC_BAD, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
	{ "", RC_BAD, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
};

static void
uri_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct guarded g = guarded(slice_str(uris[i].text));
		struct sip_uri u;

		if (sip_uri(g.s, &u) != uris[i].rc)
			fail_msg("%s: wrong verdict", uris[i].text);
		same(uris[i].text, u.scheme, uris[i].scheme);
		same(uris[i].text, u.user, uris[i].user);
		same(uris[i].text, u.password, uris[i].password);
		same(uris[i].text, u.host, uris[i].host);
		same(uris[i].text, u.port, uris[i].port);
		same(uris[i].text, u.params, uris[i].params);
		same(uris[i].text, u.headers, uris[i].headers);
		guarded_free(&g);
	}
}

static const struct {
	const char *text, *name, *want;
} params[] = {
	{ ";a=b;c", "a", "b" }, { ";a=b;c", "c", "" }, { ";a=b;c", "b", NULL }, { ";a=b;c", "A", "b" }, { "", "a", NULL },
	{ "a=b", "a", NULL }, { ";ab=1;a=2", "a", "2" }, { "; a = b ;c", "a", "b" }, { ";a=;b", "a", "" }, { ";x ;a", "x", "" },
	{ ";x=\";a=no\";a=yes", "a", "yes" }, { ";a=\"q;\\\"r\";b", "a", "q;\\\"r" }, { ";a=\"open;b=c", "b", "c" },
	{ ";a=\"open;b=c", "a", "\"open" }, { ";;a=b", "a", "b" }, { ";a==b", "a", "=b" }, { ";x=1\"2;a=b", "a", "b" },
	{ ";a\r\n = \r\n b\r\n ;c", "a", "b" },
};

static void
parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct guarded g = guarded(slice_str(params[i].text));
		struct slice v = { NULL, 0 };

		if (sip_param(g.s, slice_str(params[i].name), &v) != (params[i].want != NULL))
			fail_msg("%s in %s", params[i].name, params[i].text);
		same(params[i].text, v, params[i].want);
		guarded_free(&g);
	}
}

static void
lists(void **state)
{
	static const struct {
		const char *text, *want;	/* values joined with '|' */
	} rows[] = {
		{ "a", "a|" }, { "a , b", "a|b|" }, { "", "|" }, { ",", "||" }, { "a;b=\"x,y\";c=\"d,e\",f", "a;b=\"x,y\";c=\"d,e\"|f|" },
		{ "\"open, b", "\"open, b|" }, { "<a,b>,U<P c", "<a|b>|U<P c|" }, { "\"\\\",\",b", "\"\\\",\"|b|" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i].text));
		struct slice list = g.s, v;
		struct buf out = { 0 };

		while (sip_via_next(&list, &v)) {
			buf_put(&out, v);
			buf_u8(&out, '|');
		}
		assert_slice(buf_slice(&out), rows[i].want);
		buf_reset(&out);
		guarded_free(&g);
	}
}

static void
vias(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
		const char *transport, *sent_by, *params;
	} rows[] = {
		{ "SIP/2.0/UDP h:5060;branch=1", RC_OK, "UDP", "h:5060", ";branch=1" },
		{ "SIP / 2.0 /\r\n TCP [::1] : 1", RC_OK, "TCP", "[::1] : 1", NULL },
		{ "SIP/3.0/UDP h", RC_BAD, "UDP", "h", NULL },
		{ "PIP/2.0/UDP h", RC_BAD, "UDP", "h", NULL },
		{ "SIP/2.0/UDP", RC_BAD, "UDP", "", NULL },
		{ "SIP/2.0 h", RC_BAD, NULL, NULL, NULL },
		{ "", RC_BAD, NULL, NULL, NULL },
	};
	struct slice transport, sent_by;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_via via;

		assert_int_equal(sip_via(slice_str(rows[i].text), &via), rows[i].rc);
		same(rows[i].text, via.transport, rows[i].transport);
		same(rows[i].text, via.sent_by, rows[i].sent_by);
		same(rows[i].text, via.params, rows[i].params);
	}
	assert_int_equal(sip_top_via(slice_str(msg), &transport, &sent_by), RC_OK);
	assert_slice(transport, "UDP");
	assert_slice(sent_by, "a:5060");
	assert_int_equal(sip_top_via(SLICE_LIT("BYE sip:a SIP/2.0\r\n\r\n"), &transport, &sent_by), RC_BAD);
}

static void
start_lines(void **state)
{
	struct slice v;

	(void)state;
	assert_int_equal(sip_request_uri(slice_str(msg), &v), RC_OK);
	assert_slice(v, "sip:b@t");
	assert_int_equal(sip_reason(slice_str(msg), &v), RC_BAD);
	assert_int_equal(sip_reason(SLICE_LIT("SIP/2.0 404 Not  Found \r\n"), &v), RC_OK);
	assert_slice(v, "Not  Found");
	assert_int_equal(sip_reason(SLICE_LIT("SIP/2.0 404\r\n"), &v), RC_OK);
	assert_int_equal(v.n, 0);
	assert_int_equal(sip_request_uri(SLICE_LIT("SIP/2.0 404 Not Found\r\n"), &v), RC_BAD);
}

static void
unfold(void **state)
{
	static const char *const rows[][2] = {
		{ "a", "a" }, { "a\r\n b", "a b" }, { "a \t\r\n \t b", "a b" }, { "a\n\tb\r\n c", "a b c" }, { "a\r\nb", "a\r\nb" }, { "", "" },
		{ "\r\n a", " a" }, { "a\r", "a\r" }, { "a\n", "a\n" },
	};
	uint8_t out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i][0]));

		assert_slice(slice_of(out, sip_unfold(g.s, out)), rows[i][1]);
		guarded_free(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walk),
		cmocka_unit_test(by_name),
		cmocka_unit_test(compact_names),
		cmocka_unit_test(cut),
		cmocka_unit_test(name_addr),
		cmocka_unit_test(uri_parts),
		cmocka_unit_test(parameters),
		cmocka_unit_test(lists),
		cmocka_unit_test(vias),
		cmocka_unit_test(start_lines),
		cmocka_unit_test(unfold),
	};

	return cmocka_run_group_tests_name("sip_msg", tests, NULL, NULL);
}
