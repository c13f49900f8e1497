/* SPDX-License-Identifier: MIT */
#ifndef UNIT_EXPR_RECORDS_H
#define UNIT_EXPR_RECORDS_H
/* The records that the tests of lib/expr evaluate over. Payloads end at a page that nobody may touch. */
#include "test.h"

#include "expr/expr.h"
#include "sip/msg.h"

enum sample { INVITE, REPLY, OPTIONS, FOO, LOWER, FOLDED, BARE, CUT, CUT_BODY, LOG, SAMPLES };

static const struct {
	const char *src, *dst;
	uint8_t transport, direction, kind;
	uint32_t flags;
	const char *payload;
} samples[SAMPLES] = {
	[INVITE] = { "10.1.2.3:5060", "192.0.2.7:5070", TRANSPORT_UDP, DIR_IN, KIND_SIP, 1u << 3 | 1u << 31,
	    "INVITE sip:+441234@example.com:5070;user=phone SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa\r\n"
	    "From: \"Alice \\\"x\\\" A\" <sip:alice@[::1]:5061;x=y>;tag=ft1\r\n"
	    "To: Bob B <sip:bob@example.com>\r\n"
	    "Call-ID: call1@h\r\n"
	    "CSeq: 1 INVITE\r\n"
	    "User-Agent: UA/1\r\n"
	    "Contact: <sip:a@b>;expires=3, <sip:c@d>\r\n"
	    "X-Foo: abc\r\n"
	    "X-Foo: def\r\n"
	    "X-Num: 7\r\n"
	    "X-Seven: 007\r\n"
	    "X-Signed: +5\r\n"
	    "X-Empty:\r\n"
	    "X-Ip: 10.1.2.3\r\n"
	    "X-Ip6: [2001:db8::7]\r\n"
	    "Content-Type: application/sdp;charset=utf8\r\n"
	    "Content-Length: 5\r\n"
	    "\r\n"
	    "v=0\r\n" },
	[REPLY] = { "[2001:db8::1]:5060", "[2001:db8::2]:5061", TRANSPORT_TLS, DIR_OUT, KIND_SIP, 0,
	    "SIP/2.0 200 OK all\r\n"
	    "v: SIP/2.0/TLS [2001:db8::1]:5060;branch=z9hG4bKa\r\n"
	    "f: <sip:127.0.0.1>;tag=ft1\r\n"
	    "t: sip:127.0.0.1:5060;tag=tt\r\n"
	    "i: call1@h\r\n"
	    "CSeq: 01 INVITE\r\n"
	    "Server: srv\r\n"
	    "l: 0\r\n"
	    "\r\n" },
	[OPTIONS] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_TCP, DIR_UNKNOWN, KIND_SIP, 0,
	    "OPTIONS tel:+123;phone-context=x SIP/2.0\r\n"
	    "Via: SIP/2.0/TLS 127.0.0.1:5060;branch=z9hG4bKa\r\n"
	    "From: <tel:+44123>;tag=\r\n"
	    "To: <sips:bob;p=q@example.com;transport=TCP>;tag=\r\n"
	    "Call-ID: call1@h\r\n"
	    "CSeq: 0003 OPTIONS\r\n"
	    "\r\n" },
	[FOO] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_WSS, DIR_UNKNOWN, KIND_SIP, 0,
	    "FOO sips:u:p@h;transport=tcp SIP/2.0\r\n"
	    "Via: SIP/2.0/TLS 127.0.0.1:5060;branch=z9hG4bKa\r\n"
	    "From: Alice Unq <sip:ali%20ce:pw@h>;tag=q\r\n"
	    "To: \"\" <sip:@h>\r\n"
	    "Call-ID: call1@h\r\n"
	    "CSeq: 3 FOO\r\n"
	    "Content-Type: multipart/mixed;boundary=\"b 1\"\r\n"
	    "\r\n"
	    "preamble\r\n"
	    "--b 1\r\n"
	    "Content-Type: multipart/alternative; boundary=in\r\n"
	    "\r\n"
	    "--in\r\n"
	    "\r\n"
	    "plain\r\n"
	    "--in\r\n"
	    "content-type: Application/SDP ; x=y\r\n"
	    "\r\n"
	    "v=0\r\n"
	    "--in--\r\n"
	    "--b 1\r\n"
	    "Content-Type: application/isup\r\n"
	    "\r\n"
	    "Content-Type: image/png\r\n"
	    "--b 1--\r\n"
	    "Content-Type: text/html\r\n"
	    "\r\n"
	    "epilogue\r\n" },
	[LOWER] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_UDP, DIR_UNKNOWN, KIND_SIP, 0,
	    "invite sip:bob@example.com SIP/2.0\r\n"
	    "Call-ID: call1@h\r\n"
	    "CSeq: 1 invite\r\n"
	    "\r\n" },
	[FOLDED] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_UDP, DIR_UNKNOWN, KIND_SIP, 0,
	    "BYE sip:bob@example.com SIP/2.0\n"
	    "From: Alice\n \t B <sip:a@b>;tag=1\n"
	    "Call-ID:\n call2@h\n"
	    "CSeq: 2\n BYE\n"
	    "User-Agent: one\n two\n"
	    "X-Foo: a\n\tb\n"
	    "X-Foo: c\n"
	    "\n" },
	[BARE] = { "", "", TRANSPORT_NONE, DIR_UNKNOWN, KIND_SIP, 0, "ACK sip:h;transport= SIP/2.0\r\n\r\n" },
	[CUT] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_UDP, DIR_UNKNOWN, KIND_SIP, 0,
	    "INVITE sip:bob@example.com SIP/2.0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <si" },
	[CUT_BODY] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_UDP, DIR_UNKNOWN, KIND_SIP, 0,
	    "INVITE sip:bob@example.com SIP/2.0\r\nContent-Length: 900\r\nc: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--bb\r\n\r\n--b" },
	[LOG] = { "10.1.2.3:5060", "10.9.9.9:5060", TRANSPORT_UDP, DIR_UNKNOWN, KIND_LOG, 0, "INVITE route 7 chosen" },
};

struct sample_record {
	struct record r;
	struct guarded payload;
};

static inline struct sample_record
sample_record(enum sample s)
{
	struct sample_record x = { .payload = guarded(slice_str(samples[s].payload)) };

	x.r = (struct record){
		.type = FRAME_MESSAGE, .time_ns = 1700000000123456789, .transport = samples[s].transport,
		.direction = samples[s].direction, .kind = samples[s].kind, .user_flags = samples[s].flags,
		.payload = x.payload.s,
	};
	if (samples[s].src[0] != '\0' && (addr_port_parse(slice_str(samples[s].src), &x.r.src) != RC_OK ||
	    addr_port_parse(slice_str(samples[s].dst), &x.r.dst) != RC_OK))
		abort();
	if (x.r.kind == KIND_SIP) {
		if (sip_scan(x.r.payload, &x.r.sip) != RC_OK)
			abort();
		x.r.marks = MARK_SIP;
	}
	return x;
}
#endif
