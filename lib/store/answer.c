/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "store/store.h"

struct answer {
	struct store *store;
	const struct select *select;
	struct row row;
	struct buf frame;		/* the message of a table of ours */

	/* The module's tables: the message that may go on with the next row, and the one that is out. */
	struct id_maker *ids;
	bool held;			/* `row` was read and begins the next message */
	enum rc end;			/* RC_OK: there may be more; else why there is not */
	struct err why;
	struct buf text;		/* the columns of the message that is put together */
	struct buf attrs;
};

struct answer *
answer_new(struct store *store, const struct select *select)
{
	struct answer *a = xcalloc(1, sizeof(*a));

	a->store = store;
	a->select = select;
	a->ids = id_maker_new();
	return a;
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	id_maker_free(a->ids);
	buf_reset(&a->frame);
	buf_reset(&a->text);
	buf_reset(&a->attrs);
	free(a);
}

static enum rc
next_framed(struct answer *a, struct record *r, struct err *e)
{
	enum rc rc = a->store->driver->next(a->store, &a->row, e);

	if (rc == RC_OK && row_frame(&a->row, &a->frame, r) != RC_OK)
		return err_set(e, RC_BAD, "a row's meta and msg are damaged");
	return rc;
}

static enum rc
read_held(struct answer *a, struct err *e)
{
	if (!a->held && a->end == RC_OK) {
		a->end = a->store->driver->next(a->store, &a->row, &a->why);
		a->held = a->end == RC_OK;
	}
	if (!a->held && e != NULL)
		*e = a->why;
	return a->held ? RC_OK : a->end;
}

/*
 * Rows of one message: alike but for the user, which is new. The module writes the row without a user first; copies of a message are
 * rows of the same user again.
 */
static bool
goes_on(const struct row *a, const struct row *b, struct slice users)
{
	struct slice user;
	uint16_t type;

	if (a->sec != b->sec || a->time_us != b->time_us || b->traced_user.n == 0 || !slice_eq(a->msg, b->msg) ||
	    !slice_eq(a->fromip, b->fromip) || !slice_eq(a->toip, b->toip) || !slice_eq(a->direction, b->direction))
		return false;
	while (attr_next(&users, &type, &user) == RC_OK)
		if (slice_eq(user, b->traced_user))
			return false;
	return true;
}

/* A copy of the row whose texts lie in a->text: the store's own are gone with the next row. */
static struct row
keep(struct answer *a)
{
	struct row w = a->row;

	buf_clear(&a->text);
	for (size_t i = 0; i < ROW_SIPTRACE; i++)
		if (row_columns[i].type == COLUMN_TEXT || row_columns[i].type == COLUMN_BLOB)
			buf_put(&a->text, *row_slice(&a->row, &row_columns[i]));
	for (size_t i = 0, off = 0; i < ROW_SIPTRACE; i++)
		if (row_columns[i].type == COLUMN_TEXT || row_columns[i].type == COLUMN_BLOB) {
			struct slice *s = row_slice(&w, &row_columns[i]);

			s->p = a->text.p + off;
			off += s->n;
		}
	return w;
}

static enum rc
add_user(struct answer *a, struct slice user)
{
	return user.n > 0 ? attr_put(&a->attrs, ATTR_USER, user) : RC_OK;
}

static enum rc
next_parsed(struct answer *a, struct record *r, struct err *e)
{
	enum rc rc = read_held(a, e), parsed;
	struct row first;

	if (rc != RC_OK)
		return rc;
	first = keep(a);
	a->held = false;
	buf_clear(&a->attrs);
	parsed = row_parse(&first, r);
	if (parsed == RC_OK)
		parsed = add_user(a, first.traced_user);
	while (read_held(a, NULL) == RC_OK && goes_on(&first, &a->row, buf_slice(&a->attrs)) && add_user(a, a->row.traced_user) == RC_OK)
		a->held = false;
	if (parsed != RC_OK)
		return err_set(e, RC_BAD, "a row's time or addresses are damaged");
	r->attrs = buf_slice(&a->attrs);
	r->id = record_id(a->ids, r);
	return RC_OK;
}

enum rc
answer_next(struct answer *a, struct record *r, struct err *e)
{
	return a->store->ours ? next_framed(a, r, e) : next_parsed(a, r, e);
}
