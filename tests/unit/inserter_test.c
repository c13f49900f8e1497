/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "store/inserter.h"

/* A store that counts, and fails where a test wants it to. */
struct fake {
	struct store base;
	unsigned inserted, begun, committed, rolled_back;
	unsigned refuse_at, fail_at, fail_commit_at;	/* the first is 1; 0: never */
};

static enum rc
fake_begin(struct store *base, struct err *e)
{
	(void)e;
	((struct fake *)base)->begun++;
	return RC_OK;
}

static enum rc
fake_insert(struct store *base, size_t table, struct row *w, bool *fresh, struct err *e)
{
	struct fake *f = (struct fake *)base;

	(void)table;
	*fresh = !slice_eq(w->traced_user, SLICE_LIT("again"));
	f->inserted++;
	if (f->inserted == f->refuse_at)
		return err_set(e, RC_BAD, "refused");
	return f->inserted == f->fail_at ? err_set(e, RC_SYS, "broken") : RC_OK;
}

static enum rc
fake_commit(struct store *base, struct err *e)
{
	struct fake *f = (struct fake *)base;

	f->committed++;
	return f->committed == f->fail_commit_at ? err_set(e, RC_SYS, "full") : RC_OK;
}

static void
fake_rollback(struct store *base)
{
	((struct fake *)base)->rolled_back++;
}

static const struct store_driver fake_driver = {
	.scheme = "fake",
	.begin = fake_begin,
	.insert = fake_insert,
	.commit = fake_commit,
	.rollback = fake_rollback,
};
static const struct store_conf no_tables;

/* Puts `n` messages, of `users` each, into the store in batches of ten; returns the last answer. */
static enum rc
put(struct fake *f, enum inserter_mode mode, unsigned n, struct slice users, struct inserter_counts *out)
{
	const struct inserter_conf conf = { .mode = mode, .batch_messages = 10, .batch_ns = 1000, .queue_bytes = 1000 };
	struct record r = { .type = FRAME_MESSAGE, .attrs = users };
	struct err e = { .text = "" };
	struct inserter *i;
	enum rc rc;

	f->base = (struct store){ .driver = &fake_driver, .conf = &no_tables };
	assert_int_equal(inserter_new(&f->base, &conf, &i, &e), RC_OK);
	for (unsigned k = 0; k < n; k++)
		rc = inserter_put(i, &r, 0, &e);
	rc = inserter_finish(i, &e);
	inserter_counts(i, out);
	inserter_free(i);
	assert_int_equal(out->messages.in, n);
	assert_int_equal(out->messages.in, out->messages.stored + out->messages.repeated + out->messages.lost);
	assert_int_equal(out->rows.in, out->rows.stored + out->rows.repeated + out->rows.lost);
	return rc;
}

static void
what_becomes_of_messages(void **state)
{
	static const struct {
		const char *name;
		struct fake fake;
		unsigned stored, lost, commits;
		enum rc rc;
	} rows[] = {
		{ "all well", { .inserted = 0 }, 35, 0, 4, RC_OK },
		{ "a row is refused", { .refuse_at = 13 }, 34, 1, 4, RC_OK },
		{ "broken within a batch: what came before is saved", { .fail_at = 13 }, 12, 23, 2, RC_SYS },
		{ "broken at once", { .fail_at = 1 }, 0, 35, 1, RC_SYS },
		{ "a commit fails: its batch is lost", { .fail_commit_at = 2 }, 10, 25, 2, RC_SYS },
		{ "broken, and what came before cannot be saved", { .fail_at = 13, .fail_commit_at = 2 }, 10, 25, 2, RC_SYS },
		{ "the last commit fails", { .fail_commit_at = 4 }, 30, 5, 4, RC_SYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int mode = INSERT_DELAYED; mode <= INSERT_ASYNC; mode++) {
			struct fake f = rows[i].fake;
			struct inserter_counts c;
			enum rc rc = put(&f, (enum inserter_mode)mode, 35, (struct slice){ NULL, 0 }, &c);

			if (rc != rows[i].rc || c.messages.stored != rows[i].stored || c.messages.lost != rows[i].lost || f.committed != rows[i].commits)
				fail_msg("%s, mode %d: %d, %llu stored, %llu lost, %u commits", rows[i].name, mode, rc,
				    (unsigned long long)c.messages.stored, (unsigned long long)c.messages.lost, f.committed);
			assert_int_equal(c.refused.rc, rows[i].fake.refuse_at > 0 ? RC_BAD : RC_OK);
		}
}

static void
standard_commits_each_message(void **state)
{
	struct inserter_counts c;
	struct fake f = { .inserted = 0 };

	(void)state;
	assert_int_equal(put(&f, INSERT_STANDARD, 7, (struct slice){ NULL, 0 }, &c), RC_OK);
	assert_int_equal(f.committed, 7);
	assert_int_equal(c.messages.stored, 7);
}

static void
a_row_for_each_user(void **state)
{
	struct buf users = { 0 };
	struct inserter_counts c;
	struct fake f = { .inserted = 0 };

	(void)state;
	assert_int_equal(attr_put(&users, ATTR_USER, SLICE_LIT("again")), RC_OK);
	assert_int_equal(put(&f, INSERT_DELAYED, 3, buf_slice(&users), &c), RC_OK);
	assert_int_equal(c.messages.repeated, 3);
	assert_int_equal(attr_put(&users, ATTR_USER, SLICE_LIT("new")), RC_OK);
	assert_int_equal(attr_put(&users, ATTR_COMMENT, SLICE_LIT("no user")), RC_OK);
	assert_int_equal(put(&f, INSERT_DELAYED, 3, buf_slice(&users), &c), RC_OK);
	assert_int_equal(c.messages.stored, 3);
	assert_int_equal(c.rows.stored, 3);
	assert_int_equal(c.rows.repeated, 3);
	buf_reset(&users);
}

static void
a_batch_grows_old(void **state)
{
	const struct inserter_conf conf = { .mode = INSERT_DELAYED, .batch_messages = 10, .batch_ns = 1000 };
	const struct record r = { .type = FRAME_MESSAGE };
	struct fake f = { .base = { .driver = &fake_driver, .conf = &no_tables } };
	struct err e;
	struct inserter *i;

	(void)state;
	assert_int_equal(inserter_new(&f.base, &conf, &i, &e), RC_OK);
	assert_true(inserter_due_ns(i, 5) == UINT64_MAX);
	assert_int_equal(inserter_put(i, &r, 100, &e), RC_OK);
	assert_int_equal(inserter_due_ns(i, 100), 1000);
	assert_int_equal(inserter_put(i, &r, 400, &e), RC_OK);
	assert_int_equal(inserter_due_ns(i, 400), 700);
	assert_int_equal(f.committed, 0);
	assert_int_equal(inserter_put(i, &r, 1100, &e), RC_OK);
	assert_int_equal(f.committed, 1);
	assert_true(inserter_due_ns(i, 1100) == UINT64_MAX);
	assert_int_equal(inserter_put(i, &r, 1200, &e), RC_OK);
	assert_int_equal(inserter_commit(i, &e), RC_OK);
	assert_int_equal(f.committed, 2);
	assert_int_equal(inserter_put(i, &r, 1300, &e), RC_OK);
	inserter_free(i);
	assert_int_equal(f.rolled_back, 1);
}

static void
names_of_modes(void **state)
{
	(void)state;
	assert_int_equal(inserter_mode("standard"), INSERT_STANDARD);
	assert_int_equal(inserter_mode("0"), INSERT_STANDARD);
	assert_int_equal(inserter_mode("delayed"), INSERT_DELAYED);
	assert_int_equal(inserter_mode("1"), INSERT_DELAYED);
	assert_int_equal(inserter_mode("async"), INSERT_ASYNC);
	assert_int_equal(inserter_mode("2"), INSERT_ASYNC);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_becomes_of_messages),
		cmocka_unit_test(standard_commits_each_message),
		cmocka_unit_test(a_row_for_each_user),
		cmocka_unit_test(a_batch_grows_old),
		cmocka_unit_test(names_of_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
