/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "outbox/balance.h"
#include "outbox/flight.h"
#include "outbox/pktq.h"

/* A packet in up to three parts. */
static struct datagram
packet(const char *a, const char *b, const char *c)
{
	return (struct datagram){ .part = { slice_str(a), slice_str(b), slice_str(c) } };
}

static void
assert_packet(const struct datagram *d, const char *want)
{
	char have[256];
	size_t n = 0;

	for (int i = 0; i < CONN_PARTS; i++) {
		if (d->part[i].n > 0)
			memcpy(have + n, d->part[i].p, d->part[i].n);
		n += d->part[i].n;
	}
	have[n] = '\0';
	assert_string_equal(have, want);
}

static void
a_queue_gives_back_what_was_put(void **state)
{
	struct datagram one = packet("ab", NULL, "c"), two = packet("", "", ""), out[4];
	struct pktq q;

	(void)state;
	pktq_init(&q, 1000);
	assert_int_equal(pktq_peek(&q, out, 4), 0);
	assert_true(pktq_put(&q, &one));
	assert_true(pktq_put(&q, &two));
	assert_int_equal(pktq_peek(&q, out, 4), 2);
	assert_packet(&out[0], "abc");
	assert_packet(&out[1], "");
	pktq_drop(&q, 1);
	assert_int_equal(pktq_peek(&q, out, 4), 1);
	assert_packet(&out[0], "");
	pktq_reset(&q);
}

/* Ten thousand packets of changing size through a queue that never holds more than some dozen: its rings turn many times. */
static void
a_queue_keeps_order_over_its_seam(void **state)
{
	struct datagram out[8];
	unsigned in = 0, gone = 0;
	uint64_t rnd = 1;
	struct pktq q;

	(void)state;
	pktq_init(&q, 4000);
	while (gone < 10000) {
		char text[64], want[64];
		struct datagram d;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		if (rnd >> 63) {
			snprintf(text, sizeof(text), "%u:%.*s", in, (int)(in % 37), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
			d = packet(text, NULL, NULL);
			in += pktq_put(&q, &d);
		} else {
			size_t n = pktq_peek(&q, out, 1 + (rnd >> 40) % 8);

			for (size_t i = 0; i < n; i++, gone++) {
				snprintf(want, sizeof(want), "%u:%.*s", gone, (int)(gone % 37), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
				assert_packet(&out[i], want);
			}
			pktq_drop(&q, n);
		}
		assert_int_equal(q.n, in - gone);
	}
	pktq_reset(&q);
}

static void
a_queue_is_bounded(void **state)
{
	struct datagram d = packet("0123456789", NULL, NULL), empty = { 0 };
	struct pktq q;
	int n = 0;

	(void)state;
	pktq_init(&q, 10 * (10 + PKTQ_OVERHEAD));
	while (pktq_put(&q, &d))
		n++;
	assert_int_equal(n, 10);
	assert_true(pktq_bytes(&q) <= q.max_bytes);
	assert_false(pktq_put(&q, &empty));	/* empty ones count too */
	pktq_drop(&q, 1);
	assert_true(pktq_put(&q, &d));
	pktq_reset(&q);
}

static void
flight_lands_in_order(void **state)
{
	struct flight f = { 0 };
	uint64_t pos = 7;

	(void)state;
	assert_int_equal(flight_landed(&f, 100, &pos), 0);
	assert_int_equal(pos, 7);
	for (uint64_t i = 1; i <= 5000; i++)
		flight_add(&f, i * 10, i);
	assert_int_equal(flight_landed(&f, 9, &pos), 0);
	assert_int_equal(flight_landed(&f, 25, &pos), 2);
	assert_int_equal(pos, 2);
	for (uint64_t i = 5001; i <= 6000; i++)
		flight_add(&f, i * 10, i);
	assert_int_equal(flight_landed(&f, 59990, &pos), 5997);
	assert_int_equal(pos, 5999);
	assert_int_equal(f.n, 1);
	flight_reset(&f);
}

static void
a_call_stays_with_its_outlet(void **state)
{
	struct balance *b = balance_new(BALANCE_CALLID, 4, 1 << 12);
	size_t first[100], share[4] = { 0 };

	(void)state;
	for (uint64_t k = 0; k < 100; k++)
		share[first[k] = balance_pick(b, k * 0x9e3779b97f4a7c15u, 15)]++;
	for (int i = 0; i < 4; i++)
		assert_in_range(share[i], 10, 45);
	for (int round = 0; round < 3; round++)
		for (uint64_t k = 0; k < 100; k++)
			assert_int_equal(balance_pick(b, k * 0x9e3779b97f4a7c15u, 15), first[k]);
	balance_free(b);
}

static void
calls_of_a_dead_outlet_move_and_stay(void **state)
{
	struct balance *b = balance_new(BALANCE_CALLID, 3, 1 << 12);
	size_t first[90], second[90], moved = 0;

	(void)state;
	for (uint64_t k = 0; k < 90; k++)
		first[k] = balance_pick(b, k, 7);
	for (uint64_t k = 0; k < 90; k++) {
		second[k] = balance_pick(b, k, 5);	/* outlet 1 is down */
		assert_int_not_equal(second[k], 1);
		if (first[k] != 1)
			assert_int_equal(second[k], first[k]);
		moved += first[k] == 1;
	}
	assert_int_equal(balance_moved(b), moved);
	for (uint64_t k = 0; k < 90; k++)
		assert_int_equal(balance_pick(b, k, 7), second[k]);
	for (uint64_t k = 0; k < 90; k++)
		assert_int_equal(balance_pick(b, k, 0), second[k]);	/* all down: no reason to move */
	balance_free(b);
}

static void
in_turn_is_even(void **state)
{
	struct balance *b = balance_new(BALANCE_RR, 3, 1 << 12);
	size_t share[3] = { 0 };

	(void)state;
	for (uint64_t k = 0; k < 300; k++)
		share[balance_pick(b, k, 7)]++;
	for (int i = 0; i < 3; i++)
		assert_int_equal(share[i], 100);
	assert_int_equal(balance_pick(b, 1000, 2), 1);
	balance_free(b);
}

static void
the_least_recently_seen_call_is_forgotten(void **state)
{
	struct balance *b = balance_new(BALANCE_RR, 2, 4);	/* one set */

	(void)state;
	for (uint64_t k = 0; k < 4; k++)
		assert_int_equal(balance_pick(b, k, 3), k % 2);
	assert_int_equal(balance_pick(b, 0, 3), 0);	/* seen again */
	assert_int_equal(balance_pick(b, 4, 3), 0);	/* takes the place of 1 */
	assert_int_equal(balance_pick(b, 0, 2), 1);	/* still known: it moves */
	assert_int_equal(balance_moved(b), 1);
	assert_int_equal(balance_pick(b, 1, 3), 0);	/* new again: in turn */
	assert_int_equal(balance_moved(b), 1);
	balance_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_gives_back_what_was_put),
		cmocka_unit_test(a_queue_keeps_order_over_its_seam),
		cmocka_unit_test(a_queue_is_bounded),
		cmocka_unit_test(flight_lands_in_order),
		cmocka_unit_test(a_call_stays_with_its_outlet),
		cmocka_unit_test(calls_of_a_dead_outlet_move_and_stay),
		cmocka_unit_test(in_turn_is_even),
		cmocka_unit_test(the_least_recently_seen_call_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
