/* SPDX-License-Identifier: MIT */
/* What a disk, a crash or a user can do to a spool's files: whatever it is, the rest of the packets comes out, and the sum holds. */
#include "base/take.h"
#include "outbox/spool_format.h"
#include "spool_folder.h"

#define PACKETS 40u
#define ACKED 7u

static struct spool_conf
conf_of(void **state)
{
	const struct folder *f = *state;

	return (struct spool_conf){ .dir = f->dir, .max_bytes = 1 << 20, .segment_bytes = 1000, .sync_ns = UINT64_MAX };
}

/* A log of PACKETS, of which ACKED are acknowledged, in `good`; closed in good order or left as by kill -9. */
static void
make_good(const struct spool_conf *conf, const char *good, bool clean)
{
	struct spool *s = spool_start(conf);
	uint64_t pos;

	put_all(s, 0, PACKETS);
	get_all(s, 0, ACKED, &pos);
	spool_acked(s, pos);
	assert_int_equal(spool_commit(s, UINT64_C(1) << 40, NULL), RC_OK);
	if (!clean)
		folder_copy(conf->dir, good);
	spool_close(s);
	if (clean)
		folder_copy(conf->dir, good);
}

struct outcome {
	uint64_t first, got, missing;	/* missing: ACKED..PACKETS-1 that did not come */
	uint64_t damaged, torn, resumed;
};

/* Opens what is in the folder, reads to the end, appends two more, opens again. */
static struct outcome
outcome_of(const struct spool_conf *conf)
{
	struct outcome o = { .first = UINT64_MAX };
	struct spool *s = spool_start(conf);
	uint64_t n, pos = 0, last = 0;
	bool have[PACKETS] = { 0 };

	while (get(s, &n, &pos)) {
		assert_true(n < PACKETS && (o.got == 0 || n > last));
		if (o.got++ == 0)
			o.first = n;
		have[n] = true;
		last = n;
	}
	for (n = ACKED; n < PACKETS; n++)
		o.missing += !have[n];
	o.damaged = spool_counts(s)->damaged;
	o.torn = spool_counts(s)->torn_bytes;
	o.resumed = spool_counts(s)->resumed;
	spool_acked(s, pos);
	check_sum(s);
	assert_int_equal(spool_counts(s)->held, 0);
	put_all(s, PACKETS, PACKETS + 2);
	get_all(s, PACKETS, PACKETS + 2, NULL);
	assert_true(spool_at_end(s));
	spool_close(s);
	s = spool_start(conf);
	get_all(s, PACKETS, PACKETS + 2, &pos);
	assert_true(spool_at_end(s));
	spool_acked(s, pos);
	check_sum(s);
	assert_int_equal(spool_counts(s)->held, 0);
	spool_close(s);
	return o;
}

struct place {
	struct spool_conf conf;
	char good[96];
	char seg[16][32];
	size_t segs;
};

static struct place
place_of(void **state, bool clean)
{
	const struct folder *f = *state;
	struct place p = { .conf = conf_of(state) };

	snprintf(p.good, sizeof(p.good), "%s/good", f->base);
	make_good(&p.conf, p.good, clean);
	p.segs = folder_segments(p.good, p.seg, 16);
	assert_true(p.segs >= 3);
	return p;
}

static void
place_done(struct place *p)
{
	folder_empty(p->good);
	rmdir(p->good);
	folder_empty(p->conf.dir);
}

static void
flip_all(void **state, bool clean)
{
	struct place p = place_of(state, clean);
	struct buf b = { 0 };

	for (size_t i = 0; i <= p.segs; i++) {
		const char *name = i < p.segs ? p.seg[i] : "positions";

		file_read(p.good, name, &b);
		for (size_t at = 0; at < b.n; at += at > 200 && i == p.segs ? 97 : 1) {
			struct outcome o;

			folder_copy(p.good, p.conf.dir);
			b.p[at] ^= (uint8_t)(1 << at % 8);
			file_write(p.conf.dir, name, buf_slice(&b));
			b.p[at] ^= (uint8_t)(1 << at % 8);
			o = outcome_of(&p.conf);
			if (o.missing > 1 || (o.missing > o.damaged && o.torn == 0) || o.damaged > o.missing)
				fail_msg("%s, byte %zu: %llu missing, %llu damaged, %llu bytes torn", name, at, (unsigned long long)o.missing,
				    (unsigned long long)o.damaged, (unsigned long long)o.torn);
			if (i == p.segs || at < 128)
				assert_int_equal(o.missing, 0);
		}
	}
	buf_reset(&b);
	place_done(&p);
}

static void
every_byte_flipped(void **state)
{
	flip_all(state, true);
	flip_all(state, false);
}

/* What an entry of the log is, read without the code under test. */
static uint64_t
entries_within(struct slice s, uint64_t size)
{
	uint64_t at = 128, n = 0;

	while (at + 16 <= size && at + 16 + load_le32(s.p + at) <= size) {
		at += 16 + load_le32(s.p + at);
		n++;
	}
	return n;
}

static void
cut_all(void **state, bool clean)
{
	struct place p = place_of(state, clean);
	struct buf b = { 0 };
	uint64_t before = 0;

	for (size_t i = 0; i < p.segs; i++) {
		uint64_t all;

		file_read(p.good, p.seg[i], &b);
		all = entries_within(buf_slice(&b), b.n);
		for (size_t size = 0; size < b.n; size++) {
			uint64_t left = size < 128 ? 0 : entries_within(buf_slice(&b), size), lost = all - left;
			struct outcome o;

			if (before + left < ACKED)	/* what was acknowledged is no loss */
				lost = before + all > ACKED ? before + all - ACKED : 0;
			folder_copy(p.good, p.conf.dir);
			file_write(p.conf.dir, p.seg[i], slice_of(b.p, size));
			o = outcome_of(&p.conf);
			if (o.missing != lost || (o.damaged != lost && (clean || i < p.segs - 1)))
				fail_msg("%s cut to %zu: %llu missing, %llu damaged of %llu", p.seg[i], size, (unsigned long long)o.missing,
				    (unsigned long long)o.damaged, (unsigned long long)lost);
		}
		before += all;
	}
	assert_int_equal(before, PACKETS);
	buf_reset(&b);
	place_done(&p);
}

static void
every_truncation(void **state)
{
	cut_all(state, true);
	cut_all(state, false);
}

static void
missing_files(void **state)
{
	for (int clean = 0; clean < 2; clean++) {
		struct place p = place_of(state, clean);
		char path[160];
		struct outcome o;

		for (size_t i = 0; i < p.segs; i++) {
			folder_copy(p.good, p.conf.dir);
			snprintf(path, sizeof(path), "%s/%s", p.conf.dir, p.seg[i]);
			unlink(path);
			o = outcome_of(&p.conf);
			assert_true(o.missing > 0);
			if (clean || i < p.segs - 1)	/* else nothing knows of it */
				assert_int_equal(o.damaged, o.missing);
		}
		folder_copy(p.good, p.conf.dir);
		snprintf(path, sizeof(path), "%s/positions", p.conf.dir);
		unlink(path);
		o = outcome_of(&p.conf);	/* all that is there is sent, the acknowledged too */
		assert_int_equal(o.missing, 0);
		assert_true(o.first <= ACKED);
		for (size_t i = 0; i < p.segs; i++) {
			folder_copy(p.good, p.conf.dir);
			for (size_t k = 0; k <= i; k++) {
				snprintf(path, sizeof(path), "%s/%s", p.conf.dir, p.seg[k]);
				unlink(path);
			}
			o = outcome_of(&p.conf);
			if (clean || i < p.segs - 1)
				assert_int_equal(o.damaged, o.missing);
		}
		place_done(&p);
	}
}

static void
segments_that_are_something_else(void **state)
{
	static const struct { const char *name; size_t size; } rows[] = { { "junk", 700 }, { "short", 60 }, { "empty", 0 } };
	struct place p = place_of(state, true);
	struct buf b = { 0 };

	for (size_t i = 0; i < p.segs; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
			struct outcome o;

			buf_clear(&b);
			for (size_t n = 0; n < rows[k].size; n++)
				buf_u8(&b, (uint8_t)(n * 31));
			folder_copy(p.good, p.conf.dir);
			file_write(p.conf.dir, p.seg[i], buf_slice(&b));
			o = outcome_of(&p.conf);
			assert_int_equal(o.damaged, o.missing);
			assert_true(o.missing > 0);
		}
	/* one more behind the last: of what it held nothing is known but that it held something */
	for (size_t k = 0; k < 2; k++) {
		struct outcome o;

		folder_copy(p.good, p.conf.dir);
		buf_clear(&b);
		buf_zero(&b, k == 0 ? 300 : 128);
		file_write(p.conf.dir, "0000000000100000.seg", buf_slice(&b));
		o = outcome_of(&p.conf);
		assert_int_equal(o.missing, 0);
		assert_int_equal(o.damaged, k == 0);
	}
	/* the name says one position, the head another */
	file_read(p.good, p.seg[1], &b);
	folder_copy(p.good, p.conf.dir);
	file_write(p.conf.dir, "0000000000000123.seg", buf_slice(&b));
	outcome_of(&p.conf);
	/* a folder, a link and a name that is almost one */
	folder_copy(p.good, p.conf.dir);
	file_write(p.conf.dir, "000000000000ABCD.seg", buf_slice(&b));
	file_write(p.conf.dir, "ffffffffffffffff.seg", buf_slice(&b));
	file_write(p.conf.dir, "000000000001abcd.segment", buf_slice(&b));
	assert_int_equal(outcome_of(&p.conf).missing, 0);
	buf_reset(&b);
	place_done(&p);
}

/* A peer's packet may hold what looks like an entry: when the head before it is hit, that is not taken for one. */
static void
no_entry_within_a_packet(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct buf b = { 0 };
	char seg[2][32];
	struct spool_entry en;
	struct datagram d;
	struct spool *s = spool_start(&conf);

	put_all(s, 0, 4);
	spool_close(s);
	assert_int_equal(folder_segments(conf.dir, seg, 2), 1);
	file_read(conf.dir, seg[0], &b);
	folder_empty(conf.dir);
	s = spool_start(&conf);
	d = (struct datagram){ { slice_skip(buf_slice(&b), 128) } };	/* entries of another spool, made as any peer can make them */
	assert_int_equal(spool_append(s, &d, NULL, NULL), RC_OK);
	put_all(s, 1, 3);
	spool_close(s);
	file_read(conf.dir, seg[0], &b);
	b.p[128] ^= 1;
	file_write(conf.dir, seg[0], buf_slice(&b));
	s = spool_start(&conf);
	assert_int_equal(spool_peek(s, &en, 1), 1);
	assert_int_equal(packet_number(en.packet), 1);
	assert_int_equal(spool_counts(s)->damaged, 1);
	get_all(s, 1, 3, NULL);
	spool_close(s);
	buf_reset(&b);
}

static void
damage_that_is_passed_twice_counts_once(void **state)
{
	struct place p = place_of(state, true);
	struct buf b = { 0 };
	struct spool *s;
	uint64_t n, pos = 0, got = 0;

	file_read(p.conf.dir, p.seg[1], &b);
	b.p[150] ^= 1;
	b.p[600] ^= 1;
	file_write(p.conf.dir, p.seg[1], buf_slice(&b));
	p.conf.max_bytes = 4000;
	s = spool_start(&p.conf);
	while (get(s, &n, &pos))
		got++;
	assert_int_equal(spool_counts(s)->damaged, 2);
	assert_int_equal(spool_back(s), got);
	while (get(s, &n, &pos))
		got--;
	assert_int_equal(got, 0);
	assert_int_equal(spool_counts(s)->damaged, 2);
	assert_int_equal(spool_counts(s)->again, PACKETS - ACKED - 2);
	spool_back(s);
	for (uint64_t i = PACKETS; i < PACKETS + 60; i++)	/* the damaged segment is given up: its packets are damaged or dropped, not both */
		put_all(s, i, i + 1);
	assert_true(spool_counts(s)->dropped > 0);
	while (get(s, &n, &pos))
		got++;
	spool_acked(s, pos);
	check_sum(s);
	assert_int_equal(spool_counts(s)->acked, got);
	assert_int_equal(spool_counts(s)->damaged, 2);
	assert_int_equal(spool_counts(s)->held, 0);
	spool_close(s);
	buf_reset(&b);
	place_done(&p);
}

static void
a_bad_packet_stays_bad_when_it_is_passed_again(void **state)
{
	struct spool_conf conf = conf_of(state);
	struct buf b = { 0 };
	char seg[2][32];
	struct spool *s;

	conf.segment_bytes = 1 << 16;	/* all in memory at once */
	s = spool_start(&conf);
	put_all(s, 0, 20);
	spool_close(s);
	assert_int_equal(folder_segments(conf.dir, seg, 2), 1);
	file_read(conf.dir, seg[0], &b);
	b.p[128 + 16 + load_le32(b.p + 128) + 16 + 9] ^= 1;	/* in the second packet, not in its head */
	file_write(conf.dir, seg[0], buf_slice(&b));
	s = spool_start(&conf);
	for (int i = 0; i < 3; i++) {
		get_all(s, 0, 1, NULL);
		get_all(s, 2, 20, NULL);
		assert_true(spool_at_end(s));
		assert_int_equal(spool_back(s), 19);
		assert_int_equal(spool_counts(s)->damaged, 1);
	}
	spool_close(s);
	buf_reset(&b);
}

static void
a_segment_goes_while_it_is_read(void **state)
{
	struct place p = place_of(state, true);
	struct spool *s = spool_start(&p.conf);
	uint64_t n, pos = 0, got = 0;
	char path[160];

	get_all(s, ACKED, ACKED + 1, NULL);
	for (size_t i = 0; i + 1 < p.segs; i++) {
		snprintf(path, sizeof(path), "%s/%s", p.conf.dir, p.seg[i]);
		assert_int_equal(i == 0 ? truncate(path, 200) : unlink(path), 0);
	}
	while (get(s, &n, &pos))
		got++;
	assert_int_equal(got + spool_counts(s)->damaged, PACKETS - ACKED - 1);
	assert_true(spool_counts(s)->damaged > 5);
	spool_acked(s, pos);
	check_sum(s);
	assert_int_equal(spool_counts(s)->held, 0);
	spool_close(s);
	place_done(&p);
}

/* A segment that ends early, right where the name of another says that it begins; that one is no segment. */
static void
what_is_lost_is_given_up_with_its_own_segment(void **state)
{
	struct place p = place_of(state, false);
	char path[400], name[32];
	uint64_t n, pos = 0, next = PACKETS;
	struct spool *s;

	p.conf.max_bytes = 8000;
	folder_copy(p.good, p.conf.dir);
	n = SPOOL_ENTRY_HEAD * 3 + packet_size(0) + packet_size(1) + packet_size(2);
	snprintf(path, sizeof(path), "%s/%s", p.conf.dir, p.seg[0]);
	assert_int_equal(truncate(path, (off_t)(SPOOL_SEGMENT_DATA + n)), 0);
	assert_int_equal(unlinkat(AT_FDCWD, strcat(strcpy(path, p.conf.dir), "/positions"), 0), 0);
	spool_segment_name(n, name);
	file_write(p.conf.dir, name, SLICE_LIT("something else"));
	s = spool_start(&p.conf);
	while (get(s, &n, &pos))
		check_sum(s);
	assert_true(spool_counts(s)->damaged > 2);
	(void)spool_back(s);
	while (spool_counts(s)->dropped == 0) {
		put_all(s, next, next + 1);
		next++;
		check_sum(s);
	}
	assert_int_equal(spool_counts(s)->dropped, 3);
	spool_close(s);
	place_done(&p);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		T(every_byte_flipped),
		T(every_truncation),
		T(missing_files),
		T(segments_that_are_something_else),
		T(no_entry_within_a_packet),
		T(damage_that_is_passed_twice_counts_once),
		T(a_bad_packet_stays_bad_when_it_is_passed_again),
		T(a_segment_goes_while_it_is_read),
		T(what_is_lost_is_given_up_with_its_own_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
