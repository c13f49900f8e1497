/* SPDX-License-Identifier: MIT */
#include "outbox/spool_format.h"

#include <stdio.h>

#include "base/crc32c.h"
#include "base/take.h"
#include "outbox/spool.h"

static const char segment_magic[8] = "\xd1STSPSG\n", slot_magic[8] = "\xd1STSPPO\n";

enum {
	AT_VERSION = 8,

	SEGMENT_SALT = 12,
	SEGMENT_FIRST = 16,
	SEGMENT_NUMBER = 24,
	SEGMENT_CRC = 60,

	ENTRY_LENGTH = 0,
	ENTRY_INDEX = 4,
	ENTRY_CRC = 8,
	ENTRY_HEAD_CRC = 12,

	SLOT_FLAGS = 10,
	SLOT_TURN = 16,
	SLOT_ACKED = 24,
	SLOT_ACKED_NUMBER = 32,
	SLOT_END = 40,
	SLOT_END_NUMBER = 48,
	SLOT_HANDED = 56,
	SLOT_CRC = 76,
	SLOT_CLEAN = 1,
};

void
spool_segment_head_put(uint8_t p[SPOOL_SEGMENT_DATA], const struct spool_segment_head *h)
{
	memset(p, 0, SPOOL_SEGMENT_DATA);
	memcpy(p, segment_magic, sizeof(segment_magic));
	store_le16(p + AT_VERSION, h->version);
	store_le32(p + SEGMENT_SALT, h->salt);
	store_le64(p + SEGMENT_FIRST, h->first);
	store_le64(p + SEGMENT_NUMBER, h->number);
	store_le32(p + SEGMENT_CRC, crc32c(0, p, SEGMENT_CRC));
	memcpy(p + SPOOL_SEGMENT_HEAD, p, SPOOL_SEGMENT_HEAD);
}

enum rc
spool_segment_head_get(struct slice s, struct spool_segment_head *h)
{
	*h = (struct spool_segment_head){ 0 };
	if (s.n < SPOOL_SEGMENT_DATA)
		return RC_MORE;
	for (const uint8_t *p = s.p; p < s.p + SPOOL_SEGMENT_DATA; p += SPOOL_SEGMENT_HEAD) {
		if (memcmp(p, segment_magic, sizeof(segment_magic)) != 0 || load_le32(p + SEGMENT_CRC) != crc32c(0, p, SEGMENT_CRC))
			continue;
		h->version = load_le16(p + AT_VERSION);
		if (h->version != SPOOL_VERSION)
			return RC_OK;
		h->salt = load_le32(p + SEGMENT_SALT);
		h->first = load_le64(p + SEGMENT_FIRST);
		h->number = load_le64(p + SEGMENT_NUMBER);
		return RC_OK;
	}
	return RC_BAD;
}

void
spool_entry_head_put(uint8_t p[SPOOL_ENTRY_HEAD], uint32_t salt, const struct spool_entry_head *h)
{
	store_le32(p + ENTRY_LENGTH, h->length);
	store_le32(p + ENTRY_INDEX, h->index);
	store_le32(p + ENTRY_CRC, h->crc);
	store_le32(p + ENTRY_HEAD_CRC, crc32c(salt, p, ENTRY_HEAD_CRC));
}

bool
spool_entry_head_get(const uint8_t p[SPOOL_ENTRY_HEAD], uint32_t salt, struct spool_entry_head *h)
{
	h->length = load_le32(p + ENTRY_LENGTH);
	if (h->length > SPOOL_PACKET_MAX || load_le32(p + ENTRY_HEAD_CRC) != crc32c(salt, p, ENTRY_HEAD_CRC))
		return false;
	h->index = load_le32(p + ENTRY_INDEX);
	h->crc = load_le32(p + ENTRY_CRC);
	return true;
}

void
spool_slot_put(uint8_t p[SPOOL_SLOT], const struct spool_slot *s)
{
	memset(p, 0, SPOOL_SLOT);
	memcpy(p, slot_magic, sizeof(slot_magic));
	store_le16(p + AT_VERSION, s->version);
	store_le16(p + SLOT_FLAGS, s->clean ? SLOT_CLEAN : 0);
	store_le64(p + SLOT_TURN, s->turn);
	store_le64(p + SLOT_ACKED, s->acked.pos);
	store_le64(p + SLOT_ACKED_NUMBER, s->acked.number);
	store_le64(p + SLOT_END, s->end.pos);
	store_le64(p + SLOT_END_NUMBER, s->end.number);
	store_le64(p + SLOT_HANDED, s->handed);
	store_le32(p + SLOT_CRC, crc32c(0, p, SLOT_CRC));
}

static bool
all_zero(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != 0)
			return false;
	return true;
}

enum rc
spool_slot_get(struct slice s, struct spool_slot *out)
{
	const uint8_t *p = s.p;

	*out = (struct spool_slot){ 0 };
	if (s.n < SPOOL_SLOT || memcmp(p, slot_magic, sizeof(slot_magic)) != 0)
		return s.n > 0 && all_zero(s) ? RC_MORE : RC_BAD;
	if (load_le32(p + SLOT_CRC) != crc32c(0, p, SLOT_CRC))
		return RC_MORE;
	out->version = load_le16(p + AT_VERSION);
	if (out->version != SPOOL_VERSION)
		return RC_OK;
	out->clean = (load_le16(p + SLOT_FLAGS) & SLOT_CLEAN) != 0;
	out->turn = load_le64(p + SLOT_TURN);
	out->acked = (struct spool_place){ load_le64(p + SLOT_ACKED), load_le64(p + SLOT_ACKED_NUMBER) };
	out->end = (struct spool_place){ load_le64(p + SLOT_END), load_le64(p + SLOT_END_NUMBER) };
	out->handed = load_le64(p + SLOT_HANDED);
	if (!spool_places_agree((struct spool_place){ 0 }, out->acked) || !spool_places_agree(out->acked, out->end) ||
	    out->handed > out->end.number)
		return RC_MORE;
	return RC_OK;
}

void
spool_segment_name(uint64_t first, char name[SPOOL_NAME_SIZE])
{
	snprintf(name, SPOOL_NAME_SIZE, "%016llx.seg", (unsigned long long)first);
}

bool
spool_segment_named(const char *name, uint64_t *first)
{
	char again[SPOOL_NAME_SIZE];
	unsigned long long v;

	if (strlen(name) != 20 || sscanf(name, "%16llx", &v) != 1 || v > SPOOL_FIRST_MAX)
		return false;
	spool_segment_name(v, again);	/* no sign, no blank, no capital */
	*first = v;
	return strcmp(name, again) == 0;
}

bool
spool_places_agree(struct spool_place earlier, struct spool_place later)
{
	return later.pos <= SPOOL_POS_MAX && earlier.pos <= later.pos && earlier.number <= later.number &&
	    later.number - earlier.number <= (later.pos - earlier.pos) / SPOOL_ENTRY_HEAD;
}
