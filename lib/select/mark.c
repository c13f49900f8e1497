/* SPDX-License-Identifier: MIT */
#include "select/mark.h"

#include <stdlib.h>

#include "base/xalloc.h"

static void
charge(struct select *s, int64_t bytes)
{
	if (s->track != NULL)	/* at the end, marks outlive it */
		track_charge(s->track, bytes);
}

struct mark *
mark_new(struct select *s, enum mark_kind kind)
{
	struct mark *m = xcalloc(1, sizeof(*m));

	m->kind = (uint8_t)kind;
	m->refs = 1;
	m->all_next = s->marks;
	if (s->marks != NULL)
		s->marks->all_prev = m;
	s->marks = m;
	charge(s, (int64_t)sizeof(*m));
	return m;
}

static void
note_reset(struct select *s, struct note *n)
{
	if (n->entry != NULL)
		entry_unref(n->entry);
	charge(s, -(int64_t)(sizeof(*n) + n->n));
	free(n->attrs);
}

void
mark_unref(struct select *s, struct mark *m)
{
	if (--m->refs > 0)
		return;
	for (unsigned i = 0; i < m->notes_n; i++)
		note_reset(s, &m->notes[i]);
	free(m->notes);
	if (m->claim != NULL)
		entry_unref(m->claim);
	if (m->keeps_parent)
		mark_unref(s, m->parent);
	*(m->all_prev != NULL ? &m->all_prev->all_next : &s->marks) = m->all_next;
	if (m->all_next != NULL)
		m->all_next->all_prev = m->all_prev;
	charge(s, -(int64_t)sizeof(*m));
	free(m);
}

void
mark_free_all(struct select *s)
{
	while (s->marks != NULL) {
		s->marks->refs = 1;
		s->marks->keeps_parent = false;
		mark_unref(s, s->marks);
	}
}

static void
leave(struct mark *m)
{
	if (m->parent != NULL) {
		*(m->prev != NULL ? &m->prev->next : &m->parent->child) = m->next;
		if (m->next != NULL)
			m->next->prev = m->prev;
	}
	m->prev = m->next = NULL;
}

void
mark_move(struct mark *m, struct mark *parent)
{
	leave(m);
	m->parent = parent;
	if (parent == NULL)
		return;
	m->next = parent->child;
	if (m->next != NULL)
		m->next->prev = m;
	parent->child = m;
}

struct mark *
mark_get(struct select *s, void **word, enum mark_kind kind, struct mark *parent)
{
	struct mark *old = *word, *m;

	if (old != NULL && old->kind != OF_RULE)
		return old;
	*word = m = mark_new(s, kind);
	if (old != NULL)	/* taken when it had nothing of its own: the claim goes with it */
		m->claim = old->claim;
	mark_move(m, parent);
	return m;
}

struct mark *
mark_taken(struct mark *m)
{
	while (m != NULL && m->claim == NULL)
		m = m->parent;
	return m;
}

void
mark_count(struct select *s, struct entry *e)
{
	s->taken++;
	if (rule_take(e->rule) && s->conf.say != NULL)
		s->conf.say(s->conf.arg, e->rule, SELECT_RULE_OVER);
}

static void
take(struct select *s, struct entry *e)
{
	e->refs++;
	s->open++;
	mark_count(s, e);
}

void
mark_claim(struct select *s, struct mark *m, struct entry *e)
{
	take(s, e);
	m->claim = e;
	s->partial += m->partial;
	if (s->hold != NULL)
		wait_release(s, m);
}

void
mark_claim_shared(struct select *s, void **word, struct entry *e)
{
	take(s, e);
	*word = e->shared;
}

void
mark_end(struct select *s, struct mark *m)
{
	if (m->claim != NULL)
		s->open--;
	if (m->kind == OF_RULE) {
		entry_unref(m->claim);
		return;
	}
	if (s->hold != NULL)
		wait_end(s, m);
	while (m->child != NULL)
		mark_move(m->child, NULL);
	leave(m);
	if (m->parent != NULL && m->refs > 1) {	/* its records, whose turn has not come, ask its parent who took them */
		m->keeps_parent = true;
		m->parent->refs++;
	} else {
		m->parent = NULL;
	}
	if (m->kind == OF_SET && s->links != NULL)
		legs_end(s, m);
	mark_unref(s, m);
}

#define NOTES_MAX 4		/* rules whose annotations are made beforehand; for more the request itself is kept */

/* A note with these bytes. Where there are too many, the last one gives way. */
static struct note *
note_put(struct select *s, struct mark *m, struct entry *e, struct slice bytes)
{
	struct note *n;

	if (m->notes_n == UINT8_MAX)
		note_reset(s, &m->notes[--m->notes_n]);
	m->notes = xrealloc(m->notes, (m->notes_n + 1u) * sizeof(*m->notes));
	n = &m->notes[m->notes_n++];
	*n = (struct note){ .entry = e, .n = (uint32_t)bytes.n, .attrs = xmalloc(bytes.n + 1) };
	if (bytes.n > 0)
		memcpy(n->attrs, bytes.p, bytes.n);
	if (e != NULL)
		e->refs++;
	charge(s, (int64_t)(sizeof(*n) + n->n));
	return n;
}

static struct note *
note_make(struct select *s, struct mark *m, struct entry *e, const struct record *r)
{
	buf_clear(&s->fresh);
	s->left_out += annotate_eval(e->rule->notes, select_at(s, r), &s->fresh);
	return note_put(s, m, e, buf_slice(&s->fresh));
}

const struct note *
mark_note(struct select *s, struct mark *m, struct entry *e, const struct record *r)
{
	struct record first;
	struct slice frame;
	struct note *n;

	for (unsigned i = 0; i < m->notes_n; i++)
		if (m->notes[i].entry == e)
			return &m->notes[i];
	if (m->notes_n == 0 || m->notes[0].entry != NULL)
		return note_make(s, m, e, r);
	frame = slice_of(m->notes[0].attrs, m->notes[0].n);
	if (record_decode(&frame, &first) != RC_OK)	/* it was encoded here: cannot be */
		return note_make(s, m, e, r);
	n = note_make(s, m, e, &first);
	s->current = NULL;	/* `first` is gone */
	return n;
}

static bool
applies(const struct mark *m, const struct entry *e)
{
	return e->per_call && (m->kind == OF_CALL || e->rule->act == (m->kind == OF_SET ? RULE_DIALOG : RULE_TRANSACTION));
}

void
mark_notes(struct select *s, struct mark *m, const struct record *first)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->rules.n; i++)
		n += applies(m, s->entries[i]);
	if (n > NOTES_MAX) {
		buf_clear(&s->fresh);
		if (record_encode(first, &s->fresh) == RC_OK)
			(void)note_put(s, m, NULL, buf_slice(&s->fresh));
		return;
	}
	for (size_t i = 0; n > 0 && i < s->rules.n; i++)
		if (applies(m, s->entries[i]))
			(void)note_make(s, m, s->entries[i], first);
}
