/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "base/take.h"
#include "hep/hep.h"

#define DATA "tests/data/kamailio/"

static struct addr
at(const char *text)
{
	struct addr a;

	assert_int_equal(addr_port_parse(slice_str(text), &a), RC_OK);
	return a;
}

/* Packets whose bytes were worked out by hand from the byte tables of hep.h. */
static const struct {
	const char *name;
	uint8_t version, proto, type;
	const char *src, *dst;
	uint32_t sec, usec, id;
	const char *correlation, *node, *key, *payload;
	const char *hex;
} rows[] = {
	{ "v1 ip4", 1, 17, 1, "127.0.1.10:16061", "127.0.2.20:16060", 0, 0, 0, NULL, NULL, NULL, "X",
	    "01100211" "3ebd3ebc" "7f00010a" "7f000214" "58" },
	{ "v1 ip6", 1, 6, 1, "[2001:db8::1]:5060", "[2001:db8::2]:5061", 0, 0, 0, NULL, NULL, NULL, "XY",
	    "01280a06" "13c413c5" "20010db8000000000000000000000001" "20010db8000000000000000000000002" "5859" },
	{ "v2 ip4", 2, 17, 1, "127.0.1.10:16061", "127.0.2.20:16060", 0x6b033ff9, 0x000a4822, 234, NULL, NULL, NULL, "X",
	    "02100211" "3ebd3ebc" "7f00010a" "7f000214" "f93f036b" "22480a00" "ea00" "0000" "58" },
	{ "v2 ip6", 2, 22, 1, "[::1]:1", "[::2]:2", 1, 2, 65535, NULL, NULL, NULL, "X",
	    "02280a16" "00010002" "00000000000000000000000000000001" "00000000000000000000000000000002"
	    "01000000" "02000000" "ffff" "0000" "58" },
	{ "v3 ip4", 3, 17, 1, "127.0.1.10:16061", "127.0.2.20:16060", 0x6b03400f, 0x0002f7a3, 234, NULL, NULL, NULL, "INVITE",
	    "48455033" "0069" "00000001000702" "00000002000711" "00000003000a7f00010a" "00000004000a7f000214"
	    "0000000700083ebd" "0000000800083ebc" "00000009000a6b03400f" "0000000a000a0002f7a3" "0000000b000701"
	    "0000000c000a000000ea" "0000000f000c" "494e56495445" },
	{ "v3 ip6 sctp, id and key", 3, 132, 1, "[::1]:1", "[::2]:2", 1, 2, 70000, "c", NULL, "k", "X",
	    "48455033" "008a" "0000000100070a" "00000002000784" "00000005001600000000000000000000000000000001"
	    "00000006001600000000000000000000000000000002" "0000000700080001" "0000000800080002" "00000009000a00000001"
	    "0000000a000a00000002" "0000000b000701" "0000000c000a00011170" "00000011000763" "0000000e00076b" "0000000f000758" },
	{ "v3 node after the correlation id", 3, 6, 1, "1.2.3.4:1", "1.2.3.5:2", 1, 2, 1, "c", "n", "k", "X",
	    "48455033" "0079" "00000001000702" "00000002000706" "00000003000a01020304" "00000004000a01020305" "0000000700080001"
	    "0000000800080002" "00000009000a00000001" "0000000a000a00000002" "0000000b000701" "0000000c000a00000001"
	    "00000011000763" "0000001300076e" "0000000e00076b" "0000000f000758" },
	{ "v3 log: 8 before 7", 3, 17, 100, "1.2.3.4:1", "1.2.3.5:2", 1, 2, 1, "c", NULL, NULL, "X",
	    "48455033" "006b" "00000001000702" "00000002000711" "00000003000a01020304" "00000004000a01020305" "0000000800080002"
	    "0000000700080001" "00000009000a00000001" "0000000a000a00000002" "0000000b000764" "0000000c000a00000001"
	    "00000011000763" "0000000f000758" },
	{ "v3 log: an empty correlation id is there", 3, 17, 100, "1.2.3.4:1", "1.2.3.5:2", 1, 2, 1, NULL, NULL, NULL, "X",
	    "48455033" "006a" "00000001000702" "00000002000711" "00000003000a01020304" "00000004000a01020305" "0000000800080002"
	    "0000000700080001" "00000009000a00000001" "0000000a000a00000002" "0000000b000764" "0000000c000a00000001"
	    "000000110006" "0000000f000758" },
	{ "v3 empty payload", 3, 17, 1, "1.2.3.4:0", "1.2.3.5:0", 0, 0, 0, NULL, NULL, NULL, "",
	    "48455033" "0063" "00000001000702" "00000002000711" "00000003000a01020304" "00000004000a01020305" "0000000700080000"
	    "0000000800080000" "00000009000a00000000" "0000000a000a00000000" "0000000b000701" "0000000c000a00000000"
	    "0000000f0006" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct hep
row(size_t i)
{
	return (struct hep){
		.version = rows[i].version, .ip_proto = rows[i].proto, .type = rows[i].type,
		.src = at(rows[i].src), .dst = at(rows[i].dst), .sec = rows[i].sec, .usec = rows[i].usec, .capture_id = rows[i].id,
		.correlation = slice_str(rows[i].correlation), .node = slice_str(rows[i].node), .key = slice_str(rows[i].key),
		.payload = slice_str(rows[i].payload),
	};
}

static void
unhex(const char *hex, struct buf *out)
{
	unsigned v;

	for (buf_clear(out); *hex != '\0'; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		buf_u8(out, (uint8_t)v);
	}
}

static void
same_packet(const char *name, struct slice have, struct slice want)
{
	for (size_t i = 0; i < have.n && i < want.n; i++)
		if (have.p[i] != want.p[i])
			fail_msg("%s: byte %zu is %02x, want %02x", name, i, have.p[i], want.p[i]);
	if (have.n != want.n)
		fail_msg("%s: %zu bytes, want %zu", name, have.n, want.n);
}

static void
encode(const struct hep *h, struct buf *out)
{
	struct err e = { .text = "" };

	buf_clear(out);
	if (hep_head(h, out, &e) != RC_OK)
		fail_msg("%s", e.text);
	buf_put(out, h->payload);
}

static void
writes_known_bytes(void **state)
{
	struct buf have = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct hep h = row(i);

		encode(&h, &have);
		unhex(rows[i].hex, &want);
		same_packet(rows[i].name, buf_slice(&have), buf_slice(&want));
	}
	buf_reset(&have);
	buf_reset(&want);
}

static void
same_hep(const char *name, const struct hep *a, const struct hep *b)
{
	bool timed = a->version > 1;

	if (a->version != b->version || a->ip_proto != b->ip_proto || a->type != b->type || !addr_eq(&a->src, &b->src) ||
	    !addr_eq(&a->dst, &b->dst) || (timed && (a->sec != b->sec || a->usec != b->usec || a->capture_id != b->capture_id)) ||
	    !slice_eq(a->correlation, b->correlation) || !slice_eq(a->node, b->node) || !slice_eq(a->key, b->key) ||
	    !slice_eq(a->payload, b->payload) || a->compressed != b->compressed)
		fail_msg("%s: other fields", name);
}

static void
reads_what_it_wrote(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct hep h = row(i), back;
		struct guarded g;
		struct slice in;

		unhex(rows[i].hex, &b);
		g = guarded(buf_slice(&b));
		in = g.s;
		assert_int_equal(hep_decode(&in, &back), RC_OK);
		assert_int_equal(in.n, 0);
		same_hep(rows[i].name, &back, &h);
		guarded_free(&g);
	}
	buf_reset(&b);
}

/* Versions 1 and 2 have no length: with a whole head they are a packet, whatever of the payload is there. */
static void
every_prefix_wants_more(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		size_t whole;

		unhex(rows[i].hex, &b);
		whole = rows[i].version == 3 ? b.n : b.n - strlen(rows[i].payload);
		for (size_t n = 0; n < whole; n++) {
			struct guarded g = guarded(slice_of(b.p, n));
			struct slice in = g.s;
			struct hep h;

			if (hep_decode(&in, &h) != RC_MORE || in.n != n)
				fail_msg("%s: %zu of %zu bytes", rows[i].name, n, b.n);
			guarded_free(&g);
		}
	}
	buf_reset(&b);
}

static void
packets_follow_each_other(void **state)
{
	struct buf b = { 0 }, one = { 0 };
	struct slice in;
	struct hep h;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].version == 3) {
			unhex(rows[i].hex, &one);
			buf_put(&b, buf_slice(&one));
			n++;
		}
	for (in = buf_slice(&b); in.n > 0; n--)
		assert_int_equal(hep_decode(&in, &h), RC_OK);
	assert_int_equal(n, 0);
	buf_reset(&b);
	buf_reset(&one);
}

#define CORE "00000003000a01020304" "00000004000a01020305"

/* A version 3 packet of these chunks. */
static void
packet3(const char *magic, const char *chunks, struct buf *out)
{
	struct buf body = { 0 };

	unhex(chunks, &body);
	buf_clear(out);
	buf_str(out, magic);
	buf_be16(out, (uint16_t)(6 + body.n));
	buf_put(out, buf_slice(&body));
	buf_reset(&body);
}

static void
is_refused(const char *name, const struct buf *b)
{
	struct guarded g = guarded(buf_slice(b));
	struct slice in = g.s;
	struct hep h;

	if (hep_decode(&in, &h) != RC_BAD || in.n != b->n)
		fail_msg("%s: accepted", name);
	guarded_free(&g);
}

static void
refuses_what_is_no_hep(void **state)
{
	static const struct {
		const char *name, *chunks;
	} bad[] = {
		{ "no payload", CORE },
		{ "chunk shorter than its head", CORE "0000000f000658" "0000000e0005" },
		{ "chunk runs over the total", CORE "0000000f000858" },
		{ "half a chunk head", CORE "0000000f000758" "0000000e" },
		{ "u16 with four bytes", CORE "0000000f000758" "00000007000a00000001" },
		{ "IPv4 with three bytes", "000000030009010203" "00000004000a01020305" "0000000f000758" },
		{ "both families", CORE "00000005001600000000000000000000000000000001" "0000000f000758" },
		{ "source only", "00000003000a01020304" "0000000f000758" },
	};
	static const struct {
		const char *name, *hex;
	} raw[] = {
		{ "other magic", "48455034" "0006" },
		{ "version 0", "00100211" "3ebd3ebc" "7f00010a" "7f000214" "58" },
		{ "total shorter than its own head", "48455033" "0005" },
		{ "v1 of no family", "01100311" "3ebd3ebc" "7f00010a" "7f000214" "58" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		packet3("HEP3", bad[i].chunks, &b);
		is_refused(bad[i].name, &b);
	}
	for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
		unhex(raw[i].hex, &b);
		is_refused(raw[i].name, &b);
	}
	buf_reset(&b);
}

static void
tolerates_what_senders_do(void **state)
{
	static const struct {
		const char *name, *magic, *chunks;
		bool compressed;
	} odd[] = {
		{ "nothing odd", "HEP3", CORE "0000000f000758", false },
		{ "magic EEP3", "EEP3", CORE "0000000f000758", false },
		{ "unknown chunk", "HEP3", CORE "00000099000801020000000f000758", false },
		{ "another vendor's payload", "HEP3", CORE "0000000f000758" "0002000f000759", false },
		{ "repeated chunk: the last", "HEP3", CORE "0000000f000759" "0000000f000758", false },
		{ "compressed payload", "HEP3", CORE "00000010000758", true },
	};
	struct buf b = { 0 };
	struct slice in;
	struct hep h;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		packet3(odd[i].magic, odd[i].chunks, &b);
		in = buf_slice(&b);
		if (hep_decode(&in, &h) != RC_OK || h.compressed != odd[i].compressed)
			fail_msg("%s", odd[i].name);
		assert_slice(h.payload, "X");
	}
	/* sngrep 1.6: header length 3, garbage in the padding */
	unhex("02030211" "00010002" "01020304" "01020305" "01000000" "02000000" "ea00" "abcd" "58", &b);
	in = buf_slice(&b);
	assert_int_equal(hep_decode(&in, &h), RC_OK);
	assert_int_equal(h.capture_id, 234);
	assert_slice(h.payload, "X");
	buf_reset(&b);
}

static void
size_ends_at_65535(void **state)
{
	static uint8_t zeros[HEP_MAX + 1];
	struct buf b = { 0 };

	(void)state;
	for (uint8_t version = 1; version <= 3; version++) {
		struct hep h = row(0);
		struct err e;

		h.version = version;
		h.payload = slice_of(zeros, 0);
		encode(&h, &b);
		h.payload.n = HEP_MAX - b.n;
		encode(&h, &b);
		assert_int_equal(b.n, HEP_MAX);
		if (version == 3)
			assert_int_equal(load_be16(b.p + 4), HEP_MAX);
		h.payload.n++;
		buf_clear(&b);
		assert_int_equal(hep_head(&h, &b, &e), RC_LIMIT);
		assert_int_equal(b.n, 0);
	}
	for (size_t n = HEP_MAX - 120; n <= HEP_MAX + 1; n++) {
		struct hep h = row(4);

		h.correlation = slice_of(zeros, n);
		buf_clear(&b);
		assert_int_equal(hep_head(&h, &b, NULL), n + 99 + 6 + h.payload.n <= HEP_MAX ? RC_OK : RC_LIMIT);
	}
	buf_reset(&b);
}

static void
refuses_what_hep_cannot_express(void **state)
{
	struct buf b = { 0 };
	struct err e;
	struct hep h = row(4);

	(void)state;
	h.dst = at("[::1]:5060");
	assert_int_equal(hep_head(&h, &b, &e), RC_BAD);
	h.src = h.dst = (struct addr){ 0 };
	assert_int_equal(hep_head(&h, &b, &e), RC_BAD);
	h = row(4);
	h.version = 4;
	assert_int_equal(hep_head(&h, &b, &e), RC_BAD);
	h.version = 2;
	h.type = HEP_TYPE_LOG;
	assert_int_equal(hep_head(&h, &b, &e), RC_BAD);
	assert_int_equal(b.n, 0);
	buf_reset(&b);
}

static void
transports_have_numbers(void **state)
{
	static const uint8_t want[][3] = {	/* transport, number, and what it comes back as */
		{ TRANSPORT_UDP, 17, TRANSPORT_UDP }, { TRANSPORT_TCP, 6, TRANSPORT_TCP }, { TRANSPORT_TLS, 22, TRANSPORT_TLS },
		{ TRANSPORT_WS, 22, TRANSPORT_TLS }, { TRANSPORT_WSS, 22, TRANSPORT_TLS }, { TRANSPORT_SCTP, 132, TRANSPORT_SCTP },
		{ TRANSPORT_NONE, 17, TRANSPORT_UDP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_int_equal(hep_proto(want[i][0]), want[i][1]);
		assert_int_equal(hep_transport(want[i][1]), want[i][2]);
	}
	assert_int_equal(hep_transport(99), TRANSPORT_NONE);
}

/* The next UDP payload of a little-endian Ethernet pcap file without fragments. */
static bool
next_udp(struct slice *file, struct slice *payload)
{
	struct slice head, frame;

	while (take_slice(file, 16, &head) && take_slice(file, load_le32(head.p + 8), &frame)) {
		bool ip6 = load_be16(frame.p + 12) == 0x86dd;
		if (frame.p[ip6 ? 20 : 23] != 17)
			continue;
		*payload = slice_skip(frame, ip6 ? 54 : 14 + 4u * (frame.p[14] & 15));
		*payload = slice_head(*payload, load_be16(payload->p + 4));
		*payload = slice_skip(*payload, 8);
		return true;
	}
	return false;
}

static void
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		fail_msg("%s: not there (run from the top of the tree)", path);
	buf_clear(out);
	while ((n = fread(buf_room(out, 65536), 1, 65536, f)) > 0)
		out->n += n;
	fclose(f);
}

/* Each packet of the real module, decoded and encoded again, has the same bytes (but for version 2's garbage). */
static void
equals_the_module(void **state)
{
	static const struct {
		const char *folder;
		uint8_t version, proto, family, type;
		uint32_t id;
		const char *key;
		size_t packets;
	} golden[] = {
		{ "hep1-udp4", 1, 17, FAMILY_IP4, 1, 0, "", 151 },
		{ "hep1-udp6", 1, 17, FAMILY_IP6, 1, 0, "", 64 },
		{ "hep2-udp4", 2, 17, FAMILY_IP4, 1, 234, "", 151 },
		{ "hep2-udp6", 2, 17, FAMILY_IP6, 1, 234, "", 64 },
		{ "hep3-udp4", 3, 17, FAMILY_IP4, 1, 234, "spoihepuirthpeuia", 151 },
		{ "hep3-udp6", 3, 17, FAMILY_IP6, 1, 234, "spoihepuirthpeuia", 64 },
		{ "hep3-noauth", 3, 17, FAMILY_IP4, 1, 70000, "", 15 },
		{ "hep3-tcp4", 3, 6, FAMILY_IP4, 1, 234, "spoihepuirthpeuia", 64 },
		{ "hlog", 3, 17, FAMILY_IP4, 100, 234, "spoihepuirthpeuia", 8 },
		{ "hlog-udp6", 3, 17, FAMILY_IP6, 100, 234, "spoihepuirthpeuia", 4 },
	};
	struct buf file = { 0 }, have = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
		char path[128];
		struct slice rest, packet;
		size_t n = 0, plain = 0;

		snprintf(path, sizeof(path), DATA "%s/hep.pcap", golden[i].folder);
		read_file(path, &file);
		for (rest = slice_skip(buf_slice(&file), 24); next_udp(&rest, &packet);) {
			struct slice in = packet;
			struct hep h;

			if (hep_decode(&in, &h) != RC_OK) {
				/* the ACK that sl absorbs goes to the collector as plain SIP */
				assert_true(slice_starts(packet, SLICE_LIT("ACK ")));
				plain++;
				continue;
			}
			n++;
			assert_int_equal(h.version, golden[i].version);
			assert_int_equal(h.ip_proto, golden[i].proto);
			assert_int_equal(h.src.family, golden[i].family);
			assert_int_equal(h.type, golden[i].type);
			assert_int_equal(h.capture_id, golden[i].id);
			assert_slice(h.key, golden[i].key);
			encode(&h, &have);
			buf_clear(&want);
			buf_put(&want, packet);
			if (h.version == 2)
				memset(want.p + want.p[1] + 10, 0, 2);
			same_packet(golden[i].folder, buf_slice(&have), buf_slice(&want));
		}
		if (n != golden[i].packets || plain > 2)
			fail_msg("%s: %zu packets, %zu plain", golden[i].folder, n, plain);
	}
	buf_reset(&file);
	buf_reset(&have);
	buf_reset(&want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_known_bytes),
		cmocka_unit_test(reads_what_it_wrote),
		cmocka_unit_test(every_prefix_wants_more),
		cmocka_unit_test(packets_follow_each_other),
		cmocka_unit_test(refuses_what_is_no_hep),
		cmocka_unit_test(tolerates_what_senders_do),
		cmocka_unit_test(size_ends_at_65535),
		cmocka_unit_test(refuses_what_hep_cannot_express),
		cmocka_unit_test(transports_have_numbers),
		cmocka_unit_test(equals_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
