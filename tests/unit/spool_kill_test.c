/* SPDX-License-Identifier: MIT */
/* kill -9 while a process appends and delivers as fast as it can. What it said was committed is there; nothing is left out. */
#include <signal.h>
#include <sys/wait.h>

#include "spool_folder.h"

#define ROUNDS 25
#define BATCH 16

/* What the child tells: a packet delivered, or (COMMITTED) that all before this number are in the spool. */
#define COMMITTED (UINT64_C(1) << 63)

static void
tell(int fd, const uint64_t *what, size_t n)
{
	if (write(fd, what, n * sizeof(*what)) != (ssize_t)(n * sizeof(*what)))
		_exit(3);
}

/* Appends from `next` on and hands what it reads to the pipe, which is the peer: what is in it has arrived. */
static void
child(const struct spool_conf *conf, uint64_t next, int fd)
{
	struct spool_entry en[BATCH];
	struct spool *s;

	if (spool_open(conf, &s, NULL) != RC_OK)
		_exit(2);
	for (uint64_t round = 0;; round++) {
		uint64_t told[BATCH], n;

		for (n = 0; n < BATCH; n++, next++)
			if (put(s, next, NULL) != RC_OK)
				_exit(4);
		if (spool_commit(s, round * 10000000, NULL) != RC_OK)
			_exit(5);
		tell(fd, &(uint64_t){ COMMITTED | next }, 1);
		n = spool_peek(s, en, round % 100 < 30 ? 2 : BATCH);	/* falls behind, and catches up */
		for (uint64_t i = 0; i < n; i++)
			memcpy(&told[i], en[i].packet.p, 8);
		if (n == 0)
			continue;
		tell(fd, told, n);
		spool_advance(s, en[n - 1].pos);
		if (round % 5 != 0)
			spool_acked(s, en[n - 1].pos);
	}
}

struct seen {
	uint64_t committed;
	uint64_t next;		/* all before it have arrived */
	uint64_t twice;
};

/* A packet arrived: the next one, or one that was there before; never one too far. */
static void
arrived(struct seen *seen, uint64_t n)
{
	if (n > seen->next)
		fail_msg("%llu was left out", (unsigned long long)seen->next);
	seen->twice += n < seen->next;
	if (n == seen->next)
		seen->next++;
}

/* Reads what the child tells until `limit` words, then kills it, and reads the rest that it told. */
static void
watch(pid_t pid, int fd, uint64_t limit, struct seen *seen)
{
	uint64_t words = 0, w;
	int status;

	while (read(fd, &w, sizeof(w)) == (ssize_t)sizeof(w)) {
		if (w & COMMITTED)
			seen->committed = w & ~COMMITTED;
		else
			arrived(seen, w);
		if (++words == limit)
			kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
kill_at_any_moment(void **state)
{
	const struct folder *f = *state;
	struct spool_conf conf = { .dir = f->dir, .max_bytes = 256 << 20, .segment_bytes = 20000, .sync_ns = UINT64_MAX, .overlap_bytes = 300 };
	uint64_t rnd = 42, in = 0, n, pos = 0, again = 0;
	struct seen seen = { 0 };

	for (int round = 0; round < ROUNDS; round++) {
		struct spool *s;
		int fds[2];
		pid_t pid;

		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			child(&conf, in, fds[1]);
		}
		close(fds[1]);
		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		watch(pid, fds[0], 1 + (rnd >> 33) % 3000, &seen);
		close(fds[0]);

		/* what a new start finds; it goes on, and so do we from the number that it has */
		folder_copy(conf.dir, f->base);
		conf.dir = f->base;
		s = spool_start(&conf);
		while (get(s, &n, &pos))
			in = n + 1;
		assert_true(in >= seen.committed);
		assert_int_equal(spool_counts(s)->damaged, 0);
		again += spool_counts(s)->again;
		spool_close(s);
		folder_empty(f->base);
		conf.dir = f->dir;
	}
	{
		struct spool *s = spool_start(&conf);

		while (get(s, &n, &pos))
			arrived(&seen, n);
		assert_int_equal(seen.next, in);
		spool_close(s);
	}
	assert_true(seen.committed > 1000 && seen.twice > 0 && again > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kill_at_any_moment, folder_make, folder_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
