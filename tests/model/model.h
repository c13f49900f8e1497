/* SPDX-License-Identifier: MIT */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H
/*
 * The reference model of model.py once more, for a fuzz target: which transaction and which set a message belongs to. All messages
 * are kept, at most MODEL_MESSAGES; nothing is hashed or bounded.
 *
 *	model_track(w, &m)	puts the message into *w (all zero at first); returns its place there, whose txn and set are then known
 */
#include "ends.h"

static inline int64_t
model_set_end(const struct model *w, const struct model_set *s)
{
	const struct model_txn *t = &w->t[s->t.i[s->t.n - 1]];
	int64_t end = INT64_MIN;

	for (int i = 0; i < s->t.n; i++) {
		int64_t over = model_over(w, &w->t[s->t.i[i]]), last = model_txn_end(w, &w->t[s->t.i[i]]) - MODEL_T;

		end = over > end ? over : end;
		end = last > end ? last : end;
	}
	if (s->dialog)
		end = model_subscriptions(w, s, model_calls(w, s, end));
	return end + MODEL_T + (model_challenged(w, t) && t->tag == 0 ? MODEL_T : 0);
}

static inline bool
model_is_forming(enum model_method m)
{
	return m == M_INVITE || m == M_SUBSCRIBE || m == M_REFER;
}

static inline bool
model_is_within(enum model_method m)
{
	return m == M_BYE || m == M_PRACK || m == M_UPDATE || m == M_INFO || m == M_NOTIFY;
}

static inline bool
model_in_dialog(const struct model_msg *m)
{
	if (m->status != 0)
		return model_is_forming(m->method) || model_is_within(m->method);
	return model_is_forming(m->method) || (m->method != M_REGISTER && m->method != M_PUBLISH && m->tag != 0);
}

/* The transaction's own number and To tag make it the message's. */
static inline bool
model_numbered(const struct model *w, const struct model_txn *t, const struct model_msg *m)
{
	bool free = m->status != 0 || m->own == M_ACK;

	if (m->status == 0 && m->own != M_ACK && m->own != M_CANCEL && model_last_final(w, t) != 0)
		return false;
	return t->tag == m->tag || (free && (t->tag == 0 || m->tag == 0)) || (model_acknowledged(w, t) && m->tag == 0);
}

/* One of the ways, the best one first, by which a transaction is a message's. */
static inline bool
model_matches(const struct model *w, const struct model_txn *t, const struct model_msg *m, int way)
{
	bool ours = t->frm == m->frm, number = t->number == m->number, shares = model_shares_branch(w, t, m);

	switch (way) {
	case 0:
		return number && (m->status == 0 ? ours && shares : m->vias > 0 && model_knows_branch(w, t, m->branch[0]));
	case 1:
		return m->status != 0 && number && ours && shares;
	case 2:	/* under another number */
		return ours && shares && (m->status != 0 || !model_knows_branch(w, t, m->branch[0]));
	default:
		return number && ours && model_numbered(w, t, m);
	}
}

/* Of the sets of the message's Call-ID that are alive, the newest one first. */
static inline struct model_list
model_alive(const struct model *w, const struct model_msg *m)
{
	struct model_list l = { 0 };

	for (int i = w->sets - 1; i >= 0; i--)
		if (w->s[i].callid == m->callid && model_set_end(w, &w->s[i]) >= m->time)
			model_push(&l, i);
	return l;
}

static inline int
model_txn_of(const struct model *w, const struct model_msg *m, const struct model_list *alive)
{
	for (int way = 0; way < 4; way++)
		for (int i = 0; i < alive->n; i++) {
			const struct model_list *l = &w->s[alive->i[i]].t;

			for (int k = l->n - 1; k >= 0; k--) {
				const struct model_txn *t = &w->t[l->i[k]];

				if (t->method == m->method && model_txn_end(w, t) >= m->time && model_matches(w, t, m, way))
					return l->i[k];
			}
		}
	return -1;
}

/* The set whose request was challenged and is now sent again. */
static inline int
model_retried(const struct model *w, const struct model_msg *m, const struct model_list *alive, bool dialog)
{
	for (int i = 0; i < alive->n; i++) {
		const struct model_set *s = &w->s[alive->i[i]];
		const struct model_txn *before = 0;

		for (int k = 0; k < s->t.n; k++)
			if (w->t[s->t.i[k]].method == m->method && w->t[s->t.i[k]].tag == 0)
				before = &w->t[s->t.i[k]];
		if (s->dialog != dialog || before == 0 || !model_challenged(w, before))
			continue;
		for (int k = 0; k < before->m.n; k++)
			if (w->m[before->m.i[k]].uri == m->uri)
				return alive->i[i];
	}
	return -1;
}

static inline bool
model_is_party(const struct model *w, const struct model_set *s, unsigned who)
{
	for (int i = 0; i < s->m.n; i++)
		if (w->m[s->m.i[i]].frm == who || (who != 0 && w->m[s->m.i[i]].tag == who))
			return true;
	return false;
}

static inline int
model_set_of(const struct model *w, const struct model_msg *m, const struct model_list *alive)
{
	if (m->status == 0 && !model_in_dialog(m))
		return model_retried(w, m, alive, false);
	for (int i = 0; i < alive->n; i++) {
		const struct model_set *s = &w->s[alive->i[i]];
		bool from = model_is_party(w, s, m->frm), to = model_is_party(w, s, m->to);

		if (s->dialog && (from || to) && (model_in_dialog(m) || (m->tag != 0 && m->method != M_REGISTER && m->method != M_PUBLISH)))
			return alive->i[i];
	}
	return m->status == 0 && m->tag == 0 ? model_retried(w, m, alive, true) : -1;
}

static inline const struct model_msg *
model_track(struct model *w, const struct model_msg *in)
{
	struct model_msg *m = &w->m[w->messages];
	struct model_list alive;

	*m = *in;
	alive = model_alive(w, m);
	m->txn = model_txn_of(w, m, &alive);
	m->set = m->txn >= 0 ? w->t[m->txn].owner : model_set_of(w, m, &alive);
	if (m->set < 0) {
		m->set = w->sets++;
		w->s[m->set] = (struct model_set){ .dialog = model_in_dialog(m), .callid = m->callid };
	}
	if (m->txn < 0) {
		m->txn = w->txns++;
		w->t[m->txn] = (struct model_txn){ .method = m->method, .number = m->number, .frm = m->frm, .owner = m->set,
			.tag = m->status == 0 || model_is_within(m->method) ? m->tag : 0 };
		model_push(&w->s[m->set].t, m->txn);
	} else if (m->status == 0 && m->own == M_INVITE && model_acknowledged(w, &w->t[m->txn])) {
		w->t[m->txn].tag = m->tag;
	}
	model_push(&w->t[m->txn].m, w->messages);
	model_push(&w->s[m->set].m, w->messages);
	w->messages++;
	return m;
}
#endif
