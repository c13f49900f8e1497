/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "sip/osip.h"

#define HEAD "Via: SIP/2.0/UDP a:5060;branch=1\r\nVia: SIP/2.0/TCP [::1];branch=2\r\nFrom: <sip:a%20b:pw@f;x=%41;lr>;tag=1\r\n" \
    "To: <sip:c@t>;Tag=2\r\nCall-ID: i@h\r\nCSeq: 7 OPTIONS\r\nContact: <sip:m@n:1>;expires=60, \"two\" <sip:o@p;q=1>\r\n"

static struct sip_full *full;

static void
parse(const char *text)
{
	assert_int_equal(sip_full_parse(full, slice_str(text)), RC_OK);
}

static void
fields(void **state)
{
	struct sip_full_start st;
	struct slice a, b;

	(void)state;
	parse("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "Content-Length: 0\r\n\r\n");
	assert_true(sip_full_start(full, &st));
	assert_int_equal(st.status, 0);
	assert_slice(st.method, "OPTIONS");
	assert_true(sip_full_callid(full, &a));
	assert_slice(a, "i@h");
	assert_true(sip_full_cseq(full, &a, &b));
	assert_slice(a, "7");
	assert_slice(b, "OPTIONS");
	assert_true(sip_full_length(full, &a));
	assert_slice(a, "0");
	parse("SIP/2.0 404 Not Found\r\n" HEAD "\r\n");
	assert_true(sip_full_start(full, &st));
	assert_int_equal(st.status, 404);
	assert_slice(st.reason, "Not Found");
}

static void
uris(void **state)
{
	struct sip_full_uri u;
	struct slice v;

	(void)state;
	parse("OPTIONS sip:c@t:5062;transport=TCP SIP/2.0\r\n" HEAD "\r\n");
	assert_true(sip_full_uri(full, SIP_FULL_RURI, 0, &u));
	assert_slice(u.host, "t");
	assert_slice(u.port, "5062");
	assert_true(sip_full_uri_param(full, SIP_FULL_RURI, 0, "Transport", &v));
	assert_slice(v, "TCP");
	assert_false(sip_full_param(full, SIP_FULL_RURI, 0, "tag", &v));
	assert_true(sip_full_uri(full, SIP_FULL_FROM, 0, &u));
	assert_slice(u.user, "a b");
	assert_slice(u.password, "pw");
	assert_true(sip_full_uri_param(full, SIP_FULL_FROM, 0, "x", &v));
	assert_slice(v, "A");
	assert_true(sip_full_uri_param(full, SIP_FULL_FROM, 0, "lr", &v));
	assert_null(v.p);
	assert_false(sip_full_uri_param(full, SIP_FULL_FROM, 0, "tag", &v));
	assert_true(sip_full_param(full, SIP_FULL_TO, 0, "tag", &v));
	assert_slice(v, "2");
	assert_true(sip_full_uri(full, SIP_FULL_CONTACT, 1, &u));
	assert_slice(u.user, "o");
	assert_true(sip_full_param(full, SIP_FULL_CONTACT, 0, "expires", &v));
	assert_slice(v, "60");
	assert_false(sip_full_uri(full, SIP_FULL_CONTACT, 2, &u));
	assert_false(sip_full_uri(full, SIP_FULL_TO, 1, &u));
	parse("OPTIONS tel:+44;x=y SIP/2.0\r\n" HEAD "\r\n");
	assert_true(sip_full_uri(full, SIP_FULL_RURI, 0, &u));
	assert_slice(u.opaque, "+44;x=y");
	assert_null(u.host.p);
}

static void
vias(void **state)
{
	struct sip_full_via via;

	(void)state;
	parse("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "\r\n");
	assert_true(sip_full_via(full, 1, &via));
	assert_slice(via.transport, "TCP");
	assert_slice(via.host, "::1");
	assert_null(via.port.p);
	assert_slice(via.branch, "2");
	assert_false(sip_full_via(full, 2, &via));
}

/* What libosip2's multipart parser loses memory on; a leak checker sees it. */
static void
wrong_bodies(void **state)
{
	(void)state;
	parse("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "Content-Type: multipart/mixed;boundary=b\r\nc: text/plain\r\n\r\n"
	    "--b\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nhey\r\n--b--\r\n");
}

static void
a_reply_without_reason_keeps_its_first_header(void **state)
{
	static const char *const first[] = { "SIP/2.0 200\r\n", "SIP/2.0 200 \r\n", "\r\nSIP/2.0 200\n" };
	struct sip_full_via via;
	struct sip_full_start st;

	(void)state;
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct buf b = { 0 };

		buf_str(&b, first[i]);
		buf_str(&b, HEAD "\r\n");
		assert_int_equal(sip_full_parse(full, buf_slice(&b)), RC_OK);
		assert_true(sip_full_start(full, &st));
		assert_int_equal(st.reason.n, 0);
		assert_true(sip_full_via(full, 0, &via));
		assert_slice(via.branch, "1");
		buf_reset(&b);
	}
}

/* What a refused message leaves is nothing, not the one before. */
static void
refused(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "no message", "hello" },
		{ "a wrong CSeq", "OPTIONS sip:c@t SIP/2.0\r\nCSeq: 1\r\n\r\n" },
		{ "two Call-IDs", "OPTIONS sip:c@t SIP/2.0\r\n" HEAD "Call-ID: 2\r\n\r\n" },
	};
	struct sip_full_start st;
	struct slice v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "\r\n");
		if (sip_full_parse(full, slice_str(rows[i].text)) != RC_BAD)
			fail_msg("%s: accepted", rows[i].name);
		assert_false(sip_full_start(full, &st));
		assert_false(sip_full_callid(full, &v));
	}
	assert_int_equal(sip_full_parse(full, SLICE_LIT("OPTIONS sip:c@t SIP/2.0\r\n\0\0" HEAD "\r\n")), RC_BAD);
}

/* Both would be a header for libosip2: behind the CR, or of what the CR would fold. */
static void
a_lone_cr_ends_no_line(void **state)
{
	struct slice v;

	(void)state;
	parse("OPTIONS sip:c@t SIP/2.0\r\nX: a\rCall-ID: no\r\n" HEAD "\r\n");
	assert_true(sip_full_callid(full, &v));
	assert_slice(v, "i@h");
	parse("OPTIONS sip:c@t SIP/2.0\r\nCall-ID: i@h\r\n\rX: no\r\n\r\n");
	assert_true(sip_full_callid(full, &v));
	assert_slice(v, "i@h");
}

static void
a_cut_body_is_no_reason(void **state)
{
	struct slice v;

	(void)state;
	parse("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "Content-Type: text/plain\r\nContent-Length: 30\r\n\r\nhey");
	assert_true(sip_full_length(full, &v));
	assert_slice(v, "30");
}

static void
limits(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_str(&b, "OPTIONS sip:c@t SIP/2.0\r\n" HEAD);
	for (int i = 0; i < SIP_FULL_PARTS; i++)
		buf_str(&b, "k:a\r\n");
	buf_str(&b, "\r\n");
	assert_int_equal(sip_full_parse(full, buf_slice(&b)), RC_LIMIT);
	buf_clear(&b);
	buf_str(&b, "OPTIONS sip:c@t SIP/2.0\r\n" HEAD "\r\n");
	for (int i = 0; i < SIP_FULL_PARTS; i++)
		buf_str(&b, "a=b\r\n");
	assert_int_equal(sip_full_parse(full, buf_slice(&b)), RC_OK);
	buf_clear(&b);
	buf_str(&b, "OPTIONS sip:c@t SIP/2.0\r\n" HEAD "\r\n");
	buf_zero(&b, SIP_FULL_MAX);
	assert_int_equal(sip_full_parse(full, buf_slice(&b)), RC_LIMIT);
	buf_reset(&b);
}

/* The record stream is there. */
static void
nothing_on_standard_output(void **state)
{
	int saved = dup(STDOUT_FILENO), fd;
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	fd = fileno(f);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	(void)!sip_full_parse(full, SLICE_LIT("OPTIONS sip:c@t SIP/2.0\r\nVia: x\r\nCSeq: x\r\nFrom: \"x\r\nCall-ID:\r\n\r\n"));
	(void)!sip_full_parse(full, SLICE_LIT("OPTIONS sip:c@t SIP/2.0\r\n" HEAD "Call-ID: 2\r\nContent-Length: 99\r\n\r\n"));
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fseek(f, 0, SEEK_END);
	assert_int_equal(ftell(f), 0);
	fclose(f);
}

static int
start(void **state)
{
	(void)state;
	full = sip_full_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	sip_full_free(full);
	sip_full_free(NULL);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields),
		cmocka_unit_test(uris),
		cmocka_unit_test(vias),
		cmocka_unit_test(wrong_bodies),
		cmocka_unit_test(a_reply_without_reason_keeps_its_first_header),
		cmocka_unit_test(refused),
		cmocka_unit_test(a_lone_cr_ends_no_line),
		cmocka_unit_test(a_cut_body_is_no_reason),
		cmocka_unit_test(limits),
		cmocka_unit_test(nothing_on_standard_output),
	};

	return cmocka_run_group_tests_name("sip_osip", tests, start, end);
}
