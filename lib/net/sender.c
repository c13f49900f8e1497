/* SPDX-License-Identifier: MIT */
#include "net/sender.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "net/sock.h"

#define NOBUFS_WAIT_MS 1	/* a full interface queue raises no event */

struct sender {
	int fd;
	struct addr local, peer;
	struct sender_conf conf;
	struct sender_counts count;
	struct mmsghdr msgs[SENDER_BATCH];
	struct iovec iov[SENDER_BATCH][SENDER_PARTS];
};

enum rc
sender_new(const struct addr *to, const struct sender_conf *conf, struct sender **out, struct err *e)
{
	struct sender *s = xcalloc(1, sizeof(*s));
	enum rc rc = sock_udp_connect(to, &s->fd, &s->local, e);

	if (rc != RC_OK) {
		free(s);
		return rc;
	}
	s->peer = *to;
	if (conf != NULL)
		s->conf = *conf;
	*out = s;
	return RC_OK;
}

void
sender_free(struct sender *s)
{
	if (s == NULL)
		return;
	close(s->fd);
	free(s);
}

const struct sender_counts *
sender_counts(const struct sender *s)
{
	return &s->count;
}

const struct addr *
sender_local(const struct sender *s)
{
	return &s->local;
}

const struct addr *
sender_peer(const struct sender *s)
{
	return &s->peer;
}

/* Datagrams that came back were counted as sent. Returns how many did. */
static unsigned
take_returned(struct sender *s)
{
	unsigned n = sock_returned(s->fd, &s->count.returned_errno);

	s->count.lost[SENDER_RETURNED] += n;
	s->count.sent -= n;
	return n;
}

void
sender_poll(struct sender *s)
{
	(void)take_returned(s);
}

static void
gather(struct sender *s, const struct datagram *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t parts = 0;

		for (size_t k = 0; k < SENDER_PARTS; k++)
			if (d[i].part[k].n > 0)
				s->iov[i][parts++] = (struct iovec){ (void *)d[i].part[k].p, d[i].part[k].n };
		s->msgs[i].msg_hdr = (struct msghdr){ .msg_iov = s->iov[i], .msg_iovlen = parts };
	}
}

/* False: told to stop. */
static bool
wait_room(struct sender *s, int why)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	int got = why == ENOBUFS ? poll(NULL, 0, NOBUFS_WAIT_MS) : poll(&p, 1, -1);

	return got >= 0 || errno != EINTR || s->conf.stop == NULL || !s->conf.stop(s->conf.arg);
}

static void
lose(struct sender *s, enum sender_loss why, size_t n)
{
	s->count.lost[why] += n;
}

/* The first datagram was refused with `why`. Returns how many of `n` are done with: 0 means try again. */
static size_t
refused(struct sender *s, int why, size_t n, bool wait)
{
	unsigned returned = take_returned(s);

	switch (why) {
	case EINTR:
		return 0;
	case EAGAIN:
	case ENOBUFS:
		if (wait && wait_room(s, why))
			return 0;
		lose(s, SENDER_FULL, n);
		return n;
	case EMSGSIZE:
		lose(s, SENDER_TOO_LARGE, 1);
		return 1;
	default:
		if (returned > 0)	/* the error was about an earlier one; it is cleared now */
			return 0;
		s->count.failed_errno = why;
		lose(s, SENDER_FAILED, 1);
		return 1;
	}
}

/* At most SENDER_BATCH. */
static void
send_batch(struct sender *s, const struct datagram *d, size_t n, bool wait)
{
	size_t done = 0;

	gather(s, d, n);
	while (done < n) {
		int got = sendmmsg(s->fd, s->msgs + done, (unsigned)(n - done), 0);

		if (got < 0) {
			done += refused(s, errno, n - done, wait);
			continue;
		}
		s->count.sent += (size_t)got;
		done += (size_t)got;
		/* Fewer than asked for: the error that stopped it is not told, and may have been about earlier ones. */
		if (done < n)
			(void)take_returned(s);
	}
}

void
sender_send(struct sender *s, const struct datagram *d, size_t n, bool wait)
{
	s->count.offered += n;
	for (; n > SENDER_BATCH; d += SENDER_BATCH, n -= SENDER_BATCH)
		send_batch(s, d, SENDER_BATCH, wait);
	send_batch(s, d, n, wait);
}
