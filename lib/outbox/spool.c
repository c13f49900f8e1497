/* SPDX-License-Identifier: MIT */
#include "outbox/spool.h"

#include <errno.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "outbox/spool_state.h"

#define SAVE_BYTES (64u << 10)		/* acknowledged, between two savings of the positions … */
#define SAVE_NS 100000000u		/* … or so long at most, if anything has changed */

static enum rc
write_out(struct spool *s, struct spool_segment *g)
{
	off_t at = (off_t)(g->end - g->first + SPOOL_SEGMENT_DATA);
	size_t done = 0;

	if (s->tail_dirty && ftruncate(s->fd, at) != 0)
		return RC_SYS;
	s->tail_dirty = false;
	while (done < s->out.n) {
		ssize_t n = pwrite(s->fd, s->out.p + done, s->out.n - done, at + (off_t)done);

		if (n > 0) {
			done += (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			int why = n == 0 ? ENOSPC : errno;

			s->tail_dirty = done > 0 && ftruncate(s->fd, at) != 0;
			errno = why;
			return RC_SYS;
		}
	}
	return RC_OK;
}

static void
out_clear(struct spool *s)
{
	s->out_n = 0;
	if (s->out.cap > 2 * SPOOL_OUT)
		buf_reset(&s->out);
	else
		buf_clear(&s->out);
}

enum rc
spool_flush(struct spool *s, struct err *e)
{
	struct spool_segment *g = s->seg_n > 0 ? spool_seg(s, s->seg_n - 1) : NULL;

	if (s->out.n == 0)
		return RC_OK;
	if (write_out(s, g) != RC_OK) {
		s->write_errno = errno;
		return spool_fail(s, e, RC_SYS, "write");
	}
	g->next = g->end += s->out.n;
	g->bytes += s->out.n;
	g->end_number += s->out_n;
	s->bytes += s->out.n;
	s->end = (struct spool_place){ g->end, g->end_number };
	s->counts.appended += s->out_n;
	s->unsynced = true;
	out_clear(s);
	return RC_OK;
}

/* The oldest segment goes. A place on disk that is not behind what is gone would be taken for damage, so the positions go first. */
static bool
forget_oldest(struct spool *s, uint64_t *passed)
{
	*passed = spool_leave_oldest(s);
	if (spool_positions_save(s, false) && s->conf.sync_ns != UINT64_MAX)
		(void)!fdatasync(s->posfd);
	return spool_segment_unlink(s);
}

void
spool_forget(struct spool *s)
{
	uint64_t passed;

	while (s->seg_n > 1 && spool_seg(s, 0)->end <= s->read.pos && s->acked.pos >= s->conf.overlap_bytes &&
	    spool_seg(s, 0)->end <= s->acked.pos - s->conf.overlap_bytes)
		if (!forget_oldest(s, &passed))
			return;
}

void
spool_save_due(struct spool *s, uint64_t now_ns)
{
	bool changed = s->saved.pos != s->acked.pos || s->saved_handed != s->handed;

	if (!changed || (s->acked.pos - s->saved.pos < SAVE_BYTES && (now_ns == 0 || now_ns - s->saved_ns < SAVE_NS)))
		return;
	(void)!spool_positions_save(s, false);	/* an old one is good too: more is sent again */
	if (now_ns != 0)
		s->saved_ns = now_ns;
}

/* `need` more bytes must fit; segments may go for that, but for the last `keep`. */
static enum rc
make_room(struct spool *s, uint64_t need, size_t keep, struct err *e)
{
	while (s->bytes + s->out.n + need > s->conf.max_bytes) {
		uint64_t passed;

		if (s->seg_n <= keep || (s->conf.keep_oldest && spool_seg(s, 0)->end > s->acked.pos))
			return spool_fail(s, e, RC_LIMIT, "full");
		if (!forget_oldest(s, &passed))
			return spool_fail(s, e, RC_SYS, "unlink");
		s->counts.dropped += passed;
	}
	return RC_OK;
}

/* The last segment is full, or there is none: the next one. */
static enum rc
rotate(struct spool *s, uint64_t need, struct err *e)
{
	enum rc rc = spool_flush(s, e);

	if (rc == RC_OK && s->conf.sync_ns != UINT64_MAX)
		rc = spool_sync(s, e);
	if (rc != RC_OK)
		return rc;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	rc = make_room(s, need + SPOOL_SEGMENT_DATA, 0, e);
	return rc == RC_OK ? spool_segment_begin(s, e) : rc;
}

static enum rc
place_for(struct spool *s, uint64_t need, struct err *e)
{
	uint64_t used = s->fd >= 0 ? spool_seg(s, s->seg_n - 1)->bytes + s->out.n : 0;
	enum rc rc = RC_OK;

	if (s->write_errno != 0) {	/* a disk that is full is not asked once a packet */
		errno = s->write_errno;
		return spool_fail(s, e, RC_SYS, "write");
	}
	if (need > s->conf.max_bytes - SPOOL_SEGMENT_DATA)
		return spool_fail(s, e, RC_LIMIT, "a packet is larger than the whole spool may be");
	if (s->fd < 0 || (used > SPOOL_SEGMENT_DATA && used + need > s->conf.segment_bytes))
		return rotate(s, need, e);
	if (s->out.n > 0 && s->out.n + need > SPOOL_OUT)
		rc = spool_flush(s, e);
	return rc == RC_OK ? make_room(s, need, 1, e) : rc;
}

enum rc
spool_append(struct spool *s, const struct datagram *d, uint64_t *pos, struct err *e)
{
	struct spool_entry_head h = { 0 };
	uint64_t size = 0;
	uint8_t *p;
	enum rc rc;

	for (int i = 0; i < CONN_PARTS; i++)
		size += d->part[i].n;
	if (size > SPOOL_PACKET_MAX)
		rc = spool_fail(s, e, RC_LIMIT, "a packet is too large");
	else
		rc = place_for(s, SPOOL_ENTRY_HEAD + size, e);
	if (rc != RC_OK) {
		s->counts.refused++;
		return rc;
	}
	p = buf_room(&s->out, SPOOL_ENTRY_HEAD + (size_t)size);
	h.length = (uint32_t)size;
	h.index = (uint32_t)(s->end.number + s->out_n - spool_seg(s, s->seg_n - 1)->number);
	s->out.n += SPOOL_ENTRY_HEAD;
	for (int i = 0; i < CONN_PARTS; i++) {
		h.crc = crc32c(h.crc, d->part[i].p, d->part[i].n);
		buf_put(&s->out, d->part[i]);
	}
	spool_entry_head_put(p, spool_seg(s, s->seg_n - 1)->salt, &h);
	s->recent[(s->end.number + s->out_n) % SPOOL_RECENT] = s->end.pos + s->out.n;
	s->out_n++;
	if (pos != NULL)
		*pos = s->end.pos + s->out.n;
	return RC_OK;
}

enum rc
spool_commit(struct spool *s, uint64_t now_ns, struct err *e)
{
	enum rc rc = spool_flush(s, e);

	if (rc != RC_OK) {
		s->counts.refused += s->out_n;
		s->recent_from = s->end;
		out_clear(s);
	}
	s->write_errno = 0;
	if (s->unsynced && !s->unsynced_timed) {
		s->unsynced_ns = now_ns;
		s->unsynced_timed = true;
	}
	if (rc == RC_OK && s->unsynced && s->conf.sync_ns != UINT64_MAX && now_ns - s->unsynced_ns >= s->conf.sync_ns)
		rc = spool_sync(s, e);
	spool_save_due(s, now_ns);
	return rc;
}

uint64_t
spool_end(const struct spool *s)
{
	return s->end.pos;
}

const struct spool_counts *
spool_counts(struct spool *s)
{
	s->counts.damaged = s->seen.lost;
	s->counts.held = s->end.number - s->acked.number - (s->seen.lost - s->acked.lost);
	s->counts.held_bytes = s->bytes;
	return &s->counts;
}
