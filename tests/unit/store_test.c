/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "sip/msg.h"
#include "store/store.h"

static const char invite[] =
    "INVITE sip:4420@b.example SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:4410@a.example>;tag=f1\r\n"
    "To: <sip:4430@b.example>\r\nCall-ID: c1@a\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n";
static const char ok[] =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:4410@a.example>;tag=f1\r\n"
    "To: <sip:4430@b.example>;tag=t1\r\nCall-ID: c1@a\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n";

static struct record
message(struct slice payload)
{
	struct record r = {
		.type = FRAME_MESSAGE,
		.time_ns = 1795375230326379123,
		.id = 0xfedcba9876543210,
		.transport = TRANSPORT_UDP,
		.direction = DIR_IN,
		.kind = KIND_SIP,
		.src = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 },
		.dst = { .ip = { 198, 51, 100, 2 }, .port = 5070, .family = FAMILY_IP4 },
		.capture_id = 4000000000,
		.payload = payload,
	};

	if (sip_scan(payload, &r.sip) == RC_OK)
		r.marks = MARK_SIP;
	return r;
}

static void
names_of_tables(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = {
		{ "sip_trace", true },
		{ "T", true },
		{ "_1", true },
		{ "a23456789012345678901234567890123456789012345678901234567890123", true },
		{ "a234567890123456789012345678901234567890123456789012345678901234", false },
		{ "", false },
		{ "1a", false },
		{ "a b", false },
		{ "a;b", false },
		{ "a\"b", false },
		{ "a'b", false },
		{ "a.b", false },
		{ "a-b", false },
		{ "\xc3\xa4", false },
		{ "sqlite_master", false },
		{ "SQLITE_x", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (store_name_ok(rows[i].name) != rows[i].ok)
			fail_msg("\"%s\"", rows[i].name);
}

static void
lists_of_tables(void **state)
{
	char list[] = "a,b,,c", empty[] = "", full[] = "a,b,c";
	const char *names[4];

	(void)state;
	assert_int_equal(store_names(list, names, 4), 4);
	assert_string_equal(names[1], "b");
	assert_string_equal(names[2], "");	/* and no name of a table */
	assert_string_equal(names[3], "c");
	assert_int_equal(store_names(empty, names, 4), 0);
	assert_int_equal(store_names(full, names, 2), 2);
	assert_string_equal(names[1], "b,c");
}

static void
a_request_and_a_reply_as_rows(void **state)
{
	struct record r = message(slice_of(invite, sizeof(invite) - 1));
	struct buf scratch = { 0 };
	struct row w = { 0 };

	(void)state;
	assert_int_equal(row_fill(&w, &r, &scratch), RC_OK);
	assert_slice(w.stamp, "2026-11-22 19:20:30");
	assert_int_equal(w.time_us, 326379);
	assert_int_equal(w.time_ns, 1795375230326379123);
	assert_true((uint64_t)w.record_id == 0xfedcba9876543210);
	assert_slice(w.method, "INVITE");
	assert_slice(w.status, "");
	assert_slice(w.callid, "c1@a");
	assert_slice(w.fromtag, "f1");
	assert_slice(w.totag, "");
	assert_slice(w.fromip, "udp:192.0.2.1:5060");
	assert_slice(w.toip, "udp:198.51.100.2:5070");
	assert_slice(w.direction, "in");
	assert_slice(w.from_user, "4410");
	assert_slice(w.to_user, "4430");
	assert_slice(w.ruri_user, "4420");
	assert_int_equal(w.cseq, 7);
	assert_int_equal(w.capture_id, 4000000000);
	r = message(slice_of(ok, sizeof(ok) - 1));
	r.time_ns += 1000000000;
	assert_int_equal(row_fill(&w, &r, &scratch), RC_OK);
	assert_slice(w.stamp, "2026-11-22 19:20:31");
	assert_slice(w.method, "INVITE");
	assert_slice(w.status, "200");
	assert_slice(w.totag, "t1");
	assert_slice(w.ruri_user, "");
	buf_reset(&scratch);
}

/* Of a frame as it was read: meta, msg and row_frame give the very bytes back; any byte changed is noticed. */
static void
frames_through_rows(void **state)
{
	struct record r = message(slice_of(invite, sizeof(invite) - 1)), read, back;
	struct buf attrs = { 0 }, frame = { 0 }, again = { 0 };
	struct row w = { 0 }, bad;
	struct slice in;

	(void)state;
	assert_int_equal(attr_put(&attrs, ATTR_USER, SLICE_LIT("alice")), RC_OK);
	assert_int_equal(attr_put(&attrs, 999, SLICE_LIT("unknown")), RC_OK);
	r.attrs = buf_slice(&attrs);
	r.head_tail = SLICE_LIT("of later");
	assert_int_equal(record_encode(&r, &frame), RC_OK);
	in = buf_slice(&frame);
	assert_int_equal(record_decode(&in, &read), RC_OK);
	assert_int_equal(row_fill(&w, &read, &again), RC_OK);
	assert_int_equal(row_frame(&w, &again, &back), RC_OK);
	assert_true(slice_eq(back.raw, buf_slice(&frame)));
	for (size_t i = 0; i < w.meta.n; i++) {
		bad = w;
		bad.meta.n = i;
		assert_int_equal(row_frame(&bad, &again, &back), RC_BAD);
	}
	bad = w;
	bad.msg.n--;
	assert_int_equal(row_frame(&bad, &again, &back), RC_BAD);
	for (size_t i = 0; i < frame.n - 8; i++) {
		frame.p[i] ^= 1;
		assert_int_equal(row_frame(&w, &again, &back), RC_BAD);
		frame.p[i] ^= 1;
	}
	buf_reset(&attrs);
	buf_reset(&frame);
	buf_reset(&again);
}

static void
a_record_made_here_has_a_meta_too(void **state)
{
	struct record r = message(slice_of(ok, sizeof(ok) - 1)), back;
	struct buf scratch = { 0 }, frame = { 0 };
	struct row w = { 0 };

	(void)state;
	assert_int_equal(row_fill(&w, &r, &scratch), RC_OK);
	assert_int_equal(row_frame(&w, &frame, &back), RC_OK);
	assert_true(back.time_ns == r.time_ns && back.id == r.id);
	assert_true(slice_eq(back.payload, r.payload));
	buf_reset(&scratch);
	buf_reset(&frame);
}

static void
rows_of_the_module(void **state)
{
	static const struct {
		const char *name, *from, *to, *direction;
		int64_t sec, us;
		enum rc rc;
		uint8_t family, transport, dir;
	} rows[] = {
		{ "IPv4", "udp:1.2.3.4:5060", "udp:5.6.7.8:5061", "in", 100, 999999, RC_OK, FAMILY_IP4, TRANSPORT_UDP, DIR_IN },
		{ "IPv6, both ways", "tls:::1:5060", "tls:[::1]:5061", "out", 100, 0, RC_OK, FAMILY_IP6, TRANSPORT_TLS, DIR_OUT },
		{ "nothing known", "", "", "", 0, 0, RC_OK, FAMILY_NONE, TRANSPORT_NONE, DIR_UNKNOWN },
		{ "one side known", "", "tcp:1.2.3.4:5060", "", 0, 0, RC_OK, FAMILY_IP4, TRANSPORT_TCP, DIR_UNKNOWN },
		{ "no transport", "1.2.3.4:5060", "1.2.3.5:5060", "x", 0, 0, RC_OK, FAMILY_IP4, TRANSPORT_NONE, DIR_UNKNOWN },
		{ "two families", "udp:1.2.3.4:5060", "udp:[::1]:5060", "in", 0, 0, RC_BAD, 0, 0, 0 },
		{ "no address", "udp:host:5060", "udp:1.2.3.4:5060", "in", 0, 0, RC_BAD, 0, 0, 0 },
		{ "a port too large", "udp:1.2.3.4:65536", "udp:1.2.3.4:5060", "in", 0, 0, RC_BAD, 0, 0, 0 },
		{ "microseconds too large", "", "", "", 0, 1000000, RC_BAD, 0, 0, 0 },
		{ "microseconds negative", "", "", "", 0, -1, RC_BAD, 0, 0, 0 },
		{ "before the epoch", "", "", "", -1, 0, RC_BAD, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct row w = {
			.sec = rows[i].sec,
			.time_us = rows[i].us,
			.fromip = slice_str(rows[i].from),
			.toip = slice_str(rows[i].to),
			.direction = slice_str(rows[i].direction),
			.msg = slice_of(ok, sizeof(ok) - 1),
		};
		struct record r;

		if (row_parse(&w, &r) != rows[i].rc)
			fail_msg("%s", rows[i].name);
		if (rows[i].rc != RC_OK)
			continue;
		if (r.src.family != rows[i].family || r.dst.family != rows[i].family || r.transport != rows[i].transport ||
		    r.direction != rows[i].dir || r.time_ns != (uint64_t)(rows[i].sec * 1000000 + rows[i].us) * 1000)
			fail_msg("%s: wrong record", rows[i].name);
		assert_int_equal(r.kind, KIND_SIP);
		assert_int_equal(r.sip.status, 200);
	}
}

static void
where_clauses(void **state)
{
	static const char *const ids[] = { "a", "b" }, *const statuses[] = { "404", "5xx" }, *const users[] = { "u" };
	static const struct select_table ours = { .name = "\"t1\"", .epoch_us = "t.time_ns/1000", .ours = true };
	static const struct select_table module = { .name = "\"t2\"", .epoch_us = "X", .sooner = "t.time_stamp >= ?" };
	const struct select s = {
		.callid = { ids, 2 },
		.number = { ids, 1 },
		.user = { users, 1 },
		.status = { statuses, 2 },
		.has_since = true,
		.since_us = 1000000,
		.has_until = true,
		.until_us = 2000000,
	};
	struct where w = { .params_n = 0 };

	(void)state;
	select_sql(&(struct select){ .has_since = false }, &module, &w);
	assert_string_equal(buf_cstr(&w.sql), "SELECT t.id FROM \"t2\" AS t WHERE 1 ORDER BY X, t.id");
	assert_int_equal(w.params_n, 0);
	select_sql(&s, &module, &w);
	assert_string_equal(buf_cstr(&w.sql), "SELECT t.id FROM \"t2\" AS t WHERE 1 AND t.callid IN (?, ?) AND t.traced_user <> ''"
	    " AND t.traced_user IN (?) AND (t.status = ? OR (t.status >= ? AND t.status < ?)) AND X >= ? AND X < ?"
	    " AND t.time_stamp >= ? ORDER BY X, t.id");
	assert_int_equal(w.params_n, 9);
	assert_slice(w.params[1].text, "b");
	assert_slice(w.params[4].text, "5");
	assert_slice(w.params[5].text, "6");
	assert_int_equal(w.params[6].i, 1000000);
	assert_true(w.params[8].type == PARAM_REAL && w.params[8].real <= when_julian(0));
	select_sql(&s, &ours, &w);
	assert_non_null(strstr(buf_cstr(&w.sql), "t.ruri_user <> t.to_user AND t.ruri_user IN (?)"));
	assert_non_null(strstr(buf_cstr(&w.sql), "AND e.traced_user IN (?))) ORDER BY t.time_ns/1000, t.id"));
	assert_int_equal(w.params_n, 12);
	where_reset(&w);
}

static void
words_of_queries(void **state)
{
	static const char *const good[] = { "100", "404", "699", "4xx", "4XX", "9xx" };
	static const char *const wrong[] = { "", "4", "4x", "40x", "0xx", "099", "4040", "4xxx", "abc", "x44" };
	struct nets nets = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (select_status(good[i], &e) != RC_OK)
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (select_status(wrong[i], &e) != RC_BAD)
			fail_msg("%s", wrong[i]);
	assert_int_equal(select_net(&nets, "192.0.2.0/24:5060", &e), RC_OK);
	assert_int_equal(select_net(&nets, "2001:db8::/32", &e), RC_OK);
	assert_int_equal(select_net(&nets, "example.com", &e), RC_BAD);
	assert_int_equal(nets.n, 2);
	free(nets.v);
}

static void
what_sql_does_not_decide(void **state)
{
	static const char *const numbers[] = { "4420", "999" };
	struct record r = message(slice_of(invite, sizeof(invite) - 1));
	struct select s = { .number = { numbers, 2 } };
	struct err e;

	(void)state;
	assert_true(select_match(&s, &r));
	s.number.v = numbers + 1;
	s.number.n = 1;
	assert_false(select_match(&s, &r));
	s.number.n = 0;
	assert_int_equal(select_net(&s.from, "192.0.2.0/31", &e), RC_OK);
	assert_int_equal(select_net(&s.to, "198.51.100.3", &e), RC_OK);
	assert_false(select_match(&s, &r));
	assert_int_equal(select_net(&s.to, "198.51.100.2:5070", &e), RC_OK);
	assert_true(select_match(&s, &r));
	select_reset(&s);
	assert_int_equal(s.to.n, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_tables),
		cmocka_unit_test(lists_of_tables),
		cmocka_unit_test(a_request_and_a_reply_as_rows),
		cmocka_unit_test(frames_through_rows),
		cmocka_unit_test(a_record_made_here_has_a_meta_too),
		cmocka_unit_test(rows_of_the_module),
		cmocka_unit_test(where_clauses),
		cmocka_unit_test(words_of_queries),
		cmocka_unit_test(what_sql_does_not_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
