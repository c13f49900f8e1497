/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "sip/msg.h"
#include "sip/xheaders.h"

#define T 1795375243821824000ull

static struct addr
at(const char *text)
{
	struct addr a = { 0 };

	if (text[0] != '\0')
		assert_int_equal(addr_port_parse(slice_str(text), &a), RC_OK);
	return a;
}

static void
lines_are_the_modules(void **state)
{
	static const struct {
		const char *name;
		uint8_t transport;
		const char *src, *dst;
		uint64_t time_ns;
		const char *method, *direction, *want;
	} rows[] = {
		{ "as captured from the module", TRANSPORT_UDP, "127.0.1.10:16061", "127.0.2.20:16060", T, "INVITE", "in",
		    "X-Siptrace-Fromip: udp:127.0.1.10:16061\r\nX-Siptrace-Toip: udp:127.0.2.20:16060\r\n"
		    "X-Siptrace-Time: 1795375243 821824\r\nX-Siptrace-Method: INVITE\r\nX-Siptrace-Dir: in\r\n" },
		{ "IPv6 in brackets, no leading zeros", TRANSPORT_WSS, "[::1]:5060", "[2001:db8::1]:5061", 1000042999, "BYE", "out",
		    "X-Siptrace-Fromip: wss:[::1]:5060\r\nX-Siptrace-Toip: wss:[2001:db8::1]:5061\r\n"
		    "X-Siptrace-Time: 1 42\r\nX-Siptrace-Method: BYE\r\nX-Siptrace-Dir: out\r\n" },
		{ "what is not known", TRANSPORT_NONE, "", "1.2.3.4:5", 0, "", "",
		    "X-Siptrace-Fromip: -\r\nX-Siptrace-Toip: udp:1.2.3.4:5\r\n"
		    "X-Siptrace-Time: 0 0\r\nX-Siptrace-Method: -\r\nX-Siptrace-Dir: -\r\n" },
	};
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_clear(&b);
		xheaders_write(&(struct xheaders){ rows[i].transport, at(rows[i].src), at(rows[i].dst), rows[i].time_ns,
		    slice_str(rows[i].method), slice_str(rows[i].direction) }, &b);
		assert_slice(buf_slice(&b), rows[i].want);
	}
	buf_reset(&b);
}

static void
place_is_the_empty_line(void **state)
{
	static const struct {
		const char *name, *before, *after;
		bool bad;
	} rows[] = {
		{ "CRLF", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "\r\n", false },
		{ "CRLF and a body with an empty line", "BYE sip:a SIP/2.0\r\nl: 8\r\n", "\r\na\r\n\r\nb\r\n", false },
		{ "bare LF", "BYE sip:a SIP/2.0\nl: 0\n", "\nbody", false },
		{ "mixed", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "\nbody", false },
		{ "leading empty lines", "\r\n\r\nBYE sip:a SIP/2.0\r\nl: 0\r\n", "\r\n", false },
		{ "cut in the headers", "BYE sip:a SIP/2.0\r\nl: 0\r\n", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[256];
		struct sip_index x;
		size_t off = 0, n = (size_t)snprintf(text, sizeof(text), "%s%s", rows[i].before, rows[i].after);

		assert_int_equal(sip_scan(slice_of(text, n), &x), RC_OK);
		if ((xheaders_place(&x, slice_of(text, n), &off) == RC_OK) == rows[i].bad)
			fail_msg("%s: verdict", rows[i].name);
		if (!rows[i].bad && off != strlen(rows[i].before))
			fail_msg("%s: at %zu", rows[i].name, off);
	}
}

/* An index that came with a record is not believed. */
static void
place_is_within_the_message(void **state)
{
	struct sip_index x = { .body = 5 };
	struct guarded g = guarded(SLICE_LIT("a\r\n\r"));
	size_t off;

	(void)state;
	assert_int_equal(xheaders_place(&x, g.s, &off), RC_BAD);
	guarded_free(&g);
	assert_int_equal(xheaders_place(&x, SLICE_LIT("abcdefg"), &off), RC_BAD);
	x.body = 1;
	assert_int_equal(xheaders_place(&x, SLICE_LIT("\n"), &off), RC_OK);
	assert_int_equal(off, 0);
}

#define START "INVITE sip:b@h SIP/2.0\r\nCall-ID: c\r\n"
#define FROM4 "X-Siptrace-Fromip: udp:127.0.1.10:16061\r\n"
#define TO4 "X-Siptrace-Toip: udp:127.0.2.20:16060\r\n"
#define TIME "X-Siptrace-Time: 1795375243 821824\r\n"
#define METHOD "X-Siptrace-Method: INVITE\r\n"
#define DIR "X-Siptrace-Dir: in\r\n"
#define BLOCK FROM4 TO4 TIME METHOD DIR

/* Reads from memory that ends at the message's last byte. NULL `out`: nothing to take out. */
static enum rc
read_lines(const char *text, struct xheaders *x, struct buf *out)
{
	struct guarded g = guarded(slice_str(text));
	struct xheaders_lines lines;
	enum rc rc = xheaders_read(g.s, x, &lines);

	if (rc == RC_OK && out != NULL) {
		buf_clear(out);
		xheaders_remove(g.s, &lines, out);
		assert_int_equal(out->n + lines.bytes, g.s.n);
	}
	x->method = x->direction = (struct slice){ NULL, 0 };	/* of memory that goes */
	guarded_free(&g);
	return rc;
}

static void
lines_are_found_wherever_they_are(void **state)
{
	static const struct {
		const char *name, *msg, *left;
	} rows[] = {
		{ "as written", START "l: 0\r\n" BLOCK "\r\n", START "l: 0\r\n\r\n" },
		{ "a body stays", START BLOCK "\r\nv=0\r\n\r\n" DIR, START "\r\nv=0\r\n\r\n" DIR },
		{ "in front of all", "BYE sip:b SIP/2.0\r\n" BLOCK "i: c\r\n\r\n", "BYE sip:b SIP/2.0\r\ni: c\r\n\r\n" },
		{ "headers behind the block stay", START BLOCK "X-More: 1\r\nl: 0\r\n\r\nbody", START "X-More: 1\r\nl: 0\r\n\r\nbody" },
		{ "any order, between others", START DIR "a: 1\r\n" TIME METHOD "X-b: 2\r\n" TO4 "c: 3\r\n" FROM4 "\r\n",
		    START "a: 1\r\nX-b: 2\r\nc: 3\r\n\r\n" },
		{ "nothing else there", "SIP/2.0 200 OK\r\n" BLOCK "\r\n", "SIP/2.0 200 OK\r\n\r\n" },
		{ "any case, blanks before the colon, no blank behind",
		    START "x-siptrace-FROMIP :UDP:127.0.1.10:16061\r\nX-SIPTRACE-TOIP\t: udp:127.0.2.20:16060 \t\r\n"
		    "x-Siptrace-Time:  1795375243 821824\r\nX-siptrace-method:INVITE\r\nX-Siptrace-Dir: IN\r\n\r\n", START "\r\n" },
		{ "LF alone", "BYE sip:b SIP/2.0\ni: c\nX-Siptrace-Fromip: udp:127.0.1.10:16061\nX-Siptrace-Toip: udp:127.0.2.20:16060\n"
		    "X-Siptrace-Time: 1795375243 821824\nX-Siptrace-Method: INVITE\nX-Siptrace-Dir: in\n\nbody", "BYE sip:b SIP/2.0\ni: c\n\nbody" },
		{ "CRLF lines in a message of LF", "BYE sip:b SIP/2.0\ni: c\n" BLOCK "\nbody", "BYE sip:b SIP/2.0\ni: c\n\nbody" },
		{ "folded", START "X-Siptrace-Fromip:\r\n udp:127.0.1.10:16061\r\nX-Siptrace-Time: 1795375243\r\n\t 821824\r\n" METHOD DIR
		    "X-Siptrace-Toip: udp:127.0.2.20:16060\r\n \r\n\r\n", START "\r\n" },
		{ "the last block counts, the one before stays",
		    START "X-Siptrace-Fromip: udp:9.9.9.9:9\r\nX-Siptrace-Toip: udp:8.8.8.8:8\r\nX-Siptrace-Time: 1 1\r\n"
		    "X-Siptrace-Method: BYE\r\nX-Siptrace-Dir: out\r\n" BLOCK "\r\n",
		    START "X-Siptrace-Fromip: udp:9.9.9.9:9\r\nX-Siptrace-Toip: udp:8.8.8.8:8\r\nX-Siptrace-Time: 1 1\r\n"
		    "X-Siptrace-Method: BYE\r\nX-Siptrace-Dir: out\r\n\r\n" },
		{ "a line of the sender's own changes nothing", START "X-Siptrace-Dir: sideways\r\nX-Siptrace-Time: now\r\n" BLOCK "\r\n",
		    START "X-Siptrace-Dir: sideways\r\nX-Siptrace-Time: now\r\n\r\n" },
		{ "empty lines before the start line", "\r\n\r\n" START BLOCK "\r\n", "\r\n\r\n" START "\r\n" },
		{ "names that only begin so", START "X-Siptrace-Timer: 1 1\r\nX-Siptrace: 1\r\nX-Siptrace-Di: out\r\n" BLOCK "\r\n",
		    START "X-Siptrace-Timer: 1 1\r\nX-Siptrace: 1\r\nX-Siptrace-Di: out\r\n\r\n" },
	};
	const struct addr src = at("127.0.1.10:16061"), dst = at("127.0.2.20:16060");
	struct buf left = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct xheaders x;

		if (read_lines(rows[i].msg, &x, &left) != RC_OK)
			fail_msg("%s: not read", rows[i].name);
		if (!slice_eq(buf_slice(&left), slice_str(rows[i].left)))
			fail_msg("%s: left \"%.*s\"", rows[i].name, SLICE_ARG(buf_slice(&left)));
		if (!addr_eq(&x.src, &src) || !addr_eq(&x.dst, &dst) || x.transport != TRANSPORT_UDP || x.time_ns != T)
			fail_msg("%s: values", rows[i].name);
	}
	buf_reset(&left);
}

static void
addresses_are_what_the_module_writes(void **state)
{
	static const struct {
		const char *name, *from, *to, *src, *dst;
		uint8_t transport;
	} rows[] = {
		{ "brackets", "udp:[::1]:16060", "udp:[2001:db8::1]:5", "[::1]:16060", "[2001:db8::1]:5", TRANSPORT_UDP },
		{ "no brackets", "tls:::1:16060", "tls:2001:db8::1:5", "[::1]:16060", "[2001:db8::1]:5", TRANSPORT_TLS },
		{ "as long as they get", "sctp:[1111:2222:3333:4444:5555:6666:7777:8888]:65535", "sctp:1111:2222:3333:4444:5555:6666:255.255.255.255:65535",
		    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535", "[1111:2222:3333:4444:5555:6666:ffff:ffff]:65535", TRANSPORT_SCTP },
		{ "two transports: the destination's", "udp:1.2.3.4:5", "wss:1.2.3.5:6", "1.2.3.4:5", "1.2.3.5:6", TRANSPORT_WSS },
		{ "an address of its own (trace_local_ip)", "1.2.3.4:5", "tcp:1.2.3.5:6", "1.2.3.4:5", "1.2.3.5:6", TRANSPORT_TCP },
		{ "without transport at the end", "tcp:1.2.3.5:6", "1.2.3.4", "1.2.3.5:6", "1.2.3.4", TRANSPORT_TCP },
		{ "not known to the module", "tcp:1.2.3.4:5", "any:255.255.255.255", "1.2.3.4:5", "", TRANSPORT_TCP },
		{ "the same with a port", "any:255.255.255.255:5060", "udp:[::1]:5", "", "[::1]:5", TRANSPORT_UDP },
		{ "not known to us", "-", "-", "", "", TRANSPORT_NONE },
	};
	char msg[512];
	struct xheaders x;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct addr src = at(rows[i].src), dst = at(rows[i].dst);

		snprintf(msg, sizeof(msg), START TIME METHOD DIR "X-Siptrace-Fromip: %s\r\nX-Siptrace-Toip: %s\r\n\r\n", rows[i].from, rows[i].to);
		if (read_lines(msg, &x, NULL) != RC_OK)
			fail_msg("%s: not read", rows[i].name);
		if (!addr_eq(&x.src, &src) || !addr_eq(&x.dst, &dst) || x.transport != rows[i].transport)
			fail_msg("%s: values", rows[i].name);
	}
}

static void
less_than_five_right_lines_are_none(void **state)
{
	static const struct {
		const char *name, *msg;
	} rows[] = {
		{ "none", START "\r\n" },
		{ "no From", START TO4 TIME METHOD DIR "\r\n" },
		{ "no To", START FROM4 TIME METHOD DIR "\r\n" },
		{ "no time", START FROM4 TO4 METHOD DIR "\r\n" },
		{ "no method", START FROM4 TO4 TIME DIR "\r\n" },
		{ "no direction", START FROM4 TO4 TIME METHOD "\r\n" },
		{ "one is in the body", START FROM4 TO4 TIME METHOD "\r\n" DIR "\r\n" },
		{ "one is a fold", START FROM4 TO4 TIME METHOD " " DIR "\r\n" },
		{ "headers do not end", START BLOCK },
		{ "the last line does not end", START FROM4 TO4 TIME METHOD "X-Siptrace-Dir: in" },
		{ "no SIP", "HTTP/1.1 200 OK\r\n" BLOCK "\r\n" },
		{ "time 0 0", START FROM4 TO4 "X-Siptrace-Time: 0 0\r\n" METHOD DIR "\r\n" },
		{ "no microseconds", START FROM4 TO4 "X-Siptrace-Time: 5\r\n" METHOD DIR "\r\n" },
		{ "a million microseconds", START FROM4 TO4 "X-Siptrace-Time: 5 1000000\r\n" METHOD DIR "\r\n" },
		{ "a time beyond nanoseconds", START FROM4 TO4 "X-Siptrace-Time: 18446744074 0\r\n" METHOD DIR "\r\n" },
		{ "a negative time", START FROM4 TO4 "X-Siptrace-Time: -5 0\r\n" METHOD DIR "\r\n" },
		{ "three numbers", START FROM4 TO4 "X-Siptrace-Time: 5 0 0\r\n" METHOD DIR "\r\n" },
		{ "method empty", START FROM4 TO4 TIME "X-Siptrace-Method: \r\n" DIR "\r\n" },
		{ "method of two words", START FROM4 TO4 TIME "X-Siptrace-Method: IN VITE\r\n" DIR "\r\n" },
		{ "direction empty", START FROM4 TO4 TIME METHOD "X-Siptrace-Dir:\r\n\r\n" },
		{ "direction unheard of", START FROM4 TO4 TIME METHOD "X-Siptrace-Dir: inout\r\n\r\n" },
		{ "the last value is wrong, one before is right", START BLOCK "X-Siptrace-Dir: x\r\n\r\n" },
		{ "no address", START "X-Siptrace-Fromip: udp:host:5060\r\n" TO4 TIME METHOD DIR "\r\n" },
		{ "address empty", START "X-Siptrace-Fromip:\r\n" TO4 TIME METHOD DIR "\r\n" },
		{ "address longer than any", START "X-Siptrace-Fromip: udp:1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:5060\r\n"
		    TO4 TIME METHOD DIR "\r\n" },
		{ "address and more", START "X-Siptrace-Fromip: udp:1.2.3.4:5060 x\r\n" TO4 TIME METHOD DIR "\r\n" },
		{ "port too large", START "X-Siptrace-Fromip: udp:1.2.3.4:65536\r\n" TO4 TIME METHOD DIR "\r\n" },
		{ "no such transport", START "X-Siptrace-Fromip: udp6:1.2.3.4:5060\r\n" TO4 TIME METHOD DIR "\r\n" },
		{ "IPv4 and IPv6", START "X-Siptrace-Fromip: udp:[::1]:5060\r\n" TO4 TIME METHOD DIR "\r\n" },
	};
	struct xheaders x;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (read_lines(rows[i].msg, &x, NULL) != RC_BAD)
			fail_msg("%s: read", rows[i].name);
}

/* Every prefix of a message: only the whole header block has them. */
static void
a_prefix_has_none(void **state)
{
	static const char msg[] = START BLOCK "\r\n";
	char text[sizeof(msg)];
	struct xheaders x;

	(void)state;
	for (size_t n = 0; n < sizeof(msg) - 1; n++) {
		memcpy(text, msg, n);
		text[n] = '\0';
		assert_int_equal(read_lines(text, &x, NULL), RC_BAD);
	}
}

static void
method_and_direction_come_as_they_are(void **state)
{
	struct xheaders x;
	struct xheaders_lines lines;

	(void)state;
	assert_int_equal(xheaders_read(SLICE_LIT(START BLOCK "\r\n"), &x, &lines), RC_OK);
	assert_slice(x.method, "INVITE");
	assert_slice(x.direction, "in");
	assert_int_equal(lines.n, 1);
	assert_int_equal(xheaders_read(SLICE_LIT(START FROM4 TO4 TIME "X-Siptrace-Method: -\r\nX-Siptrace-Dir: -\r\n\r\n"), &x, &lines), RC_OK);
	assert_int_equal(x.method.n, 0);
	assert_int_equal(x.direction.n, 0);
}

/* A record's index may be anything: a method with a line end in it must not become lines of its own. */
static void
a_method_cannot_break_the_block(void **state)
{
	struct xheaders x = { .transport = TRANSPORT_UDP, .time_ns = T, .method = SLICE_LIT("A\r\nX-Siptrace-Dir: out"), .direction = SLICE_LIT("in") };
	struct xheaders_lines lines;
	struct buf b = { 0 };

	(void)state;
	buf_str(&b, START);
	xheaders_write(&x, &b);
	buf_str(&b, "\r\n");
	assert_int_equal(xheaders_read(buf_slice(&b), &x, &lines), RC_OK);
	assert_slice(x.direction, "in");
	assert_int_equal(x.method.n, 0);
	buf_reset(&b);
}

static void
index_moves_with_the_bytes(void **state)
{
	static const char *const msgs[] = {
		START "f: <sip:u@h>;tag=1\r\nt: <sip:v@h>;tag=2\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\nl: 4\r\n" BLOCK "\r\nbody",
		START BLOCK "f: <sip:u@h>;tag=1\r\nt: <sip:v@h>;tag=2\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\nl: 4\r\n\r\nbody",
		START FROM4 "f: <sip:u@h>;tag=1\r\n" TO4 "t: <sip:v@h>;tag=2\r\n" TIME "v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n" METHOD "CSeq: 1 INVITE\r\n" DIR "\r\nbody",
	};
	struct buf left = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(msgs) / sizeof(msgs[0]); i++) {
		struct xheaders_lines lines;
		struct sip_index x, want;
		struct xheaders h;

		assert_int_equal(sip_scan(slice_str(msgs[i]), &x), RC_OK);
		assert_int_equal(xheaders_read(slice_str(msgs[i]), &h, &lines), RC_OK);
		buf_clear(&left);
		xheaders_remove(slice_str(msgs[i]), &lines, &left);
		assert_int_equal(sip_scan(buf_slice(&left), &want), RC_OK);
		assert_int_equal(xheaders_shift(&lines, &x), RC_OK);
		assert_memory_equal(&x, &want, sizeof(x));
	}
	buf_reset(&left);
}

static void
a_wrong_index_is_refused(void **state)
{
	const struct slice msg = SLICE_LIT(START BLOCK "\r\n");
	struct xheaders_lines lines;
	struct sip_index x = { .body = (uint32_t)msg.n }, before;
	struct xheaders h;

	(void)state;
	assert_int_equal(xheaders_read(msg, &h, &lines), RC_OK);
	x.span[SIP_SPAN_CALLID] = (struct sip_span){ lines.cut[0].off - 1, 2 };
	before = x;
	assert_int_equal(xheaders_shift(&lines, &x), RC_BAD);
	assert_memory_equal(&x, &before, sizeof(x));
	x.span[SIP_SPAN_CALLID] = (struct sip_span){ lines.cut[0].off - 1, 1 };
	x.body = lines.cut[0].off + 3;
	assert_int_equal(xheaders_shift(&lines, &x), RC_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_modules),
		cmocka_unit_test(place_is_the_empty_line),
		cmocka_unit_test(place_is_within_the_message),
		cmocka_unit_test(lines_are_found_wherever_they_are),
		cmocka_unit_test(addresses_are_what_the_module_writes),
		cmocka_unit_test(less_than_five_right_lines_are_none),
		cmocka_unit_test(a_prefix_has_none),
		cmocka_unit_test(method_and_direction_come_as_they_are),
		cmocka_unit_test(a_method_cannot_break_the_block),
		cmocka_unit_test(index_moves_with_the_bytes),
		cmocka_unit_test(a_wrong_index_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
