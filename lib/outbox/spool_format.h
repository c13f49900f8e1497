/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_SPOOL_FORMAT_H
#define OUTBOX_SPOOL_FORMAT_H
/*
 * spool_format - version 1 of what a spool's folder holds, for the files of lib/outbox/spool*.c alone. All integers are little-endian.
 *
 *	lock			empty; whoever has the spool open holds its flock(2)
 *	positions		how far delivery is, two slots
 *	positions.new		a positions file in the making
 *	0000000000000000.seg	the log from the position in its name (16 hexadecimal digits) on
 *
 * Other files are nobody's business. Files named as segments belong to the spool.
 *
 * A position counts entry bytes, heads included, segment heads not: byte `pos` of the log lies at SPOOL_SEGMENT_DATA + pos - first of its
 * segment. Packets are numbered from 0 since the spool was made, and a packet takes at least SPOOL_ENTRY_HEAD bytes; so two places of the
 * log tell how many packets lie between them without reading them, and what is missing there is known to the packet.
 *
 * Segment: the same head twice, at 0 and 64 (no single bad byte costs a segment), then entries without gaps.
 *
 *	 0  8	magic "\xd1STSPSG\n"
 *	 8  2	version
 *	10  2	0
 *	12  4	salt, random: nothing that a packet carries can pass for an entry of this segment
 *	16  8	position of the first entry
 *	24  8	number of the first packet
 *	32 28	0
 *	60  4	CRC-32C of the 60 bytes before
 *
 * Entry: a head that is checked before its length is believed, then the packet. So a packet that does not match its checksum costs itself
 * alone; where a head is bad the next good one is looked for, byte by byte, which takes no longer than reading the rest.
 *
 *	 0  4	bytes of the packet, SPOOL_PACKET_MAX at most
 *	 4  4	its number less that of the segment's first
 *	 8  4	CRC-32C of the packet
 *	12  4	CRC-32C of the salt's continuation: crc32c(salt, the 12 bytes before)
 *	16  …	the packet
 *
 * Positions: two slots at 0 and 4096, written in turn; the good one of the higher turn counts.
 *
 *	 0  8	magic "\xd1STSPPO\n"
 *	 8  2	version
 *	10  2	flags: 1 closed in good order
 *	12  4	0
 *	16  8	turn
 *	24  8	acknowledged position
 *	32  8	number of the first packet that is not acknowledged
 *	40  8	position of the log's end
 *	48  8	number that the next packet gets
 *	56  8	number behind the last packet that was handed out
 *	64 12	0
 *	76  4	CRC-32C of the 76 bytes before
 */
#include "base/slice.h"
#include "base/err.h"

#define SPOOL_VERSION 1
#define SPOOL_LOCK "lock"
#define SPOOL_POSITIONS "positions"
#define SPOOL_POSITIONS_NEW "positions.new"
#define SPOOL_NAME_SIZE 24		/* of a segment's name, with its end */
#define SPOOL_POS_MAX (UINT64_C(1) << 62)	/* sums of two positions do not wrap */
#define SPOOL_FIRST_MAX (SPOOL_POS_MAX - (UINT64_C(1) << 32))	/* where a segment may begin and have room */
#define SPOOL_SEGMENT_MAX (INT64_C(1) << 30)	/* asked for at most; an entry's index has 32 bits */
#define SPOOL_SEGMENT_LARGEST (SPOOL_SEGMENT_MAX + (INT64_C(32) << 20))	/* a file that is larger is none of ours */

enum {
	SPOOL_SEGMENT_HEAD = 64,
	SPOOL_SEGMENT_DATA = 2 * SPOOL_SEGMENT_HEAD,
	SPOOL_ENTRY_HEAD = 16,
	SPOOL_SLOT = 80,
	SPOOL_SLOT_STEP = 4096,
	SPOOL_POSITIONS_SIZE = 2 * SPOOL_SLOT_STEP,
};

struct spool_segment_head {
	uint16_t version;
	uint32_t salt;
	uint64_t first;
	uint64_t number;
};

struct spool_entry_head {
	uint32_t length;
	uint32_t index;
	uint32_t crc;
};

struct spool_place {
	uint64_t pos;
	uint64_t number;	/* of the packet that begins there */
};

struct spool_slot {
	uint16_t version;
	bool clean;
	uint64_t turn;
	struct spool_place acked;
	struct spool_place end;
	uint64_t handed;
};

/* Both heads. */
void spool_segment_head_put(uint8_t p[SPOOL_SEGMENT_DATA], const struct spool_segment_head *h);
/* RC_OK; RC_MORE: too short; RC_BAD: neither head is good. A version that is not ours is RC_OK with nothing but `version` set. */
enum rc spool_segment_head_get(struct slice s, struct spool_segment_head *h) MUST_USE;
void spool_entry_head_put(uint8_t p[SPOOL_ENTRY_HEAD], uint32_t salt, const struct spool_entry_head *h);
bool spool_entry_head_get(const uint8_t p[SPOOL_ENTRY_HEAD], uint32_t salt, struct spool_entry_head *h);
void spool_slot_put(uint8_t p[SPOOL_SLOT], const struct spool_slot *s);
/* RC_OK as above; RC_MORE: it may have been a slot (its magic is there, or nothing but zeros); RC_BAD: something else. */
enum rc spool_slot_get(struct slice s, struct spool_slot *out) MUST_USE;
/* "0123456789abcdef.seg" and back. */
void spool_segment_name(uint64_t first, char name[SPOOL_NAME_SIZE]);
bool spool_segment_named(const char *name, uint64_t *first);
/* Can both be of one log? */
bool spool_places_agree(struct spool_place earlier, struct spool_place later);
#endif
