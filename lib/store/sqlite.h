/* SPDX-License-Identifier: MIT */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H
/* sqlite - what the files of the SQLite driver share; nobody else includes it. */
#include <sqlite3.h>

#include "store/store.h"

struct sqlite_table {
	char name[64];
	bool there;
	bool ours;
	bool text_time;		/* time_stamp is text, not a Julian day */
	sqlite3_stmt *insert;
	sqlite3_stmt *key, *unkey;	/* the module's tables: key into the side table, and out again. NULL: no side table */
};

struct sqlite_store {
	struct store base;
	char *file;
	sqlite3 *db;
	struct sqlite_table *tables;	/* as many as conf->tables */
	sqlite3_stmt *ids, *fetch;	/* a query under way */
	struct where where;
};

/* RC_SYS with "FILE: why" for the connection's last error, in plain words where it is a usual one. */
enum rc sqlite_failed(struct sqlite_store *, struct err *);
enum rc sqlite_exec(struct sqlite_store *, const char *sql, struct err *) MUST_USE;
enum rc sqlite_prepare(struct sqlite_store *, const char *sql, sqlite3_stmt **, struct err *) MUST_USE;

/* Looks the table up: there, ours, text_time. RC_SYS: it is no table of traced messages. */
enum rc sqlite_inspect(struct sqlite_store *, struct sqlite_table *, struct err *) MUST_USE;
/* Within a transaction: makes a table of ours, or the side table of one of the module's, where it is missing. */
enum rc sqlite_make(struct sqlite_store *, struct sqlite_table *, struct err *) MUST_USE;
/* The statements for inserting. */
enum rc sqlite_ready(struct sqlite_store *, struct sqlite_table *, struct err *) MUST_USE;

enum rc sqlite_query(struct store *, const struct select *, struct err *);
enum rc sqlite_next(struct store *, struct row *, struct err *);
#endif
