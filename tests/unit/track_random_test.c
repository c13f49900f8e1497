/* SPDX-License-Identifier: MIT */
/*
 * Random call flows whose truth is known because they are made here: each message is born with the number of its call and of its
 * transaction. Interleaved by time, with one From tag, the same CSeq numbers and the same branch names in every call, they must fall
 * apart into exactly those calls and transactions again.
 */
#include "track.h"

#define CALLS 300
#define LEGS 6

struct born {
	uint64_t time_ns;
	struct buf text;
	struct sip_index x;
	unsigned set, txn, serial;
};

static struct {
	struct born *v;
	size_t n, cap;
	unsigned sets, txns;
	uint32_t random;
} all;

/* One call while it is written. */
struct call {
	unsigned id, set, branch;
	double now;
	unsigned hops;		/* proxies */
	unsigned hidden;	/* this proxy hides the Vias before it; 0 = none */
	char via[LEGS][64];	/* of the transaction at hand: leg by leg as the request goes, forks last */
	char top[LEGS][16];
	unsigned legs;
};

static unsigned
dice(unsigned n)
{
	all.random = all.random * 1664525 + 1013904223;
	return (all.random >> 8) % n;
}

static void __attribute__((format(printf, 3, 4)))
say(struct call *c, unsigned txn, const char *fmt, ...)
{
	char line[256], rest[200];
	unsigned copies = 1 + (dice(8) == 0);	/* one in eight is sent again */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(rest, sizeof(rest), fmt, ap);
	va_end(ap);
	c->now += 0.001 * (1 + dice(40));
	for (unsigned i = 0; i < copies; i++) {
		struct born *b;

		if (all.n == all.cap)
			all.v = realloc(all.v, (all.cap = 2 * all.cap + 1000) * sizeof(*all.v));
		b = &all.v[all.n];
		*b = (struct born){ .set = c->set, .txn = txn, .serial = (unsigned)all.n };
		snprintf(line, sizeof(line), "%.3f %s", c->now + 0.5 * i, rest);
		assert_int_equal(flow_build(line, &b->time_ns, &b->text), FLOW_MESSAGE);
		assert_int_equal(sip_scan(buf_slice(&b->text), &b->x), RC_OK);
		all.n++;
	}
}

/* Branches for a new transaction over all hops, the last leg `forks` times. */
static void
route(struct call *c, unsigned forks)
{
	c->legs = c->hops + forks;
	for (unsigned i = 0; i < c->legs; i++) {
		unsigned before = i < c->hops ? i : c->hops;

		char via[64];

		snprintf(c->top[i], sizeof(c->top[i]), "z%u", c->branch);
		if (before == 0 || before == c->hidden)
			snprintf(via, sizeof(via), "z%u", c->branch);
		else
			snprintf(via, sizeof(via), "z%u,%.50s", c->branch, c->via[before - 1]);
		memcpy(c->via[i], via, sizeof(via));
		c->branch++;
	}
}

/* A request over all legs with the same method in each. */
static void
request(struct call *c, unsigned txn, const char *method, const char *from, const char *to, unsigned cseq)
{
	for (unsigned i = 0; i < c->legs; i++)
		say(c, txn, "%s c%u %s %s %u %s", method, c->id, from, to, cseq, c->via[i]);
}

/* A reply on the way back from leg `leg`; `hop_by_hop`: not beyond it. */
static void
reply(struct call *c, unsigned txn, unsigned leg, const char *status, const char *from, const char *to, unsigned cseq)
{
	for (unsigned i = leg; ; i = i < c->hops ? i - 1 : c->hops - 1) {
		say(c, txn, "%s c%u %s %s %u %s", status, c->id, from, to, cseq, c->via[i]);
		if (i == 0 || c->hops == 0)
			return;
	}
}

static void
exchange(struct call *c, const char *method, const char *status, const char *from, const char *to, unsigned cseq)
{
	unsigned txn = all.txns++;
	char text[40];

	route(c, 1);
	request(c, txn, method, from, to, cseq);
	snprintf(text, sizeof(text), "%s/%s", status, method);
	reply(c, txn, c->hops, text, from, to, cseq);
	if (strcmp(method, "INVITE") != 0)
		return;
	if (status[0] == '2')
		route(c, 1);
	for (unsigned i = 0; i < c->legs; i++)
		say(c, txn, "ACK c%u %s %s %u %s", c->id, from, to, cseq, status[0] == '2' ? c->via[i] : c->top[i]);
}

static void
talk(struct call *c, const char *peer, unsigned *cseq, unsigned *peer_cseq)
{
	static const struct { const char *method, *status; } what[] = {
		{ "INFO", "200" }, { "UPDATE", "200" }, { "INVITE", "200" }, { "INVITE", "488" }, { "MESSAGE", "202" }, { "OPTIONS", "200" },
		{ "BYE", "401" },
	};

	for (unsigned n = dice(5); n > 0; n--) {
		unsigned i = dice(sizeof(what) / sizeof(what[0]));

		c->now += dice(100);
		if (dice(2) == 0)
			exchange(c, what[i].method, what[i].status, "t", peer, ++*cseq);
		else
			exchange(c, what[i].method, what[i].status, peer, "t", ++*peer_cseq);
	}
}

static void
cancel(struct call *c, unsigned txn, unsigned cseq)
{
	for (unsigned i = 0; i < c->legs; i++) {
		say(c, txn, "CANCEL c%u t - %u %s", c->id, cseq, c->top[i]);
		say(c, txn, "200/CANCEL c%u t p%u %u %s", c->id, i, cseq, c->top[i]);
	}
}

/* INVITE with its forks until all is decided. Returns how many forks took the call (their tags are x0, x1 …). */
static unsigned
invite(struct call *c, unsigned *cseq)
{
	unsigned txn = all.txns++, forks = c->hops > 0 ? 1 + dice(3) : 1, taken = dice(4) == 0 ? 0 : 1 + dice(forks);
	unsigned prack = *cseq + 1, invited = *cseq;
	struct call saved;
	char tag[8];

	route(c, forks);
	request(c, txn, "INVITE", "t", "-", invited);
	for (unsigned f = 0; f < forks; f++) {
		snprintf(tag, sizeof(tag), "x%u", f);
		reply(c, txn, c->hops + f, "183/INVITE", "t", tag, invited);
		if (dice(2) == 0)
			continue;
		saved = *c;
		exchange(c, "PRACK", "200", "t", tag, prack);	/* each early dialog counts for itself */
		*cseq = prack;
		memcpy(c->via, saved.via, sizeof(c->via));
		memcpy(c->top, saved.top, sizeof(c->top));
		c->legs = saved.legs;
	}
	c->now += dice(60);
	if (taken == 0 && dice(2) == 0)
		cancel(c, txn, invited);
	for (unsigned f = 0; f < forks; f++) {
		snprintf(tag, sizeof(tag), "x%u", f);
		reply(c, txn, c->hops + f, f < taken ? "200/INVITE" : "487/INVITE", "t", tag, invited);
	}
	for (unsigned f = 0; f < taken; f++) {
		route(c, 1);
		snprintf(tag, sizeof(tag), "x%u", f);
		for (unsigned i = 0; i < c->legs; i++)
			say(c, txn, "ACK c%u t %s %u %s", c->id, tag, invited, c->via[i]);
	}
	return taken;
}

static void
write_call(unsigned id)
{
	struct call c = { .id = id, .set = all.sets++, .now = dice(60), .hops = dice(3) };
	unsigned cseq = 1, peer_cseq = 0, taken;
	char tag[8];

	c.hidden = dice(4) == 0 ? c.hops : 0;
	if (dice(3) == 0) {
		exchange(&c, "INVITE", "407", "t", "-", cseq++);
		c.now += dice(20);
	}
	taken = invite(&c, &cseq);
	for (unsigned f = 0; f < taken; f++) {
		snprintf(tag, sizeof(tag), "x%u", f);
		talk(&c, tag, &cseq, &peer_cseq);
		exchange(&c, "BYE", "200", f % 2 == 0 ? "t" : tag, f % 2 == 0 ? tag : "t", f % 2 == 0 ? ++cseq : ++peer_cseq);
	}
}

static void
write_registers(unsigned id)
{
	struct call c = { .id = id, .now = dice(60), .hops = dice(2) };

	for (unsigned i = 0, cseq = 1; i < 3; i++, c.now += 1 + dice(60)) {
		c.set = all.sets++;
		exchange(&c, "REGISTER", "401", "t", "-", cseq++);
		exchange(&c, "REGISTER", "200", "t", "-", cseq++);
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct born *x = a, *y = b;

	return x->time_ns != y->time_ns ? (x->time_ns > y->time_ns) - (x->time_ns < y->time_ns) : (x->serial > y->serial) - (x->serial < y->serial);
}

/* Marks hold the number + 1 of what they were first used for. */
static void
check(void **mark, unsigned number, uint8_t *seen, const char *what, const struct born *b)
{
	uintptr_t want = number + 1;

	if (*mark == NULL && !seen[number]) {
		seen[number] = 1;
		*mark = (void *)want;
	}
	if (*mark != (void *)want)
		fail_msg("%s %u taken for %lu:\n%.*s", what, number, (unsigned long)(uintptr_t)*mark - 1, SLICE_ARG(buf_slice(&b->text)));
}

static void
follow(uint64_t seed)
{
	const struct track_conf conf = { .seed = seed, .max_sets = 1 << 20, .max_bytes = 1 << 30, .dialog_timeout_ns = 43200 * FLOW_SECOND };
	struct track *t = track_new(&conf);
	uint8_t *sets = calloc(all.sets, 1), *txns = calloc(all.txns, 1);
	struct track_msg m[64];

	for (size_t i = 0, n; i < all.n; i += n) {
		n = 1 + dice(64);
		n = n < all.n - i ? n : all.n - i;
		for (size_t j = 0; j < n; j++) {
			struct born *b = &all.v[i + j];

			m[j] = (struct track_msg){ .sip = &b->x, .msg = buf_slice(&b->text), .time_ns = b->time_ns };
		}
		track_prepare(t, m, n);
		for (size_t j = 0; j < n; j++) {
			track_message(t, &m[j]);
			check(m[j].set_mark, all.v[i + j].set, sets, "call", &all.v[i + j]);
			check(m[j].txn_mark, all.v[i + j].txn, txns, "transaction", &all.v[i + j]);
		}
	}
	assert_int_equal(track_stats(t).evicted, 0);
	track_free(t);
	free(sets);
	free(txns);
}

static void
test_random_flows(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 20; round++) {
		all.n = all.sets = all.txns = 0;
		all.random = round;
		for (unsigned id = 0; id < CALLS; id++)
			id % 4 == 3 ? write_registers(id) : write_call(id);
		qsort(all.v, all.n, sizeof(*all.v), by_time);
		follow(round);
		follow(~(uint64_t)round);
		for (size_t i = 0; i < all.n; i++)
			buf_reset(&all.v[i].text);
	}
	free(all.v);
	all.v = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
