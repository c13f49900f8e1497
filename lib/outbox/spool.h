/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_SPOOL_H
#define OUTBOX_SPOOL_H
/*
 * spool - packets for one destination on disk, in order, until they have arrived: a log of segment files that is appended to at one
 * end and read at the other, in one folder of its own, by one process at a time.
 *
 *	write ──► appended … committed │ read position … acknowledged position … kept for going back │ forgotten
 *
 * Crash safety: after spool_commit a packet survives the end of the process (kill -9); after the next sync (conf.sync_ns, fdatasync)
 * also the loss of power. Entries, their heads and the heads of segments carry a CRC-32C (spool_format.h has the bytes). At opening, a
 * torn tail is cut off and counted; damage in the middle costs the entries it hit (counted, from the numbers of those around it), never
 * the rest. The positions survive too (they may be a little old: then packets are sent again, never left out). A spool that was not
 * closed in good order is read from overlap_bytes before the acknowledged position on: what a peer's system had taken from us then
 * may have gone down with it.
 *
 * The folder is its own: files named as segments are deleted when they are done with; others are left alone.
 *
 * A position is the number of bytes of log before it, since the spool was made; it only grows.
 *
 * No clock: `now_ns` is any clock that only grows. One caller's thread.
 */
#include "base/err.h"
#include "net/conn.h"

#define SPOOL_PACKET_MAX ((16u << 20) + (64u << 10))	/* a message of 16 MiB and what is put around it */

struct spool_conf {
	const char *dir;		/* made (0700) if it is not there; its parents must be */
	uint64_t max_bytes;		/* on disk, all segments together; at least 4 segments */
	uint64_t segment_bytes;		/* a new one is begun after so many: 256 to 1 GiB; 0 = 16 MiB. A packet larger than that has one to itself */
	uint64_t sync_ns;		/* fdatasync in the first spool_commit so long after what it has to sync was committed; 0: in every one; UINT64_MAX: never */
	uint64_t overlap_bytes;		/* kept behind the acknowledged position, for spool_back */
	bool keep_oldest;		/* when full: refuse the newest; else give up the oldest, whole segments */
};

/* Packets. appended + resumed = acked + dropped + damaged + held. */
struct spool_counts {
	uint64_t resumed;	/* found at opening, not yet acknowledged then */
	uint64_t appended;	/* and committed */
	uint64_t refused;	/* not appended: full (keep_oldest), too large, or the disk failed; outside the sum */
	uint64_t acked;
	uint64_t dropped;	/* the oldest, given up to make room */
	uint64_t damaged;	/* entries that cannot be read any more, when reading comes by them; of a last segment without head one is known */
	uint64_t again;		/* advanced over a second time after spool_back or a restart (there: at least so many); outside the sum */
	uint64_t held;		/* now: appended or resumed, not acknowledged */
	uint64_t held_bytes;	/* now, on disk */
	uint64_t torn_bytes;	/* cut off the tail at opening */
	uint64_t read_errors;	/* times that a segment could not be opened or read */
	int read_errno;		/* of the last */
};

struct spool;

/*
 * RC_SYS    the folder or its files cannot be made, read or written
 * RC_LIMIT  another process has it
 * RC_BAD    what is there is no spool, or one of another version; or conf cannot be
 */
enum rc spool_open(const struct spool_conf *, struct spool **out, struct err *) MUST_USE;
/* Commits, syncs, saves the positions; whoever wants to hear of a failure calls spool_commit before. NULL is fine. */
void spool_close(struct spool *);

/*
 * Appends a packet behind the others. *pos (may be NULL) is the position behind it. It is on its way to disk with the next spool_commit,
 * or earlier, when 256 KiB have gathered.
 * RC_LIMIT  full, and the newest is what to refuse; or it is larger than SPOOL_PACKET_MAX or max_bytes
 * RC_SYS    the disk failed (full, read-only …): this packet is not in the log; of those before it spool_commit decides. After a commit
 *           it may work again.
 */
enum rc spool_append(struct spool *, const struct datagram *d, uint64_t *pos, struct err *) MUST_USE;
/*
 * RC_SYS: what was appended since the last commit is lost, but for packets up to spool_end, which had been written before (counts.refused
 * says how many); or all is in the log, and it cannot be synced. Syncs and saves the positions if that is due, so it is called now and then
 * without anything new too.
 */
enum rc spool_commit(struct spool *, uint64_t now_ns, struct err *) MUST_USE;
/* Behind the last committed packet. */
uint64_t spool_end(const struct spool *);

/* A packet as it is read: valid until the next call of any spool function. */
struct spool_entry {
	struct slice packet;
	uint64_t pos;		/* behind it */
};
/*
 * Up to `max` committed packets from the read position on, which stays (but passes damage). Returns how many, at least one if there is one;
 * 0: it is at the end, or (spool_at_end is false, counts.read_errors) the system does not let it read now.
 */
size_t spool_peek(struct spool *, struct spool_entry *out, size_t max);
/* The read position moves forward to `pos` (of an entry or of spool_append), within what is committed. A packet of which `pos` is not the end is not passed. */
void spool_advance(struct spool *, uint64_t pos);
/*
 * Everything before `pos` has arrived, as far as it was advanced over. Saved every 64 KiB, and in spool_commit every 100 ms. Of more than
 * 65536 packets that were advanced over and not acknowledged only every second, fourth … is known: then this rounds down to one of those.
 */
void spool_acked(struct spool *, uint64_t pos);
/*
 * What was read beyond the acknowledged position, and overlap_bytes before it as far as they are still there, is read again. Returns how many packets
 * that are, damaged ones of the overlap among them.
 */
uint64_t spool_back(struct spool *);
/* Nothing is behind the read position. */
bool spool_at_end(const struct spool *);
const struct spool_counts *spool_counts(struct spool *);
#endif
