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

void
entry_unref(struct entry *e)
{
	if (--e->refs > 0)
		return;
	rule_drop(e->rule);
	free(e->shared);
	free(e);
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

void
mark_unref(struct select *s, struct mark *m)
{
	int64_t bytes = (int64_t)sizeof(*m);

	if (--m->refs > 0)
		return;
	for (unsigned i = 0; i < m->notes_n; i++) {
		bytes += (int64_t)(sizeof(m->notes[i]) + m->notes[i].n);
		entry_unref(m->notes[i].entry);
		free(m->notes[i].attrs);
	}
	free(m->notes);
	if (m->claim != NULL)
		entry_unref(m->claim);
	if (m->keeps_parent)
		mark_unref(s, m->parent);
	*(m->all_prev != NULL ? &m->all_prev->all_next : &s->marks) = m->all_next;
	if (m->all_next != NULL)
		m->all_next->all_prev = m->all_prev;
	charge(s, -bytes);
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

static const struct note *
note_add(struct select *s, struct mark *m, struct entry *e, const struct record *r)
{
	struct note *n;

	m->notes = xrealloc(m->notes, (m->notes_n + 1u) * sizeof(*m->notes));
	n = &m->notes[m->notes_n++];
	buf_clear(&s->fresh);
	s->left_out += annotate_eval(e->rule->notes, select_at(s, r), &s->fresh);
	*n = (struct note){ .entry = e, .n = (uint32_t)s->fresh.n, .attrs = xmalloc(s->fresh.n + 1) };
	memcpy(n->attrs, s->fresh.n > 0 ? s->fresh.p : (const uint8_t *)"", s->fresh.n);
	e->refs++;
	charge(s, (int64_t)(sizeof(*n) + n->n));
	return n;
}

const struct note *
mark_note(struct select *s, struct mark *m, struct entry *e, const struct record *r)
{
	for (unsigned i = 0; i < m->notes_n; i++)
		if (m->notes[i].entry == e)
			return &m->notes[i];
	return m->notes_n < UINT8_MAX ? note_add(s, m, e, r) : &m->notes[0];
}

void
mark_notes(struct select *s, struct mark *m, const struct record *first)
{
	for (size_t i = 0; i < s->rules.n; i++) {
		enum rule_act act = s->rules.v[i]->act;

		if (s->entries[i]->per_call && (m->kind == OF_CALL || act == (m->kind == OF_SET ? RULE_DIALOG : RULE_TRANSACTION)))
			(void)mark_note(s, m, s->entries[i], first);
	}
}
