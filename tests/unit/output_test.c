/* SPDX-License-Identifier: MIT */
#include "output/column.h"
#include "output/escape.h"
#include "output/ledger.h"
#include "output/line.h"
#include "output/split.h"
#include "output/value.h"
#include "samples.h"


typedef void to_text(struct buf *, struct slice);

static const struct {
	const char *name;
	to_text *fn;
	struct slice in;
	const char *out;
} escapes[] = {
	{ "tsv plain", escape_tsv, SLICE_LIT("a b,c\"d"), "a b,c\"d" },
	{ "tsv special", escape_tsv, SLICE_LIT("\t\n\r\\"), "\\t\\n\\r\\\\" },
	{ "tsv others", escape_tsv, SLICE_LIT("\0\x1f\x7f\x80\xff\xc3\xbc"), "\\x00\\x1f\\x7f\\x80\\xff\\xc3\\xbc" },
	{ "tsv edges", escape_tsv, SLICE_LIT(" ~"), " ~" },
	{ "item comma", escape_tsv_item, SLICE_LIT("a,b"), "a\\x2cb" },
	{ "word UTF-8", escape_word, SLICE_LIT("z\xc3\xbcrich \xf0\x9d\x84\x9e"), "z\xc3\xbcrich \xf0\x9d\x84\x9e" },
	{ "word control", escape_word, SLICE_LIT("\x1b[2J\n\r\t\x7f"), "\\x1b[2J\\n\\r\\t\\x7f" },
	{ "word C1", escape_word, SLICE_LIT("\xc2\x9b""2J\xc2\xa0"), "\\xc2\\x9b2J\xc2\xa0" },
	{ "word bidi", escape_word, SLICE_LIT("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8"), "\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\xa8" },
	{ "word no UTF-8", escape_word, SLICE_LIT("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82" },
	{ "word backslash", escape_word, SLICE_LIT("a\\b"), "a\\b" },
	{ "text lines", escape_text, SLICE_LIT("a\r\nb\nc\td\r"), "a\nb\nc\td\\r" },
	{ "text CR CR LF", escape_text, SLICE_LIT("a\r\r\n"), "a\\r\n" },
	{ "json empty", json_string, SLICE_LIT(""), "\"\"" },
	{ "json quotes", json_string, SLICE_LIT("\"\\/"), "\"\\\"\\\\/\"" },
	{ "json lines", json_string, SLICE_LIT("\r\n\t"), "\"\\r\\n\\t\"" },
	{ "json controls", json_string, SLICE_LIT("\0\x01\x1b\x7f"), "\"\\u0000\\u0001\\u001b\\u007f\"" },
	{ "json C1", json_string, SLICE_LIT("\xc2\x80\xc2\x9f\xc2\xa0\xc3\xbc"), "\"\\u0080\\u009f\xc2\xa0\xc3\xbc\"" },
	{ "base64 0", base64, SLICE_LIT(""), "" },		/* RFC 4648 10 */
	{ "base64 1", base64, SLICE_LIT("f"), "Zg==" },
	{ "base64 2", base64, SLICE_LIT("fo"), "Zm8=" },
	{ "base64 3", base64, SLICE_LIT("foo"), "Zm9v" },
	{ "base64 6", base64, SLICE_LIT("foobar"), "Zm9vYmFy" },
	{ "base64 high", base64, SLICE_LIT("\xff\xef\xbe"), "/+++" },
};

static void
escaping(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		struct guarded g = guarded(escapes[i].in);

		buf_clear(&out);
		escapes[i].fn(&out, g.s);
		if (!slice_eq(buf_slice(&out), slice_str(escapes[i].out)))
			fail_msg("%s: have %.*s, want %s", escapes[i].name, SLICE_ARG(buf_slice(&out)), escapes[i].out);
		guarded_free(&g);
	}
	buf_reset(&out);
}

static const struct {
	const char *name;
	struct slice s;
	bool valid;
} texts[] = {
	{ "empty", SLICE_LIT(""), true },
	{ "ASCII of nine", SLICE_LIT("123456789"), true },
	{ "two bytes", SLICE_LIT("\xc2\x80\xdf\xbf"), true },
	{ "three bytes", SLICE_LIT("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"), true },
	{ "four bytes", SLICE_LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true },
	{ "overlong two", SLICE_LIT("\xc0\x80"), false },
	{ "overlong three", SLICE_LIT("\xe0\x9f\xbf"), false },
	{ "overlong four", SLICE_LIT("\xf0\x8f\xbf\xbf"), false },
	{ "surrogate", SLICE_LIT("\xed\xa0\x80"), false },
	{ "beyond U+10FFFF", SLICE_LIT("\xf4\x90\x80\x80"), false },
	{ "lead f5", SLICE_LIT("\xf5\x80\x80\x80"), false },
	{ "stray continuation", SLICE_LIT("12345678\x80"), false },
	{ "cut three", SLICE_LIT("abc\xe2\x82"), false },
	{ "cut four", SLICE_LIT("\xf0\x9d\x84"), false },
};

static void
utf8(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct guarded g = guarded(texts[i].s);

		if (utf8_valid(g.s) != texts[i].valid)
			fail_msg("%s", texts[i].name);
		guarded_free(&g);
	}
}

static const struct {
	const char *list;
	enum rc rc;
	size_t n;
} lists[] = {
	{ "time", RC_OK, 1 },
	{ COLUMNS_DEFAULT, RC_OK, 10 },
	{ "payload,id", RC_OK, 2 },
	{ "", RC_BAD, 0 },
	{ "time,", RC_BAD, 0 },
	{ ",time", RC_BAD, 0 },
	{ "time,,id", RC_BAD, 0 },
	{ "Time", RC_BAD, 0 },
	{ "time,id,time", RC_BAD, 0 },
	{ "tim", RC_BAD, 0 },
	{ "time id", RC_BAD, 0 },
};

static void
column_lists(void **state)
{
	struct columns c;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		c.n = 0;
		if (columns_parse(lists[i].list, &c, &e) != lists[i].rc || c.n != lists[i].n)
			fail_msg("%s", lists[i].list);
	}
	columns_all(&c);
	assert_true(c.n > 20 && c.n <= COLUMNS_MAX);
}

/* A payload cut anywhere, at the end of mapped memory: each format reads nothing beyond it, and a line stays one line. */
static void
every_prefix(void **state)
{
	struct buf mem = { 0 }, out = { 0 };
	struct columns all;

	(void)state;
	columns_all(&all);
	for (size_t i = 0; i < SAMPLES; i++) {
		struct record whole = sample_record(i, &mem);

		for (size_t n = 0; n <= whole.payload.n; n++) {
			struct guarded g = guarded(slice_head(whole.payload, n));
			struct record r = whole;

			r.payload = g.s;
			r.marks &= (uint8_t)~MARK_SIP;
			if (sip_scan(r.payload, &r.sip) == RC_OK)
				r.marks |= MARK_SIP;
			buf_clear(&out);
			tsv_line(&out, &all, &r);
			assert_int_equal(slice_chr(buf_slice(&out), '\n'), out.n - 1);
			buf_clear(&out);
			json_line(&out, &all, &r);
			assert_int_equal(slice_chr(buf_slice(&out), '\n'), out.n - 1);
			assert_true(utf8_valid(buf_slice(&out)));
			buf_clear(&out);
			line_put(&out, &r);
			assert_int_equal(slice_chr(buf_slice(&out), '\n'), out.n - 1);
			full_put(&out, &r);
			guarded_free(&g);
		}
	}
	buf_reset(&mem);
	buf_reset(&out);
}

static const struct {
	const char *name;
	uint64_t s;
	const char *out;
} times[] = {
	{ "epoch", 0, "1970-01-01 00:00:00.000000" },
	{ "leap day", 1709164800, "2024-02-29 00:00:00.000000" },
	{ "after it", 1709251199, "2024-02-29 23:59:59.000000" },
	{ "march", 1709251200, "2024-03-01 00:00:00.000000" },
	{ "2000", 951782400, "2000-02-29 00:00:00.000000" },
	{ "2100 has none", 4107542399, "2100-02-28 23:59:59.000000" },
	{ "2100 march", 4107542400, "2100-03-01 00:00:00.000000" },
	{ "new year", 1735689599, "2024-12-31 23:59:59.000000" },
	{ "last", 18446744073, "2554-07-21 23:34:33.000000" },
};

static void
dates(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct record r = { .type = FRAME_MESSAGE, .time_ns = times[i].s * 1000000000 };

		buf_clear(&out);
		line_put(&out, &r);
		if (!slice_starts(buf_slice(&out), slice_str(times[i].out)))
			fail_msg("%s: have %.26s", times[i].name, (const char *)out.p);
	}
	buf_reset(&out);
}

static const struct {
	const char *name;
	struct slice payload;
	const char *end;
} others[] = {
	{ "text", SLICE_LIT("route 7\nnext"), "log                  route 7\\nnext\n" },
	{ "packet", SLICE_LIT("HEP3\0\1"), "log                  6 bytes\n" },
	{ "no UTF-8", SLICE_LIT("\xff"), "log                  1 bytes\n" },
	{ "nothing", SLICE_LIT(""), "log                  \n" },
};

static void
other_kinds(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct record r = { .type = FRAME_MESSAGE, .kind = KIND_LOG, .payload = others[i].payload };
		size_t n = strlen(others[i].end);

		buf_clear(&out);
		line_put(&out, &r);
		if (out.n < n || memcmp(out.p + out.n - n, others[i].end, n) != 0)
			fail_msg("%s: have %.*s", others[i].name, SLICE_ARG(buf_slice(&out)));
	}
	buf_reset(&out);
}

/* The short way to CSeq's value and the search for the header agree, however the line is written. */
static void
cseq_values(void **state)
{
	static const char *const lines[] = {
		"CSeq: 1 INVITE\r\n", "CSeq:1 INVITE\r\n", "CSeq : 0001 \t INVITE\r\n", "cseq:   7   INVITE   \r\n", "CSeq: 1 INVITE\n",
		"CSeq: INVITE\r\n", "CSeq: 1INVITE\r\n", "CSeq:\r\n 1\r\n INVITE\r\n", "CSeq: 1 INVITE\r\n more\r\n", "CSeq: 1 INVITE x\r\n",
		"CSeq: 1 INVITE", "CSeq: 1 INVITE\r", "CSeq: x 1 INVITE\r\n", "CSeq: -1 INVITE\r\n", "CSeq:\r\n", "CSeq: 1\r\n", "Subject: 1 INVITE\r\n",
		"CSeq: 1 INVITE\r\r\n",
	};
	struct buf text = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct record r = { .marks = MARK_SIP };
		struct slice have = { NULL, 0 }, want = { NULL, 0 };
		bool there;

		buf_clear(&text);
		buf_printf(&text, "INVITE sip:b@h SIP/2.0\r\n%s", lines[i]);
		r.payload = buf_slice(&text);
		assert_int_equal(sip_scan(r.payload, &r.sip), RC_OK);
		there = sip_header(r.payload, SLICE_LIT("CSeq"), 0, &want) && want.n > 0;
		if (record_cseq(&r, &have) != there || (there && !slice_eq(have, want)))
			fail_msg("%s: have \"%.*s\", want \"%.*s\"", lines[i], SLICE_ARG(have), SLICE_ARG(want));
	}
	buf_reset(&text);
}

static const struct {
	const char *name;
	struct slice value;
	const char *file;
} names[] = {
	{ "plain", SLICE_LIT("a84b4c76@host-1.example.com"), "a84b4c76@host-1.example.com.json" },
	{ "parent", SLICE_LIT(".."), "%2E..json" },
	{ "path", SLICE_LIT("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd.json" },
	{ "hidden", SLICE_LIT(".profile"), "%2Eprofile.json" },
	{ "option", SLICE_LIT("-rf"), "%2Drf.json" },
	{ "percent", SLICE_LIT("a%2Fb"), "a%252Fb.json" },
	{ "NUL", SLICE_LIT("a\0b"), "a%00b.json" },
	{ "blank, quotes", SLICE_LIT("a b'\"$~"), "a%20b%27%22%24%7E.json" },
	{ "UTF-8", SLICE_LIT("\xc3\xbc"), "%C3%BC.json" },
	{ "empty", SLICE_LIT(""), "%none.json" },
};

static void
file_names(void **state)
{
	struct buf out = { 0 }, value = { 0 }, other = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		buf_clear(&out);
		split_name(&out, names[i].value, ".json");
		if (!slice_eq(buf_slice(&out), slice_str(names[i].file)))
			fail_msg("%s: have %.*s", names[i].name, SLICE_ARG(buf_slice(&out)));
	}
	for (size_t n = 1; n < 600; n++) {
		buf_u8(&value, n % 7 == 0 ? '/' : 'x');
		buf_clear(&out);
		split_name(&out, buf_slice(&value), ".pcapng");
		assert_true(out.n <= 255);
		assert_false(slice_eq(buf_slice(&out), buf_slice(&other)));	/* long values stay apart */
		buf_clear(&other);
		buf_put(&other, buf_slice(&out));
	}
	buf_reset(&out);
	buf_reset(&value);
	buf_reset(&other);
}

static void
add_snapshot(struct ledger *l, uint64_t instance, uint32_t seq, const char *stage, const struct counter *c, size_t n)
{
	struct buf frame = { 0 };
	struct slice in;
	struct record r;

	assert_int_equal(stats_encode(&frame, instance, seq, 0, stage, c, n), RC_OK);
	in = buf_slice(&frame);
	assert_int_equal(record_decode(&in, &r), RC_OK);
	assert_int_equal(ledger_add(l, &r), RC_OK);
	buf_reset(&frame);
}

static void
ledger_sums(void **state)
{
	const struct counter even[] = {
		{ "a", UNIT_MESSAGE, STAT_IN, 10 }, { "b", UNIT_MESSAGE, STAT_OUT, 4 }, { "c", UNIT_MESSAGE, STAT_LOST, 3 },
		{ "d", UNIT_MESSAGE, STAT_LOST, 1 }, { "e", UNIT_MESSAGE, STAT_HELD, 2 }, { "f", UNIT_MESSAGE, STAT_INFO, 99 },
	};
	struct ledger *l = ledger_new();
	struct buf out = { 0 };

	(void)state;
	add_snapshot(l, 1, 2, "one", even, 6);
	add_snapshot(l, 1, 1, "one", even, 3);		/* an older snapshot does not count */
	assert_true(ledger_table(l, &out));
	assert_non_null(strstr(buf_cstr(&out), "one          messages           10            4            4            -            -            2  ok\n"));
	add_snapshot(l, 2, 1, "t\x1b[2Jwo", even, 3);
	buf_clear(&out);
	assert_false(ledger_table(l, &out));
	assert_non_null(strstr(buf_cstr(&out), "t\\x1b[2Jwo"));
	assert_non_null(strstr(buf_cstr(&out), "3 unaccounted for"));
	ledger_free(l);
	buf_reset(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escaping),
		cmocka_unit_test(utf8),
		cmocka_unit_test(column_lists),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(dates),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(cseq_values),
		cmocka_unit_test(file_names),
		cmocka_unit_test(ledger_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
