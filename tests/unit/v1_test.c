/* SPDX-License-Identifier: MIT */
/*
 * The format of version 1 never changes by accident: the samples, encoded now, are byte for byte tests/data/v1.trace, and that
 * file, read now, is tests/data/v1.json. With arguments this program makes streams for other tests:
 *   --v1, --live      the golden streams (tests/golden.sh)
 *   --calls N         N interleaved calls of three messages, one microsecond apart
 *   --big BYTES       two messages of this size, one over UDP and one over TCP
 */
#include "output/column.h"
#include "samples.h"

#include "base/crc32c.h"
#include "base/take.h"

static const struct counter counters[] = {
	{ "frames", UNIT_PACKET, STAT_IN, 20 },
	{ "messages", UNIT_PACKET, STAT_OUT, 12 },
	{ "kernel_drops", UNIT_PACKET, STAT_LOST, 5 },
	{ "no_sip", UNIT_PACKET, STAT_CHOSEN, 2 },
	{ "other_output", UNIT_PACKET, STAT_ROUTED, 1 },
	{ "reassembly", UNIT_PACKET, STAT_HELD, 0 },
	{ "seen", UNIT_MESSAGE, STAT_OUT, 12 },
};

static void
put_header(struct buf *out, bool live)
{
	header_encode(&(struct stream_header){ .version = TRACE_VERSION, .live = live, .disorder_ns = live ? 5000000 : 0 }, out);
}

/* A frame of a type that version 1 does not know, with head, attribute block and payload of its own. */
static void
put_unknown(struct buf *out)
{
	struct record r = { .type = FRAME_MESSAGE, .payload = SLICE_LIT("of a later version") };
	size_t at = out->n;

	assert_int_equal(record_encode(&r, out), RC_OK);
	out->p[at + 4] = 77;
	store_le32(out->p + at + 16, crc32c(crc32c(0, out->p + at, 16), out->p + at + 20, TRACE_MESSAGE_HEAD - 20));
}

static void
make_v1(struct buf *out)
{
	struct id_maker *ids = id_maker_new();
	struct stream_end end = { .frames = SAMPLES + 2, .messages = SAMPLES };
	struct buf mem = { 0 };

	put_header(out, false);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct record r = sample_record(i, &mem);

		r.id = record_id(ids, &r);
		r.frame_flags = i == 1 ? 0x80 : 0;	/* passed on as they are */
		if (i == 2)
			r.head_tail = SLICE_LIT("\1\2\3\4\5\6\7\10");
		end.payload_bytes += r.payload.n;
		assert_int_equal(record_encode(&r, out), RC_OK);
	}
	put_unknown(out);
	assert_int_equal(stats_encode(out, 0x1122334455667788, 3, BEGIN_NS, "sipcap", counters, 7), RC_OK);
	end_encode(&end, out);
	buf_reset(&mem);
	id_maker_free(ids);
}

static void
make_live(struct buf *out)
{
	put_header(out, true);
	for (uint32_t seq = 1; seq <= 2; seq++)
		assert_int_equal(stats_encode(out, 7, seq, BEGIN_NS + seq, "sipcap", counters, 3 + seq), RC_OK);
	end_encode(&(struct stream_end){ .frames = 2 }, out);
}

static void
make_calls(struct buf *out, unsigned calls)
{
	static const char *const first[] = { "INVITE sip:b@h SIP/2.0", "SIP/2.0 200 OK", "ACK sip:b@h SIP/2.0" };
	struct id_maker *ids = id_maker_new();
	struct stream_end end = { .frames = calls * 3, .messages = calls * 3 };
	struct record r = { .type = FRAME_MESSAGE, .transport = TRANSPORT_TCP, .kind = KIND_SIP, .marks = MARK_SIP };
	struct buf text = { 0 };

	put_header(out, false);
	for (unsigned i = 0; i < calls * 3; i++) {
		unsigned call = i % calls, step = i / calls;

		buf_clear(&text);
		buf_printf(&text, "%s\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK%u\r\nFrom: <sip:a@h>;tag=%u\r\nTo: <sip:b@h>\r\n"
		    "Call-ID: call/%u@h\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n", first[step], i, call, call, step == 2 ? "ACK" : "INVITE");
		r.payload = buf_slice(&text);
		r.time_ns = BEGIN_NS + i * 1000;
		sample_addr(step == 1 ? "192.0.2.2:5060" : "192.0.2.1:40000", &r.src);
		sample_addr(step == 1 ? "192.0.2.1:40000" : "192.0.2.2:5060", &r.dst);
		assert_int_equal(sip_scan(r.payload, &r.sip), RC_OK);
		r.id = record_id(ids, &r);
		end.payload_bytes += text.n;
		assert_int_equal(record_encode(&r, out), RC_OK);
	}
	end_encode(&end, out);
	buf_reset(&text);
	id_maker_free(ids);
}

static void
make_big(struct buf *out, size_t bytes)
{
	struct record r = { .type = FRAME_MESSAGE, .time_ns = BEGIN_NS, .transport = TRANSPORT_UDP, .kind = KIND_SIP };
	struct stream_end end = { .frames = 2, .messages = 2 };
	struct buf text = { 0 };

	put_header(out, false);
	buf_printf(&text, "MESSAGE sip:b@h SIP/2.0\r\n" HEADERS("1 MESSAGE") "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", bytes);
	while (bytes-- > 0)
		buf_u8(&text, (uint8_t)('a' + bytes % 26));
	r.payload = buf_slice(&text);
	sample_addr("192.0.2.2:5060", &r.src);
	sample_addr("192.0.2.1:5060", &r.dst);
	assert_int_equal(sip_scan(r.payload, &r.sip), RC_OK);
	r.marks = MARK_SIP;
	assert_int_equal(record_encode(&r, out), RC_OK);
	r.transport = TRANSPORT_TCP;
	assert_int_equal(record_encode(&r, out), RC_OK);
	end.payload_bytes = 2 * text.n;
	end_encode(&end, out);
	buf_reset(&text);
}

static struct buf
read_golden(const char *name)
{
	struct buf b = { 0 }, path = { 0 };
	FILE *f;
	size_t n;

	buf_printf(&path, "tests/data/%s", name);
	f = fopen(buf_cstr(&path), "rb");
	if (f == NULL)
		fail_msg("%s: missing", buf_cstr(&path));
	while ((n = fread(buf_room(&b, 65536), 1, 65536, f)) > 0)
		b.n += n;
	fclose(f);
	buf_reset(&path);
	return b;
}

static void
same_bytes(const char *name, struct buf *have)
{
	struct buf want = read_golden(name);

	if (!slice_eq(buf_slice(have), buf_slice(&want)))
		fail_msg("tests/data/%s: %zu bytes, now %zu, or other ones", name, want.n, have->n);
	buf_reset(&want);
	buf_reset(have);
}

static void
written_as_ever(void **state)
{
	struct buf out = { 0 };

	(void)state;
	make_v1(&out);
	same_bytes("v1.trace", &out);
	make_live(&out);
	same_bytes("v1-live.trace", &out);
}

static void
read_as_ever(void **state)
{
	struct buf file = read_golden("v1.trace"), out = { 0 };
	struct guarded g = guarded(buf_slice(&file));
	struct slice in = g.s;
	struct columns all;
	struct record r;

	(void)state;
	columns_all(&all);
	while (in.n > 0) {
		assert_int_equal(record_decode(&in, &r), RC_OK);
		assert_true(record_check(&r));
		if (r.type == FRAME_MESSAGE)
			json_line(&out, &all, &r);
	}
	same_bytes("v1.json", &out);
	guarded_free(&g);
	buf_reset(&file);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_as_ever),
		cmocka_unit_test(read_as_ever),
	};
	struct buf out = { 0 };

	if (argc < 2)
		return cmocka_run_group_tests(tests, NULL, NULL);
	if (strcmp(argv[1], "--v1") == 0)
		make_v1(&out);
	else if (strcmp(argv[1], "--live") == 0)
		make_live(&out);
	else if (argc > 2 && strcmp(argv[1], "--calls") == 0)
		make_calls(&out, (unsigned)strtoul(argv[2], NULL, 10));
	else if (argc > 2 && strcmp(argv[1], "--big") == 0)
		make_big(&out, strtoul(argv[2], NULL, 10));
	fwrite(out.p, 1, out.n, stdout);
	buf_reset(&out);
	return fflush(stdout) == 0 ? 0 : 1;
}
