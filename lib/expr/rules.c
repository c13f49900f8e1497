/* SPDX-License-Identifier: MIT */
#include "expr/rules.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct rule *
rule_new(enum rule_act act, struct expr *expr, struct annotate *notes)
{
	struct rule *r = xmalloc(sizeof(*r));

	*r = (struct rule){ .act = act, .expr = expr, .notes = notes, .set_flag = RULE_NO_FLAG, .refs = 1 };
	return r;
}

struct rule *
rule_hold(struct rule *r)
{
	r->refs++;
	return r;
}

void
rule_drop(struct rule *r)
{
	if (r == NULL || --r->refs > 0)
		return;
	expr_free(r->expr);
	annotate_free(r->notes);
	free(r->text);
	free(r);
}

void
rules_add(struct rules *rules, struct rule *r)
{
	if ((rules->n & (rules->n - 1)) == 0)	/* full at 0, 1, 2, 4, 8 … */
		rules->v = xrealloc(rules->v, (rules->n > 0 ? rules->n * 2 : 1) * sizeof(*rules->v));
	rules->v[rules->n++] = r;
}

void
rules_reset(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		rule_drop(rules->v[i]);
	free(rules->v);
	*rules = (struct rules){ NULL, 0 };
}

bool
rule_tick(struct rule *r, uint64_t time_ns)
{
	if (r->for_ns == 0 || r->over)
		return false;
	if (r->begun_ns == 0)
		r->begun_ns = time_ns;
	r->over = time_ns > r->begun_ns && time_ns - r->begun_ns >= r->for_ns;
	return r->over;
}

bool
rule_take(struct rule *r)
{
	r->taken++;
	if (r->over || r->calls == 0 || r->taken < r->calls)
		return false;
	r->over = true;
	return true;
}
