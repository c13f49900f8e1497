/* SPDX-License-Identifier: MIT */
/* Records of all kinds, made from a fixed seed, into HEP and back: what the version carries comes back, and with the record all. */
#include "test.h"

#include "base/take.h"
#include "sip/msg.h"
#include "trace/record_hep.h"

#define ROUNDS 4000

static uint64_t seed;

static uint32_t
pick(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static struct addr
random_addr(uint8_t family)
{
	struct addr a = { .family = family, .port = (uint16_t)pick(65536) };

	for (size_t i = 0; i < (family == FAMILY_IP6 ? 16 : family == FAMILY_IP4 ? 4 : 0); i++)
		a.ip[i] = (uint8_t)(1 + pick(255));
	if (family == FAMILY_NONE)
		a.port = 0;
	return a;
}

static struct slice
random_bytes(uint8_t *room, size_t max, size_t least)
{
	size_t n = least + pick((uint32_t)(max - least + 1));

	for (size_t i = 0; i < n; i++)
		room[i] = (uint8_t)pick(256);
	return slice_of(room, n);
}

static void
random_attr(struct buf *attrs, bool *correlated, bool *named)
{
	uint8_t room[40];
	struct slice text = random_bytes(room, sizeof(room), 1);
	uint32_t what = pick(6);

	if (what == 0 && !*correlated) {
		*correlated = true;
		assert_int_equal(attr_put(attrs, ATTR_CORRELATION, text), RC_OK);
	} else if (what == 1 && !*named) {
		*named = true;
		assert_int_equal(attr_put(attrs, ATTR_NODE, text), RC_OK);
	} else if (what == 2) {
		assert_int_equal(attr_put(attrs, ATTR_USER, text), RC_OK);
	} else if (what == 3) {
		assert_int_equal(attr_put(attrs, ATTR_VLAN, slice_of("\x64\0", 2)), RC_OK);
	} else if (what == 4) {
		assert_int_equal(attr_add_vendor(attrs, (uint16_t)(1 + pick(9)), (uint16_t)pick(0x200), text), RC_OK);
		attr_end(attrs);
	} else if (what == 5) {	/* of the specification: those without a field, of any length */
		assert_int_equal(attr_add_vendor(attrs, 0, (uint16_t)(HEP_SRC_MAC + pick(0x100)), slice_skip(text, pick(30))), RC_OK);
		attr_end(attrs);
	}
}

static const char sip[] = "BYE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nCall-ID: c\r\nCSeq: 2 BYE\r\n\r\n";

static struct record
random_record(struct buf *attrs, uint8_t *room, size_t n)
{
	static const uint8_t kinds[] = { KIND_SIP, KIND_SIP, KIND_SIP, KIND_RTCP, KIND_RTCP_JSON, KIND_LOG, 34, 60 };
	static const uint8_t families[] = { FAMILY_IP4, FAMILY_IP4, FAMILY_IP6, FAMILY_NONE };
	uint8_t family = families[pick(4)];
	bool correlated = false, named = false;
	struct record r = {
		.type = FRAME_MESSAGE, .kind = kinds[pick(sizeof(kinds))], .id = (uint64_t)pick(UINT32_MAX) << 20,
		.time_ns = (uint64_t)pick(UINT32_MAX) * 1000000000u + pick(1000000000), .transport = (uint8_t)pick(7),
		.direction = (uint8_t)pick(3), .capture_id = pick(3) == 0 ? 0 : pick(200000), .capture_point = (uint16_t)pick(3),
		.ip_id = (uint16_t)pick(65536), .user_flags = pick(UINT32_MAX), .src = random_addr(family), .dst = random_addr(family),
	};

	if (pick(8) == 0) {
		r.marks |= MARK_CUT | MARK_RETRANSMISSION;
		r.orig_len = 5000;
	}
	r.payload = r.kind == KIND_SIP && pick(4) != 0 ? slice_str(sip) : random_bytes(room, n, 0);
	if (r.kind == KIND_SIP && sip_scan(r.payload, &r.sip) == RC_OK)
		r.marks |= MARK_SIP;
	buf_clear(attrs);
	for (uint32_t i = pick(8); i > 0; i--)
		random_attr(attrs, &correlated, &named);
	r.attrs = buf_slice(attrs);
	return r;
}

/* The attributes that version 3 carries, in the order in which they come back. */
static void
carried_attrs(struct slice attrs, struct buf *out)
{
	static const uint16_t order[] = { ATTR_CORRELATION, ATTR_NODE, 0 };	/* 0: VLANs and chunks, as they stand */
	struct slice rest, value;
	uint16_t type;

	buf_clear(out);
	for (size_t i = 0; i < 3; i++)
		for (rest = attrs; attr_next(&rest, &type, &value) == RC_OK;)
			if (order[i] != 0 ? type == order[i] : type == ATTR_VLAN || type == ATTR_VENDOR)
				assert_int_equal(attr_add(out, type, value), RC_OK);
	attr_end(out);
}

/* What is left of a record that went through a version of HEP. */
static struct record
carried(const struct record *r, uint8_t version, uint64_t now_ns, struct buf *attrs)
{
	struct record c = { .type = FRAME_MESSAGE, .kind = r->kind, .src = r->src, .dst = r->dst, .sip = r->sip,
		.payload = r->payload, .marks = r->marks & MARK_SIP };
	uint64_t us = r->time_ns / 1000 * 1000;

	c.transport = hep_transport(hep_proto(r->kind == KIND_LOG ? TRANSPORT_UDP : r->transport));
	if (r->kind == KIND_LOG && r->src.family == FAMILY_NONE)
		c.transport = TRANSPORT_NONE;
	c.time_ns = version == 1 || us == 0 ? now_ns : us;
	c.capture_id = r->capture_id != 0 ? r->capture_id : HEP_DEFAULT_ID;
	c.capture_id &= version == 1 ? 0 : version == 2 ? UINT16_MAX : UINT32_MAX;
	if (version == 3)
		carried_attrs(r->attrs, attrs);
	c.attrs = version == 3 ? buf_slice(attrs) : (struct slice){ NULL, 0 };
	return c;
}

static void
same_record(const char *what, int round, const struct record *have, const struct record *want)
{
	struct buf a = { 0 }, b = { 0 };

	assert_int_equal(record_encode(have, &a), RC_OK);
	assert_int_equal(record_encode(want, &b), RC_OK);
	if (!slice_eq(buf_slice(&a), buf_slice(&b)))
		fail_msg("%s: record %d of kind %u is another: %zu bytes, want %zu", what, round, want->kind, a.n, b.n);
	buf_reset(&a);
	buf_reset(&b);
}

/* One record as a packet of this version, or nothing where it cannot be one. */
static bool
packet_of(const struct record *r, uint8_t version, struct buf *chunks, struct buf *packet)
{
	struct hep_conf c = { .version = version };
	struct hep h;
	unsigned omitted;

	buf_clear(packet);
	assert_int_equal(record_to_hep(r, &c, chunks, &h, &omitted, NULL), RC_OK);
	if (hep_head(&h, packet, NULL) != RC_OK)
		return false;
	buf_put(packet, r->payload);
	return true;
}

static void
there_and_back(uint8_t version)
{
	struct buf attrs = { 0 }, chunks = { 0 }, packet = { 0 }, back = { 0 }, want = { 0 };
	uint8_t room[300];
	int sent = 0;

	seed = version;
	for (int i = 0; i < ROUNDS; i++) {
		struct record r = random_record(&attrs, room, sizeof(room)), m, expected, wrapped = r;
		struct slice in;
		struct guarded g;
		struct hep h;
		bool own_id;

		if (!packet_of(&r, version, &chunks, &packet)) {
			assert_true(version < 3 && r.kind != KIND_SIP);
			continue;
		}
		sent++;
		g = guarded(buf_slice(&packet));
		in = g.s;
		assert_int_equal(hep_decode(&in, &h), RC_OK);
		assert_int_equal(in.n, 0);
		assert_int_equal(record_from_hep(&h, 77, &back, &m, NULL), RC_OK);
		expected = carried(&r, version, 77, &want);
		same_record("from HEP alone", i, &m, &expected);
		wrapped.kind = KIND_HEP;
		wrapped.marks &= (uint8_t)~MARK_SIP;
		wrapped.payload = g.s;
		assert_int_equal(record_unwrap(&wrapped, &h, &back, &m, &own_id, NULL), RC_OK);
		assert_true(own_id);
		same_record("with the record", i, &m, &r);
		guarded_free(&g);
	}
	assert_true(sent > ROUNDS / 4);
	buf_reset(&attrs);
	buf_reset(&chunks);
	buf_reset(&packet);
	buf_reset(&back);
	buf_reset(&want);
}

static void
version_1(void **state)
{
	(void)state;
	there_and_back(1);
}

static void
version_2(void **state)
{
	(void)state;
	there_and_back(2);
}

static void
version_3(void **state)
{
	(void)state;
	there_and_back(3);
}

/* A packet that came over the network, as a record of its own: addresses and time of the record are not the message's. */
static void
a_strangers_packet_keeps_its_own_head(void **state)
{
	struct buf attrs = { 0 }, own = { 0 };
	struct hep h = { .version = 3, .type = HEP_TYPE_SIP, .ip_proto = 6, .sec = 5, .usec = 6, .capture_id = 9,
		.src = { { 1, 2, 3, 4 }, 5060, FAMILY_IP4 }, .dst = { { 1, 2, 3, 5 }, 5061, FAMILY_IP4 },
		.correlation = SLICE_LIT("corr"), .payload = slice_str(sip) };
	struct record r = { .type = FRAME_MESSAGE, .kind = KIND_HEP, .transport = TRANSPORT_UDP, .time_ns = 1234567890, .id = 42,
		.direction = DIR_IN, .ip_id = 7, .marks = MARK_RETRANSMISSION, .user_flags = 8, .capture_point = 2,
		.src = { { 9, 9, 9, 9 }, 1, FAMILY_IP4 }, .dst = { { 9, 9, 9, 8 }, 9060, FAMILY_IP4 } };
	struct slice value;
	struct record m;
	bool own_id;

	(void)state;
	assert_int_equal(attr_put(&own, ATTR_USER, SLICE_LIT("user")), RC_OK);
	r.attrs = buf_slice(&own);
	assert_int_equal(record_unwrap(&r, &h, &attrs, &m, &own_id, NULL), RC_OK);
	assert_false(own_id);
	assert_int_equal(m.time_ns, 5000006000);
	assert_int_equal(m.transport, TRANSPORT_TCP);
	assert_int_equal(m.direction, DIR_UNKNOWN);
	assert_int_equal(m.ip_id, 0);
	assert_int_equal(m.marks, MARK_SIP);
	assert_int_equal(m.capture_id, 9);
	assert_true(addr_eq(&m.src, &h.src));
	assert_int_equal(m.user_flags, 8);
	assert_int_equal(m.capture_point, 2);
	assert_true(attr_get(m.attrs, ATTR_USER, &value));
	assert_slice(value, "user");
	assert_true(attr_get(m.attrs, ATTR_CORRELATION, &value));
	assert_slice(value, "corr");
	buf_reset(&attrs);
	buf_reset(&own);
}

/* Who annotated the record later knows better than the packet. */
static void
the_records_correlation_id_wins(void **state)
{
	struct buf attrs = { 0 }, own = { 0 };
	struct hep h = { .version = 3, .type = HEP_TYPE_SIP, .ip_proto = 6, .correlation = SLICE_LIT("packet"),
		.node = SLICE_LIT("node"), .payload = slice_str(sip) };
	struct record r = { .type = FRAME_MESSAGE, .kind = KIND_HEP }, m;
	struct slice rest, value;
	uint16_t type;
	bool own_id;

	(void)state;
	assert_int_equal(attr_put(&own, ATTR_CORRELATION, SLICE_LIT("record")), RC_OK);
	r.attrs = buf_slice(&own);
	assert_int_equal(record_unwrap(&r, &h, &attrs, &m, &own_id, NULL), RC_OK);
	rest = m.attrs;
	assert_int_equal(attr_next(&rest, &type, &value), RC_OK);
	assert_slice(value, "record");
	assert_int_equal(attr_next(&rest, &type, &value), RC_OK);
	assert_int_equal(type, ATTR_NODE);
	assert_int_equal(attr_next(&rest, &type, &value), RC_END);
	buf_reset(&attrs);
	buf_reset(&own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1),
		cmocka_unit_test(version_2),
		cmocka_unit_test(version_3),
		cmocka_unit_test(the_records_correlation_id_wins),
		cmocka_unit_test(a_strangers_packet_keeps_its_own_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
