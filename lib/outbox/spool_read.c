/* SPDX-License-Identifier: MIT */
#include "outbox/spool_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/xalloc.h"

#define BLOCK 4096u	/* what a disk that cannot read one sector loses of a file */

void
spool_window_close(struct spool *s)
{
	if (s->win.fd >= 0)
		close(s->win.fd);
	s->win.fd = -1;
	s->win.n = 0;
}

static enum rc
window_open(struct spool *s, const struct spool_segment *g)
{
	char name[SPOOL_NAME_SIZE];

	if (s->win.fd >= 0 && s->win.first == g->first)
		return RC_OK;
	spool_window_close(s);
	spool_segment_name(g->first, name);
	s->win.fd = openat(s->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	s->win.first = g->first;
	if (s->win.fd >= 0)
		return RC_OK;
	if (errno == ENOENT)
		return RC_END;
	s->counts.read_errors++;
	s->counts.read_errno = errno;
	return RC_SYS;
}

static void
window_size(struct spool_window *w, size_t want)
{
	size_t cap = want > SPOOL_WINDOW ? want : SPOOL_WINDOW;

	if (cap <= w->cap && (w->cap == SPOOL_WINDOW || want > SPOOL_WINDOW))
		return;
	free(w->p);
	w->p = xmalloc(cap);
	w->cap = cap;
}

/*
 * Makes sure that `want` bytes of `g` from `pos` on are in the window; they end at g->end or before.
 * RC_END: the file has not so many; RC_BAD: the disk cannot read them; RC_SYS: not now
 */
static enum rc
window_fill(struct spool *s, const struct spool_segment *g, uint64_t pos, size_t want)
{
	struct spool_window *w = &s->win;
	enum rc rc = window_open(s, g);
	uint64_t most = g->end - pos;

	if (rc != RC_OK)
		return rc;
	window_size(w, want);
	w->pos = w->good_from = w->good_to = pos;
	w->n = 0;
	if (most > w->cap)
		most = w->cap;
	while (w->n < most) {
		ssize_t n = pread(w->fd, w->p + w->n, (size_t)most - w->n, (off_t)(pos - g->first + SPOOL_SEGMENT_DATA + w->n));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && w->n < want) {
			s->counts.read_errors++;
			s->counts.read_errno = errno;
			return RC_BAD;
		}
		if (n <= 0)
			break;
		w->n += (size_t)n;
	}
	return w->n >= want ? RC_OK : RC_END;
}

static inline bool
in_window(const struct spool_window *w, const struct spool_segment *g, uint64_t pos, size_t want)
{
	return w->fd >= 0 && w->first == g->first && pos >= w->pos && pos - w->pos <= w->n && w->n - (pos - w->pos) >= want;
}

static inline enum rc
window_need(struct spool *s, const struct spool_segment *g, uint64_t pos, size_t want, const uint8_t **p)
{
	enum rc rc = in_window(&s->win, g, pos, want) ? RC_OK : window_fill(s, g, pos, want);

	if (rc == RC_OK)
		*p = s->win.p + (pos - s->win.pos);
	return rc;
}

/* Is there an entry's head at p, whose packet ends within the segment and whose number can be found there? */
static inline bool
head_fits(const struct spool_segment *g, struct spool_place from, uint64_t pos, const uint8_t *p, struct spool_entry_head *h)
{
	uint64_t number;

	if (!spool_entry_head_get(p, g->salt, h) || h->length > g->end - pos - SPOOL_ENTRY_HEAD)
		return false;
	number = g->number + h->index;
	return number >= from.number && number < g->end_number && number - from.number <= (pos - from.pos) / SPOOL_ENTRY_HEAD;
}

/* The packet of a head that fits. RC_BAD: not what was written. */
static enum rc
body_check(struct spool *s, const struct spool_segment *g, uint64_t pos, const struct spool_entry_head *h, struct spool_found *f)
{
	const uint8_t *p;
	uint64_t end = pos + SPOOL_ENTRY_HEAD + h->length;
	enum rc rc = window_need(s, g, pos, SPOOL_ENTRY_HEAD + (size_t)h->length, &p);

	if (rc != RC_OK)
		return rc;
	f->packet = slice_of(p + SPOOL_ENTRY_HEAD, h->length);
	if (pos < s->win.good_from || end > s->win.good_to) {
		if (crc32c(0, f->packet.p, f->packet.n) != h->crc)
			return RC_BAD;
		if (pos != s->win.good_to)
			s->win.good_from = pos;
		s->win.good_to = end;
	}
	f->pos = pos;
	f->end = end;
	f->number = g->number + h->index;
	return RC_OK;
}

enum rc
spool_find(struct spool *s, const struct spool_segment *g, struct spool_place at, struct spool_found *f)
{
	uint64_t pos = at.pos;

	while (g->end > pos && g->end - pos >= SPOOL_ENTRY_HEAD) {
		struct spool_entry_head h;
		const uint8_t *p;
		enum rc rc = window_need(s, g, pos, SPOOL_ENTRY_HEAD, &p);

		if (rc == RC_BAD) {
			pos += BLOCK - (pos - g->first + SPOOL_SEGMENT_DATA) % BLOCK;
			continue;
		}
		if (rc != RC_OK)
			return rc;
		if (!head_fits(g, at, pos, p, &h)) {
			pos++;
			continue;
		}
		rc = body_check(s, g, pos, &h, f);
		if (rc != RC_BAD)
			return rc;
		pos += SPOOL_ENTRY_HEAD + (uint64_t)h.length;	/* the head is good, so is its length */
	}
	return RC_END;
}

/* The entry that follows `f` without a gap, if it lies in the window. */
static bool
find_next(struct spool *s, const struct spool_segment *g, struct spool_found *f)
{
	const struct spool_window *w = &s->win;
	struct spool_place at = { f->end, f->number + 1 };
	struct spool_entry_head h;

	return g->end - at.pos >= SPOOL_ENTRY_HEAD && in_window(w, g, at.pos, SPOOL_ENTRY_HEAD) &&
	    head_fits(g, at, at.pos, w->p + (at.pos - w->pos), &h) && in_window(w, g, at.pos, SPOOL_ENTRY_HEAD + (size_t)h.length) &&
	    body_check(s, g, at.pos, &h, f) == RC_OK;
}

/* How many segments begin at `pos` or before. */
static size_t
segments_before(const struct spool *s, uint64_t pos)
{
	size_t lo = 0, hi = s->seg_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (spool_seg(s, mid)->first <= pos)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
seen_settle(struct spool *s)
{
	if (s->read.pos >= s->seen.pos)
		s->seen = s->read;
}

static void
acked_move(struct spool *s, struct spool_cursor to)
{
	s->counts.acked += (to.number - s->acked.number) - (to.lost - s->acked.lost);
	s->acked = to;
}

/* The read place moves forward to `pos`; packets before `number` that it did not come by are lost. */
static void
jump(struct spool *s, uint64_t pos, uint64_t number)
{
	uint64_t from = s->read.number > s->acked.number ? s->read.number : s->acked.number;
	size_t i = segments_before(s, s->read.pos);

	if (number > from) {
		s->read.lost += number - from;
		if (i > 0 && pos > s->seen.pos)
			spool_seg(s, i - 1)->lost = s->read.lost;
	}
	if (number > s->read.number)
		s->read.number = number;
	s->read.pos = pos;
	seen_settle(s);
	if (s->mark_n == 0 && s->read.pos > s->acked.pos)
		acked_move(s, s->read);	/* nothing between them can still be acknowledged */
}

/* Brings the read place to the next whole entry, over damage and on to the next segment. NULL: there is none now. */
static const struct spool_segment *
front(struct spool *s, struct spool_found *f)
{
	while (s->read.pos < s->end.pos) {
		size_t i = segments_before(s, s->read.pos);
		const struct spool_segment *g = i > 0 ? spool_seg(s, i - 1) : NULL;
		enum rc rc = RC_END;

		if (g == NULL || g->end <= s->read.pos) {	/* a hole in the log */
			if (i < s->seg_n)
				jump(s, spool_seg(s, i)->first, spool_seg(s, i)->number);
			else
				jump(s, s->end.pos, s->end.number);
			continue;
		}
		if (g->readable) {
			uint64_t number = s->read.number > g->number ? s->read.number : g->number;

			rc = spool_find(s, g, (struct spool_place){ s->read.pos, number }, f);
		}
		if (rc == RC_SYS)
			return NULL;
		if (rc == RC_OK) {
			if (f->pos != s->read.pos || f->number != s->read.number)
				jump(s, f->pos, f->number);
			return g;
		}
		jump(s, g->end, g->end_number);
	}
	return NULL;
}

size_t
spool_peek(struct spool *s, struct spool_entry *out, size_t max)
{
	struct spool_found f;
	const struct spool_segment *g = max > 0 ? front(s, &f) : NULL;
	size_t n = 0;

	if (g == NULL)
		return 0;
	do
		out[n++] = (struct spool_entry){ .packet = f.packet, .pos = f.end };
	while (n < max && find_next(s, g, &f));
	return n;
}

/* Every other mark goes; the last stays, so that an acknowledgement of all that was read is still exact. */
static void
marks_thin(struct spool *s)
{
	size_t mask = s->mark_cap - 1, half = s->mark_n / 2;

	for (size_t i = 0; i < half; i++) {
		size_t from = (s->mark_at + 2 * i + 1) & mask, to = (s->mark_at + i) & mask;

		s->mark[to] = s->mark[from];
		s->mark_lost[to] = s->mark_lost[from];
	}
	s->mark_n = half;
}

static void
marks_grow(struct spool *s)
{
	size_t cap = s->mark_cap != 0 ? s->mark_cap * 2 : 256;
	struct spool_place *mark = xmalloc(cap * sizeof(*mark));
	uint64_t *lost = xmalloc(cap * sizeof(*lost));

	for (size_t i = 0; i < s->mark_n; i++) {
		size_t from = (s->mark_at + i) & (s->mark_cap - 1);

		mark[i] = s->mark[from];
		lost[i] = s->mark_lost[from];
	}
	free(s->mark);
	free(s->mark_lost);
	s->mark = mark;
	s->mark_lost = lost;
	s->mark_at = 0;
	s->mark_cap = cap;
}

static void
mark_add(struct spool *s)
{
	size_t i;

	if (s->mark_n == s->mark_cap) {
		if (s->mark_cap >= SPOOL_MARKS)
			marks_thin(s);
		else
			marks_grow(s);
	}
	i = (s->mark_at + s->mark_n++) & (s->mark_cap - 1);
	s->mark[i] = (struct spool_place){ s->read.pos, s->read.number };
	s->mark_lost[i] = s->read.lost;
}

/* The read place moves over one packet that was handed out. */
static void
pass(struct spool *s, uint64_t end)
{
	s->read.pos = end;
	s->read.number++;
	if (s->read.number <= s->handed)
		s->counts.again++;
	else
		s->handed = s->read.number;
	if (end > s->acked.pos)
		mark_add(s);
	seen_settle(s);
}

void
spool_advance(struct spool *s, uint64_t pos)
{
	if (pos > s->end.pos)
		pos = s->end.pos;
	while (s->read.pos < pos) {
		struct spool_found f;
		uint64_t end;

		if (s->read.pos >= s->recent_from.pos && s->read.number >= s->recent_from.number && s->read.number < s->end.number &&
		    s->end.number + s->out_n - s->read.number <= SPOOL_RECENT)
			end = s->recent[s->read.number % SPOOL_RECENT];
		else
			end = front(s, &f) != NULL ? f.end : UINT64_MAX;
		if (end > pos)
			break;
		pass(s, end);
	}
}

void
spool_acked(struct spool *s, uint64_t pos)
{
	struct spool_cursor to = s->acked;
	size_t n = 0;

	if (pos >= s->read.pos && s->read.pos > s->acked.pos) {
		to = s->read;
		n = s->mark_n;
	} else {
		size_t lo = 0, hi = s->mark_n;

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (s->mark[(s->mark_at + mid) & (s->mark_cap - 1)].pos <= pos)
				lo = mid + 1;
			else
				hi = mid;
		}
		if ((n = lo) > 0) {
			size_t i = (s->mark_at + n - 1) & (s->mark_cap - 1);

			to = (struct spool_cursor){ s->mark[i].pos, s->mark[i].number, s->mark_lost[i] };
		}
		if (n > 0 && n == s->mark_n)
			to = s->read;	/* what lies between is damaged */
	}
	if (to.pos == s->acked.pos)
		return;
	acked_move(s, to);
	s->mark_at += n;
	s->mark_n -= n;
	spool_forget(s);
	spool_save_due(s, 0);
}

struct spool_place
spool_entry_at(struct spool *s, uint64_t pos)
{
	size_t i = segments_before(s, pos);
	const struct spool_segment *g;
	struct spool_place at;
	struct spool_found f;

	if (s->seg_n == 0)
		return (struct spool_place){ s->acked.pos, s->acked.number };
	g = spool_seg(s, i > 0 ? i - 1 : 0);
	at = (struct spool_place){ g->first, g->number };
	while (g->readable && spool_find(s, g, at, &f) == RC_OK && f.end <= pos)
		at = (struct spool_place){ f.end, f.number + 1 };
	return at;
}

uint64_t
spool_back(struct spool *s)
{
	struct spool_cursor to = s->acked, from = s->read;

	if (s->conf.overlap_bytes > 0) {
		struct spool_place at = spool_entry_at(s, to.pos > s->conf.overlap_bytes ? to.pos - s->conf.overlap_bytes : 0);

		if (at.pos < to.pos && at.number <= to.number) {
			to.pos = at.pos;
			to.number = at.number;
		}
	}
	if (to.pos >= from.pos)
		return 0;
	s->read = to;
	s->mark_n = 0;
	return from.number - to.number - (from.lost - to.lost);
}

uint64_t
spool_leave_oldest(struct spool *s)
{
	const struct spool_segment *g = spool_seg(s, 0);
	struct spool_cursor to = { g->end, g->end_number, s->acked.lost };
	uint64_t passed = 0;
	size_t n = 0;

	if (g->lost > to.lost)
		to.lost = g->lost;
	if (to.pos > s->acked.pos) {
		if (to.number < s->acked.number)
			to.number = s->acked.number;
		while (n < s->mark_n && s->mark[(s->mark_at + n) & (s->mark_cap - 1)].pos <= to.pos)
			n++;
		passed = (to.number - s->acked.number) - (to.lost - s->acked.lost);
		s->acked = to;
		s->mark_at += n;
		s->mark_n -= n;
	}
	if (s->read.pos < to.pos) {
		s->read.pos = to.pos;
		s->read.number = to.number;
		s->read.lost = to.pos == s->acked.pos ? to.lost : s->acked.lost;
		seen_settle(s);
	}
	return passed;
}

bool
spool_at_end(const struct spool *s)
{
	return s->read.pos >= s->end.pos;
}
