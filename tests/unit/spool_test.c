/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/crc32c.h"
#include "base/take.h"
#include "spool_folder.h"

#define SEGMENT 1024u

static struct spool_conf
conf_of(void **state)
{
	const struct folder *f = *state;

	return (struct spool_conf){ .dir = f->dir, .max_bytes = 64 * SEGMENT, .segment_bytes = SEGMENT, .sync_ns = UINT64_MAX };
}

/* Leaves a spool as kill -9 does: nothing of what is in memory gets out. */
static void
abandon(const struct spool_conf *conf, void (*work)(struct spool *))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct spool *s;

		if (spool_open(conf, &s, NULL) != RC_OK)
			_exit(2);
		work(s);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void
in_order_over_segment_borders(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	char names[64][32];
	uint64_t pos;

	put_all(s, 0, 200);
	assert_true(folder_segments(conf.dir, names, 64) > 5);
	get_all(s, 0, 200, &pos);
	assert_true(spool_at_end(s));
	spool_acked(s, pos);
	assert_int_equal(spool_counts(s)->acked, 200);
	assert_int_equal(spool_counts(s)->held, 0);
	assert_int_equal(folder_segments(conf.dir, names, 64), 1);	/* the one to append to */
	put_all(s, 200, 210);
	get_all(s, 200, 210, NULL);
	spool_close(s);
}

static void
many_at_a_time(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	struct spool_entry en[16];
	uint64_t want = 0;
	size_t n;

	put_all(s, 0, 200);
	while ((n = spool_peek(s, en, 16)) > 0) {
		size_t used = want % 3 == 0 && n > 1 ? n / 2 : n;

		for (size_t i = 0; i < n; i++)
			assert_int_equal(packet_number(en[i].packet), want + i);
		spool_advance(s, en[used - 1].pos);
		want += used;
		check_sum(s);
	}
	assert_int_equal(want, 200);
	assert_int_equal(spool_counts(s)->again, 0);
	spool_close(s);
}

static void
not_before_it_is_committed(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	struct spool_entry en;

	assert_int_equal(put(s, 0, NULL), RC_OK);
	assert_true(spool_at_end(s));
	assert_int_equal(spool_peek(s, &en, 1), 0);
	assert_int_equal(spool_counts(s)->appended, 0);
	assert_int_equal(spool_commit(s, 0, NULL), RC_OK);
	assert_false(spool_at_end(s));
	get_all(s, 0, 1, NULL);
	spool_close(s);
}

static void
positions_of_append_are_those_of_peek(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	uint64_t pos[50], n, at;

	for (int i = 0; i < 50; i++)
		assert_int_equal(put(s, (uint64_t)i, &pos[i]), RC_OK);
	assert_int_equal(spool_commit(s, 0, NULL), RC_OK);
	spool_advance(s, pos[19]);	/* sent from memory, never read */
	spool_acked(s, pos[9]);
	check_sum(s);
	assert_int_equal(spool_counts(s)->acked, 10);
	for (uint64_t i = 20; i < 50; i++) {
		assert_true(get(s, &n, &at));
		assert_int_equal(n, i);
		assert_int_equal(at, pos[i]);
	}
	spool_acked(s, pos[30]);
	assert_int_equal(spool_counts(s)->acked, 31);
	assert_int_equal(spool_counts(s)->held, 19);
	spool_close(s);
}

static void
what_is_acknowledged_is_not_handed_out_again(void **state)
{
	struct spool_conf conf = conf_of(state);

	for (uint64_t cut = 0; cut <= 60; cut += 7) {
		const struct folder *f = *state;
		struct spool *s = spool_start(&conf);
		uint64_t pos = 0;

		put_all(s, 0, 60);
		get_all(s, 0, cut, &pos);
		spool_acked(s, pos);
		get_all(s, cut, 60, NULL);	/* handed out, not acknowledged */
		spool_close(s);
		s = spool_start(&conf);
		assert_int_equal(spool_counts(s)->resumed, 60 - cut);
		get_all(s, cut, 60, NULL);
		assert_true(spool_at_end(s));
		assert_int_equal(spool_counts(s)->again, 60 - cut);
		put_all(s, 60, 62);
		get_all(s, 60, 62, NULL);
		assert_int_equal(spool_counts(s)->again, 60 - cut);
		spool_close(s);
		folder_empty(f->dir);
	}
}

static void
append_only(struct spool *s)
{
	for (uint64_t n = 0; n < 100; n++) {
		(void)!put(s, n, NULL);
		if (n == 89)
			(void)!spool_commit(s, 0, NULL);
	}
}

static void
committed_survives_the_process(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;

	abandon(&conf, append_only);
	s = spool_start(&conf);
	assert_true(spool_counts(s)->resumed >= 90);	/* a full segment was written before the commit that did not come */
	assert_true(spool_counts(s)->resumed < 100);
	assert_int_equal(spool_counts(s)->torn_bytes, 0);
	get_all(s, 0, 90, NULL);
	spool_close(s);
}

static void
half_delivered(struct spool *s)
{
	struct spool_entry en;
	uint64_t n = 0;

	for (uint64_t i = 0; i < 100; i++)
		(void)!put(s, i, NULL);
	(void)!spool_commit(s, 1, NULL);
	while (n < 60 && spool_peek(s, &en, 1) == 1) {
		spool_advance(s, en.pos);
		if (n++ < 50)
			spool_acked(s, en.pos);
	}
	(void)!spool_commit(s, UINT64_C(10000000000), NULL);	/* saves the positions */
}

static void
a_kill_sends_again_from_before_the_acknowledged(void **state)
{
	struct spool_conf conf = conf_of(state);
	uint64_t n, pos = 0, first = 0;
	struct spool *s;

	conf.overlap_bytes = 500;
	abandon(&conf, half_delivered);
	s = spool_start(&conf);
	assert_int_equal(spool_counts(s)->resumed, 50);
	assert_true(get(s, &first, &pos));
	assert_true(first < 46 && first > 35);
	for (uint64_t want = first + 1; want < 100; want++) {
		assert_true(get(s, &n, &pos));
		assert_int_equal(n, want);
	}
	assert_false(get(s, &n, &pos));
	assert_int_equal(spool_counts(s)->again, 60 - first);
	spool_acked(s, pos);
	assert_int_equal(spool_counts(s)->acked, 50);
	spool_close(s);
}

static void
back_reads_again(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	uint64_t pos, n = 0;

	put_all(s, 0, 100);
	get_all(s, 0, 40, &pos);
	spool_acked(s, pos);
	get_all(s, 40, 60, NULL);
	assert_int_equal(spool_back(s), 20);
	assert_int_equal(spool_back(s), 0);
	get_all(s, 40, 70, &pos);
	assert_int_equal(spool_counts(s)->again, 20);
	spool_acked(s, pos);
	assert_int_equal(spool_counts(s)->acked, 70);
	spool_close(s);

	conf.overlap_bytes = 2000;
	s = spool_start(&conf);
	get_all(s, 70, 90, &pos);
	spool_acked(s, pos);
	assert_true(spool_back(s) > 0);
	assert_true(get(s, &n, &pos));
	assert_true(n > 70 - SEGMENT / 28 && n <= 70);	/* what lay in segments before that of 70 was forgotten without an overlap */
	get_all(s, n + 1, 100, &pos);
	spool_acked(s, pos);
	assert_int_equal(spool_counts(s)->acked, 30);
	assert_int_equal(spool_counts(s)->held, 0);
	n = spool_back(s);
	assert_true(n >= 2000 / 118 && n <= 2000 / 28 + 1);	/* entries have 28 to 117 bytes */
	get_all(s, 100 - n, 100, NULL);
	spool_close(s);
}

static void
full_gives_up_the_oldest_segment(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;
	uint64_t n, pos;

	conf.max_bytes = 4 * SEGMENT;
	s = spool_start(&conf);
	put_all(s, 0, 10);
	get_all(s, 0, 5, &pos);
	for (uint64_t i = 10; i < 300; i++) {
		put_all(s, i, i + 1);
		assert_true(spool_counts(s)->held_bytes <= conf.max_bytes);
	}
	assert_true(spool_counts(s)->held_bytes > 2 * SEGMENT);
	assert_true(spool_counts(s)->dropped > 200);
	spool_acked(s, pos);		/* of one that is gone */
	assert_int_equal(spool_counts(s)->acked, 0);
	n = spool_counts(s)->dropped;
	get_all(s, n, 300, &pos);
	spool_acked(s, pos);
	check_sum(s);
	assert_int_equal(spool_counts(s)->acked, 300 - n);
	spool_close(s);
}

static void
full_refuses_the_newest(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;
	uint64_t n = 0, pos;

	conf.max_bytes = 4 * SEGMENT;
	conf.keep_oldest = true;
	s = spool_start(&conf);
	while (put(s, n, NULL) == RC_OK)
		n++;
	assert_true(n > 40);
	assert_int_equal(put(s, n, NULL), RC_LIMIT);
	assert_int_equal(spool_commit(s, 0, NULL), RC_OK);
	assert_int_equal(spool_counts(s)->appended, n);
	assert_int_equal(spool_counts(s)->refused, 2);
	assert_int_equal(spool_counts(s)->dropped, 0);
	assert_true(spool_counts(s)->held_bytes <= conf.max_bytes);
	get_all(s, 0, n / 2, &pos);
	spool_acked(s, pos);		/* makes room */
	put_all(s, n, n + 5);
	get_all(s, n / 2, n + 5, &pos);
	spool_acked(s, pos);
	put_all(s, n + 5, n + 30);
	get_all(s, n + 5, n + 30, NULL);
	spool_close(s);
}

static void
the_overlap_gives_way_to_packets(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;
	uint64_t pos;

	conf.max_bytes = 4 * SEGMENT;
	conf.overlap_bytes = 1 << 20;
	conf.keep_oldest = true;
	s = spool_start(&conf);
	for (uint64_t i = 0; i < 200; i += 10) {
		put_all(s, i, i + 10);
		get_all(s, i, i + 10, &pos);
		spool_acked(s, pos);
		check_sum(s);
		assert_true(spool_counts(s)->held_bytes <= conf.max_bytes);
	}
	assert_int_equal(spool_counts(s)->refused, 0);
	assert_true(spool_back(s) > 30);
	spool_close(s);
}

static void
large_packets(void **state)
{
	struct spool_conf conf = conf_of(state);
	uint8_t *p = calloc(1, SPOOL_PACKET_MAX + 1);
	struct datagram d = { { slice_of(p, SPOOL_PACKET_MAX) } };
	struct spool_entry en;
	struct spool *s;
	uint64_t pos;

	conf.max_bytes = 40 << 20;
	s = spool_start(&conf);
	put_all(s, 0, 3);
	assert_int_equal(spool_append(s, &d, &pos, NULL), RC_OK);
	put_all(s, 3, 5);
	get_all(s, 0, 3, NULL);
	assert_int_equal(spool_peek(s, &en, 1), 1);
	assert_int_equal(en.packet.n, SPOOL_PACKET_MAX);
	assert_int_equal(en.pos, pos);
	spool_advance(s, en.pos);
	get_all(s, 3, 5, NULL);
	d.part[0].n++;
	assert_int_equal(spool_append(s, &d, &pos, NULL), RC_LIMIT);
	d.part[0].n = 0;
	assert_int_equal(spool_append(s, &d, &pos, NULL), RC_OK);	/* nothing is a packet too */
	put_all(s, 5, 6);
	assert_int_equal(spool_peek(s, &en, 1), 1);
	assert_int_equal(en.packet.n, 0);
	spool_advance(s, en.pos);
	get_all(s, 5, 6, NULL);
	spool_close(s);
	conf.max_bytes = 4 * SEGMENT;
	s = spool_start(&conf);
	d.part[0].n = 8 * SEGMENT;
	assert_int_equal(spool_append(s, &d, &pos, NULL), RC_LIMIT);
	assert_int_equal(spool_counts(s)->refused, 1);
	spool_close(s);
	free(p);
}

/* A file may not grow over `bytes` any more: what a full disk is to a process, without a disk. */
static void
limit_files(rlim_t bytes)
{
	struct rlimit l;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void
a_full_disk_is_said_and_undone(void **state)
{
	struct spool_conf conf = conf_of(state);
	char names[8][32];
	struct buf file = { 0 };
	struct err e;
	struct spool *s;
	uint64_t n = 0;

	conf.segment_bytes = 256 << 10;
	conf.max_bytes = 1 << 20;
	s = spool_start(&conf);
	put_all(s, 0, 10);
	limit_files(20000);
	for (n = 10; n < 1000; n++)
		assert_int_equal(put(s, n, NULL), RC_OK);
	assert_int_equal(spool_commit(s, 0, &e), RC_SYS);
	assert_non_null(strstr(e.text, "File too large"));
	assert_int_equal(spool_counts(s)->refused, 990);
	assert_int_equal(spool_counts(s)->appended, 10);
	check_sum(s);
	assert_int_equal(folder_segments(conf.dir, names, 8), 1);
	file_read(conf.dir, names[0], &file);
	assert_true(file.n < 1500);	/* nothing of it is left */
	put_all(s, 10, 20);		/* what fits still fits */
	for (n = 20; n < 1000; n++)
		assert_int_equal(put(s, n, NULL), RC_OK);
	limit_files(RLIM_INFINITY);
	assert_int_equal(spool_commit(s, 0, &e), RC_OK);
	get_all(s, 0, 1000, NULL);
	assert_true(spool_at_end(s));
	buf_reset(&file);
	spool_close(s);
}

static void
a_full_disk_during_append_leaves_the_verdict_to_commit(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;
	uint64_t n = 0, pos, last = 0;

	conf.segment_bytes = 1 << 20;
	conf.max_bytes = 4 << 20;
	for (int lifted = 0; lifted < 2; lifted++) {
		s = spool_start(&conf);
		put_all(s, 0, 10);
		limit_files(20000);
		for (n = 10; put(s, n, &pos) == RC_OK; n++)
			last = pos;
		assert_true(n > 1000);
		assert_int_equal(put(s, n, &pos), RC_SYS);
		check_sum(s);
		if (lifted)
			limit_files(RLIM_INFINITY);
		assert_int_equal(spool_commit(s, 0, NULL), lifted ? RC_OK : RC_SYS);
		assert_true(lifted ? spool_end(s) == last : spool_end(s) < last);
		assert_int_equal(spool_counts(s)->refused, lifted ? 2 : n - 10 + 2);
		limit_files(RLIM_INFINITY);
		n = lifted ? n : 10;
		put_all(s, n, n + 3);
		get_all(s, 0, n + 3, NULL);
		assert_true(spool_at_end(s));
		spool_close(s);
		folder_empty(conf.dir);
	}
}

static void
no_new_segment_is_said_and_undone(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf);
	uint64_t n = 0, pos;

	limit_files(64);		/* less than a segment's head; the positions file is not written meanwhile */
	assert_int_equal(put(s, 0, NULL), RC_SYS);
	assert_int_equal(put(s, 0, NULL), RC_SYS);
	limit_files(RLIM_INFINITY);
	assert_int_equal(spool_counts(s)->refused, 2);
	put_all(s, 0, 100);
	limit_files(64);
	while (put(s, 100 + n, NULL) == RC_OK)
		n++;
	limit_files(RLIM_INFINITY);
	check_sum(s);
	get_all(s, 0, 100, &pos);
	spool_acked(s, pos);
	check_sum(s);
	spool_close(s);
}

static void
one_process_at_a_time(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s = spool_start(&conf), *other;
	struct err e;

	assert_int_equal(spool_open(&conf, &other, &e), RC_LIMIT);
	assert_null(other);
	assert_non_null(strstr(e.text, "another process"));
	put_all(s, 0, 3);
	spool_close(s);
	s = spool_start(&conf);
	get_all(s, 0, 3, NULL);
	spool_close(s);
}

static void
what_is_no_spool_is_left_alone(void **state)
{
	struct spool_conf conf = conf_of(state);
	const struct folder *f = *state;
	struct buf b = { 0 };
	struct spool *s;
	struct err e;

	file_write(f->base, "s", SLICE_LIT("a file"));
	assert_int_equal(spool_open(&conf, &s, &e), RC_SYS);
	assert_non_null(strstr(e.text, "Not a directory"));
	unlink(f->dir);
	conf.dir = "/proc/nowhere/s";
	assert_int_equal(spool_open(&conf, &s, &e), RC_SYS);
	conf.dir = f->dir;
	mkdir(f->dir, 0700);
	file_write(f->dir, "thesis.txt", SLICE_LIT("of years"));
	assert_int_equal(spool_open(&conf, &s, &e), RC_BAD);
	assert_non_null(strstr(e.text, "no spool"));
	file_write(f->dir, "positions", SLICE_LIT("of planets, which are no business of ours, over eighty bytes of them, so that it is long"));
	assert_int_equal(spool_open(&conf, &s, &e), RC_BAD);
	file_read(f->dir, "positions", &b);
	assert_true(slice_starts(buf_slice(&b), SLICE_LIT("of planets")));
	unlinkat(AT_FDCWD, f->dir, 0);
	folder_empty(f->dir);
	file_write(f->dir, "0000000000000000.seg", SLICE_LIT("something else"));
	assert_int_equal(spool_open(&conf, &s, &e), RC_BAD);
	folder_empty(f->dir);
	s = spool_start(&conf);		/* empty: it becomes one */
	put_all(s, 0, 3);
	spool_close(s);
	file_write(f->dir, "README", SLICE_LIT("do not touch"));
	s = spool_start(&conf);		/* foreign files in a spool stay */
	get_all(s, 0, 3, NULL);
	spool_close(s);
	file_read(f->dir, "README", &b);
	assert_slice(buf_slice(&b), "do not touch");
	buf_reset(&b);
}

static void
another_version_is_refused(void **state)
{
	static const uint8_t slot[] = { 0xd1, 'S', 'T', 'S', 'P', 'P', 'O', '\n', 2 };
	struct spool_conf conf = conf_of(state);
	struct buf b = { 0 };
	struct spool *s = spool_start(&conf);
	struct err e;

	spool_close(s);
	buf_zero(&b, 8192);
	memcpy(b.p, slot, sizeof(slot));
	store_le32(b.p + 76, crc32c(0, b.p, 76));
	file_write(conf.dir, "positions", buf_slice(&b));
	assert_int_equal(spool_open(&conf, &s, &e), RC_BAD);
	assert_non_null(strstr(e.text, "version 2"));
	buf_reset(&b);
}

static void
conf_that_cannot_be(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct spool *s;

	conf.max_bytes = 4 * SEGMENT - 1;
	assert_int_equal(spool_open(&conf, &s, NULL), RC_BAD);
	conf.segment_bytes = 1;
	assert_int_equal(spool_open(&conf, &s, NULL), RC_BAD);
	conf.segment_bytes = 0;		/* 16 MiB */
	assert_int_equal(spool_open(&conf, &s, NULL), RC_BAD);
	conf.max_bytes = 64 << 20;
	s = spool_start(&conf);
	spool_close(s);
	spool_close(NULL);
}

static void
syncs_when_due(void **state)
{
	struct spool_conf conf = conf_of(state);

	conf.sync_ns = 0;
	for (int i = 0; i < 2; i++) {
		struct spool *s = spool_start(&conf);

		for (uint64_t n = 0; n < 30; n++) {
			assert_int_equal(put(s, n, NULL), RC_OK);
			assert_int_equal(spool_commit(s, n * 1000, NULL), RC_OK);
		}
		get_all(s, 0, 30, NULL);
		spool_close(s);
		folder_empty(conf.dir);
		conf.sync_ns = 5000;
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		T(in_order_over_segment_borders),
		T(many_at_a_time),
		T(not_before_it_is_committed),
		T(positions_of_append_are_those_of_peek),
		T(what_is_acknowledged_is_not_handed_out_again),
		T(committed_survives_the_process),
		T(a_kill_sends_again_from_before_the_acknowledged),
		T(back_reads_again),
		T(full_gives_up_the_oldest_segment),
		T(full_refuses_the_newest),
		T(the_overlap_gives_way_to_packets),
		T(large_packets),
		T(a_full_disk_is_said_and_undone),
		T(a_full_disk_during_append_leaves_the_verdict_to_commit),
		T(no_new_segment_is_said_and_undone),
		T(one_process_at_a_time),
		T(what_is_no_spool_is_left_alone),
		T(another_version_is_refused),
		T(conf_that_cannot_be),
		T(syncs_when_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
