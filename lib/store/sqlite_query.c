/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <stdio.h>

/*
 * One statement gives the ids in time order, another fetches each row: where the order needs sorting, ids are sorted, not messages, and
 * memory stays small whatever the answer. Both see one snapshot.
 */

/* The module's column holds Julian days (see when_from_julian, which does the same), or text in tables declared so. */
#define JULIAN_US "(CAST((t.time_stamp - 2440587.5) * 86400 + 0.75 AS INTEGER) * 1000000 + t.time_us)"
#define TEXT_US "(CAST(strftime('%s', t.time_stamp) AS INTEGER) * 1000000 + t.time_us)"
#define MODULE_US "(CASE typeof(t.time_stamp) WHEN 'text' THEN " TEXT_US " ELSE " JULIAN_US " END)"

static void
bind_params(sqlite3_stmt *q, const struct where *w)
{
	for (size_t i = 0; i < w->params_n; i++) {
		const struct param *p = &w->params[i];

		switch (p->type) {
		case PARAM_INT:
			sqlite3_bind_int64(q, (int)i + 1, p->i);
			break;
		case PARAM_REAL:
			sqlite3_bind_double(q, (int)i + 1, p->real);
			break;
		case PARAM_TEXT:
			sqlite3_bind_text64(q, (int)i + 1, (const char *)p->text.p, p->text.n, SQLITE_STATIC, SQLITE_UTF8);
			break;
		}
	}
}

static void
fetch_sql(const struct sqlite_table *t, const char *quoted, struct buf *sql)
{
	size_t n = t->ours ? ROW_COLUMNS : ROW_SIPTRACE;

	buf_clear(sql);
	buf_str(sql, "SELECT ");
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%s", i > 0 ? ", " : "", row_columns[i].name);
	buf_printf(sql, " FROM %s WHERE id = ?", quoted);
}

enum rc
sqlite_query(struct store *base, const struct select *what, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	const struct sqlite_table *t = &s->tables[0];
	char quoted[sizeof(t->name) + 2];
	const struct select_table about = {
		.name = quoted,
		.epoch_us = t->ours ? "t.time_ns/1000" : MODULE_US,
		.sooner = t->ours || t->text_time ? NULL : "t.time_stamp >= ?",
		.ours = t->ours,
	};
	struct buf sql = { 0 };
	enum rc rc;

	snprintf(quoted, sizeof(quoted), "\"%s\"", t->name);
	select_sql(what, &about, &s->where);
	fetch_sql(t, quoted, &sql);
	rc = sqlite_exec(s, "BEGIN", e);
	if (rc == RC_OK)
		rc = sqlite_prepare(s, buf_cstr(&s->where.sql), &s->ids, e);
	if (rc == RC_OK)
		rc = sqlite_prepare(s, buf_cstr(&sql), &s->fetch, e);
	if (rc == RC_OK)
		bind_params(s->ids, &s->where);
	buf_reset(&sql);
	return rc;
}

static void
read_time(sqlite3_stmt *q, int at, struct row *w)
{
	const unsigned char *text;
	int64_t us = 0;

	if (sqlite3_column_type(q, at) != SQLITE_TEXT) {
		w->sec = when_from_julian(sqlite3_column_double(q, at));
		return;
	}
	text = sqlite3_column_text(q, at);
	if (when_stamp(slice_of(text, (size_t)sqlite3_column_bytes(q, at)), &us) != RC_OK)
		us = -1000000;		/* no time: row_parse refuses it */
	w->sec = us / 1000000;
}

static void
read_row(sqlite3_stmt *q, struct row *w)
{
	int n = sqlite3_column_count(q);

	for (int i = 0; i < n; i++) {
		const struct column *c = &row_columns[i];

		if (c->type == COLUMN_TIME) {
			read_time(q, i, w);
		} else if (c->type == COLUMN_INT) {
			*row_int(w, c) = sqlite3_column_type(q, i) == SQLITE_NULL ? ROW_NULL : sqlite3_column_int64(q, i);
		} else {
			const void *p = sqlite3_column_blob(q, i);	/* before the length: sqlite.org/c3ref/column_blob.html */

			*row_slice(w, c) = slice_of(p, (size_t)sqlite3_column_bytes(q, i));
		}
	}
}

enum rc
sqlite_next(struct store *base, struct row *w, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	int rc = sqlite3_step(s->ids);

	if (rc == SQLITE_DONE)
		return RC_END;
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, e);
	sqlite3_reset(s->fetch);
	sqlite3_bind_value(s->fetch, 1, sqlite3_column_value(s->ids, 0));
	rc = sqlite3_step(s->fetch);
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, e);
	read_row(s->fetch, w);
	return RC_OK;
}
