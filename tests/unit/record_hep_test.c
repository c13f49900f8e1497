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

static struct hep
converted(const struct record *r, const struct hep_conf *c)
{
	struct hep h;
	struct err e = { .text = "" };

	if (record_to_hep(r, c, &h, &e) != RC_OK)
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
	assert_int_equal(record_to_hep(&r, &c, &h, NULL), RC_OK);
	assert_int_equal(h.sec, UINT32_MAX);
	r.time_ns++;
	assert_int_equal(record_to_hep(&r, &c, &h, NULL), RC_BAD);
	r = message();
	r.kind = KIND_UNKNOWN;
	assert_int_equal(record_to_hep(&r, &c, &h, NULL), RC_BAD);
	r.kind = KIND_HEP;
	assert_int_equal(record_to_hep(&r, &c, &h, NULL), RC_BAD);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
