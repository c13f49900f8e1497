/* SPDX-License-Identifier: MIT */
/* The rules in use, each with what it has taken. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "select/mark.h"

/* What the rules in use need to have remembered. */
static void
look_at_rules(struct select *s)
{
	s->takes_txns = s->takes_sets = awaits_rules(s);
	s->notes = s->expires = false;
	for (size_t i = 0; i < s->rules.n; i++) {
		const struct rule *r = s->rules.v[i];

		s->takes_txns |= r->act == RULE_TRANSACTION;
		s->takes_sets |= r->act == RULE_DIALOG;
		s->notes |= s->entries[i]->per_call;
		s->expires |= r->for_ns > 0;
	}
}

static struct entry *
entry_of(struct select *s, struct rule *r)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	*e = (struct entry){ .rule = rule_hold(r), .refs = 1, .shared = xcalloc(1, sizeof(*e->shared)) };
	e->per_call = r->notes != NULL && !annotate_constant(r->notes) && (r->act != RULE_MESSAGE || s->links != NULL);
	*e->shared = (struct mark){ .kind = OF_RULE, .claim = e };
	return e;
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

/* The entry of `r` in `old`, which it leaves; NULL: none. *at: where to look first, and next time. */
static struct entry *
take_entry(struct entry **old, size_t n, const struct rule *r, size_t *at)
{
	for (size_t k = 0; k < n; k++, *at = (*at + 1) % n) {
		struct entry *e = old[*at];

		if (e == NULL || e->rule != r)
			continue;
		old[*at] = NULL;
		*at = (*at + 1) % n;
		return e;
	}
	return NULL;
}

void
entries_use(struct select *s, struct rules *rules)
{
	struct entry **old = s->entries;
	size_t old_n = s->rules.n, at = 0;

	s->entries = xcalloc(rules->n > 0 ? rules->n : 1, sizeof(struct entry *));
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i]->refs > 1)	/* a rule that stays is the same one, and so is what it has taken */
			s->entries[i] = take_entry(old, old_n, rules->v[i], &at);
		if (s->entries[i] == NULL)
			s->entries[i] = entry_of(s, rules->v[i]);
	}
	for (size_t j = 0; j < old_n; j++)
		if (old[j] != NULL) {
			old[j]->retired = true;
			entry_unref(old[j]);
		}
	free(old);
	rules_reset(&s->rules);
	s->rules = *rules;
	*rules = (struct rules){ .n = 0 };
	look_at_rules(s);
}
