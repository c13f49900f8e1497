/* SPDX-License-Identifier: MIT */
#ifndef NET_CONN_STREAM_H
#define NET_CONN_STREAM_H
/* conn_stream - what conn_stream.c (bytes) and conn_stream_open.c (connecting) share. Private to the two. */
#include <sys/uio.h>

#include "net/conn_curl.h"
#include "net/conn_impl.h"
#include "net/resolve.h"

struct stream {
	struct conn *conn;
	const struct conn_curl *curl;	/* NULL until it is needed, and where it cannot be had */
	struct resolve *resolve;	/* opening: until the name is known */
	struct curl_slist *addrs;	/* CURLOPT_RESOLVE's */
	struct err source;		/* rc != RC_OK: it cannot send from where it should */
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
	CURLcode broken_code;	/* then */
	bool ending, ended;
	uint64_t confirm_until;	/* TLS, after the handshake: when it is open at the latest */
	uint32_t widest;	/* the largest window that the peer offered */
	char why[CURL_ERROR_SIZE];
	struct iovec iov[CONN_MAX_IOV];
};

void stream_open(void *stream, uint64_t now_ns);
/* RC_OK: it goes on, or it is open; else as conn_step. */
enum rc stream_go_on_opening(struct stream *, uint64_t now_ns, struct err *) MUST_USE;
/* RC_SYS: why libcurl failed with `code`, in few words. */
enum rc stream_say(struct stream *, CURLcode code, struct err *) MUST_USE;
/* What the peer says is of no interest, but that it still is there: RC_OK; RC_END, RC_SYS: it is not. */
enum rc stream_drop_input(struct stream *, struct err *) MUST_USE;
#endif
