/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/take.h"
#include "hep/hep.h"
#include "hep/stream.h"

/* A packet of `total` bytes, told apart by `fill`. */
static void
add_packet(struct buf *b, size_t total, uint8_t fill)
{
	uint8_t head[HEP_STREAM_HEAD] = { 'H', 'E', 'P', '3' };

	store_be16(head + 4, (uint16_t)total);
	buf_add(b, head, sizeof(head));
	memset(buf_room(b, total - sizeof(head)), fill, total - sizeof(head));
	b->n += total - sizeof(head);
}

/* Everything in reads of `step` bytes, each at the end of a page; what comes out is added to `out`. */
static enum rc
feed(struct hep_stream *h, struct slice all, size_t step, struct buf *out)
{
	enum rc rc = RC_MORE;

	while (all.n > 0 && rc == RC_MORE) {
		struct guarded g = guarded(slice_head(all, step));
		struct slice in = g.s, packet;

		all = slice_skip(all, g.s.n);
		while ((rc = hep_stream_next(h, &in, &packet)) == RC_OK)
			buf_put(out, packet);
		assert_true(rc != RC_MORE || in.n == 0);
		guarded_free(&g);
	}
	return rc;
}

static void
comes_whole_however_it_is_read(void **state)
{
	static const size_t sizes[] = { 6, 7, 99, 600, 6, 65535, 1460, 65535, 6 };
	struct buf all = { 0 }, out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		add_packet(&all, sizes[i], (uint8_t)i);
	for (size_t step = 1; step < all.n * 2; step = step < 200 ? step + 1 : step * 3) {
		struct hep_stream h = { 0 };

		buf_clear(&out);
		assert_int_equal(feed(&h, buf_slice(&all), step, &out), RC_MORE);
		assert_true(slice_eq(buf_slice(&out), buf_slice(&all)));
		assert_int_equal(h.packets, sizeof(sizes) / sizeof(sizes[0]));
		assert_int_equal(hep_stream_held(&h), 0);
		hep_stream_reset(&h);
	}
	buf_reset(&all);
	buf_reset(&out);
}

static void
every_prefix_is_kept(void **state)
{
	struct buf all = { 0 }, out = { 0 };

	(void)state;
	add_packet(&all, 300, 'x');
	add_packet(&all, 200, 'y');
	for (size_t n = 0; n < all.n; n++) {
		struct hep_stream h = { 0 };

		buf_clear(&out);
		assert_int_equal(feed(&h, slice_head(buf_slice(&all), n), 1000, &out), RC_MORE);
		assert_int_equal(hep_stream_held(&h), n < 300 ? n : n - 300);
		assert_int_equal(out.n, n < 300 ? 0 : 300);
		assert_int_equal(feed(&h, slice_skip(buf_slice(&all), n), 1000, &out), RC_MORE);
		assert_true(slice_eq(buf_slice(&out), buf_slice(&all)));
		hep_stream_reset(&h);
	}
	buf_reset(&all);
	buf_reset(&out);
}

static const struct {
	const char *name, *bytes;
	size_t n;
	enum rc rc;
} beginnings[] = {
	{ "the other magic", "EEP3\0\6", 6, RC_MORE },
	{ "garbage", "GET / HTTP/1.0\r\n", 16, RC_BAD },
	{ "one byte of garbage", "G", 1, RC_BAD },
	{ "version 1, which has no length", "\1\20\2\21", 4, RC_BAD },
	{ "almost", "HEP2\0\6", 6, RC_BAD },
	{ "half a magic", "HEP", 3, RC_MORE },
	{ "length 0", "HEP3\0\0", 6, RC_BAD },
	{ "length 5", "HEP3\0\5", 6, RC_BAD },
	{ "length 6", "HEP3\0\6", 6, RC_MORE },
	{ "length 65535", "HEP3\xff\xff", 6, RC_MORE },
	{ "garbage behind a packet", "HEP3\0\6x", 7, RC_BAD },
	{ "a packet behind a packet", "HEP3\0\6HEP3\0\6", 12, RC_MORE },
};

static void
beginnings_are_judged(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		for (size_t step = 1; step <= beginnings[i].n; step++) {
			struct hep_stream h = { 0 };
			struct slice bytes = slice_of(beginnings[i].bytes, beginnings[i].n);

			if (feed(&h, bytes, step, &out) != beginnings[i].rc)
				fail_msg("%s in steps of %zu", beginnings[i].name, step);
			hep_stream_reset(&h);
		}
	buf_reset(&out);
}

static void
memory_follows_what_came(void **state)
{
	struct hep_stream h = { 0 };
	struct slice in = SLICE_LIT("HEP3\xff\xff" "abc"), packet;

	(void)state;
	assert_int_equal(hep_stream_next(&h, &in, &packet), RC_MORE);
	assert_true(h.part.cap < 1024);
	hep_stream_reset(&h);
}

static void
nothing_is_held_between_packets(void **state)
{
	struct hep_stream h = { 0 };
	struct buf all = { 0 }, out = { 0 };

	(void)state;
	add_packet(&all, 60000, 'x');
	assert_int_equal(feed(&h, buf_slice(&all), 50000, &out), RC_MORE);
	assert_int_equal(out.n, 60000);
	assert_null(h.part.p);
	hep_stream_reset(&h);
	buf_reset(&all);
	buf_reset(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_whole_however_it_is_read),
		cmocka_unit_test(every_prefix_is_kept),
		cmocka_unit_test(beginnings_are_judged),
		cmocka_unit_test(memory_follows_what_came),
		cmocka_unit_test(nothing_is_held_between_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
