/* SPDX-License-Identifier: MIT */
/* conn_udp - sendmmsg over a connected socket; what the network sends back is counted from the error queue. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/conn_impl.h"
#include "net/resolve.h"
#include "net/sock.h"

#define NOBUFS_WAIT_NS UINT64_C(1000000)	/* a full interface queue raises no event */

struct udp {
	struct conn *conn;
	int fd;			/* -1: not open */
	struct resolve *resolve;
	size_t turn;		/* which of the name's addresses */
	uint64_t returned;	/* counted when it was opened */
	bool full;		/* wants to know when there is room */
	bool nobufs;
	uint64_t retry_at;
	struct mmsghdr msgs[CONN_BATCH];
	struct iovec iov[CONN_MAX_IOV];
};

static void *
udp_new(struct conn *c)
{
	struct udp *u = xcalloc(1, sizeof(*u));

	u->conn = c;
	u->fd = -1;
	return u;
}

static void
udp_close(void *arg)
{
	struct udp *u = arg;

	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	resolve_free(u->resolve);
	u->resolve = NULL;
	u->full = u->nobufs = false;
	u->retry_at = 0;
	u->turn += u->conn->count.lost[CONN_RETURNED] != u->returned;
	u->returned = u->conn->count.lost[CONN_RETURNED];
}

static void
udp_free(void *arg)
{
	free(arg);
}

static enum rc
udp_connect(struct udp *u, struct err *e)
{
	struct addr all[RESOLVE_MAX];
	size_t n;
	enum rc rc = resolve_get(u->resolve, all, &n, e);
	struct conn *c = u->conn;

	if (rc != RC_OK)
		return rc == RC_MORE ? RC_OK : rc;
	for (size_t i = 0; i < n; i++, u->turn++) {	/* some may be of an IP version that this host has no route for */
		c->peer = all[u->turn % n];
		rc = sock_udp_connect(&c->peer, &c->conf.from, c->conf.iface, &u->fd, &c->local, e);
		if (rc == RC_OK)
			break;
	}
	if (rc != RC_OK)
		return rc;
	resolve_free(u->resolve);
	u->resolve = NULL;
	u->returned = c->count.lost[CONN_RETURNED];
	c->state = CONN_OPEN;
	return RC_OK;
}

static void
udp_open(void *arg, uint64_t now)
{
	struct udp *u = arg;
	struct err e;

	(void)now;
	u->resolve = resolve_new(u->conn->conf.dest.host, u->conn->conf.dest.port, u->conn->conf.from.family);
	if (resolve_fd(u->resolve) < 0 && udp_connect(u, &e) != RC_OK)
		return;		/* conn_step comes to the same end, and says it */
}

/* Datagrams that came back were counted as sent. Returns how many did. */
static unsigned
take_returned(struct udp *u)
{
	struct conn_counts *c = &u->conn->count;
	unsigned n = sock_returned(u->fd, &c->returned_errno);

	c->lost[CONN_RETURNED] += n;
	c->sent -= n;
	return n;
}

static enum rc
udp_step(void *arg, uint64_t now, struct err *e)
{
	struct udp *u = arg;

	if (u->fd < 0)
		return udp_connect(u, e);
	(void)take_returned(u);
	u->full = false;
	u->retry_at = u->nobufs ? now + NOBUFS_WAIT_NS : now < u->retry_at ? u->retry_at : 0;
	u->nobufs = false;
	return RC_OK;
}

static size_t
udp_fds(const void *arg, struct pollfd *p, size_t max)
{
	const struct udp *u = arg;

	if (max == 0)
		return 0;
	if (u->fd < 0)
		p[0] = (struct pollfd){ .fd = resolve_fd(u->resolve), .events = POLLIN };
	else
		p[0] = (struct pollfd){ .fd = u->fd, .events = u->full ? POLLOUT : 0 };	/* POLLERR comes unasked */
	return 1;
}

static bool
stopped(const struct udp *u)
{
	return u->conn->conf.stop_returned && u->conn->count.lost[CONN_RETURNED] != u->returned;
}

static uint64_t
udp_due(const void *arg)
{
	const struct udp *u = arg;

	return u->nobufs || stopped(u) ? 0 : u->retry_at != 0 ? u->retry_at : UINT64_MAX;
}

/* The first datagram was refused. Returns how many are done with: 0 means try again; SIZE_MAX: no more now. */
static size_t
udp_refused(struct udp *u, int why)
{
	struct conn_counts *c = &u->conn->count;
	unsigned returned = take_returned(u);

	switch (why) {
	case EINTR:
		return 0;
	case EAGAIN:
		u->full = true;
		return SIZE_MAX;
	case ENOBUFS:
		u->nobufs = true;
		return SIZE_MAX;
	case EMSGSIZE:
		c->lost[CONN_TOO_LARGE]++;
		return 1;
	default:
		if (returned > 0)	/* the error was about an earlier one; it is cleared now */
			return 0;
		c->failed_errno = why;
		c->lost[CONN_FAILED]++;
		return 1;
	}
}

static size_t
udp_send(void *arg, const struct datagram *d, size_t n)
{
	struct udp *u = arg;
	struct conn_counts *c = &u->conn->count;
	struct iovec *iov = u->iov;
	size_t done = 0;

	u->retry_at = 0;
	for (size_t i = 0; i < n; i++) {
		size_t parts = conn_gather(&d[i], iov);

		u->msgs[i].msg_hdr = (struct msghdr){ .msg_iov = iov, .msg_iovlen = parts };
		iov += parts;
	}
	while (done < n && !stopped(u)) {
		int got = sendmmsg(u->fd, u->msgs + done, (unsigned)(n - done), 0);

		if (got < 0) {
			size_t k = udp_refused(u, errno);

			if (k == SIZE_MAX)
				break;
			done += k;
			continue;
		}
		for (int i = 0; i < got; i++)
			c->bytes += u->msgs[done + (size_t)i].msg_len;
		c->sent += (uint64_t)got;
		done += (size_t)got;
		/* Fewer than asked for: the error that stopped it is not told, and may have been about earlier ones. */
		if (done < n)
			(void)take_returned(u);
	}
	return done;
}

static uint64_t
udp_unacked(const void *arg)
{
	(void)arg;
	return 0;
}

static uint64_t
udp_unread(void *arg)
{
	(void)arg;
	return 0;
}

static void
udp_shutdown(void *arg)
{
	(void)arg;	/* nothing is kept, and there is nobody to tell */
}

const struct conn_driver conn_udp_driver = {
	.new = udp_new,
	.free = udp_free,
	.open = udp_open,
	.close = udp_close,
	.step = udp_step,
	.fds = udp_fds,
	.due = udp_due,
	.send = udp_send,
	.unacked = udp_unacked,
	.unread = udp_unread,
	.shutdown = udp_shutdown,
};
