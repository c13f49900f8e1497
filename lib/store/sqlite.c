/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

#define CACHE_KIB 32768
#define PAGE 8192
#define CHECKPOINT_PAGES 4096	/* the log is copied into the database every 32 MiB */

enum rc
sqlite_failed(struct sqlite_store *s, struct err *e)
{
	int code = sqlite3_extended_errcode(s->db), sys = sqlite3_system_errno(s->db);
	const char *why = sqlite3_errmsg(s->db);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, RC_SYS, "%s: locked by another process for %.1f s", s->file,
		    (double)s->base.conf->lock_timeout_ns / 1e9);
	case SQLITE_NOTADB:
		return err_set(e, RC_SYS, "%s: not a SQLite database", s->file);
	case SQLITE_FULL:
		return err_set(e, RC_SYS, "%s: the disk is full", s->file);
	case SQLITE_READONLY:
		return err_set(e, RC_SYS, "%s: read-only", s->file);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		return err_set(e, RC_SYS, "%s: %s%s%s", s->file, why, sys != 0 ? ": " : "", sys != 0 ? strerror(sys) : "");
	default:
		return err_set(e, RC_SYS, "%s: %s", s->file, why);
	}
}

enum rc
sqlite_exec(struct sqlite_store *s, const char *sql, struct err *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? RC_OK : sqlite_failed(s, e);
}

enum rc
sqlite_prepare(struct sqlite_store *s, const char *sql, sqlite3_stmt **out, struct err *e)
{
	return sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK ? RC_OK : sqlite_failed(s, e);
}

/* The first column of the first row. */
static enum rc
ask_int(struct sqlite_store *s, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *q;
	enum rc rc = sqlite_prepare(s, sql, &q, e);

	if (rc != RC_OK)
		return rc;
	if (sqlite3_step(q) == SQLITE_ROW)
		*out = sqlite3_column_int64(q, 0);
	else
		rc = sqlite_failed(s, e);
	sqlite3_finalize(q);
	return rc;
}

/*
 * A database that is there keeps its journal: it may be someone else's. A new one gets a write-ahead log. FULL: what is committed is on
 * the disk, power loss or not.
 */
static enum rc
set_up(struct sqlite_store *s, struct err *e)
{
	int64_t objects = 0;
	char sql[200];

	snprintf(sql, sizeof(sql), "PRAGMA synchronous=FULL; PRAGMA cache_size=-%d; PRAGMA wal_autocheckpoint=%d", CACHE_KIB, CHECKPOINT_PAGES);
	if (ask_int(s, "SELECT count(*) FROM sqlite_schema", &objects, e) != RC_OK || sqlite_exec(s, sql, e) != RC_OK)
		return RC_SYS;
	snprintf(sql, sizeof(sql), "PRAGMA page_size=%d; PRAGMA journal_mode=WAL", PAGE);
	return objects == 0 ? sqlite_exec(s, sql, e) : RC_OK;
}

static enum rc
make_tables(struct sqlite_store *s, struct err *e)
{
	size_t n = s->base.conf->tables.n;
	enum rc rc = sqlite_exec(s, "BEGIN IMMEDIATE", e);

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct err side = { .text = "" };

		rc = sqlite_inspect(s, &s->tables[i], e);
		/* Without its side table one of the module's takes rows all the same: sqlite_ready says what is missing then. */
		if (rc == RC_OK && sqlite_make(s, &s->tables[i], &side) != RC_OK && s->tables[i].ours) {
			*e = side;
			rc = RC_SYS;
		}
	}
	if (rc == RC_OK)
		rc = sqlite_exec(s, "COMMIT", e);
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		rc = sqlite_ready(s, &s->tables[i], e);
	return rc;
}

static enum rc
find_table(struct sqlite_store *s, struct err *e)
{
	struct sqlite_table *t = &s->tables[0];

	if (sqlite_inspect(s, t, e) != RC_OK)
		return RC_SYS;
	return t->there ? RC_OK : err_set(e, RC_SYS, "%s: there is no table %s", s->file, t->name);
}

/*
 * A database with a write-ahead log wants to make files beside it even to be read. Where that is refused, nobody writes either:
 * it is read as a file that does not change.
 */
static int
open_immutable(struct sqlite_store *s)
{
	struct buf uri = { 0 };
	int rc;

	sqlite3_close(s->db);
	buf_str(&uri, "file:");
	for (const char *p = s->file; *p != '\0'; p++) {
		if (strchr("?#%", *p) != NULL)
			buf_printf(&uri, "%%%02x", (unsigned char)*p);
		else
			buf_u8(&uri, (uint8_t)*p);
	}
	buf_str(&uri, "?immutable=1");
	rc = sqlite3_open_v2(buf_cstr(&uri), &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	buf_reset(&uri);
	return rc;
}

static enum rc
connect_to(struct sqlite_store *s, struct err *e)
{
	int mode = s->base.conf->write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	int rc = sqlite3_open_v2(s->file, &s->db, mode | SQLITE_OPEN_NOMUTEX, NULL);
	struct err why = { .text = "" };
	int64_t objects;

	if (rc == SQLITE_OK && !s->base.conf->write && ask_int(s, "SELECT count(*) FROM sqlite_schema", &objects, &why) != RC_OK &&
	    (sqlite3_errcode(s->db) == SQLITE_CANTOPEN || sqlite3_errcode(s->db) == SQLITE_READONLY))
		rc = open_immutable(s);
	if (rc != SQLITE_OK)
		return sqlite_failed(s, e);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, (int)(s->base.conf->lock_timeout_ns / 1000000));
	return RC_OK;
}

static void
sqlite_close(struct store *base)
{
	struct sqlite_store *s = (struct sqlite_store *)base;

	for (size_t i = 0; s->tables != NULL && i < base->conf->tables.n; i++) {
		sqlite3_finalize(s->tables[i].insert);
		sqlite3_finalize(s->tables[i].key);
		sqlite3_finalize(s->tables[i].unkey);
	}
	sqlite3_finalize(s->ids);
	sqlite3_finalize(s->fetch);
	sqlite3_close(s->db);
	where_reset(&s->where);
	buf_reset(&base->note);
	free(s->tables);
	free(s->file);
	free(s);
}

/* "FILE"; also "//" and "/FILE", as Kamailio's db_url has it (sqlite:////var/lib/calls.db). */
static enum rc
file_of(const char *where, char **out, struct err *e)
{
	struct buf b = { 0 };

	if (strncmp(where, "///", 3) == 0)
		where += 3;
	if (where[0] == '\0')
		return err_set(e, RC_BAD, "sqlite: needs a file: sqlite:FILE");
	/* SQLite gives names that begin with a colon a meaning of their own. */
	buf_printf(&b, "%s%s", where[0] == ':' ? "./" : "", where);
	*out = xstrdup(buf_cstr(&b));
	buf_reset(&b);
	return RC_OK;
}

static enum rc
sqlite_open(const struct store_conf *conf, const char *where, struct store **out, struct err *e)
{
	struct sqlite_store *s;
	char *file = NULL;
	enum rc rc = file_of(where, &file, e);

	if (rc != RC_OK)
		return rc;
	s = xcalloc(1, sizeof(*s));
	s->base = (struct store){ .driver = &sqlite_driver, .conf = conf };
	s->file = file;
	s->tables = xcalloc(conf->tables.n, sizeof(*s->tables));
	for (size_t i = 0; i < conf->tables.n; i++)
		memcpy(s->tables[i].name, conf->tables.v[i], strlen(conf->tables.v[i]));
	rc = connect_to(s, e);
	if (rc == RC_OK && conf->write)
		rc = set_up(s, e);
	if (rc == RC_OK)
		rc = conf->write ? make_tables(s, e) : find_table(s, e);
	if (rc != RC_OK) {
		sqlite_close(&s->base);
		return rc;
	}
	s->base.ours = s->tables[0].ours;
	*out = &s->base;
	return RC_OK;
}

static enum rc
sqlite_begin(struct store *base, struct err *e)
{
	return sqlite_exec((struct sqlite_store *)base, "BEGIN IMMEDIATE", e);
}

static enum rc
sqlite_commit(struct store *base, struct err *e)
{
	return sqlite_exec((struct sqlite_store *)base, "COMMIT", e);
}

static void
sqlite_rollback(struct store *base)
{
	struct sqlite_store *s = (struct sqlite_store *)base;

	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static void
bind_slice(sqlite3_stmt *q, int at, struct slice s, bool blob)
{
	const char *p = s.n > 0 ? (const char *)s.p : "";

	if (blob)
		sqlite3_bind_blob64(q, at, p, s.n, SQLITE_STATIC);
	else
		sqlite3_bind_text64(q, at, p, s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void
bind_column(sqlite3_stmt *q, int at, const struct sqlite_table *t, struct row *w, const struct column *c)
{
	switch (c->type) {
	case COLUMN_TIME:
		if (t->text_time)
			bind_slice(q, at, w->stamp, false);
		else
			sqlite3_bind_double(q, at, when_julian(w->sec));
		break;
	case COLUMN_INT:
		if (*row_int(w, c) == ROW_NULL && c->off == offsetof(struct row, cseq))
			sqlite3_bind_null(q, at);
		else
			sqlite3_bind_int64(q, at, *row_int(w, c));
		break;
	case COLUMN_TEXT:
	case COLUMN_BLOB:
		bind_slice(q, at, *row_slice(w, c), c->type == COLUMN_BLOB);
		break;
	}
}

/* A row that breaks a rule of the table is its own fault; all else is the database's. */
static enum rc
step(struct sqlite_store *s, sqlite3_stmt *q, struct err *e)
{
	int rc = sqlite3_step(q), code = rc & 0xff;

	sqlite3_reset(q);
	if (rc == SQLITE_DONE)
		return RC_OK;
	sqlite_failed(s, e);
	return code == SQLITE_CONSTRAINT || code == SQLITE_TOOBIG || code == SQLITE_MISMATCH ? RC_BAD : RC_SYS;
}

static enum rc
put_key(struct sqlite_store *s, sqlite3_stmt *q, const struct row *w, struct err *e)
{
	sqlite3_bind_int64(q, 1, w->sec * 1000000 + w->time_us);
	sqlite3_bind_int64(q, 2, w->record_id);
	bind_slice(q, 3, w->traced_user, false);
	return step(s, q, e);
}

static enum rc
sqlite_insert(struct store *base, size_t table, struct row *w, bool *fresh, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct sqlite_table *t = &s->tables[table];
	size_t n = t->ours ? ROW_COLUMNS : ROW_SIPTRACE;
	enum rc rc;

	*fresh = false;
	if (t->key != NULL) {
		rc = put_key(s, t->key, w, e);
		if (rc != RC_OK || sqlite3_changes(s->db) == 0)
			return rc;
	}
	for (size_t i = 0; i < n; i++)
		bind_column(t->insert, (int)i + 1, t, w, &row_columns[i]);
	rc = step(s, t->insert, e);
	if (rc == RC_OK)
		*fresh = sqlite3_changes(s->db) > 0;
	else if (rc == RC_BAD && t->key != NULL && put_key(s, t->unkey, w, NULL) != RC_OK)
		return RC_SYS;
	return rc;
}

const struct store_driver sqlite_driver = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.begin = sqlite_begin,
	.insert = sqlite_insert,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.query = sqlite_query,
	.next = sqlite_next,
	.close = sqlite_close,
};
