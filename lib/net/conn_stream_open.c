/* SPDX-License-Identifier: MIT */
/* conn_stream_open - libcurl resolves, connects (every address of the name) and does TLS with its verification. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <linux/tcp.h>

#include "net/conn_stream.h"
#include "net/sock.h"

#define KEEP_IDLE_S 10
#define KEEP_INTERVAL_S 5
#define KEEP_PROBES 3
#define MS_PER_S 1000
#define CONFIRM_NS UINT64_C(300000000)

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

void
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
	s->look_at = now + STREAM_LOOK_NS;
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
}

static uint64_t
received(const struct stream *s)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	return getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 ? info.tcpi_bytes_received : 0;
}

/*
 * With TLS 1.3 the client is done before the server has looked at its certificate (RFC 8446 2, 4.4.2.4): what is sent then may go to a peer
 * that refuses it. So the connection counts as open when the server has said something more (session tickets as a rule), or had
 * time to.
 */
static enum rc
confirm(struct stream *s, uint64_t now, struct err *e)
{
	enum rc rc;

	if (s->confirm_until == 0) {
		s->confirm_until = now + CONFIRM_NS;
		s->heard = received(s);
	}
	if (now < s->confirm_until && received(s) == s->heard)
		return RC_OK;
	rc = stream_drop_input(s, e);
	if (rc == RC_OK)
		s->conn->state = CONN_OPEN;
	return rc == RC_END ? err_set(e, RC_SYS, "closed by the other end after the handshake") : rc;
}

enum rc
stream_go_on_opening(struct stream *s, uint64_t now, struct err *e)
{
	struct pollfd p[CONN_FDS];
	size_t n = s->wanted_n;
	struct CURLMsg *m;
	int left;

	if (s->curl == NULL) {
		*e = s->cannot;
		return RC_SYS;
	}
	s->look_at = now + STREAM_LOOK_NS;
	if (s->fd >= 0)
		return confirm(s, now, e);
	memcpy(p, s->wanted, n * sizeof(p[0]));
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
		if (s->tls)
			return confirm(s, now, e);
		s->conn->state = CONN_OPEN;
	}
	return RC_OK;
}
