/* SPDX-License-Identifier: MIT */
#include "capture/listen_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/xalloc.h"

struct listen_tls {
	SSL_CTX *ctx;
	BIO_METHOD *bio;
};

struct listen_tls_peer {
	SSL *ssl;
	bool broken;
};

/*
 * OpenSSL's own socket BIO writes with write(2): a peer that went away would end the process by SIGPIPE, which belongs to the
 * output here.
 */
static int
bio_write(BIO *b, const char *p, int n)
{
	ssize_t rc = send((int)(intptr_t)BIO_get_data(b), p, (size_t)n, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (rc < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	return (int)rc;
}

static int
bio_read(BIO *b, char *p, int n)
{
	ssize_t rc = recv((int)(intptr_t)BIO_get_data(b), p, (size_t)n, 0);

	BIO_clear_retry_flags(b);
	if (rc < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	if (rc == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)rc;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *p)
{
	(void)num, (void)p;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	default:
		return 0;
	}
}

static BIO_METHOD *
bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");

	if (m != NULL) {
		BIO_meth_set_write(m, bio_write);
		BIO_meth_set_read(m, bio_read);
		BIO_meth_set_ctrl(m, bio_ctrl);
	}
	return m;
}

/* The oldest thing that OpenSSL complains about, in its words. */
static const char *
reason(void)
{
	unsigned long code = ERR_get_error();
	const char *text = NULL;

	ERR_clear_error();
	if (ERR_SYSTEM_ERROR(code))
		text = strerror(ERR_GET_REASON(code));
	else if (code != 0)
		text = ERR_reason_error_string(code);
	return text != NULL ? text : "unknown reason";
}

static enum rc
load_files(SSL_CTX *ctx, const char *cert, const char *key, const char *client_ca, struct err *e)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return err_set(e, RC_SYS, "%s: no certificate: %s", cert, reason());
	if (key == NULL)
		key = cert;
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return err_set(e, RC_SYS, "%s: no key of %s: %s", key, cert, reason());
	if (client_ca == NULL)
		return RC_OK;
	if (SSL_CTX_load_verify_locations(ctx, client_ca, NULL) != 1)
		return err_set(e, RC_SYS, "%s: no certificates: %s", client_ca, reason());
	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(client_ca));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return RC_OK;
}

enum rc
listen_tls_new(const char *cert, const char *key, const char *client_ca, struct listen_tls **out, struct err *e)
{
	struct listen_tls *t = xcalloc(1, sizeof(*t));
	enum rc rc;

	t->ctx = SSL_CTX_new(TLS_server_method());
	t->bio = bio_method();
	if (t->ctx == NULL || t->bio == NULL) {
		rc = err_set(e, RC_SYS, "tls: %s", reason());
		listen_tls_free(t);
		return rc;
	}
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	/* HEP says itself where a packet ends, so an end without close_notify cuts nothing unseen; many senders end so. */
	SSL_CTX_set_options(t->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS);	/* an idle connection holds no record buffers */
	/* connections live long: sessions to resume would cost memory for nothing */
	SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(t->ctx, 0);
	rc = load_files(t->ctx, cert, key, client_ca, e);
	if (rc == RC_OK)
		*out = t;
	else
		listen_tls_free(t);
	return rc;
}

void
listen_tls_free(struct listen_tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	BIO_meth_free(t->bio);
	free(t);
}

struct listen_tls_peer *
listen_tls_peer_new(struct listen_tls *t, int fd)
{
	struct listen_tls_peer *p = xcalloc(1, sizeof(*p));
	BIO *b = BIO_new(t->bio);

	p->ssl = SSL_new(t->ctx);
	if (b == NULL || p->ssl == NULL)
		abort();		/* no memory: as xalloc, but OpenSSL asks by itself */
	BIO_set_data(b, (void *)(intptr_t)fd);
	BIO_set_init(b, 1);
	SSL_set_bio(p->ssl, b, b);
	SSL_set_accept_state(p->ssl);
	return p;
}

void
listen_tls_peer_free(struct listen_tls_peer *p)
{
	if (p == NULL)
		return;
	if (SSL_is_init_finished(p->ssl) && !p->broken)
		(void)SSL_shutdown(p->ssl);	/* says goodbye if there is room for it */
	ERR_clear_error();
	SSL_free(p->ssl);
	free(p);
}

bool
listen_tls_ready(const struct listen_tls_peer *p)
{
	return SSL_is_init_finished(p->ssl) != 0;
}

enum rc
listen_tls_read(struct listen_tls_peer *p, void *buf, size_t n, size_t *got, bool *writing, struct err *e)
{
	int rc;

	ERR_clear_error();	/* what SSL_get_error looks at is the thread's, not the connection's */
	errno = 0;
	rc = SSL_read_ex(p->ssl, buf, n, got);
	if (rc == 1)
		return RC_OK;
	switch (SSL_get_error(p->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return RC_MORE;
	case SSL_ERROR_WANT_WRITE:
		*writing = true;
		return RC_MORE;
	case SSL_ERROR_ZERO_RETURN:
		return listen_tls_ready(p) ? RC_END : err_set(e, RC_SYS, "the peer closed it");
	case SSL_ERROR_SYSCALL:
		p->broken = true;
		return err_set(e, RC_SYS, "%s", errno != 0 ? strerror(errno) : "the peer closed it");
	default:
		p->broken = true;
		return err_set(e, RC_SYS, "%s", reason());
	}
}
