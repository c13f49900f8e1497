/* SPDX-License-Identifier: MIT */
#ifndef HEP_LINT_H
#define HEP_LINT_H
/*
 * lint - what a packet would trip over at a receiver: a table of traps, each with a predicate on the packet and the receiver's row of
 * profile.h. It judges bytes, whoever wrote them. No state, no allocation but by the caller's buf.
 */
#include "base/buf.h"
#include "hep/hep.h"
#include "hep/profile.h"
#include "sip/index.h"

/* What the predicates look at. Borrows from the packet and from the scratch buffer. */
struct hep_facts {
	struct slice packet;
	uint8_t version;		/* 1, 2, 3 by its first bytes; 0 = no HEP */
	bool decoded;			/* `h` is filled, and its payload is no longer compressed if it could be unpacked */
	bool packed, unpacked;		/* it came as chunk 0x10, and could be unpacked */
	bool eep3;			/* magic "EEP3" */
	bool zero_chunk;		/* vendor 0, type 0 */
	bool low_vendor_chunk;		/* another vendor's under HEP_OWN_TYPES */
	/* The caller's to set, of what it encoded: it had more than the version can carry; a chunk that is not for this receiver. */
	bool left_behind, left_out;
	bool ip4, ip6;			/* address chunks of these families */
	unsigned core_chunks;		/* 0x01…0x0c and 0x0f, repeated ones too */
	size_t total;			/* version 3: the total that it says */
	struct hep h;
	struct sip_index sip;		/* of the payload, if `is_sip` */
	bool is_sip;
};

/* `unpacked` is cleared; it holds the payload that was compressed. */
void hep_facts_of(struct slice packet, struct buf *unpacked, struct hep_facts *out);

enum hep_harm {
	HEP_NOTE,	/* good to know */
	HEP_MISREAD,	/* arrives with something wrong or missing */
	HEP_LOST,	/* the message is lost */
};

struct hep_trap {
	const char *name;
	uint32_t quirk;		/* only for receivers with it; 0 = for all */
	uint8_t harm;		/* enum hep_harm */
	bool (*trips)(const struct hep_facts *, const struct hep_profile *);
	const char *text;	/* what happens; one line */
};

extern const struct hep_trap hep_traps[];	/* ends with a NULL name */
#define HEP_TRAPS 25		/* rows, without the end */
#define HEP_TRAP_UNENCODABLE 0	/* the first row: a message that could not become a packet at all; never trips by itself */

static inline bool
hep_trips(const struct hep_trap *t, const struct hep_facts *f, const struct hep_profile *p)
{
	return (t->quirk == 0 || (t->quirk & p->quirks) != 0) && t->trips(f, p);
}
#endif
