/* SPDX-License-Identifier: MIT */
#include "packet/ip.h"

#include "frames.h"
#include "packet/segment.h"

/* IPv6 headers in front of "data": the bytes between the fixed header and the payload. */
static const struct row {
	const char *name;
	uint8_t next;
	const char *ext;
	size_t n;
	enum rc rc;
	uint8_t proto;
	bool fragment, more;
	uint16_t off;
	uint32_t id;
} rows[] = {
	{ "no extension", 17, "", 0, RC_OK, 17, false, false, 0, 0 },
	{ "hop by hop", 0, "\x11\0\0\0\0\0\0\0", 8, RC_OK, 17, false, false, 0, 0 },
	{ "hop by hop, destination options of 16", 0, "\x3c\0\0\0\0\0\0\0\x06\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, RC_OK, 6, false, false, 0, 0 },
	{ "authentication, 4-byte units", 51, "\x11\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24, RC_OK, 17, false, false, 0, 0 },
	{ "first fragment", 44, "\x11\0\0\x01\0\0\x12\x34", 8, RC_OK, 17, true, true, 0, 0x1234 },
	{ "last fragment", 44, "\x11\0\0\x10\0\0\x12\x34", 8, RC_OK, 17, true, false, 16, 0x1234 },
	{ "atomic fragment", 44, "\x11\0\0\0\0\0\x12\x34", 8, RC_OK, 17, false, false, 0, 0x1234 },
	{ "what follows a fragment header is data", 44, "\x3c\0\0\x01\0\0\0\1\x11\0\0\0\0\0\0\0", 16, RC_OK, 60, true, true, 0, 1 },
	{ "no next header", 59, "", 0, RC_OK, 59, false, false, 0, 0 },
	{ "an extension beyond the packet", 0, "\x11\x0a\0\0\0\0\0\0", 8, RC_BAD, 0, false, false, 0, 0 },
};

static void
extension_headers(void **state)
{
	struct buf b = { 0 };
	struct ip h;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct guarded g;

		print_message("# %s\n", r->name);
		frame_start(&b, "data");
		frame_before(&b, r->ext, r->n);
		frame_ip6(&b, r->next, 1, 2);
		g = guarded(buf_slice(&b));
		assert_int_equal(ip_parse(g.s, &h), r->rc);
		if (r->rc == RC_OK) {
			assert_int_equal(h.proto, r->proto);
			assert_int_equal(h.fragment, r->fragment);
			assert_int_equal(h.more, r->more);
			assert_int_equal(h.frag_off, r->off);
			assert_int_equal(h.frag_id, r->id);
			assert_int_equal(h.src.family, FAMILY_IP6);
			assert_int_equal(h.src.ip[15], 1);
			assert_int_equal(h.dst.ip[15], 2);
			assert_slice(slice_skip(h.payload, h.payload.n - 4), "data");
			assert_int_equal(h.payload_len, h.payload.n);
		}
		guarded_free(&g);
	}
	buf_reset(&b);
}

static void
too_many_extension_headers_are_none(void **state)
{
	struct buf b = { 0 };
	struct ip h;

	(void)state;
	for (int i = 0; i < 40; i++)
		buf_add(&b, "\0\0\0\0\0\0\0\0", 8);
	frame_ip6(&b, 0, 1, 2);
	assert_int_equal(ip_parse(buf_slice(&b), &h), RC_BAD);
	buf_reset(&b);
}

static void
ip4_fields(void **state)
{
	struct buf b = { 0 };
	struct ip h;

	(void)state;
	frame_start(&b, "data");
	frame_ip4(&b, 17, 1, 2, 0xabcd, 0x2003);
	buf_str(&b, "padding of the frame");
	assert_int_equal(ip_parse(buf_slice(&b), &h), RC_OK);
	assert_slice(h.payload, "data");
	assert_int_equal(h.frag_id, 0xabcd);
	assert_int_equal(h.frag_off, 24);
	assert_true(h.more && h.fragment);
	assert_int_equal(h.src.ip[3], 1);
	assert_int_equal(h.dst.ip[3], 2);
	assert_int_equal(h.dst.ip[4], 0);
	buf_reset(&b);
}

static void
ip4_lengths(void **state)
{
	static const struct {
		const char *name;
		uint8_t version;
		uint16_t total;
		enum rc rc;
		size_t have, promised;
	} cases[] = {
		{ "right", 0x45, 24, RC_OK, 4, 4 },
		{ "options", 0x46, 24, RC_OK, 0, 0 },
		{ "cut by the capture", 0x45, 100, RC_OK, 4, 80 },
		{ "zero: offloaded", 0x45, 0, RC_OK, 4, 4 },
		{ "less than its header", 0x45, 19, RC_BAD, 0, 0 },
		{ "header of 16 bytes", 0x44, 24, RC_BAD, 0, 0 },
		{ "header beyond the total", 0x4f, 24, RC_BAD, 0, 0 },
		{ "header beyond the bytes", 0x4f, 60, RC_MORE, 0, 0 },
		{ "version 5", 0x55, 24, RC_BAD, 0, 0 },
	};
	struct buf b = { 0 };
	struct ip h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("# %s\n", cases[i].name);
		frame_start(&b, "data");
		frame_ip4(&b, 17, 1, 2, 0, 0);
		b.p[0] = cases[i].version;
		store_be16(b.p + 2, cases[i].total);
		assert_int_equal(ip_parse(buf_slice(&b), &h), cases[i].rc);
		if (cases[i].rc == RC_OK) {
			assert_int_equal(h.payload.n, cases[i].have);
			assert_int_equal(h.payload_len, cases[i].promised);
		}
	}
	buf_reset(&b);
}

static void
every_prefix(void **state)
{
	struct buf b = { 0 };
	struct ip h;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		size_t head = v6 ? 48 : 20;

		frame_start(&b, "data");
		if (v6) {
			frame_before(&b, "\x11\0\0\0\0\0\0\0", 8);
			frame_ip6(&b, 0, 1, 2);
		} else {
			frame_ip4(&b, 17, 1, 2, 0, 0);
		}
		for (size_t n = 0; n < b.n; n++) {
			struct guarded g = guarded(slice_head(buf_slice(&b), n));

			assert_int_equal(ip_parse(g.s, &h), n < head ? RC_MORE : RC_OK);
			if (n >= head)
				assert_true(h.payload.n == n - head && h.payload_len == 4);
			guarded_free(&g);
		}
	}
	buf_reset(&b);
}

/* Destination options in the fragmented part (RFC 8200 4.5) are passed over once the datagram is whole. */
static void
whole_again(void **state)
{
	struct ip h = { .proto = 60, .fragment = true, .more = true, .src.family = FAMILY_IP6 };

	(void)state;
	assert_int_equal(ip_whole(&h, SLICE_LIT("\x11\0\0\0\0\0\0\0data")), RC_OK);
	assert_int_equal(h.proto, 17);
	assert_false(h.fragment);
	assert_slice(h.payload, "data");
	h = (struct ip){ .proto = 60, .fragment = true, .src.family = FAMILY_IP6 };
	assert_int_equal(ip_whole(&h, SLICE_LIT("\x11\x09\0\0")), RC_BAD);
}

static void
udp_lengths(void **state)
{
	static const struct {
		const char *name;
		uint16_t len;
		uint32_t wire;
		enum rc rc;
		size_t have, promised;
	} cases[] = {
		{ "right", 12, 12, RC_OK, 4, 4 },
		{ "empty", 8, 12, RC_OK, 0, 0 },
		{ "trailing bytes", 10, 12, RC_OK, 2, 2 },
		{ "cut", 100, 100, RC_OK, 4, 92 },
		{ "zero: offloaded", 0, 12, RC_OK, 4, 4 },
		{ "less than its header", 7, 12, RC_BAD, 0, 0 },
	};
	struct buf b = { 0 };
	struct udp u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		print_message("# %s\n", cases[i].name);
		frame_start(&b, "data");
		frame_udp(&b, 5060, 5061);
		store_be16(b.p + 4, cases[i].len);
		assert_int_equal(udp_parse(buf_slice(&b), cases[i].wire, &u), cases[i].rc);
		if (cases[i].rc == RC_OK) {
			assert_int_equal(u.sport, 5060);
			assert_int_equal(u.dport, 5061);
			assert_int_equal(u.data.n, cases[i].have);
			assert_int_equal(u.wire_len, cases[i].promised);
		}
	}
	for (size_t n = 0; n < 8; n++) {
		struct guarded g = guarded(slice_head(buf_slice(&b), n));

		assert_int_equal(udp_parse(g.s, 12, &u), RC_MORE);
		guarded_free(&g);
	}
	buf_reset(&b);
}

static void
tcp_headers(void **state)
{
	struct buf b = { 0 };
	struct tcp_segment t;

	(void)state;
	frame_start(&b, "\1\1\1\1data");
	frame_tcp(&b, 5060, 40000, 0xfffffff0, TCP_SYN | TCP_ACK);
	b.p[12] = 6 << 4;
	assert_int_equal(tcp_parse(buf_slice(&b), 28, &t), RC_OK);
	assert_slice(t.data, "data");
	assert_int_equal(t.wire_len, 4);
	assert_int_equal(t.seq, 0xfffffff0);
	assert_int_equal(t.flags, TCP_SYN | TCP_ACK);
	assert_int_equal(tcp_parse(buf_slice(&b), 128, &t), RC_OK);
	assert_int_equal(t.wire_len, 104);
	for (size_t n = 0; n < 20; n++) {
		struct guarded g = guarded(slice_head(buf_slice(&b), n));

		assert_int_equal(tcp_parse(g.s, 28, &t), RC_MORE);
		guarded_free(&g);
	}
	b.p[12] = 4 << 4;
	assert_int_equal(tcp_parse(buf_slice(&b), 28, &t), RC_BAD);
	b.p[12] = 8 << 4;
	assert_int_equal(tcp_parse(buf_slice(&b), 28, &t), RC_BAD);
	buf_reset(&b);
}

static void
icmp_errors_quote(void **state)
{
	static const uint8_t v4[] = { 3, 11 }, v6[] = { 1, 4 };
	uint8_t m[9] = { 0, [8] = 'q' };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		m[0] = v4[i];
		assert_slice(icmp_quoted(slice_of(m, 9), false), "q");
		m[0] = v6[i];
		assert_slice(icmp_quoted(slice_of(m, 9), true), "q");
	}
	m[0] = 8;
	assert_int_equal(icmp_quoted(slice_of(m, 9), false).n, 0);
	m[0] = 128;
	assert_int_equal(icmp_quoted(slice_of(m, 9), true).n, 0);
	assert_int_equal(icmp_quoted(slice_of(m, 0), true).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extension_headers),
		cmocka_unit_test(too_many_extension_headers_are_none),
		cmocka_unit_test(ip4_fields),
		cmocka_unit_test(ip4_lengths),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(whole_again),
		cmocka_unit_test(udp_lengths),
		cmocka_unit_test(tcp_headers),
		cmocka_unit_test(icmp_errors_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
