/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "trace/copies.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define START (1700000000 * SECOND)

/* One record of a story: when, where, with which identification, which of a few messages, and what it must be. */
struct line {
	double ms;
	unsigned point, ip_id, text;
	enum copies_kind kind;
	double apart_ms;
	bool again;
};

#define FIRST COPIES_FIRST, 0, false
#define COPY(ms) COPIES_COPY, ms, false
#define AGAIN(ms) COPIES_RETRANSMISSION, ms, true
#define COPY_AGAIN(ms) COPIES_COPY, ms, true

static struct copies *
make(uint64_t copy_ns, uint64_t max_bytes, uint64_t seed)
{
	return copies_new(&(struct copies_conf){
	    .seed = seed, .copy_ns = copy_ns, .retransmission_ns = COPIES_RETRANSMISSION_NS, .max_bytes = max_bytes,
	});
}

static struct record
plain(uint64_t time_ns, unsigned point, unsigned ip_id, struct slice payload)
{
	struct record r = { .type = FRAME_MESSAGE, .time_ns = time_ns, .transport = TRANSPORT_UDP, .kind = KIND_SIP,
		.capture_point = (uint16_t)point, .ip_id = (uint16_t)ip_id, .payload = payload };

	r.src = (struct addr){ .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 };
	r.dst = (struct addr){ .ip = { 192, 0, 2, 2 }, .port = 5060, .family = FAMILY_IP4 };
	return r;
}

static struct copies_answer
ask(struct copies *c, const struct record *r)
{
	copies_prepare(c, r, 1);
	return copies_record(c, 0);
}

static uint64_t
at(double ms)
{
	return START + (uint64_t)(int64_t)(ms * 1e6);
}

static void
check(uint64_t copy_ms, const struct line *l, size_t n)
{
	static const char *const texts[] = { "REGISTER sip:a SIP/2.0\r\n\r\n", "REGISTER sip:b SIP/2.0\r\n\r\n" };
	struct copies *c = make(copy_ms * MS, 1 << 20, 42);

	for (size_t i = 0; i < n; i++) {
		struct guarded g = guarded(slice_str(texts[l[i].text]));
		struct record r = plain(at(l[i].ms), l[i].point, l[i].ip_id, g.s);
		struct copies_answer a = ask(c, &r);

		if (a.kind != l[i].kind || a.apart_ns != (int64_t)(l[i].apart_ms * 1e6) || a.again != l[i].again)
			fail_msg("line %zu: kind %d, apart %lld ns, again %d", i, a.kind, (long long)a.apart_ns, a.again);
		guarded_free(&g);
	}
	copies_free(c);
}

#define CHECK(copy_ms, ...)								\
	do {										\
		static const struct line lines_[] = { __VA_ARGS__ };			\
		check(copy_ms, lines_, sizeof(lines_) / sizeof(lines_[0]));		\
	} while (0)

static void
test_another_point(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 3, 1, 0, 0, COPY(3) }, { 4, 2, 9, 0, COPY(4) }, { 5, 1, 0, 1, FIRST });
}

static void
test_same_identification(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 7, 0, FIRST }, { 1, 0, 7, 0, COPY(1) }, { 2, 0, 7, 0, COPY(2) });
}

static void
test_another_identification_or_none(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 7, 0, FIRST }, { 1, 0, 8, 0, AGAIN(1) });
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 1, 0, 0, 0, AGAIN(1) }, { 1, 0, 0, 0, AGAIN(0) });
}

/* RFC 3261 17.1.2.2: 500 ms, doubling up to 4 s. */
static void
test_retransmissions(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 1, 0, FIRST }, { 500, 0, 2, 0, AGAIN(500) }, { 1500, 0, 3, 0, AGAIN(1000) }, { 3500, 0, 4, 0, AGAIN(2000) },
	    { 7500, 0, 5, 0, AGAIN(4000) }, { 11500, 0, 6, 0, AGAIN(4000) }, { 15500, 0, 7, 0, AGAIN(4000) });
}

static void
test_copies_of_a_retransmission(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 4, 1, 0, 0, COPY(4) }, { 500, 0, 0, 0, AGAIN(500) }, { 505, 1, 0, 0, COPY_AGAIN(5) },
	    { 506, 1, 0, 0, AGAIN(6) });
}

/* As wide as the window is: what the same point has shown is not eaten. */
static void
test_wide_window_keeps_retransmissions(void **state)
{
	(void)state;
	CHECK(2000, { 0, 0, 0, 0, FIRST }, { 3, 1, 0, 0, COPY(3) }, { 500, 0, 0, 0, AGAIN(500) }, { 503, 1, 0, 0, COPY_AGAIN(3) });
	CHECK(2000, { 0, 0, 5, 0, FIRST }, { 500, 0, 6, 0, AGAIN(500) }, { 900, 1, 5, 0, COPY(900) });	/* by its identification */
	CHECK(2000, { 0, 0, 0, 0, FIRST }, { 500, 0, 0, 0, AGAIN(500) }, { 900, 1, 0, 0, COPY_AGAIN(400) });	/* the nearest */
}

static void
test_taps_out_of_order(void **state)
{
	(void)state;
	CHECK(100, { 5, 1, 0, 0, FIRST }, { 0, 0, 0, 0, COPY(-5) }, { 500, 1, 0, 0, AGAIN(495) }, { 496, 0, 0, 0, COPY_AGAIN(-4) });
	CHECK(100, { 500, 1, 0, 0, FIRST }, { 0, 1, 0, 0, AGAIN(-500) });
}

static void
test_window_edges(void **state)
{
	(void)state;
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 100, 1, 0, 0, COPY(100) });
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 100.000001, 1, 0, 0, AGAIN(100.000001) });
	CHECK(100, { 100, 0, 0, 0, FIRST }, { 0, 1, 0, 0, COPY(-100) });
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 32000, 0, 0, 0, AGAIN(32000) });
	CHECK(100, { 0, 0, 0, 0, FIRST }, { 32000.000001, 0, 0, 0, FIRST });
}

static void
test_nothing_is_a_copy_without_a_window(void **state)
{
	(void)state;
	CHECK(0, { 0, 0, 7, 0, FIRST }, { 0, 1, 7, 0, AGAIN(0) });
}

/* What makes two messages alike: each change makes another one. */
static void
test_alike(void **state)
{
	struct copies *c = make(100 * MS, 1 << 20, 1);
	const struct record one = plain(START, 0, 0, SLICE_LIT("BYE sip:a SIP/2.0\r\n\r\n"));
	struct record r[9];

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		r[i] = one;
		r[i].capture_point = 1;
	}
	r[0].src.port++;
	r[1].dst.port++;
	r[2].src.ip[15]++;
	r[3].dst.ip[0]++;
	r[4].transport = TRANSPORT_TCP;
	r[5].orig_len = 900;
	r[6].payload.n--;
	r[7].src.family = r[7].dst.family = FAMILY_IP6;
	r[8].direction = DIR_OUT;	/* not part of it */
	assert_int_equal(ask(c, &one).kind, COPIES_FIRST);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(ask(c, &r[i]).kind, COPIES_FIRST);
	assert_int_equal(ask(c, &r[8]).kind, COPIES_COPY);
	copies_free(c);
}

/* Log lines: copies at other points, but never retransmissions. */
static void
test_other_kinds(void **state)
{
	struct copies *c = make(100 * MS, 1 << 20, 1);
	struct record r = plain(START, 0, 0, SLICE_LIT("route 7"));

	(void)state;
	r.kind = KIND_LOG;
	assert_int_equal(ask(c, &r).kind, COPIES_FIRST);
	assert_int_equal(ask(c, &r).kind, COPIES_FIRST);
	r.capture_point = 1;
	assert_int_equal(ask(c, &r).kind, COPIES_COPY);
	copies_free(c);
}

static void
test_points(void **state)
{
	struct points *p = points_new(3);
	struct record r = plain(START, 3, 0, SLICE_LIT("x")), s = r;
	struct buf attrs = { 0 }, name = { 0 };

	(void)state;
	assert_int_equal(points_number(p, &r), 1);
	r.capture_id = 2001;
	assert_int_equal(points_number(p, &r), 2);
	assert_int_equal(points_next(p, &r, 2, &s), 1);
	assert_int_equal(points_next(p, &s, 1, &s), 1);
	assert_int_equal(attr_put(&attrs, ATTR_NODE, SLICE_LIT("edge 1")), RC_OK);
	s.attrs = buf_slice(&attrs);
	assert_int_equal(points_next(p, &r, 2, &s), 3);
	assert_int_equal(points_number(p, &s), 3);
	assert_int_equal(points_number(p, &r), 2);
	for (uint16_t i = 1; i <= 3; i++) {
		points_name(p, i, &name);
		buf_u8(&name, ' ');
	}
	for (unsigned i = 0; i < 2 * POINTS_MAX; i++) {
		r.capture_id = 5000 + i;
		assert_int_equal(points_number(p, &r), i + 4 <= POINTS_MAX ? i + 4 : POINTS_OTHERS);
	}
	points_name(p, POINTS_OTHERS, &name);
	assert_slice(buf_slice(&name), "3 2001/3 edge?1/0/3 others");
	buf_reset(&name);
	buf_reset(&attrs);
	points_free(p);
}

/* The i-th of many messages. */
static struct record
numbered(char text[static 32], uint64_t i, uint64_t time_ns, unsigned point)
{
	int n = snprintf(text, 32, "OPTIONS sip:%llu", (unsigned long long)i);

	return plain(time_ns, point, 0, slice_of((uint8_t *)text, (size_t)n));
}

static struct copies_answer
ask_numbered(struct copies *c, uint64_t i, uint64_t time_ns, unsigned point)
{
	char text[32];
	struct record r = numbered(text, i, time_ns, point);

	return ask(c, &r);
}

static void
test_memory_is_bounded(void **state)
{
	struct copies *c = make(100 * MS, 1 << 20, 5);
	struct copies_stats s;

	(void)state;
	for (uint64_t i = 0; i < 200000; i++)
		assert_int_equal(ask_numbered(c, i, START + i * 1000, 0).kind, COPIES_FIRST);
	s = copies_stats(c);
	assert_true(s.bytes <= 1 << 20);
	assert_true(s.held > 20000);
	assert_int_equal(s.forgotten, 200000 - s.held);
	assert_int_equal(ask_numbered(c, 199999, START + 200000000, 1).kind, COPIES_COPY);
	assert_int_equal(ask_numbered(c, 200000 - s.held, START + 200000000, 1).kind, COPIES_COPY);
	assert_int_equal(ask_numbered(c, 199999 - s.held, START + 200000000, 1).kind, COPIES_FIRST);
	copies_free(c);
}

/* What is too old goes of itself and is no loss; memory comes back into use. */
static void
test_old_ones_go(void **state)
{
	struct copies *c = make(100 * MS, 1 << 26, 5);

	(void)state;
	for (uint64_t i = 0; i < 1000000; i++)
		(void)ask_numbered(c, i, START + i * MS / 5, 0);	/* 200 s, 5000 a second */
	assert_true(copies_stats(c).held < 175000);
	assert_int_equal(copies_stats(c).forgotten, 0);
	for (uint64_t i = 0; i < 32 * 5000; i += 997)
		assert_int_equal(ask_numbered(c, 999999 - i, START + 200 * SECOND, 0).kind, COPIES_RETRANSMISSION);
	copies_free(c);
}

/* One sender that repeats itself makes nobody slow, and his packets are told to the last. */
static void
test_flood_of_one_message(void **state)
{
	struct copies *c = make(100 * MS, 1 << 24, 5);

	(void)state;
	for (uint64_t i = 0; i < 100000; i++) {
		assert_int_equal(ask_numbered(c, 1, START + i * 1000, 0).kind, i == 0 ? COPIES_FIRST : COPIES_RETRANSMISSION);
		assert_int_equal(ask_numbered(c, 1, START + i * 1000 + 100, 1).kind, COPIES_COPY);
	}
	copies_free(c);
}

/* A wrong stamp far ahead or far back empties nothing; a confirmed gap does. */
static void
test_clock_jumps(void **state)
{
	struct copies *c = make(100 * MS, 1 << 20, 5);

	(void)state;
	for (uint64_t i = 0; i < 2000; i++)
		(void)ask_numbered(c, i, START + i * 1000, 0);
	(void)ask_numbered(c, 5000, START + 86400 * SECOND, 0);
	(void)ask_numbered(c, 5001, 1, 0);
	assert_int_equal(ask_numbered(c, 0, START + 3 * MS, 1).kind, COPIES_COPY);
	assert_int_equal(ask_numbered(c, 1000, START + 3 * MS, 1).kind, COPIES_COPY);
	assert_int_equal(copies_stats(c).held, 2002);
	(void)ask_numbered(c, 5002, START + 3600 * SECOND, 0);
	(void)ask_numbered(c, 5003, START + 3600 * SECOND + 1, 0);
	(void)ask_numbered(c, 5004, START + 3600 * SECOND + 2, 0);
	assert_true(copies_stats(c).held < 500);
	/* Back again by an hour, as where files are joined: what came before is old. */
	(void)ask_numbered(c, 5005, START, 0);
	(void)ask_numbered(c, 5006, START + 1, 0);
	for (uint64_t i = 0; i < 2000; i++)
		(void)ask_numbered(c, 10000 + i, START + i * 1000, 0);
	assert_int_equal(ask_numbered(c, 10000, START, 1).kind, COPIES_COPY);
	assert_int_equal(copies_stats(c).forgotten, 0);
	copies_free(c);
}

/* The slow and simple truth: every packet ever seen, in a list. */
struct known {
	unsigned text, ip_id, points[COPIES_POINTS];
	uint64_t time_ns;
	bool again;
};

struct model {
	struct known *v;
	size_t n;
	uint64_t copy_ns;
};

static bool
passed(const struct known *k, unsigned point)
{
	for (int i = 0; i < COPIES_POINTS; i++)
		if (k->points[i] == point + 1)
			return true;
	return false;
}

static struct copies_answer
ask_model(struct model *m, uint64_t t, unsigned point, unsigned ip_id, unsigned text)
{
	struct copies_answer a = { .kind = COPIES_FIRST };
	struct known *best = NULL, *last = NULL;
	int alike = 0;

	for (size_t i = m->n; i-- > 0 && alike < COPIES_ALIKE; ) {
		struct known *k = &m->v[i];
		uint64_t d = k->time_ns > t ? k->time_ns - t : t - k->time_ns;
		bool id = ip_id != 0 && k->ip_id == ip_id, best_id = best != NULL && ip_id != 0 && best->ip_id == ip_id;

		if (k->text != text)
			continue;
		alike++;
		if (last == NULL && d <= COPIES_RETRANSMISSION_NS)
			last = k;
		if (d > m->copy_ns || (!id && passed(k, point)))
			continue;
		if (best == NULL || (id && !best_id) ||
		    (id == best_id && d < (best->time_ns > t ? best->time_ns - t : t - best->time_ns)))
			best = k;
	}
	if (best != NULL) {
		for (int i = 0; i < COPIES_POINTS && !passed(best, point); i++)
			if (best->points[i] == 0)
				best->points[i] = point + 1;
		return (struct copies_answer){ .kind = COPIES_COPY, .again = best->again, .apart_ns = (int64_t)(t - best->time_ns) };
	}
	if (last != NULL)
		a = (struct copies_answer){ .kind = COPIES_RETRANSMISSION, .again = true, .apart_ns = (int64_t)(t - last->time_ns) };
	m->v[m->n++] = (struct known){ text, ip_id, { point + 1 }, t, a.again };
	return a;
}

static uint32_t random_state;

static unsigned
dice(unsigned n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

#define ROUNDS 20000

/* Few messages, points and identifications, times that step back by up to a second: everything happens. Batches of any length. */
static void
random_run(uint32_t start, uint64_t seed, unsigned texts, uint8_t *kinds)
{
	struct model m = { calloc(ROUNDS, sizeof(*m.v)), 0, (dice(2) ? 100 : 1500) * MS };
	struct copies *c = make(m.copy_ns, 1 << 24, seed);
	static char text[COPIES_BATCH][32];
	struct record r[COPIES_BATCH];
	unsigned said[COPIES_BATCH];
	uint64_t now = START;

	random_state = start;
	for (size_t done = 0, n; done < ROUNDS; done += n) {
		n = 1 + dice(COPIES_BATCH);
		n = n < ROUNDS - done ? n : ROUNDS - done;
		for (size_t i = 0; i < n; i++) {
			now += dice(4) == 0 ? dice(600) * MS : dice(20) * MS;
			said[i] = dice(texts);
			r[i] = numbered(text[i], said[i], now - (dice(3) == 0 ? dice(1000) * MS : 0), dice(6));
			r[i].ip_id = (uint16_t)dice(4);
		}
		copies_prepare(c, r, n);
		for (size_t i = 0; i < n; i++) {
			struct copies_answer have = copies_record(c, i);
			struct copies_answer want = ask_model(&m, r[i].time_ns, r[i].capture_point, r[i].ip_id, said[i]);

			if (have.kind != want.kind || have.again != want.again || have.apart_ns != want.apart_ns)
				fail_msg("start %u, record %zu: %d %d %lld, want %d %d %lld", start, done + i, have.kind, have.again,
				    (long long)have.apart_ns, want.kind, want.again, (long long)want.apart_ns);
			kinds[done + i] = (uint8_t)have.kind;
		}
	}
	free(m.v);
	copies_free(c);
}

static void
test_random(void **state)
{
	static uint8_t kinds[ROUNDS];
	unsigned count[3] = { 0 };

	(void)state;
	for (uint32_t start = 1; start <= 12; start++) {
		random_run(start, start, start % 3 == 0 ? 2000 : 20, kinds);
		for (size_t i = 0; i < ROUNDS; i++)
			count[kinds[i]]++;
	}
	for (int k = 0; k < 3; k++)
		assert_true(count[k] > ROUNDS / 4);	/* it did happen */
}

/* The answers do not hang on the key. */
static void
test_any_key(void **state)
{
	static uint8_t one[ROUNDS], other[ROUNDS];

	(void)state;
	random_state = 1;
	random_run(99, 0, 200, one);
	random_state = 1;
	random_run(99, UINT64_MAX, 200, other);
	assert_memory_equal(one, other, ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_point),
		cmocka_unit_test(test_same_identification),
		cmocka_unit_test(test_another_identification_or_none),
		cmocka_unit_test(test_retransmissions),
		cmocka_unit_test(test_copies_of_a_retransmission),
		cmocka_unit_test(test_wide_window_keeps_retransmissions),
		cmocka_unit_test(test_taps_out_of_order),
		cmocka_unit_test(test_window_edges),
		cmocka_unit_test(test_nothing_is_a_copy_without_a_window),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_old_ones_go),
		cmocka_unit_test(test_flood_of_one_message),
		cmocka_unit_test(test_clock_jumps),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_any_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
