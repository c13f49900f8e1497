/* SPDX-License-Identifier: MIT */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/sock.h"

/* Shared by the asking side and the thread; the last one frees it. */
struct resolve {
	pthread_mutex_t lock;
	unsigned users;
	int fd;			/* -1: no thread */
	bool done;
	struct err err;
	enum rc rc;
	struct addr addr[RESOLVE_MAX];
	size_t n;
	uint16_t port;
	uint8_t family;
	char host[];
};

static void
release(struct resolve *r)
{
	bool last;

	pthread_mutex_lock(&r->lock);
	last = --r->users == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	if (r->fd >= 0)
		close(r->fd);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static enum rc
look_up(const char *host, uint16_t port, uint8_t family, struct addr addr[static RESOLVE_MAX], size_t *n, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int failed;

	*n = 0;
	hints.ai_family = family == FAMILY_IP4 ? AF_INET : family == FAMILY_IP6 ? AF_INET6 : AF_UNSPEC;
	failed = getaddrinfo(host, NULL, &hints, &found);
	for (struct addrinfo *a = found; failed == 0 && a != NULL && *n < RESOLVE_MAX; a = a->ai_next) {
		sock_addr_from(a->ai_addr, &addr[*n]);
		addr[*n].port = port;
		*n += addr[*n].family != FAMILY_NONE;
	}
	if (failed == 0)
		freeaddrinfo(found);
	if (*n == 0)
		return err_set(e, RC_SYS, "cannot resolve '%s': %s", host, failed != 0 ? gai_strerror(failed) : "no address");
	return RC_OK;
}

static void
ask(struct resolve *r)
{
	struct addr addr[RESOLVE_MAX];
	struct err e = { .text = "" };
	size_t n;
	enum rc rc = look_up(r->host, r->port, r->family, addr, &n, &e);

	pthread_mutex_lock(&r->lock);
	memcpy(r->addr, addr, n * sizeof(addr[0]));
	r->n = n;
	r->rc = rc;
	r->err = e;
	r->done = true;
	pthread_mutex_unlock(&r->lock);
}

static void *
run(void *arg)
{
	struct resolve *r = arg;

	ask(r);
	eventfd_write(r->fd, 1);
	release(r);
	return NULL;
}

/* An address needs no thread. False: it is none. */
static bool
is_address(struct resolve *r)
{
	struct addr *a = &r->addr[0];

	if (addr_parse(slice_str(r->host), a) != RC_OK)
		return false;
	a->port = r->port;
	r->n = 1;
	r->done = true;
	if (r->family != FAMILY_NONE && a->family != r->family)
		r->rc = err_set(&r->err, RC_SYS, "the address to send from is of the other IP version");
	return true;
}

/* Signals are for the thread that waits for them. */
static int
start_thread(struct resolve *r)
{
	sigset_t all, before;
	pthread_t thread;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed == 0)
		pthread_detach(thread);
	return failed;
}

struct resolve *
resolve_new(const char *host, uint16_t port, uint8_t family)
{
	size_t len = strlen(host);
	struct resolve *r = xcalloc(1, sizeof(*r) + len + 1);
	int failed;

	memcpy(r->host, host, len);
	r->port = port;
	r->family = family;
	r->fd = -1;
	r->users = 1;
	pthread_mutex_init(&r->lock, NULL);
	if (is_address(r))
		return r;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->users = 2;
	failed = r->fd < 0 ? errno : start_thread(r);
	if (failed == 0)
		return r;
	r->users = 1;
	r->done = true;
	r->rc = err_set(&r->err, RC_SYS, "cannot resolve '%s': %s", host, strerror(failed));
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	return r;
}

void
resolve_free(struct resolve *r)
{
	if (r != NULL)
		release(r);
}

int
resolve_fd(const struct resolve *r)
{
	return r->fd;
}

enum rc
resolve_get(struct resolve *r, struct addr out[static RESOLVE_MAX], size_t *n, struct err *e)
{
	enum rc rc = RC_MORE;

	pthread_mutex_lock(&r->lock);
	if (r->done) {
		rc = r->rc;
		*n = r->n;
		memcpy(out, r->addr, r->n * sizeof(out[0]));
		if (rc != RC_OK)
			*e = r->err;
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

enum rc
resolve_now(const char *host, uint16_t port, struct addr *out, struct err *e)
{
	struct addr all[RESOLVE_MAX];
	size_t n;
	enum rc rc = RC_OK;

	if (addr_parse(slice_str(host), &all[0]) == RC_OK)
		all[0].port = port;
	else
		rc = look_up(host, port, FAMILY_NONE, all, &n, e);
	if (rc == RC_OK)
		*out = all[0];
	return rc;
}
