/* SPDX-License-Identifier: MIT */
#ifndef MODEL_ENDS_H
#define MODEL_ENDS_H
/*
 * The messages, transactions and sets of the model in model.h, and when they end: worked out anew, from the messages, each time
 * somebody asks. Why something is as it is stands in model.py.
 *
 * Names (branches, tags, Call-IDs, URIs) are numbers: 0 is none. Times are milliseconds.
 */
#include <stdbool.h>
#include <stdint.h>

#define MODEL_MESSAGES 40
#define MODEL_VIAS 3
#define MODEL_T 32000
#define MODEL_SILENCE (12 * 3600 * 1000)
#define MODEL_SUBSCRIPTION (3600 * 1000)
#define MODEL_NO_EVENT (-1)	/* the first NOTIFY tells */
#define MODEL_REFER (-2)

enum model_method { M_INVITE, M_ACK, M_CANCEL, M_BYE, M_PRACK, M_UPDATE, M_INFO, M_NOTIFY, M_SUBSCRIBE, M_REFER, M_REGISTER, M_PUBLISH, M_OPTIONS,
	M_MESSAGE, M_METHODS };

struct model_msg {
	int64_t time;
	int status;			/* 0: a request */
	enum model_method own, method;	/* of the transaction: INVITE for ACK and CANCEL */
	unsigned callid, number, uri, frm, tag, to;	/* uri: of From; frm: From tag, else uri; tag: To tag; to: To tag, else its URI */
	unsigned vias, branch[MODEL_VIAS];
	int event;
	bool terminated;		/* Subscription-State */
	int64_t state_expires, expires;	/* -1: not named */
	int txn, set;			/* out */
};

struct model_list {
	int n, i[MODEL_MESSAGES];
};

struct model_txn {
	enum model_method method;
	unsigned number, frm, tag;
	int owner;
	struct model_list m;
};

struct model_set {
	bool dialog;
	unsigned callid;
	struct model_list m, t;
};

struct model {
	int messages, txns, sets;
	struct model_msg m[MODEL_MESSAGES];
	struct model_txn t[MODEL_MESSAGES];
	struct model_set s[MODEL_MESSAGES];
};

struct model_end {
	unsigned a, b;
	int event;
	bool open;
	int64_t at;
};

struct model_ends {
	int n;
	struct model_end e[2 * MODEL_MESSAGES];
};

static inline void
model_push(struct model_list *l, int i)
{
	l->i[l->n++] = i;
}

static inline bool
model_has_branch(const struct model_msg *m, unsigned branch)
{
	for (unsigned i = 0; i < m->vias; i++)
		if (m->branch[i] == branch)
			return true;
	return false;
}

static inline bool
model_knows_branch(const struct model *w, const struct model_txn *t, unsigned branch)
{
	for (int i = 0; branch != 0 && i < t->m.n; i++)
		if (model_has_branch(&w->m[t->m.i[i]], branch))
			return true;
	return false;
}

static inline bool
model_shares_branch(const struct model *w, const struct model_txn *t, const struct model_msg *m)
{
	for (unsigned i = 0; i < m->vias; i++)
		if (model_knows_branch(w, t, m->branch[i]))
			return true;
	return false;
}

static inline bool
model_is_final(const struct model_txn *t, const struct model_msg *m)
{
	return m->status >= 200 && m->own == t->method;
}

static inline const struct model_msg *
model_last_final(const struct model *w, const struct model_txn *t)
{
	for (int i = t->m.n - 1; i >= 0; i--)
		if (model_is_final(t, &w->m[t->m.i[i]]))
			return &w->m[t->m.i[i]];
	return 0;
}

static inline bool
model_succeeded(const struct model *w, const struct model_txn *t)
{
	for (int i = 0; i < t->m.n; i++)
		if (model_is_final(t, &w->m[t->m.i[i]]) && w->m[t->m.i[i]].status < 300)
			return true;
	return false;
}

static inline int64_t
model_last(const struct model *w, const struct model_list *l)
{
	int64_t last = INT64_MIN;

	for (int i = 0; i < l->n; i++)
		if (w->m[l->i[i]].time > last)
			last = w->m[l->i[i]].time;
	return last;
}

/* Only an ACK, or a provisional reply, was seen so far. */
static inline bool
model_acknowledged(const struct model *w, const struct model_txn *t)
{
	for (int i = 0; i < t->m.n; i++) {
		const struct model_msg *m = &w->m[t->m.i[i]];

		if (m->status == 0 ? m->own != M_ACK && m->own != M_CANCEL : m->status >= 200)
			return false;
	}
	return true;
}

static inline bool
model_challenged(const struct model *w, const struct model_txn *t)
{
	const struct model_msg *f = model_last_final(w, t);

	return f != 0 && (f->status == 401 || f->status == 407 || f->status == 422 || f->status == 423);
}

/* A final reply is to this request, or to one nearer to its sender. */
static inline bool
model_answered(const struct model *w, const struct model_txn *t, const struct model_msg *r)
{
	for (int i = 0; i < t->m.n; i++) {
		const struct model_msg *m = &w->m[t->m.i[i]];

		if (model_is_final(t, m) && m->vias > 0 && model_has_branch(r, m->branch[0]))
			return true;
	}
	return false;
}

static inline bool
model_pending(const struct model *w, const struct model_txn *t)
{
	for (int i = 0; i < t->m.n; i++) {
		const struct model_msg *m = &w->m[t->m.i[i]];

		if (m->status == 0 && m->own == t->method && m->vias > 0 && !model_answered(w, t, m))
			return true;
	}
	return false;
}

static inline bool
model_rings(const struct model *w, const struct model_txn *t)
{
	for (int i = 0; i < t->m.n; i++)
		if (w->m[t->m.i[i]].own == M_INVITE && w->m[t->m.i[i]].status > 0 && w->m[t->m.i[i]].status < 200)
			return true;
	return false;
}

/* Its sender gave it up, not a proxy on the way. */
static inline bool
model_cancelled(const struct model *w, const struct model_txn *t)
{
	bool known = false, cancel = false;

	for (int i = 0; i < t->m.n; i++) {
		const struct model_msg *m = &w->m[t->m.i[i]];

		cancel |= m->status == 0 && m->own == M_CANCEL;
		if (m->own != M_INVITE || m->vias == 0)
			continue;
		known = true;
		for (int k = 0; k < t->m.n; k++) {
			const struct model_msg *c = &w->m[t->m.i[k]];

			if (c->status == 0 && c->own == M_CANCEL && model_has_branch(c, m->branch[m->vias - 1]))
				return true;
		}
	}
	return cancel && !known;
}

static inline int64_t
model_over(const struct model *w, const struct model_txn *t)
{
	const struct model_msg *f = model_last_final(w, t);

	if (f != 0 && (model_succeeded(w, t) || !model_pending(w, t)))
		return f->time;
	if (w->m[t->m.i[0]].own == M_ACK && model_acknowledged(w, t))
		return model_last(w, &t->m);
	if (t->method != M_INVITE)
		return model_last(w, &t->m) + MODEL_T;
	return model_last(w, &t->m) + (model_rings(w, t) && !model_cancelled(w, t) ? MODEL_SILENCE : MODEL_T);
}

static inline int64_t
model_txn_end(const struct model *w, const struct model_txn *t)
{
	int64_t over = model_over(w, t), last = model_last(w, &t->m) + MODEL_T;

	return over > last ? over : last;
}

static inline struct model_end *
model_find(struct model_ends *l, unsigned a, unsigned b, int event)
{
	for (int i = 0; i < l->n; i++)
		if (l->e[i].a == a && l->e[i].b == b && l->e[i].event == event)
			return &l->e[i];
	return 0;
}

/* The entry, made with `at` if there is none. */
static inline struct model_end *
model_default(struct model_ends *l, unsigned a, unsigned b, int event, int64_t at, bool open)
{
	struct model_end *e = model_find(l, a, b, event);

	if (e == 0) {
		e = &l->e[l->n++];
		*e = (struct model_end){ a, b, event, open, at };
	}
	return e;
}

static inline bool
model_shows(const struct model *w, const struct model_msg *m, int self)
{
	const struct model_txn *t = &w->t[m->txn];

	if (m->status == 0)
		return m->own == M_ACK && t->m.i[0] == self;
	if (m->status < 200 || m->own == M_CANCEL || m->status == 408 || m->status == 481 || (m->own == M_BYE && m->status < 300))
		return false;
	if (m->method == M_SUBSCRIBE || m->method == M_NOTIFY)
		return false;
	return (m->method == M_INVITE || m->method == M_REFER ? t->tag : m->tag) != 0;
}

static inline bool
model_beheaded(const struct model *w, const struct model_set *s)
{
	return w->m[s->m.i[0]].status != 0 || w->m[s->m.i[0]].tag != 0;
}

/* When its calls end, the latest one; at least `latest`. */
static inline int64_t
model_calls(const struct model *w, const struct model_set *s, int64_t latest)
{
	struct model_ends usages = { 0 };
	int64_t last = model_last(w, &s->m);

	for (int i = 0; i < s->m.n; i++) {
		const struct model_msg *m = &w->m[s->m.i[i]];
		unsigned a = m->frm < m->tag ? m->frm : m->tag, b = m->frm < m->tag ? m->tag : m->frm;
		bool ok = m->status >= 200 && m->status < 300, gone = m->status == 408 || m->status == 481;
		struct model_end *e;

		if ((m->own == M_INVITE && ok) || (model_beheaded(w, s) && model_shows(w, m, s->m.i[i])))
			(void)model_default(&usages, a, b, 0, 0, true);
		e = model_find(&usages, a, b, 0);
		if (m->own == M_BYE && (ok || gone))
			*model_default(&usages, a, b, 0, 0, true) = (struct model_end){ a, b, 0, false, m->time };
		else if (m->own == M_INVITE && gone && e != 0)
			*e = (struct model_end){ a, b, 0, false, m->time };
	}
	for (int i = 0; i < usages.n; i++) {
		const struct model_end *e = &usages.e[i];
		int64_t at = e->open ? last + MODEL_SILENCE : e->at;

		for (int k = 0; e->open && k < s->t.n; k++) {
			const struct model_txn *t = &w->t[s->t.i[k]];

			if (t->method == M_BYE && model_last_final(w, t) == 0 && ((t->frm == e->a && t->tag == e->b) || (t->frm == e->b && t->tag == e->a)))
				at = model_last(w, &t->m) + MODEL_T;
		}
		latest = at > latest ? at : latest;
	}
	return latest;
}

static inline void
model_notified(struct model_ends *ends, const struct model_msg *m)
{
	struct model_end *e = model_find(ends, m->frm, m->tag, MODEL_NO_EVENT);

	if (e != 0) {
		int64_t at = e->at;

		*e = ends->e[--ends->n];
		model_default(ends, m->frm, m->tag, m->event, at, false)->at = at;
	}
	e = model_default(ends, m->frm, m->tag, m->event, m->time + MODEL_SUBSCRIPTION, false);
	if (m->terminated)
		e->at = m->time;
	else if (m->state_expires >= 0)
		e->at = m->time + m->state_expires * 1000;
}

static inline void
model_subscribed(const struct model *w, struct model_ends *ends, const struct model_msg *m)
{
	const struct model_txn *t = &w->t[m->txn];
	int event = MODEL_NO_EVENT;
	struct model_end *e;

	for (int i = t->m.n - 1; i >= 0; i--)
		if (w->m[t->m.i[i]].status == 0 && w->m[t->m.i[i]].own == M_SUBSCRIBE)
			event = w->m[t->m.i[i]].event;
	e = model_default(ends, m->tag, m->frm, event, m->time + MODEL_SUBSCRIPTION, false);
	if (m->expires >= 0)
		e->at = m->time + m->expires * 1000;
}

static inline const struct model_msg *
model_first_request(const struct model *w, const struct model_txn *t)
{
	for (int i = 0; i < t->m.n; i++)
		if (w->m[t->m.i[i]].status == 0)
			return &w->m[t->m.i[i]];
	return 0;
}

static inline int64_t
model_subscriptions(const struct model *w, const struct model_set *s, int64_t latest)
{
	struct model_ends ends = { 0 };

	for (int i = 0; i < s->m.n; i++) {
		const struct model_msg *m = &w->m[s->m.i[i]];
		bool ok = m->status >= 200 && m->status < 300;

		if (m->status == 0 && m->own == M_NOTIFY && model_first_request(w, &w->t[m->txn]) == m)
			model_notified(&ends, m);	/* an old copy undoes nothing */
		else if (ok && m->own == M_REFER)
			(void)model_default(&ends, m->tag, m->frm, MODEL_REFER, m->time + MODEL_T, false);
		else if (ok && m->own == M_SUBSCRIBE)
			model_subscribed(w, &ends, m);
	}
	for (int i = 0; i < ends.n; i++)
		latest = ends.e[i].at > latest ? ends.e[i].at : latest;
	return latest;
}
#endif
