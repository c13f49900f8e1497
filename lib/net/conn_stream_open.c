/* SPDX-License-Identifier: MIT */
/*
 * conn_stream_open - how a TCP or TLS connection comes to be: the name is resolved by resolve.h (libcurl's own resolver would have to be waited for
 * when the connection is given up, and does not say why), libcurl connects to its addresses, does TLS and verifies.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "net/conn_stream.h"
#include "net/sock.h"

#define KEEP_IDLE_S 10
#define KEEP_INTERVAL_S 5
#define KEEP_PROBES 3
#define MS UINT64_C(1000000)
#define MS_PER_S 1000
#define OPEN_TURNS 16			/* of libcurl in one step */
#define CONFIRM_NS (300 * MS)

static int
set_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct stream *s = arg;
	short events = (short)((what & CURL_POLL_IN ? POLLIN : 0) | (what & CURL_POLL_OUT ? POLLOUT : 0));
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
		return 0;	/* found all the same when libcurl's timer runs out */
	s->wanted_n += i == s->wanted_n;
	s->wanted[i] = (struct pollfd){ .fd = fd, .events = events };
	return 0;
}

/* libcurl wants one beside set_wanted; the time is asked for in look_again. */
static int
set_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi, (void)ms, (void)arg;
	return 0;
}

static void
look_again(struct stream *s, uint64_t now)
{
	long ms = -1;

	s->curl->curl_multi_timeout(s->multi, &ms);
	s->look_at = ms < 0 ? UINT64_MAX : now + (ms > 0 ? (uint64_t)ms : 1) * MS;
}

/* Before connect. But for the source, what fails here makes a less watchful connection, not a wrong one. */
static int
set_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct stream *s = arg;
	const struct conn_conf *c = &s->conn->conf;
	int probes = KEEP_PROBES;
	unsigned ms = (unsigned)(c->user_timeout_ns / MS);

	(void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	if (sock_bind_source(fd, &c->from, c->iface, &s->source) != RC_OK)
		return CURL_SOCKOPT_ERROR;
	s->source.rc = RC_OK;
	return CURL_SOCKOPT_OK;
}

static void
set_tcp(struct stream *s)
{
	s->curl->curl_easy_setopt(s->easy, CURLOPT_CONNECT_ONLY, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);	/* libcurl sends with MSG_NOSIGNAL: no need to touch SIGPIPE */
	s->curl->curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_PROXY, "");		/* whatever the environment says */
	s->curl->curl_easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
	s->curl->curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(s->conn->conf.open_timeout_ns / MS) + MS_PER_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_NODELAY, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPIDLE, (long)KEEP_IDLE_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_TCP_KEEPINTVL, (long)KEEP_INTERVAL_S);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_SOCKOPTDATA, s);
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
		s->curl->curl_easy_setopt(s->easy, CURLOPT_KEYPASSWD, "");	/* else OpenSSL asks for it, on standard input at worst */
	}
}

/* Where to, and to which addresses. */
static void
set_peer(struct stream *s, const struct addr *all, size_t n)
{
	const struct dest *d = &s->conn->conf.dest;
	struct buf text = { 0 };
	struct addr as_text;
	bool literal = addr_parse(slice_str(d->host), &as_text) == RC_OK, ip6 = literal && as_text.family == FAMILY_IP6;

	buf_printf(&text, "%s://%s%s%s:%u/", s->tls ? "https" : "http", ip6 ? "[" : "", d->host, ip6 ? "]" : "", d->port);
	s->curl->curl_easy_setopt(s->easy, CURLOPT_URL, buf_cstr(&text));
	buf_clear(&text);
	buf_printf(&text, "%s:%u:", d->host, d->port);
	for (size_t i = 0; i < n; i++) {
		char ip[ADDR_TEXT];

		addr_format(&all[i], ip);
		buf_printf(&text, all[i].family == FAMILY_IP6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", ip);
	}
	if (!literal) {
		s->addrs = s->curl->curl_slist_append(NULL, buf_cstr(&text));
		s->curl->curl_easy_setopt(s->easy, CURLOPT_RESOLVE, s->addrs);
	}
	buf_reset(&text);
}

static void
begin(struct stream *s, const struct addr *all, size_t n)
{
	s->multi = s->curl->curl_multi_init();
	s->easy = s->curl->curl_easy_init();
	if (s->multi == NULL || s->easy == NULL)
		abort();	/* out of memory, as in xalloc */
	s->why[0] = '\0';
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, set_wanted);
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	s->curl->curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	set_tcp(s);
	if (s->tls)
		set_tls(s);
	set_peer(s, all, n);
	s->curl->curl_multi_add_handle(s->multi, s->easy);
}

void
stream_open(void *arg, uint64_t now)
{
	struct stream *s = arg;
	const struct conn_conf *c = &s->conn->conf;

	s->source = (struct err){ .rc = RC_OK };
	s->resolve = resolve_new(c->dest.host, c->dest.port, c->from.family);
	s->look_at = resolve_fd(s->resolve) < 0 ? now : UINT64_MAX;
}

/* The words of libcurl and OpenSSL without function names, codes, and the destination. */
static struct slice
plain(const char *why)
{
	static const char *const before[] = { "OpenSSL", "SSL", "TLS", "Send failure", "Recv failure" };
	static const char *const behind[] = { ", errno ", " in connection to " };
	const char *at = strstr(why, "routines::"), *colon;

	if (at != NULL)
		why = at + strlen("routines::");
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (strncmp(why, before[i], strlen(before[i])) == 0 && (colon = strstr(why, ": ")) != NULL)
			why = colon + 2;
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
		if ((at = strstr(why, behind[i])) != NULL)
			return slice_trim(slice_of((const uint8_t *)why, (size_t)(at - why)));
	return slice_trim(slice_str(why));
}

/* The peer ended the connection before the first packet; over TLS that is how it refuses. */
static enum rc
say_refused(const struct stream *s, struct err *e)
{
	if (!s->tls)
		return err_set(e, RC_SYS, "closed by the other end");
	return err_set(e, RC_SYS, "closed by the other end after the handshake%s",
	    s->conn->conf.cert == NULL ? " (it may want a client certificate)" : "");
}

/* libcurl keeps the first complaint of a connection: this one is about a socket that the peer had closed before it was asked for its address. */
static bool
gone(const struct stream *s)
{
	return strncmp(s->why, "getpeername()", 13) == 0 || strncmp(s->why, "getsockname()", 13) == 0;
}

enum rc
stream_say(struct stream *s, CURLcode code, struct err *e)
{
	struct slice why = plain(s->why[0] != '\0' ? s->why : s->curl->curl_easy_strerror(code));
	long sys = 0;

	if (s->source.rc != RC_OK)
		return err_set(e, RC_SYS, "%s", s->source.text);
	if (gone(s))
		return say_refused(s, e);
	s->curl->curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &sys);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		if (sys != 0)
			return err_set(e, RC_SYS, "%s", strerror((int)sys));
		break;
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(e, RC_SYS, "no answer");
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, RC_SYS, "certificate verify failed: %.*s", SLICE_ARG(why));
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, RC_SYS, "TLS handshake: %.*s", SLICE_ARG(why));
	default:
		break;
	}
	return err_set(e, RC_SYS, "%.*s", SLICE_ARG(why));
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

/*
 * With TLS 1.3 the client is done before the server has looked at its certificate (RFC 8446 2, 4.4.2.4): what is sent then may go to a peer
 * that refuses it. So the connection counts as open when the server has said something more (session tickets as a rule), or had
 * time to.
 */
static enum rc
confirm(struct stream *s, uint64_t now, struct err *e)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	enum rc rc;

	if (s->confirm_until == 0)
		s->confirm_until = now + CONFIRM_NS;
	s->look_at = s->confirm_until;
	if (now < s->confirm_until && poll(&p, 1, 0) <= 0)	/* OpenSSL reads no further than the record that it needs */
		return RC_OK;
	rc = stream_drop_input(s, e);
	if (rc == RC_OK)
		s->conn->state = CONN_OPEN;
	return rc == RC_END ? say_refused(s, e) : rc;
}

/* Lets libcurl do what is due. Returns whether that was something: there may be more then. */
static bool
serve_wanted(struct stream *s)
{
	struct pollfd p[CONN_FDS];
	size_t n = s->wanted_n;
	bool ready;
	long ms = -1;
	int left;

	memcpy(p, s->wanted, n * sizeof(p[0]));
	ready = n > 0 && poll(p, n, 0) > 0;
	for (size_t i = 0; ready && i < n; i++)
		if (p[i].revents != 0)
			s->curl->curl_multi_socket_action(s->multi, p[i].fd, (p[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
			    (p[i].revents & POLLIN ? CURL_CSELECT_IN : 0) | (p[i].revents & (POLLERR | POLLHUP) ? CURL_CSELECT_ERR : 0), &left);
	s->curl->curl_multi_timeout(s->multi, &ms);
	s->curl->curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	return ready || ms == 0;
}

/* RC_MORE: libcurl is not done. */
static enum rc
outcome(struct stream *s, struct err *e)
{
	struct CURLMsg *m;
	int left;

	while ((m = s->curl->curl_multi_info_read(s->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return m->data.result == CURLE_OK ? RC_OK : stream_say(s, m->data.result, e);
	return RC_MORE;
}

enum rc
stream_go_on_opening(struct stream *s, uint64_t now, struct err *e)
{
	struct addr all[RESOLVE_MAX];
	enum rc rc;
	size_t n;

	if (s->fd >= 0)
		return confirm(s, now, e);
	if (s->resolve != NULL) {
		rc = resolve_get(s->resolve, all, &n, e);
		if (rc != RC_OK)
			return rc == RC_MORE ? RC_OK : rc;
		if ((s->curl = conn_curl(e)) == NULL)
			return RC_SYS;
		resolve_free(s->resolve);
		s->resolve = NULL;
		begin(s, all, n);
	}
	/* Nearby, all is said and done in one step. */
	for (int i = 0; (rc = outcome(s, e)) == RC_MORE && i < OPEN_TURNS && serve_wanted(s); i++)
		;
	if (rc == RC_MORE)
		look_again(s, now);
	if (rc != RC_OK)
		return rc == RC_MORE ? RC_OK : rc;
	opened(s);
	if (s->tls)
		return confirm(s, now, e);
	s->conn->state = CONN_OPEN;
	return RC_OK;
}
