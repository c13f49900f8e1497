/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_SPOOL_STATE_H
#define OUTBOX_SPOOL_STATE_H
/*
 * spool_state - what the files of lib/outbox/spool*.c share: the state of an open spool.
 *
 *	spool.c		appending, bounds, forgetting, counts
 *	spool_find.c	entries in segments, and what is in memory of them
 *	spool_read.c	peek, advance, acknowledge, back
 *	spool_open.c	opening and recovery, closing
 *	spool_file.c	the folder: names, lock, segments, the positions file
 *
 * Counting rests on packet numbers, not on counters that have to be kept in step: whatever is missing between two places of the log was
 * damaged. `lost` of a place is the number of damaged packets before it that were not acknowledged when this process began.
 *
 *	damaged = seen.lost
 *	held    = end.number - acked.number - (seen.lost - acked.lost)
 *	acked + dropped = what `acked` moved by, less what it moved over that was lost
 */
#include "base/buf.h"
#include "outbox/spool.h"
#include "outbox/spool_format.h"

enum {
	SPOOL_OUT = 256 << 10,		/* gathered before it is written */
	SPOOL_WINDOW = 256 << 10,	/* read at a time */
	SPOOL_MARKS = 65536,		/* entries handed out and not acknowledged that are known one by one */
	SPOOL_RECENT = 4096,		/* entries appended last whose ends are known without reading; power of 2 */
};

struct spool_segment {
	uint64_t first;		/* position of its first entry */
	uint64_t end;		/* behind its last */
	uint64_t number;	/* of its first packet */
	uint64_t end_number;	/* of the packet behind its last; UINT64_MAX: not known */
	uint64_t next;		/* where the packet of that number begins: its end, or where the next segment begins */
	uint64_t bytes;		/* of the file */
	uint64_t lost;		/* the reader's, behind the last damage in it; 0: none */
	uint32_t salt;
	bool readable;		/* its head is good … */
	bool useless;		/* … or certainly is not, or is none of this log */
};

struct spool_cursor {
	uint64_t pos;
	uint64_t number;
	uint64_t lost;
};

/* A piece of one segment in memory. */
struct spool_window {
	uint8_t *p;
	size_t cap;
	size_t n;
	uint64_t pos;		/* of p[0] */
	uint64_t good_from, good_to;	/* all that lies between are entries that were found good */
	uint64_t first;		/* the segment that fd is */
	int fd;			/* -1: none */
};

struct spool {
	struct spool_conf conf;
	char *dir;
	int dirfd, lock, posfd;

	struct spool_segment *seg;	/* by position; the first is seg[seg_at] */
	size_t seg_at, seg_n, seg_cap;
	uint64_t bytes;			/* of all files */

	int fd;				/* the last segment, to append to; -1: a new one is due */
	bool tail_dirty;		/* behind its end lies what a failed write left */
	struct spool_place end;		/* of what is committed */
	struct buf out;
	size_t out_n;			/* packets in it */
	int write_errno;		/* it could not be written, and has not been tried again since */
	uint64_t *recent;		/* position behind packet n at n % SPOOL_RECENT … */
	struct spool_place recent_from;	/* … from here on */
	bool unsynced, dir_unsynced;
	bool unsynced_timed;
	uint64_t unsynced_ns;		/* since when, if unsynced_timed */

	struct spool_window win;
	struct spool_cursor read, seen, acked;	/* seen: as far as `read` has ever been */
	uint64_t handed;		/* number behind the last packet handed out, in this run or before */
	struct spool_place *mark;	/* ring: behind each packet between acked and read */
	uint64_t *mark_lost;
	size_t mark_at, mark_n, mark_cap;

	struct spool_place saved;	/* acked, as the positions file has it */
	uint64_t saved_handed, saved_ns, turn;

	struct spool_counts counts;
};

/* spool_file.c. Errors name the folder. */
enum rc spool_folder_open(struct spool *, struct err *) MUST_USE;	/* made, found to be a spool or empty, locked; seg filled from names and sizes */
enum rc spool_segment_read_head(struct spool *, struct spool_segment *, struct err *) MUST_USE;
enum rc spool_segment_begin(struct spool *, struct err *) MUST_USE;	/* at the end; becomes seg's last and fd */
struct spool_segment *spool_segment_add(struct spool *, uint64_t first);
/* The oldest, whatever it holds. False: it cannot be taken off the disk now. */
bool spool_segment_unlink(struct spool *);
enum rc spool_positions_load(struct spool *, struct spool_slot *out, struct err *) MUST_USE;	/* RC_END: there is none that is good */
enum rc spool_positions_make(struct spool *, struct err *) MUST_USE;
bool spool_positions_save(struct spool *, bool clean);
enum rc spool_sync(struct spool *, struct err *) MUST_USE;	/* what was appended, and the names */
enum rc spool_fail(const struct spool *, struct err *, enum rc rc, const char *what);	/* "spool DIR: what[: errno]" */

/* spool_find.c */
struct spool_found {
	uint64_t pos, end;
	uint64_t number;
	struct slice packet;
};
/*
 * The first whole entry of `g` at or behind `at`; its number is at.number or later.
 * RC_OK; RC_END: none up to its end; RC_SYS: cannot be read now
 */
enum rc spool_find(struct spool *, const struct spool_segment *g, struct spool_place at, struct spool_found *f) MUST_USE;
/* The entry that follows `f` without a gap, if it is in memory. What `f` had stays valid. */
bool spool_find_next(struct spool *, const struct spool_segment *g, struct spool_found *f);
void spool_window_close(struct spool *);

/* spool_read.c */
/* The beginning of the entry that holds `pos`, or of the log. */
struct spool_place spool_entry_at(struct spool *, uint64_t pos);
/* The acknowledged place moves to the end of the oldest segment, which is to go; the read place is not before it. Returns packets passed. */
uint64_t spool_leave_oldest(struct spool *);

/* spool.c */
/* Unlinks what is acknowledged and out of the overlap. */
void spool_forget(struct spool *);
/* Saves the positions if enough has happened. now_ns 0: it is not known. */
void spool_save_due(struct spool *, uint64_t now_ns);
/* Writes what is gathered. RC_SYS: it stays. */
enum rc spool_flush(struct spool *, struct err *) MUST_USE;

static inline struct spool_segment *
spool_seg(const struct spool *s, size_t i)
{
	return &s->seg[s->seg_at + i];
}
#endif
