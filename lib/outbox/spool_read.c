/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "outbox/spool_state.h"

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

/* The acknowledged place moves forward. Returns how many packets it passes, without those that are lost. */
static uint64_t
acked_move(struct spool *s, struct spool_cursor to)
{
	uint64_t all = to.number > s->acked.number ? to.number - s->acked.number : 0;
	uint64_t lost = to.lost > s->acked.lost ? to.lost - s->acked.lost : 0;

	if (lost > all)
		lost = all;
	s->acked.pos = to.pos;
	s->acked.number += all;
	s->acked.lost += lost;
	return all - lost;
}

/* The packet `number` is lost, and was looked for at `pos`: that counts where its number belongs, which may be a segment that ended before. */
static void
lost_in(struct spool *s, uint64_t pos, uint64_t number)
{
	size_t i = segments_before(s, pos);

	while (i > 1 && spool_seg(s, i - 1)->number > number)
		i--;
	if (i > 0)
		spool_seg(s, i - 1)->lost = s->read.lost;
}

/* The read place moves forward to `pos`; packets before `number` that it did not come by are lost. */
static void
jump(struct spool *s, uint64_t pos, uint64_t number)
{
	uint64_t from = s->read.number > s->acked.number ? s->read.number : s->acked.number;

	if (number > from) {
		s->read.lost += number - from;
		if (pos > s->seen.pos)
			lost_in(s, s->read.pos, from);
	}
	if (number > s->read.number)
		s->read.number = number;
	s->read.pos = pos;
	seen_settle(s);
	if (s->mark_n == 0 && s->read.pos > s->acked.pos)
		s->counts.acked += acked_move(s, s->read);	/* nothing between them can still be acknowledged */
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
	while (n < max && spool_find_next(s, g, &f));
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
	s->counts.acked += acked_move(s, to);
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
	/* behind it no more can be lost than there is: the segments of a broken folder may tell numbers that fit nothing */
	if (s->seen.lost - to.lost > s->end.number - to.number)
		to.lost = s->seen.lost - (s->end.number - to.number);
	if (to.pos > s->acked.pos) {
		while (n < s->mark_n && s->mark[(s->mark_at + n) & (s->mark_cap - 1)].pos <= to.pos)
			n++;
		passed = acked_move(s, to);
		s->mark_at += n;
		s->mark_n -= n;
	}
	if (s->read.pos < to.pos) {
		s->read.pos = to.pos;
		s->read.number = to.number;
		s->read.lost = s->acked.lost;
		seen_settle(s);
	}
	return passed;
}

bool
spool_at_end(const struct spool *s)
{
	return s->read.pos >= s->end.pos;
}
