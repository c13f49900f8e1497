/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <zlib.h>

#include "base/buf.h"
#include "base/take.h"
#include "capture/hep_intake.h"
#include "hep/hep.h"

#define NOW UINT64_C(1700000000123456789)
#define SIP "OPTIONS sip:b@192.0.2.2 SIP/2.0\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

/* What came out. */
static struct {
	unsigned n, max;
	struct record last;
	struct buf payload;
} got;

static bool
put(void *arg, const struct record *r)
{
	(void)arg;
	got.last = *r;
	buf_clear(&got.payload);
	buf_put(&got.payload, r->payload);
	return ++got.n != got.max;
}

static struct hep_intake *
intake(const char *key, const struct locals *locals)
{
	got.n = got.max = 0;
	return hep_intake_new(&(struct hep_intake_conf){ .locals = locals, .key = slice_str(key), .put = put });
}

static struct hep
sample(uint8_t version)
{
	return (struct hep){
		.version = version, .ip_proto = 17, .type = 1, .capture_id = 7, .sec = 1600000000, .usec = 42,
		.src = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 },
		.dst = { .ip = { 192, 0, 2, 2 }, .port = 5061, .family = FAMILY_IP4 },
		.payload = SLICE_LIT(SIP),
	};
}

/* The intake's verdict about the packet, its last byte at the end of a page. */
static enum rc
push_bytes(struct hep_intake *in, struct slice bytes, const struct hep_refusal **why)
{
	struct guarded g = guarded(bytes);
	enum rc rc = hep_intake_packet(in, &(struct listen_packet){ g.s, 3 }, NOW, why);

	guarded_free(&g);
	return rc;
}

static enum rc
push(struct hep_intake *in, const struct hep *h, const struct hep_refusal **why)
{
	struct buf b = { 0 };
	enum rc rc;

	assert_int_equal(hep_head(h, &b, NULL), RC_OK);
	buf_put(&b, h->payload);
	rc = push_bytes(in, buf_slice(&b), why);
	buf_reset(&b);
	return rc;
}

static uint64_t
count(struct hep_intake *in, uint8_t unit, const char *name)
{
	size_t n;
	struct counter *c = hep_intake_counters(in, &n);

	for (size_t i = 0; i < n; i++)
		if (c[i].unit == unit && strcmp(c[i].name, name) == 0)
			return c[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

/* in = out + lost + chosen + held, for each unit. */
static void
adds_up(struct hep_intake *in)
{
	uint64_t came[UNIT_CONN + 1] = { 0 }, went[UNIT_CONN + 1] = { 0 };
	size_t n;
	struct counter *c = hep_intake_counters(in, &n);

	for (size_t i = 0; i < n; i++)
		if (c[i].class == STAT_IN)
			came[c[i].unit] += c[i].value;
		else if (c[i].class != STAT_INFO)
			went[c[i].unit] += c[i].value;
	for (int u = 1; u <= UNIT_CONN; u++)
		assert_int_equal(came[u], went[u]);
}

static void
every_version_becomes_a_record(void **state)
{
	(void)state;
	for (uint8_t v = 1; v <= 3; v++) {
		struct hep_intake *in = intake(NULL, NULL);
		const struct hep_refusal *why;
		struct hep h = sample(v);

		assert_int_equal(push(in, &h, &why), RC_OK);
		assert_int_equal(got.last.time_ns, v == 1 ? NOW : UINT64_C(1600000000000042000));
		assert_int_equal(got.last.capture_id, v == 1 ? 0 : 7);
		assert_int_equal(got.last.capture_point, 3);
		assert_int_equal(got.last.direction, DIR_UNKNOWN);
		assert_int_equal(got.last.transport, TRANSPORT_UDP);
		assert_true(got.last.marks & MARK_SIP);
		assert_true(addr_eq(&got.last.src, &h.src) && addr_eq(&got.last.dst, &h.dst));
		assert_slice(buf_slice(&got.payload), SIP);
		adds_up(in);
		hep_intake_free(in);
	}
}

static void
the_id_is_the_agents(void **state)
{
	struct hep_intake *in = intake(NULL, NULL);
	struct id_maker *ids = id_maker_new();
	const struct hep_refusal *why;
	struct hep h = sample(3);
	struct record r = {
		.time_ns = UINT64_C(1600000000000042999), .src = h.src, .dst = h.dst, .transport = TRANSPORT_UDP, .payload = h.payload,
	};

	(void)state;
	for (int i = 0; i < 3; i++) {	/* equal ones are numbered alike */
		assert_int_equal(push(in, &h, &why), RC_OK);
		assert_true(got.last.id == record_id(ids, &r));
	}
	id_maker_free(ids);
	hep_intake_free(in);
}

static void
direction_and_point(void **state)
{
	struct locals locals = { 0 };
	const struct hep_refusal *why;
	struct hep_intake *in;
	struct hep h = sample(3);
	struct err e;

	(void)state;
	assert_int_equal(locals_add(&locals, "192.0.2.2", &e), RC_OK);
	in = intake(NULL, &locals);
	assert_int_equal(push(in, &h, &why), RC_OK);
	assert_int_equal(got.last.direction, DIR_IN);
	hep_intake_free(in);
	locals_reset(&locals);
}

static void
sip_that_is_none_stays_what_hep_says(void **state)
{
	struct hep_intake *in = intake(NULL, NULL);
	const struct hep_refusal *why;
	struct hep h = sample(3);

	(void)state;
	h.payload = SLICE_LIT("\r\n\r\n");
	assert_int_equal(push(in, &h, &why), RC_OK);
	assert_int_equal(got.last.kind, KIND_SIP);
	assert_false(got.last.marks & MARK_SIP);
	assert_slice(buf_slice(&got.payload), "\r\n\r\n");
	h.type = 100;
	h.correlation = SLICE_LIT("x");
	assert_int_equal(push(in, &h, &why), RC_OK);
	assert_int_equal(got.last.kind, KIND_LOG);
	hep_intake_free(in);
}

static void
keys(void **state)
{
	static const struct { const char *name, *key; uint8_t version; enum rc rc; const char *counter; } rows[] = {
		{ "right", "secret", 3, RC_OK, "hep" },
		{ "missing", NULL, 3, RC_BAD, "key_missing" },
		{ "version 2 has none", NULL, 2, RC_BAD, "key_missing" },
		{ "version 1 has none", NULL, 1, RC_BAD, "key_missing" },
		{ "shorter", "secre", 3, RC_BAD, "key_wrong" },
		{ "longer", "secretx", 3, RC_BAD, "key_wrong" },
		{ "twice", "secretsecret", 3, RC_BAD, "key_wrong" },
		{ "other", "secreT", 3, RC_BAD, "key_wrong" },
		{ "first byte", "Secret", 3, RC_BAD, "key_wrong" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hep_intake *in = intake("secret", NULL);
		const struct hep_refusal *why;
		struct hep h = sample(rows[i].version);

		h.key = slice_str(rows[i].key);
		if (push(in, &h, &why) != rows[i].rc || count(in, UNIT_PACKET, rows[i].counter) != 1)
			fail_msg("%s", rows[i].name);
		assert_int_equal(got.n, rows[i].rc == RC_OK);
		assert_true(rows[i].rc == RC_OK || (why->cause != NULL && strstr(why->what, "key") != NULL));
		adds_up(in);
		hep_intake_free(in);
	}
}

static void
a_key_that_nobody_asks_for_is_no_harm(void **state)
{
	struct hep_intake *in = intake(NULL, NULL);
	const struct hep_refusal *why;
	struct hep h = sample(3);
	struct slice value;

	(void)state;
	h.key = SLICE_LIT("secret");
	assert_int_equal(push(in, &h, &why), RC_OK);
	assert_false(attr_get(got.last.attrs, ATTR_VENDOR, &value));	/* and is in no record */
	hep_intake_free(in);
}

/* A version 3 packet of `h` whose payload is in chunk 0x10, packed with zlib's windowBits. */
static void
compressed(const struct hep *h, int bits, struct slice plain, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)plain.p, .avail_in = (uInt)plain.n };
	struct hep head = *h;
	struct buf packed = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_out = 60000;
	z.next_out = buf_room(&packed, 60000);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed.n = 60000 - z.avail_out;
	deflateEnd(&z);
	head.payload = buf_slice(&packed);
	assert_int_equal(hep_head(&head, out, NULL), RC_OK);
	store_be16(out->p + out->n - 4, HEP_PAYLOAD_COMPRESSED);
	buf_put(out, buf_slice(&packed));
	buf_reset(&packed);
}

static void
compressed_payloads(void **state)
{
	static const int forms[] = { 15, 31, -15 };
	const struct hep h = sample(3);
	struct buf b = { 0 }, zeros = { 0 };

	(void)state;
	buf_zero(&zeros, HEP_UNPACKED_MAX + 1);
	for (size_t i = 0; i < 3; i++) {
		struct hep_intake *in = intake(NULL, NULL);
		const struct hep_refusal *why;

		buf_clear(&b);
		compressed(&h, forms[i], SLICE_LIT(SIP), &b);
		assert_int_equal(push_bytes(in, buf_slice(&b), &why), RC_OK);
		assert_slice(buf_slice(&got.payload), SIP);
		assert_true(got.last.marks & MARK_SIP);
		assert_int_equal(count(in, UNIT_PACKET, "compressed"), 1);

		b.p[b.n - 10] ^= 0xff;	/* damaged */
		b.p[b.n - 20] ^= 0xff;
		b.p[b.n - 30] ^= 0xff;
		if (i < 2) {		/* raw deflate has no checksum */
			assert_int_equal(push_bytes(in, buf_slice(&b), &why), RC_BAD);
			assert_int_equal(count(in, UNIT_PACKET, "damaged_compressed"), 1);
		}

		buf_clear(&b);
		compressed(&h, forms[i], buf_slice(&zeros), &b);
		assert_int_equal(push_bytes(in, buf_slice(&b), &why), RC_BAD);
		assert_int_equal(count(in, UNIT_PACKET, "too_large"), 1);
		adds_up(in);
		hep_intake_free(in);
	}
	buf_reset(&b);
	buf_reset(&zeros);
}

static void
what_is_no_hep_and_what_is_damaged(void **state)
{
	static const struct { const char *bytes; size_t n; const char *counter; } rows[] = {
		{ "", 0, "no_hep" }, { "INVITE sip:a@b SIP/2.0\r\n", 24, "no_hep" }, { "HEP2", 4, "no_hep" }, { "\0\1\0\0", 4, "no_hep" },
		{ "HEP3", 4, "damaged" }, { "HEP3\0\6", 6, "damaged" }, { "EEP3\0\5", 6, "damaged" }, { "HEP3\0\7", 6, "damaged" },
		{ "\1", 1, "damaged" }, { "\2\20\2\21", 4, "damaged" }, { "\1\20\7\21", 4, "damaged" },
	};
	struct hep_intake *in = intake(NULL, NULL);
	const struct hep_refusal *why;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t before = count(in, UNIT_PACKET, rows[i].counter);

		assert_int_equal(push_bytes(in, slice_of(rows[i].bytes, rows[i].n), &why), RC_BAD);
		if (count(in, UNIT_PACKET, rows[i].counter) != before + 1)
			fail_msg("row %zu: not counted as %s", i, rows[i].counter);
	}
	assert_int_equal(got.n, 0);
	adds_up(in);
	hep_intake_free(in);
}

static void
put_ends_it(void **state)
{
	struct hep_intake *in = intake(NULL, NULL);
	const struct hep_refusal *why;
	struct hep h = sample(3);

	(void)state;
	got.max = 2;
	assert_int_equal(push(in, &h, &why), RC_OK);
	assert_int_equal(push(in, &h, &why), RC_END);
	hep_intake_free(in);
}

static void
what_listen_counts_is_in_the_ledger(void **state)
{
	struct hep_intake *in = intake(NULL, NULL);
	struct listen_stats s = { .kernel_drops = 5, .cut = 1, .conns = 3, .conns_open = 3 };
	const struct hep_refusal *why;

	(void)state;
	hep_intake_outside(in, &s);
	adds_up(in);
	assert_int_equal(push_bytes(in, SLICE_LIT("x"), &why), RC_BAD);
	s = (struct listen_stats){
		.kernel_drops = 7, .cut = 2, .stalled = 1, .unfinished = 1, .garbage = 1, .conns = 9, .conns_closed = 2, .conns_reset = 1,
		.conns_garbage = 1, .conns_stalled = 1, .conns_evicted = 1, .conns_refused = 1, .conns_handshake = 1, .conns_open = 1,
	};
	hep_intake_outside(in, &s);
	hep_intake_outside(in, &s);
	assert_int_equal(count(in, UNIT_PACKET, "in"), 13);
	assert_int_equal(count(in, UNIT_PACKET, "no_hep"), 2);
	assert_int_equal(count(in, UNIT_PACKET, "kernel_drops"), 7);
	assert_int_equal(count(in, UNIT_CONN, "open"), 1);
	adds_up(in);
	hep_intake_free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_becomes_a_record),
		cmocka_unit_test(the_id_is_the_agents),
		cmocka_unit_test(direction_and_point),
		cmocka_unit_test(sip_that_is_none_stays_what_hep_says),
		cmocka_unit_test(keys),
		cmocka_unit_test(a_key_that_nobody_asks_for_is_no_harm),
		cmocka_unit_test(compressed_payloads),
		cmocka_unit_test(what_is_no_hep_and_what_is_damaged),
		cmocka_unit_test(put_ends_it),
		cmocka_unit_test(what_listen_counts_is_in_the_ledger),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_reset(&got.payload);
	return failed;
}
