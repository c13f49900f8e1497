/* SPDX-License-Identifier: MIT */
#ifndef UNIT_CONN_FAR_H
#define UNIT_CONN_FAR_H
/*
 * What the tests of conn share: the other end in this process, names that resolve to what a test wants, and the loop that waits for both
 * ends by poll. The clock is the test's and stands still unless the test moves it.
 */
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "net/conn.h"
#include "net/resolve.h"
#include "net/sock.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define START (1000 * SECOND)
#define SLICE_MS 10		/* acknowledgements wake nobody: what is waited for is looked at again after so long */
#define PATIENCE 2000		/* such slices in which nothing at all happens: a failure */
#define TURNS 1000000		/* of a loop that waits for something: more is a failure */

/* The names that are not the system's: the addresses of NAME in their order; none at all; one that is never answered. */
#define NAME "collector.site.test"
#define NAME_NONE "nobody.test"
#define NAME_HANGS "silence.test"

static const char *const *name_addrs;	/* of NAME, NULL at the end */
static sem_t name_asked, name_release, name_gone;	/* NAME_HANGS: was asked for; posted: goes on; went on */

/* In place of the C library's, which answers all other names. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	struct addrinfo numeric = *hints, **end = found;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(node, NAME_HANGS) == 0) {
		sem_post(&name_asked);
		while (sem_wait(&name_release) != 0)
			;
		sem_post(&name_gone);
	}
	if (strcmp(node, NAME_HANGS) == 0 || strcmp(node, NAME_NONE) == 0)
		return EAI_NONAME;
	if (strcmp(node, NAME) != 0)
		return real(node, service, hints, found);
	*found = NULL;
	numeric.ai_flags |= AI_NUMERICHOST;
	for (size_t i = 0; name_addrs[i] != NULL; i++) {
		if (real(name_addrs[i], service, &numeric, end) != 0)
			*end = NULL;		/* not of the family that was asked for */
		while (*end != NULL)
			end = &(*end)->ai_next;
	}
	return *found != NULL ? 0 : EAI_NONAME;
}

/* The other end. */
struct far {
	int listener;		/* or the UDP socket */
	int fd;			/* accepted; -1: none */
	struct addr addr, from;	/* listens on; the accepted one's */
	bool deaf;		/* reads nothing */
	size_t piece;		/* reads that many bytes at a time */
	struct buf got;
	bool ended;		/* was told that no more comes */
	int error;
	unsigned accepts;
	ssize_t (*read)(struct far *, void *, size_t);	/* as recv; NULL: recv */
	void *tls;
	size_t pending;		/* what `read` has, and the socket has not any more */
};

struct here {
	struct conn *c;
	struct far *far;	/* NULL: nobody */
	uint64_t now;
	enum rc rc;		/* the last that was not RC_OK */
	struct err e;
	unsigned turns, idle;
};

static inline struct addr
addr_of(const char *text, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse(slice_str(text), &a), RC_OK);
	a.port = port;
	return a;
}

static inline struct addr
addr_here(int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	struct addr a;

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &n), 0);
	sock_addr_from((struct sockaddr *)&sa, &a);
	return a;
}

/* `type` SOCK_DGRAM or SOCK_STREAM; `room`: the receive buffer, 0: the system's. */
static inline struct far
far_at(const char *ip, uint16_t port, int type, int backlog, int room)
{
	struct far f = { .fd = -1, .piece = 65536 };
	struct sockaddr_storage sa;
	struct addr a = addr_of(ip, port);
	socklen_t n = sock_addr_to(&a, &sa);

	f.listener = socket(sa.ss_family, type | SOCK_NONBLOCK, 0);
	assert_true(f.listener >= 0);
	if (room > 0)
		assert_int_equal(setsockopt(f.listener, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)), 0);
	assert_int_equal(bind(f.listener, (struct sockaddr *)&sa, n), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(f.listener, backlog), 0);
	f.addr = addr_here(f.listener);
	return f;
}

static inline struct far
far_tcp(const char *ip)
{
	return far_at(ip, 0, SOCK_STREAM, 16, 0);
}

static inline struct far
far_udp(const char *ip)
{
	return far_at(ip, 0, SOCK_DGRAM, 0, 0);
}

/* A port of `ip` that nobody has, and that nobody else is given while *fd is open: bound, and not listening. */
static inline uint16_t
closed_port(const char *ip, int type, int *fd)
{
	struct addr a = addr_of(ip, 0);
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(&a, &sa);

	*fd = socket(sa.ss_family, type, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&sa, n), 0);
	return addr_here(*fd).port;
}

static inline void
far_reset(struct far *f)
{
	struct linger l = { 1, 0 };

	setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(f->fd);
	f->fd = -1;
}

static inline void
far_close(struct far *f)
{
	close(f->fd);
	f->fd = -1;
}

static inline void
far_free(struct far *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->listener >= 0)
		close(f->listener);
	buf_reset(&f->got);
}

static inline void
far_accept(struct far *f)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	f->fd = accept4(f->listener, (struct sockaddr *)&sa, &n, SOCK_NONBLOCK);
	if (f->fd < 0)
		return;
	sock_addr_from((struct sockaddr *)&sa, &f->from);
	f->accepts++;
	f->ended = false;
	f->error = 0;
}

/* Accepts one connection and reads one piece. */
static inline void
far_step(struct far *f)
{
	uint8_t in[65536];
	ssize_t n;

	if (f->fd < 0)
		far_accept(f);
	if (f->fd < 0 || f->deaf || f->ended)
		return;
	n = f->read != NULL ? f->read(f, in, f->piece) : recv(f->fd, in, f->piece, 0);
	if (n > 0)
		buf_put(&f->got, slice_of(in, (size_t)n));
	else if (n == 0 || errno != EAGAIN) {
		f->ended = true;
		f->error = n < 0 ? errno : 0;
	}
}

static inline struct conn_conf
conf_to(uint8_t transport, const char *host, uint16_t port)
{
	struct conn_conf c = { .dest = { .transport = transport, .port = port } };

	snprintf(c.dest.host, sizeof(c.dest.host), "%s", host);
	return c;
}

static inline struct here
here_new(const struct conn_conf *conf, struct far *far)
{
	return (struct here){ .c = conn_new(conf), .far = far, .now = START };
}

static inline void
here_step(struct here *h)
{
	struct err e = { .text = "" };
	enum rc rc = conn_step(h->c, h->now, &e);

	if (rc != RC_OK) {
		assert_int_equal(conn_state(h->c), CONN_CLOSED);
		h->rc = rc;
		h->e = e;
	}
}

static inline void
here_open(struct here *h)
{
	h->rc = RC_OK;
	h->e.text[0] = '\0';
	conn_open(h->c, h->now);
	here_step(h);
}

/* Waits until one of the two ends, or the conn's own time, has something to do; each does it. */
static inline void
here_turn(struct here *h)
{
	struct pollfd p[CONN_FDS + 2];
	size_t n = conn_fds(h->c, p, CONN_FDS);
	uint64_t due = conn_due_ns(h->c);
	uint64_t wait_ms = due <= h->now || (h->far != NULL && h->far->pending > 0) ? 0 : (due - h->now) / MS + 1;

	if (h->far != NULL && h->far->fd < 0)
		p[n++] = (struct pollfd){ .fd = h->far->listener, .events = POLLIN };
	else if (h->far != NULL && !h->far->deaf && !h->far->ended)
		p[n++] = (struct pollfd){ .fd = h->far->fd, .events = POLLIN };
	if (poll(p, n, wait_ms < SLICE_MS ? (int)wait_ms : SLICE_MS) > 0)
		h->idle = 0;
	else if (wait_ms >= SLICE_MS && ++h->idle > PATIENCE)
		fail_msg("nothing happens any more");
	if (h->far != NULL)
		far_step(h->far);
	here_step(h);
	if (++h->turns > TURNS)
		fail_msg("no end of turns");
}

#define until(h, wanted)								\
	do {										\
		(h)->turns = (h)->idle = 0;							\
		while (!(wanted)) {							\
			if (conn_state((h)->c) == CONN_CLOSED && (h)->rc != RC_OK)	\
				fail_msg("%s: it ended: %s", #wanted, (h)->e.text);	\
			here_turn(h);							\
		}									\
	} while (0)
#define until_open(h) until(h, conn_state((h)->c) == CONN_OPEN && ((h)->far == NULL || (h)->far->fd >= 0))

/* It ends with `want_rc` and words that hold `words`. */
static inline void
ends_with(struct here *h, enum rc want_rc, const char *words)
{
	h->turns = h->idle = 0;
	while (conn_state(h->c) != CONN_CLOSED)
		here_turn(h);
	if (h->rc != want_rc)
		fail_msg("ended with %d (%s), want %d (%s)", (int)h->rc, h->e.text, (int)want_rc, words);
	if (want_rc == RC_SYS && strstr(h->e.text, words) == NULL)
		fail_msg("said \"%s\", want \"%s\"", h->e.text, words);
}

static inline void
cannot_open(struct here *h, const char *words)
{
	here_open(h);
	ends_with(h, RC_SYS, words);
}

static inline struct datagram
packet(const char *text)
{
	return (struct datagram){ .part = { slice_str(text) } };
}

static inline size_t
say(struct here *h, const char *text)
{
	struct datagram d = packet(text);

	return conn_send(h->c, &d, 1);
}

/*
 * Packets of 1 to 3 parts, sizes from 0 to more than a TLS record holds, contents that tell one place from the next. `all` is what
 * they are in a row; they point into it.
 */
static inline size_t
make_packets(struct datagram *d, size_t max, size_t bytes, struct buf *all)
{
	uint32_t x = 1;
	size_t n = 0, at = 0;

	while (all->n < bytes)
		buf_u8(all, (uint8_t)((x = x * 1664525 + 1013904223) >> 24));
	for (; at < bytes && n < max; n++) {
		d[n] = (struct datagram){ 0 };
		for (size_t i = 0; i < 1 + n % CONN_PARTS && at < bytes; i++) {
			size_t want = n % 50 == 49 ? 40000 : (x = x * 1664525 + 1013904223) >> 22, left = bytes - at;

			d[n].part[i] = slice_of(all->p + at, want < left ? want : left);
			at += d[n].part[i].n;
		}
	}
	assert_int_equal(at, bytes);
	return n;
}

/* Sends all, the far end reading as it does. */
static inline void
send_all(struct here *h, const struct datagram *d, size_t n)
{
	size_t done = 0;

	h->turns = h->idle = 0;
	while (done < n) {
		size_t k = conn_send(h->c, d + done, n - done), whole = n - done < CONN_BATCH ? n - done : CONN_BATCH;

		done += k;
		if (k < whole)
			here_turn(h);
		if (conn_state(h->c) != CONN_OPEN)
			fail_msg("it ended: %s", h->e.text);
	}
}
#endif
