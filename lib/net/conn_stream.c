/* SPDX-License-Identifier: MIT */
/*
 * conn_stream - TCP and TLS. libcurl resolves, connects (every address of the name) and does TLS with its verification; over TCP the bytes
 * then go from the caller's memory into its socket by sendmsg, over TLS through curl_easy_send.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/sockios.h>
#include <linux/tcp.h>	/* has tcpi_snd_wnd, which netinet/tcp.h lacks */

#include "base/xalloc.h"
#include "net/conn_stream.h"

#define LOOK_NS UINT64_C(20000000)	/* the end of a TLS connection: whether all is acknowledged is looked after so often */
#define TLS_PIECE 16384			/* bytes of one TLS record */
#define DROP_MAX 16			/* reads of what the peer sends, in one step */

static void *
stream_new(struct conn *c)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->conn = c;
	s->fd = -1;
	s->tls = c->conf.dest.transport == TRANSPORT_TLS;
	return s;
}

static void
stream_close(void *arg)
{
	struct stream *s = arg;

	if (s->easy != NULL) {
		s->curl->curl_multi_remove_handle(s->multi, s->easy);
		s->curl->curl_easy_cleanup(s->easy);
		s->curl->curl_multi_cleanup(s->multi);	/* closes the socket, TLS in good order */
		s->curl->curl_slist_free_all(s->addrs);
	}
	resolve_free(s->resolve);
	s->resolve = NULL;
	s->addrs = NULL;
	s->easy = NULL;
	s->multi = NULL;
	s->fd = -1;
	s->wanted_n = 0;
	buf_clear(&s->kept);
	s->kept_at = 0;
	s->full = s->ending = s->ended = false;
	s->broken = 0;
	s->widest = 0;
	s->confirm_until = 0;
}

static void
stream_free(void *arg)
{
	struct stream *s = arg;

	buf_reset(&s->kept);
	free(s);
}

/* Writes from `p` on. Returns what was taken; less: full or broken. */
static size_t
write_bytes(struct stream *s, const uint8_t *p, size_t n)
{
	size_t done = 0, got;

	while (done < n) {
		if (s->tls) {
			CURLcode code = s->curl->curl_easy_send(s->easy, p + done, n - done, &got);

			if (code != CURLE_OK) {
				s->full = true;
				s->broken = code == CURLE_AGAIN ? 0 : -1;
				s->broken_code = code;
				break;
			}
			done += got;
		} else {
			ssize_t k = send(s->fd, p + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);

			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0) {
				s->full = true;
				s->broken = errno == EAGAIN || errno == ENOBUFS ? 0 : errno;
				break;
			}
			done += (size_t)k;
		}
	}
	return done;
}

/* True: nothing is kept any more. */
static bool
write_kept(struct stream *s)
{
	if (s->kept.n == 0)
		return true;
	s->kept_at += write_bytes(s, s->kept.p + s->kept_at, s->kept.n - s->kept_at);
	if (s->kept_at < s->kept.n)
		return false;
	buf_clear(&s->kept);
	s->kept_at = 0;
	return true;
}

enum rc
stream_drop_input(struct stream *s, struct err *e)
{
	char junk[4096];
	size_t got;

	for (int i = 0; i < DROP_MAX; i++) {
		if (s->tls) {
			CURLcode code = s->curl->curl_easy_recv(s->easy, junk, sizeof(junk), &got);

			if (code == CURLE_AGAIN)
				return RC_OK;
			if (code != CURLE_OK)
				return stream_say(s, code, e);
			if (got == 0)
				return RC_END;
		} else {
			ssize_t k = recv(s->fd, junk, sizeof(junk), MSG_DONTWAIT);

			if (k == 0)
				return RC_END;
			if (k < 0 && errno != EINTR)
				return errno == EAGAIN ? RC_OK : err_set(e, RC_SYS, "%s", strerror(errno));
		}
	}
	return RC_OK;
}

static uint64_t
outq(const struct stream *s)
{
	int n = 0;

	if (s->fd < 0 || ioctl(s->fd, SIOCOUTQ, &n) != 0 || n < 0)
		return 0;
	return (uint64_t)n;
}

/* TCP closes its half; libcurl has no half close for TLS, so there it ends once all is acknowledged. */
static enum rc
end(struct stream *s)
{
	if (s->tls)
		return outq(s) == 0 ? RC_END : RC_OK;
	if (!s->ended)
		(void)shutdown(s->fd, SHUT_WR);	/* fails if the peer was faster, which is read next */
	s->ended = true;
	return RC_OK;
}

/* A write failed. It comes before what was read then: the system tells an error only once, after it the peer's end looks orderly. */
static enum rc
broke(struct stream *s, struct err *e)
{
	if (s->broken < 0)
		return stream_say(s, s->broken_code, e);
	return err_set(e, RC_SYS, "%s", s->broken == EPIPE ? "closed by the other end while packets were under way" : strerror(s->broken));
}

static enum rc
stream_step(void *arg, uint64_t now, struct err *e)
{
	struct stream *s = arg;
	enum rc rc;

	if (s->conn->state == CONN_OPENING) {
		rc = stream_go_on_opening(s, now, e);
		if (rc != RC_OK || s->conn->state == CONN_OPENING)
			return rc;
	}
	s->full = false;
	s->look_at = now + LOOK_NS;
	(void)write_kept(s);
	rc = stream_drop_input(s, e);
	if (s->broken != 0)
		rc = broke(s, e);
	if (rc == RC_OK && s->ending && s->kept.n == 0)
		rc = end(s);
	return rc;
}

static size_t
stream_fds(const void *arg, struct pollfd *p, size_t max)
{
	const struct stream *s = arg;
	size_t n = s->wanted_n < max ? s->wanted_n : max;

	if (s->resolve != NULL && max > 0 && resolve_fd(s->resolve) >= 0) {
		p[0] = (struct pollfd){ .fd = resolve_fd(s->resolve), .events = POLLIN };
		return 1;
	}
	if (s->fd < 0) {
		memcpy(p, s->wanted, n * sizeof(*p));
		return n;
	}
	if (max == 0)
		return 0;
	p[0] = (struct pollfd){ .fd = s->fd, .events = (short)(POLLIN | (s->full || s->kept.n > 0 ? POLLOUT : 0)) };
	return 1;
}

static uint64_t
stream_due(const void *arg)
{
	const struct stream *s = arg;

	return s->conn->state == CONN_OPENING || (s->ending && s->tls) ? s->look_at : UINT64_MAX;
}

/* Packets that fit a TLS record, or one that does not; they are kept until they are written. */
static size_t
send_tls(struct stream *s, const struct datagram *d, size_t n)
{
	size_t k = 0;

	while (k < n && (s->kept.n == 0 || s->kept.n + datagram_size(&d[k]) <= TLS_PIECE)) {
		for (size_t i = 0; i < CONN_PARTS; i++)
			buf_put(&s->kept, d[k].part[i]);
		k++;
	}
	(void)write_kept(s);
	return k;
}

/* `sent` bytes of the packets went out: whole ones, and the first part of one, whose rest is kept. Returns how many packets that is. */
static size_t
whole_packets(struct stream *s, const struct datagram *d, size_t n, size_t sent)
{
	size_t k = 0;

	for (; k < n; k++) {
		size_t size = datagram_size(&d[k]);

		if (sent < size)
			break;
		sent -= size;
	}
	if (k == n || sent == 0)
		return k;
	for (size_t i = 0; i < CONN_PARTS; i++) {
		struct slice part = d[k].part[i];
		size_t skip = sent < part.n ? sent : part.n;

		buf_put(&s->kept, slice_skip(part, skip));
		sent -= skip;
	}
	return k + 1;
}

static size_t
send_tcp(struct stream *s, const struct datagram *d, size_t n)
{
	struct msghdr m = { .msg_iov = s->iov };
	ssize_t sent;

	for (size_t i = 0; i < n; i++)
		m.msg_iovlen += conn_gather(&d[i], s->iov + m.msg_iovlen);
	do
		sent = sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		s->full = true;
		s->broken = errno == EAGAIN || errno == ENOBUFS ? 0 : errno;
		return 0;
	}
	n = whole_packets(s, d, n, (size_t)sent);
	s->full = s->kept.n > 0;
	return n;
}

static size_t
stream_send(void *arg, const struct datagram *d, size_t n)
{
	struct stream *s = arg;
	struct conn_counts *c = &s->conn->count;
	size_t k, done = 0;

	while (done < n && s->broken == 0 && write_kept(s)) {
		k = s->tls ? send_tls(s, d + done, n - done) : send_tcp(s, d + done, n - done);
		if (k == 0)
			break;
		for (size_t i = 0; i < k; i++)
			c->bytes += datagram_size(&d[done + i]);
		done += k;
	}
	c->sent += done;
	return done;
}

static uint64_t
stream_unacked(const void *arg)
{
	const struct stream *s = arg;

	return s->kept.n - s->kept_at + outq(s);
}

static uint64_t
stream_unread(void *arg)
{
	struct stream *s = arg;
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (s->fd < 0 || getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 || n < offsetof(struct tcp_info, tcpi_snd_wnd) + 4)
		return stream_unacked(s);
	if (info.tcpi_snd_wnd > s->widest)
		s->widest = info.tcpi_snd_wnd;
	return stream_unacked(s) + (s->widest - info.tcpi_snd_wnd);
}

static void
stream_shutdown(void *arg)
{
	struct stream *s = arg;

	s->ending = true;
}

const struct conn_driver conn_stream_driver = {
	.new = stream_new,
	.free = stream_free,
	.open = stream_open,
	.close = stream_close,
	.step = stream_step,
	.fds = stream_fds,
	.due = stream_due,
	.send = stream_send,
	.unacked = stream_unacked,
	.unread = stream_unread,
	.shutdown = stream_shutdown,
};
