/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>

#include "net/sender.h"
#include "net/sock.h"

/* A receiver on a free port of the loopback. */
static int
receiver(const char *ip, struct addr *a)
{
	struct sockaddr_storage sa;
	socklen_t n;
	int fd, size = 1 << 20;

	assert_int_equal(addr_parse(slice_str(ip), a), RC_OK);
	n = sock_addr_to(a, &sa);
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	sock_addr_from((struct sockaddr *)&sa, a);
	return fd;
}

static struct sender *
sender_to(const struct addr *a)
{
	struct sender *s;
	struct err e;

	assert_int_equal(sender_new(a, NULL, &s, &e), RC_OK);
	return s;
}

static uint64_t
balance(const struct sender_counts *c)
{
	uint64_t sum = c->sent;

	for (int i = 0; i < SENDER_LOSSES; i++)
		sum += c->lost[i];
	return sum;
}

static void
delivers(const char *ip)
{
	enum { N = 3 * SENDER_BATCH + 5 };
	struct datagram d[N];
	char head[N][8], got[32];
	struct addr a;
	int fd = receiver(ip, &a);
	struct sender *s = sender_to(&a);

	for (int i = 0; i < N; i++) {
		snprintf(head[i], sizeof(head[i]), "%d", i);
		d[i] = (struct datagram){ { slice_str(head[i]), SLICE_LIT(""), SLICE_LIT("-tail") } };
	}
	sender_send(s, d, N, true);
	for (int i = 0; i < N; i++) {
		char want[32];
		ssize_t n = recv(fd, got, sizeof(got), 0);

		snprintf(want, sizeof(want), "%d-tail", i);
		if (n < 0 || (size_t)n != strlen(want) || memcmp(got, want, (size_t)n) != 0)
			fail_msg("datagram %d", i);
	}
	assert_int_equal(recv(fd, got, sizeof(got), 0), -1);
	assert_int_equal(sender_counts(s)->sent, N);
	assert_int_equal(sender_counts(s)->offered, N);
	assert_true(addr_eq(sender_peer(s), &a));
	assert_true(addr_host_eq(sender_local(s), &a));
	assert_int_not_equal(sender_local(s)->port, 0);
	sender_free(s);
	close(fd);
}

static void
all_arrive_in_order(void **state)
{
	(void)state;
	delivers("127.0.0.1");
	delivers("::1");
}

/* Whose port is closed sends every datagram back: each is counted, in whole batches too. */
static void
closed_port_is_counted(const char *ip)
{
	enum { N = SENDER_BATCH + 10 };
	struct datagram d[N];
	struct addr a;
	int fd = receiver(ip, &a);
	struct sender *s = sender_to(&a);
	const struct sender_counts *c = sender_counts(s);

	close(fd);
	for (int i = 0; i < N; i++)
		d[i] = (struct datagram){ { SLICE_LIT("x") } };
	sender_send(s, d, N, true);
	sender_poll(s);
	assert_int_equal(c->offered, N);
	assert_int_equal(balance(c), N);
	assert_int_equal(c->lost[SENDER_RETURNED], N);
	assert_int_equal(c->returned_errno, ECONNREFUSED);
	sender_free(s);
}

static void
refusals_are_counted(void **state)
{
	(void)state;
	closed_port_is_counted("127.0.0.1");
	closed_port_is_counted("::1");
}

/* Only the one that is too large is lost, wherever it stands in the batch. */
static void
too_large_is_left_out(void **state)
{
	static uint8_t big[65536];
	struct datagram d[3] = { { { SLICE_LIT("a") } }, { { slice_of(big, 65508) } }, { { SLICE_LIT("b") } } };
	struct addr a;
	int fd = receiver("127.0.0.1", &a);
	struct sender *s = sender_to(&a);
	char got[8];

	(void)state;
	for (int first = 0; first < 3; first++) {
		struct datagram t = d[0];

		sender_send(s, d, 3, true);
		assert_int_equal(recv(fd, got, sizeof(got), 0), 1);
		assert_int_equal(recv(fd, got, sizeof(got), 0), 1);
		assert_int_equal(recv(fd, got, sizeof(got), 0), -1);
		assert_int_equal(sender_counts(s)->lost[SENDER_TOO_LARGE], first + 1);
		d[0] = d[1], d[1] = d[2], d[2] = t;
	}
	d[0] = (struct datagram){ { slice_of(big, 65507) } };
	sender_send(s, d, 1, true);
	assert_int_equal(recv(fd, big, sizeof(big), 0), 65507);
	assert_int_equal(balance(sender_counts(s)), sender_counts(s)->offered);
	sender_free(s);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_arrive_in_order),
		cmocka_unit_test(refusals_are_counted),
		cmocka_unit_test(too_large_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
