/* SPDX-License-Identifier: MIT */
/* TLS connections against OpenSSL's server side in this process, on loopback. Certificates are made anew by each run. */
#include "conn_far.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>

#define DAY (24L * 3600)

/* A certificate with its key. */
struct identity {
	X509 *cert;
	EVP_PKEY *key;
};

static struct identity ca, other_ca;	/* trusted; nobody's */
static char folder[] = "/tmp/conn_tls.XXXXXX";
static char made[16][64];		/* files in it */
static size_t made_n;

static void
extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *x;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(x);
	assert_int_equal(X509_add_ext(cert, x, -1), 1);
	X509_EXTENSION_free(x);
}

/* Valid from `from` to `to` seconds after now. `alt`: names; `by` NULL: by itself, and for others. */
static struct identity
issue(const char *common, const char *alt, const struct identity *by, long from, long to)
{
	struct identity id = { X509_new(), EVP_EC_gen("P-256") };
	static long serial;
	X509_NAME *name = X509_get_subject_name(id.cert);
	const struct identity *issuer = by != NULL ? by : &id;

	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), from);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), to);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0);
	X509_set_issuer_name(id.cert, X509_get_subject_name(issuer->cert));
	X509_set_pubkey(id.cert, id.key);
	extend(id.cert, issuer->cert, NID_basic_constraints, by == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (alt != NULL)
		extend(id.cert, issuer->cert, NID_subject_alt_name, alt);
	assert_true(X509_sign(id.cert, issuer->key, EVP_sha256()) > 0);
	return id;
}

static struct identity
issue_now(const char *common, const char *alt, const struct identity *by)
{
	return issue(common, alt, by, -DAY, DAY);
}

static void
identity_free(struct identity *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
}

/* Writes cert and key, each if it is there, the key under `pass` if there is one. Returns the file's name. */
static const char *
file_of(const char *name, X509 *cert, EVP_PKEY *key, const char *pass)
{
	char *path = made[made_n++];
	FILE *f;

	assert_true(made_n <= 16);
	snprintf(path, sizeof(made[0]), "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	if (cert != NULL)
		assert_int_equal(PEM_write_X509(f, cert), 1);
	if (key != NULL)
		assert_int_equal(PEM_write_PrivateKey(f, key, pass != NULL ? EVP_aes_128_cbc() : NULL, (const unsigned char *)pass,
		    pass != NULL ? (int)strlen(pass) : 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* The server's side of TLS on a far end. */
struct tls {
	SSL_CTX *ctx;
	SSL *ssl;	/* of the connection `of` */
	unsigned of;
	char peer[64];	/* common name of the client's certificate */
};

/* OpenSSL writes into sockets that may be closed by now; a conn must not need this. */
static void
ignore_pipe(bool on)
{
	signal(SIGPIPE, on ? SIG_IGN : SIG_DFL);
}

static void
note_peer(struct tls *t)
{
	X509 *cert = SSL_get1_peer_certificate(t->ssl);

	t->peer[0] = '\0';
	if (cert != NULL)
		X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, t->peer, sizeof(t->peer));
	X509_free(cert);
}

static ssize_t
tls_read(struct far *f, void *to, size_t n)
{
	struct tls *t = f->tls;
	int k, why;

	if (t->of != f->accepts) {
		SSL_free(t->ssl);
		t->ssl = SSL_new(t->ctx);
		SSL_set_fd(t->ssl, f->fd);
		SSL_set_accept_state(t->ssl);
		t->of = f->accepts;
	}
	ignore_pipe(true);
	k = SSL_read(t->ssl, to, (int)n);
	ignore_pipe(false);
	why = SSL_get_error(t->ssl, k);
	ERR_clear_error();	/* the client's side is in this thread too */
	f->pending = k > 0 ? (size_t)SSL_pending(t->ssl) : 0;
	if (SSL_is_init_finished(t->ssl))
		note_peer(t);
	if (k > 0 || why == SSL_ERROR_ZERO_RETURN)
		return k > 0 ? k : 0;
	errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
	return -1;
}

static struct far
far_tls_at(const char *ip, const struct identity *id, int room)
{
	struct far f = far_at(ip, 0, SOCK_STREAM, 16, room);
	struct tls *t = calloc(1, sizeof(*t));

	t->ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(t->ctx, id->cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(t->ctx, id->key), 1);
	f.tls = t;
	f.read = tls_read;
	return f;
}

static struct far
far_tls(const struct identity *id)
{
	return far_tls_at("127.0.0.1", id, 0);
}

static SSL_CTX *
ctx_of(struct far *f)
{
	return ((struct tls *)f->tls)->ctx;
}

/* Certificates of `by` are asked for, and have to be given. */
static void
far_wants_client(struct far *f, const struct identity *by)
{
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_of(f)), by->cert);
	SSL_CTX_set_verify(ctx_of(f), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void
far_tls_free(struct far *f)
{
	struct tls *t = f->tls;

	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	free(t);
	far_free(f);
}

static const char *ca_file;
static const char *const name_is_here[] = { "127.0.0.1", NULL };

static struct conn_conf
conf_tls(const char *host, const struct far *f)
{
	struct conn_conf c = conf_to(TRANSPORT_TLS, host, f->addr.port);

	c.ca = ca_file;
	name_addrs = name_is_here;
	return c;
}

static void
verifies_names_and_addresses(void **state)
{
	static const struct {
		const char *host, *ip, *alt;
	} rows[] = {
		{ NAME, "127.0.0.1", "DNS:" NAME },
		{ NAME, "127.0.0.1", "DNS:*.site.test" },
		{ "127.0.0.1", "127.0.0.1", "IP:127.0.0.1" },
		{ "::1", "::1", "IP:::1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identity id = issue_now("x", rows[i].alt, &ca);
		struct far f = far_tls_at(rows[i].ip, &id, 0);
		struct conn_conf conf = conf_tls(rows[i].host, &f);
		struct here h = here_new(&conf, &f);

		here_open(&h);
		until_open(&h);
		assert_true(addr_eq(conn_peer(h.c), &f.addr));
		assert_true(addr_eq(conn_local(h.c), &f.from));
		assert_int_equal(say(&h, "hello"), 1);
		until(&h, f.got.n == 5);
		assert_slice(buf_slice(&f.got), "hello");
		conn_free(h.c);
		far_tls_free(&f);
		identity_free(&id);
	}
}

static void
refuses_whom_it_cannot_verify(void **state)
{
	static const struct {
		const char *host, *alt;
		const struct identity *by;
		long from, to;
		bool no_ca;
		const char *words;
	} rows[] = {
		{ NAME, "DNS:" NAME, &other_ca, -DAY, DAY, false, "certificate verify failed: unable to get local issuer certificate" },
		{ NAME, "DNS:" NAME, &ca, -DAY, DAY, true, "certificate verify failed: " },
		{ NAME, "DNS:" NAME, NULL, -DAY, DAY, false, "certificate verify failed: self-signed certificate" },
		{ NAME, "DNS:other.test", &ca, -DAY, DAY, false, "certificate verify failed: " },
		{ NAME, "DNS:a." NAME, &ca, -DAY, DAY, false, "certificate verify failed: " },
		{ NAME, "IP:127.0.0.1", &ca, -DAY, DAY, false, "certificate verify failed: " },
		{ "127.0.0.1", "DNS:" NAME, &ca, -DAY, DAY, false, "certificate verify failed: " },
		{ NAME, "DNS:" NAME, &ca, -2 * DAY, -DAY, false, "certificate verify failed: certificate has expired" },
		{ NAME, "DNS:" NAME, &ca, DAY, 2 * DAY, false, "certificate verify failed: certificate is not yet valid" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identity id = issue("x", rows[i].alt, rows[i].by, rows[i].from, rows[i].to);
		struct far f = far_tls(&id);
		struct conn_conf conf = conf_tls(rows[i].host, &f);
		struct here h;

		if (rows[i].no_ca)
			conf.ca = NULL;
		h = here_new(&conf, &f);
		cannot_open(&h, rows[i].words);
		conn_free(h.c);

		conf.insecure = true;	/* as told */
		h = here_new(&conf, &f);
		if (f.fd >= 0)
			far_close(&f);
		here_open(&h);
		until_open(&h);
		assert_int_equal(say(&h, "hello"), 1);
		until(&h, f.got.n == 5);
		conn_free(h.c);
		far_tls_free(&f);
		identity_free(&id);
	}
}

struct client {
	const struct identity *by;
	int version;
	bool no_cert, own_file;		/* own_file: the key has one */
	const char *words;		/* NULL: it is let in */
};

static void
one_client(const struct client *r, const struct identity *server)
{
	struct identity id = issue_now("the client", NULL, r->by);
	struct far f = far_tls(server);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h;

	far_wants_client(&f, &ca);
	SSL_CTX_set_max_proto_version(ctx_of(&f), r->version);
	if (!r->no_cert) {
		conf.cert = file_of("client.pem", id.cert, r->own_file ? NULL : id.key, NULL);
		conf.cert_key = r->own_file ? file_of("client.key", NULL, id.key, NULL) : NULL;
	}
	h = here_new(&conf, &f);
	if (r->words != NULL) {
		cannot_open(&h, r->words);
		assert_int_equal(f.got.n, 0);
	} else {
		here_open(&h);
		until(&h, conn_due_ns(h.c) == START + 300 * MS || conn_state(h.c) == CONN_OPEN);
		h.now += 300 * MS;
		until_open(&h);
		assert_int_equal(say(&h, "hello"), 1);
		until(&h, f.got.n == 5);
		assert_string_equal(((struct tls *)f.tls)->peer, "the client");
	}
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
	made_n = 1;
}

/* In TLS 1.3 the client is done before the server has looked: the refusal comes all the same before it counts as open. */
static void
shows_its_certificate(void **state)
{
	static const struct client rows[] = {
		{ &ca, TLS1_3_VERSION, false, false, NULL },
		{ &ca, TLS1_3_VERSION, false, true, NULL },
		{ &ca, TLS1_2_VERSION, false, true, NULL },
		{ &ca, TLS1_3_VERSION, true, false, "alert certificate required" },
		{ &ca, TLS1_2_VERSION, true, false, "TLS handshake: sslv3 alert handshake failure" },
		{ &other_ca, TLS1_3_VERSION, false, false, "alert unknown ca" },
		{ &other_ca, TLS1_2_VERSION, false, false, "TLS handshake: tlsv1 alert unknown ca" },
	};
	struct identity server = issue_now("x", "DNS:" NAME, &ca);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		one_client(&rows[i], &server);
	identity_free(&server);
}

static void
says_what_is_wrong_with_its_files(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca), other = issue_now("y", NULL, &ca);
	struct far f = far_tls(&id);
	const char *cert = file_of("client.pem", other.cert, NULL, NULL), *key = file_of("client.key", NULL, other.key, NULL);
	const char *not_its = file_of("x.key", NULL, id.key, NULL), *locked = file_of("locked.key", NULL, other.key, "secret");
	const struct {
		const char *ca, *cert, *key, *words;
	} rows[] = {
		{ "/none/ca.pem", cert, key, "/none/ca.pem" },
		{ ca_file, "/none/client.pem", key, "certificate" },
		{ ca_file, cert, "/none/client.key", "private key" },
		{ ca_file, cert, NULL, "private key" },
		{ ca_file, cert, not_its, "private key" },
		{ ca_file, cert, locked, "private key" },
	};
	int in[2];

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(dup2(in[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(write(in[1], "secret\n", 7), 7);	/* would be read there, where records come in, if there is no terminal */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conn_conf conf = conf_tls(NAME, &f);
		struct here h;

		conf.ca = rows[i].ca;
		conf.cert = rows[i].cert;
		conf.cert_key = rows[i].key;
		h = here_new(&conf, &f);
		cannot_open(&h, rows[i].words);
		conn_free(h.c);
		if (f.fd >= 0)
			far_close(&f);
	}
	close(in[0]);
	close(in[1]);
	far_tls_free(&f);
	identity_free(&id);
	identity_free(&other);
	made_n = 1;
}

/* No tickets, and TLS 1.2: the server has nothing to say, and gets its 300 ms. */
static void
waits_for_the_servers_word(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct far f = far_tls(&id);
		struct conn_conf conf = conf_tls(NAME, &f);
		struct here h = here_new(&conf, &f);
		struct pollfd p[CONN_FDS];

		if (i == 0)
			SSL_CTX_set_num_tickets(ctx_of(&f), 0);
		else
			SSL_CTX_set_max_proto_version(ctx_of(&f), TLS1_2_VERSION);
		here_open(&h);
		until(&h, conn_due_ns(h.c) == START + 300 * MS && conn_fds(h.c, p, CONN_FDS) == 1 && poll(p, 1, 0) == 0);
		assert_int_equal(conn_state(h.c), CONN_OPENING);
		assert_int_equal(say(&h, "early"), 0);
		h.now += 300 * MS - 1;
		here_step(&h);
		assert_int_equal(conn_state(h.c), CONN_OPENING);
		h.now++;
		here_step(&h);
		assert_int_equal(conn_state(h.c), CONN_OPEN);
		conn_free(h.c);
		far_tls_free(&f);
	}
	identity_free(&id);
}

/* Whoever ends it there, does not want it. */
static void
closed_after_the_handshake(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct far f = far_tls(&id);
		struct tls *t = f.tls;
		struct conn_conf conf = conf_tls(NAME, &f);
		struct here h = here_new(&conf, &f);

		SSL_CTX_set_num_tickets(ctx_of(&f), 0);
		here_open(&h);
		until(&h, conn_due_ns(h.c) <= START + 300 * MS && t->ssl != NULL && SSL_is_init_finished(t->ssl));
		assert_int_equal(conn_state(h.c), CONN_OPENING);
		if (i == 0)	/* else just the end of the bytes */
			assert_int_equal(SSL_shutdown(t->ssl), 0);
		far_close(&f);
		h.far = NULL;
		ends_with(&h, RC_SYS, "closed by the other end after the handshake (it may want a client certificate)");
		conn_free(h.c);
		far_tls_free(&f);
	}
	identity_free(&id);
}

/* The peer takes the connection, and says nothing, nonsense, or goodbye. */
static void
handshake_that_fails(void **state)
{
	static const char nonsense[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	struct far f = far_tcp("127.0.0.1");
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h = here_new(&conf, &f);

	(void)state;
	here_open(&h);
	until(&h, f.got.n > 0);
	assert_int_equal(conn_state(h.c), CONN_OPENING);
	h.now = START + 10 * SECOND - 1;
	here_step(&h);
	assert_int_equal(conn_state(h.c), CONN_OPENING);
	h.now++;
	here_step(&h);
	assert_int_equal(h.rc, RC_SYS);
	assert_string_equal(h.e.text, "no answer within 10 s");
	far_close(&f);

	buf_clear(&f.got);
	here_open(&h);
	until(&h, f.got.n > 0);
	assert_int_equal(send(f.fd, nonsense, sizeof(nonsense) - 1, 0), sizeof(nonsense) - 1);
	ends_with(&h, RC_SYS, "TLS handshake: wrong version number");
	far_close(&f);

	buf_clear(&f.got);
	here_open(&h);
	until(&h, f.got.n > 0);
	far_close(&f);
	h.far = NULL;
	ends_with(&h, RC_SYS, "TLS handshake: ");
	h.far = &f;

	buf_clear(&f.got);
	here_open(&h);
	until(&h, f.got.n > 0);
	far_reset(&f);
	h.far = NULL;
	ends_with(&h, RC_SYS, "TLS handshake: Connection reset by peer");
	conn_free(h.c);
	far_free(&f);
}

static void
old_versions_are_refused(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls(&id);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h;

	(void)state;
	conf.insecure = true;	/* not even then */
	SSL_CTX_set_security_level(ctx_of(&f), 0);
	SSL_CTX_set_min_proto_version(ctx_of(&f), TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx_of(&f), TLS1_1_VERSION);
	h = here_new(&conf, &f);
	cannot_open(&h, "TLS handshake: tlsv1 alert protocol version");
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
}

static void
keeps_what_is_half_written(void **state)
{
	static struct datagram d[20000];
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls_at("127.0.0.1", &id, 4096);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h = here_new(&conf, &f);
	struct buf all = { 0 };
	size_t n = make_packets(d, 20000, 4 << 20, &all);

	(void)state;
	f.piece = 3001;
	here_open(&h);
	until_open(&h);
	send_all(&h, d, n);
	assert_int_equal(conn_counts(h.c)->taken, n);
	assert_int_equal(conn_counts(h.c)->sent, n);
	assert_int_equal(conn_counts(h.c)->bytes, all.n);
	conn_shutdown(h.c);
	ends_with(&h, RC_END, "");	/* of itself, once all is there */
	h.rc = RC_OK;
	until(&h, f.ended || f.got.n == all.n);
	assert_true(slice_eq(buf_slice(&f.got), buf_slice(&all)));
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
	buf_reset(&all);
}

/* A conn that ends says so in TLS: the peer knows that nothing was cut off. */
static void
ends_in_good_order(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls(&id);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h = here_new(&conf, &f);

	(void)state;
	here_open(&h);
	until_open(&h);
	assert_int_equal(say(&h, "last"), 1);
	conn_shutdown(h.c);
	ends_with(&h, RC_END, "");
	h.rc = RC_OK;
	until(&h, f.ended);
	assert_int_equal(f.error, 0);
	assert_slice(buf_slice(&f.got), "last");
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
}

static void
sees_the_peer_go(void **state)
{
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls(&id);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h = here_new(&conf, &f);

	(void)state;
	here_open(&h);
	until_open(&h);
	assert_int_equal(SSL_shutdown(((struct tls *)f.tls)->ssl), 0);
	far_close(&f);
	h.far = NULL;
	ends_with(&h, RC_END, "");

	h.far = &f;
	here_open(&h);
	until_open(&h);
	far_reset(&f);
	h.far = NULL;
	ends_with(&h, RC_SYS, "Connection reset by peer");

	/* found by writing: no signal, and words */
	h.far = &f;
	here_open(&h);
	until_open(&h);
	far_reset(&f);
	h.far = NULL;
	(void)say(&h, "too late");
	(void)say(&h, "too late");
	ends_with(&h, RC_SYS, "Connection reset by peer");
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
}

static void
tries_every_address(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "127.0.0.2", NULL };
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls_at("127.0.0.2", &id, 0);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h;

	(void)state;
	name_addrs = addrs;
	conf.from = addr_of("127.0.0.3", 0);
	h = here_new(&conf, &f);
	here_open(&h);
	until_open(&h);
	assert_true(addr_eq(conn_peer(h.c), &f.addr));
	assert_true(addr_host_eq(&f.from, &conf.from));
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
}

static void
tells_what_has_not_arrived(void **state)
{
	static uint8_t some[5000];
	struct identity id = issue_now("x", "DNS:" NAME, &ca);
	struct far f = far_tls(&id);
	struct conn_conf conf = conf_tls(NAME, &f);
	struct here h = here_new(&conf, &f);
	struct datagram d = { .part = { slice_of(some, sizeof(some)) } };
	uint64_t taken = 0;
	struct pollfd p[CONN_FDS];

	(void)state;
	here_open(&h);
	until_open(&h);
	f.deaf = true;
	while (conn_send(h.c, &d, 1) == 1)
		taken += sizeof(some);
	assert_int_equal(conn_fds(h.c, p, CONN_FDS), 1);
	assert_true(p[0].events & POLLOUT);
	assert_true(conn_unacked(h.c) > 0);
	assert_true(conn_unread(h.c) >= conn_unacked(h.c));
	f.deaf = false;
	until(&h, f.got.n == taken);
	until(&h, conn_unacked(h.c) == 0);
	conn_free(h.c);
	far_tls_free(&f);
	identity_free(&id);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	ca = issue_now("ca", NULL, NULL);
	other_ca = issue_now("other ca", NULL, NULL);
	ca_file = file_of("ca.pem", ca.cert, NULL, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (made[i][0] != '\0')
			(void)unlink(made[i]);	/* some names were used twice */
	identity_free(&ca);
	identity_free(&other_ca);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verifies_names_and_addresses),
		cmocka_unit_test(refuses_whom_it_cannot_verify),
		cmocka_unit_test(shows_its_certificate),
		cmocka_unit_test(says_what_is_wrong_with_its_files),
		cmocka_unit_test(waits_for_the_servers_word),
		cmocka_unit_test(closed_after_the_handshake),
		cmocka_unit_test(handshake_that_fails),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(keeps_what_is_half_written),
		cmocka_unit_test(ends_in_good_order),
		cmocka_unit_test(sees_the_peer_go),
		cmocka_unit_test(tries_every_address),
		cmocka_unit_test(tells_what_has_not_arrived),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
