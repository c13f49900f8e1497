/* SPDX-License-Identifier: MIT */
#include "capture/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/listen_part.h"
#include "capture/listen_tls.h"
#include "net/dest.h"
#include "net/resolve.h"
#include "net/sock.h"

#define BACKLOG 1024

/* Where to listen, as text and as address. */
struct place {
	uint8_t transport;
	bool dual;		/* all addresses of both families */
	struct addr addr;
};

static enum rc
scheme_of(struct slice *s, uint8_t *transport)
{
	size_t colon = slice_chr(*s, ':');

	if (transport_parse(slice_head(*s, colon), transport) != RC_OK || *transport > TRANSPORT_TLS)
		return RC_BAD;
	*s = slice_skip(*s, colon + 1);
	return RC_OK;
}

static size_t
last_colon(struct slice s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] != ':')
		n--;
	return n > 0 ? n - 1 : s.n;
}

static enum rc
place_parse(const char *text, struct place *out, struct err *e)
{
	struct slice s = slice_str(text), host;
	struct dest d = { 0 };
	uint64_t port;
	size_t colon;

	*out = (struct place){ 0 };
	if (scheme_of(&s, &out->transport) != RC_OK)
		return err_set(e, RC_BAD, "%s: begins with none of udp:, tcp:, tls:", text);
	colon = last_colon(s);
	host = slice_head(s, colon);
	if (colon == s.n || !slice_u64(slice_skip(s, colon + 1), UINT16_MAX, &port))
		return err_set(e, RC_BAD, "%s: write HOST:PORT behind %.*s:, with a port from 0 to 65535", text, (int)(s.p - (const uint8_t *)text) - 1, text);
	if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = slice_of(host.p + 1, host.n - 2);
	else if (slice_chr(host, ':') != host.n)
		return err_set(e, RC_BAD, "%s: an IPv6 address needs brackets: [::1]:9060", text);
	if (host.n == 0 || host.n >= sizeof(d.host))
		return err_set(e, RC_BAD, "%s: no host; * is all addresses", text);
	if (slice_eq(host, slice_str("*"))) {
		out->dual = true;
		out->addr.family = FAMILY_IP6;
	} else {
		struct err why;

		memcpy(d.host, host.p, host.n);
		if (resolve_now(d.host, (uint16_t)port, &out->addr, &why) != RC_OK)
			return err_set(e, RC_SYS, "%s: %s", text, why.text);
	}
	out->addr.port = (uint16_t)port;
	return RC_OK;
}

static int
bound_socket(const struct place *p)
{
	bool udp = p->transport == TRANSPORT_UDP;
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(&p->addr, &sa);
	int fd = socket(sa.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, only = !p->dual, saved;

	if (fd < 0)
		return -1;
	if ((p->addr.family != FAMILY_IP6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0) &&
	    /* a port whose old connections linger may be bound again; not so with UDP, where two would share it */
	    (udp || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0) &&
	    bind(fd, (struct sockaddr *)&sa, n) == 0 && (udp || listen(fd, BACKLOG) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static enum rc
add_socket(struct listen *l, struct place *p, const char *text, struct err *e)
{
	struct listen_item *i = &l->socket[l->n];
	int fd = bound_socket(p);

	if (fd < 0 && p->dual && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {	/* a host without IPv6 */
		p->addr.family = FAMILY_IP4;
		p->dual = false;
		fd = bound_socket(p);
	}
	if (fd < 0)
		return err_set(e, RC_SYS, "%s: %s", text, strerror(errno));
	*i = (struct listen_item){
		.ops = p->transport == TRANSPORT_UDP ? &listen_udp_ops : &listen_door_ops,
		.fd = fd, .point = (uint16_t)l->n, .transport = p->transport, .dual = p->dual,
	};
	l->n++;
	if (p->transport == TRANSPORT_UDP)
		(void)listen_udp_buffer(fd, l->conf.buffer);
	return listen_watch(l, i, EPOLLIN, false, e);
}

/* What the transports in use need. */
static enum rc
add_needs(struct listen *l, uint8_t transport, struct err *e)
{
	if (transport == TRANSPORT_UDP) {
		if (l->batch == NULL)
			l->batch = listen_batch_new();
		return RC_OK;
	}
	if (l->bytes == NULL)
		l->bytes = xmalloc(LISTEN_READ);
	if (transport == TRANSPORT_TCP || l->tls != NULL)
		return RC_OK;
	if (l->conf.cert == NULL)
		return err_set(e, RC_BAD, "tls: needs a certificate");
	return listen_tls_new(l->conf.cert, l->conf.cert_key, l->conf.client_ca, &l->tls, e);
}

enum rc
listen_open(const struct listen_conf *conf, struct listen **out, struct err *e)
{
	struct listen *l = xcalloc(1, sizeof(*l));
	enum rc rc = RC_OK;

	l->conf = *conf;
	LIST_INIT(&l->peers);
	TAILQ_INIT(&l->halves);
	TAILQ_INIT(&l->silents);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		rc = err_set(e, RC_SYS, "epoll: %s", strerror(errno));
	else if (conf->n > LISTEN_MAX)
		rc = err_set(e, RC_BAD, "more than %d sockets", LISTEN_MAX);
	for (size_t i = 0; rc == RC_OK && i < conf->n; i++) {
		struct place p;

		rc = place_parse(conf->where[i], &p, e);
		if (rc == RC_OK)
			rc = add_needs(l, p.transport, e);
		if (rc == RC_OK)
			rc = add_socket(l, &p, conf->where[i], e);
	}
	if (rc == RC_OK)
		*out = l;
	else
		listen_close(l);
	return rc;
}

enum rc
listen_watch(struct listen *l, struct listen_item *i, uint32_t events, bool changed, struct err *e)
{
	struct epoll_event ev = { .events = events, .data = { .ptr = i } };

	if (epoll_ctl(l->epoll, changed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, i->fd, &ev) != 0)
		return err_set(e, RC_SYS, "epoll: %s", strerror(errno));
	return RC_OK;
}

void
listen_forget(struct listen *l, const struct listen_item *gone)
{
	for (size_t i = l->ready_at; i < l->ready_n; i++)
		if (l->ready[i] == gone)
			l->ready[i] = NULL;
	if (l->turn == gone)
		l->turn = NULL;
	if (l->last == gone)
		l->last = NULL;
}

void
listen_say(struct listen *l, const char *cause, const char *fmt, ...)
{
	struct err e = { .text = "" };
	va_list ap;

	if (l->conf.say == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	l->conf.say(l->conf.arg, cause, &e);
}

static bool
any_socket(const struct listen *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->socket[i].fd >= 0)
			return true;
	return false;
}

/* Level-triggered epoll hands out what is ready in turns, so a look at 64 of 1000 starves none. */
static size_t
look(struct listen *l)
{
	struct epoll_event ev[LISTEN_READY];
	int n = epoll_wait(l->epoll, ev, LISTEN_READY, 0);

	l->ready_at = l->ready_n = 0;
	for (int i = 0; i < n; i++)
		l->ready[l->ready_n++] = ev[i].data.ptr;
	return l->ready_n;
}

static enum rc
begin_turn(struct listen *l, struct listen_item *i, struct err *e)
{
	struct err why = { .text = "" };
	enum rc rc;

	l->turn = i->ops->next != NULL ? i : NULL;
	rc = i->ops->turn(l, i, &why);
	if (rc == RC_OK)
		return RC_OK;
	l->turn = NULL;
	close(i->fd);
	i->fd = -1;
	return err_set(e, RC_SYS, "%s: %s", l->conf.where[i->point], why.text);
}

enum rc
listen_next(struct listen *l, uint64_t now_ns, struct listen_packet *p, struct err *e)
{
	l->now_ns = now_ns;
	for (;;) {
		struct listen_item *i = l->turn;

		if (i != NULL && i->ops->next(l, i, p) == RC_OK) {
			l->last = i;
			return RC_OK;
		}
		l->turn = NULL;
		if (l->ready_at == l->ready_n && look(l) == 0)
			return any_socket(l) ? RC_MORE : RC_END;
		i = l->ready[l->ready_at++];
		if (i != NULL && i->fd >= 0 && begin_turn(l, i, e) != RC_OK)
			return RC_SYS;
	}
}

void
listen_from(const struct listen *l, struct addr *out)
{
	*out = l->from;
	if (l->last != NULL && l->last->transport == TRANSPORT_UDP)
		listen_batch_from(l->batch, out);
}

int
listen_fd(const struct listen *l)
{
	return l->epoll;
}

static void
read_drops(struct listen *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->socket[i].transport == TRANSPORT_UDP && l->socket[i].fd >= 0) {
			uint32_t now = listen_udp_drops(l->socket[i].fd);

			l->stats.kernel_drops += (uint32_t)(now - l->drops[i]);
			l->drops[i] = now;
		}
}

void
listen_tick(struct listen *l, uint64_t now_ns)
{
	struct err e;

	read_drops(l);
	listen_peers_expire(l, now_ns);
	if (!l->doors_shut)
		return;
	l->doors_shut = false;
	for (size_t i = 0; i < l->n; i++)
		if (l->socket[i].ops == &listen_door_ops && l->socket[i].fd >= 0 &&
		    listen_watch(l, &l->socket[i], EPOLLIN, true, &e) != RC_OK)
			listen_say(l, "doors", "%s", e.text);
}

void
listen_end(struct listen *l)
{
	read_drops(l);
	listen_peers_end(l);
}

const struct listen_stats *
listen_stats(const struct listen *l)
{
	return &l->stats;
}

bool
listen_socket(const struct listen *l, size_t i, uint8_t *transport, struct addr *local, size_t *buffer)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);

	if (i >= l->n)
		return false;
	*transport = l->socket[i].transport;
	*local = (struct addr){ 0 };
	if (getsockname(l->socket[i].fd, (struct sockaddr *)&sa, &n) == 0)
		sock_addr_from((struct sockaddr *)&sa, local);
	*buffer = *transport == TRANSPORT_UDP ? listen_udp_buffer(l->socket[i].fd, 0) : 0;
	return true;
}

void
listen_close(struct listen *l)
{
	if (l == NULL)
		return;
	listen_peers_end(l);
	for (size_t i = 0; i < l->n; i++)
		if (l->socket[i].fd >= 0)
			close(l->socket[i].fd);
	if (l->epoll >= 0)
		close(l->epoll);
	listen_batch_free(l->batch);
	listen_tls_free(l->tls);
	free(l->bytes);
	free(l);
}
