/* SPDX-License-Identifier: MIT */
#include "packet/link.h"
#include "test.h"

#define MACS 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
#define BYTES(...) { (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) }

static const struct row {
	const char *name;
	uint16_t link;
	struct slice in;	/* ends with the bytes 0x45 'i' where there is an IP packet */
	enum rc rc;
	uint8_t way, vlans;
	uint16_t vlan[LINK_VLANS];
} rows[] = {
	{ "ethernet, IPv4", LINK_ETHERNET, BYTES(MACS, 8, 0, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "ethernet, IPv6", LINK_ETHERNET, BYTES(MACS, 0x86, 0xdd, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "ethernet, ARP", LINK_ETHERNET, BYTES(MACS, 8, 6, 0x45, 'i'), RC_END, 0, 0, { 0 } },
	{ "802.3 with a length", LINK_ETHERNET, BYTES(MACS, 0, 38, 0x42, 0x42), RC_END, 0, 0, { 0 } },
	{ "802.1Q", LINK_ETHERNET, BYTES(MACS, 0x81, 0, 0x60, 5, 8, 0, 0x45, 'i'), RC_OK, 0, 1, { 5 } },
	{ "802.1ad over 802.1Q", LINK_ETHERNET, BYTES(MACS, 0x88, 0xa8, 0xe1, 2, 0x81, 0, 0, 7, 8, 0, 0x45, 'i'), RC_OK, 0, 2, { 0x102, 7 } },
	{ "QinQ of old and two more", LINK_ETHERNET,
	    BYTES(MACS, 0x91, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 8, 0, 0x45, 'i'), RC_OK, 0, 3, { 1, 2, 3 } },
	{ "more tags than are kept", LINK_ETHERNET,
	    BYTES(MACS, 0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 0x81, 0, 0, 4, 0x81, 0, 0, 5, 0x81, 0, 0, 6, 0x81, 0, 0, 7, 0x81, 0, 0, 8,
		0x81, 0, 0, 9, 8, 0, 0x45, 'i'), RC_OK, 0, 8, { 1, 2, 3, 4, 5, 6, 7, 8 } },
	{ "PPPoE session", LINK_ETHERNET, BYTES(MACS, 0x88, 0x64, 0x11, 0, 0, 9, 0, 4, 0, 0x21, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "PPPoE, compressed protocol", LINK_ETHERNET, BYTES(MACS, 0x88, 0x64, 0x11, 0, 0, 9, 0, 4, 0x21, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "PPPoE, IPv6", LINK_ETHERNET, BYTES(MACS, 0x88, 0x64, 0x11, 0, 0, 9, 0, 4, 0, 0x57, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "PPPoE, LCP", LINK_ETHERNET, BYTES(MACS, 0x88, 0x64, 0x11, 0, 0, 9, 0, 4, 0xc0, 0x21, 1, 1), RC_END, 0, 0, { 0 } },
	{ "PPPoE in a VLAN", LINK_ETHERNET,
	    BYTES(MACS, 0x81, 0, 0, 4, 0x88, 0x64, 0x11, 0, 0, 9, 0, 4, 0, 0x21, 0x45, 'i'), RC_OK, 0, 1, { 4 } },
	{ "SLL, to us", LINK_SLL, BYTES(0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45, 'i'), RC_OK, LINK_WAY_IN, 0, { 0 } },
	{ "SLL, from us", LINK_SLL, BYTES(0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45, 'i'), RC_OK, LINK_WAY_OUT, 0, { 0 } },
	{ "SLL, to others", LINK_SLL, BYTES(0, 3, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0, 0x45, 'i'), RC_OK, LINK_WAY_UNKNOWN, 0, { 0 } },
	{ "SLL with a tag", LINK_SLL,
	    BYTES(0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x81, 0, 0, 9, 8, 0, 0x45, 'i'), RC_OK, LINK_WAY_IN, 1, { 9 } },
	{ "SLL2, from us", LINK_SLL2,
	    BYTES(8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x45, 'i'), RC_OK, LINK_WAY_OUT, 0, { 0 } },
	{ "NULL, little-endian", LINK_NULL, BYTES(2, 0, 0, 0, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "NULL, big-endian", LINK_NULL, BYTES(0, 0, 0, 2, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "NULL, FreeBSD's IPv6", LINK_NULL, BYTES(28, 0, 0, 0, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "NULL, AppleTalk", LINK_NULL, BYTES(16, 0, 0, 0, 0x45, 'i'), RC_END, 0, 0, { 0 } },
	{ "LOOP", LINK_LOOP, BYTES(0, 0, 0, 24, 0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "RAW", LINK_RAW, BYTES(0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "IPV4", LINK_IPV4, BYTES(0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "IPV6", LINK_IPV6, BYTES(0x45, 'i'), RC_OK, 0, 0, { 0 } },
	{ "802.11", 105, BYTES(MACS, 8, 0, 0x45, 'i'), RC_BAD, 0, 0, { 0 } },
};

static void
every_link_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct guarded g = guarded(r->in);
		struct slice in = g.s;
		struct link l;

		print_message("# %s\n", r->name);
		assert_int_equal(link_strip(r->link, &in, &l), r->rc);
		assert_int_equal(link_known(r->link), r->rc != RC_BAD);
		if (r->rc == RC_OK) {
			assert_slice(in, "Ei");
			assert_int_equal(l.way, r->way);
			assert_int_equal(l.vlans, r->vlans);
			assert_memory_equal(l.vlan, r->vlan, r->vlans * sizeof(*l.vlan));
		} else {
			assert_ptr_equal(in.p, g.s.p);
		}
		guarded_free(&g);
	}
}

/* What ends within the headers is said to, and nothing behind its end is read. */
static void
every_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t n = 0; rows[i].rc == RC_OK && n + 2 < rows[i].in.n; n++) {
			struct guarded g = guarded(slice_head(rows[i].in, n));
			struct slice in = g.s;
			struct link l;

			assert_int_equal(link_strip(rows[i].link, &in, &l), RC_MORE);
			assert_int_equal(in.n, n);
			guarded_free(&g);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_link_type),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
