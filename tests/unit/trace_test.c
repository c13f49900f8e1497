/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <fcntl.h>

#include "base/take.h"
#include "trace/frame.h"
#include "trace/reader.h"
#include "trace/stats.h"
#include "trace/writer.h"

static const char sip[] = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x1\r\n\r\n";

static struct record
sample(unsigned i)
{
	struct record r = {
		.type = FRAME_MESSAGE,
		.time_ns = 1700000000000000000ull + i,
		.id = 77 + i,
		.src = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 },
		.dst = { .ip = { 192, 0, 2, 2 }, .port = 5062, .family = FAMILY_IP4 },
		.transport = TRANSPORT_UDP,
		.direction = DIR_IN,
		.kind = KIND_SIP,
		.marks = MARK_SIP,
		.capture_id = 0xfedcba98,
		.capture_point = 3,
		.ip_id = 0xabcd,
		.user_flags = 0x80000001,
		.payload = slice_of(sip, sizeof(sip) - 1),
	};

	r.sip.method = SIP_OPTIONS;
	r.sip.body = sizeof(sip) - 1;
	r.sip.span[SIP_SPAN_CALLID] = (struct sip_span){ 34, 2 };
	r.sip.vias = 1;
	r.sip.via[0] = 0x1122334455667788ull;
	return r;
}

/* A stream of `n` messages with one attribute each. */
static struct buf
stream(unsigned n)
{
	struct stream_header h = { .version = TRACE_VERSION, .disorder_ns = 5 };
	struct stream_end end = { .frames = n, .messages = n };
	struct buf b = { 0 }, attrs = { 0 };

	header_encode(&h, &b);
	for (unsigned i = 0; i < n; i++) {
		struct record r = sample(i);

		buf_clear(&attrs);
		assert_int_equal(attr_put(&attrs, ATTR_CORRELATION, SLICE_LIT("corr")), RC_OK);
		r.attrs = buf_slice(&attrs);
		end.payload_bytes += r.payload.n;
		assert_int_equal(record_encode(&r, &b), RC_OK);
	}
	end_encode(&end, &b);
	buf_reset(&attrs);
	return b;
}

static void
message_round_trip(void **state)
{
	struct record r = sample(1), back = { 0 };
	struct buf b = { 0 }, attrs = { 0 };
	struct slice in, v;

	(void)state;
	assert_int_equal(attr_put(&attrs, ATTR_USER, SLICE_LIT("alice")), RC_OK);
	assert_int_equal(attr_put(&attrs, ATTR_USER, SLICE_LIT("")), RC_OK);
	assert_int_equal(attr_put(&attrs, 4711, SLICE_LIT("what we do not know")), RC_OK);
	r.attrs = buf_slice(&attrs);
	r.head_tail = SLICE_LIT("tail of version 2 ......");
	assert_int_equal(record_encode(&r, &b), RC_OK);
	assert_int_equal(b.n, record_size(&r));
	assert_int_equal(b.n % 8, 0);

	struct guarded g = guarded(buf_slice(&b));
	in = g.s;
	assert_int_equal(record_decode(&in, &back), RC_OK);
	assert_int_equal(in.n, 0);
	assert_true(record_check(&back));
	assert_int_equal(back.time_ns, r.time_ns);
	assert_int_equal(back.id, r.id);
	assert_true(addr_eq(&back.src, &r.src) && addr_eq(&back.dst, &r.dst));
	assert_int_equal(back.capture_id, r.capture_id);
	assert_int_equal(back.capture_point, 3);
	assert_int_equal(back.ip_id, 0xabcd);
	assert_int_equal(back.user_flags, r.user_flags);
	assert_memory_equal(&back.sip, &r.sip, sizeof(r.sip));
	assert_true(slice_eq(back.head_tail, r.head_tail));
	assert_true(slice_eq(back.payload, r.payload));
	assert_true(attr_get(back.attrs, ATTR_USER, &v));
	assert_slice(v, "alice");
	assert_true(attr_get(back.attrs, 4711, &v));
	assert_slice(v, "what we do not know");
	assert_false(attr_get(back.attrs, ATTR_TABLE, &v));

	/* A rewriter that changes nothing writes the same bytes. */
	struct buf again = { 0 };
	assert_int_equal(record_encode(&back, &again), RC_OK);
	assert_true(slice_eq(buf_slice(&again), g.s));
	guarded_free(&g);
	buf_reset(&b);
	buf_reset(&again);
	buf_reset(&attrs);
}

static void
every_prefix_wants_more(void **state)
{
	struct buf b = stream(1);
	struct slice whole = slice_of(b.p + HEADER_HEAD, b.n - HEADER_HEAD - END_HEAD);
	struct record r;

	(void)state;
	for (size_t n = 1; n < whole.n; n++) {
		struct guarded g = guarded(slice_head(whole, n));
		struct slice in = g.s;

		assert_int_equal(record_decode(&in, &r), RC_MORE);
		assert_int_equal(in.n, n);
		guarded_free(&g);
	}
	buf_reset(&b);
}

/* Offsets beyond the payload are refused although the checksum is right. */
static void
index_beyond_the_payload(void **state)
{
	struct record r = sample(0), back;
	struct buf b = { 0 };
	struct slice in;

	(void)state;
	r.sip.span[SIP_SPAN_BRANCH] = (struct sip_span){ (uint32_t)r.payload.n - 1, 2 };
	assert_int_equal(record_encode(&r, &b), RC_OK);
	in = buf_slice(&b);
	assert_int_equal(record_decode(&in, &back), RC_BAD);
	r.sip.span[SIP_SPAN_BRANCH] = (struct sip_span){ UINT32_MAX, UINT32_MAX };
	buf_clear(&b);
	assert_int_equal(record_encode(&r, &b), RC_OK);
	in = buf_slice(&b);
	assert_int_equal(record_decode(&in, &back), RC_BAD);
	buf_reset(&b);
}

static void
payload_limit(void **state)
{
	struct record r = sample(0), back;
	uint8_t *big = calloc(1, TRACE_MAX_PAYLOAD + 1);
	struct buf b = { 0 };
	struct slice in;

	(void)state;
	r.marks = 0;
	r.payload = slice_of(big, TRACE_MAX_PAYLOAD + 1);
	assert_int_equal(record_encode(&r, &b), RC_LIMIT);
	r.payload.n--;
	assert_int_equal(record_encode(&r, &b), RC_OK);
	in = buf_slice(&b);
	assert_int_equal(record_decode(&in, &back), RC_OK);
	assert_int_equal(back.payload.n, TRACE_MAX_PAYLOAD);
	buf_reset(&b);
	free(big);
}

/* Attributes replaced and added keep their block sound whatever their lengths are. */
static void
attributes_of_all_lengths(void **state)
{
	struct buf a = { 0 }, b = { 0 };
	char text[40];
	struct slice rest, v;
	uint16_t type;
	size_t n = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++)
		assert_int_equal(attr_put(&a, len % 2 ? ATTR_USER : ATTR_NODE, slice_of(text, len)), RC_OK);
	assert_int_equal(a.n % 8, 0);
	attr_copy_without(&b, buf_slice(&a), ATTR_USER);
	assert_int_equal(attr_put(&b, ATTR_TABLE, SLICE_LIT("t")), RC_OK);
	for (rest = buf_slice(&b); attr_next(&rest, &type, &v) == RC_OK; n++)
		assert_int_equal(type, n < sizeof(text) / 2 ? ATTR_NODE : ATTR_TABLE);
	assert_int_equal(n, sizeof(text) / 2 + 1);
	assert_int_equal(attr_put(&b, ATTR_TABLE, slice_of(text, 65536)), RC_LIMIT);
	buf_reset(&a);
	buf_reset(&b);
}

/* `bytes` as a file to read from. */
static int
as_file(struct slice bytes)
{
	char path[] = "/tmp/trace_test.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) != 0 || write(fd, bytes.p, bytes.n) != (ssize_t)bytes.n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

struct outcome {
	unsigned messages, other;
	uint64_t ids;		/* sum, to tell which came */
	enum rc rc;
	struct reader_damage damage;
	struct err e;
};

static struct outcome
read_all(struct slice bytes, bool verify)
{
	struct reader_conf conf = { .wake_fd = -1, .verify = verify };
	struct outcome o = { 0 };
	struct record r[16];
	int fd = as_file(bytes);
	struct reader *rd = reader_new(fd, &conf);
	size_t n;

	while ((o.rc = reader_batch(rd, r, 16, &n, &o.e)) == RC_OK)
		for (size_t i = 0; i < n; i++) {
			o.messages += r[i].type == FRAME_MESSAGE;
			o.other += r[i].type != FRAME_MESSAGE;
			o.ids += r[i].type == FRAME_MESSAGE ? r[i].id : 0;
		}
	o.damage = *reader_damage(rd);
	reader_free(rd);
	close(fd);
	return o;
}

static void
whole_stream(void **state)
{
	struct buf b = stream(100);
	struct outcome o = read_all(buf_slice(&b), true);

	(void)state;
	assert_int_equal(o.rc, RC_END);
	assert_int_equal(o.messages, 100);
	assert_int_equal(o.other, 2);
	assert_false(o.damage.truncated || o.damage.frames || o.damage.no_header || o.damage.count_mismatch);
	buf_reset(&b);
}

static void
concatenated_streams(void **state)
{
	struct buf a = stream(3), b = stream(4);
	struct outcome o;

	(void)state;
	buf_put(&a, buf_slice(&b));
	o = read_all(buf_slice(&a), true);
	assert_int_equal(o.rc, RC_END);
	assert_int_equal(o.messages, 7);
	assert_false(o.damage.truncated || o.damage.count_mismatch);
	/* The first one lost its end: said, and the second is read all the same. */
	a.n = 0;
	buf_reset(&a);
	a = stream(3);
	a.n -= END_HEAD;
	buf_put(&a, buf_slice(&b));
	o = read_all(buf_slice(&a), true);
	assert_int_equal(o.messages, 7);
	assert_true(o.damage.truncated);
	buf_reset(&a);
	buf_reset(&b);
}

/* Cut anywhere: all whole frames are delivered, then it is reported. */
static void
truncated_anywhere(void **state)
{
	struct buf b = stream(3);
	size_t frame = (b.n - HEADER_HEAD - END_HEAD) / 3;

	(void)state;
	for (size_t n = HEADER_HEAD; n < b.n; n++) {
		struct outcome o = read_all(slice_of(b.p, n), true);
		size_t want = (n - HEADER_HEAD) / frame;

		assert_int_equal(o.rc, RC_END);
		assert_int_equal(o.messages, want < 3 ? want : 3);
		assert_true(o.damage.truncated);
		assert_int_equal(o.damage.frames, 0);
	}
	buf_reset(&b);
}

/*
 * One bit flipped, in every position of a stream: at most that one message is lost, none is made up, and the damage is
 * noticed wherever the bit means something.
 */
static void
flipped_bits(void **state)
{
	struct buf b = stream(5);
	uint64_t all = 77 + 78 + 79 + 80 + 81;
	size_t quiet = 0;

	(void)state;
	for (size_t bit = 0; bit < b.n * 8; bit++) {
		struct outcome o;

		b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		o = read_all(buf_slice(&b), true);
		b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(o.rc, RC_END);
		assert_in_range(o.messages, 4, 5);
		if (o.messages == 5)
			assert_int_equal(o.ids, all);
		else
			assert_in_range(all - o.ids, 77, 81);
		if (!o.damage.frames && !o.damage.payloads && !o.damage.truncated && !o.damage.no_header)
			quiet++;
	}
	/* Only the padding behind each of the five payloads is covered by no checksum. */
	assert_int_equal(quiet, (size_t)5 * 8 * (-(sizeof(sip) - 1) & 7));
	buf_reset(&b);
}

static void
garbage_before_and_between(void **state)
{
	struct buf b = stream(3), all = { 0 };
	struct outcome o;
	size_t frame = (b.n - HEADER_HEAD - END_HEAD) / 3;

	(void)state;
	buf_add(&all, b.p, HEADER_HEAD + frame);
	buf_str(&all, "\xd1STR garbage with a sync \xd1ST");
	buf_add(&all, b.p + HEADER_HEAD + frame, b.n - HEADER_HEAD - frame);
	o = read_all(buf_slice(&all), true);
	assert_int_equal(o.messages, 3);
	assert_int_equal(o.damage.frames, 1);
	assert_int_equal(o.damage.bytes, strlen("\xd1STR garbage with a sync \xd1ST"));
	assert_false(o.damage.truncated);
	buf_reset(&b);
	buf_reset(&all);
}

static void
no_stream_at_all(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *hint;
	} rows[] = {
		{ "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 8, "pcap" },
		{ "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00", 8, "pcapng" },
		{ "INVITE sip:a@b SIP/2.0\r\n\r\n", 26, "not a trace record stream" },
		{ "x", 1, "not a trace record stream" },
	};
	struct buf big = { 0 };
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		o = read_all(slice_of(rows[i].text, rows[i].n), true);
		assert_int_equal(o.rc, RC_BAD);
		assert_non_null(strstr(o.e.text, rows[i].hint));
	}
	buf_zero(&big, 3u << 20);
	o = read_all(buf_slice(&big), true);
	assert_int_equal(o.rc, RC_BAD);
	buf_reset(&big);
	o = read_all(slice_of("", 0), true);
	assert_int_equal(o.rc, RC_END);
	assert_true(o.damage.truncated);
}

static void
newer_version_and_features(void **state)
{
	struct stream_header h = { .version = 2 };
	struct buf b = { 0 };
	struct outcome o;

	(void)state;
	header_encode(&h, &b);
	o = read_all(buf_slice(&b), true);
	assert_int_equal(o.rc, RC_BAD);
	assert_non_null(strstr(o.e.text, "version 2"));
	buf_clear(&b);
	h = (struct stream_header){ .version = 1, .features = 4 };
	header_encode(&h, &b);
	o = read_all(buf_slice(&b), true);
	assert_int_equal(o.rc, RC_BAD);
	assert_non_null(strstr(o.e.text, "features 0x4"));
	buf_reset(&b);
}

/* Types this version does not know are delivered with their bytes, for passing on. */
static void
unknown_frame_types(void **state)
{
	struct buf b = { 0 };
	struct record r = { 0 };
	struct slice in;
	uint8_t *p = frame_begin(&b, 99, 7, 32, 40);

	(void)state;
	store_le32(p + FRAME_PAYLOAD_LEN, 3);
	memcpy(p + 24, "headtail...\0\0\0\0\0", 16);
	frame_finish(&b, p, 40);
	in = buf_slice(&b);
	assert_int_equal(record_decode(&in, &r), RC_OK);
	assert_int_equal(r.type, 99);
	assert_int_equal(r.raw.n, 40);
	assert_int_equal(in.n, 0);
	buf_reset(&b);
}

/* Small and large frames through a pipe, passed and put, come out as they went in. */
static void
writer_keeps_order_and_bytes(void **state)
{
	struct buf b = stream(3000), out = { 0 };
	struct reader_conf conf = { .wake_fd = -1 };
	int fd = as_file(buf_slice(&b)), to = as_file(slice_of("", 0));
	struct reader *rd = reader_new(fd, &conf);
	struct writer *w = writer_new(to, NULL);
	struct record r[64];
	struct err e;
	size_t n, i = 0;

	(void)state;
	while (reader_batch(rd, r, 64, &n, &e) == RC_OK) {
		for (size_t k = 0; k < n; k++) {
			struct stream_header h;

			if (r[k].type == FRAME_HEADER) {
				assert_int_equal(record_header(&r[k], &h), RC_OK);
				assert_int_equal(writer_start(w, &h, &e), RC_OK);
			} else if (r[k].type == FRAME_MESSAGE) {
				if (i++ % 1000 == 500)
					assert_int_equal(writer_put(w, &r[k], &e), RC_OK);
				else
					assert_int_equal(writer_pass(w, &r[k], &e), RC_OK);
			}
		}
		assert_int_equal(writer_settle(w, &e), RC_OK);
	}
	assert_int_equal(writer_end(w, &e), RC_OK);
	buf_room(&out, b.n);
	assert_int_equal(pread(to, out.p, b.n, 0), b.n);
	out.n = b.n;
	assert_true(slice_eq(buf_slice(&out), buf_slice(&b)));
	assert_int_equal(lseek(to, 0, SEEK_END), b.n);
	reader_free(rd);
	writer_free(w);
	buf_reset(&b);
	buf_reset(&out);
	close(fd);
	close(to);
}

static void
record_ids(void **state)
{
	struct id_maker *m = id_maker_new(), *other = id_maker_new();
	struct record r = sample(0);
	uint64_t first = record_id(m, &r), second = record_id(m, &r), third = record_id(m, &r);

	(void)state;
	assert_true(first != second && second != third && first != third);
	assert_int_equal(record_id(other, &r), first);
	assert_int_equal(record_id(other, &r), second);
	r.time_ns += 1;		/* within the microsecond: an equal */
	assert_int_equal(record_id(other, &r), third);
	r.time_ns += 1000;
	assert_int_not_equal(record_id(other, &r), first);
	r = sample(0);
	r.capture_id++, r.capture_point++, r.ip_id++, r.direction = DIR_OUT;	/* not in it */
	id_maker_free(other);
	other = id_maker_new();
	assert_int_equal(record_id(other, &r), first);
	r.src.port++;
	assert_int_not_equal(record_id(other, &r), first);
	id_maker_free(m);
	id_maker_free(other);
}

static void
statistics_add_up_once(void **state)
{
	struct counter c[] = { { "seen", UNIT_MESSAGE, STAT_IN, 10 }, { "dropped", UNIT_MESSAGE, STAT_LOST, 2 } };
	struct ledger *l = ledger_new();
	struct buf b = { 0 }, text = { 0 };
	struct slice in;
	struct record r;

	(void)state;
	assert_int_equal(stats_encode(&b, 1, 0, 5, "sipcap", c, 2), RC_OK);
	c[0].value = 30;
	assert_int_equal(stats_encode(&b, 1, 1, 6, "sipcap", c, 2), RC_OK);
	c[0].value = 7;
	assert_int_equal(stats_encode(&b, 2, 0, 6, "hepenc", c, 1), RC_OK);
	buf_room(&b, b.n);
	buf_put(&b, buf_slice(&b));	/* tee'd: everything comes twice */
	for (in = buf_slice(&b); in.n > 0;) {
		assert_int_equal(record_decode(&in, &r), RC_OK);
		assert_int_equal(ledger_add(l, &r), RC_OK);
	}
	ledger_text(l, &text);
	assert_string_equal(buf_cstr(&text), "stage\tunit\tclass\tname\tvalue\n"
	    "sipcap\tmessages\tin\tseen\t30\nsipcap\tmessages\tlost\tdropped\t2\nhepenc\tmessages\tin\tseen\t7\n");
	assert_int_equal(ledger_upstream(l), 1 ^ 2);
	ledger_free(l);
	buf_reset(&b);
	buf_reset(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_round_trip),
		cmocka_unit_test(every_prefix_wants_more),
		cmocka_unit_test(index_beyond_the_payload),
		cmocka_unit_test(payload_limit),
		cmocka_unit_test(attributes_of_all_lengths),
		cmocka_unit_test(whole_stream),
		cmocka_unit_test(concatenated_streams),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(garbage_before_and_between),
		cmocka_unit_test(no_stream_at_all),
		cmocka_unit_test(newer_version_and_features),
		cmocka_unit_test(unknown_frame_types),
		cmocka_unit_test(writer_keeps_order_and_bytes),
		cmocka_unit_test(record_ids),
		cmocka_unit_test(statistics_add_up_once),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
