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

/* Chunks as "vendor:type:data vendor:type:data …". */
static void
has_chunks(struct slice wire, const char *want)
{
	struct buf text = { 0 };
	struct hep3_chunk c;

	while (hep3_next(&wire, &c) == RC_OK)
		buf_printf(&text, "%s%u:%x:%.*s", text.n > 0 ? " " : "", c.vendor, c.type, SLICE_ARG(c.data));
	assert_int_equal(wire.n, 0);
	assert_slice(buf_slice(&text), want);
	buf_reset(&text);
}

static void
node_and_chunks_are_defaults(void **state)
{
	struct buf attrs = { 0 }, given = { 0 };
	struct hep_conf c = { .version = 3, .node = SLICE_LIT("default") };
	struct record r = message();
	struct hep h;

	(void)state;
	assert_int_equal(hep_chunk_parse(SLICE_LIT("2:0x100=given"), &given, NULL), RC_OK);
	assert_int_equal(hep_chunk_parse(SLICE_LIT("2:0x101=other"), &given, NULL), RC_OK);
	c.chunks = buf_slice(&given);
	h = converted(&r, &c);
	assert_slice(h.node, "default");
	has_chunks(h.chunks, "2:100:given 2:101:other");
	assert_int_equal(attr_put(&attrs, ATTR_NODE, SLICE_LIT("own")), RC_OK);
	assert_int_equal(attr_add_vendor(&attrs, 2, 0x100, SLICE_LIT("own")), RC_OK);
	assert_int_equal(attr_add_vendor(&attrs, 3, 0x101, SLICE_LIT("too")), RC_OK);
	attr_end(&attrs);
	r.attrs = buf_slice(&attrs);
	h = converted(&r, &c);
	assert_slice(h.node, "own");
	has_chunks(h.chunks, "2:100:own 3:101:too 2:101:other");
	assert_int_equal(omitted, 0);
	buf_reset(&attrs);
	buf_reset(&given);
}

static void
old_versions_say_what_they_leave_behind(void **state)
{
	struct hep_conf c = { .version = 1, .node = SLICE_LIT("node") };
	struct buf attrs = { 0 };
	struct record r = message();

	(void)state;
	converted(&r, &c);
	assert_int_equal(omitted, 0);
	assert_int_equal(attr_put(&attrs, ATTR_CORRELATION, SLICE_LIT("c")), RC_OK);
	r.attrs = buf_slice(&attrs);
	converted(&r, &c);
	assert_int_equal(omitted, HEP_OMITS_ATTRS);
	c.version = 2;
	r.capture_id = 70000;
	converted(&r, &c);
	assert_int_equal(omitted, HEP_OMITS_ATTRS | HEP_OMITS_ID);
	c.version = 3;
	converted(&r, &c);
	assert_int_equal(omitted, 0);
	buf_reset(&attrs);
}

static void
chunks_that_would_be_misunderstood_stay_out(void **state)
{
	static const struct {
		const char *receiver, *chunks;
	} rows[] = {
		{ NULL, "2:ff:a 2:100:b 0:0:c" },
		{ "heplify-server", "2:100:b 0:0:c" },
		{ "opensips", "2:100:b 0:0:c" },
		{ "kamailio", "2:ff:a 2:100:b" },
		{ "captagent", "2:ff:a 2:100:b 0:0:c" },
	};
	struct buf attrs = { 0 };
	struct record r = message();

	(void)state;
	assert_int_equal(attr_add_vendor(&attrs, 2, 0xff, SLICE_LIT("a")), RC_OK);
	assert_int_equal(attr_add_vendor(&attrs, 2, 0x100, SLICE_LIT("b")), RC_OK);
	assert_int_equal(attr_add_vendor(&attrs, 0, 0, SLICE_LIT("c")), RC_OK);
	/* never: a record cannot forge a key or a second payload */
	assert_int_equal(attr_add_vendor(&attrs, 0, HEP_KEY, SLICE_LIT("forged")), RC_OK);
	assert_int_equal(attr_add_vendor(&attrs, 0, HEP_PAYLOAD, SLICE_LIT("forged")), RC_OK);
	attr_end(&attrs);
	r.attrs = buf_slice(&attrs);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hep_conf c = { .version = 3, .receiver = rows[i].receiver != NULL ? hep_profile_of(rows[i].receiver) : NULL };
		struct hep h = converted(&r, &c);

		has_chunks(h.chunks, rows[i].chunks);
		assert_int_equal(omitted, HEP_OMITS_CHUNKS);
	}
	buf_reset(&attrs);
}

static void
homer_gets_an_id_on_logs_and_rtcp_only(void **state)
{
	static const uint8_t kinds[] = { KIND_LOG, KIND_RTCP, KIND_RTCP_JSON };
	struct hep_conf c = { .version = 3, .node = SLICE_LIT("node"), .receiver = hep_profile_of("homer") };
	struct record r = message();
	struct buf attrs = { 0 };

	(void)state;
	assert_int_equal(converted(&r, &c).correlation.n, 0);
	assert_int_equal(attr_put(&attrs, ATTR_CORRELATION, SLICE_LIT("own")), RC_OK);
	for (size_t i = 0; i < sizeof(kinds); i++) {
		r.kind = kinds[i];
		r.attrs = (struct slice){ NULL, 0 };
		assert_slice(converted(&r, &c).correlation, "node");
		r.attrs = buf_slice(&attrs);
		assert_slice(converted(&r, &c).correlation, "own");
	}
	c.receiver = hep_profile_of("kamailio");
	r.attrs = (struct slice){ NULL, 0 };
	assert_int_equal(converted(&r, &c).correlation.n, 0);
	buf_reset(&attrs);
}

static void
a_chunk_too_large_is_a_limit(void **state)
{
	static uint8_t zeros[65535];
	struct hep_conf c = { .version = 3 };
	struct record r = message();
	struct buf attrs = { 0 };
	struct hep h;

	(void)state;
	assert_int_equal(attr_add_vendor(&attrs, 2, 0x100, slice_of(zeros, 65530)), RC_OK);
	attr_end(&attrs);
	r.attrs = buf_slice(&attrs);
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_LIMIT);
	buf_clear(&attrs);
	assert_int_equal(attr_add_vendor(&attrs, 2, 0x100, slice_of(zeros, 65529)), RC_OK);
	attr_end(&attrs);
	r.attrs = buf_slice(&attrs);
	assert_int_equal(record_to_hep(&r, &c, &chunks, &h, &omitted, NULL), RC_OK);
	assert_int_equal(hep_head(&h, &attrs, NULL), RC_LIMIT);
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
		cmocka_unit_test(node_and_chunks_are_defaults),
		cmocka_unit_test(old_versions_say_what_they_leave_behind),
		cmocka_unit_test(chunks_that_would_be_misunderstood_stay_out),
		cmocka_unit_test(homer_gets_an_id_on_logs_and_rtcp_only),
		cmocka_unit_test(a_chunk_too_large_is_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
