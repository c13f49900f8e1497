/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/sock_diag.h>

#include "base/xalloc.h"
#include "capture/listen_part.h"
#include "hep/hep.h"
#include "net/sock.h"

#define DATAGRAMS 64
/* A little more than a datagram can have: buffers a power of two apart would share few lines of the cache. */
#define STRIDE (HEP_MAX + 1 + 832)

struct listen_batch {
	struct mmsghdr msg[DATAGRAMS];
	struct iovec iov[DATAGRAMS];
	struct sockaddr_storage from[DATAGRAMS];
	uint8_t *data;
	unsigned n, at;
};

struct listen_batch *
listen_batch_new(void)
{
	struct listen_batch *b = xcalloc(1, sizeof(*b));

	b->data = xhuge(DATAGRAMS * STRIDE);
	for (size_t i = 0; i < DATAGRAMS; i++) {
		b->iov[i] = (struct iovec){ b->data + i * STRIDE, HEP_MAX + 1 };
		b->msg[i].msg_hdr = (struct msghdr){ .msg_iov = &b->iov[i], .msg_iovlen = 1, .msg_name = &b->from[i] };
	}
	return b;
}

void
listen_batch_free(struct listen_batch *b)
{
	if (b == NULL)
		return;
	xhuge_free(b->data, DATAGRAMS * STRIDE);
	free(b);
}

void
listen_batch_from(const struct listen_batch *b, struct addr *out)
{
	sock_addr_from((const struct sockaddr *)&b->from[b->at > 0 ? b->at - 1 : 0], out);
}

static enum rc
udp_turn(struct listen *l, struct listen_item *i, struct err *e)
{
	struct listen_batch *b = l->batch;
	int n;

	for (unsigned k = 0; k < DATAGRAMS; k++)
		b->msg[k].msg_hdr.msg_namelen = sizeof(b->from[k]);
	n = recvmmsg(i->fd, b->msg, DATAGRAMS, MSG_DONTWAIT, NULL);
	b->at = 0;
	b->n = n > 0 ? (unsigned)n : 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOMEM && errno != ENOBUFS)
		return err_set(e, RC_SYS, "receive: %s", strerror(errno));
	return RC_OK;
}

static enum rc
udp_next(struct listen *l, struct listen_item *i, struct listen_packet *p)
{
	struct listen_batch *b = l->batch;

	if (b->at == b->n)
		return RC_MORE;
	p->data = slice_of(b->iov[b->at].iov_base, b->msg[b->at].msg_len);
	p->point = i->point;
	b->at++;
	return RC_OK;
}

const struct listen_ops listen_udp_ops = { udp_turn, udp_next };

size_t
listen_udp_buffer(int fd, size_t size)
{
	int want = size > INT32_MAX ? INT32_MAX : (int)size, got = 0;
	socklen_t n = sizeof(got);

	/* without the right to exceed net.core.rmem_max, as much as it allows */
	if (want > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof(want)) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want));
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &n) != 0)
		return 0;
	return (size_t)got / 2;		/* socket(7): it says twice what was asked for, for its own overhead */
}

uint32_t
listen_udp_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &n) == 0 ? info[SK_MEMINFO_DROPS] : 0;
}
