/* SPDX-License-Identifier: MIT */
/* What can become of a destination, against real sockets and an injected clock. A packet is a line of text: its number. */
#include "test.h"

#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/sock.h"
#include "outbox/outlet.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define TURNS 200000	/* of a loop that waits for something: more is a failure */

/* A collector in this process. */
struct far {
	int listener;		/* TCP; or the UDP socket */
	int peer;		/* accepted, -1: none */
	bool udp, deaf;		/* deaf: accepts, reads nothing */
	bool stays;		/* does not close what the other end has closed */
	size_t reset_after;	/* lines on one connection; 0: never */
	size_t lines;		/* on this connection */
	struct buf got;		/* whole lines */
	struct buf part;	/* of this connection */
	struct addr addr;
};

struct here {
	struct outlet *o;
	uint64_t now;
	unsigned ups, fails, breaks, disk;
	uint64_t attempt[64];	/* when each attempt failed */
	char why[400];
};

static void
far_listen(struct far *f)
{
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(&f->addr, &sa);
	int on = 1;

	f->listener = socket(AF_INET, (f->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
	setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, n), 0);
	if (!f->udp)
		assert_int_equal(listen(f->listener, 16), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&sa, &n), 0);
	sock_addr_from((struct sockaddr *)&sa, &f->addr);
	f->peer = -1;
}

static struct far
far_new(bool udp)
{
	struct far f = { .udp = udp, .addr = { .ip = { 127, 0, 0, 1 }, .family = FAMILY_IP4 } };

	far_listen(&f);
	return f;
}

static void
far_drop_peer(struct far *f, bool reset)
{
	struct linger l = { 1, 0 };

	if (f->peer < 0)
		return;
	if (reset)
		setsockopt(f->peer, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(f->peer);
	f->peer = -1;
	f->lines = 0;
	buf_clear(&f->part);
}

/* The process is gone: what it had not read is lost. */
static void
far_kill(struct far *f)
{
	far_drop_peer(f, true);
	close(f->listener);
	f->listener = -1;
}

static void
far_free(struct far *f)
{
	far_drop_peer(f, true);
	if (f->listener >= 0)
		close(f->listener);
	buf_reset(&f->got);
	buf_reset(&f->part);
}

static void
far_take(struct far *f, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		buf_u8(&f->part, s.p[i]);
		if (s.p[i] != '\n')
			continue;
		buf_put(&f->got, buf_slice(&f->part));
		buf_clear(&f->part);
		if (++f->lines == f->reset_after && f->reset_after > 0) {
			far_drop_peer(f, true);
			return;
		}
	}
}

static void
far_step(struct far *f)
{
	uint8_t in[4096];
	ssize_t n;

	if (f->listener < 0)
		return;
	if (!f->udp && f->peer < 0)
		f->peer = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);
	if (f->deaf || (!f->udp && f->peer < 0))
		return;
	n = recv(f->udp ? f->listener : f->peer, in, sizeof(in), 0);
	if (n > 0)
		far_take(f, slice_of(in, (size_t)n));
	else if ((n == 0 && !f->stays) || (n < 0 && errno != EAGAIN && errno != ECONNREFUSED))
		far_drop_peer(f, false);
}

static void
event(void *arg, enum outlet_event what, size_t which, const struct err *why)
{
	struct here *h = arg;

	(void)which;
	if (what == OUTLET_UP)
		h->ups++;
	if (what == OUTLET_CANNOT_OPEN)
		h->attempt[h->fails++ % 64] = h->now;
	if (what == OUTLET_BROKE)
		h->breaks++;
	if (what == OUTLET_DISK)
		h->disk++;
	if (why != NULL)
		snprintf(h->why, sizeof(h->why), "%s", why->text);
}

static struct conn_conf
to(const struct far *f)
{
	struct conn_conf c = { .dest = { .transport = f->udp ? TRANSPORT_UDP : TRANSPORT_TCP, .port = f->addr.port } };

	strcpy(c.dest.host, "127.0.0.1");
	return c;
}

static void
start(struct here *h, const struct conn_conf *conn, size_t n, struct spool *spool, const struct outlet_conf *more)
{
	struct outlet_conf conf = more != NULL ? *more : (struct outlet_conf){ 0 };

	conf.conn = conn;
	conf.conns = n;
	conf.spool = spool;
	conf.event = event;
	conf.arg = h;
	if (conf.queue_bytes == 0)
		conf.queue_bytes = 1 << 20;
	*h = (struct here){ .now = h->now > 0 ? h->now : SECOND };
	h->o = outlet_new(&conf);
}

/* One turn of everybody; a millisecond passes. */
static void
turn(struct here *h, struct far *a, struct far *b)
{
	struct pollfd p[2 * CONN_FDS];
	size_t n = outlet_fds(h->o, p, 2 * CONN_FDS);

	(void)ppoll(p, n, &(struct timespec){ .tv_nsec = 50000 }, NULL);	/* the other end's system has work to do too */
	h->now += MS;
	outlet_step(h->o, h->now);
	if (a != NULL)
		far_step(a);
	if (b != NULL)
		far_step(b);
}

static void
put(struct here *h, unsigned from, unsigned n)
{
	for (unsigned i = from; i < from + n; i++) {
		char line[16];
		struct datagram d = { .part = { slice_of(line, (size_t)snprintf(line, sizeof(line), "%u\n", i)) } };

		assert_int_equal(outlet_put(h->o, &d, 1, false, h->now), 1);
	}
}

static size_t
lines(const struct far *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->got.n; i++)
		n += f->got.p[i] == '\n';
	return n;
}

static void
until_lines(struct here *h, struct far *a, size_t n)
{
	for (int i = 0; i < TURNS && lines(a) < n; i++)
		turn(h, a, NULL);
	assert_true(lines(a) >= n);
}

static void
until_up(struct here *h, struct far *a)
{
	for (int i = 0; i < TURNS && !outlet_up(h->o); i++)
		turn(h, a, NULL);
	assert_true(outlet_up(h->o));
}

/* The end: with a spool only the other end's orderly closing says that it has read everything. */
static void
until_finished(struct here *h, struct far *a)
{
	outlet_finish(h->o);
	for (int i = 0; i < TURNS && !(outlet_idle(h->o) && !outlet_up(h->o)); i++)
		turn(h, a, NULL);
	assert_true(outlet_idle(h->o));
}

static void
until_idle(struct here *h, struct far *a)
{
	for (int i = 0; i < TURNS && !outlet_idle(h->o); i++)
		turn(h, a, NULL);
	assert_true(outlet_idle(h->o));
}

static struct outlet_counts
balanced(const struct here *h)
{
	struct outlet_counts c;
	uint64_t out;

	outlet_counts(h->o, &c);
	out = c.sent + c.held;
	for (int i = 0; i < OUTLET_LOSSES; i++)
		out += c.lost[i];
	assert_int_equal(c.offered + c.resumed, out);
	return c;
}

/* Numbers `first` to `last`, each once, in order. */
static void
assert_in_order(const struct far *f, unsigned first, unsigned last)
{
	const char *p = (const char *)f->got.p, *end = p + f->got.n;

	for (unsigned i = first; i <= last; i++) {
		char want[16];
		size_t n = (size_t)snprintf(want, sizeof(want), "%u\n", i);

		if ((size_t)(end - p) < n || memcmp(p, want, n) != 0)
			fail_msg("want %u at byte %zu", i, (size_t)(p - (const char *)f->got.p));
		p += n;
	}
	assert_ptr_equal(p, end);
}

/* Each number arrived at least once; where the numbers step back, that is a seam. Returns the seams. */
static unsigned
assert_none_missing(const struct far *f, unsigned last)
{
	struct buf text = { 0 };
	unsigned want = 0, seams = 0, before = 0;
	char *p;

	buf_put(&text, buf_slice(&f->got));
	p = (char *)(uintptr_t)buf_cstr(&text);
	for (char *next; *p != '\0'; p = next + 1) {
		unsigned v = (unsigned)strtoul(p, &next, 10);

		assert_true(v <= want);		/* nothing left out */
		want = v == want ? want + 1 : want;
		seams += v < before;
		if (v != before + 1 && v >= before && !(before == 0 && v == 0))
			fail_msg("%u follows %u", v, before);
		before = v;
	}
	assert_int_equal(want, last + 1);
	buf_reset(&text);
	return seams;
}

/* A folder of its own for each test. */
static char folder[64];

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *f)
{
	(void)st, (void)what, (void)f;
	return remove(path);
}

static int
setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/outlet.XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct spool *
spool(void)
{
	const struct spool_conf conf = { .dir = folder, .max_bytes = 64 << 20, .segment_bytes = 1 << 20, .sync_ns = UINT64_MAX };
	struct spool *s;
	struct err e;

	if (spool_open(&conf, &s, &e) != RC_OK)
		fail_msg("%s", e.text);
	return s;
}

static void
down_at_the_start(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	close(f.listener);
	f.listener = -1;
	start(&h, &c, 1, NULL, NULL);
	put(&h, 0, 500);
	for (int i = 0; i < TURNS && h.fails < 3; i++)
		turn(&h, &f, NULL);
	assert_int_equal(h.fails, 3);
	assert_non_null(strstr(h.why, "refused"));
	assert_int_equal(balanced(&h).held, 500);
	far_listen(&f);
	h.now += 86400 * SECOND;	/* back a day later */
	until_lines(&h, &f, 500);
	put(&h, 500, 100);
	until_lines(&h, &f, 600);
	assert_in_order(&f, 0, 599);
	until_idle(&h, &f);
	assert_int_equal(balanced(&h).sent, 600);
	outlet_free(h.o);
	far_free(&f);
}

static void
back_off_grows_with_jitter(void **state)
{
	const struct outlet_conf more = { .retry_min_ns = 100 * MS, .retry_max_ns = 2 * SECOND, .seed = 7 };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };
	uint64_t want = 100 * MS;

	(void)state;
	far_kill(&f);
	start(&h, &c, 1, NULL, &more);
	for (int i = 0; i < TURNS && h.fails < 12; i++)
		turn(&h, NULL, NULL);
	assert_int_equal(h.fails, 12);
	for (unsigned i = 1; i < 12; i++) {
		uint64_t pause = h.attempt[i] - h.attempt[i - 1];

		assert_in_range(pause, want / 2, want + 20 * MS);
		want = want * 2 < 2 * SECOND ? want * 2 : 2 * SECOND;
	}
	outlet_free(h.o);
	far_free(&f);
}

static void
killed_in_mid_stream(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct outlet_counts n;
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, NULL, NULL);
	put(&h, 0, 1000);
	until_lines(&h, &f, 1000);
	until_idle(&h, &f);
	f.deaf = true;
	put(&h, 1000, 1000);
	turn(&h, &f, NULL);
	far_kill(&f);
	for (int i = 0; i < TURNS && h.breaks == 0; i++)
		turn(&h, &f, NULL);
	put(&h, 2000, 1000);
	far_listen(&f);
	f.deaf = false;
	h.now += 60 * SECOND;
	until_idle(&h, &f);
	n = balanced(&h);
	assert_int_equal(n.offered, 3000);
	assert_true(n.sent + n.lost[OUTLET_UNACKED] == 3000);
	assert_true(lines(&f) >= 2000);
	outlet_free(h.o);
	far_free(&f);
}

static void
killed_in_mid_stream_with_a_spool(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, spool(), NULL);
	put(&h, 0, 1000);
	until_lines(&h, &f, 1000);
	f.deaf = true;
	put(&h, 1000, 100);	/* acknowledged by its system, never read */
	for (int i = 0; i < 120; i++)
		turn(&h, &f, NULL);
	far_kill(&f);
	for (int i = 0; i < TURNS && h.breaks == 0; i++)
		turn(&h, &f, NULL);
	put(&h, 1100, 1900);
	far_listen(&f);
	f.deaf = false;
	h.now += 60 * SECOND;
	until_up(&h, &f);
	until_finished(&h, &f);
	assert_in_range(assert_none_missing(&f, 2999), 1, 2);
	assert_int_equal(balanced(&h).sent, 3000);
	assert_true(balanced(&h).again > 0);
	outlet_free(h.o);
	far_free(&f);
}

static void
resets_every_thousand(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	f.reset_after = 1000;
	start(&h, &c, 1, spool(), NULL);
	for (unsigned i = 0; i < 10000; i += 100) {
		put(&h, i, 100);
		turn(&h, &f, NULL);
	}
	until_finished(&h, &f);
	(void)assert_none_missing(&f, 9999);
	assert_true(h.breaks >= 9);
	assert_int_equal(balanced(&h).sent, 10000);
	outlet_free(h.o);
	far_free(&f);
}

static void
resets_without_a_spool_balance(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct outlet_counts n;
	struct here h = { 0 };

	(void)state;
	f.reset_after = 1000;
	start(&h, &c, 1, NULL, NULL);
	for (unsigned i = 0; i < 10000; i += 100) {
		until_up(&h, &f);
		put(&h, i, 100);
		turn(&h, &f, NULL);
	}
	until_idle(&h, &f);
	n = balanced(&h);
	assert_int_equal(n.offered, 10000);
	assert_int_equal(n.sent + n.lost[OUTLET_UNACKED], 10000);
	assert_true(h.breaks >= 8);
	assert_true(lines(&f) <= n.sent);
	outlet_free(h.o);
	far_free(&f);
}

/* Accepts and never reads: the queue fills, is bounded, everything is counted, and nobody needs to wait for it. */
static void
a_deaf_one_is_no_reason_to_wait(void **state)
{
	const struct outlet_conf more = { .queue_bytes = 100000 };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	char big[4096];
	struct datagram d = { .part = { slice_of(big, sizeof(big)) } };
	struct outlet_counts n;
	struct here h = { 0 };
	int taken = 0;

	(void)state;
	memset(big, 'x', sizeof(big));
	f.deaf = true;
	start(&h, &c, 1, NULL, &more);
	until_up(&h, &f);
	for (int i = 0; i < TURNS && outlet_put(h.o, &d, 1, true, h.now) == 1; i++) {
		taken++;
		turn(&h, &f, NULL);
	}
	assert_in_range(taken, 10, 100000);
	assert_true(outlet_moving(h.o, h.now));
	h.now += OUTLET_STALL_NS;
	assert_false(outlet_moving(h.o, h.now));
	assert_int_equal(outlet_put(h.o, &d, 1, false, h.now), 1);
	n = balanced(&h);
	assert_int_equal(n.lost[OUTLET_FULL], 1);
	assert_int_equal(n.offered, taken + 1);
	outlet_give_up(h.o);
	assert_int_equal(balanced(&h).held, 0);
	assert_true(balanced(&h).lost[OUTLET_LEFT] > 0);
	outlet_free(h.o);
	far_free(&f);
}

static void
a_name_that_does_not_resolve(void **state)
{
	struct conn_conf c = { .dest = { .transport = TRANSPORT_UDP, .port = 9, .host = "nobody.invalid" } };
	const struct outlet_conf more = { .queue_bytes = 50 * (3 + 16) };
	struct outlet_counts n;

	for (int i = 0; i < 2; i++) {
		struct here h = { 0 };

		(void)state;
		c.dest.transport = i == 0 ? TRANSPORT_UDP : TRANSPORT_TCP;
		start(&h, &c, 1, NULL, &more);
		for (int k = 0; k < TURNS && h.fails == 0; k++) {
			struct pollfd p[2 * CONN_FDS];
			size_t fds = outlet_fds(h.o, p, 2 * CONN_FDS);

			(void)poll(p, fds, 10);	/* the resolver is another thread */
			outlet_step(h.o, h.now);
		}
		assert_true(h.fails > 0);
		assert_non_null(strstr(h.why, "resolve"));
		put(&h, 10, 90);
		n = balanced(&h);
		assert_int_equal(n.held, 50);
		assert_int_equal(n.lost[OUTLET_FULL], 40);
		outlet_give_up(h.o);
		n = balanced(&h);
		assert_int_equal(n.lost[OUTLET_LEFT], 50);
		outlet_free(h.o);
	}
}

static void
a_full_disk_costs_what_it_must(void **state)
{
	struct rlimit old, small = { 20000, 20000 };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct outlet_counts n;
	struct here h = { 0 };

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	far_kill(&f);
	start(&h, &c, 1, spool(), NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	put(&h, 0, 5000);	/* nobody there, and no room */
	assert_true(h.disk > 0);
	n = balanced(&h);
	assert_true(n.held > 100 && n.lost[OUTLET_SPOOL] > 100);
	far_listen(&f);
	h.now += 60 * SECOND;
	until_lines(&h, &f, n.held);
	put(&h, 5000, 10);	/* still no room on disk, but the collector is there */
	until_finished(&h, &f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(balanced(&h).sent, n.held + 10);
	assert_int_equal(lines(&f), n.held + 10);
	outlet_free(h.o);
	far_free(&f);
}

static void
a_spool_is_resumed(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	far_kill(&f);
	start(&h, &c, 1, spool(), NULL);
	put(&h, 0, 700);
	outlet_free(h.o);
	far_listen(&f);
	start(&h, &c, 1, spool(), NULL);
	assert_int_equal(balanced(&h).resumed, 700);
	put(&h, 700, 300);
	until_lines(&h, &f, 1000);
	until_finished(&h, &f);
	assert_in_order(&f, 0, 999);
	assert_int_equal(balanced(&h).sent, 1000);
	outlet_free(h.o);
	far_free(&f);
}

static void
the_first_that_can_be_reached(void **state)
{
	const struct outlet_conf more = { .return_ns = 5 * SECOND };
	struct far a = far_new(false), b = far_new(false);
	struct conn_conf c[2] = { to(&a), to(&b) };
	struct here h = { 0 };

	(void)state;
	far_kill(&a);
	start(&h, c, 2, NULL, &more);
	put(&h, 0, 100);
	for (int i = 0; i < TURNS && lines(&b) < 100; i++)
		turn(&h, &a, &b);
	assert_in_order(&b, 0, 99);
	far_listen(&a);		/* the better one is back, and found within return_ns */
	for (int i = 0; i < TURNS && h.ups < 2; i++)
		turn(&h, &a, &b);
	put(&h, 100, 100);
	for (int i = 0; i < TURNS && lines(&a) < 100; i++)
		turn(&h, &a, &b);
	assert_in_order(&a, 100, 199);
	assert_in_order(&b, 0, 99);
	far_kill(&a);		/* and gone again */
	for (int i = 0; i < TURNS && h.ups < 3; i++)
		turn(&h, &a, &b);
	put(&h, 200, 100);
	for (int i = 0; i < TURNS && lines(&b) < 200; i++)
		turn(&h, &a, &b);
	assert_int_equal(lines(&b), 200);
	assert_int_equal(balanced(&h).sent, 300);
	outlet_free(h.o);
	far_free(&a);
	far_free(&b);
}

static void
a_backlog_drains_at_its_rate(void **state)
{
	const struct outlet_conf more = { .drain_rate = 1000 };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };
	uint64_t began;

	(void)state;
	far_kill(&f);
	start(&h, &c, 1, NULL, &more);
	turn(&h, NULL, NULL);
	put(&h, 0, 2000);
	far_listen(&f);
	h.now += 60 * SECOND;
	until_up(&h, &f);
	began = h.now;
	until_lines(&h, &f, 2000);
	assert_in_range(h.now - began, 1900 * MS, 2200 * MS);
	assert_in_order(&f, 0, 1999);
	outlet_free(h.o);
	far_free(&f);
}

static void
datagrams_that_come_back_are_kept(void **state)
{
	struct far f = far_new(true);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	close(f.listener);
	f.listener = -1;
	start(&h, &c, 1, spool(), NULL);
	turn(&h, NULL, NULL);
	put(&h, 0, 150);
	for (int i = 0; i < TURNS && h.breaks == 0; i++)
		turn(&h, NULL, NULL);
	assert_int_equal(h.breaks, 1);
	assert_int_equal(balanced(&h).held, 150);
	far_listen(&f);
	h.now += 60 * SECOND;
	for (int i = 0; i < TURNS && balanced(&h).sent < 150; i++)
		turn(&h, &f, NULL);
	for (int i = 0; i < 1000; i++)
		far_step(&f);
	assert_none_missing(&f, 149);
	outlet_free(h.o);
	far_free(&f);
}

static void
it_ends_in_good_order(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, NULL, NULL);
	put(&h, 0, 1000);
	outlet_finish(h.o);
	until_idle(&h, &f);
	for (int i = 0; i < TURNS && outlet_up(h.o); i++)
		turn(&h, &f, NULL);
	assert_false(outlet_up(h.o));	/* both sides have closed */
	assert_in_order(&f, 0, 999);
	assert_int_equal(h.breaks, 0);
	outlet_free(h.o);
	far_free(&f);
}

/* A connection that proves nothing breaks: the next one is careful. */
static void
make_careful(struct here *h, struct far *f)
{
	put(h, 0, 5);
	f->reset_after = 1;
	for (int i = 0; i < TURNS && h->breaks == 0; i++)
		turn(h, f, NULL);
	assert_int_equal(h->breaks, 1);
	f->reset_after = 0;
	until_up(h, f);
}

static void
careful_with_a_deaf_one_proves_nothing(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, spool(), NULL);
	make_careful(&h, &f);
	f.deaf = true;
	put(&h, 5, 100);	/* in its system's buffer */
	for (int i = 0; i < 1000; i++)
		turn(&h, &f, NULL);
	far_kill(&f);
	far_listen(&f);
	f.deaf = false;
	h.now += 60 * SECOND;
	until_up(&h, &f);
	until_finished(&h, &f);
	(void)assert_none_missing(&f, 104);
	outlet_free(h.o);
	far_free(&f);
}

static void
careful_with_one_that_stays_goes_on(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, spool(), NULL);
	make_careful(&h, &f);
	f.stays = true;
	put(&h, 5, 19995);	/* more than the first careful connections carry */
	for (int i = 0; i < TURNS && strstr(buf_cstr(&f.got), "\n19999\n") == NULL; i++)
		if (turn(&h, &f, NULL), i % 1000 == 999)
			far_drop_peer(&f, false);	/* the next connection is accepted */
	f.stays = false;
	until_finished(&h, &f);
	(void)assert_none_missing(&f, 19999);
	outlet_free(h.o);
	far_free(&f);
}

static void
datagrams_that_come_back_stop_the_others(void **state)
{
	struct far f = far_new(true);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	start(&h, &c, 1, spool(), NULL);
	until_up(&h, NULL);
	close(f.listener);
	put(&h, 0, 10);
	far_listen(&f);
	put(&h, 10, 10);	/* nothing had the time to tell us that the first ones came back */
	until_idle(&h, &f);
	assert_int_equal(assert_none_missing(&f, 19), 0);
	outlet_free(h.o);
	far_free(&f);
}

/* Accepts, and resets each connection at once, whether something came or not. */
static void
rude_step(struct far *f, unsigned *accepted)
{
	f->peer = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);
	*accepted += f->peer >= 0;
	far_drop_peer(f, true);
}

static void
one_that_ends_every_connection_is_no_reason_to_hurry(void **state)
{
	const struct outlet_conf more = { .retry_min_ns = 100 * MS, .retry_max_ns = 2 * SECOND };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	unsigned accepted = 0;

	for (int spooled = 0; spooled < 2; spooled++) {
		/* 20 s: one every 2 s, and a few more at the beginning; or, when its system had acknowledged something, every 0.1 s at most */
		unsigned most = spooled ? 40 : 400;
		struct here h = { 0 };

		start(&h, &c, 1, spooled ? spool() : NULL, &more);
		accepted = 0;
		for (int i = 0; i < 20000; i++) {
			if (i % 10 == 0)
				put(&h, (unsigned)i, 1);
			turn(&h, NULL, NULL);
			rude_step(&f, &accepted);
		}
		assert_in_range(accepted, 8, most);
		(void)balanced(&h);
		outlet_free(h.o);
		teardown(state);
		setup(state);
	}
	far_free(&f);
}

static void
one_that_ends_every_connection_is_not_the_first_that_can_be_reached(void **state)
{
	struct far a = far_new(false), b = far_new(false);
	struct conn_conf c[2] = { to(&a), to(&b) };
	struct here h = { 0 };
	unsigned accepted = 0;

	(void)state;
	start(&h, c, 2, NULL, NULL);
	for (int i = 0; i < 5000 && lines(&b) == 0; i++) {
		if (i % 10 == 0)
			put(&h, (unsigned)i, 1);
		turn(&h, NULL, &b);
		rude_step(&a, &accepted);
	}
	assert_true(lines(&b) > 0);
	(void)balanced(&h);
	outlet_free(h.o);
	far_free(&a);
	far_free(&b);
}

/* More than the systems of both ends hold; a packet stays within the queue. */
static void
fill(struct here *h, struct far *a, struct far *b)
{
	static char big[16384];
	struct datagram d = { .part = { slice_of(big, sizeof(big)) } };

	memset(big, 'x', sizeof(big));
	for (int i = 0; i < TURNS && outlet_put(h->o, &d, 1, true, h->now) == 1; i++)
		turn(h, a, b);
}

static void
what_the_one_that_was_left_had_not_delivered_is_counted(void **state)
{
	const struct outlet_conf more = { .return_ns = 5 * SECOND };
	struct far a = far_new(false), b = far_new(false);
	struct conn_conf c[2] = { to(&a), to(&b) };
	struct here h = { 0 };
	unsigned ups;

	(void)state;
	for (int again = 0; again < 2; again++) {
		far_kill(&a);
		b.deaf = true;
		start(&h, c, 2, NULL, &more);
		for (int i = 0; i < TURNS && !outlet_up(h.o); i++)
			turn(&h, &a, &b);
		fill(&h, &a, &b);
		ups = h.ups;
		far_listen(&a);
		for (int i = 0; i < TURNS && h.ups == ups; i++)
			turn(&h, &a, &b);
		a.got.n = 0;
		assert_false(outlet_idle(h.o));	/* b has not got all */
		assert_int_equal(balanced(&h).lost[OUTLET_UNACKED], 0);
		if (again == 0) {
			far_drop_peer(&b, true);
			for (int i = 0; i < TURNS && balanced(&h).lost[OUTLET_UNACKED] == 0; i++)
				turn(&h, &a, &b);
		} else {		/* it is needed again before it has ended */
			far_kill(&a);
			for (int i = 0; i < TURNS && h.ups < ups + 2; i++)
				turn(&h, &a, &b);
			far_drop_peer(&b, true);
			b.deaf = false;
			b.got.n = 0;
			put(&h, 0, 10);
			for (int i = 0; i < TURNS && lines(&b) < 10; i++)
				turn(&h, &a, &b);
			assert_int_equal(lines(&b), 10);
		}
		assert_true(balanced(&h).lost[OUTLET_UNACKED] > 0);
		outlet_free(h.o);
		far_drop_peer(&b, true);
	}
	far_free(&a);
	far_free(&b);
}

/* A rate lets packets go, and the connection takes none: only the connection knows when to look again. */
static void
a_rate_is_no_reason_to_look_at_a_full_connection(void **state)
{
	const struct outlet_conf more = { .drain_rate = 1000000 };
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };

	(void)state;
	f.deaf = true;
	start(&h, &c, 1, NULL, &more);
	until_up(&h, &f);
	fill(&h, &f, NULL);
	for (int i = 0; i < 120; i++)
		turn(&h, &f, NULL);
	assert_true(balanced(&h).held > 0);
	assert_true(outlet_due_ns(h.o) > h.now);
	outlet_free(h.o);
	far_free(&f);
}

/* What a peer's system had taken, and its program never read, has not arrived. */
static void
what_nobody_read_is_not_taken_for_read(void **state)
{
	struct far f = far_new(false);
	struct conn_conf c = to(&f);
	struct here h = { 0 };
	char line[1000];
	struct datagram d = { .part = { slice_of(line, sizeof(line)) } };

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	f.reset_after = 1;	/* of the 4096 bytes that it reads at once */
	start(&h, &c, 1, spool(), NULL);
	for (int i = 0; i < 120; i++)
		assert_int_equal(outlet_put(h.o, &d, 1, false, h.now), 1);
	for (int i = 0; i < TURNS && h.breaks == 0; i++)
		turn(&h, &f, NULL);
	assert_int_equal(h.breaks, 1);
	assert_in_range(balanced(&h).sent, 0, 4);
	assert_in_range(balanced(&h).held, 116, 120);
	outlet_free(h.o);
	far_free(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(down_at_the_start),
		TEST(back_off_grows_with_jitter),
		TEST(killed_in_mid_stream),
		TEST(killed_in_mid_stream_with_a_spool),
		TEST(resets_every_thousand),
		TEST(resets_without_a_spool_balance),
		TEST(a_deaf_one_is_no_reason_to_wait),
		TEST(a_name_that_does_not_resolve),
		TEST(a_full_disk_costs_what_it_must),
		TEST(a_spool_is_resumed),
		TEST(the_first_that_can_be_reached),
		TEST(a_backlog_drains_at_its_rate),
		TEST(datagrams_that_come_back_are_kept),
		TEST(it_ends_in_good_order),
		TEST(one_that_ends_every_connection_is_no_reason_to_hurry),
		TEST(one_that_ends_every_connection_is_not_the_first_that_can_be_reached),
		TEST(what_the_one_that_was_left_had_not_delivered_is_counted),
		TEST(a_rate_is_no_reason_to_look_at_a_full_connection),
		TEST(careful_with_a_deaf_one_proves_nothing),
		TEST(careful_with_one_that_stays_goes_on),
		TEST(datagrams_that_come_back_stop_the_others),
		TEST(what_nobody_read_is_not_taken_for_read),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
