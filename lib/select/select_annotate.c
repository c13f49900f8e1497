/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "select/mark.h"

static const struct slice partial_text = SLICE_LIT("partial");

struct entry *
select_rest_entry(const struct select *s)
{
	return s->rules.n == 1 ? s->entries[0] : NULL;
}

/* Where e's annotations for the call of `owner` are kept; NULL: each message has its own. */
static struct mark *
notes_of(const struct select *s, const struct entry *e, struct mark *owner)
{
	enum mark_kind kind = s->links != NULL ? OF_CALL : e->rule->act == RULE_TRANSACTION ? OF_TXN : OF_SET;

	if (s->links == NULL && e->rule->act == RULE_MESSAGE)
		return NULL;
	while (owner != NULL && owner->kind != kind)
		owner = owner->parent;
	return owner;
}

static const struct mark *
leg_of(const struct select *s, const struct mark *owner)
{
	while (s->links != NULL && owner != NULL && owner->kind != OF_SET)
		owner = owner->parent;
	return s->links != NULL ? owner : NULL;
}

static bool
is_partial(const struct mark *m)
{
	while (m != NULL && !m->partial)
		m = m->parent;
	return m != NULL;
}

static void
append(struct select *s, uint16_t type, struct slice value)
{
	s->left_out += attr_put(&s->fresh, type, value) != RC_OK;
}

/* What the rule says, into s->fresh. */
static void
make(struct select *s, struct record *r, struct entry *e, struct mark *owner)
{
	struct mark *m = e->per_call ? notes_of(s, e, owner) : NULL;

	if (m != NULL) {
		const struct note *n = mark_note(s, m, e, r);	/* makes it in s->fresh, if it has to */
		struct slice rest = slice_of(n->attrs, n->n), v;
		uint16_t type;

		buf_clear(&s->fresh);
		while (attr_next(&rest, &type, &v) == RC_OK)
			append(s, type, v);
		return;
	}
	buf_clear(&s->fresh);
	s->left_out += annotate_eval(e->rule->notes, select_at(s, r), &s->fresh);
}

static void
set_flag(struct record *r, uint32_t flag)
{
	if (flag >= SELECT_NO_FLAG || (r->user_flags >> flag & 1))
		return;
	r->user_flags |= 1u << flag;
	r->intact = false;
}

void
select_annotate(struct select *s, struct record *r, struct entry *e, struct mark *owner)
{
	const struct mark *leg = leg_of(s, owner);
	char text[16];

	buf_clear(&s->fresh);
	if (e != NULL && annotate_any(e->rule->notes))
		make(s, r, e, owner);
	if (leg != NULL)
		append(s, ATTR_LEG, slice_of(text, (size_t)snprintf(text, sizeof(text), "%u", leg->set.leg)));
	if (s->hold != NULL && is_partial(owner))
		append(s, ATTR_COMMENT, partial_text);
	s->left_out += annotate_apply(buf_slice(&s->fresh), r, &s->merged);
	set_flag(r, s->conf.set_flag);
	if (e != NULL)
		set_flag(r, e->rule->set_flag);
}
