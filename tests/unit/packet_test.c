/* SPDX-License-Identifier: MIT */
#include "output/packet.h"
#include "samples.h"

#include "base/crc32c.h"
#include "base/take.h"

static struct record
message(const char *src, const char *dst, uint8_t transport, struct slice payload)
{
	struct record r = { .type = FRAME_MESSAGE, .transport = transport, .payload = payload, .ip_id = 77 };

	sample_addr(src, &r.src);
	sample_addr(dst, &r.dst);
	return r;
}

/* The bytes of a packet one behind another. */
static struct slice
bytes(const struct packet *k, struct buf *b)
{
	buf_clear(b);
	buf_add(b, k->head, k->head_n);
	buf_put(b, k->data);
	buf_zero(b, k->pad);
	return buf_slice(b);
}

/* RFC 1071, the plain way: 0xffff over anything that holds its own right checksum. */
static uint32_t
plain_sum(struct slice s, uint32_t sum)
{
	for (size_t i = 0; i < s.n; i++)
		sum += i % 2 == 0 ? (uint32_t)s.p[i] << 8 : s.p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
check_packet(struct slice s)
{
	bool six = s.p[0] >> 4 == 6;
	size_t ip = six ? 40 : 20;
	struct slice rest = slice_skip(s, ip);
	uint8_t proto = s.p[six ? 6 : 9];
	uint32_t sum;

	if (!six)
		assert_int_equal(plain_sum(slice_head(s, 20), 0), 0xffff);
	assert_int_equal(load_be16(s.p + (six ? 4 : 2)), six ? rest.n : s.n);
	if (proto == 132) {
		uint32_t have = load_le32(rest.p + 8);

		store_le32((uint8_t *)(uintptr_t)rest.p + 8, 0);
		assert_int_equal(crc32c(0, rest.p, rest.n), have);
		return;
	}
	sum = plain_sum(slice_of(s.p + (six ? 8 : 12), six ? 32 : 8), (uint32_t)(proto + rest.n));
	assert_int_equal(plain_sum(rest, sum), 0xffff);
}

static void
checksums(void **state)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.1:5060", "198.51.100.255:65535" },
		{ "[2001:db8::1]:5060", "[2001:db8:ffff::ffff]:1" },
		{ "", "" },
	};
	struct packets *p = packets_new();
	struct packet k;
	struct buf b = { 0 }, text = { 0 };

	(void)state;
	for (size_t n = 0; n < 70; n++) {
		buf_u8(&text, (uint8_t)(n * 37 + 200));
		for (size_t i = 0; i < 3; i++)
			for (uint8_t t = TRANSPORT_NONE; t <= TRANSPORT_SCTP; t++) {
				struct record r = message(pairs[i][0], pairs[i][1], t, buf_slice(&text));

				assert_int_equal(packets_start(p, 0, &r), RC_OK);
				assert_true(packets_next(p, &k));
				assert_int_equal(k.wire, bytes(&k, &b).n);
				check_packet(bytes(&k, &b));
				assert_false(packets_next(p, &k));
			}
	}
	packets_free(p);
	buf_reset(&b);
	buf_reset(&text);
}

static const struct {
	const char *name, *src, *dst;
	size_t n;
	enum rc rc;
} datagrams[] = {
	{ "largest over IPv4", "192.0.2.1:1", "192.0.2.2:2", 65507, RC_OK },
	{ "too large over IPv4", "192.0.2.1:1", "192.0.2.2:2", 65508, RC_LIMIT },
	{ "largest over IPv6", "[::1]:1", "[::2]:2", 65527, RC_OK },
	{ "too large over IPv6", "[::1]:1", "[::2]:2", 65528, RC_LIMIT },
	{ "too large without address", "", "", 65508, RC_LIMIT },
	{ "empty", "192.0.2.1:1", "192.0.2.2:2", 0, RC_OK },
};

static void
datagram_limits(void **state)
{
	struct packets *p = packets_new();
	struct buf zeros = { 0 };
	struct packet k;

	(void)state;
	buf_zero(&zeros, 70000);
	for (size_t i = 0; i < sizeof(datagrams) / sizeof(datagrams[0]); i++) {
		struct record r = message(datagrams[i].src, datagrams[i].dst, TRANSPORT_UDP, slice_of(zeros.p, datagrams[i].n));

		if (packets_start(p, 0, &r) != datagrams[i].rc)
			fail_msg("%s", datagrams[i].name);
		if (datagrams[i].rc == RC_OK) {
			assert_true(packets_next(p, &k));
			assert_int_equal(k.data.n, datagrams[i].n);
			assert_false(packets_next(p, &k));
		}
	}
	packets_free(p);
	buf_reset(&zeros);
}

static uint32_t
tcp_seq(const struct packet *k)
{
	return load_be32(k->head + k->head_n - 20 + 4);
}

static uint32_t
tcp_ack(const struct packet *k)
{
	return load_be32(k->head + k->head_n - 20 + 8);
}

static uint8_t
tcp_flags(const struct packet *k)
{
	return k->head[k->head_n - 20 + 13];
}

static void
one(struct packets *p, uint32_t file, const struct record *r, struct packet *k)
{
	assert_int_equal(packets_start(p, file, r), RC_OK);
	assert_true(packets_next(p, k));
}

static void
sequence_numbers(void **state)
{
	struct record out = message("192.0.2.1:5060", "192.0.2.2:5060", TRANSPORT_TCP, SLICE_LIT("12345"));
	struct record back = message("192.0.2.2:5060", "192.0.2.1:5060", TRANSPORT_TCP, SLICE_LIT("123"));
	struct record port = message("192.0.2.1:5061", "192.0.2.2:5060", TRANSPORT_TCP, SLICE_LIT("1"));
	struct packets *p = packets_new();
	struct packet k;
	uint32_t first;

	(void)state;
	one(p, 0, &out, &k);
	first = tcp_seq(&k);
	assert_int_equal(tcp_flags(&k), 0x18);
	one(p, 0, &back, &k);
	assert_int_equal(tcp_ack(&k), first + 5);
	first = tcp_seq(&k);
	one(p, 0, &out, &k);
	assert_int_equal(tcp_ack(&k), first + 3);
	one(p, 0, &out, &k);
	assert_int_equal(tcp_seq(&k), 1 + 10);
	one(p, 0, &port, &k);			/* another connection */
	assert_int_equal(tcp_seq(&k), 1);
	one(p, 7, &out, &k);			/* the same in another file */
	assert_int_equal(tcp_seq(&k), 1);
	packets_free(p);
}

static void
large_message(void **state)
{
	static const char *const pairs[][2] = { { "192.0.2.1:1", "192.0.2.2:2" }, { "[::1]:1", "[::2]:2" } };
	struct packets *p = packets_new();
	struct buf text = { 0 }, got = { 0 }, b = { 0 };
	struct packet k;

	(void)state;
	for (size_t i = 0; i < 300000; i++)
		buf_u8(&text, (uint8_t)(i % 251));
	for (uint8_t t = TRANSPORT_TCP; t <= TRANSPORT_SCTP; t++)
		for (size_t i = 0; i < 2; i++) {
			struct record r = message(pairs[i][0], pairs[i][1], t, buf_slice(&text));
			size_t n = 0;

			buf_clear(&got);
			assert_int_equal(packets_start(p, 0, &r), RC_OK);
			for (; packets_next(p, &k); n++) {
				check_packet(bytes(&k, &b));
				buf_put(&got, k.data);
			}
			assert_true(slice_eq(buf_slice(&got), buf_slice(&text)));
			assert_int_equal(n, 5);
		}
	packets_free(p);
	buf_reset(&text);
	buf_reset(&got);
	buf_reset(&b);
}

/* What was cut off counts on the wire, whatever its size, and is bounded by what a packet can say. */
static void
cut_messages(void **state)
{
	static const struct { uint8_t transport; size_t n; uint32_t orig; uint32_t wire, packets; } rows[] = {
		{ TRANSPORT_UDP, 100, 1200, 20 + 8 + 1200, 1 },
		{ TRANSPORT_UDP, 100, 50, 20 + 8 + 100, 1 },
		{ TRANSPORT_UDP, 100, UINT32_MAX, 65535, 1 },
		{ TRANSPORT_TCP, 100, 1200, 20 + 20 + 1200, 1 },
		{ TRANSPORT_TCP, 65000, 66000, 20 + 20 + 1000, 2 },
		{ TRANSPORT_TCP, 65000, UINT32_MAX, 20 + 20 + 65464, 2 },
		{ TRANSPORT_SCTP, 10, 20, 20 + 28 + 20, 1 },
	};
	struct packets *p = packets_new();
	struct buf zeros = { 0 };

	(void)state;
	buf_zero(&zeros, 70000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = message("192.0.2.1:1", "192.0.2.2:2", rows[i].transport, slice_of(zeros.p, rows[i].n));
		struct packet k = { .wire = 0 };
		uint32_t n = 0;

		r.marks = MARK_CUT;
		r.orig_len = rows[i].orig;
		assert_int_equal(packets_start(p, (uint32_t)i, &r), RC_OK);
		while (packets_next(p, &k))
			n++;
		if (n != rows[i].packets || k.wire != rows[i].wire)
			fail_msg("row %zu: %u packets, the last of %u bytes", i, n, k.wire);
	}
	packets_free(p);
	buf_reset(&zeros);
}

/* Many more connections than fit: memory stays, and one that comes back begins with a SYN. */
static void
flow_limit(void **state)
{
	struct packets *p = packets_new();
	struct record first = message("192.0.2.1:1", "192.0.2.2:2", TRANSPORT_TCP, SLICE_LIT("x")), r = first;
	struct packet k;

	(void)state;
	one(p, 0, &first, &k);
	assert_int_equal(tcp_flags(&k), 0x18);
	for (uint32_t file = 1; file < 200000; file++) {
		assert_int_equal(packets_start(p, file, &r), RC_OK);
		while (packets_next(p, &k))
			;
	}
	one(p, 0, &first, &k);
	assert_int_equal(tcp_flags(&k), 2);
	assert_int_equal(k.data.n, 0);
	assert_true(packets_next(p, &k));
	assert_int_equal(tcp_flags(&k), 0x18);
	assert_int_equal(k.data.n, 1);
	assert_false(packets_next(p, &k));
	packets_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums),
		cmocka_unit_test(datagram_limits),
		cmocka_unit_test(sequence_numbers),
		cmocka_unit_test(large_message),
		cmocka_unit_test(cut_messages),
		cmocka_unit_test(flow_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
