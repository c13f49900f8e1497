/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_LISTEN_TLS_H
#define CAPTURE_LISTEN_TLS_H
/*
 * listen_tls - the server's side of TLS 1.2 and 1.3 over accepted sockets, with OpenSSL, which only this module names. The handshake happens
 * in the first reads. Nothing blocks; no signal is raised by a peer that went away.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct listen_tls;
/* Files are PEM; key NULL: it is in `cert`; client_ca NULL: clients need no certificate. RC_SYS: a file cannot be used; names it. */
enum rc listen_tls_new(const char *cert, const char *key, const char *client_ca, struct listen_tls **out, struct err *) MUST_USE;
void listen_tls_free(struct listen_tls *);	/* NULL is fine */

struct listen_tls_peer;
struct listen_tls_peer *listen_tls_peer_new(struct listen_tls *, int fd);	/* fd stays the caller's */
void listen_tls_peer_free(struct listen_tls_peer *);	/* NULL is fine */
/*
 * Reads once; n is 16 KiB at least, so that a record is read whole and the socket alone says whether there is more.
 * RC_OK   *got bytes came
 * RC_MORE none now; *writing: poll for room to write, else for bytes to read
 * RC_END  the peer closed it
 * RC_SYS  it broke, or the handshake failed; err says why
 */
enum rc listen_tls_read(struct listen_tls_peer *, void *buf, size_t n, size_t *got, bool *writing, struct err *) MUST_USE;
/* The handshake is done. */
bool listen_tls_ready(const struct listen_tls_peer *);
#endif
