/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/xalloc.h"
#include "outbox/spool_state.h"

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
	return number >= from.number && number < g->end_number && number - from.number <= (pos - from.pos) / SPOOL_ENTRY_HEAD &&
	    (g->end_number == UINT64_MAX || g->end_number - number <= (g->next - pos) / SPOOL_ENTRY_HEAD);
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

bool
spool_find_next(struct spool *s, const struct spool_segment *g, struct spool_found *f)
{
	const struct spool_window *w = &s->win;
	struct spool_place at = { f->end, f->number + 1 };
	struct spool_entry_head h;

	return g->end - at.pos >= SPOOL_ENTRY_HEAD && in_window(w, g, at.pos, SPOOL_ENTRY_HEAD) &&
	    head_fits(g, at, at.pos, w->p + (at.pos - w->pos), &h) && in_window(w, g, at.pos, SPOOL_ENTRY_HEAD + (size_t)h.length) &&
	    body_check(s, g, at.pos, &h, f) == RC_OK;
}
