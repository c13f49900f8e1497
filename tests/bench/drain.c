/* SPDX-License-Identifier: MIT */
/*
 * drain udp|tcp [FILE] - what the benchmarks of senders send to: takes whatever arrives, as fast as it can; FILE gets a copy of the bytes.
 *
 * Prints its port, a free one of 127.0.0.1. At TERM it takes what has arrived by then (a connection that is open: to its end), prints the
 * numbers of datagrams (TCP: connections) and of bytes, and ends. It ends with its parent, too.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define RECEIVE_BUFFER (64 << 20)
#define PIECE ((size_t)256 << 10)
#define PATIENCE_S 10		/* for the rest of a connection, after TERM */

static volatile sig_atomic_t stopping;
static unsigned long long units, bytes;
static FILE *copy;

static void
stop(int sig)
{
	(void)sig;
	stopping = 1;
}

static void
check(const char *what, int result)
{
	if (result < 0) {
		fprintf(stderr, "drain: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static int
open_socket(int type)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(sa);
	int fd, size = RECEIVE_BUFFER;

	check("socket", fd = socket(AF_INET, type | SOCK_NONBLOCK, 0));
	/* Over the system's limit where that is allowed; TCP's buffer grows by itself. */
	if (type == SOCK_DGRAM && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	check("bind", bind(fd, (struct sockaddr *)&sa, n));
	check("getsockname", getsockname(fd, (struct sockaddr *)&sa, &n));
	if (type == SOCK_STREAM)
		check("listen", listen(fd, 16));
	printf("%u\n", ntohs(sa.sin_port));
	fflush(stdout);
	return fd;
}

static void
take(const uint8_t *p, size_t n)
{
	bytes += n;
	if (copy != NULL)
		fwrite(p, 1, n, copy);
}

/* False: nothing has come for `patience` seconds since TERM. */
static bool
await(int fd, const sigset_t *open, time_t patience)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const struct timespec end = { .tv_sec = patience };
	int n;

	while ((n = ppoll(&p, 1, stopping ? &end : NULL, open)) < 0)
		if (errno != EINTR)
			check("poll", n);
	return n > 0;
}

static void
drain_udp(int fd, const sigset_t *open)
{
	static uint8_t room[BATCH][65536];
	struct mmsghdr msgs[BATCH] = { 0 };
	struct iovec iov[BATCH];

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ room[i], sizeof(room[i]) };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	for (;;) {
		int n = recvmmsg(fd, msgs, BATCH, 0, NULL);

		if (n < 0 && !await(fd, open, 0))
			return;
		for (int i = 0; i < n; i++)
			take(room[i], msgs[i].msg_len);
		units += n > 0 ? (unsigned)n : 0;
	}
}

/* One connection after the other, each to its end: what a sender that has ended left in its buffer is still on its way. */
static void
drain_tcp(int fd, const sigset_t *open)
{
	static uint8_t room[PIECE];

	while (await(fd, open, 0)) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
		ssize_t n;

		check("accept", peer);
		units++;
		while ((n = read(peer, room, sizeof(room))) != 0) {
			if (n > 0)
				take(room, (size_t)n);
			else if (errno != EAGAIN || !await(peer, open, PATIENCE_S))
				break;
		}
		close(peer);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = stop };
	bool udp = argc > 1 && strcmp(argv[1], "udp") == 0;
	sigset_t term, open;
	int fd;

	if (argc < 2 || argc > 3 || (!udp && strcmp(argv[1], "tcp") != 0)) {
		fprintf(stderr, "usage: drain udp|tcp [FILE]\n");
		return 2;
	}
	/* TERM is let through only where it is waited for: never just before. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &open);
	sigaction(SIGTERM, &act, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc == 3 && (copy = fopen(argv[2], "w")) == NULL)
		check(argv[2], -1);
	fd = open_socket(udp ? SOCK_DGRAM : SOCK_STREAM);
	(udp ? drain_udp : drain_tcp)(fd, &open);
	printf("%llu %llu\n", units, bytes);
	return copy == NULL || fclose(copy) == 0 ? 0 : 1;
}
