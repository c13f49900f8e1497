/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as HEP packets that follow each other, as a compressed payload, and as a chunk's text: no crash; what is decoded can be
 * encoded, and decodes to the same fields and chunks again; the record that a packet becomes goes into version 3 and comes back
 * the same. Lint judges any bytes.
 */
#include <stdlib.h>

#include "hep/inflate.h"
#include "hep/lint.h"
#include "trace/record_hep.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define UNPACKED_MAX (256u << 10)	/* enough to meet the limit, small enough to be fast */

static void
must(bool same)
{
	if (!same)
		abort();
}

static void
same_others(struct slice a, struct slice b)
{
	struct hep3_chunk x, y;

	while (hep3_next_other(&a, &x) == RC_OK) {
		must(hep3_next_other(&b, &y) == RC_OK);
		must(x.vendor == y.vendor && x.type == y.type && slice_eq(x.data, y.data));
	}
	must(hep3_next_other(&b, &y) == RC_END);
}

/* A packet of addresses that we would not write is only read; the packet it is written to is never larger than all it says. */
static void
again(const struct hep *h)
{
	struct buf b = { 0 };
	struct slice in;
	struct hep back;

	if (hep_head(h, &b, NULL) == RC_OK) {
		buf_put(&b, h->payload);
		in = buf_slice(&b);
		must(hep_decode(&in, &back) == RC_OK && in.n == 0);
		must(back.version == h->version && back.ip_proto == h->ip_proto && back.type == h->type);
		must(addr_eq(&back.src, &h->src) && addr_eq(&back.dst, &h->dst));
		must(back.sec == h->sec && back.usec == h->usec && back.capture_id == h->capture_id);
		must(slice_eq(back.correlation, h->correlation) && slice_eq(back.node, h->node) && slice_eq(back.key, h->key));
		must(slice_eq(back.payload, h->payload) && back.compressed == h->compressed);
		same_others(h->chunks, back.chunks);
	}
	buf_reset(&b);
}

/* Record, packet, record. Only what HEP has no number for may get lost on the way; a capture id of 0 becomes 1. */
static void
through_a_record(const struct hep *h)
{
	struct hep_conf conf = { .version = 3, .has_id = true, .capture_id = h->capture_id };
	struct buf attrs = { 0 }, attrs2 = { 0 }, chunks = { 0 }, packet = { 0 }, a = { 0 }, b = { 0 };
	struct record r, back;
	struct slice in;
	struct hep h2;
	unsigned omitted;

	must(record_from_hep(h, 1, &attrs, &r, NULL) == RC_OK);
	if (record_to_hep(&r, &conf, &chunks, &h2, &omitted, NULL) == RC_OK && hep_head(&h2, &packet, NULL) == RC_OK) {
		must(omitted == 0);
		buf_put(&packet, r.payload);
		in = buf_slice(&packet);
		must(hep_decode(&in, &h2) == RC_OK && in.n == 0);
		must(record_from_hep(&h2, 1, &attrs2, &back, NULL) == RC_OK);
		if (r.time_ns < 1000)	/* no time at all: now */
			back.time_ns = r.time_ns;
		if (r.transport == TRANSPORT_NONE || r.kind == KIND_LOG)
			back.transport = r.transport;
		must(record_encode(&r, &a) == RC_OK && record_encode(&back, &b) == RC_OK);
		must(slice_eq(buf_slice(&a), buf_slice(&b)));
	}
	buf_reset(&attrs);
	buf_reset(&attrs2);
	buf_reset(&chunks);
	buf_reset(&packet);
	buf_reset(&a);
	buf_reset(&b);
}

static void
unwrapped(struct slice packet, const struct hep *h)
{
	struct record r = { .type = FRAME_MESSAGE, .kind = KIND_HEP, .time_ns = 1, .payload = packet }, m;
	struct buf attrs = { 0 };
	bool own_id;

	must(record_unwrap(&r, h, &attrs, &m, &own_id, NULL) == RC_OK);
	must(slice_eq(m.payload, h->payload));
	buf_reset(&attrs);
}

static void
judged(struct slice packet)
{
	struct buf unpacked = { 0 };
	struct hep_facts f;
	unsigned tripped = 0;

	hep_facts_of(packet, &unpacked, &f);
	for (const struct hep_profile *p = hep_profiles; p->name != NULL; p++)
		for (const struct hep_trap *t = hep_traps; t->name != NULL; t++)
			tripped += hep_trips(t, &f, p);
	must(f.decoded || tripped > 0);
	buf_reset(&unpacked);
}

static void
as_text_and_archive(struct slice in)
{
	struct buf out = { 0 };
	struct hep3_chunk c;
	struct slice rest;

	if (hep_inflate(in, UNPACKED_MAX, &out, NULL) != RC_OK)
		must(out.n == 0);
	must(out.n <= UNPACKED_MAX);
	buf_clear(&out);
	if (hep_chunk_parse(in, &out, NULL) == RC_OK) {
		rest = buf_slice(&out);
		must(hep3_next_other(&rest, &c) == RC_OK && rest.n == 0);
	}
	buf_reset(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = slice_of(p, n);
	struct hep h;

	judged(in);
	as_text_and_archive(in);
	while (in.n > 0) {
		struct slice packet = in;

		if (hep_decode(&in, &h) != RC_OK)
			break;
		packet.n -= in.n;
		again(&h);
		through_a_record(&h);
		unwrapped(packet, &h);
		if (h.compressed)
			as_text_and_archive(h.payload);
	}
	return 0;
}
