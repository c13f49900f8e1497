/* SPDX-License-Identifier: MIT */
#ifndef TRACE_HOLD_STORE_H
#define TRACE_HOLD_STORE_H
/*
 * hold_store - the memory of hold: segments that frames are copied into. Private to lib/trace/hold*.c.
 *
 * A segment is one block: frames from its front, their entries from its back, so that walks over entries touch no frame. A place is the number of the
 * segment and of the entry within; it stays when the segment moves into a smaller block. Blocks of the usual sizes are kept for reuse; none is
 * reused or freed before the next hold_store_tidy or hold_store_put, so a frame can be looked at a little longer than it is held.
 */
#include "base/slice.h"

#define HOLD_PLACE_BITS 16	/* entries of a segment; a 1 MiB one has no room for more */
#define HOLD_CLASSES 4		/* sizes of blocks: a segment's, a quarter … */

enum hold_state {
	HOLD_GONE,	/* decided, out or dropped */
	HOLD_WAITS,
	HOLD_READY,	/* decided, waits for its turn */
};

struct hold_entry {	/* half a cache line */
	uint64_t next;		/* place in its list, 0 = last */
	uint64_t came;		/* on the clock of hold */
	void *owner;
	uint32_t off;		/* of the frame in the block */
	unsigned len : 30, state : 2;
};

struct hold_segment {
	uint8_t *block;		/* NULL: all gone */
	uint32_t size;		/* of the block */
	uint32_t used;		/* bytes of frames */
	uint32_t n;		/* entries */
	uint32_t live;		/* those not gone */
	uint32_t live_bytes;	/* of their frames */
};

struct hold_large {	/* a block for one record */
	struct hold_large *next;
	uint8_t *block;
	uint32_t size;
};

struct hold_store {
	struct hold_segment *ring;	/* segment i at i % cap */
	uint64_t cap;			/* a power of two */
	uint64_t base, head;		/* oldest and newest segment; numbers begin with 1, 0 = none yet */
	uint64_t scan;			/* the next to look at for tidying */
	uint64_t max_bytes;
	uint32_t size;			/* of a segment */
	uint8_t *spare[HOLD_CLASSES];	/* lists of blocks */
	struct hold_large *large;	/* blocks of other sizes, to be freed */
	uint64_t bytes, spare_bytes;
	uint64_t records;
};

void hold_store_init(struct hold_store *, uint64_t max_bytes);
void hold_store_reset(struct hold_store *);
/* Copies the frame behind the others; its entry is zero but for what is known here, and HOLD_WAITS. */
uint64_t hold_store_put(struct hold_store *, struct slice frame);
/* This one is decided. */
void hold_store_gone(struct hold_store *, uint64_t place);
/* The first place from `place` on that is not gone; 0 = none. */
uint64_t hold_store_next(const struct hold_store *, uint64_t place);
/*
 * Housekeeping, at the beginning of each call: frees what is spare and too much, and moves a segment with much that is gone into a smaller
 * block, if there is one among the next few.
 */
void hold_store_tidy(struct hold_store *);
/* Too much is in use for the next put to find room for a segment within max_bytes. */
bool hold_store_full(const struct hold_store *);

static inline struct hold_segment *
hold_segment_at(const struct hold_store *s, uint64_t place)
{
	return &s->ring[place >> HOLD_PLACE_BITS & (s->cap - 1)];
}

static inline struct hold_entry *
hold_entry_of(const struct hold_segment *g, uint32_t i)
{
	return (struct hold_entry *)(void *)(g->block + g->size) - i - 1;
}

/* The place of the next put, unless that takes a new segment. */
static inline uint64_t
hold_store_end(const struct hold_store *s)
{
	return s->head << HOLD_PLACE_BITS | s->ring[s->head & (s->cap - 1)].n;
}

/* Of a place that is not gone. */
static inline struct hold_entry *
hold_entry_at(const struct hold_store *s, uint64_t place)
{
	return hold_entry_of(hold_segment_at(s, place), place & ((1u << HOLD_PLACE_BITS) - 1));
}

static inline struct slice
hold_frame(const struct hold_store *s, uint64_t place)
{
	const struct hold_entry *e = hold_entry_at(s, place);

	return slice_of(hold_segment_at(s, place)->block + e->off, e->len);
}
#endif
