/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <sys/uio.h>

#include "base/xalloc.h"
#include "net/conn_impl.h"

#define OPEN_TIMEOUT_NS UINT64_C(10000000000)
#define USER_TIMEOUT_NS UINT64_C(20000000000)
#define SECOND UINT64_C(1000000000)

size_t
datagram_size(const struct datagram *d)
{
	size_t n = 0;

	for (size_t i = 0; i < CONN_PARTS; i++)
		n += d->part[i].n;
	return n;
}

size_t
conn_gather(const struct datagram *d, struct iovec *iov)
{
	size_t n = 0;

	for (size_t i = 0; i < CONN_PARTS; i++)
		if (d->part[i].n > 0)
			iov[n++] = (struct iovec){ (void *)(uintptr_t)d->part[i].p, d->part[i].n };
	return n;
}

static const char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

struct conn *
conn_new(const struct conn_conf *conf)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->conf = *conf;
	c->conf.iface = copy(conf->iface);
	c->conf.ca = copy(conf->ca);
	c->conf.cert = copy(conf->cert);
	c->conf.cert_key = copy(conf->cert_key);
	if (c->conf.open_timeout_ns == 0)
		c->conf.open_timeout_ns = OPEN_TIMEOUT_NS;
	if (c->conf.user_timeout_ns == 0)
		c->conf.user_timeout_ns = USER_TIMEOUT_NS;
	c->driver = conf->dest.transport == TRANSPORT_UDP ? &conn_udp_driver : &conn_stream_driver;
	c->impl = c->driver->new(c);
	return c;
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	conn_close(c);
	c->driver->free(c->impl);
	free((char *)(uintptr_t)c->conf.iface);
	free((char *)(uintptr_t)c->conf.ca);
	free((char *)(uintptr_t)c->conf.cert);
	free((char *)(uintptr_t)c->conf.cert_key);
	free(c);
}

void
conn_close(struct conn *c)
{
	if (c->state == CONN_CLOSED)
		return;
	c->unacked = c->driver->unacked(c->impl);
	c->unread = c->driver->unread(c->impl);
	c->driver->close(c->impl);
	c->state = CONN_CLOSED;
}

enum conn_state
conn_state(const struct conn *c)
{
	return c->state;
}

void
conn_open(struct conn *c, uint64_t now)
{
	if (c->state != CONN_CLOSED)
		return;
	c->state = CONN_OPENING;
	c->deadline = now + c->conf.open_timeout_ns;
	c->driver->open(c->impl, now);
}

enum rc
conn_step(struct conn *c, uint64_t now, struct err *e)
{
	enum rc rc;

	if (c->state == CONN_CLOSED)
		return RC_OK;
	rc = c->driver->step(c->impl, now, e);
	if (rc == RC_OK && c->state == CONN_OPENING && now >= c->deadline)
		rc = err_set(e, RC_SYS, "no answer within %llu s", (unsigned long long)(c->conf.open_timeout_ns / SECOND));
	if (rc != RC_OK)
		conn_close(c);
	return rc;
}

size_t
conn_fds(const struct conn *c, struct pollfd *fds, size_t max)
{
	return c->state != CONN_CLOSED ? c->driver->fds(c->impl, fds, max) : 0;
}

uint64_t
conn_due_ns(const struct conn *c)
{
	uint64_t due;

	if (c->state == CONN_CLOSED)
		return UINT64_MAX;
	due = c->driver->due(c->impl);
	return c->state == CONN_OPENING && c->deadline < due ? c->deadline : due;
}

size_t
conn_send(struct conn *c, const struct datagram *d, size_t n)
{
	size_t k;

	if (c->state != CONN_OPEN || n == 0)
		return 0;
	k = c->driver->send(c->impl, d, n < CONN_BATCH ? n : CONN_BATCH);
	c->count.taken += k;
	return k;
}

uint64_t
conn_unacked(const struct conn *c)
{
	return c->state != CONN_CLOSED ? c->driver->unacked(c->impl) : c->unacked;
}

uint64_t
conn_unread(const struct conn *c)
{
	return c->state != CONN_CLOSED ? c->driver->unread(c->impl) : c->unread;
}

void
conn_shutdown(struct conn *c)
{
	if (c->state != CONN_CLOSED)
		c->driver->shutdown(c->impl);
}

const struct conn_counts *
conn_counts(const struct conn *c)
{
	return &c->count;
}

const struct addr *
conn_local(const struct conn *c)
{
	return &c->local;
}

const struct addr *
conn_peer(const struct conn *c)
{
	return &c->peer;
}
