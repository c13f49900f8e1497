/* SPDX-License-Identifier: MIT */
/*
 * gen - makes the capture that the benchmarks use: the same bytes for the same options, on any machine.
 *
 *   gen [-n MESSAGES] [-c CALLS] [--seed N] [-o FILE]             pcap: Ethernet, IPv4, UDP, microseconds
 *   gen --records ...                                             the same as a trace record stream
 *   gen --open DIALOGS [-n MESSAGES] ...                          three messages that open each dialog, then MESSAGES within them
 *
 * A proxy's traffic with its callees. Three calls in four are answered (INVITE 100 180 200 ACK, INFO and 200 as often as it takes to
 * make MESSAGES of CALLS, BYE 200), one is busy (INVITE 100 486 ACK). One caller in ten has a number that begins with 44. Some
 * ten thousand calls are open at a time, their messages mixed; 10,000 messages a second.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/take.h"
#include "sip/msg.h"
#include "trace/record.h"

#define START_S 1700000000u
#define STEP_NS 100000u
#define WINDOW 10000u

static const uint8_t proxy[4] = { 192, 0, 2, 1 };

struct conf {
	uint64_t messages, calls, open, seed;
	bool records;
	const char *path;
};

struct out {
	FILE *f;
	bool records;
	struct id_maker *ids;
	struct stream_end count;
	struct buf bytes;	/* not yet written */
	struct buf text;	/* of the message being made */
	uint64_t seed;
};

struct call {
	uint64_t id;
	uint32_t step;		/* messages made so far */
	uint32_t infos;		/* INFO transactions before the BYE */
	bool brief;		/* no SDP, few headers: a million dialogs in bounded space */
};

enum body { NO_BODY, OFFER, ANSWER };

/* A message of a call: what differs from one to the next. */
struct line {
	const char *method;	/* of the request, or of the CSeq */
	unsigned status;	/* 0: request */
	const char *reason;
	unsigned cseq;
	unsigned branch;	/* transactions of a call, numbered */
	bool to_tag;
	enum body body;
};

static uint64_t
mix(const struct out *o, uint64_t id, uint64_t what)
{
	return hash64_mix(hash64_mix(o->seed, id), what);
}

static void
flush_bytes(struct out *o)
{
	if (fwrite(o->bytes.p, 1, o->bytes.n, o->f) != o->bytes.n) {
		fprintf(stderr, "gen: write: %s\n", strerror(errno));
		exit(1);
	}
	buf_clear(&o->bytes);
}

static void
callee(const struct call *c, uint8_t ip[4])
{
	ip[0] = 198, ip[1] = 51, ip[2] = 100;
	ip[3] = (uint8_t)(c->id % 250 + 1);
}

static void
ip4_checksum(uint8_t *h)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += load_be16(h + i);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	store_be16(h + 10, (uint16_t)~sum);
}

static void
put_packet(struct out *o, const uint8_t src[4], const uint8_t dst[4], uint64_t time_ns)
{
	static const uint8_t macs[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	uint32_t len = (uint32_t)(sizeof(macs) + 28 + o->text.n);
	uint8_t h[28] = { 0x45 };

	buf_le32(&o->bytes, (uint32_t)(time_ns / 1000000000u));
	buf_le32(&o->bytes, (uint32_t)(time_ns % 1000000000u / 1000));
	buf_le32(&o->bytes, len);
	buf_le32(&o->bytes, len);
	buf_add(&o->bytes, macs, sizeof(macs));
	store_be16(h + 2, (uint16_t)(28 + o->text.n));
	store_be16(h + 4, (uint16_t)(o->count.messages + 1));
	h[8] = 64, h[9] = 17;
	memcpy(h + 12, src, 4);
	memcpy(h + 16, dst, 4);
	ip4_checksum(h);
	store_be16(h + 20, 5060);
	store_be16(h + 22, 5060);
	store_be16(h + 24, (uint16_t)(8 + o->text.n));	/* a UDP checksum of 0: none (RFC 768) */
	buf_add(&o->bytes, h, sizeof(h));
	buf_put(&o->bytes, buf_slice(&o->text));
}

static void
put_record(struct out *o, const uint8_t src[4], const uint8_t dst[4], uint64_t time_ns)
{
	struct record r = { .type = FRAME_MESSAGE, .time_ns = time_ns, .transport = TRANSPORT_UDP, .kind = KIND_SIP,
		.marks = MARK_SIP, .ip_id = (uint16_t)(o->count.messages + 1), .payload = buf_slice(&o->text) };

	r.src.family = r.dst.family = FAMILY_IP4;
	r.src.port = r.dst.port = 5060;
	memcpy(r.src.ip, src, 4);
	memcpy(r.dst.ip, dst, 4);
	r.id = record_id(o->ids, &r);
	if (sip_scan(r.payload, &r.sip) != RC_OK || record_encode(&r, &o->bytes) != RC_OK)
		abort();
	o->count.frames++;
	o->count.payload_bytes += r.payload.n;
}

static void
put(struct out *o, const struct call *c, bool from_proxy)
{
	uint64_t time_ns = START_S * UINT64_C(1000000000) + o->count.messages * STEP_NS;
	uint8_t peer[4];

	callee(c, peer);
	(o->records ? put_record : put_packet)(o, from_proxy ? proxy : peer, from_proxy ? peer : proxy, time_ns);
	o->count.messages++;
	if (o->bytes.n >= 1u << 20)
		flush_bytes(o);
}

static void
put_body(struct out *o, const struct call *c, enum body body)
{
	static const char *const dir[] = { [OFFER] = "10.1", [ANSWER] = "198.51" };
	char sdp[400];
	unsigned port = (unsigned)(16384 + 2 * (c->id % 8000));
	int n;

	if (body == NO_BODY || c->brief) {
		buf_str(&o->text, "Content-Length: 0\r\n\r\n");
		return;
	}
	n = snprintf(sdp, sizeof(sdp), "v=0\r\no=- %u %u IN IP4 %s.100.7\r\ns=-\r\nc=IN IP4 %s.100.7\r\nt=0 0\r\n"
	    "m=audio %u RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n",
	    (unsigned)c->id, (unsigned)c->id, dir[body], dir[body], port);
	buf_printf(&o->text, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", n, sdp);
}

static void
put_message(struct out *o, const struct call *c, const struct line *l)
{
	struct buf *t = &o->text;
	unsigned caller = (unsigned)(mix(o, c->id, 1) % 1000000000), called = (unsigned)(mix(o, c->id, 2) % 1000000000);
	unsigned country = c->id % 10 == 0 ? 44 : 49;
	bool invite = strcmp(l->method, "INVITE") == 0;
	uint8_t ip[4];

	callee(c, ip);
	buf_clear(t);
	if (l->status == 0)
		buf_printf(t, "%s sip:33%09u@%u.%u.%u.%u:5060 SIP/2.0\r\n", l->method, called, ip[0], ip[1], ip[2], ip[3]);
	else
		buf_printf(t, "SIP/2.0 %u %s\r\n", l->status, l->reason);
	buf_printf(t, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK%08x.%x\r\n", (unsigned)mix(o, c->id, 3), l->branch);
	buf_printf(t, "Via: SIP/2.0/UDP 10.1.100.7:5060;rport=5060;branch=z9hG4bK-%016llx-%x\r\n",
	    (unsigned long long)mix(o, c->id, 4), l->branch);
	if (invite && !c->brief)
		buf_printf(t, "Record-Route: <sip:192.0.2.1;lr;ftag=%08x>\r\n", (unsigned)mix(o, c->id, 5));
	buf_printf(t, "From: <sip:%u%09u@proxy.example>;tag=%08x\r\n", country, caller, (unsigned)mix(o, c->id, 5));
	buf_printf(t, "To: <sip:33%09u@proxy.example>", called);
	if (l->to_tag)
		buf_printf(t, ";tag=%08x", (unsigned)mix(o, c->id, 6));
	buf_printf(t, "\r\nCall-ID: %016llx@10.1.100.7\r\nCSeq: %u %s\r\n", (unsigned long long)mix(o, c->id, 7), l->cseq, l->method);
	if (l->status == 0)
		buf_str(t, "Max-Forwards: 69\r\n");
	if (!c->brief) {
		buf_printf(t, "Contact: <sip:%s@%u.%u.%u.%u:5060>\r\nUser-Agent: Example Gateway 4.7.1\r\n",
		    l->status > 0 ? "gw" : "pbx", ip[0], ip[1], ip[2], ip[3]);
		buf_str(t, "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, INFO, UPDATE\r\n"
		    "Supported: replaces, timer, path\r\n");
	}
	put_body(o, c, l->body);
	put(o, c, l->status == 0);
}

static bool
busy(const struct call *c)
{
	return c->id % 4 == 3;
}

/* The next message of the call; false after the last one. */
static bool
next_message(struct out *o, struct call *c)
{
	static const struct line begin[] = {
		{ "INVITE", 0, NULL, 1, 1, false, OFFER },
		{ "INVITE", 100, "Trying", 1, 1, false, NO_BODY },
		{ "INVITE", 180, "Ringing", 1, 1, true, NO_BODY },
		{ "INVITE", 200, "OK", 1, 1, true, ANSWER },
		{ "ACK", 0, NULL, 1, 2, true, NO_BODY },
	};
	static const struct line fail[] = {
		{ "INVITE", 486, "Busy Here", 1, 1, true, NO_BODY },
		{ "ACK", 0, NULL, 1, 1, true, NO_BODY },	/* RFC 3261 17.1.1.3: the INVITE's branch */
	};
	uint32_t k = c->step++;
	struct line l;

	if (busy(c) && k >= 2) {
		if (k >= 4)
			return false;
		l = fail[k - 2];
	} else if (k < 5) {
		l = begin[k];
	} else {
		unsigned n = (k - 5) / 2;

		if (n > c->infos)
			return false;
		l = (struct line){ n < c->infos ? "INFO" : "BYE", k % 2 == 1 ? 0 : 200, "OK", n + 2, n + 3, true, NO_BODY };
	}
	put_message(o, c, &l);
	return true;
}

/* So many INFO transactions in each answered call as make `messages` of `calls`. */
static uint32_t
infos_needed(const struct conf *conf)
{
	uint64_t fails = conf->calls / 4, answered = conf->calls - fails, have = 4 * fails + 7 * answered;

	return conf->messages > have ? (uint32_t)((conf->messages - have + 2 * answered - 1) / (2 * answered)) : 0;
}

static void
mixed_calls(struct out *o, const struct conf *conf)
{
	uint64_t slots = conf->calls / 4 + 1 < WINDOW ? conf->calls / 4 + 1 : WINDOW, next = 0, k = 0;
	uint32_t infos = infos_needed(conf);
	struct call *window = calloc(slots, sizeof(*window));

	if (window == NULL)
		abort();
	for (; next < slots; next++)
		window[next] = (struct call){ .id = next, .infos = infos };
	while (o->count.messages < conf->messages && slots > 0) {
		struct call *c = &window[mix(o, k++, 8) % slots];

		if (next_message(o, c))
			continue;
		*c = next < conf->calls ? (struct call){ .id = next++, .infos = infos } : window[--slots];
	}
	free(window);
}

static void
open_dialogs(struct out *o, const struct conf *conf)
{
	static const unsigned first[] = { 0, 3, 4 };	/* INVITE, 200, ACK of next_message */
	struct call c = { .brief = true, .infos = UINT32_MAX };

	for (uint64_t id = 0; id < conf->open; id++) {
		c.id = id * 4;	/* none of the busy ones */
		for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
			c.step = first[i];
			next_message(o, &c);
		}
	}
	/* INFO and its 200, the dialogs in an order that no cache likes */
	for (uint64_t k = 0; k < conf->messages; k++) {
		c.id = mix(o, k / 2, 9) % conf->open * 4;
		c.step = (uint32_t)(5 + k / 2 % 1000000 * 2 + k % 2);
		next_message(o, &c);
	}
}

static void
pcap_header(struct buf *b)
{
	static const uint32_t head[] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 262144, 1 };

	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		buf_le32(b, head[i]);
}

static int
usage(void)
{
	fputs("usage: gen [-n MESSAGES] [-c CALLS] [--open DIALOGS] [--records] [--seed N] [-o FILE]\n", stderr);
	return 2;
}

static bool
options(int argc, char **argv, struct conf *conf)
{
	static const struct option longs[] = {
		{ "open", required_argument, NULL, 'O' }, { "records", no_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 },
	};
	bool ok = true;
	int c;

	while ((c = getopt_long(argc, argv, "n:c:o:", longs, NULL)) != -1) {
		struct slice v = slice_str(optarg);

		if (c == 'n')
			ok &= slice_u64(v, UINT32_MAX, &conf->messages);
		else if (c == 'c')
			ok &= slice_u64(v, UINT32_MAX, &conf->calls) && conf->calls > 0;
		else if (c == 'O')
			ok &= slice_u64(v, UINT32_MAX, &conf->open) && conf->open > 0;
		else if (c == 's')
			ok &= slice_u64(v, UINT64_MAX, &conf->seed);
		else if (c == 'r')
			conf->records = true;
		else if (c == 'o')
			conf->path = optarg;
		else
			ok = false;
	}
	return ok && optind == argc;
}

int
main(int argc, char **argv)
{
	struct conf conf = { .messages = 1000000, .calls = 160000, .seed = 1 };
	struct out o = { 0 };

	if (!options(argc, argv, &conf))
		return usage();
	o.f = conf.path != NULL ? fopen(conf.path, "wb") : stdout;
	if (o.f == NULL) {
		fprintf(stderr, "gen: %s: %s\n", conf.path, strerror(errno));
		return 1;
	}
	o.records = conf.records;
	o.seed = conf.seed;
	o.ids = id_maker_new();
	if (o.records)
		header_encode(&(struct stream_header){ .version = TRACE_VERSION }, &o.bytes);
	else
		pcap_header(&o.bytes);
	(conf.open > 0 ? open_dialogs : mixed_calls)(&o, &conf);
	if (o.records)
		end_encode(&o.count, &o.bytes);
	flush_bytes(&o);
	id_maker_free(o.ids);
	buf_reset(&o.bytes);
	buf_reset(&o.text);
	if (fclose(o.f) != 0) {
		fprintf(stderr, "gen: close: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
