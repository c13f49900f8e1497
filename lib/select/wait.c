/* SPDX-License-Identifier: MIT */
/*
 * Records that wait with a mark, their owner: the lowest that a rule could take (a transaction's if there are rules with "t", else a set's).
 */
#include <stdlib.h>

#include "base/xalloc.h"
#include "select/mark.h"

/* Somebody may still take it. */
static bool
may_be_taken(const struct select *s, const struct mark *m)
{
	return m != NULL && s->takes_sets && (m->kind != OF_CALL || s->conf.links_whole);
}

static bool
out(void *arg, struct record *r, void *owner)
{
	struct select *s = arg;
	struct mark *m = owner, *t;
	bool passes, more = true;

	if (m == &s->done || m == &s->rest)
		return s->conf.out(s->conf.arg, r, m == &s->done);
	t = mark_taken(m);
	passes = (t != NULL) != s->conf.invert;
	s->current = NULL;	/* another record may have lain at this place */
	if (passes)
		select_annotate(s, r, t != NULL ? t->claim : select_rest_entry(s), m);
	if (passes || s->conf.rest)
		more = s->conf.out(s->conf.arg, r, passes);
	s->current = NULL;
	mark_unref(s, m);
	return more;
}

/* Decided already (it is only its turn that has not come): goes out as it is. Else it is not selected. */
static bool
given_up(void *arg, void *owner)
{
	struct select *s = arg;
	struct mark *m = owner;

	hold_shift(s->hold, &m->held);
	for (struct mark *p = m; p != NULL; p = p->parent)
		p->partial = true;
	if (s->conf.invert || s->conf.rest)
		return true;
	mark_unref(s, m);
	return false;
}

void
wait_open(struct select *s)
{
	s->hold = hold_new(&(struct hold_conf){
	    .span_ns = s->conf.lookback_ns,
	    .max_bytes = s->conf.max_bytes - s->conf.max_bytes / 4,
	    .in_order = s->conf.in_order,
	    .out = out, .given_up = given_up, .arg = s,
	});
}

void
wait_add(struct select *s, struct mark *owner, const struct record *r)
{
	struct err e;

	owner->refs++;
	if (hold_add(s->hold, &owner->held, r, owner, &e) != RC_OK) {	/* no larger than when it was read: cannot be */
		owner->partial = true;
		mark_unref(s, owner);
	}
}

bool
wait_behind(struct select *s, struct record *r, struct mark *owner)
{
	struct err e;

	return hold_pass(s->hold, r, owner, &e) == RC_OK || s->conf.out(s->conf.arg, r, owner == &s->done);
}

static size_t
gather(struct select *s, struct mark *m, size_t n)
{
	if (m->held.n > 0) {
		if (n == s->lists_cap) {
			s->lists_cap = 2 * n + 8;
			s->lists = xrealloc(s->lists, s->lists_cap * sizeof(struct hold_list *));
		}
		s->lists[n++] = &m->held;
	}
	for (struct mark *c = m->child; c != NULL; c = c->next)
		n = gather(s, c, n);
	return n;
}

void
wait_release(struct select *s, struct mark *m)
{
	size_t n = s->stopped ? 0 : gather(s, m, 0);

	if (n > 0 && !hold_release(s->hold, s->lists, n))
		s->stopped = true;
}

/* The records have another owner now. */
static void
hand_over(struct select *s, struct mark *from, struct mark *to)
{
	uint32_t n = from->held.n;

	if (n == 0)
		return;
	hold_own(s->hold, &from->held, to);
	hold_join(s->hold, &to->held, &from->held);
	to->refs += n;
	from->refs -= n;	/* its owner's own is left */
}

void
wait_join(struct select *s, struct mark *a, struct mark *b)
{
	hand_over(s, b, a);
}

void
wait_end(struct select *s, struct mark *m)
{
	struct hold_list *list = &m->held;
	uint32_t n = list->n;

	if (n == 0 || s->stopped)
		return;
	if (may_be_taken(s, m->parent)) {
		hand_over(s, m, m->parent);
	} else if (s->conf.invert || s->conf.rest) {
		mark_move(m, NULL);	/* whatever becomes of its parent: it was not taken */
		if (!hold_release(s->hold, &list, 1))
			s->stopped = true;
	} else {
		m->refs -= n;
		hold_drop(s->hold, list);
	}
}
