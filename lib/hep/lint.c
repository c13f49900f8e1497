/* SPDX-License-Identifier: MIT */
#include "hep/lint.h"

#include "base/take.h"
#include "hep/inflate.h"
#include "sip/msg.h"

#define DATAGRAM_MAX 65507	/* payload of a UDP datagram over IPv4 (RFC 768, RFC 791 3.1) */
#define TYPE_RTCP_JSON 5
#define TYPE_RTCP 58

static void
look_at_chunk(const struct hep3_chunk *c, struct hep_facts *f)
{
	if (c->vendor != 0) {
		f->low_vendor_chunk |= c->type < HEP_OWN_TYPES;
		return;
	}
	f->zero_chunk |= c->type == 0;
	f->ip4 |= c->type == HEP_SRC_IP4 || c->type == HEP_DST_IP4;
	f->ip6 |= c->type == HEP_SRC_IP6 || c->type == HEP_DST_IP6;
	f->packed |= c->type == HEP_PAYLOAD_COMPRESSED;
	f->core_chunks += (c->type >= HEP_FAMILY && c->type <= HEP_CAPTURE_ID) || c->type == HEP_PAYLOAD;
}

/* A damaged packet's chunks too, as far as they go. */
static void
look_at_chunks(struct slice packet, struct hep_facts *f)
{
	struct slice rest = slice_skip(packet, HEP3_HEAD);
	struct hep3_chunk c;

	f->total = packet.n >= HEP3_HEAD ? load_be16(packet.p + 4) : 0;
	if (f->total >= HEP3_HEAD)
		rest = slice_head(rest, f->total - HEP3_HEAD);
	while (hep3_next(&rest, &c) == RC_OK)
		look_at_chunk(&c, f);
}

void
hep_facts_of(struct slice packet, struct buf *unpacked, struct hep_facts *out)
{
	struct hep_facts f = { .packet = packet };
	struct slice in = packet;

	buf_clear(unpacked);
	f.eep3 = slice_starts(packet, SLICE_LIT("EEP3"));
	if (f.eep3 || slice_starts(packet, SLICE_LIT("HEP3")))
		f.version = 3;
	else if (packet.n > 0 && (packet.p[0] == 1 || packet.p[0] == 2))
		f.version = packet.p[0];
	if (f.version == 3)
		look_at_chunks(packet, &f);
	f.decoded = hep_decode(&in, &f.h) == RC_OK;
	if (f.decoded && f.h.compressed && hep_inflate(f.h.payload, HEP_INFLATE_MAX, unpacked, NULL) == RC_OK) {
		f.unpacked = true;
		f.h.payload = buf_slice(unpacked);
	}
	if (f.decoded && f.h.type == HEP_TYPE_SIP)
		f.is_sip = sip_scan(f.h.payload, &f.sip) == RC_OK;
	*out = f;
}

#define TRAP(name) static bool name(const struct hep_facts *f, const struct hep_profile *p)
#define UNUSED(x) ((void)(x))

TRAP(never)
{
	UNUSED(f), UNUSED(p);
	return false;
}

TRAP(mixed)
{
	UNUSED(p);
	return f->ip4 && f->ip6;
}

TRAP(damaged)
{
	return !f->decoded && !mixed(f, p);
}

TRAP(other_version)
{
	return f->version != 0 && !hep_reads(p, f->version);
}

TRAP(left_behind)
{
	UNUSED(p);
	return f->left_behind;
}

TRAP(left_out)
{
	UNUSED(p);
	return f->left_out;
}

TRAP(other_length)
{
	UNUSED(p);
	return f->version == 3 && f->total != f->packet.n;
}

TRAP(no_datagram)
{
	UNUSED(p);
	return f->packet.n > DATAGRAM_MAX;
}

TRAP(low_vendor)
{
	UNUSED(p);
	return f->low_vendor_chunk;
}

TRAP(few_chunks)
{
	UNUSED(p);
	return f->version == 3 && f->core_chunks < HEP_CORE_CHUNKS;
}

TRAP(zero_chunk)
{
	UNUSED(p);
	return f->zero_chunk;
}

TRAP(compressed)
{
	UNUSED(p);
	return f->packed;
}

TRAP(not_unpacked)
{
	UNUSED(p);
	return f->decoded && f->packed && f->h.compressed && !f->unpacked;
}

TRAP(sip_correlation)
{
	UNUSED(p);
	return f->decoded && f->h.type == HEP_TYPE_SIP && f->h.correlation.n > 0;
}

TRAP(no_correlation)
{
	UNUSED(p);
	return f->decoded && f->h.correlation.n == 0 &&
	    (f->h.type == HEP_TYPE_LOG || f->h.type == TYPE_RTCP_JSON || f->h.type == TYPE_RTCP);
}

/* An id written as 16 bits into the first half of 32. */
TRAP(swapped_id)
{
	UNUSED(p);
	return f->decoded && f->h.capture_id > UINT16_MAX && (f->h.capture_id & UINT16_MAX) == 0;
}

TRAP(short_sip)
{
	UNUSED(p);
	return f->decoded && f->h.type == HEP_TYPE_SIP && f->h.payload.n <= HEP_SHORT_SIP;
}

TRAP(poor_sip)
{
	if (!f->decoded || f->h.type != HEP_TYPE_SIP || short_sip(f, p))
		return false;
	return !f->is_sip || (f->sip.flags & SIP_HAS_CSEQ) == 0 ||
	    sip_part(&f->sip, f->h.payload, SIP_SPAN_CALLID).n == 0;
}

TRAP(type_0)
{
	UNUSED(p);
	return f->decoded && f->h.type == 0;
}

TRAP(time_0)
{
	UNUSED(p);
	return f->decoded && f->version != 1 && f->h.sec == 0 && f->h.usec == 0;
}

TRAP(no_time)
{
	UNUSED(p);
	return f->version == 1;
}

TRAP(has_key)
{
	UNUSED(p);
	return f->decoded && f->h.key.n > 0;
}

/* 16 or 40, what version 1 has before its message; version 2's time part is not counted. */
TRAP(length_byte)
{
	UNUSED(p);
	return f->decoded && f->version != 3 && f->packet.p[1] != (f->h.src.family == FAMILY_IP6 ? 40 : 16);
}

TRAP(eep3)
{
	UNUSED(p);
	return f->eep3;
}

const struct hep_trap hep_traps[] = {
	[HEP_TRAP_UNENCODABLE] = { "unencodable", 0, HEP_LOST, never, "HEP of this version cannot express the message" },
	{ "damaged", 0, HEP_LOST, damaged, "no HEP packet, or a damaged one" },
	{ "families", 0, HEP_LOST, mixed, "IPv4 and IPv6 addresses in one packet" },
	{ "version", 0, HEP_LOST, other_version, "this HEP version is not read as it is written" },
	{ "left-behind", 0, HEP_MISREAD, left_behind, "correlation id, node, chunks or a large capture id: no place in this HEP version" },
	{ "left-out", 0, HEP_MISREAD, left_out, "a chunk is left out, which would be taken for another" },
	{ "length", HEP_EXACT_LENGTH, HEP_LOST, other_length, "the total length is not the packet's" },
	{ "size", 0, HEP_NOTE, no_datagram, "over 65507 bytes: no UDP datagram over IPv4 carries it" },
	{ "tcp-size", HEP_TCP_65507, HEP_LOST, no_datagram, "over 65507 bytes: TCP connections are closed" },
	{ "vendor-type", HEP_VENDOR_BLIND, HEP_MISREAD, low_vendor, "a vendor's chunk under 0x100 is taken for vendor 0's" },
	{ "chunks", HEP_NINE_CHUNKS, HEP_LOST, few_chunks, "fewer than nine of the core chunks" },
	{ "chunk-0", HEP_FAILS_ON_0, HEP_LOST, zero_chunk, "chunk 0 of vendor 0: the whole packet is dropped" },
	{ "compressed", HEP_NO_COMPRESSED, HEP_LOST, compressed, "chunk 0x10 is ignored, and the message with it" },
	{ "unpack", 0, HEP_LOST, not_unpacked, "the compressed message cannot be unpacked" },
	{ "sip-correlation", HEP_ID_IS_FINAL, HEP_NOTE, sip_correlation, "a correlation id on SIP is final: X-CID is not looked for" },
	{ "no-correlation", HEP_WANTS_ID, HEP_LOST, no_correlation, "a log line or RTCP without a correlation id is not stored" },
	{ "swapped-id", 0, HEP_MISREAD, swapped_id, "the capture id looks like 16 bits in the wrong half of 32" },
	{ "short-sip", HEP_WANTS_SIP, HEP_LOST, short_sip, "SIP of 32 bytes or less is dropped" },
	{ "poor-sip", HEP_WANTS_SIP, HEP_LOST, poor_sip, "SIP without Call-ID or CSeq is dropped" },
	{ "type-0", HEP_DROPS_TYPE_0, HEP_LOST, type_0, "protocol type 0 is dropped" },
	{ "time-0", HEP_ZERO_IS_NOW, HEP_MISREAD, time_0, "a time of 0 becomes that of arrival" },
	{ "no-time", 0, HEP_NOTE, no_time, "HEP version 1 has no time: it becomes that of arrival" },
	{ "key", HEP_NO_KEY, HEP_NOTE, has_key, "the key is not checked" },
	{ "length-byte", HEP_STRICT_HEAD, HEP_LOST, length_byte, "a wrong length byte in version 1 or 2 is refused" },
	{ "magic", HEP_ONLY_HEP3, HEP_LOST, eep3, "the magic EEP3 is not known" },
	{ 0 },
};
_Static_assert(sizeof(hep_traps) / sizeof(hep_traps[0]) == HEP_TRAPS + 1, "HEP_TRAPS is their number");
