/* SPDX-License-Identifier: MIT */
/*
 * Sets that are legs of one call. Each set has a number in links; the mark of the number's group is the call's, below which the marks of the
 * sets are.
 */
#include "base/hash.h"
#include "select/mark.h"

/* Two calls turn out to be one: the older takes up the younger. */
static void
on_joined(void *arg, uint32_t kept, uint32_t gone)
{
	struct select *s = arg;
	struct mark *a = *links_mark(s->links, kept), *b = *links_mark(s->links, gone), *older, *younger;
	bool release;

	older = b == NULL || (a != NULL && a->call.serial < b->call.serial) ? a : b;
	younger = older == a ? b : a;
	*links_mark(s->links, kept) = older;
	*links_mark(s->links, gone) = NULL;
	if (younger == NULL)
		return;
	for (struct mark *c = younger->child; c != NULL; c = c->next)
		c->set.leg += older->call.legs;
	older->call.legs += younger->call.legs;
	while (younger->child != NULL)
		mark_move(younger->child, older);
	if (s->hold != NULL)
		wait_join(s, older, younger);
	release = (older->claim == NULL) != (younger->claim == NULL);
	older->partial |= younger->partial;
	if (older->claim == NULL && younger->claim != NULL) {
		older->claim = younger->claim;
		older->claim->refs++;
	} else if (younger->claim != NULL) {
		s->open--;
	}
	if (older->notes_n == 0) {
		older->notes = younger->notes;
		older->notes_n = younger->notes_n;
		younger->notes = NULL;
		younger->notes_n = 0;
	}
	mark_unref(s, younger);
	if (release && s->hold != NULL)
		wait_release(s, older);
}

void
legs_open(struct select *s)
{
	s->links = links_new(&(struct links_conf){
	    .seed = s->conf.track.seed, .max_sets = s->conf.links_max, .max_values = 16, .joined = on_joined, .arg = s,
	});
}

static struct mark *
call_of(struct select *s, const struct mark *set)
{
	return *links_mark(s->links, set->set.number);
}

static void
enter(struct select *s, struct mark *set, const struct record *r)
{
	struct slice id = sip_part(&r->sip, r->payload, SIP_SPAN_CALLID);
	struct links_value v = links_value(s->links, id);
	struct mark *call;

	set->set.number = links_enter(s->links, &v);
	call = call_of(s, set);
	if (call == NULL) {
		call = mark_new(s, OF_CALL);
		call->call.key = hash64_slice(id);
		call->call.serial = s->serials++;
		*links_mark(s->links, set->set.number) = call;
	}
	set->set.leg = ++call->call.legs;
	mark_move(set, call);
}

struct mark *
legs_message(struct select *s, struct mark *set, const struct record *r)
{
	struct slice values[LINKS_HEADER_VALUES];
	struct links_value v;

	if (set->set.number == 0)
		enter(s, set, r);
	for (size_t i = 0; i < s->conf.link_headers_n; i++) {
		size_t n = links_header(r->payload, slice_str(s->conf.link_headers[i]), values);

		for (size_t j = 0; j < n; j++) {
			v = links_value(s->links, values[j]);
			(void)links_add(s->links, set->set.number, &v);
		}
	}
	for (size_t i = 0; i < s->conf.links_n; i++) {
		bool missing = false;

		buf_clear(&s->fresh);
		tmpl_eval(s->conf.links[i], select_at(s, r), &s->fresh, &missing);
		if (missing || s->fresh.n == 0)
			continue;
		v = links_value(s->links, buf_slice(&s->fresh));
		(void)links_add(s->links, set->set.number, &v);
	}
	return call_of(s, set);
}

void
legs_end(struct select *s, struct mark *set)
{
	struct mark *call = call_of(s, set);
	bool last = links_size(s->links, set->set.number) == 1;

	if (last)
		*links_mark(s->links, set->set.number) = NULL;
	links_leave(s->links, set->set.number);
	if (last)
		mark_end(s, call);
}
