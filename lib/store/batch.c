/* SPDX-License-Identifier: MIT */
#include "store/batch.h"

uint64_t
batch_rows(const struct record *r)
{
	struct slice rest = r->attrs, value;
	uint64_t n = 0;
	uint16_t type;

	while (attr_next(&rest, &type, &value) == RC_OK)
		n += type == ATTR_USER;
	return n > 0 ? n : 1;
}

static void
lose(struct batch *b, const struct record *r)
{
	uint64_t rows = batch_rows(r);

	b->done.messages.in++;
	b->done.messages.lost++;
	b->done.rows.in += rows;
	b->done.rows.lost += rows;
}

static void
settle(struct inserter_count *done, struct inserter_count *pending, bool committed)
{
	done->in += pending->in;
	done->stored += committed ? pending->stored : 0;
	done->repeated += committed ? pending->repeated : 0;
	done->lost += committed ? pending->lost : pending->in;
	*pending = (struct inserter_count){ 0 };
}

static void
finish(struct batch *b, bool committed)
{
	settle(&b->done.messages, &b->pending.messages, committed);
	settle(&b->done.rows, &b->pending.rows, committed);
	b->open = false;
}

/* The store is out of order. What it took before may still be saved. */
static void
give_up(struct batch *b)
{
	bool saved = b->open && b->pending.messages.in > 0 && b->store->driver->commit(b->store, NULL) == RC_OK;

	b->store->driver->rollback(b->store);
	finish(b, saved);
}

void
batch_commit(struct batch *b)
{
	bool saved;

	if (b->failed.rc != RC_OK || !b->open)
		return;
	saved = b->store->driver->commit(b->store, &b->failed) == RC_OK;
	if (!saved)
		b->store->driver->rollback(b->store);
	finish(b, saved);
}

static size_t
table_of(struct batch *b, const struct record *r)
{
	struct slice name;
	size_t table = 0;

	if (attr_get(r->attrs, ATTR_TABLE, &name) && name.n > 0 && !store_table(b->store, name, &table))
		b->done.other_table++;
	return table;
}

/* RC_BAD: counted, and the next one may fare better. */
static enum rc
put_row(struct batch *b, size_t table, struct slice user, struct inserter_count *rows)
{
	struct err e = { .text = "" };
	bool fresh;
	enum rc rc;

	b->row.traced_user = user;
	rc = b->store->driver->insert(b->store, table, &b->row, &fresh, &e);
	rows->in++;
	rows->stored += rc == RC_OK && fresh;
	rows->repeated += rc == RC_OK && !fresh;
	rows->lost += rc != RC_OK;
	if (rc == RC_BAD && b->done.refused.rc == RC_OK)
		b->done.refused = e;
	if (rc != RC_OK && rc != RC_BAD)
		b->failed = e;
	return rc;
}

static enum rc
put_rows(struct batch *b, const struct record *r, struct inserter_count *rows)
{
	struct slice rest = r->attrs, user;
	size_t table = table_of(b, r);
	bool any = false;
	uint16_t type;

	while (attr_next(&rest, &type, &user) == RC_OK) {
		if (type != ATTR_USER)
			continue;
		any = true;
		if (put_row(b, table, user, rows) == RC_SYS)
			return RC_SYS;
	}
	return any || put_row(b, table, (struct slice){ NULL, 0 }, rows) != RC_SYS ? RC_OK : RC_SYS;
}

static void
add(struct inserter_count *to, const struct inserter_count *rows)
{
	to->in += rows->in;
	to->stored += rows->stored;
	to->repeated += rows->repeated;
	to->lost += rows->lost;
}

static void
count(struct batch *b, const struct inserter_count *rows)
{
	struct inserter_count *m = &b->pending.messages;

	add(&b->pending.rows, rows);
	m->in++;
	if (rows->lost > 0)
		m->lost++;
	else if (rows->stored > 0)
		m->stored++;
	else
		m->repeated++;
}

void
batch_put(struct batch *b, const struct record *r)
{
	struct inserter_count rows = { 0 };

	if (b->failed.rc == RC_OK && !b->open)
		b->open = b->store->driver->begin(b->store, &b->failed) == RC_OK;
	if (b->failed.rc != RC_OK || row_fill(&b->row, r, &b->scratch) != RC_OK) {
		lose(b, r);
		return;
	}
	if (put_rows(b, r, &rows) != RC_OK) {
		/* Rows of this message that went in before may yet be saved, but it is not whole. */
		rows.lost += batch_rows(r) - rows.in;
		rows.in = batch_rows(r);
		count(b, &rows);
		give_up(b);
		return;
	}
	count(b, &rows);
	if (b->pending.messages.in >= b->max)
		batch_commit(b);
}

void
batch_reset(struct batch *b)
{
	if (b->open)
		b->store->driver->rollback(b->store);
	buf_reset(&b->scratch);
}
