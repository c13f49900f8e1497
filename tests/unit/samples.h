/* SPDX-License-Identifier: MIT */
#ifndef UNIT_SAMPLES_H
#define UNIT_SAMPLES_H
/* Records that show each thing a record can hold: what tests/data/v1.trace was made from, and the input of the output tests. */
#include "sip/msg.h"
#include "trace/record.h"
#include "trace/stats.h"
#include "test.h"

#define BEGIN_NS 1700000000123456789u

struct sample {
	const char *name;
	const char *text;		/* the payload; NULL: made by `sample_make` */
	const char *src, *dst;		/* "" = no address */
	uint8_t transport, direction, kind, marks;
	uint32_t capture_id, user_flags;
	uint16_t capture_point, ip_id;
	const char *attrs;		/* "type=value" words, ';' between */
};

#define HEADERS(cseq)								\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776\r\n"		\
	"Max-Forwards: 70\r\n"							\
	"From: \"Alice\" <sip:alice@example.org>;tag=1928\r\n"			\
	"To: <sip:bob@example.com>\r\n"						\
	"Call-ID: a84b4c76e66710@192.0.2.1\r\n"				\
	"CSeq: " cseq "\r\n"

static const struct sample samples[] = {
	{ "request", "INVITE sip:bob@example.com SIP/2.0\r\n" HEADERS("314159 INVITE") "Content-Length: 3\r\n\r\nv=0",
	    "192.0.2.1:5060", "198.51.100.20:5080", TRANSPORT_UDP, DIR_IN, KIND_SIP, 0, 2023, 0x80000002, 0, 4711,
	    "1=corr-1;2=alice;2=bob, the second;3=calls;4=hep:udp:127.0.0.1:9060;5=edge-1;7=leg a;8=first call" },
	{ "reply", "SIP/2.0 180 Ringing\r\n" HEADERS("314159   INVITE") "\r\n",
	    "[2001:db8::1]:5060", "[2001:db8::ff00:42:8329]:49152", TRANSPORT_TCP, DIR_OUT, KIND_SIP, MARK_RETRANSMISSION, 0, 0, 1, 0, "" },
	{ "no reason", "SIP/2.0 404\r\n" HEADERS("0001 INVITE") "\r\n", "192.0.2.1:5061", "192.0.2.2:5061", TRANSPORT_TLS, 0, KIND_SIP, 0, 0, 0, 1, 0, "" },
	{ "ws", "OPTIONS sip:pbx.example.com SIP/2.0\r\n" HEADERS("7 OPTIONS") "\r\n", "192.0.2.3:80", "192.0.2.4:50000", TRANSPORT_WS, 0, KIND_SIP, 0, 0, 0, 0, 0, "" },
	{ "wss", "OPTIONS sip:pbx.example.com SIP/2.0\r\n" HEADERS("8 OPTIONS") "\r\n", "192.0.2.3:443", "192.0.2.4:50001", TRANSPORT_WSS, 0, KIND_SIP, 0, 0, 0, 0, 0, "" },
	{ "sctp", "BYE sip:bob@192.0.2.6 SIP/2.0\r\n" HEADERS("9 BYE") "Content-Length: 0\r\n\r\n", "192.0.2.5:5060", "192.0.2.6:5060", TRANSPORT_SCTP, 0, KIND_SIP, 0, 0, 0, 0, 0, "" },
	{ "cut", "INVITE sip:carol@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nCall-ID: cut@here\r\nContent-Length: 900\r\n\r\nv=0",
	    "192.0.2.1:5060", "192.0.2.7:5060", TRANSPORT_UDP, 0, KIND_SIP, MARK_CUT, 0, 0, 3, 1, "" },
	{ "hostile", "MESSAGE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK-\x1b[31m\r\nf: <sip:a\\b\"c@h>;tag=\xff\xfe\r\nt: <sip:z\xc3\xbcrich@h>\r\n"
	    "i: tab\there\x07\r\nCSeq: 1 MESSAGE\r\n\r\n\x1b]0;title\x07\xc2\x9b""2J \xe2\x80\xae" "abc\r\n",
	    "192.0.2.1:5060", "192.0.2.2:5060", TRANSPORT_UDP, DIR_IN, KIND_SIP, 0, 0, 1, 0, 0, "1=\xffid;2=a;2=\x80" },
	{ "every byte", NULL, "192.0.2.1:5060", "192.0.2.2:5060", TRANSPORT_UDP, 0, KIND_SIP, 0, 0, 0, 0, 0, "" },
	{ "text", "MESSAGE sip:x SIP/2.0\r\n" HEADERS("6 MESSAGE") "\r\n\"gr\xc3\xbcn\" \\ \t \xe2\x82\xac \xf0\x9d\x84\x9e \xef\xbf\xbf \xc2\x85 \x7f\b",
	    "192.0.2.1:5060", "192.0.2.2:5060", TRANSPORT_UDP, 0, KIND_SIP, 0, 0, 0, 0, 0, "2=\xc3\xa4" },
	{ "dashes", "INVITE sip:-@h SIP/2.0\nf:<sip:-@h>;tag=-\nt: sip:b@h\nCall-ID: -\nCSeq\t:\n 2\r\n INVITE\n\n", "192.0.2.1:5060", "192.0.2.2:5060", TRANSPORT_UDP, 0, KIND_SIP, 0, 0, 0, 0, 0, "" },
	{ "log", "dialplan chose route 7", "", "", TRANSPORT_NONE, 0, KIND_LOG, 0, 2023, 0, 0, 0, "1=a84b4c76e66710@192.0.2.1;5=edge-1" },
	{ "empty", "", "192.0.2.1:1", "192.0.2.2:2", TRANSPORT_UDP, 0, KIND_UNKNOWN, 0, 0, 0, 0, 0, "" },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static inline void
sample_addr(const char *text, struct addr *out)
{
	*out = (struct addr){ .family = FAMILY_NONE };
	if (text[0] != '\0')
		assert_int_equal(addr_port_parse(slice_str(text), out), RC_OK);
}

/* The i-th sample, one millisecond after the one before. `mem` holds its payload and attributes and must outlive it. */
static inline struct record
sample_record(size_t i, struct buf *mem)
{
	const struct sample *s = &samples[i];
	struct record r = {
		.type = FRAME_MESSAGE, .time_ns = BEGIN_NS + i * 1000000, .transport = s->transport, .direction = s->direction, .kind = s->kind,
		.marks = s->marks, .capture_id = s->capture_id, .capture_point = s->capture_point, .ip_id = s->ip_id, .user_flags = s->user_flags,
	};
	struct buf attrs = { 0 };
	size_t payload;

	for (const char *p = s->attrs; *p != '\0';) {
		char *value;
		unsigned long type = strtoul(p, &value, 10);
		size_t n = strcspn(++value, ";");

		assert_int_equal(attr_put(&attrs, (uint16_t)type, slice_of(value, n)), RC_OK);
		p = value[n] == ';' ? value + n + 1 : value + n;
	}
	if (i == 0) {
		assert_int_equal(attr_put(&attrs, ATTR_VLAN, SLICE_LIT("\x64\x00")), RC_OK);
		assert_int_equal(attr_put(&attrs, ATTR_VLAN, SLICE_LIT("\xc8\x00")), RC_OK);
		assert_int_equal(attr_put(&attrs, 999, SLICE_LIT("of a later version")), RC_OK);
	}
	buf_clear(mem);
	buf_put(mem, buf_slice(&attrs));
	payload = mem->n;
	if (s->text != NULL) {
		buf_str(mem, s->text);
	} else {
		buf_str(mem, "MESSAGE sip:x SIP/2.0\r\n" HEADERS("5 MESSAGE") "\r\n");
		for (unsigned c = 0; c < 256; c++)
			buf_u8(mem, (uint8_t)c);
	}
	r.attrs = slice_of(mem->p, attrs.n);
	r.payload = slice_of(mem->p + payload, mem->n - payload);
	sample_addr(s->src, &r.src);
	sample_addr(s->dst, &r.dst);
	if (r.kind == KIND_SIP && sip_scan(r.payload, &r.sip) == RC_OK)
		r.marks |= MARK_SIP;
	if ((r.marks & MARK_CUT) != 0)
		r.orig_len = 1200;
	buf_reset(&attrs);
	return r;
}
#endif
