/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "trace/record_hep.h"

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
	h.src = h.dst = (struct addr){ .port = 5060 };	/* a packet with ports alone */
	assert_int_equal(back(&h, 0, &attrs).src.family, FAMILY_IP4);
	h.src = h.dst = (struct addr){ 0 };
	assert_int_equal(back(&h, 0, &attrs).src.family, FAMILY_NONE);
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
		cmocka_unit_test(a_packet_becomes_a_record),
		cmocka_unit_test(no_time_is_now),
		cmocka_unit_test(every_chunk_is_kept),
		cmocka_unit_test(ten_thousand_chunks_fit),
		cmocka_unit_test(unknown_addresses_come_back_unknown),
		cmocka_unit_test(only_sip_has_an_index_and_no_packet_is_a_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
