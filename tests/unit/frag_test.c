/* SPDX-License-Identifier: MIT */
#include "packet/frag.h"

#include "frames.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"	/* in tables, what is not said is zero */

#define SECOND UINT64_C(1000000000)
#define DATAGRAM "0123456789abcdefghijklmnopqrstuvwxyz"	/* 36 bytes */

/* A step: bytes [start, end) of DATAGRAM as a fragment, and what comes of it. */
struct step {
	uint16_t start, end;
	enum rc rc;
	char fill;		/* other bytes than the datagram's */
	bool last;		/* "no more" although end is not the end */
};

static const struct row {
	const char *name;
	struct step step[8];
	uint64_t held, bad, copies;
	uint32_t packets;
} rows[] = {
	{ "in order", { { 0, 16, RC_MORE }, { 16, 32, RC_MORE }, { 32, 36, RC_OK } }, 0, 0, 0, 3 },
	{ "backwards", { { 32, 36, RC_MORE }, { 16, 32, RC_MORE }, { 0, 16, RC_OK } }, 0, 0, 0, 3 },
	{ "middle last", { { 0, 8, RC_MORE }, { 32, 36, RC_MORE }, { 16, 32, RC_MORE }, { 8, 16, RC_OK } }, 0, 0, 0, 4 },
	{ "the right number of bytes, one part twice, is not the datagram",
	    { { 0, 16, RC_MORE }, { 0, 16, RC_MORE }, { 32, 36, RC_MORE } }, 2, 0, 1, 0 },
	{ "exact copies are ignored", { { 0, 16, RC_MORE }, { 0, 16, RC_MORE }, { 16, 36, RC_OK } }, 0, 0, 1, 2 },
	{ "same place, other bytes", { { 0, 16, RC_MORE }, { 0, 16, RC_BAD, 'x' }, { 16, 36, RC_BAD } }, 0, 3, 0, 0 },
	{ "overlap drops the datagram and what still comes of it",
	    { { 0, 16, RC_MORE }, { 8, 24, RC_BAD }, { 24, 36, RC_BAD }, { 0, 16, RC_BAD } }, 0, 4, 0, 0 },
	{ "overlap from below", { { 16, 32, RC_MORE }, { 0, 24, RC_BAD } }, 0, 2, 0, 0 },
	{ "a fragment around another", { { 8, 16, RC_MORE }, { 0, 24, RC_BAD } }, 0, 2, 0, 0 },
	{ "two last ones that differ", { { 32, 36, RC_MORE }, { 16, 24, RC_BAD, 0, true } }, 0, 2, 0, 0 },
	{ "bytes behind the last one", { { 16, 24, RC_MORE, 0, true }, { 24, 32, RC_BAD } }, 0, 2, 0, 0 },
	{ "a last one before bytes that are there", { { 16, 32, RC_MORE }, { 8, 16, RC_BAD, 0, true } }, 0, 2, 0, 0 },
	{ "not the last, not a multiple of 8", { { 0, 10, RC_BAD } }, 0, 1, 0, 0 },
	{ "empty, not the last", { { 8, 8, RC_BAD } }, 0, 1, 0, 0 },
};

static struct ip
fragment(const char *bytes, uint16_t start, uint16_t end, bool more, uint32_t id)
{
	return (struct ip){ .src = { .ip = { 1 }, .family = FAMILY_IP4 }, .dst = { .ip = { 2 }, .family = FAMILY_IP4 }, .proto = IP_PROTO_UDP,
		.frag_off = start, .more = more, .fragment = true, .frag_id = id,
		.payload = slice_of(bytes + start, end - start), .payload_len = end - start };
}

static enum rc
push(struct ip_frag *f, uint64_t now, struct ip h, struct slice *out)
{
	struct guarded g = guarded(h.payload);
	uint32_t packets = 1;
	enum rc rc;

	h.payload = g.s;
	rc = ip_frag_push(f, now, &h, out, &packets);
	guarded_free(&g);
	return rc;
}

static void
orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];
		struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
		const struct ip_frag_stats *st = ip_frag_stats(f);

		print_message("# %s\n", r->name);
		for (const struct step *s = r->step; s < r->step + 8 && (s->end > 0); s++) {
			char bytes[] = DATAGRAM;
			struct slice out;
			uint32_t packets = 1;
			struct ip h;

			if (s->fill)
				memset(bytes, s->fill, sizeof(bytes) - 1);
			h = fragment(bytes, s->start, s->end, !s->last && s->end < 36, 7);
			assert_int_equal(ip_frag_push(f, SECOND, &h, &out, &packets), s->rc);
			if (s->rc == RC_OK) {
				assert_slice(out, DATAGRAM);
				assert_int_equal(packets, r->packets);
			}
		}
		assert_int_equal(st->held, r->held);
		assert_int_equal(st->bad, r->bad);
		assert_int_equal(st->copies, r->copies);
		ip_frag_free(f);
	}
}

static void
what_belongs_together(void **state)
{
	struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
	struct ip h[5];
	struct slice out;

	(void)state;
	for (int i = 0; i < 5; i++)
		h[i] = fragment(DATAGRAM, 0, 16, true, 7);
	h[1].frag_id = 8;
	h[2].src.ip[0] = 9;
	h[3].dst.ip[0] = 9;
	h[4].proto = IP_PROTO_TCP;
	for (int i = 0; i < 5; i++)
		assert_int_equal(push(f, SECOND, h[i], &out), RC_MORE);
	assert_int_equal(ip_frag_stats(f)->held, 5);
	for (int i = 0; i < 5; i++) {
		h[i].frag_off = 16;
		h[i].more = false;
		h[i].payload = slice_of(DATAGRAM + 16, 20);
		h[i].payload_len = 20;
		assert_int_equal(push(f, SECOND, h[i], &out), RC_OK);
		assert_slice(out, DATAGRAM);
	}
	assert_int_equal(ip_frag_stats(f)->held, 0);
	ip_frag_free(f);
}

/* RFC 8200 4.5: only the first fragment's Next Header counts, and only source, destination and identification identify. */
static void
ip6_ignores_the_protocol_of_later_fragments(void **state)
{
	struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
	struct ip a = fragment(DATAGRAM, 0, 16, true, 7), b = fragment(DATAGRAM, 16, 36, false, 7);
	struct slice out;

	(void)state;
	a.src.family = a.dst.family = b.src.family = b.dst.family = FAMILY_IP6;
	b.proto = 99;
	assert_int_equal(push(f, 1, a, &out), RC_MORE);
	assert_int_equal(push(f, 1, b, &out), RC_OK);
	ip_frag_free(f);
}

static void
timeouts(void **state)
{
	struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
	const struct ip_frag_stats *st = ip_frag_stats(f);
	struct slice out;

	(void)state;
	assert_int_equal(push(f, 100 * SECOND, fragment(DATAGRAM, 0, 16, true, 1), &out), RC_MORE);
	assert_int_equal(push(f, 130 * SECOND, fragment(DATAGRAM, 0, 16, true, 2), &out), RC_MORE);
	assert_int_equal(st->timed_out, 0);
	assert_int_equal(push(f, 131 * SECOND, fragment(DATAGRAM, 16, 36, false, 1), &out), RC_MORE);
	assert_int_equal(st->timed_out, 1);
	ip_frag_expire(f, 90 * SECOND);		/* time steps back: nothing happens */
	assert_int_equal(st->held, 2);
	assert_int_equal(push(f, 90 * SECOND, fragment(DATAGRAM, 16, 36, false, 2), &out), RC_OK);
	ip_frag_end(f);
	assert_int_equal(st->held, 0);
	assert_int_equal(st->timed_out, 2);
	ip_frag_free(f);
}

static void
memory_is_bounded(void **state)
{
	struct ip_frag *f = ip_frag_new(64 << 10, 30 * SECOND);
	struct slice out;

	(void)state;
	for (uint32_t id = 0; id < 1000; id++)
		assert_int_equal(push(f, SECOND, fragment(DATAGRAM, 0, 16, true, id), &out), RC_MORE);
	assert_true(ip_frag_stats(f)->held < 40);
	assert_int_equal(ip_frag_stats(f)->held + ip_frag_stats(f)->evicted, 1000);
	/* the oldest are gone, the youngest are there */
	assert_int_equal(push(f, SECOND, fragment(DATAGRAM, 16, 36, false, 999), &out), RC_OK);
	assert_int_equal(push(f, SECOND, fragment(DATAGRAM, 16, 36, false, 0), &out), RC_MORE);
	ip_frag_free(f);
}

static void
largest_datagram(void **state)
{
	struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
	static char bytes[65536 + 16];
	struct slice out;

	(void)state;
	memset(bytes, 'b', sizeof(bytes));
	for (uint32_t at = 0; at < 65520; at += 1456)
		assert_int_equal(push(f, 1, fragment(bytes, (uint16_t)at, (uint16_t)(at + 1456), true, 7), &out), RC_MORE);
	assert_int_equal(push(f, 1, fragment(bytes, 65520, 65535, false, 7), &out), RC_OK);
	assert_int_equal(out.n, 65535);
	/* beyond the largest */
	struct ip h = fragment(bytes, 65528, 65528, false, 8);
	h.payload = slice_of(bytes, 16);
	h.payload_len = 16;
	assert_int_equal(push(f, 1, h, &out), RC_BAD);
	ip_frag_free(f);
}

static void
too_many_pieces(void **state)
{
	struct ip_frag *f = ip_frag_new(1 << 20, 30 * SECOND);
	static const char bytes[65536];
	struct slice out;
	enum rc rc = RC_MORE;

	(void)state;
	for (uint32_t at = 0; at < 32768 && rc == RC_MORE; at += 16)
		rc = push(f, 1, fragment(bytes, (uint16_t)at, (uint16_t)(at + 8), true, 7), &out);
	assert_int_equal(rc, RC_BAD);
	assert_int_equal(ip_frag_stats(f)->held, 0);
	ip_frag_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(what_belongs_together),
		cmocka_unit_test(ip6_ignores_the_protocol_of_later_fragments),
		cmocka_unit_test(timeouts),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(largest_datagram),
		cmocka_unit_test(too_many_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
