/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "outbox/spool_state.h"

#define SEGMENT_BYTES (UINT64_C(16) << 20)
#define SEGMENT_MIN 256u

static enum rc
conf_check(const struct spool *s, struct err *e)
{
	if (s->conf.segment_bytes < SEGMENT_MIN || s->conf.segment_bytes > SPOOL_SEGMENT_MAX)
		return spool_fail(s, e, RC_BAD, "a segment has 256 bytes to 1 GiB");
	if (s->conf.max_bytes / 4 < s->conf.segment_bytes)
		return err_set(e, RC_BAD, "spool %s: it needs room for 4 segments: %llu bytes", s->dir,
		    (unsigned long long)s->conf.segment_bytes * 4);
	return RC_OK;
}

/* What a start was cut short in: the last segment without its head holds nothing. */
static void
drop_headless(struct spool *s)
{
	while (s->seg_n > 0 && spool_seg(s, s->seg_n - 1)->bytes < SPOOL_SEGMENT_DATA) {
		char name[SPOOL_NAME_SIZE];

		spool_segment_name(spool_seg(s, s->seg_n - 1)->first, name);
		if (unlinkat(s->dirfd, name, 0) != 0)
			return;
		s->bytes -= spool_seg(s, --s->seg_n)->bytes;
	}
}

/* Heads; those that cannot follow the ones before are not believed. */
static enum rc
read_heads(struct spool *s, struct err *e)
{
	struct spool_place before = { 0 };

	for (size_t i = 0; i < s->seg_n; i++) {
		struct spool_segment *g = spool_seg(s, i);
		enum rc rc = spool_segment_read_head(s, g, e);

		if (rc != RC_OK)
			return rc;
		if (!spool_places_agree(before, (struct spool_place){ g->first, g->number }))
			g->useless = true;
		if (g->useless)
			g->readable = false;
		if (g->readable)
			before = (struct spool_place){ g->first, g->number };
	}
	return RC_OK;
}

/* Ends, from the heads that follow; a segment that cannot be read has no packets: the one before it ends at the number of the one after. */
static void
chain(struct spool *s)
{
	struct spool_place next = { SPOOL_POS_MAX, UINT64_MAX };
	uint64_t limit = SPOOL_POS_MAX;

	for (size_t i = s->seg_n; i-- > 0;) {
		struct spool_segment *g = spool_seg(s, i);
		uint64_t data = g->bytes > SPOOL_SEGMENT_DATA ? g->bytes - SPOOL_SEGMENT_DATA : 0;

		g->end = data < limit - g->first ? g->first + data : limit;
		g->end_number = next.number;
		g->next = next.pos;
		if (g->readable)
			next = (struct spool_place){ g->first, g->number };
		else
			g->number = next.number;
		limit = g->first;
	}
}

/* The places of the positions file, if they can be of this log; else the log's beginning. */
static void
place(struct spool *s, const struct spool_slot *slot)
{
	struct spool_place at = slot->acked, first = { 0 };
	bool good = true, any = false;

	for (size_t i = 0; i < s->seg_n; i++) {
		const struct spool_segment *g = spool_seg(s, i);
		struct spool_place here = { g->first, g->number };

		if (!g->readable)
			continue;
		if (!any)
			first = here;
		any = true;
		if (g->first <= at.pos ? !spool_places_agree(here, at) : !spool_places_agree(at, here))
			good = false;
	}
	if (slot->turn == 0 || !good)
		at = first;
	s->acked = (struct spool_cursor){ at.pos, at.number, 0 };
	s->end = at;
	if (slot->turn != 0 && good)
		s->end = slot->end;
	s->handed = slot->turn != 0 && good ? slot->handed : 0;
}

/*
 * The last segment that can be read: what was committed, and a torn tail. After a good closing its end is known; else every
 * entry is looked at.
 */
static enum rc
scan_last(struct spool *s, struct spool_segment *g, bool clean, struct err *e)
{
	struct spool_place at = { g->first, g->number };
	struct spool_found f;
	enum rc rc;

	if (clean && g->end == s->end.pos && spool_places_agree(at, s->end)) {
		g->end_number = s->end.number;
		g->next = g->end;
		return RC_OK;
	}
	while ((rc = spool_find(s, g, at, &f)) == RC_OK)
		at = (struct spool_place){ f.end, f.number + 1 };
	if (rc != RC_END)
		return spool_fail(s, e, RC_SYS, "read the last segment");
	if (s->counts.read_errors > 0) {	/* what the disk does not give today stays where it is, and one packet may be in it */
		if (g->end - at.pos >= SPOOL_ENTRY_HEAD)
			at.number++;
		g->next = g->end;
	} else {
		g->end = g->next = at.pos;
	}
	g->end_number = at.number;
	return RC_OK;
}

/* `end` becomes one that is behind `at` and can be of one log with it. */
static void
end_raise(struct spool_place *end, struct spool_place at)
{
	uint64_t least;

	if (end->number < at.number)
		end->number = at.number;
	least = at.pos + (end->number - at.number) * SPOOL_ENTRY_HEAD;	/* no more than 2^63 */
	if (end->pos < least)
		end->pos = least;
}

/* How many segments, the last readable one the last of them. */
static size_t
readable_segments(const struct spool *s)
{
	size_t i = s->seg_n;

	while (i > 0 && !spool_seg(s, i - 1)->readable)
		i--;
	return i;
}

/* Where the log ends: behind all that is on disk, and behind all that the positions file has heard of. */
static enum rc
find_end(struct spool *s, bool clean, struct err *e)
{
	struct spool_place end = { 0 };
	size_t i = readable_segments(s);
	enum rc rc;

	if (i > 0) {
		struct spool_segment *g = spool_seg(s, i - 1);

		if ((rc = scan_last(s, g, clean, e)) != RC_OK)
			return rc;
		end = (struct spool_place){ g->end, g->end_number };
	}
	for (; i < s->seg_n; i++) {	/* of what cannot be read it is known that it had one packet at least */
		struct spool_segment *g = spool_seg(s, i);

		if (end.number < s->acked.number && end.pos <= s->acked.pos)
			end.number = s->acked.number;
		g->number = end.number;
		if (g->end >= end.pos && g->end - g->first >= SPOOL_ENTRY_HEAD)
			end = (struct spool_place){ g->end, end.number + 1 };
		g->end_number = end.number;
	}
	end_raise(&s->end, end);
	end_raise(&s->end, (struct spool_place){ s->acked.pos, s->acked.number });
	spool_window_close(s);	/* it may hold what is to be cut off */
	return RC_OK;
}

/* Opens a segment and cuts off what lies behind its end. */
static enum rc
cut_tail(struct spool *s, struct spool_segment *g, struct err *e)
{
	uint64_t bytes = g->end - g->first + SPOOL_SEGMENT_DATA;
	char name[SPOOL_NAME_SIZE];

	spool_segment_name(g->first, name);
	s->fd = openat(s->dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (s->fd < 0 || (g->bytes > bytes && ftruncate(s->fd, (off_t)bytes) != 0))
		return spool_fail(s, e, RC_SYS, name);
	if (g->bytes > bytes) {
		s->counts.torn_bytes = g->bytes - bytes;
		s->bytes -= g->bytes - bytes;
		g->bytes = bytes;
	}
	return RC_OK;
}

/* The last segment is appended to if the log ends in it. */
static enum rc
tail_open(struct spool *s, struct err *e)
{
	size_t i = readable_segments(s);
	struct spool_segment *g = i > 0 ? spool_seg(s, i - 1) : NULL;

	if (g != NULL && s->counts.read_errors == 0) {
		enum rc rc = cut_tail(s, g, e);

		if (rc != RC_OK || (i == s->seg_n && g->end == s->end.pos && g->end_number == s->end.number))
			return rc;
		close(s->fd);
		s->fd = -1;
	}
	if (s->seg_n == 0)
		return RC_OK;
	/* the log went on behind the last segment, once: the next one is another */
	g = spool_seg(s, s->seg_n - 1);
	if (s->end.pos <= g->first)	/* a name of its own */
		s->end.pos = g->first + SPOOL_ENTRY_HEAD;
	if (g->end >= s->end.pos) {
		g->end_number = s->end.number;
		g->next = g->end;
	}
	return RC_OK;
}

/*
 * Segments that nothing can be read from go as soon as the positions file knows of them, the damage stays in the count: left in the
 * folder they might be taken for part of the log one day, when those that speak against it are gone.
 */
static void
drop_useless(struct spool *s)
{
	for (size_t i = 0; i < s->seg_n; i++) {
		struct spool_segment *g = spool_seg(s, i);
		char name[SPOOL_NAME_SIZE];

		spool_segment_name(g->first, name);
		if (!g->useless || unlinkat(s->dirfd, name, 0) != 0)
			continue;
		s->bytes -= g->bytes;
		g->bytes = 0;
	}
}

static enum rc
recover(struct spool *s, struct err *e)
{
	struct spool_slot slot = { 0 };
	enum rc rc = spool_positions_load(s, &slot, NULL);
	bool known = rc == RC_OK, clean;

	s->turn = slot.turn;
	drop_headless(s);
	if ((rc = read_heads(s, e)) != RC_OK)
		return rc;
	chain(s);
	place(s, &slot);
	clean = slot.clean && s->end.pos == slot.end.pos;
	if ((rc = find_end(s, clean, e)) != RC_OK || (rc = tail_open(s, e)) != RC_OK)
		return rc;
	s->counts.resumed = s->end.number - s->acked.number;
	s->recent_from = s->end;
	s->read = s->seen = s->acked;
	if (!clean)
		(void)spool_back(s);
	if (!known)
		rc = spool_positions_make(s, e);
	else if (!spool_positions_save(s, false))
		rc = spool_fail(s, e, RC_SYS, SPOOL_POSITIONS);
	if (rc != RC_OK)
		return rc;
	if (s->conf.sync_ns != UINT64_MAX) {
		/* a loss of power must not leave "closed in good order" on the disk */
		if (fdatasync(s->posfd) != 0)
			return spool_fail(s, e, RC_SYS, SPOOL_POSITIONS);
		rc = spool_sync(s, e);
	}
	drop_useless(s);
	return rc;
}

static void
spool_free(struct spool *s)
{
	int fds[] = { s->fd, s->posfd, s->dirfd, s->lock };

	spool_window_close(s);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_reset(&s->out);
	free(s->win.p);
	free(s->seg);
	free(s->recent);
	free(s->mark);
	free(s->mark_lost);
	free(s->dir);
	free(s);
}

enum rc
spool_open(const struct spool_conf *conf, struct spool **out, struct err *e)
{
	struct spool *s = xcalloc(1, sizeof(*s));
	enum rc rc;

	s->conf = *conf;
	s->conf.dir = s->dir = xstrdup(conf->dir);
	if (s->conf.segment_bytes == 0)
		s->conf.segment_bytes = SEGMENT_BYTES;
	s->fd = s->posfd = s->dirfd = s->lock = s->win.fd = -1;
	s->recent = xcalloc(SPOOL_RECENT, sizeof(*s->recent));
	rc = conf_check(s, e);
	if (rc == RC_OK)
		rc = spool_folder_open(s, e);
	if (rc == RC_OK)
		rc = recover(s, e);
	if (rc != RC_OK) {
		spool_free(s);
		s = NULL;
	}
	*out = s;
	return rc;
}

void
spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	(void)!spool_flush(s, NULL);
	if (s->conf.sync_ns != UINT64_MAX)
		(void)!spool_sync(s, NULL);
	(void)!spool_positions_save(s, true);
	if (s->conf.sync_ns != UINT64_MAX)
		(void)!fdatasync(s->posfd);
	spool_free(s);
}
