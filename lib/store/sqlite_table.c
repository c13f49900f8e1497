/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

/*
 * share/sqlite.sql is the same for people to read; a test compares. Each % stands for the table's name. The unique index takes the place of one over
 * time: what comes in is nearly in its order. Indexes that only a part of the rows needs hold only these.
 */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS \"%\" (\n"
    "    id INTEGER PRIMARY KEY NOT NULL,\n"
    "    time_stamp TEXT NOT NULL,\n"
    "    time_us INTEGER NOT NULL,\n"
    "    callid TEXT NOT NULL,\n"
    "    traced_user TEXT NOT NULL,\n"
    "    msg BLOB NOT NULL,\n"
    "    method TEXT NOT NULL,\n"
    "    status TEXT NOT NULL,\n"
    "    fromip TEXT NOT NULL,\n"
    "    toip TEXT NOT NULL,\n"
    "    fromtag TEXT NOT NULL,\n"
    "    totag TEXT NOT NULL,\n"
    "    direction TEXT NOT NULL,\n"
    "    record_id INTEGER NOT NULL,\n"
    "    time_ns INTEGER NOT NULL,\n"
    "    from_user TEXT NOT NULL,\n"
    "    to_user TEXT NOT NULL,\n"
    "    ruri_user TEXT NOT NULL,\n"
    "    cseq INTEGER,\n"
    "    correlation_id TEXT NOT NULL,\n"
    "    node TEXT NOT NULL,\n"
    "    capture_id INTEGER NOT NULL,\n"
    "    meta BLOB NOT NULL\n"
    ");\n"
    "CREATE UNIQUE INDEX IF NOT EXISTS \"%_key\" ON \"%\" (time_ns/1000, record_id, traced_user);\n"
    "CREATE INDEX IF NOT EXISTS \"%_callid\" ON \"%\" (callid);\n"
    "CREATE INDEX IF NOT EXISTS \"%_from_user\" ON \"%\" (from_user);\n"
    "CREATE INDEX IF NOT EXISTS \"%_to_user\" ON \"%\" (to_user);\n"
    "CREATE INDEX IF NOT EXISTS \"%_ruri_user\" ON \"%\" (ruri_user) WHERE ruri_user <> to_user;\n"
    "CREATE INDEX IF NOT EXISTS \"%_traced_user\" ON \"%\" (traced_user) WHERE traced_user <> '';\n";

static const char side_table[] =
    "CREATE TABLE IF NOT EXISTS \"%_keys\" (\n"
    "    epoch_us INTEGER NOT NULL,\n"
    "    record_id INTEGER NOT NULL,\n"
    "    traced_user TEXT NOT NULL,\n"
    "    PRIMARY KEY (epoch_us, record_id, traced_user)\n"
    ") WITHOUT ROWID;\n";

/* Type affinity TEXT (sqlite.org/datatype3.html 3.1), less the rule for INT, which no type of a time has. */
static bool
is_text(const char *type)
{
	return sqlite3_strlike("%char%", type, 0) == 0 || sqlite3_strlike("%clob%", type, 0) == 0 || sqlite3_strlike("%text%", type, 0) == 0;
}

static size_t
column_at(struct slice name)
{
	size_t i = 0;

	while (i < ROW_COLUMNS && !slice_ieq(name, slice_str(row_columns[i].name)))
		i++;
	return i;
}

/* Which columns there are: bit i for row_columns[i], bit ROW_COLUMNS for id. */
static enum rc
read_columns(struct sqlite_store *s, struct sqlite_table *t, uint32_t *found, struct err *e)
{
	sqlite3_stmt *q;
	int rc;

	*found = 0;
	if (sqlite_prepare(s, "SELECT name, type FROM pragma_table_info(?)", &q, e) != RC_OK)
		return RC_SYS;
	sqlite3_bind_text(q, 1, t->name, -1, SQLITE_STATIC);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(q, 0);
		size_t i = column_at(slice_str(name));

		t->there = true;
		if (i < ROW_COLUMNS)
			*found |= 1u << i;
		else if (sqlite3_stricmp(name, "id") == 0)
			*found |= 1u << ROW_COLUMNS;
		if (i == 0)
			t->text_time = is_text((const char *)sqlite3_column_text(q, 1));
	}
	if (rc != SQLITE_DONE) {
		sqlite_failed(s, e);
		sqlite3_finalize(q);
		return RC_SYS;
	}
	sqlite3_finalize(q);
	return RC_OK;
}

enum rc
sqlite_inspect(struct sqlite_store *s, struct sqlite_table *t, struct err *e)
{
	size_t record_id = column_at(SLICE_LIT("record_id"));
	uint32_t found;

	if (read_columns(s, t, &found, e) != RC_OK)
		return RC_SYS;
	t->ours = !t->there || (found & 1u << record_id);
	if (!t->there)
		t->text_time = true;
	if (t->there && !(found & 1u << ROW_COLUMNS))
		return err_set(e, RC_SYS, "%s: table %s has no column id: it is no table of traced messages", s->file, t->name);
	for (size_t i = 0; t->there && i < (t->ours ? ROW_COLUMNS : ROW_SIPTRACE); i++)
		if (!(found & 1u << i))
			return err_set(e, RC_SYS, "%s: table %s has no column %s: it is no table of traced messages", s->file, t->name, row_columns[i].name);
	return RC_OK;
}

/* `sql` with the table's name for each %. */
static const char *
named(const char *sql, const char *name, struct buf *out)
{
	buf_clear(out);
	for (const char *p = sql; *p != '\0'; p++) {
		if (*p == '%')
			buf_str(out, name);
		else
			buf_u8(out, (uint8_t)*p);
	}
	return buf_cstr(out);
}

enum rc
sqlite_make(struct sqlite_store *s, struct sqlite_table *t, struct err *e)
{
	struct buf sql = { 0 };
	enum rc rc = sqlite_exec(s, named(t->ours ? schema : side_table, t->name, &sql), e);

	buf_reset(&sql);
	return rc;
}

static const char *
insert_sql(const struct sqlite_table *t, struct buf *sql)
{
	size_t n = t->ours ? ROW_COLUMNS : ROW_SIPTRACE;

	buf_clear(sql);
	buf_printf(sql, "INSERT INTO \"%s\" (", t->name);
	for (size_t i = 0; i < n; i++)
		buf_printf(sql, "%s%s", i > 0 ? ", " : "", row_columns[i].name);
	buf_str(sql, ") VALUES (");
	for (size_t i = 0; i < n; i++)
		buf_str(sql, i > 0 ? ", ?" : "?");
	buf_str(sql, t->ours ? ") ON CONFLICT DO NOTHING" : ")");
	return buf_cstr(sql);
}

enum rc
sqlite_ready(struct sqlite_store *s, struct sqlite_table *t, struct err *e)
{
	struct err why = { .text = "" };
	struct buf sql = { 0 };
	enum rc rc = sqlite_prepare(s, insert_sql(t, &sql), &t->insert, e);

	if (rc == RC_OK && !t->ours &&
	    (sqlite_prepare(s, named("INSERT INTO \"%_keys\" (epoch_us, record_id, traced_user) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
	    t->name, &sql), &t->key, &why) != RC_OK ||
	    sqlite_prepare(s, named("DELETE FROM \"%_keys\" WHERE epoch_us = ? AND record_id = ? AND traced_user = ?", t->name, &sql),
	    &t->unkey, &why) != RC_OK)) {
		sqlite3_finalize(t->key);
		t->key = NULL;
		buf_clear(&s->base.note);
		buf_printf(&s->base.note, "%s: what is stored twice in %s is not noticed: its side table cannot be had: %s", s->file, t->name, why.text);
	}
	buf_reset(&sql);
	return rc;
}
