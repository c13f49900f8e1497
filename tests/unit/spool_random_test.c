/* SPDX-License-Identifier: MIT */
/*
 * Any order of operations, beside a model that knows three numbers: how many packets were appended, up to which they are done
 * (acknowledged or given up), and which is read next.
 */
#include "spool_folder.h"

#define PACKETS 20000u

struct model {
	struct spool_conf conf;
	struct spool *s;
	char copy[96];
	uint64_t rnd;
	uint64_t *pos;		/* behind packet n, as spool_append told */
	uint64_t begun, appended;	/* handed to spool_append and taken; and of these, known to be in the log */
	uint64_t done, next;
	uint64_t acked, dropped;	/* in this run */
	uint64_t reads, backs, kills;
};

static uint64_t
dice(struct model *m, uint64_t sides)
{
	m->rnd = m->rnd * 6364136223846793005u + 1442695040888963407u;
	return (m->rnd >> 33) % sides;
}

/* After what may have dropped, written or acknowledged. */
static void
settle(struct model *m)
{
	const struct spool_counts *c = spool_counts(m->s);

	check_sum(m->s);
	assert_int_equal(c->damaged, 0);
	assert_true(c->held_bytes <= m->conf.max_bytes);
	assert_true(c->dropped >= m->dropped);
	if (m->conf.keep_oldest)
		assert_int_equal(c->dropped, 0);
	if (c->dropped > m->dropped) {
		m->done += c->dropped - m->dropped;
		if (m->next < m->done)
			m->next = m->done;
	}
	m->dropped = c->dropped;
	assert_int_equal(c->acked, m->acked);
	m->appended = m->done + c->held;
	assert_true(m->appended <= m->begun);
}

static void
do_append(struct model *m)
{
	for (uint64_t n = dice(m, 40); n > 0 && m->begun < PACKETS; n--) {
		enum rc rc = put(m->s, m->begun, &m->pos[m->begun]);

		if (rc == RC_LIMIT) {
			assert_true(m->conf.keep_oldest);
			break;
		}
		assert_int_equal(rc, RC_OK);
		m->begun++;
	}
	settle(m);
}

static void
do_commit(struct model *m)
{
	assert_int_equal(spool_commit(m->s, m->rnd >> 20, NULL), RC_OK);
	settle(m);
	assert_int_equal(m->appended, m->begun);
}

static void
do_read(struct model *m)
{
	struct spool_entry en[8];
	size_t n = spool_peek(m->s, en, 1 + dice(m, 8)), take;

	if (m->next < m->done && (n == 0 || packet_number(en[0].packet) > m->next)) {	/* the overlap it stood in was given up */
		m->next = n > 0 ? packet_number(en[0].packet) : m->done;
		assert_true(m->next <= m->done);
	}
	if (n == 0) {
		assert_true(spool_at_end(m->s));
		assert_int_equal(m->next, m->appended);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(packet_number(en[i].packet), m->next + i);
		assert_int_equal(en[i].pos, m->pos[m->next + i]);
	}
	take = dice(m, n + 1);
	if (take > 0)
		spool_advance(m->s, en[take - 1].pos);
	m->next += take;
	m->reads += take;
	settle(m);
}

/* Over packets that were never looked at, as who sends what it appends does. */
static void
do_skip(struct model *m)
{
	uint64_t n = dice(m, 50);

	if (m->next < m->done)
		return;
	if (m->next + n > m->appended)
		n = m->appended - m->next;
	if (n == 0)
		return;
	m->next += n;
	spool_advance(m->s, m->pos[m->next - 1]);
	settle(m);
}

static void
do_ack(struct model *m)
{
	uint64_t n;

	if (m->next <= m->done)
		return;
	n = m->done + 1 + dice(m, m->next - m->done);	/* done = n from now on */
	spool_acked(m->s, m->pos[n - 1] + (dice(m, 4) == 0 && n < m->next ? 11 : 0));	/* in the middle of the next one: that is not done */
	m->acked += n - m->done;
	m->done = n;
	settle(m);
}

static void
do_back(struct model *m)
{
	uint64_t n = spool_back(m->s);

	assert_true(n <= m->next);
	m->next -= n;
	assert_true(m->next <= m->done || n == 0);
	m->backs++;
	settle(m);
}

static void
reopened(struct model *m, bool killed)
{
	const struct spool_counts *c;
	struct spool_entry en;

	m->s = spool_start(&m->conf);
	c = spool_counts(m->s);
	assert_int_equal(c->torn_bytes, 0);
	assert_true(c->resumed >= m->appended - m->done);
	if (!killed)
		assert_int_equal(c->resumed, m->begun - m->done);
	m->acked = m->dropped = 0;
	m->begun = m->appended;		/* what was not committed when it was killed is appended anew */
	m->done = m->appended - c->resumed;
	m->next = m->done;
	if (killed && spool_peek(m->s, &en, 1) == 1) {
		m->next = packet_number(en.packet);
		assert_true(m->next <= m->done);
	}
	settle(m);
}

static void
do_close(struct model *m)
{
	spool_close(m->s);
	m->appended = m->begun;
	reopened(m, false);
}

static void
do_kill(struct model *m)
{
	folder_copy(m->conf.dir, m->copy);
	spool_close(m->s);
	folder_copy(m->copy, m->conf.dir);
	m->kills++;
	reopened(m, true);
}

static void
play(void **state, uint64_t seed, const struct spool_conf *conf)
{
	static void (*const ops[])(struct model *) = { do_append, do_append, do_append, do_append, do_append, do_commit, do_commit, do_commit, do_read,
		do_read, do_read, do_read, do_read, do_read, do_read, do_read, do_skip, do_ack, do_ack, do_ack, do_ack };
	const struct folder *f = *state;
	struct model m = { .conf = *conf, .rnd = seed };

	m.conf.dir = f->dir;
	snprintf(m.copy, sizeof(m.copy), "%s/copy", f->base);
	m.pos = calloc(PACKETS, sizeof(*m.pos));
	m.s = spool_start(&m.conf);
	for (int i = 0; i < 4000 && m.begun < PACKETS; i++) {
		uint64_t d = dice(&m, 400);

		if (d < 2)
			do_kill(&m);
		else if (d < 4)
			do_close(&m);
		else if (d < 10)
			do_back(&m);
		else
			ops[d % (sizeof(ops) / sizeof(*ops))](&m);
	}
	assert_true(m.reads > 1000 && m.backs > 10 && m.kills > 0);
	spool_close(m.s);
	free(m.pos);
	folder_empty(m.copy);
	rmdir(m.copy);
	folder_empty(f->dir);
}

static void
any_order_gives_up_the_oldest(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++)
		play(state, seed, &(struct spool_conf){ .max_bytes = 8192, .segment_bytes = 2048, .sync_ns = UINT64_MAX, .overlap_bytes = 700 * (seed % 3) });
}

static void
any_order_refuses_the_newest(void **state)
{
	for (uint64_t seed = 11; seed <= 14; seed++)
		play(state, seed, &(struct spool_conf){ .max_bytes = 20000, .segment_bytes = 700, .sync_ns = UINT64_MAX, .overlap_bytes = 900 * (seed % 3),
		    .keep_oldest = true });
}

static void
any_order_in_much_room(void **state)
{
	for (uint64_t seed = 21; seed <= 24; seed++)
		play(state, seed, &(struct spool_conf){ .max_bytes = 64 << 20, .segment_bytes = 1 << (seed - 8), .sync_ns = UINT64_MAX, .overlap_bytes = 3000 });
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		T(any_order_gives_up_the_oldest),
		T(any_order_refuses_the_newest),
		T(any_order_in_much_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
