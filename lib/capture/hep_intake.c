/* SPDX-License-Identifier: MIT */
#include "capture/hep_intake.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "capture/restore.h"
#include "hep/hep.h"
#include "hep/inflate.h"
#include "trace/record_hep.h"

enum count {
	PACKETS_IN, PACKETS_HEP,
	/* left out */
	NO_HEP, KEY_MISSING, KEY_WRONG, UNFINISHED,
	/* lost */
	DAMAGED, UNPACKABLE, TOO_LARGE, CUT, STALLED, KERNEL_DROPS,
	VERSION_1, VERSION_2, VERSION_3, COMPRESSED, TRAILING,
	MESSAGES_IN, MESSAGES_OUT, NO_XHEADERS, XHEADERS_UNTRUSTED,
	CONNS_IN, CONNS_CLOSED, CONNS_RESET, CONNS_NO_HEP, CONNS_STALLED, CONNS_EVICTED, CONNS_REFUSED, CONNS_HANDSHAKE, CONNS_OPEN,
	COUNTS,
};

static const struct counter names[COUNTS] = {
	[PACKETS_IN] = { "in", UNIT_PACKET, STAT_IN, 0 },
	[PACKETS_HEP] = { "hep", UNIT_PACKET, STAT_OUT, 0 },
	[NO_HEP] = { "no_hep", UNIT_PACKET, STAT_CHOSEN, 0 },
	[KEY_MISSING] = { "key_missing", UNIT_PACKET, STAT_CHOSEN, 0 },
	[KEY_WRONG] = { "key_wrong", UNIT_PACKET, STAT_CHOSEN, 0 },
	[UNFINISHED] = { "unfinished", UNIT_PACKET, STAT_CHOSEN, 0 },
	[DAMAGED] = { "damaged", UNIT_PACKET, STAT_LOST, 0 },
	[UNPACKABLE] = { "damaged_compressed", UNIT_PACKET, STAT_LOST, 0 },
	[TOO_LARGE] = { "too_large", UNIT_PACKET, STAT_LOST, 0 },
	[CUT] = { "cut", UNIT_PACKET, STAT_LOST, 0 },
	[STALLED] = { "stalled", UNIT_PACKET, STAT_LOST, 0 },
	[KERNEL_DROPS] = { "kernel_drops", UNIT_PACKET, STAT_LOST, 0 },
	[VERSION_1] = { "version_1", UNIT_PACKET, STAT_INFO, 0 },
	[VERSION_2] = { "version_2", UNIT_PACKET, STAT_INFO, 0 },
	[VERSION_3] = { "version_3", UNIT_PACKET, STAT_INFO, 0 },
	[COMPRESSED] = { "compressed", UNIT_PACKET, STAT_INFO, 0 },
	[TRAILING] = { "trailing_bytes", UNIT_PACKET, STAT_INFO, 0 },
	[MESSAGES_IN] = { "in", UNIT_MESSAGE, STAT_IN, 0 },
	[MESSAGES_OUT] = { "out", UNIT_MESSAGE, STAT_OUT, 0 },
	[NO_XHEADERS] = RESTORE_NO_XHEADERS,
	[XHEADERS_UNTRUSTED] = RESTORE_UNTRUSTED,
	[CONNS_IN] = { "in", UNIT_CONN, STAT_IN, 0 },
	[CONNS_CLOSED] = { "closed", UNIT_CONN, STAT_OUT, 0 },
	[CONNS_RESET] = { "reset", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_NO_HEP] = { "no_hep", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_STALLED] = { "stalled", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_EVICTED] = { "evicted", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_REFUSED] = { "refused", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_HANDSHAKE] = { "handshake_failed", UNIT_CONN, STAT_CHOSEN, 0 },
	[CONNS_OPEN] = { "open", UNIT_CONN, STAT_HELD, 0 },
};

static const struct hep_refusal refusals[COUNTS] = {
	[NO_HEP] = { "packets that are no HEP", "a packet that is no HEP" },
	[KEY_MISSING] = { "packets without a key", "a packet without a key" },
	[KEY_WRONG] = { "packets with a wrong key", "a packet with a wrong key" },
	[DAMAGED] = { "damaged HEP packets", "a damaged HEP packet" },
	[UNPACKABLE] = { "payloads that cannot be unpacked", "a compressed payload that cannot be unpacked" },
	[TOO_LARGE] = { "payloads that are too large", "a compressed payload that is too large" },
};

struct hep_intake {
	struct hep_intake_conf conf;
	struct id_maker *ids;
	struct buf attrs, unpacked;
	struct listen_stats outside;	/* as last told */
	struct counter count[COUNTS];
};

struct hep_intake *
hep_intake_new(const struct hep_intake_conf *conf)
{
	struct hep_intake *in = xcalloc(1, sizeof(*in));

	in->conf = *conf;
	in->ids = id_maker_new();
	memcpy(in->count, names, sizeof(names));
	return in;
}

void
hep_intake_free(struct hep_intake *in)
{
	if (in == NULL)
		return;
	id_maker_free(in->ids);
	buf_reset(&in->attrs);
	buf_reset(&in->unpacked);
	free(in);
}

/* Takes as long whatever `have` holds: how long a guess takes tells nothing about the key, but perhaps its length. */
static bool
same_key(struct slice have, struct slice want)
{
	volatile uint8_t differ = have.n != want.n;

	for (size_t i = 0; i < have.n; i++)
		differ |= have.p[i] ^ want.p[i % want.n];
	return differ == 0;
}

static enum count
decode(struct hep_intake *in, struct slice data, struct hep *h)
{
	static const enum count versions[] = { [1] = VERSION_1, [2] = VERSION_2, [3] = VERSION_3 };
	bool begins = data.n > 0 && (data.p[0] == 1 || data.p[0] == 2);

	begins = begins || slice_starts(data, SLICE_LIT("HEP3")) || slice_starts(data, SLICE_LIT("EEP3"));
	if (hep_decode(&data, h) != RC_OK)
		return begins ? DAMAGED : NO_HEP;
	in->count[versions[h->version]].value++;
	in->count[TRAILING].value += data.n > 0;
	if (in->conf.key.n > 0 && h->key.n == 0)
		return KEY_MISSING;
	if (in->conf.key.n > 0 && !same_key(h->key, in->conf.key))
		return KEY_WRONG;
	return PACKETS_HEP;
}

static enum count
unpack(struct hep_intake *in, struct hep *h)
{
	enum rc rc;

	buf_clear(&in->unpacked);
	rc = hep_inflate(h->payload, HEP_UNPACKED_MAX, &in->unpacked, NULL);
	if (rc != RC_OK)
		return rc == RC_LIMIT ? TOO_LARGE : UNPACKABLE;
	in->count[COMPRESSED].value++;
	h->payload = buf_slice(&in->unpacked);
	h->compressed = false;
	return PACKETS_HEP;
}

/* False: put wants no more. */
static bool
emit(struct hep_intake *in, struct record *r, uint16_t point)
{
	r->capture_point = point;
	if (in->conf.locals != NULL && in->conf.locals->n > 0)
		r->direction = locals_direction(in->conf.locals, &r->src, &r->dst);
	in->count[MESSAGES_IN].value++;
	r->id = record_id(in->ids, r);
	if (in->conf.xheaders != NULL &&
	    !restore_original(in->conf.xheaders, in->conf.locals, r, &in->count[NO_XHEADERS], &in->count[XHEADERS_UNTRUSTED]))
		return true;
	in->count[MESSAGES_OUT].value++;
	return in->conf.put(in->conf.arg, r);
}

enum rc
hep_intake_packet(struct hep_intake *in, const struct listen_packet *p, uint64_t now_ns, const struct hep_refusal **why)
{
	struct record r;
	struct hep h;
	enum count verdict = decode(in, p->data, &h);

	if (verdict == PACKETS_HEP && h.compressed)
		verdict = unpack(in, &h);
	if (verdict == PACKETS_HEP && record_from_hep(&h, now_ns, &in->attrs, &r, NULL) != RC_OK)
		verdict = DAMAGED;
	in->count[PACKETS_IN].value++;
	in->count[verdict].value++;
	if (verdict != PACKETS_HEP) {
		*why = &refusals[verdict];
		return RC_BAD;
	}
	return emit(in, &r, p->point) ? RC_OK : RC_END;
}

/* Where listen's sums go. */
static const struct {
	size_t from;
	enum count to;
} outside[] = {
	{ offsetof(struct listen_stats, garbage), NO_HEP },
	{ offsetof(struct listen_stats, unfinished), UNFINISHED },
	{ offsetof(struct listen_stats, cut), CUT },
	{ offsetof(struct listen_stats, stalled), STALLED },
	{ offsetof(struct listen_stats, kernel_drops), KERNEL_DROPS },
	{ offsetof(struct listen_stats, conns), CONNS_IN },
	{ offsetof(struct listen_stats, conns_closed), CONNS_CLOSED },
	{ offsetof(struct listen_stats, conns_reset), CONNS_RESET },
	{ offsetof(struct listen_stats, conns_garbage), CONNS_NO_HEP },
	{ offsetof(struct listen_stats, conns_stalled), CONNS_STALLED },
	{ offsetof(struct listen_stats, conns_evicted), CONNS_EVICTED },
	{ offsetof(struct listen_stats, conns_refused), CONNS_REFUSED },
	{ offsetof(struct listen_stats, conns_handshake), CONNS_HANDSHAKE },
	{ offsetof(struct listen_stats, conns_open), CONNS_OPEN },
};

void
hep_intake_outside(struct hep_intake *in, const struct listen_stats *now)
{
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct counter *c = &in->count[outside[i].to];
		uint64_t new, old;

		memcpy(&new, (const char *)now + outside[i].from, sizeof(new));
		memcpy(&old, (const char *)&in->outside + outside[i].from, sizeof(old));
		c->value += new - old;
		if (c->unit == UNIT_PACKET)
			in->count[PACKETS_IN].value += new - old;
	}
	in->outside = *now;
}

struct counter *
hep_intake_counters(struct hep_intake *in, size_t *n)
{
	*n = COUNTS;
	return in->count;
}
