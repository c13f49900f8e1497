/* SPDX-License-Identifier: MIT */
#include "packet/tcp.h"

#include "base/xalloc.h"
#include "frames.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"	/* in tables, what is not said is zero */

#define SECOND UINT64_C(1000000000)
#define MAX_STEPS 10

/*
 * What the user of the streams saw, as text: bytes as they are, "<n>" a gap, "." the end, "!" an eviction; "[time]" before bytes whose
 * time is another than that of the bytes before (with `times`).
 */
struct log {
	struct buf text;
	bool times, ignore;
	uint64_t last;
};

static void
on_data(void *arg, struct tcp_stream *s, const struct tcp_chunk *c)
{
	struct log *l = arg;

	if (l->times && c->time_ns != l->last)
		buf_printf(&l->text, "[%d]", (int)(c->time_ns / SECOND));
	l->last = c->time_ns;
	buf_put(&l->text, c->data);
	s->user_bytes = 1000;
	s->ignored = l->ignore;
}

static void
on_gap(void *arg, struct tcp_stream *s, uint32_t n, const struct tcp_chunk *c)
{
	(void)s, (void)c;
	buf_printf(&((struct log *)arg)->text, "<%u>", n);
}

static void
on_end(void *arg, struct tcp_stream *s, enum tcp_why why)
{
	(void)s;
	buf_str(&((struct log *)arg)->text, why == TCP_WHY_EVICTED ? "!" : ".");
}

static bool
wakes(void *arg, struct slice data)
{
	(void)arg;
	return data.p[0] == 'W';
}

static struct tcp *
table(struct log *l, size_t max_bytes, uint32_t max_streams)
{
	*l = (struct log){ .last = 0 };
	return tcp_new(&(struct tcp_conf){ .max_bytes = max_bytes, .hole_bytes = 4096, .max_streams = max_streams, .hole_ns = 3 * SECOND,
	    .data = on_data, .gap = on_gap, .end = on_end, .wake = wakes, .arg = l });
}

struct step {
	uint32_t seq;		/* relative to the row's first */
	const char *data;
	uint8_t flags;
	uint8_t fate;		/* enum tcp_fate */
	uint32_t cut;		/* bytes on the wire beyond data */
	uint64_t s;		/* time */
	bool back;		/* the other direction */
};

static enum tcp_fate
push(struct tcp *t, uint16_t port, uint32_t first, const struct step *s, struct tcp_stream **out)
{
	struct addr a = { .ip = { 192, 0, 2, 1 }, .port = port, .family = FAMILY_IP4 }, b = { .ip = { 192, 0, 2, 2 }, .port = 5060, .family = FAMILY_IP4 };
	struct guarded g = guarded(slice_str(s->data));
	struct tcp_segment seg = { .sport = a.port, .dport = b.port, .seq = first + s->seq, .flags = s->flags, .data = g.s,
		.wire_len = (uint32_t)g.s.n + s->cut };
	struct tcp_in in = { s->back ? &b : &a, s->back ? &a : &b, &seg, s->s * SECOND, 0 };
	enum tcp_fate fate = tcp_push(t, &in, out);

	guarded_free(&g);
	return fate;
}

#define S TCP_SYN
#define F TCP_FIN
#define R TCP_RST

static const struct row {
	const char *name;
	struct step step[MAX_STEPS];
	const char *want;	/* before the end of all */
	bool times, ignore;
} rows[] = {
	{ "in order", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 4, "def", 0, 3 }, { 7, "", F, 0 } }, "abcdef." },
	{ "from the middle", { { 5, "abc", 0, 3 }, { 8, "def", 0, 3 } }, "abcdef" },
	{ "out of order", { { 0, "", S, 0 }, { 4, "def", 0, 3 }, { 7, "ghi", 0, 3 }, { 1, "abc", 0, 3 } }, "abcdefghi" },
	{ "backwards", { { 0, "", S, 0 }, { 7, "ghi", 0, 3 }, { 4, "def", 0, 3 }, { 1, "abc", 0, 3 } }, "abcdefghi" },
	{ "two holes", { { 0, "", S, 0 }, { 3, "c", 0, 3 }, { 5, "e", 0, 3 }, { 2, "b", 0, 3 }, { 1, "a", 0, 3 }, { 4, "d", 0, 3 } }, "abcde" },
	{ "retransmitted", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 1, "abc", 0, 1 }, { 4, "d", 0, 3 }, { 2, "bcd", 0, 1 } }, "abcd" },
	{ "retransmitted while waiting", { { 0, "", S, 0 }, { 4, "def", 0, 3 }, { 4, "def", 0, 1 }, { 1, "abc", 0, 3 } }, "abcdef" },
	{ "retransmitted with more", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 1, "abcdef", 0, 3 } }, "abcdef" },
	{ "overlap: who came first counts", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 2, "XXde", 0, 3 } }, "abcde" },
	{ "overlap while waiting", { { 0, "", S, 0 }, { 3, "cde", 0, 3 }, { 4, "defg", 0, 3 }, { 1, "abcd", 0, 3 } }, "abcdefg" },
	{ "longer copy of what waits", { { 0, "", S, 0 }, { 3, "cd", 0, 3 }, { 3, "cdef", 0, 3 }, { 1, "ab", 0, 3 } }, "abcdef" },
	{ "keep-alive probe", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 3, "c", 0, 1 }, { 4, "d", 0, 3 } }, "abcd" },
	{ "acknowledgements make no stream", { { 9, "", TCP_ACK, 0 }, { 5, "abc", 0, 3 } }, "abc" },
	{ "SYN twice", { { 0, "", S, 0 }, { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 0, "", S, 0 }, { 4, "d", 0, 3 } }, "abcd" },
	{ "SYN with data", { { 0, "abc", S, 3 }, { 4, "d", 0, 3 } }, "abcd" },
	{ "FIN before the data", { { 0, "", S, 0 }, { 4, "d", F, 3 }, { 1, "abc", 0, 3 } }, "abcd." },
	{ "FIN with data, twice", { { 0, "", S, 0 }, { 1, "abc", F, 3 }, { 1, "abc", F, 1 }, { 4, "", F, 0 } }, "abc." },
	{ "RST ends both ways", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 70, "x", 0, 3, .back = true }, { 4, "", R, 0 } }, "abcx.." },
	{ "RST of another time ends nothing", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 0x70000000, "", R, 0 }, { 4, "d", 0, 3 } }, "abcd" },
	{ "both ways", { { 0, "", S, 0 }, { 500, "", S, 0, .back = true }, { 1, "abc", 0, 3 }, { 501, "x", 0, 3, .back = true }, { 4, "d", 0, 3 } }, "abcxd" },
	{ "ports used again", { { 0, "", S, 0 }, { 1, "abc", 0, 3 }, { 90000, "", S, 0 }, { 90001, "x", 0, 3 } }, "abc.x" },
	{ "ports used again after FIN", { { 0, "", S, 0 }, { 1, "a", F, 3 }, { 90000, "", S, 0 }, { 90001, "x", 0, 3 } }, "a.x" },
	{ "ports used again, SYN not seen", { { 0, "", S, 0 }, { 1, "a", F, 3 }, { 90000, "x", 0, 3 } }, "a.x" },
	{ "ports used again far off, nothing seen of the change", { { 0, "", S, 0 }, { 1, "a", 0, 3 }, { 0x40000000, "x", 0, 3 } }, "a.x" },
	{ "ports used again far behind", { { 0x40000000, "", S, 0 }, { 0x40000001, "a", 0, 3 }, { 1, "x", 0, 3 } }, "a.x" },
	{ "a hole is given up after a while",
	    { { 0, "", S, 0, 0, 1 }, { 1, "abc", 0, 3, 0, 1 }, { 9, "x", 0, 3, 0, 2 }, { 10, "y", 0, 3, 0, 5 }, { 11, "z", 0, 3, 0, 6 } }, "abc<5>xyz" },
	{ "a late packet after its hole was given up",
	    { { 0, "", S, 0, 0, 1 }, { 2, "b", 0, 3, 0, 1 }, { 3, "c", 0, 3, 0, 9 }, { 1, "a", 0, 1, 0, 9 } }, "<1>bc" },
	{ "cut by the capture", { { 0, "", S, 0 }, { 1, "abc", 0, 3, 7 }, { 11, "x", 0, 3 } }, "abc<7>x" },
	{ "nothing captured of a segment", { { 0, "", S, 0 }, { 1, "", 0, 3, 5 }, { 6, "x", 0, 3 } }, "<5>x" },
	{ "times: of the packet that makes bytes readable",
	    { { 0, "", S, 0, 0, 1 }, { 4, "d", 0, 3, 0, 2 }, { 1, "abc", 0, 3, 0, 3 }, { 5, "e", 0, 3, 0, 4 } }, "[3]abcd[4]e", .times = true },
	{ "times: what waited behind a lost packet has its own",
	    { { 0, "", S, 0, 0, 1 }, { 2, "b", 0, 3, 0, 2 }, { 3, "c", 0, 3, 0, 3 }, { 4, "d", 0, 3, 0, 9 } }, "<1>[2]b[3]c[9]d", .times = true },
	{ "ignored", { { 0, "", S, 0 }, { 1, "a", 0, 3 }, { 2, "b", 0, 2 }, { 9, "c", 0, 2 } }, "a", .ignore = true },
	{ "ignored until it wakes", { { 0, "", S, 0 }, { 1, "a", 0, 3 }, { 9, "b", 0, 2 }, { 20, "W", 0, 3 } }, "a.W", .ignore = true },
	{ "ignored, then closed", { { 0, "", S, 0 }, { 1, "a", 0, 3 }, { 2, "b", F, 2 }, { 3, "W", 0, 3 } }, "a.W", .ignore = true },
};

/* Each row with sequence numbers from zero, and across their wrap. */
static void
orders(void **state)
{
	static const uint32_t firsts[] = { 0, 0xfffffffc, 0x7ffffffe };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) * 3; i++) {
		const struct row *r = &rows[i / 3];
		struct log log;
		struct tcp *t = table(&log, 1 << 20, 100);
		struct tcp_stream *s;

		print_message("# %s (%x)\n", r->name, firsts[i % 3]);
		log.times = r->times;
		log.ignore = r->ignore;
		for (const struct step *p = r->step; p < r->step + MAX_STEPS && p->data != NULL; p++)
			assert_int_equal(push(t, 40000, firsts[i % 3], p, &s), p->fate);
		assert_slice(buf_slice(&log.text), r->want);
		tcp_free(t);
		buf_reset(&log.text);
	}
}

static void
the_end_gives_up_holes(void **state)
{
	const struct step steps[] = { { 0, "", S, 0 }, { 1, "a", 0, 3 }, { 3, "c", 0, 3 } };
	struct tcp_stream *s;
	struct log log;
	struct tcp *t = table(&log, 1 << 20, 100);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(push(t, 1, 0, &steps[i], &s), steps[i].fate);
	tcp_end(t);
	assert_slice(buf_slice(&log.text), "a<1>c.");
	tcp_free(t);
	buf_reset(&log.text);
}

static void
time_alone_gives_up_holes(void **state)
{
	const struct step steps[] = { { 0, "", S, 0, 0, 1 }, { 3, "c", 0, 3, 0, 2 } };
	struct tcp_stream *s;
	struct log log;
	struct tcp *t = table(&log, 1 << 20, 100);

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(push(t, 1, 0, &steps[i], &s), steps[i].fate);
	tcp_expire(t, 5 * SECOND);
	assert_slice(buf_slice(&log.text), "");
	tcp_expire(t, 5 * SECOND + 1);
	assert_slice(buf_slice(&log.text), "<2>c");
	tcp_free(t);
	buf_reset(&log.text);
}

static void
a_hole_with_much_behind_it_is_given_up(void **state)
{
	char big[1025];
	struct step step = { 10, big, 0, 3 };
	const struct step first = { 1, "a", 0, 3 };
	struct tcp_stream *s;
	struct log log;
	struct tcp *t = table(&log, 1 << 20, 100);

	(void)state;
	memset(big, 'b', sizeof(big));
	big[1024] = '\0';
	assert_int_equal(push(t, 1, 0, &first, &s), TCP_DATA);
	for (int i = 0; i < 4; i++, step.seq += 1024)
		assert_int_equal(push(t, 1, 0, &step, &s), TCP_DATA);
	assert_slice(buf_slice(&log.text), "a");
	assert_int_equal(push(t, 1, 0, &step, &s), TCP_DATA);
	assert_slice(slice_head(buf_slice(&log.text), 5), "a<8>b");
	assert_int_equal(log.text.n, 4 + 5 * 1024);
	tcp_free(t);
	buf_reset(&log.text);
}

static void
the_longest_silent_stream_goes_first(void **state)
{
	const struct step a = { 1, "a", 0, 3 }, b = { 2, "b", 0, 3 };
	struct tcp_stream *s;
	struct log log;
	struct tcp *t = table(&log, 1 << 20, 3);

	(void)state;
	for (uint16_t port = 1; port <= 3; port++)
		assert_int_equal(push(t, port, 0, &a, &s), TCP_DATA);
	assert_int_equal(push(t, 1, 0, &b, &s), TCP_DATA);	/* 2 is the one silent longest now */
	assert_slice(buf_slice(&log.text), "aaab");
	assert_int_equal(push(t, 4, 0, &a, &s), TCP_DATA);
	assert_slice(buf_slice(&log.text), "aaaba!");
	assert_int_equal(push(t, 1, 0, &b, &s), TCP_OLD);	/* still known */
	tcp_free(t);
	buf_reset(&log.text);
}

static void
what_users_hold_counts(void **state)
{
	const struct step a = { 1, "a", 0, 3 };
	struct tcp_stream *s;
	struct log log;
	struct tcp *t = table(&log, 20000, 10000);
	size_t evicted = 0;

	(void)state;
	for (uint16_t port = 1; port <= 100; port++)
		assert_int_equal(push(t, port, 0, &a, &s), TCP_DATA);
	for (size_t i = 0; i < log.text.n; i++)
		evicted += log.text.p[i] == '!';
	assert_in_range(evicted, 80, 95);
	tcp_free(t);
	buf_reset(&log.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(the_end_gives_up_holes),
		cmocka_unit_test(time_alone_gives_up_holes),
		cmocka_unit_test(a_hole_with_much_behind_it_is_given_up),
		cmocka_unit_test(the_longest_silent_stream_goes_first),
		cmocka_unit_test(what_users_hold_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
