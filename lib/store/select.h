/* SPDX-License-Identifier: MIT */
#ifndef STORE_SELECT_H
#define STORE_SELECT_H
/*
 * select - which messages a query wants, and the WHERE clause that says so.
 *
 * Each list is "one of these", an empty list is no condition, all conditions must hold. Values reach a store as parameters only.
 * What SQL cannot say (address blocks) or a table has no column for (numbers, in the module's table) is asked of the message itself:
 * select_match holds for every message of the answer.
 */
#include "trace/record.h"

struct words {
	const char *const *v;
	size_t n;
};

struct nets {
	struct addr_net *v;	/* owned */
	size_t n;
};

struct select {
	struct words callid, number, user, method, status;
	struct nets from, to;
	bool has_since, has_until;
	int64_t since_us, until_us;	/* microseconds since the epoch: since <= time < until */
};

/* "404", or a class: "4xx". */
enum rc select_status(const char *word, struct err *) MUST_USE;
/* Appends "ADDR[/LEN][:PORT]". */
enum rc select_net(struct nets *, const char *word, struct err *) MUST_USE;
void select_reset(struct select *);	/* frees the blocks */

/* Conditions that SQL does not decide, or not for every table. */
bool select_match(const struct select *, const struct record *r);

/* What a table is to the clause. SQL texts of ours, never a user's. */
struct select_table {
	const char *name;	/* quoted */
	const char *epoch_us;	/* expression: microseconds since the epoch */
	const char *sooner;	/* a condition with one parameter (a Julian day) that an index serves and every time since it meets, or NULL */
	bool ours;		/* it has the added columns */
};

struct param {
	enum { PARAM_INT, PARAM_REAL, PARAM_TEXT } type;
	int64_t i;
	double real;
	struct slice text;	/* borrowed from the struct select */
};

struct where {
	struct buf sql;		/* with a "?" for each parameter */
	struct param *params;
	size_t params_n;
};

/*
 * "SELECT id FROM table WHERE … ORDER BY time, id". Of the rows that a message has in a table of ours because it has several traced users,
 * only the first that the selection wants is in the answer.
 */
void select_sql(const struct select *, const struct select_table *, struct where *out);
void where_reset(struct where *);
#endif
