/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/hash.h"
#include "sip/msg.h"

#define HEAD "Via: SIP/2.0/UDP a.example:5060;branch=z9hG4bKa\r\n"
#define REST "From: <sip:u@f.example>;tag=f\r\nTo: <sip:v@t.example>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n"
#define LINE "INVITE sip:v@t.example SIP/2.0\r\n"

/* A whole message but for one header, so that what is unusual is so for that one alone. */
#define FROM(v) LINE HEAD "From: " v "\r\nTo: <sip:v@t.example>\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n\r\n"
#define TO(v) LINE HEAD "From: <sip:u@f.example>;tag=f\r\nTo: " v "\r\nCall-ID: c@h\r\nCSeq: 1 INVITE\r\n\r\n"
#define CALLID(v) LINE HEAD "From: <sip:u@f.example>;tag=f\r\nTo: <sip:v@t.example>\r\nCall-ID:" v "\r\nCSeq: 1 INVITE\r\n\r\n"
#define CSEQ(v) LINE HEAD "From: <sip:u@f.example>;tag=f\r\nTo: <sip:v@t.example>\r\nCall-ID: c@h\r\nCSeq: " v "\r\n\r\n"

enum { M = SIP_SPAN_METHOD, CM = SIP_SPAN_CSEQ_METHOD, ID = SIP_SPAN_CALLID, FT = SIP_SPAN_FROM_TAG, TT = SIP_SPAN_TO_TAG,
	FU = SIP_SPAN_FROM_USER, FH = SIP_SPAN_FROM_HOST, TU = SIP_SPAN_TO_USER, TH = SIP_SPAN_TO_HOST,
	RU = SIP_SPAN_RURI_USER, RH = SIP_SPAN_RURI_HOST, BR = SIP_SPAN_BRANCH };

/* One part of one message: `want` NULL is "not there"; flags: those of `mask` are looked at. */
struct row {
	const char *name;
	const char *msg;
	int part;		/* enum sip_span_id, or -1 */
	const char *want;
	uint8_t mask, flags;
};

static const struct row rows[] = {
	{ "a usual request", LINE HEAD REST "\r\n", M, "INVITE", SIP_UNUSUAL | SIP_CUT, 0 },
	{ "its request URI's user", LINE HEAD REST "\r\n", RU, "v", 0, 0 },
	{ "its request URI's host", LINE HEAD REST "\r\n", RH, "t.example", 0, 0 },
	{ "its branch", LINE HEAD REST "\r\n", BR, "z9hG4bKa", 0, 0 },
	{ "its Call-ID", LINE HEAD REST "\r\n", ID, "c@h", 0, 0 },
	{ "its From tag", LINE HEAD REST "\r\n", FT, "f", 0, 0 },
	{ "no To tag", LINE HEAD REST "\r\n", TT, NULL, 0, 0 },
	{ "a reply has no method", "SIP/2.0 200 OK\r\n" HEAD REST "\r\n", M, NULL, SIP_UNUSUAL | SIP_CUT, 0 },
	{ "a reply has a CSeq method", "SIP/2.0 200 OK\r\n" HEAD REST "\r\n", CM, "INVITE", 0, 0 },
	{ "a reply without a blank behind the status", "SIP/2.0 200\r\n" HEAD REST "\r\n", BR, "z9hG4bKa", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "bare LF", "BYE sip:x@y SIP/2.0\nf: <sip:u@h>;tag=1\n\n", FT, "1", SIP_CUT, 0 },
	{ "leading CRLFs", "\r\n\r\n" LINE HEAD REST "\r\n", M, "INVITE", SIP_UNUSUAL, 0 },
	{ "compact f", LINE "f: <sip:u@h>;tag=1\r\n\r\n", FT, "1", 0, 0 },
	{ "compact t", LINE "t: <sip:u@h>;tag=2\r\n\r\n", TT, "2", 0, 0 },
	{ "compact i", LINE "i:abc\r\n\r\n", ID, "abc", 0, 0 },
	{ "compact v", LINE "v:SIP/2.0/TCP h;branch=b\r\n\r\n", BR, "b", 0, 0 },
	{ "Identity is no Call-ID", LINE "Identity: abc\r\n\r\n", ID, NULL, 0, 0 },
	{ "Timestamp is no To", LINE "Timestamp: <sip:u@h>;tag=2\r\n\r\n", TT, NULL, 0, 0 },
	{ "names in any case", LINE "cALL-iD: abc\r\n\r\n", ID, "abc", 0, 0 },
	{ "blanks before the colon", LINE "Call-ID \t : \t abc \t \r\n\r\n", ID, "abc", 0, 0 },
	{ "a name that only begins so", LINE "Call-IDs: abc\r\n\r\n", ID, NULL, 0, 0 },
	{ "a folded value", LINE "Call-ID:\r\n\t abc\r\n\r\n", ID, "abc", 0, 0 },
	{ "a folded tag", LINE "From: <sip:u@h>\r\n ;tag\r\n = \r\n 7\r\n\r\n", FT, "7", 0, 0 },
	{ "a fold in a Call-ID", LINE HEAD "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCSeq: 1 X\r\nCall-ID: a\r\n b\r\n\r\n", ID, "a\r\n b", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "no header in a fold", LINE "Subject: x\r\n Call-ID: no\r\nCall-ID: yes\r\n\r\n", ID, "yes", 0, 0 },
	{ "a tag in a quoted name", LINE "From: \"a;tag=no <sip:x@y>;tag=no\" <sip:u@h>;tag=yes\r\n\r\n", FT, "yes", 0, 0 },
	{ "the URI behind a quoted name", LINE "From: \"<sip:x@y>\" <sip:u@h>;tag=yes\r\n\r\n", FU, "u", 0, 0 },
	{ "escaped quotes in a name", LINE "From: \"a\\\"<sip:x@y>;tag=no\" <sip:u@h>;tag=yes\r\n\r\n", FT, "yes", 0, 0 },
	{ "an escaped backslash ends the name", LINE "From: \"a\\\\\" <sip:u@h>;tag=yes\r\n\r\n", FT, "yes", 0, 0 },
	{ "an open quote", FROM("\"a <sip:u@h>;tag=1"), FT, "1", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a URI parameter is no header tag", LINE "To: <sip:u@h;tag=x>\r\n\r\n", TT, NULL, 0, 0 },
	{ "no <>: it is one", LINE "To: sip:u@h;tag=x\r\n\r\n", TT, "x", 0, 0 },
	{ "no >", TO("<sip:u@h;tag=x"), TT, "x", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "tag in any case", LINE "To: <sip:u@h>;TaG=x\r\n\r\n", TT, "x", 0, 0 },
	{ "a parameter that begins with tag", LINE "To: <sip:u@h>;tagged=1;xtag=2;tag=3\r\n\r\n", TT, "3", 0, 0 },
	{ "a tag inside a quoted parameter", LINE "To: <sip:u@h>;x=\"a;tag=no\";tag=yes\r\n\r\n", TT, "yes", 0, 0 },
	{ "an empty tag", TO("<sip:u@h>;tag="), TT, "", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "an empty Call-ID", CALLID(""), ID, "", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a password is no user", LINE "From: <sip:u:pw@h>\r\n\r\n", FU, "u", 0, 0 },
	{ "nor a host", LINE "From: <sip:u:pw@h>\r\n\r\n", FH, "h", 0, 0 },
	{ "parameters of the user", LINE "From: <sip:u;p=1@h>\r\n\r\n", FU, "u;p=1", 0, 0 },
	{ "an IPv6 host", LINE "From: <sip:u@[2001:db8::1]:5060;lr>\r\n\r\n", FH, "[2001:db8::1]", 0, 0 },
	{ "a host without a user", LINE "From: <sip:h:5060>\r\n\r\n", FH, "h", 0, 0 },
	{ "and no user", LINE "From: <sip:h:5060>\r\n\r\n", FU, NULL, 0, 0 },
	{ "a tel URI", LINE "From: <tel:+44123;phone-context=x>;tag=1\r\n\r\n", FU, "+44123", 0, 0 },
	{ "it has no host", LINE "From: <tel:+44123;phone-context=x>;tag=1\r\n\r\n", FH, NULL, 0, 0 },
	{ "a sips URI", LINE "From: <SIPS:u@h>\r\n\r\n", FU, "u", 0, 0 },
	{ "another scheme", LINE "From: <im:u@h>\r\n\r\n", FU, "u", 0, 0 },
	{ "an opaque scheme", LINE "From: <urn:service:sos>\r\n\r\n", FU, NULL, 0, 0 },
	{ "an empty user", LINE "From: <sip:@h>\r\n\r\n", FU, "", 0, 0 },
	{ "a URI with headers", LINE "From: <sip:h?a=b>\r\n\r\n", FH, "h", 0, 0 },
	{ "an odd port", FROM("<sip:h:pp>"), FH, "h", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a request URI in <>", "INVITE <sip:a@b> SIP/2.0\r\n" HEAD REST "\r\n", RU, "a", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a request URI with a blank", "INVITE sip:a@b; lr SIP/2.0\r\n" HEAD REST "\r\n", RH, "b", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "two blanks", "INVITE  sip:a@b SIP/2.0\r\n" HEAD REST "\r\n", RU, "a", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a request URI with >", "INVITE sip:a@b> SIP/2.0\r\n\r\n", RH, "b>", 0, 0 },
	{ "user parameters in the request URI", "INVITE sip:a;p=1@b SIP/2.0\r\n\r\n", RU, "a;p=1", 0, 0 },
	{ "URI parameters", "INVITE sip:b;p=1 SIP/2.0\r\n\r\n", RH, "b", 0, 0 },
	{ "an odd Via", LINE "Via: SIP/;2.0/UDP h;branch=x\r\n" REST "\r\n", BR, "x", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a Via without a blank", LINE "Via: SIP/2.0/UDPh:5060;branch=x\r\n" REST "\r\n", BR, "x", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "blanks in a Via", LINE "Via: SIP / 2.0 / UDP h ; branch = x\r\n" REST "\r\n", BR, "x", SIP_UNUSUAL, 0 },
	{ "a branch in upper case before another", LINE "Via: SIP/2.0/UDP h;BRANCH=x;branch=y\r\n\r\n", BR, "x", 0, 0 },
	{ "a branch with blanks before another", LINE "Via: SIP/2.0/UDP h; branch = x;branch=y\r\n\r\n", BR, "x", 0, 0 },
	{ "a parameter like it", LINE "Via: SIP/2.0/UDP h;a;branchx=y;branch=x\r\n\r\n", BR, "x", 0, 0 },
	{ "a quick name that ends in a backslash", LINE "From: \"a\\\" <sip:x@y>\" <sip:u@h>;tag=1\r\n\r\n", FU, "u", 0, 0 },
	{ "a quick name with a quick end", LINE "From: \"a\\\" <sip:x@y>;tag=2;\" <sip:u@h>;tag=1\r\n\r\n", FT, "1", 0, 0 },
	{ "a tag that is no token", LINE "From: <sip:u@h>;tag=\"x;tag=y\"\r\n\r\n", FT, "x;tag=y", 0, 0 },
	{ "blanks in the URI", LINE "From: < sip:u@h >;tag=1\r\n\r\n", FH, "h", 0, 0 },
	{ "a user parameter in From", LINE "From: <sip:u;p@h>;tag=1\r\n\r\n", FU, "u;p", 0, 0 },
	{ "URI headers in From", LINE "From: <sip:u@h:5060?a=b>;tag=1\r\n\r\n", FT, "1", 0, 0 },
	{ "a port of six digits", FROM("<sip:u@h:506000>;tag=1"), FH, "h", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "another version", "INVITE sip:a@b SIP/7.0\r\n" HEAD REST "\r\n", RU, "a", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "the version in lower case", "INVITE sip:a@b sip/2.0\r\n" HEAD REST "\r\n", RU, "a", SIP_UNUSUAL, 0 },
	{ "any token is a method", "a-.!%*_+`'~Z9 sip:a@b SIP/2.0\r\n\r\n", M, "a-.!%*_+`'~Z9", 0, 0 },
	{ "the first of two Call-IDs", LINE HEAD REST "Call-ID: other\r\n\r\n", ID, "c@h", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "no To at all", LINE HEAD "From: <sip:a@b>;tag=1\r\nCall-ID: x\r\nCSeq: 1 BYE\r\n\r\n", TU, NULL, SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a cut message is not blamed", LINE HEAD, BR, "z9hG4bKa", SIP_UNUSUAL | SIP_CUT, SIP_CUT },
	{ "half a line is none", LINE HEAD "Call-ID: abc", ID, NULL, SIP_CUT, SIP_CUT },
	{ "a line without a colon", LINE "Call-ID\r\n" HEAD REST "\r\n", ID, "c@h", 0, 0 },
	{ "CSeq without a method", CSEQ("5"), CM, NULL, SIP_UNUSUAL | SIP_HAS_CSEQ, SIP_UNUSUAL | SIP_HAS_CSEQ },
	{ "CSeq without a number", CSEQ("INVITE"), CM, NULL, SIP_UNUSUAL | SIP_HAS_CSEQ, SIP_UNUSUAL },
	{ "CSeq with more", CSEQ("5 BYE now"), CM, "BYE", SIP_UNUSUAL, SIP_UNUSUAL },
	{ "a wrong Content-Length", LINE HEAD REST "Content-Length: -1\r\n\r\n", -1, NULL, SIP_UNUSUAL | SIP_HAS_LENGTH, SIP_UNUSUAL },
	{ "a right one", LINE HEAD REST "l : 0 \r\n\r\n", -1, NULL, SIP_UNUSUAL | SIP_HAS_LENGTH, SIP_HAS_LENGTH },
	{ "Contact is no Content-Length", LINE HEAD REST "Content-Lenght: 1\r\nContact: <sip:l@l>\r\n\r\n", -1, NULL, SIP_HAS_LENGTH, 0 },
	{ "a Via without a branch", LINE "Via: SIP/2.0/UDP h\r\n" REST "\r\n", BR, NULL, SIP_UNUSUAL, SIP_UNUSUAL },
	{ "the branch of the first Via", LINE "Via: SIP/2.0/UDP h, SIP/2.0/UDP i;branch=no\r\n\r\n", BR, NULL, 0, 0 },
	{ "a quoted comma", LINE "Via: SIP/2.0/UDP h;x=\",;branch=no\";branch=yes\r\n\r\n", BR, "yes", 0, 0 },
};

static void
parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct guarded g = guarded(slice_str(r->msg));
		struct sip_index x;
		struct slice have;

		if (sip_scan(g.s, &x) != RC_OK)
			fail_msg("%s: refused", r->name);
		if ((x.flags & r->mask) != r->flags)
			fail_msg("%s: flags %u, want %u of %u", r->name, x.flags, r->flags, r->mask);
		if (r->part >= 0) {
			have = sip_part(&x, g.s, (enum sip_span_id)r->part);
			if ((have.p == NULL) != (r->want == NULL) || !slice_eq(have, slice_str(r->want)))
				fail_msg("%s: have \"%.*s\", want \"%s\"", r->name, SLICE_ARG(have), r->want ? r->want : "(none)");
		}
		guarded_free(&g);
	}
}

/* Verdicts about first lines. */
static const struct {
	const char *text;
	enum rc rc;
	bool looks;
	unsigned status;
} firsts[] = {
	{ "", RC_MORE, false, 0 },
	{ "\r\n", RC_MORE, false, 0 },
	{ "INV", RC_MORE, false, 0 },
	{ "INVITE ", RC_MORE, true, 0 },
	{ "INVITE sip:a@b SIP/2.0", RC_MORE, true, 0 },
	{ "INVITE sip:a@b SIP/2.0\r\n", RC_OK, true, 0 },
	{ "INVITE sip:a@b SIP/2.0 \n", RC_OK, true, 0 },
	{ "INVITE SIP/2.0\r\n", RC_BAD, false, 0 },
	{ "INVITE sip:a@b\r\n", RC_BAD, false, 0 },
	{ "INVITE\r\n", RC_BAD, false, 0 },
	{ " INVITE sip:a@b SIP/2.0\r\n", RC_BAD, false, 0 },
	{ "INVITE\tsip:a@b SIP/2.0\r\n", RC_BAD, false, 0 },
	{ "GET / HTTP/1.1\r\n", RC_BAD, false, 0 },
	{ "HTTP/1.1 200 OK\r\n", RC_BAD, false, 0 },
	{ "OPTIONS rtsp://h/x RTSP/1.0\r\n", RC_BAD, false, 0 },
	{ "JUNK * SIP/1.0\r\n", RC_OK, true, 0 },
	{ "INVITE sip:a@b SIP/2.0/UDP\r\n", RC_OK, true, 0 },
	{ "INVITE sip:a@b SIP/x\r\n", RC_BAD, false, 0 },
	{ "S", RC_MORE, false, 0 },
	{ "SIP/", RC_MORE, false, 0 },
	{ "SIP/2.0 ", RC_MORE, false, 0 },
	{ "SIP/2.0 2", RC_MORE, true, 0 },
	{ "SIP/2.0 200\r\n", RC_OK, true, 200 },
	{ "SIP/2.0 200 OK\r\n", RC_OK, true, 200 },
	{ "sip/2.0 200 OK\r\n", RC_OK, true, 200 },
	{ "SIP/3.0 200 OK\r\n", RC_OK, true, 200 },
	{ "SIP/2.0 4294967301 better not\r\n", RC_OK, true, 999 },
	{ "SIP/2.0 42 what\r\n", RC_OK, true, 100 },
	{ "SIP/2.0 20x OK\r\n", RC_BAD, false, 0 },
	{ "SIP/2.0 OK\r\n", RC_BAD, false, 0 },
	{ "SIP/2.0\r\n", RC_BAD, false, 0 },
	{ "SIP/x 200 OK\r\n", RC_BAD, false, 0 },
	{ "\x80\x08\x12\x34", RC_BAD, false, 0 },
};

static void
first_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct guarded g = guarded(slice_str(firsts[i].text));
		struct sip_index x, zero = { 0 };
		enum rc rc = sip_scan(g.s, &x);

		if (rc != firsts[i].rc || x.status != firsts[i].status || sip_looks_like(g.s) != firsts[i].looks)
			fail_msg("\"%s\": rc %d, status %u, looks %d", firsts[i].text, rc, x.status, sip_looks_like(g.s));
		if (rc != RC_OK)
			assert_memory_equal(&x, &zero, sizeof(x));
		guarded_free(&g);
	}
}

/* A prefix has the start line or is one's prefix; what it has of the index is the whole message's. */
static void
prefixes(void **state)
{
	static const char msg[] = "\r\nINVITE sip:v@t.example SIP/2.0\r\n" HEAD "Via: SIP/2.0/TCP b;branch=1,SIP/2.0/TCP c;branch=2\r\n" REST
	    "Content-Length: 4\r\n\r\nbody";
	struct sip_index whole, x;

	(void)state;
	assert_int_equal(sip_scan(slice_str(msg), &whole), RC_OK);
	for (size_t n = 0; n < sizeof(msg) - 1; n++) {
		struct guarded g = guarded(slice_of(msg, n));
		enum rc rc = sip_scan(g.s, &x);

		assert_int_equal(rc, n < sizeof("\r\nINVITE sip:v@t.example SIP/2.0\r\n") - 1 ? RC_MORE : RC_OK);
		for (int i = 0; rc == RC_OK && i < SIP_SPANS; i++)
			if (x.span[i].off != 0)
				assert_memory_equal(&x.span[i], &whole.span[i], sizeof(x.span[i]));
		if (rc == RC_OK)
			assert_int_equal((x.flags & SIP_CUT) == 0, n >= whole.body);
		guarded_free(&g);
	}
}

static void
numbers(void **state)
{
	static const char msg[] = "BYE sip:v@t.example SIP/2.0\r\n" HEAD
	    "Via: SIP/2.0/TCP b,SIP/2.0/TCP c;branch=2\r\n" REST "Content-Length: 4\r\n\r\nbody";
	struct sip_index x;

	(void)state;
	assert_int_equal(sip_scan(slice_str(msg), &x), RC_OK);
	assert_int_equal(x.method, SIP_BYE);
	assert_int_equal(x.cseq_method, SIP_INVITE);
	assert_int_equal(x.cseq, 1);
	assert_int_equal(x.content_length, 4);
	assert_int_equal(x.body, sizeof(msg) - 5);
	assert_int_equal(x.vias, 3);
	assert_true(x.via[0] == hash64("z9hG4bKa", 8) && x.via[1] == 0 && x.via[2] == hash64("2", 1));
	assert_int_equal(x.flags & SIP_VIA_MORE, 0);
}

static const struct {
	const char *text;
	uint32_t cseq;
	bool unusual;
} cseqs[] = {
	{ "0 X", 0, false },
	{ "0009 X", 9, false },
	{ "2147483647 X", 2147483647, false },
	{ "2147483648 X", 2147483648u, true },
	{ "4294967295 X", UINT32_MAX, true },
	{ "4294967296 X", UINT32_MAX, true },
	{ "36893488147419103232 X", UINT32_MAX, true },
};

static void
cseq_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cseqs) / sizeof(cseqs[0]); i++) {
		char msg[400];
		struct sip_index x;

		snprintf(msg, sizeof(msg), LINE HEAD "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: %s\r\n\r\n", cseqs[i].text);
		assert_int_equal(sip_scan(slice_str(msg), &x), RC_OK);
		assert_int_equal(x.cseq, cseqs[i].cseq);
		assert_int_equal((x.flags & SIP_UNUSUAL) != 0, cseqs[i].unusual);
		assert_int_not_equal(x.flags & SIP_HAS_CSEQ, 0);
	}
}

static void
many_vias(void **state)
{
	char msg[2000] = LINE;
	struct sip_index x;

	(void)state;
	for (int i = 0; i < SIP_VIAS; i++) {
		snprintf(msg + strlen(msg), sizeof(msg) - strlen(msg), "%s SIP/2.0/UDP h;branch=b%d%s", i % 3 == 0 ? "v:" : "", i,
		    i % 3 == 2 ? "\r\n" : i + 1 < SIP_VIAS ? "," : "\r\n");
	}
	strcat(msg, "\r\n");
	assert_int_equal(sip_scan(slice_str(msg), &x), RC_OK);
	assert_int_equal(x.vias, SIP_VIAS);
	assert_int_equal(x.flags & SIP_VIA_MORE, 0);
	assert_true(x.via[7] == hash64("b7", 2));
	strcpy(msg + strlen(msg) - 2, "Via: SIP/2.0/UDP h;branch=z\r\n\r\n");
	assert_int_equal(sip_scan(slice_str(msg), &x), RC_OK);
	assert_int_equal(x.vias, SIP_VIAS);
	assert_int_not_equal(x.flags & SIP_VIA_MORE, 0);
}

static void
methods(void **state)
{
	(void)state;
	for (unsigned m = 1; m <= SIP_PUBLISH; m++) {
		assert_true(strlen(sip_method_name((uint8_t)m)) >= 3);
		assert_int_equal(sip_method_of(slice_str(sip_method_name((uint8_t)m))), m);
	}
	assert_string_equal(sip_method_name(SIP_METHOD_NONE), "");
	assert_string_equal(sip_method_name(SIP_METHOD_OTHER), "");
	assert_string_equal(sip_method_name(77), "");
	assert_int_equal(sip_method_of(slice_str("invite")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_of(slice_str("INVITES")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_of(slice_str("")), SIP_METHOD_OTHER);
}

/* 4 MiB of each of the worst cases: what is quadratic anywhere would run for hours. */
static void
linear(void **state)
{
	static const char *const unit[] = {
		";a=\"x\\\"", "\"\\\"", ",", "\",", ";tag", ";tag=\"", "<", "\r\n ", "\\\"", ":", ";\\\"", "a\r\nVia: ,", "\r\nFrom: \"<",
		"\r\nTo: <\";tag=\r\n", "\r\nCSeq: 1", "@",
	};
	static const char *const begin[] = { LINE "Via: ", LINE "From: ", LINE "To: \"x", LINE "To: <sip:a@b>" };
	size_t size = 4u << 20;
	char *p = malloc(size);
	struct sip_index x;
	struct slice v;

	(void)state;
	assert_non_null(p);
	for (size_t b = 0; b < sizeof(begin) / sizeof(begin[0]); b++) {
		for (size_t u = 0; u < sizeof(unit) / sizeof(unit[0]); u++) {
			size_t n = strlen(begin[b]), k = strlen(unit[u]);

			memcpy(p, begin[b], n);
			for (; n + k <= size; n += k)
				memcpy(p + n, unit[u], k);
			memset(p + n, '\n', size - n);
			assert_int_equal(sip_scan(slice_of(p, size), &x), RC_OK);
			(void)sip_header(slice_of(p, size), SLICE_LIT("X"), -3, &v);
		}
	}
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(first_lines),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(numbers),
		cmocka_unit_test(cseq_numbers),
		cmocka_unit_test(many_vias),
		cmocka_unit_test(methods),
		cmocka_unit_test(linear),
	};

	return cmocka_run_group_tests_name("sip_scan", tests, NULL, NULL);
}
