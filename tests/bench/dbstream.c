/* SPDX-License-Identifier: MIT */
/*
 * dbstream N [odd|live] - writes a trace record stream of N messages for the tests of tracedb: calls of seven messages, 50 at a time, 600-odd
 * bytes each. With "odd", what a store may trip over is among them: no SIP, nothing at all, bytes of every value, several traced users,
 * tables, attributes and a head that this version does not know, IPv6, no address, copies within a microsecond.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "sip/msg.h"
#include "trace/writer.h"

#define START 1795375230000000000ull
#define OVERLAP 50

static const char sdp[] =
    "v=0\r\no=- 53655765 2353687637 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n";

static const struct {
	const char *start, *method;
	int cseq;
	bool from_caller, to_tag, body;
} script[] = {
	{ "INVITE", "INVITE", 1, true, false, true },
	{ "SIP/2.0 100 Trying", "INVITE", 1, false, false, false },
	{ "SIP/2.0 180 Ringing", "INVITE", 1, false, true, false },
	{ "SIP/2.0 200 OK", "INVITE", 1, false, true, true },
	{ "ACK", "ACK", 1, true, true, false },
	{ "BYE", "BYE", 2, true, true, false },
	{ "SIP/2.0 200 OK", "BYE", 2, false, true, false },
};

#define STEPS (sizeof(script) / sizeof(script[0]))

static void
die(const char *what)
{
	fprintf(stderr, "dbstream: %s\n", what);
	exit(1);
}

static void
message(struct buf *out, uint64_t call, size_t step)
{
	uint64_t number = 442071838000 + call * 7919 % 100000, callee = 493012345000 + call * 104729 % 100000;

	buf_clear(out);
	if (script[step].start[0] == 'S')
		buf_printf(out, "%s\r\n", script[step].start);
	else
		buf_printf(out, "%s sip:%llu@proxy.example.net SIP/2.0\r\n", script[step].start, (unsigned long long)callee);
	buf_printf(out, "Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK-%llu-%s-%d\r\nMax-Forwards: 70\r\n", (unsigned long long)call,
	    script[step].method, script[step].cseq);
	buf_printf(out, "From: \"Caller\" <sip:%llu@example.com>;tag=f%llu\r\n", (unsigned long long)number, (unsigned long long)call);
	buf_printf(out, "To: <sip:%llu@example.net>", (unsigned long long)callee);
	if (script[step].to_tag)
		buf_printf(out, ";tag=t%llu", (unsigned long long)call);
	buf_printf(out, "\r\nCall-ID: call-%llu-5f3a9c@192.0.2.1\r\nCSeq: %d %s\r\n", (unsigned long long)call, script[step].cseq, script[step].method);
	buf_printf(out, "Contact: <sip:%llu@192.0.2.1:5060>\r\nUser-Agent: example phone 1.2.3\r\n", (unsigned long long)number);
	buf_printf(out, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK\r\nSupported: 100rel, timer\r\n");
	if (script[step].body)
		buf_printf(out, "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s", sizeof(sdp) - 1, sdp);
	else
		buf_str(out, "Content-Length: 0\r\n\r\n");
}

static void
attr(struct buf *attrs, uint16_t type, const char *text)
{
	if (attr_put(attrs, type, slice_str(text)) != RC_OK)
		die("attribute");
}

static void
users(struct buf *attrs, uint64_t n)
{
	char user[32];

	for (uint64_t u = 0; u < n; u++) {
		snprintf(user, sizeof(user), "sip:user%llu@example.com", (unsigned long long)u);
		attr(attrs, ATTR_USER, user);
	}
}

/* What the n-th message has that others have not. */
static void
make_odd(struct record *r, uint64_t n, struct buf *body, struct buf *attrs)
{
	static const uint8_t tail[] = "16 bytes of more";
	static uint8_t every[256];

	for (int i = 0; i < 256; i++)
		every[i] = (uint8_t)i;
	users(attrs, n % 4);
	switch (n % 16) {
	case 1:
		attr(attrs, ATTR_CORRELATION, "corr '\" \xff");
		attr(attrs, ATTR_NODE, "node\n1");
		break;
	case 2:
		r->head_tail = slice_of(tail, 16);
		break;
	case 3:
		attr(attrs, 4711, "of a later version");
		attr(attrs, ATTR_TABLE, "other");
		break;
	case 4:
		r->payload = slice_of(every, 256);
		r->kind = KIND_LOG;
		break;
	case 5:
		r->payload.n = 0;
		break;
	case 6:
		r->src.family = r->dst.family = FAMILY_IP6;
		memcpy(r->src.ip, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		memset(r->dst.ip, 0, 15);
		r->dst.ip[15] = 1;
		break;
	case 7:
		r->src = r->dst = (struct addr){ .family = FAMILY_NONE };
		r->transport = TRANSPORT_NONE;
		break;
	case 8:
		r->marks |= MARK_CUT;
		r->payload.n /= 2;
		r->orig_len = (uint32_t)body->n;
		break;
	case 9:
		r->transport = TRANSPORT_WSS;
		r->direction = DIR_OUT;
		r->user_flags = 0x80000001;
		break;
	case 10:
		r->frame_flags = 0xa5;
		r->capture_point = 7;
		r->ip_id = 0xffff;
		break;
	default:
		break;
	}
}

int
main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	bool odd = argc > 2 && strcmp(argv[2], "odd") == 0, live = argc > 2 && strcmp(argv[2], "live") == 0;
	struct writer *w = writer_new(STDOUT_FILENO, NULL);
	struct id_maker *ids = id_maker_new();
	struct buf body = { 0 }, attrs = { 0 };
	struct err e = { .text = "" };

	if (writer_start(w, &(struct stream_header){ .version = TRACE_VERSION, .live = live }, &e) != RC_OK)
		die(e.text);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t wave = i / (OVERLAP * STEPS), call = wave * OVERLAP + i % OVERLAP, step = i / OVERLAP % STEPS;
		struct record r = {
			.type = FRAME_MESSAGE,
			.time_ns = START + i * 250000 + (odd ? i % 1000 : 0),
			.src = { .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 },
			.dst = { .ip = { 198, 51, 100, (uint8_t)(call % 250) }, .port = 5060, .family = FAMILY_IP4 },
			.transport = TRANSPORT_UDP,
			.direction = script[step].from_caller ? DIR_IN : DIR_OUT,
			.kind = KIND_SIP,
			.capture_id = 2001,
		};

		message(&body, call, step);
		r.payload = buf_slice(&body);
		buf_clear(&attrs);
		if (odd)
			make_odd(&r, i, &body, &attrs);
		r.attrs = buf_slice(&attrs);
		if (r.kind == KIND_SIP && sip_scan(r.payload, &r.sip) == RC_OK)
			r.marks |= MARK_SIP;
		r.id = record_id(ids, &r);
		if (writer_put(w, &r, &e) != RC_OK)
			die(e.text);
		if (odd && i % 16 == 11) {	/* the same again at once: another record */
			r.id = record_id(ids, &r);
			if (writer_put(w, &r, &e) != RC_OK)
				die(e.text);
		}
	}
	if (writer_end(w, &e) != RC_OK)
		die(e.text);
	writer_free(w);
	id_maker_free(ids);
	buf_reset(&body);
	buf_reset(&attrs);
	return 0;
}
