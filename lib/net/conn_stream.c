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
#include "net/conn_curl.h"
#include "net/conn_impl.h"
#include "net/sock.h"

#define LOOK_NS UINT64_C(20000000)	/* while opening: libcurl's timers are looked after so often */
#define TLS_PIECE 16384			/* bytes of one TLS record */
#define DROP_MAX 16			/* reads of what the peer sends, in one step */
#define KEEP_IDLE_S 10
#define KEEP_INTERVAL_S 5
#define KEEP_PROBES 3
#define MS_PER_S 1000

struct stream {
	struct conn *conn;
	const struct conn_curl *curl;	/* NULL until it is needed, and where it cannot be had */
	struct err cannot;
	CURLM *multi;
	CURL *easy;
	bool tls;
	int fd;			/* -1: not open */
	struct pollfd wanted[CONN_FDS];	/* by libcurl, while opening */
	size_t wanted_n;
	uint64_t look_at;
	struct buf kept;	/* taken, not written yet: from kept_at on */
	size_t kept_at;
	bool full;		/* wants to know when there is room */
	int broken;		/* errno of a write that failed; -1: in TLS */
	bool ending, ended;
	uint32_t widest;	/* the largest window that the peer offered */
	char why[CURL_ERROR_SIZE];
	struct iovec iov[CONN_MAX_IOV];
};

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
	}
	s->easy = NULL;
	s->multi = NULL;
	s->fd = -1;
	s->wanted_n = 0;
	buf_clear(&s->kept);
	s->kept_at = 0;
	s->full = s->ending = s->ended = false;
	s->broken = 0;
	s->widest = 0;
}

static void
stream_free(void *arg)
{
	struct stream *s = arg;

	buf_reset(&s->kept);
	free(s);
}

static int
set_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct stream *s = arg;
	size_t i = 0;

	(void)easy, (void)unused;
	while (i < s->wanted_n && s->wanted[i].fd != fd)
		i++;
	if (what == CURL_POLL_REMOVE) {
		if (i < s->wanted_n)
			s->wanted[i] = s->wanted[--s->wanted_n];
		return 0;
	}
	if (i == CONN_FDS)
		return 0;	/* found all the same, a little later */
	s->wanted_n += i == s->wanted_n;
	s->wanted[i] = (struct pollfd){ .fd = fd, .events = (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0)) };
	return 0;
}

static int
set_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi, (void)ms, (void)arg;	/* stream_due looks often enough */
	return 0;
}

/* Before connect. What fails here makes a slower or less watchful connection, not a wrong one. */
static int
set_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const struct stream *s = arg;
	int on = 1, probes = KEEP_PROBES;
	unsigned ms = (unsigned)(s->conn->conf.user_timeout_ns / 1000000);

	(void)purpose;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static void
set_source(struct stream *s)
{
	const struct conn_conf *c = &s->conn->conf;
	char text[ADDR_TEXT + 8];

	if (c->from.family != FAMILY_NONE) {
		char ip[ADDR_TEXT];

		addr_format(&c->from, ip);
		snprintf(text, sizeof(text), "host!%s", ip);
		s->curl->curl_easy_setopt(s->easy, CURLOPT_INTERFACE, text);
		s->curl->curl_easy_setopt(s->easy, CURLOPT_LOCALPORT, (long)c->from.port);
	} else if (c->iface != NULL) {
		snprintf(text, sizeof(text), "if!%s", c->iface);
		s->curl->curl_easy_setopt(s->easy, CURLOPT_INTERFACE, text);
	}
}

static void
set_tls(struct stream *s)
{
	const struct conn_conf *c = &s->conn->conf;

	s->curl->curl_easy_setopt(s->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	if (c->ca != NULL) {
		s->curl->curl_easy_setopt(s->easy, CURLOPT_CAINFO, c->ca);
		s->curl->curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
	}
	if (c->cert != NULL) {
		s->curl->curl_easy_setopt(s->easy, CURLOPT_SSLCERT, c->cert);
		s->curl->curl_easy_setopt(s->easy, CURLOPT_SSLKEY, c->cert_key != NULL ? c->cert_key : c->cert);
	}
}

static void
stream_open(void *arg, uint64_t now)
{
	struct stream *s = arg;
	const struct conn_conf *c = &s->conn->conf;
	bool ip6 = strchr(c->dest.host, ':') != NULL;
	char url[sizeof(c->dest.host) + 32];
	int running;

	s->curl = conn_curl(&s->cannot);
	if (s->curl == NULL)
		return;		/* conn_step says why */
	s->multi = s->curl->curl_multi_init();
	s->easy = s->curl->curl_easy_init();
	if (s->multi == NULL || s->easy == NULL)
		abort();	/* out of memory, as in xalloc */
	snprintf(url, sizeof(url), "%s://%s%s%s:%u/", s->tls ? "https" : "http", ip6 ? "[" : "", c->dest.host, ip6 ? "]" : "", c->dest.port);
	s->why[0] = '\0';
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, set_wanted);
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_URL, url);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_CONNECT_ONLY, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
	s->curl->curl_easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
	s->curl->curl_easy_setopt(s->easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(c->open_timeout_ns / 1000000) + MS_PER_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_NODELAY, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPIDLE, (long)KEEP_IDLE_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPINTVL, (long)KEEP_INTERVAL_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SOCKOPTDATA, s);
	set_source(s);
	if (s->tls)
		set_tls(s);
	s->curl->curl_multi_add_handle(s->multi, s->easy);
	s->curl->curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	s->look_at = now + LOOK_NS;
}

static enum rc
open_failed(struct stream *s, CURLcode code, struct err *e)
{
	long sys = 0;

	s->curl->curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &sys);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(e, RC_SYS, "cannot resolve '%s'", s->conn->conf.dest.host);
	case CURLE_COULDNT_CONNECT:
		if (sys != 0)
			return err_set(e, RC_SYS, "%s", strerror((int)sys));
		break;
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, RC_SYS, "no answer");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		return err_set(e, RC_SYS, "certificate: %s", s->why[0] != '\0' ? s->why : s->curl->curl_easy_strerror(code));
	default:
		break;
	}
	return err_set(e, RC_SYS, "%s", s->why[0] != '\0' ? s->why : s->curl->curl_easy_strerror(code));
}

static void
opened(struct stream *s)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof(sa);
	curl_socket_t fd = -1;

	s->curl->curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &fd);
	s->fd = fd;
	if (getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
		sock_addr_from((struct sockaddr *)&sa, &s->conn->local);
	n = sizeof(sa);
	if (getpeername(fd, (struct sockaddr *)&sa, &n) == 0)
		sock_addr_from((struct sockaddr *)&sa, &s->conn->peer);
	s->conn->state = CONN_OPEN;
}

static enum rc
go_on_opening(struct stream *s, uint64_t now, struct err *e)
{
	struct pollfd p[CONN_FDS];
	size_t n = s->wanted_n;
	struct CURLMsg *m;
	int left;

	if (s->curl == NULL) {
		*e = s->cannot;
		return RC_SYS;
	}
	memcpy(p, s->wanted, n * sizeof(p[0]));
	s->look_at = now + LOOK_NS;
	if (n > 0 && poll(p, n, 0) > 0)
		for (size_t i = 0; i < n; i++)
			if (p[i].revents != 0)
				s->curl->curl_multi_socket_action(s->multi, p[i].fd, (p[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
				    (p[i].revents & POLLIN ? CURL_CSELECT_IN : 0) | (p[i].revents & (POLLERR | POLLHUP) ? CURL_CSELECT_ERR : 0), &left);
	s->curl->curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	while ((m = s->curl->curl_multi_info_read(s->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		if (m->data.result != CURLE_OK)
			return open_failed(s, m->data.result, e);
		opened(s);
	}
	return RC_OK;
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
				break;
			}
			done += got;
		} else {
			ssize_t k = send(s->fd, p + done, n - done, MSG_NOSIGNAL | MSG_DONTWAIT);

			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0) {
				s->full = true;
				s->broken = errno == EAGAIN ? 0 : errno;
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

/* What the peer says is of no interest, but that it still is there. */
static enum rc
drop_input(struct stream *s, struct err *e)
{
	char junk[4096];
	size_t got;

	for (int i = 0; i < DROP_MAX; i++) {
		if (s->tls) {
			CURLcode code = s->curl->curl_easy_recv(s->easy, junk, sizeof(junk), &got);

			if (code == CURLE_AGAIN)
				return RC_OK;
			if (code != CURLE_OK)
				return err_set(e, RC_SYS, "%s", s->why[0] != '\0' ? s->why : s->curl->curl_easy_strerror(code));
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

static enum rc
stream_step(void *arg, uint64_t now, struct err *e)
{
	struct stream *s = arg;
	enum rc rc;

	if (s->fd < 0) {
		rc = go_on_opening(s, now, e);
		if (rc != RC_OK || s->fd < 0)
			return rc;
	}
	s->full = false;
	s->look_at = now + LOOK_NS;
	(void)write_kept(s);
	rc = drop_input(s, e);
	if (rc == RC_OK && s->broken != 0)
		rc = err_set(e, RC_SYS, "%s", s->broken > 0 ? strerror(s->broken) : s->why[0] != '\0' ? s->why : "TLS failed");
	if (rc == RC_OK && s->ending && s->kept.n == 0)
		rc = end(s);
	return rc;
}

static size_t
stream_fds(const void *arg, struct pollfd *p, size_t max)
{
	const struct stream *s = arg;
	size_t n = s->wanted_n < max ? s->wanted_n : max;

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

	return s->fd < 0 || (s->ending && s->tls) ? s->look_at : UINT64_MAX;
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
