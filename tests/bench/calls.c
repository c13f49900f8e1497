/* SPDX-License-Identifier: MIT */
/*
 * A record stream of many calls that are open at once, for measuring sipfilter without a capture file:
 *	calls MESSAGES OPEN
 * OPEN calls advance in turn, each round in another order, by one message of INVITE 100 180 200 ACK BYE 200; then OPEN new
 * ones. A round takes 5 s of record time. From users 440…449, one in ten the same last digit.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "sip/msg.h"
#include "trace/writer.h"

static const struct step {
	const char *line, *method;
	bool back, tag;
} steps[] = {
	{ "INVITE sip:%" PRIu64 "@callee.example.com SIP/2.0", "1 INVITE", false, false },
	{ "SIP/2.0 100 Trying", "1 INVITE", true, false },
	{ "SIP/2.0 180 Ringing", "1 INVITE", true, true },
	{ "SIP/2.0 200 OK", "1 INVITE", true, true },
	{ "ACK sip:%" PRIu64 "@callee.example.com SIP/2.0", "1 ACK", false, true },
	{ "BYE sip:%" PRIu64 "@callee.example.com SIP/2.0", "2 BYE", false, true },
	{ "SIP/2.0 200 OK", "2 BYE", true, true },
};
#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void
message(struct buf *b, uint64_t call, const struct step *s)
{
	static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\n"
	    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
	const char *cseq = s->method;

	buf_clear(b);
	buf_printf(b, s->line, call);
	buf_printf(b, "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%" PRIx64 ".%s\r\nMax-Forwards: 70\r\n"
	    "From: \"A caller\" <sip:44%" PRIu64 "@caller.example.com>;tag=f%" PRIx64 "\r\nTo: <sip:%" PRIu64 "@callee.example.com>%s\r\n"
	    "Call-ID: %" PRIx64 "-4fd2-9c1e@192.0.2.1\r\nCSeq: %s\r\nContact: <sip:a@192.0.2.1:5060>\r\nUser-Agent: calls\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    call * 0x9e3779b97f4a7c15, cseq[0] == '2' ? "bye" : s->line[0] == 'A' ? "ack" : "inv", call % 10, call * 31, call,
	    s->tag ? ";tag=callee" : "", call * 0xff51afd7ed558ccd, cseq, sizeof(sdp) - 1, sdp);
}

int
main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, open = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	struct writer *w = writer_new(STDOUT_FILENO, NULL);
	struct record r = { .type = FRAME_MESSAGE, .transport = TRANSPORT_UDP, .kind = KIND_SIP, .marks = MARK_SIP };
	struct err e = { .text = "" };
	struct buf b = { 0 };

	if (argc != 3 || n == 0 || open == 0)
		return fputs("usage: calls MESSAGES OPEN\n", stderr), 2;
	r.src = r.dst = (struct addr){ .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 };
	if (writer_start(w, &(struct stream_header){ .version = TRACE_VERSION }, &e) != RC_OK)
		return 1;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t round = i / open, call = (i % open * 7368787 + round * 15485863) % open;

		message(&b, round / STEPS * open + call, &steps[round % STEPS]);
		r.time_ns = 1700000000000000000 + i * (5000000000 / open + 1);
		r.id = i;
		r.payload = buf_slice(&b);
		if (sip_scan(r.payload, &r.sip) != RC_OK || writer_put(w, &r, &e) != RC_OK)
			return fprintf(stderr, "calls: %s\n", e.text), 1;
	}
	if (writer_end(w, &e) != RC_OK)
		return 1;
	writer_free(w);
	buf_reset(&b);
	return 0;
}
