/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_H
#define STORE_STORE_H
/*
 * store - tables of traced messages in a database: the driver table, and what is the same for every driver.
 *
 * A table is ours (made here: siptrace's columns and the added ones, see row.h) or the module's (made by Kamailio's script: its columns only).
 * A driver says which it is, writes each as it must be, and keeps UNIQUE(microseconds since the epoch, record_id,
 * traced_user): in the table itself, or in a side table in the same transaction.
 *
 * One thread at a time. No clock.
 */
#include "store/row.h"
#include "store/select.h"

#define STORE_TABLES 64		/* at most, of one store */

struct store_conf {
	const char *url;		/* "sqlite:FILE" */
	struct words tables;		/* the first is the default, the others a message may ask for */
	bool write;			/* makes the tables that are not there */
	uint64_t lock_timeout_ns;	/* waits that long for another process's lock */
};

struct store;

struct store_driver {
	const char *scheme;
	/* `where` is the URL behind "scheme:". */
	enum rc (*open)(const struct store_conf *, const char *where, struct store **, struct err *);
	/*
	 * One row, within a transaction that begin started. RC_OK: *fresh says whether it was new. RC_BAD: the store refuses this
	 * row, others may follow. RC_SYS: it takes no more; commit may still save what came before.
	 */
	enum rc (*begin)(struct store *, struct err *);
	enum rc (*insert)(struct store *, size_t table, struct row *, bool *fresh, struct err *);
	enum rc (*commit)(struct store *, struct err *);
	void (*rollback)(struct store *);
	/* Rows of the default table in time order; RC_END after the last. They point into the store until the next call. */
	enum rc (*query)(struct store *, const struct select *, struct err *);
	enum rc (*next)(struct store *, struct row *, struct err *);
	void (*close)(struct store *);
};

/* What every driver's store begins with. */
struct store {
	const struct store_driver *driver;
	const struct store_conf *conf;	/* borrowed */
	bool ours;			/* the default table */
	struct buf note;		/* something the user should know, or empty */
};

/*
 * RC_BAD: the URL or a table's name is wrong (usage). RC_SYS: the database cannot be had. `conf` must live as long as the store.
 */
enum rc store_open(const struct store_conf *conf, struct store **, struct err *) MUST_USE;
void store_close(struct store *);	/* rolls back what was not committed; NULL is fine */
/* Letters, digits and '_', no digit first, at most 63, not "sqlite_…". */
bool store_name_ok(const char *table);
/* Cuts "a,b,c" up in place; at most `max` names, the last of which is all the rest. Returns how many. */
size_t store_names(char *list, const char **names, size_t max);
/* The place of the table that a message names among conf.tables; false: not among them. */
bool store_table(const struct store *, struct slice name, size_t *table);

/* The answer to a query, as records. */
struct answer;
struct answer *answer_new(struct store *, const struct select *);	/* borrows both */
void answer_free(struct answer *);
/*
 * RC_OK: the record is valid until the next call. RC_END: no more. RC_BAD: a row is damaged, the next may not be. RC_SYS: the store failed.
 * In a table of the module's, rows that follow each other and differ in nothing but the traced user are one message of all these users.
 */
enum rc answer_next(struct answer *, struct record *, struct err *) MUST_USE;

extern const struct store_driver sqlite_driver;
#endif
