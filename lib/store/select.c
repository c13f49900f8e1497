/* SPDX-License-Identifier: MIT */
#include "store/select.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "store/when.h"

#define SECOND 1000000

static bool
is_class(const char *word)
{
	return (word[1] | 0x20) == 'x' && (word[2] | 0x20) == 'x';
}

enum rc
select_status(const char *word, struct err *e)
{
	uint64_t code;

	if (strlen(word) == 3 && word[0] >= '1' && word[0] <= '9' && (is_class(word) || slice_u64(slice_str(word), 999, &code)))
		return RC_OK;
	return err_set(e, RC_BAD, "'%s' is no status (404, or a class: 4xx)", word);
}

enum rc
select_net(struct nets *nets, const char *word, struct err *e)
{
	struct addr_net net;

	if (addr_net_parse(slice_str(word), true, &net) != RC_OK)
		return err_set(e, RC_BAD, "'%s' is no address (192.0.2.1, 192.0.2.0/24, 192.0.2.1:5060, [2001:db8::1]:5060)", word);
	nets->v = xrealloc(nets->v, (nets->n + 1) * sizeof(*nets->v));
	nets->v[nets->n++] = net;
	return RC_OK;
}

void
select_reset(struct select *s)
{
	free(s->from.v);
	free(s->to.v);
	s->from = s->to = (struct nets){ NULL, 0 };
}

static bool
in_nets(const struct nets *nets, const struct addr *a)
{
	for (size_t i = 0; i < nets->n; i++)
		if (addr_net_has(&nets->v[i], a))
			return true;
	return nets->n == 0;
}

static bool
is_number(const struct record *r, struct slice want)
{
	static const enum sip_span_id parts[] = { SIP_SPAN_FROM_USER, SIP_SPAN_TO_USER, SIP_SPAN_RURI_USER };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((r->marks & MARK_SIP) && slice_eq(sip_part(&r->sip, r->payload, parts[i]), want))
			return true;
	return false;
}

bool
select_match(const struct select *s, const struct record *r)
{
	bool number = s->number.n == 0;

	for (size_t i = 0; i < s->number.n && !number; i++)
		number = is_number(r, slice_str(s->number.v[i]));
	return number && in_nets(&s->from, &r->src) && in_nets(&s->to, &r->dst);
}

static void
add_param(struct where *w, struct param p)
{
	w->params = xrealloc(w->params, (w->params_n + 1) * sizeof(*w->params));
	w->params[w->params_n++] = p;
}

static void
add_text(struct where *w, const char *text, size_t n)
{
	add_param(w, (struct param){ .type = PARAM_TEXT, .text = slice_of(text, n) });
}

static void
add_time(struct where *w, const char *epoch_us, const char *relation, int64_t value)
{
	buf_printf(&w->sql, " AND %s %s ?", epoch_us, relation);
	add_param(w, (struct param){ .type = PARAM_INT, .i = value });
}

/* "column IN (?, ?)" with all of the words. */
static void
add_in(struct where *w, const char *column, const struct words *words)
{
	buf_printf(&w->sql, "%s IN (", column);
	for (size_t i = 0; i < words->n; i++) {
		buf_str(&w->sql, i > 0 ? ", ?" : "?");
		add_text(w, words->v[i], strlen(words->v[i]));
	}
	buf_str(&w->sql, ")");
}

static void
add_words(struct where *w, const char *column, const struct words *words)
{
	if (words->n == 0)
		return;
	buf_str(&w->sql, " AND ");
	add_in(w, column, words);
}

/* Three indexes, one for each part; those of partial rows are used only where their condition stands in the clause too. */
static void
add_numbers(struct where *w, const struct words *words)
{
	if (words->n == 0)
		return;
	buf_str(&w->sql, " AND (");
	add_in(w, "t.from_user", words);
	buf_str(&w->sql, " OR ");
	add_in(w, "t.to_user", words);
	buf_str(&w->sql, " OR (t.ruri_user <> t.to_user AND ");
	add_in(w, "t.ruri_user", words);
	buf_str(&w->sql, "))");
}

/* A class is a range of texts: all of "4xx" lie from "4" to below "5". */
static void
add_statuses(struct where *w, const struct words *words)
{
	static const char digits[] = "0123456789:";

	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];

		buf_str(&w->sql, i == 0 ? " AND (" : " OR ");
		if (is_class(word)) {
			buf_str(&w->sql, "(t.status >= ? AND t.status < ?)");
			add_text(w, digits + (word[0] - '0'), 1);
			add_text(w, digits + (word[0] - '0') + 1, 1);
		} else {
			buf_str(&w->sql, "t.status = ?");
			add_text(w, word, 3);
		}
	}
	buf_str(&w->sql, words->n > 0 ? ")" : "");
}

static void
add_times(struct where *w, const struct select *s, const struct select_table *t)
{
	if (s->has_since)
		add_time(w, t->epoch_us, ">=", s->since_us);
	if (s->has_until)
		add_time(w, t->epoch_us, "<", s->until_us);
	if (s->has_since && t->sooner != NULL) {
		buf_printf(&w->sql, " AND %s", t->sooner);
		/* Rows of the module are half a second early, and a day has its rounding. */
		add_param(w, (struct param){ .type = PARAM_REAL, .real = when_julian(s->since_us / SECOND - 1) });
	}
}

/* Rows that a message has for its further users repeat an earlier row's meta. */
static void
add_once(struct where *w, const struct select *s, const struct select_table *t)
{
	buf_printf(&w->sql, " AND (t.traced_user = '' OR NOT EXISTS (SELECT 1 FROM %s AS e WHERE e.time_ns/1000 = t.time_ns/1000"
	    " AND e.record_id = t.record_id AND e.id < t.id AND e.meta = t.meta", t->name);
	add_words(w, "e.traced_user", &s->user);
	buf_str(&w->sql, "))");
}

void
select_sql(const struct select *s, const struct select_table *t, struct where *out)
{
	buf_clear(&out->sql);
	out->params_n = 0;
	buf_printf(&out->sql, "SELECT t.id FROM %s AS t WHERE 1", t->name);
	add_words(out, "t.callid", &s->callid);
	if (s->user.n > 0) {
		buf_str(&out->sql, " AND t.traced_user <> ''");
		add_words(out, "t.traced_user", &s->user);
	}
	add_words(out, "t.method", &s->method);
	add_statuses(out, &s->status);
	add_times(out, s, t);
	if (t->ours) {
		add_numbers(out, &s->number);
		add_once(out, s, t);
	}
	buf_printf(&out->sql, " ORDER BY %s, t.id", t->epoch_us);
}

void
where_reset(struct where *w)
{
	buf_reset(&w->sql);
	free(w->params);
	*w = (struct where){ .params_n = 0 };
}
