/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "net/addr.h"

static void
sockets_to_text_and_back(void **state)
{
	static const struct {
		const char *in, *out;	/* out NULL: refused */
	} rows[] = {
		{ "udp:127.0.1.10:16061", "udp:127.0.1.10:16061" },
		{ "UDP:1.2.3.4:0", "udp:1.2.3.4:0" },
		{ "tls:[2001:DB8::1]:5061", "tls:[2001:db8::1]:5061" },
		{ "udp:::1:5060", "udp:[::1]:5060" },
		{ "sctp:[::ffff:1.2.3.4]:9", "sctp:[::ffff:1.2.3.4]:9" },
		{ "wss:1.2.3.4:65535", "wss:1.2.3.4:65535" },
		{ "udp:1.2.3.4:65536", NULL },
		{ "udp:1.2.3.4", NULL },
		{ "udp:1.2.3:5", NULL },
		{ "1.2.3.4:5060", NULL },
		{ "ftp:1.2.3.4:5060", NULL },
		{ "udp:[1.2.3.4:5060", NULL },
		{ "udp:[::1:5060", NULL },
		{ "udp:host:5060", NULL },
		{ "udp:", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guarded g = guarded(slice_str(rows[i].in));
		char text[SOCKET_TEXT];
		struct addr a;
		uint8_t tr;
		enum rc rc = socket_parse(g.s, &tr, &a);

		if (rows[i].out == NULL) {
			if (rc != RC_BAD)
				fail_msg("accepted \"%s\"", rows[i].in);
		} else {
			assert_int_equal(rc, RC_OK);
			socket_format(tr, &a, text);
			assert_string_equal(text, rows[i].out);
		}
		guarded_free(&g);
	}
}

static void
address_with_port(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "1.2.3.4", "1.2.3.4:0" },
		{ "1.2.3.4:5", "1.2.3.4:5" },
		{ "::1", "[::1]:0" },
		{ "[::1]", "[::1]:0" },
		{ "[::1]:5", "[::1]:5" },
		{ "[::1]5", NULL },
		{ "[1.2.3.4]", NULL },
		{ "1.2.3.4:", NULL },
		{ ":5", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[ADDR_PORT_TEXT];
		struct addr a;
		enum rc rc = addr_port_parse(slice_str(rows[i].in), &a);

		assert_int_equal(rc, rows[i].out != NULL ? RC_OK : RC_BAD);
		if (rows[i].out != NULL) {
			addr_port_format(&a, text);
			assert_string_equal(text, rows[i].out);
		}
	}
}

static void
networks(void **state)
{
	static const struct {
		const char *net, *addr;
		int want;	/* -1: the network is refused */
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1:9", 1 },
		{ "10.0.0.0/8", "11.0.0.1:9", 0 },
		{ "10.1.2.3", "10.1.2.3:9", 1 },
		{ "10.1.2.3", "10.1.2.4:9", 0 },
		{ "10.1.2.3:5060", "10.1.2.3:5060", 1 },
		{ "10.1.2.3:5060", "10.1.2.3:5061", 0 },
		{ "10.1.2.0/23:5060", "10.1.3.9:5060", 1 },
		{ "0.0.0.0/0", "1.2.3.4:1", 1 },
		{ "0.0.0.0/0", "[::1]:1", 0 },
		{ "2001:db8::/32", "[2001:db8:1::1]:1", 1 },
		{ "2001:db8::/33", "[2001:db8:8000::1]:1", 0 },
		{ "[2001:db8::/32]:5060", "[2001:db8::1]:5060", 1 },
		{ "[2001:db8::]/32:5060", "[2001:db8::1]:5061", 0 },
		{ "::1", "[::1]:7", 1 },
		{ "10.0.0.0/33", "", -1 },
		{ "::/129", "", -1 },
		{ "10.0.0/8", "", -1 },
		{ "/8", "", -1 },
		{ "10.0.0.0/", "", -1 },
		{ "10.0.0.0:x", "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr_net n;
		struct addr a;
		enum rc rc = addr_net_parse(slice_str(rows[i].net), true, &n);

		if (rows[i].want < 0) {
			assert_int_equal(rc, RC_BAD);
			continue;
		}
		assert_int_equal(rc, RC_OK);
		assert_int_equal(addr_port_parse(slice_str(rows[i].addr), &a), RC_OK);
		if (addr_net_has(&n, &a) != (rows[i].want == 1))
			fail_msg("%s in %s", rows[i].addr, rows[i].net);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_to_text_and_back),
		cmocka_unit_test(address_with_port),
		cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
