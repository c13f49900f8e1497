/* SPDX-License-Identifier: MIT */
#include "sip/stream.h"

#include "test.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"	/* in tables, what is not said is zero */

#define MAX (1u << 20)
#define HEAD "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
#define INVITE "INVITE sip:b@h SIP/2.0\r\n" HEAD "Content-Length: 5\r\n\r\nbody\n"
#define OK "SIP/2.0 200 OK\r\n" HEAD "l: 0\r\n\r\n"
#define NOLEN "SIP/2.0 180 Ringing\r\n" HEAD "\r\n"
#define BADLEN "SIP/2.0 181 Later\r\n" HEAD "Content-Length: many\r\n\r\n"

/* Pieces of a stream; "\1N" is a gap of N bytes (one digit a byte: '0' + n), NULL ends the list. */
static const struct row {
	const char *name;
	const char *piece[8];
	const char *msg[8];	/* '*' before it: cut */
	bool midway, given_up;
	uint64_t keepalives;
	uint32_t wire_len;	/* of the last message, where cut */
} rows[] = {
	{ "one", { INVITE }, { INVITE } },
	{ "two in one piece", { INVITE OK }, { INVITE, OK } },
	{ "three, the middle one over two pieces", { INVITE "SIP/2.0 200 OK\r\n" HEAD "l:", " 0\r\n\r\n" INVITE }, { INVITE, OK, INVITE } },
	{ "split within the start line", { "INV", "ITE sip:b@h SIP/2.0\r", "\n" HEAD "Content-Length: 5\r\n\r", "\nbo", "dy\n" OK }, { INVITE, OK } },
	{ "LF line ends", { "SIP/2.0 200 OK\nl: 0\n\n" INVITE }, { "SIP/2.0 200 OK\nl: 0\n\n", INVITE } },
	{ "keep-alives", { "\r\n\r\n", "\r\n\r\n" INVITE "\r\n\r\n" OK, "\r\n\r\n" }, { INVITE, OK }, .keepalives = 4 },
	{ "no Content-Length, nothing behind", { NOLEN, OK }, { NOLEN, OK } },
	{ "no Content-Length, the next one behind", { NOLEN OK }, { NOLEN, OK } },
	{ "no Content-Length, a body", { NOLEN "v=0\r\nm=audio\r\n" OK }, { NOLEN "v=0\r\nm=audio\r\n", OK } },
	{ "no Content-Length, a body, half of the next one", { NOLEN "v=0\r\n" "SIP/2.0 200 O", "K\r\n" HEAD "l: 0\r\n\r\n" }, { NOLEN "v=0\r\n", OK } },
	{ "no Content-Length, a body and that is all", { NOLEN "v=0\r\n" }, { NOLEN "v=0\r\n" } },
	{ "Content-Length that is no number", { BADLEN OK }, { BADLEN, OK } },
	{ "Content-Length beyond all bounds", { "SIP/2.0 200 OK\r\nl: 4000000000\r\n\r\n" OK }, { "SIP/2.0 200 OK\r\nl: 4000000000\r\n\r\n", OK } },
	{ "a body that looks like a message",
	    { "NOTIFY sip:b SIP/2.0\r\nl: 18\r\n\r\nSIP/2.0 200 Sure\r\n" OK }, { "NOTIFY sip:b SIP/2.0\r\nl: 18\r\n\r\nSIP/2.0 200 Sure\r\n", OK } },
	{ "junk between messages", { INVITE "junk\r\nmore junk\r\n" OK }, { INVITE, OK } },
	{ "a start line behind junk within its line", { INVITE "SIP/3-", INVITE OK }, { INVITE, OK } },
	{ "begins in the middle of a body", { "a=sendrecv\r\n" OK }, { OK }, .midway = true },
	{ "begins in the middle of a header", { "nch=z9hG4bK1\r\nCSeq: 1 BYE\r\n\r\n" OK }, { OK }, .midway = true },
	{ "begins with a message", { INVITE }, { INVITE }, .midway = true },
	{ "begins within a body of message/sipfrag", { "SIP/2.0 200 OK\r\n", OK }, { OK }, .midway = true },
	{ "begins in the middle, the start line split", { "x\r\nSIP/2", ".0 200 OK\r\n" HEAD "l: 0\r\n\r\n" }, { OK }, .midway = true },
	{ "HTTP", { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", OK }, { NULL }, .given_up = true },
	{ "TLS", { "\x16\x03\x01\x02", "\x01" }, { NULL }, .given_up = true },
	{ "a gap between messages", { INVITE, "\0019", OK }, { INVITE, OK } },
	{ "a gap within a body", { "SIP/2.0 200 OK\r\nl: 12\r\n\r\nabc", "\0016", "def" OK },
	    { "*SIP/2.0 200 OK\r\nl: 12\r\n\r\nabc", OK } },
	{ "a gap to the end of a body", { "SIP/2.0 200 OK\r\nl: 9\r\n\r\nabc", "\0016", OK }, { "*SIP/2.0 200 OK\r\nl: 9\r\n\r\nabc", OK } },
	{ "a gap beyond a body", { "SIP/2.0 200 OK\r\nl: 4\r\n\r\nabc", "\0016", "tail of another\r\n" OK }, { "*SIP/2.0 200 OK\r\nl: 4\r\n\r\nabc", OK } },
	{ "two gaps within a body", { "SIP/2.0 200 OK\r\nl: 12\r\n\r\nabc", "\0012", "def", "\0014", OK },
	    { "*SIP/2.0 200 OK\r\nl: 12\r\n\r\nabc", OK } },
	{ "how long a message with a gap was", { "SIP/2.0 200 OK\r\nl: 9\r\n\r\nabc", "\0016" },
	    { "*SIP/2.0 200 OK\r\nl: 9\r\n\r\nabc" }, .wire_len = 33 },
	{ "a gap within a header", { "SIP/2.0 200 OK\r\nCall-ID: c\r\nCS", "\0016", "TE\r\n\r\n" OK }, { "*SIP/2.0 200 OK\r\nCall-ID: c\r\nCS", OK } },
	{ "a gap within a start line", { "SIP/2.0 20", "\0016", "\r\nCall-ID: c\r\n\r\n" OK }, { OK } },
};

static size_t
expect(const struct row *r, size_t n, const struct sip_frame *f)
{
	const char *want = r->msg[n];
	struct sip_index x;

	assert_non_null(want);
	assert_int_equal(f->cut, want[0] == '*');
	assert_slice(f->msg, want + f->cut);
	assert_int_equal(sip_scan(f->msg, &x), RC_OK);
	assert_int_equal(x.body, f->index.body);
	assert_memory_equal(x.span, f->index.span, sizeof(x.span));
	if (!f->cut)
		assert_int_equal(f->wire_len, f->msg.n);
	else if (r->wire_len > 0)
		assert_int_equal(f->wire_len, r->wire_len);
	return n + 1;
}

/* Puts bytes in, checks what comes out. */
static size_t
feed(const struct row *r, struct sip_stream *s, struct slice bytes, size_t n)
{
	struct guarded g = guarded(bytes);
	struct sip_frame f;
	enum rc rc;

	sip_stream_put(s, g.s);
	while ((rc = sip_stream_next(s, &f)) == RC_OK)
		n = expect(r, n, &f);
	assert_true(rc == RC_MORE || r->given_up);
	guarded_free(&g);
	return n;
}

static size_t
feed_piece(const struct row *r, struct sip_stream *s, const char *piece, bool bytewise, size_t n)
{
	struct sip_frame f;

	if (piece[0] == '\1')
		return sip_stream_gap(s, (uint32_t)(piece[1] - '0'), &f) == RC_OK ? expect(r, n, &f) : n;
	if (!bytewise)
		return feed(r, s, slice_str(piece), n);
	for (; *piece != '\0'; piece++)
		n = feed(r, s, slice_of(piece, 1), n);
	return n;
}

static void
run(const struct row *r, bool bytewise)
{
	struct sip_stream s;
	struct sip_frame f;
	size_t n = 0;

	print_message("# %s%s\n", r->name, bytewise ? ", byte by byte" : "");
	sip_stream_init(&s, MAX, !r->midway);
	for (size_t i = 0; i < 8 && r->piece[i] != NULL; i++)
		n = feed_piece(r, &s, r->piece[i], bytewise, n);
	assert_true(n == 8 || r->msg[n] == NULL);
	assert_int_equal(sip_stream_next(&s, &f), r->given_up ? RC_BAD : RC_MORE);
	if (!bytewise)
		assert_int_equal(s.keepalives, r->keepalives);
	if (!r->given_up)
		assert_int_equal(sip_stream_gap(&s, 0, &f), RC_END);
	sip_stream_reset(&s);
}

static void
pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		run(&rows[i], false);
}

/* However the bytes are cut, the messages are the same (but where it is guessed from a piece's end). */
static void
byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strstr(rows[i].name, "no Content-Length, a body") == NULL)
			run(&rows[i], true);
}

static void
every_cut_in_two(void **state)
{
	static const struct row r = { .name = "cut in two", .msg = { INVITE, OK, INVITE } };
	struct slice all = SLICE_LIT(INVITE OK INVITE);

	(void)state;
	for (size_t at = 0; at <= all.n; at++) {
		struct sip_stream s;
		size_t n;

		sip_stream_init(&s, MAX, true);
		n = feed(&r, &s, slice_head(all, at), 0);
		n = feed(&r, &s, slice_skip(all, at), n);
		assert_int_equal(n, 3);
		assert_int_equal(sip_stream_held(&s), 0);
		sip_stream_reset(&s);
	}
}

/* A stream that ends early gives what was there, marked. */
static void
the_end_cuts(void **state)
{
	struct sip_stream s;
	struct sip_frame f;

	(void)state;
	sip_stream_init(&s, MAX, true);
	sip_stream_put(&s, SLICE_LIT("SIP/2.0 200 OK\r\nl: 50\r\n\r\nabc"));
	assert_int_equal(sip_stream_next(&s, &f), RC_MORE);
	assert_int_equal(sip_stream_gap(&s, 0, &f), RC_OK);
	assert_true(f.cut);
	assert_int_equal(f.wire_len, f.msg.n + 47);
	assert_int_equal(sip_stream_gap(&s, 0, &f), RC_END);
	sip_stream_reset(&s);
}

static void
endless_junk_is_given_up(void **state)
{
	char junk[4096];
	struct sip_frame f;

	(void)state;
	for (int lines = 0; lines < 2; lines++) {
		struct sip_stream s;
		size_t put = 0;

		memset(junk, 'j', sizeof(junk));
		if (lines)
			junk[100] = '\n';
		sip_stream_init(&s, MAX, false);
		do {
			sip_stream_put(&s, slice_of(junk, sizeof(junk)));
			put += sizeof(junk);
			assert_true(put < 200000);
		} while (sip_stream_next(&s, &f) == RC_MORE);
		assert_true(put > 60000);
		assert_int_equal(sip_stream_held(&s), 0);
		sip_stream_put(&s, SLICE_LIT(OK));
		assert_int_equal(sip_stream_next(&s, &f), RC_BAD);
		sip_stream_reset(&s);
	}
}

static void
an_endless_header_is_given_up(void **state)
{
	static char line[8192];
	struct sip_stream s;
	struct sip_frame f;
	size_t put = 0;
	enum rc rc;

	(void)state;
	memset(line, 'h', sizeof(line));
	line[0] = '\n';
	line[1] = ' ';
	sip_stream_init(&s, MAX, true);
	sip_stream_put(&s, SLICE_LIT("SIP/2.0 200 OK\r\nX: y"));
	do {
		rc = sip_stream_next(&s, &f);
		sip_stream_put(&s, slice_of(line, sizeof(line)));
		put += sizeof(line);
		assert_true(put < 4u << 20 && sip_stream_held(&s) < 2u << 20);
	} while (rc == RC_MORE);
	assert_int_equal(rc, RC_BAD);
	sip_stream_reset(&s);
}

static void
an_idle_stream_holds_no_memory(void **state)
{
	struct sip_stream s;
	struct sip_frame f;

	(void)state;
	sip_stream_init(&s, MAX, true);
	sip_stream_put(&s, SLICE_LIT("SIP/2.0 200 OK\r\nl: 0\r\n"));
	assert_int_equal(sip_stream_next(&s, &f), RC_MORE);
	assert_true(s.kept.cap > 0);
	sip_stream_put(&s, SLICE_LIT("\r\n"));
	assert_int_equal(sip_stream_next(&s, &f), RC_OK);
	assert_int_equal(sip_stream_next(&s, &f), RC_MORE);
	assert_int_equal(s.kept.cap, 0);
	sip_stream_reset(&s);
}

static void
datagrams(void **state)
{
	static const struct {
		const char *name, *in;
		const char *msg[4];
		enum rc end;
	} cases[] = {
		{ "one", INVITE, { INVITE }, RC_BAD },
		{ "joined by the kernel", INVITE OK INVITE, { INVITE, OK, INVITE }, RC_BAD },
		{ "bytes behind the body stay", OK "trailing", { OK "trailing" }, RC_BAD },
		{ "bytes that begin like a method stay", OK "trailing words", { OK "trailing words" }, RC_BAD },
		{ "no Content-Length: all is body", NOLEN OK, { NOLEN OK }, RC_BAD },
		{ "CRLF before it stays", "\r\n" OK, { "\r\n" OK }, RC_BAD },
		{ "a half message behind", OK "SIP/2.0 100 Trying\r\nCall", { OK, "SIP/2.0 100 Trying\r\nCall" }, RC_BAD },
		{ "none", "RTP", { NULL }, RC_MORE },
		{ "HTTP", "GET / HTTP/1.1\r\n\r\n", { NULL }, RC_BAD },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct guarded g = guarded(slice_str(cases[i].in));
		struct slice rest = g.s;
		struct sip_frame f;
		size_t n = 0;
		enum rc rc;

		print_message("# %s\n", cases[i].name);
		while ((rc = sip_datagram_next(&rest, &f)) == RC_OK) {
			assert_non_null(cases[i].msg[n]);
			assert_slice(f.msg, cases[i].msg[n++]);
			assert_false(f.cut);
		}
		assert_null(cases[i].msg[n]);
		assert_int_equal(rc, cases[i].end);
		guarded_free(&g);
	}
}

static void
keepalives(void **state)
{
	(void)state;
	assert_true(sip_is_keepalive(SLICE_LIT("\r\n\r\n")));
	assert_true(sip_is_keepalive(SLICE_LIT("\0\0\0\0")));
	assert_true(sip_is_keepalive(SLICE_LIT("")));
	assert_false(sip_is_keepalive(SLICE_LIT("\r\nx")));
	assert_false(sip_is_keepalive(SLICE_LIT("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n")));
	assert_true(sip_is_keepalive(SLICE_LIT("\0\1\0\0\x21\x12\xa4\x42" "0123456789ab")));
	assert_false(sip_is_keepalive(SLICE_LIT("\0\3\0\0\x21\x12\xa4\x42" "0123456789ab")));
	assert_false(sip_is_keepalive(SLICE_LIT("\0\1\0\0\x21\x12\xa4\x43" "0123456789ab")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(every_cut_in_two),
		cmocka_unit_test(the_end_cuts),
		cmocka_unit_test(endless_junk_is_given_up),
		cmocka_unit_test(an_endless_header_is_given_up),
		cmocka_unit_test(an_idle_stream_holds_no_memory),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(keepalives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
