/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/listen_part.h"
#include "capture/listen_tls.h"
#include "net/sock.h"

#define ACCEPTS 64		/* of one turn of a door */
/* An idle connection is asked for a sign of life after a minute, and given up 60 s later. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_EVERY_S 15
#define KEEPALIVE_PROBES 4

static struct listen_peer *
peer_of(struct listen_item *i)
{
	return (struct listen_peer *)i;		/* its first member */
}

static void
leave_halves(struct listen *l, struct listen_peer *c)
{
	if (c->half)
		TAILQ_REMOVE(&l->halves, c, halves);
	c->half = false;
}

static void
leave_silents(struct listen *l, struct listen_peer *c)
{
	if (c->silent)
		TAILQ_REMOVE(&l->silents, c, silents);
	c->silent = false;
}

/* Closes and frees it. `reason` and `packets` (NULL: none held is lost) are the counters of why. */
static void
peer_close(struct listen *l, struct listen_peer *c, uint64_t *reason, uint64_t *packets)
{
	listen_forget(l, &c->item);
	leave_halves(l, c);
	leave_silents(l, c);
	LIST_REMOVE(c, all);
	(*reason)++;
	if (packets != NULL && hep_stream_held(&c->stream) > 0)
		(*packets)++;
	l->stats.conns_open--;
	listen_tls_peer_free(c->tls);
	hep_stream_reset(&c->stream);
	close(c->item.fd);
	free(c);
}

/* Its text for a message; the buffer is the caller's. */
static const char *
peer_text(const struct listen_peer *c, char text[static SOCKET_TEXT])
{
	socket_format(c->item.transport, &c->from, text);
	return text;
}

/* A half packet has until since_ns + stall_ns, however its bytes drip. */
static void
watch_half(struct listen *l, struct listen_peer *c)
{
	bool handshake = c->tls != NULL && !listen_tls_ready(c->tls);

	if (!handshake && hep_stream_held(&c->stream) == 0) {
		leave_halves(l, c);
		return;
	}
	if (c->half && c->since_packets == c->stream.packets)
		return;
	leave_halves(l, c);
	c->half = true;
	c->since_ns = l->now_ns;
	c->since_packets = c->stream.packets;
	TAILQ_INSERT_TAIL(&l->halves, c, halves);
}

static void
peer_failed(struct listen *l, struct listen_peer *c, const char *why)
{
	char text[SOCKET_TEXT];

	if (c->tls != NULL && !listen_tls_ready(c->tls)) {
		listen_say(l, "TLS handshakes that failed", "%s: handshake: %s", peer_text(c, text), why);
		peer_close(l, c, &l->stats.conns_handshake, NULL);
		return;
	}
	listen_say(l, "connections that broke", "%s: %s", peer_text(c, text), why);
	peer_close(l, c, &l->stats.conns_reset, &l->stats.cut);
}

static enum rc
read_tls(struct listen *l, struct listen_peer *c, size_t *got, struct err *e)
{
	bool writing = false;
	enum rc rc = listen_tls_read(c->tls, l->bytes, LISTEN_READ, got, &writing, e);

	if (rc == RC_MORE && writing != c->writing) {
		c->writing = writing;
		return listen_watch(l, &c->item, writing ? EPOLLOUT : EPOLLIN, true, e) == RC_OK ? RC_MORE : RC_SYS;
	}
	return rc;
}

static enum rc
read_plain(struct listen *l, struct listen_peer *c, size_t *got, struct err *e)
{
	ssize_t n = recv(c->item.fd, l->bytes, LISTEN_READ, MSG_DONTWAIT);

	if (n == 0)
		return RC_END;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? RC_MORE : err_set(e, RC_SYS, "%s", strerror(errno));
	*got = (size_t)n;
	return RC_OK;
}

static enum rc
peer_turn(struct listen *l, struct listen_item *i, struct err *e)
{
	struct listen_peer *c = peer_of(i);
	struct err why = { .text = "" };
	size_t got = 0;

	(void)e;
	switch (c->tls != NULL ? read_tls(l, c, &got, &why) : read_plain(l, c, &got, &why)) {
	case RC_OK:
	case RC_MORE:
		break;
	case RC_END:
		c->ended = true;
		break;
	default:
		peer_failed(l, c, why.text);
		return RC_OK;		/* it is a connection that failed, not the socket that we listen on */
	}
	l->in = slice_of(l->bytes, got);
	return RC_OK;
}

static enum rc
peer_next(struct listen *l, struct listen_item *i, struct listen_packet *p)
{
	struct listen_peer *c = peer_of(i);
	char text[SOCKET_TEXT];

	switch (hep_stream_next(&c->stream, &l->in, &p->data)) {
	case RC_OK:
		p->point = i->point;
		leave_silents(l, c);
		l->from = c->from;
		return RC_OK;
	case RC_MORE:
		break;
	default:
		listen_say(l, "connections that bring no HEP", "%s: no HEP version 3: connection closed", peer_text(c, text));
		l->stats.garbage++;
		peer_close(l, c, &l->stats.conns_garbage, NULL);
		return RC_MORE;
	}
	if (!c->ended) {
		watch_half(l, c);
		return RC_MORE;
	}
	if (hep_stream_held(&c->stream) > 0)
		listen_say(l, "connections that end within a packet", "%s: ends within a packet", peer_text(c, text));
	peer_close(l, c, &l->stats.conns_closed, &l->stats.cut);
	return RC_MORE;
}

const struct listen_ops listen_peer_ops = { peer_turn, peer_next };

static void
set_keepalive(int fd)
{
	static const struct { int level, name, value; } set[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES },
	};

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)	/* without it, a dead peer just stays longer */
		(void)setsockopt(fd, set[i].level, set[i].name, &set[i].value, sizeof(set[i].value));
}

/* Room for one more; false: refuse it. */
static bool
make_room(struct listen *l)
{
	struct listen_peer *oldest = TAILQ_FIRST(&l->silents);
	char text[SOCKET_TEXT];

	if (l->stats.conns_open < l->conf.max_conns)
		return true;
	if (oldest == NULL) {
		listen_say(l, "connections that are too many", "more than %zu connections: a new one is refused", l->conf.max_conns);
		return false;
	}
	listen_say(l, "connections that made room", "%s: silent, and more than %zu connections: closed", peer_text(oldest, text),
	    l->conf.max_conns);
	peer_close(l, oldest, &l->stats.conns_evicted, &l->stats.cut);
	return true;
}

static void
welcome(struct listen *l, const struct listen_item *door, int fd, const struct sockaddr *from)
{
	struct listen_peer *c;
	struct err e;

	l->stats.conns++;
	if (!make_room(l)) {
		l->stats.conns_refused++;
		close(fd);
		return;
	}
	set_keepalive(fd);
	c = xcalloc(1, sizeof(*c));
	c->item = (struct listen_item){ .ops = &listen_peer_ops, .fd = fd, .point = door->point, .transport = door->transport };
	sock_addr_from(from, &c->from);
	if (door->transport == TRANSPORT_TLS)
		c->tls = listen_tls_peer_new(l->tls, fd);
	l->stats.conns_open++;
	LIST_INSERT_HEAD(&l->peers, c, all);
	TAILQ_INSERT_TAIL(&l->silents, c, silents);
	c->silent = true;
	watch_half(l, c);
	if (listen_watch(l, &c->item, EPOLLIN, false, &e) != RC_OK)
		peer_failed(l, c, e.text);
}

/* No descriptor, or no memory, for another connection: they wait in the kernel's queue until the next tick. */
static void
shut_doors(struct listen *l)
{
	struct err e;

	listen_say(l, "connections that have to wait", "a connection has to wait: %s", strerror(errno));
	l->doors_shut = true;
	for (size_t i = 0; i < l->n; i++)
		if (l->socket[i].ops == &listen_door_ops && l->socket[i].fd >= 0 &&
		    listen_watch(l, &l->socket[i], 0, true, &e) != RC_OK)
			listen_say(l, "doors", "%s", e.text);
}

static enum rc
door_turn(struct listen *l, struct listen_item *i, struct err *e)
{
	for (int n = 0; n < ACCEPTS && !l->doors_shut; n++) {
		struct sockaddr_storage from = { 0 };
		socklen_t size = sizeof(from);
		int fd = accept4(i->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			welcome(l, i, fd, (struct sockaddr *)&from);
			continue;
		}
		switch (errno) {
		case EAGAIN:
			return RC_OK;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			shut_doors(l);
			break;
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			return err_set(e, RC_SYS, "accept: %s", strerror(errno));
		default:	/* accept(2): what is wrong with that one connection comes out here */
			break;
		}
	}
	return RC_OK;
}

const struct listen_ops listen_door_ops = { door_turn, NULL };

void
listen_peers_expire(struct listen *l, uint64_t now_ns)
{
	struct listen_peer *c = TAILQ_FIRST(&l->halves), *next;
	char text[SOCKET_TEXT];

	for (; c != NULL && now_ns >= c->since_ns && now_ns - c->since_ns >= l->conf.stall_ns; c = next) {
		next = TAILQ_NEXT(c, halves);
		if (&c->item == l->turn)	/* its packets are being handed out */
			continue;
		listen_say(l, "connections that stall", "%s: %s not finished in time: connection closed", peer_text(c, text),
		    hep_stream_held(&c->stream) > 0 ? "a packet" : "the handshake");
		peer_close(l, c, &l->stats.conns_stalled, &l->stats.stalled);
	}
}

void
listen_peers_end(struct listen *l)
{
	struct listen_peer *c;

	while ((c = LIST_FIRST(&l->peers)) != NULL)
		peer_close(l, c, &l->stats.conns_closed, &l->stats.unfinished);
}
