/* SPDX-License-Identifier: MIT */
#include "expr/select.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* A set's mark: NULL is undecided with nothing to remember. */
struct mark {
	bool selected;
	uint32_t n;
	uint8_t attrs[];
};

/* For all sets that are selected and have no attributes of their own. */
static const struct mark selected_mark = { .selected = true };

struct select {
	struct select_conf conf;
	struct expr *expr;
	struct annotate *notes;
	bool per_set;			/* annotations differ from set to set */
	struct expr_ctx *ctx;
	struct track *track;		/* NULL in mode m */
	struct record *records;		/* of the batch */
	const struct record *current;	/* ctx is at this one */
	struct track_msg *msgs;		/* SELECT_BATCH of them, the batch's tracked messages in order */
	size_t next;			/* the first not yet asked for */
	struct buf fresh, merged;	/* attributes of the record at hand */
	uint64_t left_out;
};

static void
release(void *arg, void *mark)
{
	struct select *s = arg;
	struct mark *m = mark;

	if (m == &selected_mark)
		return;
	track_charge(s->track, -(int64_t)(sizeof(*m) + m->n));
	free(m);
}

struct select *
select_new(const struct select_conf *conf, struct expr *expr, struct annotate *notes)
{
	struct select *s = xcalloc(1, sizeof(*s));
	struct track_conf track = conf->track;

	s->conf = *conf;
	s->expr = expr;
	s->notes = notes;
	s->ctx = expr_ctx_new();
	s->per_set = conf->mode != SELECT_MESSAGE && !annotate_constant(notes);
	if (conf->mode == SELECT_MESSAGE)
		return s;
	track.release = release;
	track.arg = s;
	s->track = track_new(&track);
	s->msgs = xcalloc(SELECT_BATCH, sizeof(*s->msgs));
	return s;
}

void
select_free(struct select *s)
{
	if (s == NULL)
		return;
	track_free(s->track);
	expr_free(s->expr);
	annotate_free(s->notes);
	expr_ctx_free(s->ctx);
	buf_reset(&s->fresh);
	buf_reset(&s->merged);
	free(s->msgs);
	free(s);
}

void
select_use(struct select *s, struct expr *expr)
{
	expr_free(s->expr);
	s->expr = expr;
}

static bool
considered(const struct select *s, const struct record *r)
{
	return s->conf.need_flag >= SELECT_NO_FLAG || (r->user_flags >> s->conf.need_flag & 1);
}

static bool
tracked(const struct select *s, const struct record *r)
{
	return s->track != NULL && (r->marks & MARK_SIP) && considered(s, r);
}

void
select_prepare(struct select *s, struct record *r, size_t n)
{
	size_t msgs = 0;

	s->records = r;
	s->current = NULL;
	s->next = 0;
	if (s->track == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (tracked(s, &r[i]))
			s->msgs[msgs++] = (struct track_msg){ .sip = &r[i].sip, .msg = r[i].payload, .time_ns = r[i].time_ns };
	track_prepare(s->track, s->msgs, msgs);
}

static struct expr_ctx *
at(struct select *s, const struct record *r)
{
	if (s->current != r)
		expr_ctx_record(s->ctx, r);
	s->current = r;
	return s->ctx;
}

static struct mark *
new_mark(struct select *s, const struct record *r)
{
	struct mark *m;

	buf_clear(&s->fresh);
	s->left_out += annotate_eval(s->notes, at(s, r), &s->fresh);
	m = xmalloc(sizeof(*m) + s->fresh.n);
	m->selected = false;
	m->n = (uint32_t)s->fresh.n;
	if (m->n > 0)
		memcpy(m->attrs, s->fresh.p, m->n);
	track_charge(s->track, (int64_t)(sizeof(*m) + m->n));
	return m;
}

/* Is the set selected, now that this message of it came? */
static bool
set_selected(struct select *s, const struct record *r, void **slot)
{
	struct mark *m = *slot;

	if (m != NULL && m->selected)
		return true;
	if (s->per_set && m == NULL && r->sip.status == 0)
		*slot = m = new_mark(s, r);
	if (!expr_match(s->expr, at(s, r)))
		return false;
	if (!s->per_set) {
		*slot = (void *)&selected_mark;
		return true;
	}
	if (m == NULL)
		*slot = m = new_mark(s, r);
	m->selected = true;
	return true;
}

static void
annotate(struct select *s, struct record *r, void **slot)
{
	struct mark *m;

	if (!annotate_any(s->notes))
		return;
	if (s->per_set && slot != NULL) {
		if (*slot == NULL)
			*slot = new_mark(s, r);
		m = *slot;
		s->left_out += annotate_apply(slice_of(m->attrs, m->n), r, &s->merged);
		return;
	}
	buf_clear(&s->fresh);
	s->left_out += annotate_eval(s->notes, at(s, r), &s->fresh);
	s->left_out += annotate_apply(buf_slice(&s->fresh), r, &s->merged);
}

bool
select_record(struct select *s, size_t i)
{
	struct record *r = &s->records[i];
	void **slot = NULL;
	bool selected;

	if (tracked(s, r)) {
		struct track_msg *m = &s->msgs[s->next++];

		track_message(s->track, m);
		slot = s->conf.mode == SELECT_DIALOG ? m->set_mark : m->txn_mark;
	}
	if (!considered(s, r))
		selected = false;
	else if (slot != NULL)
		selected = set_selected(s, r, slot);
	else
		selected = expr_match(s->expr, at(s, r));
	if (selected == s->conf.invert)
		return false;
	annotate(s, r, slot);
	if (s->conf.set_flag < SELECT_NO_FLAG && !(r->user_flags >> s->conf.set_flag & 1)) {
		r->user_flags |= 1u << s->conf.set_flag;
		r->intact = false;
	}
	return true;
}

void
select_tick(struct select *s, uint64_t time_ns)
{
	if (s->track != NULL)
		track_tick(s->track, time_ns);
}

struct track_stats
select_sets(const struct select *s)
{
	return s->track != NULL ? track_stats(s->track) : (struct track_stats){ 0 };
}

uint64_t
select_left_out(const struct select *s)
{
	return s->left_out;
}

uint64_t
select_gave_up(const struct select *s)
{
	return expr_ctx_gave_up(s->ctx);
}
