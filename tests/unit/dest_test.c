/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "net/dest.h"

static void
reads_destinations(void **state)
{
	static const struct {
		const char *text;
		uint8_t transport;
		const char *host;
		uint16_t port;
	} rows[] = {
		{ "udp:homer:9060", TRANSPORT_UDP, "homer", 9060 },
		{ "UDP:192.0.2.1:1", TRANSPORT_UDP, "192.0.2.1", 1 },
		{ "udp:[::1]:65535", TRANSPORT_UDP, "::1", 65535 },
		{ "homer.example:9060", TRANSPORT_UDP, "homer.example", 9060 },
		{ "[2001:db8::1]:9060", TRANSPORT_UDP, "2001:db8::1", 9060 },
		{ "tcp:h:1", TRANSPORT_TCP, "h", 1 },
		{ "tls:h:1", TRANSPORT_TLS, "h", 1 },
		{ "sip:h", TRANSPORT_UDP, "h", 5060 },
		{ "sip:h:9060", TRANSPORT_UDP, "h", 9060 },
		{ "sip:u:p@[::1]:9060;lr;transport=udp?a=b", TRANSPORT_UDP, "::1", 9060 },
		{ "sip:h:9060;transport=TCP", TRANSPORT_TCP, "h", 9060 },
		{ "sip:h;x=y;transport=tls", TRANSPORT_TLS, "h", 5061 },
		{ "sips:h", TRANSPORT_TLS, "h", 5061 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i].text));
		struct err e = { .text = "" };
		struct dest d;

		if (dest_parse(g.s, &d, &e) != RC_OK)
			fail_msg("%s: %s", rows[i].text, e.text);
		if (d.transport != rows[i].transport || d.port != rows[i].port || strcmp(d.host, rows[i].host) != 0)
			fail_msg("%s: read as %u %s %u", rows[i].text, d.transport, d.host, d.port);
		guarded_free(&g);
	}
}

static void
refuses_what_is_none(void **state)
{
	static const char *const rows[] = {
		"", "udp:", "udp::9060", "homer", "udp:homer", "udp:homer:", "udp:homer:0", "udp:homer:65536", "udp:homer:9060x",
		"udp:::1:9060", "udp:[::1", "udp:[::1]9060", "udp:[]:1", "sip:", "sip:u@", "sip:h;transport=carrier-pigeon", "sip:h:x",
		"udp://homer:9060", "udp:ho mer:9060", "http://homer", "upd:homer:9060",
	};
	char longest[400] = "udp:";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i]));
		struct err e = { .text = "" };
		struct dest d;

		if (dest_parse(g.s, &d, &e) != RC_BAD || e.text[0] == '\0')
			fail_msg("'%s' was accepted or has no reason", rows[i]);
		guarded_free(&g);
	}
	memset(longest + 4, 'a', 300);
	strcpy(longest + 304, ":1");
	assert_int_equal(dest_parse(slice_str(longest), &(struct dest){ 0 }, NULL), RC_BAD);
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "no destination: write udp:HOST:PORT" },
		{ "homer", "no port: write HOST:PORT" },
		{ "upd:homer:9060", "'upd:' is none of udp:, tcp:, tls:, sip:, sips:" },
		{ "http://homer", "'http:' is none of udp:, tcp:, tls:, sip:, sips:" },
		{ "udp://homer:9060", "'//homer' is no host: write udp:HOST:PORT" },
		{ "2001:db8::1:9060", "an IPv6 address needs brackets: [::1]:9060" },
		{ "abcd::1:9060", "an IPv6 address needs brackets: [::1]:9060" },
		{ "homer:sip", "'sip' is no port from 1 to 65535" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { .text = "" };
		struct dest d;

		assert_int_equal(dest_parse(slice_str(rows[i].text), &d, &e), RC_BAD);
		assert_string_equal(e.text, rows[i].why);
	}
}

static void
knows_its_schemes(void **state)
{
	(void)state;
	assert_true(dest_has_scheme(SLICE_LIT("udp:h:1")));
	assert_true(dest_has_scheme(SLICE_LIT("SIPS:h")));
	assert_false(dest_has_scheme(SLICE_LIT("note: no destination")));
	assert_false(dest_has_scheme(SLICE_LIT("ud")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_destinations),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(knows_its_schemes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
