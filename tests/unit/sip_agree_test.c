/* SPDX-License-Identifier: MIT */
/*
 * The scanner and libosip2 say the same of every message that libosip2 accepts: of the messages below, and, where SIP_MESSAGES
 * names a folder, of each file in it and below.
 */
#include "test.h"

#include <ftw.h>

#include "../sip_agree.h"

#define VIA "Via: SIP/2.0/UDP a.example:5060;branch=z9hG4bKa\r\n"
#define IDS "Call-ID: 1@h\r\nCSeq: 7 OPTIONS\r\n"
#define FROM "From: \"A\" <sip:a@f.example>;tag=f\r\n"
#define TO "To: <sip:b@t.example>\r\n"
#define LINE "OPTIONS sip:b@t.example SIP/2.0\r\n"
#define END "Content-Length: 0\r\n\r\n"

static const struct {
	const char *name, *text;
	bool accepted;	/* by libosip2: what it refuses today would be compared in vain */
} own[] = {
	{ "usual", LINE VIA FROM TO IDS END, true },
	{ "reply", "SIP/2.0 404 Not Found\r\n" VIA FROM "To: <sip:b@t>;tag=t\r\n" IDS END, true },
	{ "reply without a reason", "SIP/2.0 404 \r\n" VIA FROM TO IDS END, true },
	{ "reply without even its blank", "SIP/2.0 404\r\n" VIA FROM TO IDS END, true },
	{ "bare LF", "OPTIONS sip:b@t SIP/2.0\nVia: SIP/2.0/UDP a;branch=z\nFrom: <sip:a@f>;tag=f\nTo: <sip:b@t>\nCall-ID: 1\nCSeq: 7 OPTIONS\n\n", true },
	{ "leading CRLFs", "\r\n\r\n" LINE VIA FROM TO IDS END, true },
	{ "compact", LINE "v:SIP/2.0/TCP a;branch=z\r\nf:<sip:a@f>;tag=f\r\nt:<sip:b@t>\r\ni:1@h\r\nCSeq:7 OPTIONS\r\nl:0\r\n\r\n", true },
	{ "folds and blanks", LINE "VIA :\r\n SIP / 2.0 /\r\n  UDP a : 5060 ; branch\r\n = z\r\nFrom :\r\n\t<sip:a@f>\r\n ; tag = f\r\n" TO IDS END, true },
	{ "Via list", LINE "Via: SIP/2.0/UDP a;branch=z1 , SIP/2.0/TCP b:5061;branch=z2\r\n" VIA FROM TO IDS END, true },
	{ "IPv6", "OPTIONS sip:b@[2001:db8::1]:5062 SIP/2.0\r\nVia: SIP/2.0/UDP [2001:db8::2]:5060;branch=z\r\n" FROM "To: <sip:b@[2001:db8::1]>\r\n" IDS END, true },
	{ "a tag in a display name", LINE VIA "From: \"x;tag=no <sip:no@no>\" <sip:a@f>;tag=yes\r\n" TO IDS END, true },
	{ "escaped quotes in one", LINE VIA "From: \"x\\\"<sip:no@no>;tag=no\" <sip:a@f>;tag=yes\r\n" TO IDS END, true },
	{ "no <>", LINE VIA "From: sip:a@f;tag=1\r\nTo: sip:b@t:5070;tag=2\r\n" IDS END, true },
	{ "URI parameters that look like a tag", LINE VIA FROM "To: <sip:b@t;tag=no>\r\n" IDS END, true },
	{ "escapes in a user", "OPTIONS sip:a%40b@t SIP/2.0\r\n" VIA FROM "To: <sip:%62@t>\r\n" IDS END, true },
	{ "a password", "OPTIONS sip:b:secret@t SIP/2.0\r\n" VIA FROM TO IDS END, true },
	{ "user parameters", "OPTIONS sip:b;p=1@t;transport=tcp SIP/2.0\r\n" VIA FROM TO IDS END, true },
	{ "tel", "OPTIONS tel:+44123;phone-context=x SIP/2.0\r\n" VIA FROM "To: <tel:+44123>\r\n" IDS END, true },
	{ "URI headers", "OPTIONS sip:t?a=b SIP/2.0\r\n" VIA FROM TO IDS END, true },
	{ "a method of one's own", "X-y.z sip:t SIP/2.0\r\n" VIA FROM TO "Call-ID: 1\r\nCSeq: 00012 X-y.z\r\n" END, true },
	{ "a large CSeq", LINE VIA FROM TO "Call-ID: 1\r\nCSeq: 99999999999999999999 OPTIONS\r\n" END, true },
	{ "a body", LINE VIA FROM TO IDS "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nhey", true },
	{ "no Content-Length", LINE VIA FROM TO IDS "Content-Type: text/plain\r\n\r\nhey", true },
	{ "other headers between", LINE "Contact: <sip:x@y>;tag=no\r\n" VIA "Timestamp: 1\r\n" FROM "Identity: z\r\n" TO IDS END, true },
	{ "a fold in a host", LINE VIA "From: <sip:a@f\r\n g>;tag=1\r\n" TO IDS END, true },
	{ "a fold in a tag", LINE VIA "From: <sip:a@f>;tag=1\r\n 2\r\n" TO IDS END, true },
	{ "two Call-IDs", LINE VIA FROM TO IDS "Call-ID: 2\r\n" END, false },
	{ "a body cut short", LINE VIA FROM TO IDS "Content-Type: text/plain\r\nContent-Length: 30\r\n\r\nhey", true },
};

static struct {
	struct sip_full *full;
	unsigned files, accepted, differ;
} run;

static void
compare(const char *name, struct slice msg, bool *accepted)
{
	struct guarded g = guarded(msg);
	uint8_t *room = malloc(msg.n + 1);
	struct disagreement d = { 0 };

	assert_non_null(room);
	if (!agree_check(run.full, g.s, room, accepted, &d)) {
		run.differ++;
		print_error("%s: %s: scanner \"%.*s\", libosip2 \"%.*s\"\n", name, d.field, SLICE_ARG(d.scan), SLICE_ARG(d.full));
	}
	run.files++;
	run.accepted += *accepted;
	free(room);
	guarded_free(&g);
}

static void
own_messages(void **state)
{
	bool accepted;

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		compare(own[i].name, slice_str(own[i].text), &accepted);
		if (accepted != own[i].accepted)
			fail_msg("%s: accepted %d", own[i].name, accepted);
	}
	assert_int_equal(run.differ, 0);
}

static int
file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	uint8_t *p = malloc((size_t)st->st_size + 1);
	bool accepted;
	FILE *f;

	(void)at;
	if (type == FTW_F && (f = fopen(path, "rb")) != NULL) {
		compare(path, slice_of(p, fread(p, 1, (size_t)st->st_size, f)), &accepted);
		fclose(f);
	}
	free(p);
	return 0;
}

static void
messages_of_others(void **state)
{
	const char *dir = getenv("SIP_MESSAGES");

	(void)state;
	memset(&run.files, 0, sizeof(run) - offsetof(__typeof__(run), files));
	assert_int_equal(nftw(dir, file, 16, FTW_PHYS), 0);
	print_message("# %u files, %u accepted by libosip2, %u differ\n", run.files, run.accepted, run.differ);
	assert_int_equal(run.differ, 0);
	assert_true(run.accepted > 0);
}

static int
start(void **state)
{
	(void)state;
	run.full = sip_full_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	sip_full_free(run.full);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_messages),
	};

	const struct CMUnitTest others[] = { cmocka_unit_test(messages_of_others) };

	if (getenv("SIP_MESSAGES") != NULL)	/* a folder of messages that are not ours: the corpus tests give one */
		return cmocka_run_group_tests_name("sip_agree", others, start, end);
	return cmocka_run_group_tests_name("sip_agree", tests, start, end);
}
