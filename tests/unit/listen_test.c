/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/take.h"
#include "capture/listen.h"
#include "net/sock.h"

#define SECOND UINT64_C(1000000000)

static unsigned said;

static void
on_say(void *arg, const char *cause, const struct err *e)
{
	(void)arg;
	assert_true(cause[0] != '\0' && e->text[0] != '\0');
	said++;
}

static struct listen *
open_at(const char *const *where, size_t n, size_t max_conns)
{
	struct listen *l;
	struct err e;

	said = 0;
	if (listen_open(&(struct listen_conf){ .where = where, .n = n, .buffer = 1 << 20, .max_conns = max_conns, .stall_ns = 60 * SECOND,
	    .say = on_say }, &l, &e) != RC_OK)
		fail_msg("%s", e.text);
	return l;
}

static struct listen *
open_one(const char *where, size_t max_conns)
{
	return open_at(&where, 1, max_conns);
}

/* A socket connected to the i-th of `l`. */
static int
connect_to(const struct listen *l, size_t i)
{
	struct sockaddr_storage sa;
	uint8_t transport;
	struct addr a;
	size_t buffer;
	socklen_t n;
	int fd;

	assert_true(listen_socket(l, i, &transport, &a, &buffer));
	assert_int_not_equal(a.port, 0);
	n = sock_addr_to(&a, &sa);
	fd = socket(sa.ss_family, transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, n), 0);
	return fd;
}

static void
send_bytes(int fd, struct slice s)
{
	assert_int_equal(send(fd, s.p, s.n, MSG_NOSIGNAL), s.n);
}

/* A HEP3 packet of `n` bytes: magic, length, fill. */
static struct slice
packet(size_t n, uint8_t fill)
{
	static uint8_t p[65536];

	memset(p, fill, n);
	memcpy(p, "HEP3", 4);
	store_be16(p + 4, (uint16_t)n);
	return slice_of(p, n);
}

/* Waits until the listener has something to do. False: it does nothing for `ms`. */
static bool
ready(const struct listen *l, int ms)
{
	struct pollfd p = { .fd = listen_fd(l), .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* Reads until `want` packets came; returns their number and adds their bytes to `out`. */
static size_t
drain(struct listen *l, uint64_t now, size_t want, struct buf *out)
{
	struct listen_packet p;
	size_t got = 0;
	struct err e;

	while (got < want) {
		enum rc rc = listen_next(l, now, &p, &e);

		if (rc == RC_OK) {
			got++;
			if (out != NULL)
				buf_put(out, p.data);
		} else if (rc != RC_MORE || !ready(l, 5000)) {
			break;
		}
	}
	return got;
}

/* Lets it work until nothing is left to do and the sum says `want`. */
#define settle(l, now, sum, want)								\
	do {											\
		struct listen_packet p_;							\
		struct err e_;									\
		while (listen_stats(l)->sum != (want)) {					\
			assert_int_equal(listen_next(l, now, &p_, &e_), RC_MORE);		\
			assert_true(listen_stats(l)->sum == (want) || ready(l, 5000));		\
		}										\
	} while (0)

static void
places(void **state)
{
	static const struct { const char *where; enum rc rc; } rows[] = {
		{ "udp:127.0.0.1:0", RC_OK }, { "TCP:[::1]:0", RC_OK }, { "udp:*:0", RC_OK }, { "tcp:localhost:0", RC_OK },
		{ "udp:[::]:0", RC_OK },
		{ "", RC_BAD }, { "udp", RC_BAD }, { "udp:", RC_BAD }, { "udp:1.2.3.4", RC_BAD }, { "udp::9060", RC_BAD },
		{ "udp:127.0.0.1:65536", RC_BAD }, { "udp:127.0.0.1:", RC_BAD }, { "udp:::1:9060", RC_BAD }, { "udp:[]:1", RC_BAD },
		{ "sctp:127.0.0.1:0", RC_BAD }, { "127.0.0.1:9060", RC_BAD }, { "tls:127.0.0.1:0", RC_BAD },
		{ "udp:192.0.2.1:0", RC_SYS }, { "tcp:no-such-host.invalid:0", RC_SYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct listen_conf c = { .where = &rows[i].where, .n = 1, .max_conns = 1, .stall_ns = 1 };
		struct listen *l = NULL;
		struct err e;

		if (listen_open(&c, &l, &e) != rows[i].rc)
			fail_msg("%s: %s", rows[i].where, e.text);
		listen_close(l);
	}
}

static void
both_families(void **state)
{
	static const char *const alone[] = { "tcp:0.0.0.0:0", "tcp:[::]:0" };
	struct listen *l = open_one("udp:*:0", 1);
	struct sockaddr_storage sa;
	struct addr a, from;
	uint8_t transport;
	size_t buffer;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t n;

	(void)state;
	assert_true(listen_socket(l, 0, &transport, &a, &buffer));
	a = (struct addr){ .ip = { 127, 0, 0, 1 }, .port = a.port, .family = FAMILY_IP4 };
	n = sock_addr_to(&a, &sa);
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, n), 1);
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	listen_from(l, &from);
	assert_int_equal(from.family, FAMILY_IP6);
	close(fd);
	listen_close(l);
	l = open_at(alone, 2, 1);	/* side by side, whatever their ports */
	listen_close(l);
}

static void
datagrams_come_in_order(void **state)
{
	struct listen *l = open_one("udp:127.0.0.1:0", 1);
	struct buf sent = { 0 }, got = { 0 };
	int fd = connect_to(l, 0);

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		send_bytes(fd, packet(i == 100 ? 65507 : 20u + i, i));
		buf_put(&sent, packet(i == 100 ? 65507 : 20u + i, i));
		if (i % 50 == 49)
			assert_int_equal(drain(l, 1, 50, &got), 50);
	}
	assert_true(slice_eq(buf_slice(&sent), buf_slice(&got)));
	send_bytes(fd, slice_of("", 0));
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	buf_reset(&sent);
	buf_reset(&got);
	close(fd);
	listen_close(l);
}

static void
what_the_kernel_drops_is_counted(void **state)
{
	const char *where = "udp:127.0.0.1:0";
	struct listen_conf c = { .where = &where, .n = 1, .buffer = 4096, .max_conns = 1, .stall_ns = 1 };
	struct listen *l;
	struct listen_packet p;
	struct err e;
	size_t got = 0;
	int fd;

	(void)state;
	assert_int_equal(listen_open(&c, &l, &e), RC_OK);
	fd = connect_to(l, 0);
	for (int i = 0; i < 1000; i++)
		send_bytes(fd, packet(1000, 'x'));
	while (listen_next(l, 1, &p, &e) == RC_OK)
		got++;
	listen_tick(l, 1);
	listen_tick(l, 2);
	assert_true(got > 0 && got < 1000);
	assert_int_equal(listen_stats(l)->kernel_drops + got, 1000);
	close(fd);
	listen_close(l);
}

static void
half_a_packet_then_the_end(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	struct linger hard = { .l_onoff = 1 };
	int fd = connect_to(l, 0);

	(void)state;
	send_bytes(fd, packet(100, 'a'));
	send_bytes(fd, slice_head(packet(100, 'b'), 99));
	close(fd);
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	settle(l, 1, conns_closed, 1);
	assert_int_equal(listen_stats(l)->cut, 1);

	fd = connect_to(l, 0);
	send_bytes(fd, packet(100, 'a'));
	send_bytes(fd, slice_head(packet(100, 'b'), 50));
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	settle(l, 1, conns_reset, 1);
	assert_int_equal(listen_stats(l)->cut, 2);
	assert_int_equal(listen_stats(l)->conns_open, 0);
	listen_close(l);
}

static void
a_half_closed_peer_is_heard_to_its_end(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	int fd = connect_to(l, 0);
	char c;

	(void)state;
	for (int i = 0; i < 10; i++)
		send_bytes(fd, packet(60000, 'a'));
	shutdown(fd, SHUT_WR);
	assert_int_equal(drain(l, 1, 10, NULL), 10);
	settle(l, 1, conns_closed, 1);
	assert_int_equal(listen_stats(l)->cut, 0);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	close(fd);
	listen_close(l);
}

static void
half_a_packet_has_its_time(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	int slow = connect_to(l, 0), idle = connect_to(l, 0);
	struct slice bytes = packet(100, 'a');
	uint64_t start = 5 * SECOND;

	(void)state;
	send_bytes(slow, bytes);
	send_bytes(idle, bytes);
	assert_int_equal(drain(l, start, 2, NULL), 2);
	/* a byte every ten seconds does not help it */
	for (uint64_t i = 0; i < 6; i++) {
		struct listen_packet p;
		struct err e;

		send_bytes(slow, slice_of(bytes.p + i, 1));
		while (listen_stats(l)->conns_open == 2 && ready(l, 50))
			assert_int_equal(listen_next(l, start + i * 10 * SECOND, &p, &e), RC_MORE);
		listen_tick(l, start + i * 10 * SECOND);
		assert_int_equal(listen_stats(l)->conns_open, 2);
	}
	listen_tick(l, start + 60 * SECOND - 1);
	assert_int_equal(listen_stats(l)->stalled, 0);
	listen_tick(l, start + 60 * SECOND);
	assert_int_equal(listen_stats(l)->stalled, 1);
	assert_int_equal(listen_stats(l)->conns_stalled, 1);
	/* the idle one may stay */
	listen_tick(l, start + 1000000 * SECOND);
	assert_int_equal(listen_stats(l)->conns_open, 1);
	send_bytes(idle, bytes);
	assert_int_equal(drain(l, start + 1000000 * SECOND, 1, NULL), 1);
	close(slow);
	close(idle);
	listen_close(l);
}

static void
every_packet_has_its_own_time(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	struct slice bytes = packet(100, 'a');
	int fd = connect_to(l, 0);
	struct listen_packet p;
	struct err e;

	(void)state;
	/* never between packets, but always in time */
	send_bytes(fd, slice_head(bytes, 50));
	settle(l, 0, conns_open, 1);
	for (uint64_t i = 1; i < 10; i++) {
		struct buf b = { 0 };

		buf_put(&b, slice_skip(bytes, 50));
		buf_put(&b, slice_head(bytes, 50));
		send_bytes(fd, buf_slice(&b));
		assert_int_equal(drain(l, i * 40 * SECOND, 1, NULL), 1);
		assert_int_equal(listen_next(l, i * 40 * SECOND, &p, &e), RC_MORE);
		listen_tick(l, i * 40 * SECOND);
		buf_reset(&b);
	}
	assert_int_equal(listen_stats(l)->conns_open, 1);
	close(fd);
	listen_close(l);
}

static void
garbage_ends_its_connection_alone(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	int bad = connect_to(l, 0), good = connect_to(l, 0);

	(void)state;
	send_bytes(good, packet(100, 'a'));
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	send_bytes(bad, packet(100, 'a'));
	send_bytes(bad, SLICE_LIT("GET / HTTP/1.0\r\n\r\n"));
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	settle(l, 1, conns_garbage, 1);
	assert_int_equal(listen_stats(l)->garbage, 1);
	assert_int_equal(said, 1);
	send_bytes(good, packet(100, 'a'));
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	close(bad);
	close(good);
	listen_close(l);
}

static void
a_full_house_prefers_who_has_spoken(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 3);
	int silent, spoken[3], late;
	char c;

	(void)state;
	silent = connect_to(l, 0);
	settle(l, 1, conns_open, 1);
	for (int i = 0; i < 3; i++) {
		spoken[i] = connect_to(l, 0);
		send_bytes(spoken[i], packet(50, 'a'));
		assert_int_equal(drain(l, 1, 1, NULL), 1);
	}
	assert_int_equal(listen_stats(l)->conns_evicted, 1);
	assert_int_equal(recv(silent, &c, 1, 0), 0);
	late = connect_to(l, 0);
	settle(l, 1, conns_refused, 1);
	assert_int_equal(recv(late, &c, 1, 0), 0);
	assert_int_equal(listen_stats(l)->conns_open, 3);
	assert_int_equal(listen_stats(l)->conns, 5);
	for (int i = 0; i < 3; i++) {
		send_bytes(spoken[i], packet(50, 'a'));
		close(spoken[i]);
	}
	assert_int_equal(drain(l, 1, 3, NULL), 3);
	close(silent);
	close(late);
	listen_close(l);
}

/* As much of endless packets of 100 bytes as fits now; `at` is what was sent so far. Returns what was sent then. */
static size_t
more_of(int fd, struct slice many, size_t at)
{
	ssize_t n;

	while ((n = send(fd, many.p + at % 100, many.n - at % 100, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		at += (size_t)n;
	return at;
}

static void
a_flood_does_not_starve_the_others(void **state)
{
	static const char *const where[] = { "tcp:127.0.0.1:0", "udp:127.0.0.1:0" };
	struct listen *l = open_at(where, 2, 10);
	int flood = connect_to(l, 0), quiet = connect_to(l, 0), udp = connect_to(l, 1);
	struct buf many = { 0 };
	size_t before = 0, seen = 0, at;
	struct listen_packet p;
	struct err e;

	(void)state;
	settle(l, 1, conns_open, 2);
	while (many.n < 1000000)
		buf_put(&many, packet(100, 'f'));
	at = more_of(flood, buf_slice(&many), 0);
	send_bytes(quiet, packet(100, 'q'));
	send_bytes(udp, packet(100, 'u'));
	while (seen < 2 && listen_next(l, 1, &p, &e) == RC_OK) {
		if (p.data.p[50] == 'f')
			before++;
		else
			seen++;
		at = more_of(flood, buf_slice(&many), at);
	}
	assert_int_equal(seen, 2);
	assert_in_range(before, 0, 2 * (128 << 10) / 100);
	buf_reset(&many);
	close(flood);
	close(quiet);
	close(udp);
	listen_close(l);
}

static void
points_and_senders_are_told(void **state)
{
	static const char *const where[] = { "udp:127.0.0.1:0", "tcp:[::1]:0" };
	struct listen *l = open_at(where, 2, 10);
	int udp = connect_to(l, 0), tcp = connect_to(l, 1);
	struct sockaddr_storage sa;
	struct listen_packet p;
	struct addr from, want;
	struct err e;

	(void)state;
	for (uint16_t i = 0; i < 2; i++) {
		socklen_t n = sizeof(sa);
		int fd = i == 0 ? udp : tcp;
		enum rc rc;

		send_bytes(fd, packet(10, 'x'));
		while ((rc = listen_next(l, 1, &p, &e)) == RC_MORE)
			assert_true(ready(l, 5000));
		assert_int_equal(rc, RC_OK);
		assert_int_equal(p.point, i);
		getsockname(fd, (struct sockaddr *)&sa, &n);
		sock_addr_from((struct sockaddr *)&sa, &want);
		listen_from(l, &from);
		assert_true(addr_eq(&from, &want));
	}
	close(udp);
	close(tcp);
	listen_close(l);
}

static void
without_descriptors_connections_wait(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	int fd = connect_to(l, 0), next = dup(fd);
	struct rlimit old, low;
	struct listen_packet p;
	struct err e;

	(void)state;
	send_bytes(fd, packet(50, 'a'));
	getrlimit(RLIMIT_NOFILE, &old);
	low = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = old.rlim_max };
	close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_true(ready(l, 5000));
	assert_int_equal(listen_next(l, 1, &p, &e), RC_MORE);
	assert_int_equal(said, 1);
	assert_false(ready(l, 0));	/* and it does not spin */
	setrlimit(RLIMIT_NOFILE, &old);
	listen_tick(l, 2);
	assert_int_equal(drain(l, 2, 1, NULL), 1);
	close(fd);
	listen_close(l);
}

static void
the_end_accounts_for_all(void **state)
{
	struct listen *l = open_one("tcp:127.0.0.1:0", 10);
	const struct listen_stats *s = listen_stats(l);
	int a = connect_to(l, 0), b = connect_to(l, 0);
	struct listen_packet p;
	struct err e;
	struct buf both = { 0 };

	(void)state;
	buf_put(&both, packet(100, 'a'));
	buf_put(&both, slice_head(packet(100, 'a'), 7));
	send_bytes(a, buf_slice(&both));
	buf_reset(&both);
	assert_int_equal(drain(l, 1, 1, NULL), 1);
	assert_int_equal(listen_next(l, 1, &p, &e), RC_MORE);
	settle(l, 1, conns_open, 2);
	listen_end(l);
	assert_int_equal(s->unfinished, 1);
	assert_int_equal(s->conns, 2);
	assert_int_equal(s->conns_closed, 2);
	assert_int_equal(s->conns_open, 0);
	close(a);
	close(b);
	listen_close(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(both_families),
		cmocka_unit_test(datagrams_come_in_order),
		cmocka_unit_test(what_the_kernel_drops_is_counted),
		cmocka_unit_test(half_a_packet_then_the_end),
		cmocka_unit_test(a_half_closed_peer_is_heard_to_its_end),
		cmocka_unit_test(half_a_packet_has_its_time),
		cmocka_unit_test(every_packet_has_its_own_time),
		cmocka_unit_test(garbage_ends_its_connection_alone),
		cmocka_unit_test(a_full_house_prefers_who_has_spoken),
		cmocka_unit_test(a_flood_does_not_starve_the_others),
		cmocka_unit_test(points_and_senders_are_told),
		cmocka_unit_test(without_descriptors_connections_wait),
		cmocka_unit_test(the_end_accounts_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
