/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "sip/msg.h"
#include "sip/xheaders.h"

#define T 1795375243821824000ull

static struct addr
at(const char *text)
{
	struct addr a = { 0 };

	if (text[0] != '\0')
		assert_int_equal(addr_port_parse(slice_str(text), &a), RC_OK);
	return a;
}

static void
lines_are_the_modules(void **state)
{
	static const struct {
		const char *name;
		uint8_t transport;
		const char *src, *dst;
		uint64_t time_ns;
		const char *method, *direction, *want;
	} rows[] = {
		{ "as captured from the module", TRANSPORT_UDP, "127.0.1.10:16061", "127.0.2.20:16060", T, "INVITE", "in",
		    "X-Siptrace-Fromip: udp:127.0.1.10:16061\r\nX-Siptrace-Toip: udp:127.0.2.20:16060\r\n"
		    "X-Siptrace-Time: 1795375243 821824\r\nX-Siptrace-Method: INVITE\r\nX-Siptrace-Dir: in\r\n" },
		{ "IPv6 in brackets, no leading zeros", TRANSPORT_WSS, "[::1]:5060", "[2001:db8::1]:5061", 1000042999, "BYE", "out",
		    "X-Siptrace-Fromip: wss:[::1]:5060\r\nX-Siptrace-Toip: wss:[2001:db8::1]:5061\r\n"
		    "X-Siptrace-Time: 1 42\r\nX-Siptrace-Method: BYE\r\nX-Siptrace-Dir: out\r\n" },
		{ "what is not known", TRANSPORT_NONE, "", "1.2.3.4:5", 0, "", "",
		    "X-Siptrace-Fromip: -\r\nX-Siptrace-Toip: udp:1.2.3.4:5\r\n"
		    "X-Siptrace-Time: 0 0\r\nX-Siptrace-Method: -\r\nX-Siptrace-Dir: -\r\n" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		xheaders_write(&(struct xheaders){ rows[i].transport, at(rows[i].src), at(rows[i].dst), rows[i].time_ns,
		    slice_str(rows[i].method), slice_str(rows[i].direction) }, &b);
		assert_slice(buf_slice(&b), rows[i].want);
	}
	buf_reset(&b);
}

static void
place_is_the_empty_line(void **state)
{
	static const struct {
		const char *name, *before, *after;
		bool bad;
	} rows[] = {
		{ "CRLF", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "\r\n", false },
		{ "CRLF and a body with an empty line", "BYE sip:a SIP/2.0\r\nl: 8\r\n", "\r\na\r\n\r\nb\r\n", false },
		{ "bare LF", "BYE sip:a SIP/2.0\nl: 0\n", "\nbody", false },
		{ "mixed", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "\nbody", false },
		{ "leading empty lines", "\r\n\r\nBYE sip:a SIP/2.0\r\nl: 0\r\n", "\r\n", false },
		{ "cut in the headers", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct sip_index x;
		size_t off = 0, n = (size_t)snprintf(text, sizeof(text), "%s%s", rows[i].before, rows[i].after);

		assert_int_equal(sip_scan(slice_of(text, n), &x), RC_OK);
		if ((xheaders_place(&x, slice_of(text, n), &off) == RC_OK) == rows[i].bad)
			fail_msg("%s: verdict", rows[i].name);
		if (!rows[i].bad && off != strlen(rows[i].before))
			fail_msg("%s: at %zu", rows[i].name, off);
	}
}

/* An index that came with a record is not believed. */
static void
place_is_within_the_message(void **state)
{
	struct sip_index x = { .body = 5 };
	struct guarded g = guarded(SLICE_LIT("a\r\n\r"));
	size_t off;

	(void)state;
	assert_int_equal(xheaders_place(&x, g.s, &off), RC_BAD);
	guarded_free(&g);
	assert_int_equal(xheaders_place(&x, SLICE_LIT("abcdefg"), &off), RC_BAD);
	x.body = 1;
	assert_int_equal(xheaders_place(&x, SLICE_LIT("\n"), &off), RC_OK);
	assert_int_equal(off, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_modules),
		cmocka_unit_test(place_is_the_empty_line),
		cmocka_unit_test(place_is_within_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
