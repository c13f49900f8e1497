/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "trace/record_hep.h"

static struct record
message(void)
{
	struct record r = {
		.type = FRAME_MESSAGE, .kind = KIND_SIP, .transport = TRANSPORT_WSS, .time_ns = 1795375243821824999ull,
		.src = { { 127, 0, 1, 10 }, 16061, FAMILY_IP4 }, .dst = { { 127, 0, 2, 20 }, 16060, FAMILY_IP4 },
		.payload = SLICE_LIT("INVITE"),
	};

	return r;
}

static struct buf chunks;	/* what converted() borrows */
static unsigned omitted;

static struct hep
converted(const struct record *r, const struct hep_conf *c)
{
	struct hep h;
	struct err e = { .text = "" };

	if (record_to_hep(r, c, &chunks, &h, &omitted, &e) != RC_OK)
		fail_msg("%s", e.text);
	return h;
}

static void
fields_are_the_records(void **state)
{
	struct record r = message();
	struct hep_conf c = { .version = 3, .key = SLICE_LIT("key") };
	struct hep h = converted(&r, &c);

	(void)state;
	assert_int_equal(h.version, 3);
	assert_int_equal(h.type, HEP_TYPE_SIP);
	assert_int_equal(h.ip_proto, 22);
	assert_true(addr_eq(&h.src, &r.src) && addr_eq(&h.dst, &r.dst));
	assert_int_equal(h.sec, 1795375243);
	assert_int_equal(h.usec, 821824);	/* nanoseconds are cut, never rounded up */
	assert_int_equal(h.correlation.n, 0);
	assert_int_equal(h.node.n, 0);
	assert_slice(h.key, "key");
	assert_slice(h.payload, "INVITE");
}

static void
capture_id_is_the_options_the_records_or_1(void **state)
{
	static const struct {
		const char *name;
		bool has_id;
		uint32_t option, record, want;
	} rows[] = {
		{ "neither", false, 0, 0, 1 },
		{ "the record's", false, 0, 7, 7 },
		{ "the option's", true, 9, 7, 9 },
		{ "0 as an option", true, 0, 7, 0 },
		{ "32 bits", false, 0, UINT32_MAX, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hep_conf c = { .version = 3, .has_id = rows[i].has_id, .capture_id = rows[i].option };
		struct record r = message();
		struct hep h;

		r.capture_id = rows[i].record;
		h = converted(&r, &c);
		if (h.capture_id != rows[i].want)
			fail_msg("%s: %u", rows[i].name, h.capture_id);
	}
}

static void
attributes_become_chunks(void **state)
{
	struct hep_conf c = { .version = 3 };
	struct record r = message();
	struct buf attrs = { 0 };
	struct hep h;

	(void)state;
	assert_int_equal(attr_put(&attrs, ATTR_USER, SLICE_LIT("user")), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_NODE, SLICE_LIT("node")), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_CORRELATION, SLICE_LIT("first")), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_CORRELATION, SLICE_LIT("second")), RC_OK);
	r.attrs = buf_slice(&attrs);
	h = converted(&r, &c);
	assert_slice(h.correlation, "first");
	assert_slice(h.node, "node");
	buf_reset(&attrs);
}

static void
a_log_line_is_udp_and_may_lack_addresses(void **state)
{
	struct hep_conf c = { .version = 3 };
	struct record r = { .kind = KIND_LOG, .transport = TRANSPORT_TCP };
	struct hep h = converted(&r, &c);
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(h.type, HEP_TYPE_LOG);
	assert_int_equal(h.ip_proto, 17);
	assert_int_equal(h.src.family, FAMILY_IP4);
	assert_int_equal(h.dst.family, FAMILY_IP4);
	assert_int_equal(hep_head(&h, &b, NULL), RC_OK);
	buf_reset(&b);
}

static void
refuses_what_has_no_number(void **state)
{
	struct hep_conf c = { .version = 3 };
	struct record r = message();
	struct hep h;

	(void)state;
	r.time_ns = (uint64_t)UINT32_MAX * 1000000000u + 999999999u;
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_OK);
	assert_int_equal(h.sec, UINT32_MAX);
	r.time_ns++;
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_BAD);
	r = message();
	r.kind = KIND_UNKNOWN;
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_BAD);
	r.kind = KIND_HEP;
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_BAD);
}

static struct record
back(const struct hep *h, uint64_t now_ns, struct buf *attrs)
{
	struct record r;
	struct err e = { .text = "" };

	if (record_from_hep(h, now_ns, attrs, &r, &e) != RC_OK)
		fail_msg("%s", e.text);
	return r;
}

static struct hep
packet(void)
{
	struct hep h = {
		.version = 3, .type = HEP_TYPE_SIP, .ip_proto = 6, .sec = 1795375243, .usec = 821824, .capture_id = 70000,
		.src = { { 127, 0, 1, 10 }, 16061, FAMILY_IP4 }, .dst = { { 127, 0, 2, 20 }, 16060, FAMILY_IP4 },
		.correlation = SLICE_LIT("c"), .node = SLICE_LIT("n"), .key = SLICE_LIT("secret"),
		.payload = SLICE_LIT("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 7 OPTIONS\r\n\r\n"),
	};

	return h;
}

static void
a_packet_becomes_a_record(void **state)
{
	struct buf attrs = { 0 };
	struct hep h = packet();
	struct record r = back(&h, 1, &attrs);

	(void)state;
	assert_int_equal(r.type, FRAME_MESSAGE);
	assert_int_equal(r.kind, KIND_SIP);
	assert_int_equal(r.transport, TRANSPORT_TCP);
	assert_int_equal(r.time_ns, 1795375243821824000);
	assert_int_equal(r.capture_id, 70000);
	assert_true(addr_eq(&r.src, &h.src) && addr_eq(&r.dst, &h.dst));
	assert_true(slice_eq(r.payload, h.payload));
	assert_int_equal(r.marks, MARK_SIP);
	assert_int_equal(r.sip.cseq, 7);
	assert_slice(sip_part(&r.sip, r.payload, SIP_SPAN_CALLID), "x");
	assert_int_equal(r.direction, DIR_UNKNOWN);
	assert_int_equal(r.id, 0);
	buf_reset(&attrs);
}

static void
no_time_is_now(void **state)
{
	struct buf attrs = { 0 };
	struct hep h = packet();

	(void)state;
	h.sec = 0;
	assert_int_equal(back(&h, 5, &attrs).time_ns, 821824000);
	h.usec = 0;
	assert_int_equal(back(&h, 5, &attrs).time_ns, 5);
	buf_reset(&attrs);
}

/* The attributes as "type=value type=value …", chunks as vendor:type:data. */
static void
has_attrs(struct slice attrs, const char *want)
{
	struct buf text = { 0 };
	struct slice value, data;
	uint16_t type, vendor, chunk;

	while (attr_next(&attrs, &type, &value) == RC_OK) {
		buf_printf(&text, "%s%u=", text.n > 0 ? " " : "", type);
		if (type == ATTR_VENDOR && attr_vendor(value, &vendor, &chunk, &data))
			buf_printf(&text, "%u:%x:%.*s", vendor, chunk, SLICE_ARG(data));
		else if (type == ATTR_VLAN)
			buf_printf(&text, "%u", value.p[0] | value.p[1] << 8);
		else
			buf_put(&text, value);
	}
	assert_slice(buf_slice(&text), want);
	buf_reset(&text);
}

static void
put_chunk(struct buf *b, uint16_t vendor, uint16_t type, const char *data)
{
	buf_be16(b, vendor);
	buf_be16(b, type);
	buf_be16(b, (uint16_t)(6 + strlen(data)));
	buf_str(b, data);
}

static void
every_chunk_is_kept(void **state)
{
	struct buf b = { 0 }, attrs = { 0 };
	struct slice in;
	struct record r;
	struct hep h;

	(void)state;
	buf_str(&b, "HEP3..");
	put_chunk(&b, 0, HEP_SRC_IP4, "1234");
	put_chunk(&b, 0, HEP_DST_IP4, "1235");
	put_chunk(&b, 2, 1, "vendor");
	put_chunk(&b, 0, HEP_TYPE, "d");
	put_chunk(&b, 0, HEP_VLAN, "A@");
	put_chunk(&b, 0, HEP_VLAN, "odd");
	put_chunk(&b, 0, HEP_NODE, "node");
	put_chunk(&b, 0, HEP_KEY, "secret");
	put_chunk(&b, 0, HEP_GROUP, "group");
	put_chunk(&b, 0, HEP_PAYLOAD, "X");
	put_chunk(&b, 0, HEP_MOS, "mo");
	put_chunk(&b, 0, 0x7777, "unknown");
	put_chunk(&b, 0, HEP_CORRELATION, "corr");
	put_chunk(&b, 0, 0, "");
	b.p[4] = 0;
	b.p[5] = (uint8_t)b.n;
	in = buf_slice(&b);
	assert_int_equal(hep_decode(&in, &h), RC_OK);
	assert_slice(h.key, "secret");
	r = back(&h, 0, &attrs);
	assert_int_equal(r.kind, KIND_LOG);
	has_attrs(r.attrs, "1=corr 5=node 9=2:1:vendor 6=16704 9=0:12:odd 9=0:29:group 9=0:20:mo 9=0:7777:unknown 9=0:0:");
	assert_int_equal(r.attrs.n % 8, 0);
	buf_reset(&b);
	buf_reset(&attrs);
}

/* A datagram full of the smallest chunks costs no more than its size. */
static void
ten_thousand_chunks_fit(void **state)
{
	struct buf b = { 0 }, attrs = { 0 };
	struct hep h = packet();
	struct slice rest, value;
	uint16_t type;
	size_t n = 0;

	(void)state;
	while (b.n < 65000)
		put_chunk(&b, 0, 0, "");
	h.chunks = buf_slice(&b);
	rest = back(&h, 0, &attrs).attrs;
	while (attr_next(&rest, &type, &value) == RC_OK)
		n++;
	assert_int_equal(n, 2 + b.n / 6);
	buf_reset(&b);
	buf_reset(&attrs);
}

static void
unknown_addresses_come_back_unknown(void **state)
{
	struct buf attrs = { 0 };
	struct hep h = packet();
	struct record r;

	(void)state;
	h.src = h.dst = (struct addr){ .family = FAMILY_IP4 };
	r = back(&h, 0, &attrs);
	assert_int_equal(r.src.family, FAMILY_NONE);
	assert_int_equal(r.dst.family, FAMILY_NONE);
	assert_int_equal(r.transport, TRANSPORT_TCP);
	h.type = HEP_TYPE_LOG;
	assert_int_equal(back(&h, 0, &attrs).transport, TRANSPORT_NONE);
	h.dst.port = 1;
	assert_int_equal(back(&h, 0, &attrs).dst.family, FAMILY_IP4);
	buf_reset(&attrs);
}

static void
only_sip_has_an_index_and_no_packet_is_a_packet(void **state)
{
	struct buf attrs = { 0 };
	struct hep h = packet();

	(void)state;
	h.payload = SLICE_LIT("no SIP");
	assert_int_equal(back(&h, 0, &attrs).marks, 0);
	assert_int_equal(back(&h, 0, &attrs).kind, KIND_SIP);
	h = packet();
	h.type = KIND_RTCP;
	assert_int_equal(back(&h, 0, &attrs).marks, 0);
	assert_int_equal(back(&h, 0, &attrs).kind, KIND_RTCP);
	h.type = 255;
	assert_int_equal(back(&h, 0, &attrs).kind, KIND_UNKNOWN);
	buf_reset(&attrs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_the_records),
		cmocka_unit_test(capture_id_is_the_options_the_records_or_1),
		cmocka_unit_test(attributes_become_chunks),
		cmocka_unit_test(a_log_line_is_udp_and_may_lack_addresses),
		cmocka_unit_test(refuses_what_has_no_number),
		cmocka_unit_test(a_packet_becomes_a_record),
		cmocka_unit_test(no_time_is_now),
		cmocka_unit_test(every_chunk_is_kept),
		cmocka_unit_test(ten_thousand_chunks_fit),
		cmocka_unit_test(unknown_addresses_come_back_unknown),
		cmocka_unit_test(only_sip_has_an_index_and_no_packet_is_a_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
