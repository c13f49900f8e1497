/* SPDX-License-Identifier: MIT */
/*
 * dbfloor FILE <STREAM - the bare loop that tracedb's rate is compared with: reads records, binds their columns to one prepared insert
 * into the same table with the same indexes, commits every 10,000. No drivers, users, tables, ledger or recovery.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "trace/reader.h"

static sqlite3 *db;

static void
run(const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "dbfloor: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static void
run_file(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");

	if (f == NULL || fread(text, 1, sizeof(text) - 1, f) == 0)
		exit(1);
	fclose(f);
	run(text);
}

static void
text(sqlite3_stmt *q, int at, struct slice s)
{
	sqlite3_bind_text(q, at, s.n > 0 ? (const char *)s.p : "", (int)s.n, SQLITE_STATIC);
}

static void
insert(sqlite3_stmt *q, const struct record *r)
{
	time_t sec = (time_t)(r->time_ns / 1000000000);
	char stamp[32], from[SOCKET_TEXT], to[SOCKET_TEXT], status[8] = "";
	const struct sip_index *x = &r->sip;
	struct slice value = { NULL, 0 };
	struct tm tm;

	gmtime_r(&sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	if (x->status > 0)
		snprintf(status, sizeof(status), "%u", x->status);
	socket_format(r->transport, &r->src, from);
	socket_format(r->transport, &r->dst, to);
	text(q, 1, slice_str(stamp));
	sqlite3_bind_int64(q, 2, (int64_t)(r->time_ns % 1000000000 / 1000));
	text(q, 3, sip_part(x, r->payload, SIP_SPAN_CALLID));
	text(q, 4, value);
	sqlite3_bind_blob(q, 5, r->payload.p, (int)r->payload.n, SQLITE_STATIC);
	text(q, 6, sip_part(x, r->payload, x->status > 0 ? SIP_SPAN_CSEQ_METHOD : SIP_SPAN_METHOD));
	text(q, 7, slice_str(status));
	text(q, 8, slice_str(from));
	text(q, 9, slice_str(to));
	text(q, 10, sip_part(x, r->payload, SIP_SPAN_FROM_TAG));
	text(q, 11, sip_part(x, r->payload, SIP_SPAN_TO_TAG));
	text(q, 12, slice_str(direction_name(r->direction)));
	sqlite3_bind_int64(q, 13, (int64_t)r->id);
	sqlite3_bind_int64(q, 14, (int64_t)r->time_ns);
	text(q, 15, sip_part(x, r->payload, SIP_SPAN_FROM_USER));
	text(q, 16, sip_part(x, r->payload, SIP_SPAN_TO_USER));
	text(q, 17, sip_part(x, r->payload, SIP_SPAN_RURI_USER));
	sqlite3_bind_int64(q, 18, x->cseq);
	attr_get(r->attrs, ATTR_CORRELATION, &value);
	text(q, 19, value);
	value = slice_of(NULL, 0);
	attr_get(r->attrs, ATTR_NODE, &value);
	text(q, 20, value);
	sqlite3_bind_int64(q, 21, r->capture_id);
	sqlite3_bind_blob(q, 22, r->raw.p, (int)(r->payload.p - r->raw.p), SQLITE_STATIC);
	sqlite3_step(q);
	sqlite3_reset(q);
}

int
main(int argc, char **argv)
{
	const struct reader_conf conf = { .wake_fd = -1 };
	struct reader *in = reader_new(STDIN_FILENO, &conf);
	struct record r[64];
	struct err e = { .text = "" };
	sqlite3_stmt *q;
	size_t n, rows = 0;

	if (argc != 2 || sqlite3_open(argv[1], &db) != SQLITE_OK)
		return 1;
	/* The settings of tracedb. */
	run("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4096");
	run_file("share/sqlite.sql");
	sqlite3_prepare_v2(db, "INSERT INTO sip_trace VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", -1, &q, NULL);
	run("BEGIN");
	while (reader_batch(in, r, 64, &n, &e) == RC_OK)
		for (size_t i = 0; i < n; i++) {
			if (r[i].type != FRAME_MESSAGE)
				continue;
			insert(q, &r[i]);
			if (++rows % 10000 == 0)
				run("COMMIT; BEGIN");
		}
	run("COMMIT");
	sqlite3_finalize(q);
	sqlite3_close(db);
	reader_free(in);
	return 0;
}
