/* SPDX-License-Identifier: MIT */
#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
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
look_up(const char *host, uint16_t port, struct addr addr[static RESOLVE_MAX], size_t *n, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int failed = getaddrinfo(host, NULL, &hints, &found);

	*n = 0;
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
	enum rc rc = look_up(r->host, r->port, addr, &n, &e);

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

struct resolve *
resolve_new(const char *host, uint16_t port)
{
	size_t len = strlen(host);
	struct resolve *r = xcalloc(1, sizeof(*r) + len + 1);
	pthread_t thread;

	memcpy(r->host, host, len);
	r->port = port;
	r->fd = -1;
	r->users = 1;
	pthread_mutex_init(&r->lock, NULL);
	if (addr_parse(slice_str(host), &r->addr[0]) == RC_OK) {
		r->addr[0].port = port;
		r->n = 1;
		r->done = true;
		return r;
	}
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->users = 2;
	if (r->fd < 0 || pthread_create(&thread, NULL, run, r) != 0) {
		r->users = 1;
		ask(r);		/* then the caller waits: better than not at all */
	} else {
		pthread_detach(thread);
	}
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
		rc = look_up(host, port, all, &n, e);
	if (rc == RC_OK)
		*out = all[0];
	return rc;
}
