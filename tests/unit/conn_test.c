/* SPDX-License-Identifier: MIT */
/* UDP and TCP connections against real sockets on loopback; TLS: conn_tls_test.c. */
#include "conn_far.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

static void
closed_does_nothing(void **state)
{
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", 9);
	struct here h = here_new(&conf, NULL);
	struct pollfd p[CONN_FDS];

	(void)state;
	here_step(&h);
	assert_int_equal(h.rc, RC_OK);
	assert_int_equal(conn_state(h.c), CONN_CLOSED);
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 0);
	assert_int_equal(conn_due_ns(h.c), UINT64_MAX);
	assert_int_equal(say(&h, "x"), 0);
	conn_shutdown(h.c);
	conn_close(h.c);
	conn_free(h.c);
	conn_free(NULL);
}

static void
udp_sends_whole_packets(void **state)
{
	static const char *const ips[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct far f = far_udp(ips[i]);
		struct conn_conf conf = conf_to(TRANSPORT_UDP, ips[i], f.addr.port);
		struct here h = here_new(&conf, NULL);
		struct datagram d[] = { { .part = { SLICE_LIT("one"), SLICE_LIT(""), SLICE_LIT("two") } }, packet("three") };
		char in[16], local[ADDR_TEXT];

		conn_open(h.c, h.now);
		assert_int_equal(conn_state(h.c), CONN_OPEN);
		assert_true(addr_eq(conn_peer(h.c), &f.addr));
		addr_format(conn_local(h.c), local);
		assert_string_equal(local, ips[i]);
		assert_int_equal(conn_send(h.c, d, 2), 2);
		assert_int_equal(recv(f.listener, in, sizeof(in), 0), 6);
		assert_memory_equal(in, "onetwo", 6);
		assert_int_equal(recv(f.listener, in, sizeof(in), 0), 5);
		here_step(&h);
		assert_int_equal(h.rc, RC_OK);
		assert_int_equal(conn_counts(h.c)->taken, 2);
		assert_int_equal(conn_counts(h.c)->sent, 2);
		assert_int_equal(conn_counts(h.c)->bytes, 11);
		assert_int_equal(conn_due_ns(h.c), UINT64_MAX);
		assert_int_equal(conn_unacked(h.c), 0);
		assert_int_equal(conn_unread(h.c), 0);
		conn_free(h.c);
		far_free(&f);
	}
}

static void
udp_counts_what_comes_back(void **state)
{
	static const char *const ips[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int hold;
		uint16_t port = closed_port(ips[i], SOCK_STREAM, &hold);	/* TCP's: nobody has UDP's */
		struct conn_conf conf = conf_to(TRANSPORT_UDP, ips[i], port);
		struct here h = here_new(&conf, NULL);
		struct datagram d[5];
		const struct conn_counts *n = conn_counts(h.c);

		for (size_t k = 0; k < 5; k++)
			d[k] = packet("lost");
		here_open(&h);
		assert_int_equal(conn_send(h.c, d, 5), 5);
		until(&h, n->lost[CONN_RETURNED] == 5);
		assert_int_equal(n->taken, 5);
		assert_int_equal(n->sent, 0);
		assert_int_equal(n->returned_errno, ECONNREFUSED);
		assert_int_equal(conn_state(h.c), CONN_OPEN);	/* the next may arrive */
		conn_free(h.c);
		close(hold);
	}
}

static void
udp_counts_what_is_too_large(void **state)
{
	static uint8_t large[65508];
	struct far f = far_udp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_UDP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, NULL);
	struct datagram d[] = { packet("before"), { .part = { slice_of(large, 65000), slice_of(large, 508) } },
		{ .part = { slice_of(large, 65507) } }, packet("after") };
	const struct conn_counts *n = conn_counts(h.c);
	static uint8_t in[65536];

	(void)state;
	here_open(&h);
	assert_int_equal(conn_send(h.c, d, 4), 4);
	assert_int_equal(n->taken, 4);
	assert_int_equal(n->sent, 3);
	assert_int_equal(n->lost[CONN_TOO_LARGE], 1);
	assert_int_equal(n->bytes, 6 + 65507 + 5);
	assert_int_equal(recv(f.listener, in, sizeof(in), 0), 6);
	assert_int_equal(recv(f.listener, in, sizeof(in), 0), 65507);
	assert_int_equal(recv(f.listener, in, sizeof(in), 0), 5);
	conn_free(h.c);
	far_free(&f);
}

/* An address that cannot be sent to is passed over at once; one that sends back, at the next opening. */
static void
udp_goes_through_the_addresses(void **state)
{
	static const char *const addrs[] = { "255.255.255.255", "127.0.0.1", "127.0.0.2", NULL };
	struct far f = far_udp("127.0.0.2");
	struct conn_conf conf = conf_to(TRANSPORT_UDP, NAME, f.addr.port);
	struct here h = here_new(&conf, NULL);
	char in[8];

	(void)state;
	name_addrs = addrs;
	here_open(&h);
	until(&h, conn_state(h.c) == CONN_OPEN);
	assert_true(addr_host_eq(conn_peer(h.c), &(struct addr){ .ip = { 127, 0, 0, 1 }, .family = FAMILY_IP4 }));
	assert_int_equal(say(&h, "lost"), 1);
	until(&h, conn_counts(h.c)->lost[CONN_RETURNED] == 1);
	for (int i = 0; i < 2; i++) {	/* it stays with one that sends nothing back */
		conn_close(h.c);
		here_open(&h);
		until(&h, conn_state(h.c) == CONN_OPEN);
		assert_true(addr_eq(conn_peer(h.c), &f.addr));
		assert_int_equal(say(&h, "here"), 1);
		assert_int_equal(recv(f.listener, in, sizeof(in), 0), 4);
		here_step(&h);
	}
	conn_free(h.c);
	far_free(&f);
}

static void
tcp_says_where_it_goes(void **state)
{
	static const char *const ips[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct far f = far_tcp(ips[i]);
		struct conn_conf conf = conf_to(TRANSPORT_TCP, ips[i], f.addr.port);
		struct here h = here_new(&conf, &f);

		here_open(&h);
		until_open(&h);
		assert_true(addr_eq(conn_peer(h.c), &f.addr));
		assert_true(addr_eq(conn_local(h.c), &f.from));
		assert_int_equal(say(&h, "hello"), 1);
		until(&h, f.got.n == 5);
		assert_slice(buf_slice(&f.got), "hello");
		conn_free(h.c);
		far_free(&f);
	}
}

/* Half-open peers are found: what is not acknowledged, and what is idle, ends in time. */
static void
tcp_watches_over_its_peer(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	static const struct {
		int level, name, want;
	} rows[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 10 }, { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 }, { IPPROTO_TCP, TCP_USER_TIMEOUT, 7000 }, { IPPROTO_TCP, TCP_NODELAY, 1 },
	};
	struct pollfd p[CONN_FDS];
	struct here h;

	(void)state;
	conf.user_timeout_ns = 7 * SECOND;
	h = here_new(&conf, &f);
	here_open(&h);
	until_open(&h);
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int have = -1;
		socklen_t n = sizeof(have);

		assert_int_equal(getsockopt(p[0].fd, rows[i].level, rows[i].name, &have, &n), 0);
		if (rows[i].name == SO_KEEPALIVE || rows[i].name == TCP_NODELAY)
			have = have != 0;
		if (have != rows[i].want)
			fail_msg("option %d is %d, want %d", rows[i].name, have, rows[i].want);
	}
	conn_free(h.c);
	far_free(&f);
}

/* A reader with little room that takes small pieces: the kernel takes half a packet again and again. */
static void
tcp_keeps_what_is_half_written(void **state)
{
	static struct datagram d[20000];
	struct far f = far_at("127.0.0.1", 0, SOCK_STREAM, 1, 4096);
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	struct buf all = { 0 };
	size_t n = make_packets(d, 20000, 8 << 20, &all);

	(void)state;
	f.piece = 3001;
	here_open(&h);
	until_open(&h);
	send_all(&h, d, n);
	assert_int_equal(conn_counts(h.c)->taken, n);
	assert_int_equal(conn_counts(h.c)->sent, n);
	assert_int_equal(conn_counts(h.c)->bytes, all.n);
	conn_shutdown(h.c);
	until(&h, f.ended);
	assert_true(slice_eq(buf_slice(&f.got), buf_slice(&all)));
	assert_int_equal(conn_unacked(h.c), 0);
	far_close(&f);
	ends_with(&h, RC_END, "");
	conn_free(h.c);
	far_free(&f);
	buf_reset(&all);
}

/* The system takes so many whole packets, and not a byte of the next. */
static void
tcp_waits_for_room(void **state)
{
	struct far f = far_at("127.0.0.1", 0, SOCK_STREAM, 1, 4096);
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	struct datagram d[CONN_BATCH];
	struct pollfd p[CONN_FDS];

	(void)state;
	for (size_t i = 0; i < CONN_BATCH; i++)
		d[i] = packet("x");
	f.deaf = true;
	here_open(&h);
	until_open(&h);
	while (conn_send(h.c, d, CONN_BATCH) == CONN_BATCH)
		;
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	assert_true(p[0].events & POLLOUT);
	here_step(&h);
	assert_int_equal(h.rc, RC_OK);
	f.deaf = false;
	until(&h, conn_send(h.c, d, 1) == 1);
	until(&h, f.got.n == conn_counts(h.c)->taken);
	assert_int_equal(conn_counts(h.c)->bytes, f.got.n);
	conn_free(h.c);
	far_free(&f);
}

static void
tcp_drops_what_the_peer_says(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	static const char talk[65536];
	struct pollfd p[CONN_FDS];

	(void)state;
	here_open(&h);
	until_open(&h);
	for (size_t said = 0; said < 4 << 20;) {
		ssize_t k = send(f.fd, talk, sizeof(talk), MSG_DONTWAIT);

		said += k > 0 ? (size_t)k : 0;
		here_step(&h);
		assert_int_equal(h.rc, RC_OK);
	}
	do {
		here_step(&h);
		assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	} while (poll(p, 1, 0) > 0);
	assert_int_equal(conn_state(h.c), CONN_OPEN);
	conn_free(h.c);
	far_free(&f);
}

static void
tcp_sees_the_peer_close(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);

	(void)state;
	here_open(&h);
	until_open(&h);
	far_close(&f);
	h.far = NULL;
	ends_with(&h, RC_END, "");
	h.far = &f;
	here_open(&h);
	until_open(&h);
	assert_int_equal(f.accepts, 2);
	conn_free(h.c);
	far_free(&f);
}

static void
tcp_sees_the_peer_reset(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);

	(void)state;
	here_open(&h);
	until_open(&h);
	far_reset(&f);
	h.far = NULL;
	ends_with(&h, RC_SYS, "Connection reset by peer");

	/* It is found by writing */
	h.far = &f;
	here_open(&h);
	until_open(&h);
	far_reset(&f);
	h.far = NULL;
	assert_int_equal(say(&h, "too late"), 0);
	ends_with(&h, RC_SYS, "Connection reset by peer");

	/* It closed, and the answer to what came then was a reset. */
	h.far = &f;
	here_open(&h);
	until_open(&h);
	far_close(&f);
	h.far = NULL;
	assert_int_equal(say(&h, "under way"), 1);
	assert_int_equal(say(&h, "too late"), 0);
	ends_with(&h, RC_SYS, "closed by the other end while packets were under way");
	conn_free(h.c);
	far_free(&f);
}

static void
tcp_finds_nobody(void **state)
{
	static const char *const ips[] = { "127.0.0.1", "::1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int hold;
		struct conn_conf conf = conf_to(TRANSPORT_TCP, ips[i], closed_port(ips[i], SOCK_STREAM, &hold));
		struct here h = here_new(&conf, NULL);

		cannot_open(&h, "Connection refused");
		assert_string_equal(h.e.text, "Connection refused");
		cannot_open(&h, "Connection refused");
		conn_free(h.c);
		close(hold);
	}
}

/* A backlog that is full: nothing is answered. */
static void
tcp_gives_up_in_time(void **state)
{
	struct far f = far_at("127.0.0.1", 0, SOCK_STREAM, 0, 0);
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(&f.addr, &sa);
	int waiting[4];
	struct here h;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&sa, n);
	}
	conf.open_timeout_ns = 3 * SECOND;
	h = here_new(&conf, NULL);
	here_open(&h);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(conn_state(h.c), CONN_OPENING);
		assert_true(conn_due_ns(h.c) > h.now);		/* it waits; it does not spin */
		assert_true(conn_due_ns(h.c) <= START + 3 * SECOND);
		here_step(&h);
	}
	h.now = START + 3 * SECOND - 1;
	here_step(&h);
	assert_int_equal(conn_state(h.c), CONN_OPENING);
	h.now++;
	here_step(&h);
	assert_int_equal(conn_state(h.c), CONN_CLOSED);
	assert_int_equal(h.rc, RC_SYS);
	assert_string_equal(h.e.text, "no answer within 3 s");
	conn_free(h.c);
	for (size_t i = 0; i < 4; i++)
		close(waiting[i]);
	far_free(&f);
}

static void
says_that_a_name_has_no_address(void **state)
{
	static const uint8_t rows[] = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

	(void)state;
	for (size_t i = 0; i < sizeof(rows); i++) {
		struct conn_conf conf = conf_to(rows[i], NAME_NONE, 9);
		struct here h = here_new(&conf, NULL);

		cannot_open(&h, "cannot resolve '" NAME_NONE "': Name or service not known");
		cannot_open(&h, "cannot resolve");
		conn_free(h.c);
	}
}

/* Whoever gives up a connection does not wait for the resolver. */
static void
does_not_wait_for_a_name(void **state)
{
	static const uint8_t rows[] = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };

	(void)state;
	for (size_t i = 0; i < sizeof(rows); i++) {
		struct conn_conf conf = conf_to(rows[i], NAME_HANGS, 9);
		struct here h = here_new(&conf, NULL);

		here_open(&h);
		sem_wait(&name_asked);
		here_step(&h);
		assert_int_equal(conn_state(h.c), CONN_OPENING);
		assert_int_equal(conn_due_ns(h.c), START + 10 * SECOND);
		h.now += 10 * SECOND;
		here_step(&h);
		assert_int_equal(h.rc, RC_SYS);
		assert_string_equal(h.e.text, "no answer within 10 s");
		here_open(&h);
		sem_wait(&name_asked);
		conn_free(h.c);
		for (int k = 0; k < 2; k++) {
			sem_post(&name_release);
			sem_wait(&name_gone);
		}
	}
}

static void
resolves_what_it_is_asked(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "::1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6",
		"127.0.0.7", "127.0.0.8", "127.0.0.9", NULL };
	static const struct {
		const char *host;
		uint8_t family;
		size_t n;	/* 0: none */
	} rows[] = {
		{ NAME, FAMILY_NONE, RESOLVE_MAX }, { NAME, FAMILY_IP4, RESOLVE_MAX }, { NAME, FAMILY_IP6, 1 }, { NAME_NONE, FAMILY_NONE, 0 },
		{ "127.0.0.1", FAMILY_NONE, 1 }, { "::1", FAMILY_IP6, 1 }, { "::1", FAMILY_IP4, 0 },
	};

	(void)state;
	name_addrs = addrs;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct resolve *r = resolve_new(rows[i].host, 4711, rows[i].family);
		struct pollfd p = { .fd = resolve_fd(r), .events = POLLIN };
		struct addr out[RESOLVE_MAX];
		struct err e;
		size_t n = 0;
		enum rc rc;

		assert_int_equal(p.fd >= 0, i < 4);	/* an address is known at once */
		if (p.fd >= 0)
			assert_int_equal(poll(&p, 1, SLICE_MS * PATIENCE), 1);
		rc = resolve_get(r, out, &n, &e);
		assert_int_equal(rc, rows[i].n > 0 ? RC_OK : RC_SYS);
		assert_int_equal(n, rc == RC_OK ? rows[i].n : n);
		for (size_t k = 0; rc == RC_OK && k < n; k++) {
			assert_int_equal(out[k].port, 4711);
			assert_true(rows[i].family == FAMILY_NONE || out[k].family == rows[i].family);
		}
		resolve_free(r);
	}
	resolve_free(NULL);
}

static void
tcp_tries_every_address(void **state)
{
	static const char *const rows[][4] = {
		{ "127.0.0.1", "127.0.0.2", NULL },
		{ "::1", "127.0.0.2", NULL },
		{ "127.0.0.1", "::1", "127.0.0.2", NULL },
		{ "127.0.0.2", "::1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct far f = far_tcp("127.0.0.2");
		struct conn_conf conf = conf_to(TRANSPORT_TCP, NAME, f.addr.port);
		struct here h = here_new(&conf, &f);

		name_addrs = rows[i];
		here_open(&h);
		until_open(&h);
		assert_true(addr_eq(conn_peer(h.c), &f.addr));
		conn_free(h.c);
		far_free(&f);
	}
}

/* The name is asked for anew: its address may have changed meanwhile. */
static void
tcp_asks_again(void **state)
{
	static const char *const before[] = { "127.0.0.1", NULL }, *const after[] = { "127.0.0.2", NULL };
	struct far f = far_tcp("127.0.0.2");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, NAME, f.addr.port);
	struct here h = here_new(&conf, &f);

	(void)state;
	name_addrs = before;
	cannot_open(&h, "Connection refused");
	name_addrs = after;
	here_open(&h);
	until_open(&h);
	conn_free(h.c);
	far_free(&f);
}

static void
source_is_kept_over_a_reconnect(void **state)
{
	static const char *const rows[][2] = { { "127.0.0.1", "127.0.0.3" }, { "::1", "::1" } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int hold;
		struct far f = far_tcp(rows[i][0]);
		struct conn_conf conf = conf_to(TRANSPORT_TCP, rows[i][0], f.addr.port);
		struct here h;

		conf.from = addr_of(rows[i][1], closed_port(rows[i][1], SOCK_STREAM, &hold));
		close(hold);
		h = here_new(&conf, &f);
		for (unsigned k = 0; k < 3; k++) {
			here_open(&h);
			until_open(&h);
			assert_true(addr_eq(&f.from, &conf.from));
			assert_true(addr_eq(conn_local(h.c), &conf.from));
			assert_int_equal(f.accepts, k + 1);
			if (k == 1)
				far_reset(&f);
			else
				far_close(&f);
			h.far = NULL;
			ends_with(&h, k == 1 ? RC_SYS : RC_END, "");
			h.far = &f;
		}
		conn_free(h.c);
		far_free(&f);
	}
}

static void
udp_source_is_shared_and_kept(void **state)
{
	struct far f = far_udp("127.0.0.1"), g = far_udp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_UDP, "127.0.0.1", f.addr.port);
	struct here h, other;
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	struct addr a;
	char in[8];
	int hold;

	(void)state;
	conf.from = addr_of("127.0.0.3", closed_port("127.0.0.3", SOCK_DGRAM, &hold));
	close(hold);
	h = here_new(&conf, NULL);
	conf.dest.port = g.addr.port;
	other = here_new(&conf, NULL);	/* one port, two destinations */
	for (int i = 0; i < 2; i++) {
		here_open(&h);
		here_open(&other);
		assert_int_equal(say(&h, "x"), 1);
		assert_int_equal(say(&other, "y"), 1);
		assert_int_equal(recvfrom(f.listener, in, sizeof(in), 0, (struct sockaddr *)&sa, &n), 1);
		assert_int_equal(in[0], 'x');
		sock_addr_from((struct sockaddr *)&sa, &a);
		assert_true(addr_eq(&a, &conf.from));
		assert_int_equal(recvfrom(g.listener, in, sizeof(in), 0, (struct sockaddr *)&sa, &n), 1);
		assert_int_equal(in[0], 'y');
		sock_addr_from((struct sockaddr *)&sa, &a);
		assert_true(addr_eq(&a, &conf.from));
		conn_close(h.c);
		conn_close(other.c);
	}
	conn_free(h.c);
	conn_free(other.c);
	far_free(&f);
	far_free(&g);
}

static void
says_what_is_wrong_with_the_source(void **state)
{
	static const struct {
		uint8_t transport;
		const char *host, *from, *iface, *words;
	} rows[] = {
		{ TRANSPORT_UDP, "127.0.0.1", "192.0.2.1", NULL, "cannot send from that address: Cannot assign requested address" },
		{ TRANSPORT_TCP, "127.0.0.1", "192.0.2.1", NULL, "cannot send from that address: Cannot assign requested address" },
		{ TRANSPORT_UDP, "127.0.0.1", "::1", NULL, "the address to send from is of the other IP version" },
		{ TRANSPORT_TCP, "127.0.0.1", "::1", NULL, "the address to send from is of the other IP version" },
		{ TRANSPORT_UDP, "127.0.0.1", NULL, "none0", "interface none0: " },
		{ TRANSPORT_TCP, "127.0.0.1", NULL, "none0", "interface none0: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct far f = rows[i].transport == TRANSPORT_TCP ? far_tcp(rows[i].host) : far_udp(rows[i].host);
		struct conn_conf conf = conf_to(rows[i].transport, rows[i].host, f.addr.port);
		struct here h;

		if (rows[i].from != NULL)
			conf.from = addr_of(rows[i].from, 0);
		conf.iface = rows[i].iface;
		h = here_new(&conf, NULL);
		cannot_open(&h, rows[i].words);
		conn_free(h.c);
		far_free(&f);
	}
}

/* A name's addresses of the other IP version are not even tried. */
static void
source_chooses_the_ip_version(void **state)
{
	static const char *const addrs[] = { "::1", "127.0.0.1", NULL };
	struct far f = far_tcp("127.0.0.1"), g = far_at("::1", f.addr.port, SOCK_STREAM, 1, 0);
	struct conn_conf conf = conf_to(TRANSPORT_TCP, NAME, f.addr.port);
	struct here h;

	(void)state;
	name_addrs = addrs;
	conf.from = addr_of("127.0.0.4", 0);
	conf.iface = "lo";
	h = here_new(&conf, &f);
	here_open(&h);
	until_open(&h);
	assert_true(addr_eq(conn_peer(h.c), &f.addr));
	assert_true(addr_host_eq(&f.from, &conf.from));
	conn_free(h.c);
	far_free(&f);
	far_free(&g);
}

/* Fills what the system holds for a peer that does not read. Returns the bytes taken. */
static uint64_t
fill(struct here *h)
{
	static uint8_t some[5000];
	struct datagram d = { .part = { slice_of(some, sizeof(some)) } };
	uint64_t bytes = 0;

	while (conn_send(h->c, &d, 1) == 1)
		bytes += sizeof(some);
	return bytes;
}

static void
tcp_tells_what_has_not_arrived(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	struct pollfd p[CONN_FDS];
	uint64_t taken;

	(void)state;
	f.deaf = true;
	here_open(&h);
	until_open(&h);
	assert_int_equal(conn_unacked(h.c), 0);
	assert_true(conn_unread(h.c) <= 65536);
	taken = fill(&h);
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	assert_true(p[0].events & POLLOUT);
	assert_true(conn_unacked(h.c) > 0);
	assert_true(conn_unread(h.c) >= conn_unacked(h.c));
	assert_true(conn_unread(h.c) <= taken + 65536);
	f.deaf = false;
	until(&h, f.got.n == taken);
	until(&h, conn_unacked(h.c) == 0);
	here_step(&h);
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	assert_false(p[0].events & POLLOUT);
	conn_free(h.c);
	far_free(&f);
}

/* A few packets, acknowledged by the system, and the program does not read them. */
static void
tcp_tells_what_nobody_read(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	static uint8_t some[10000];
	struct datagram d = { .part = { slice_of(some, sizeof(some)) } };

	(void)state;
	here_open(&h);
	until_open(&h);
	for (size_t i = 1; i <= 100; i++) {	/* the window grows while it reads */
		assert_int_equal(conn_send(h.c, &d, 1), 1);
		until(&h, f.got.n == i * sizeof(some));
		(void)conn_unread(h.c);
	}
	f.deaf = true;
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(conn_send(h.c, &d, 1), 1);
	until(&h, conn_unacked(h.c) == 0);
	assert_in_range(conn_unread(h.c), 200000 - 65536, 200000 + 65536);
	f.deaf = false;
	until(&h, f.got.n == 120 * sizeof(some) && conn_unread(h.c) <= 65536);
	conn_free(h.c);
	far_free(&f);
}

/* After the end it is what it was then, until the next opening. */
static void
tcp_remembers_what_had_not_arrived(void **state)
{
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_to(TRANSPORT_TCP, "127.0.0.1", f.addr.port);
	struct here h = here_new(&conf, &f);
	uint64_t taken, unacked;

	(void)state;
	f.deaf = true;
	here_open(&h);
	until_open(&h);
	taken = fill(&h);
	unacked = conn_unacked(h.c);
	assert_true(unacked > 0 && unacked <= taken);
	conn_close(h.c);
	assert_int_equal(conn_unacked(h.c), unacked);
	assert_true(conn_unread(h.c) >= unacked);
	far_reset(&f);
	conn_open(h.c, h.now);
	assert_int_equal(conn_unacked(h.c), 0);
	assert_int_equal(conn_unread(h.c), 0);
	until_open(&h);
	assert_int_equal(conn_unacked(h.c), 0);

	/* The peer's reset takes the system's queue with it: what is kept here is still told. */
	(void)fill(&h);
	far_reset(&f);
	h.far = NULL;
	ends_with(&h, RC_SYS, "Connection reset by peer");
	assert_true(conn_unacked(h.c) > 0);
	conn_free(h.c);
	far_free(&f);
}

static int
set_up(void **state)
{
	(void)state;
	return sem_init(&name_asked, 0, 0) | sem_init(&name_release, 0, 0) | sem_init(&name_gone, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_does_nothing),
		cmocka_unit_test(udp_sends_whole_packets),
		cmocka_unit_test(udp_counts_what_comes_back),
		cmocka_unit_test(udp_counts_what_is_too_large),
		cmocka_unit_test(udp_goes_through_the_addresses),
		cmocka_unit_test(tcp_says_where_it_goes),
		cmocka_unit_test(tcp_watches_over_its_peer),
		cmocka_unit_test(tcp_keeps_what_is_half_written),
		cmocka_unit_test(tcp_waits_for_room),
		cmocka_unit_test(tcp_drops_what_the_peer_says),
		cmocka_unit_test(tcp_sees_the_peer_close),
		cmocka_unit_test(tcp_sees_the_peer_reset),
		cmocka_unit_test(tcp_finds_nobody),
		cmocka_unit_test(tcp_gives_up_in_time),
		cmocka_unit_test(says_that_a_name_has_no_address),
		cmocka_unit_test(does_not_wait_for_a_name),
		cmocka_unit_test(resolves_what_it_is_asked),
		cmocka_unit_test(tcp_tries_every_address),
		cmocka_unit_test(tcp_asks_again),
		cmocka_unit_test(source_is_kept_over_a_reconnect),
		cmocka_unit_test(udp_source_is_shared_and_kept),
		cmocka_unit_test(says_what_is_wrong_with_the_source),
		cmocka_unit_test(source_chooses_the_ip_version),
		cmocka_unit_test(tcp_tells_what_has_not_arrived),
		cmocka_unit_test(tcp_tells_what_nobody_read),
		cmocka_unit_test(tcp_remembers_what_had_not_arrived),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
