/* SPDX-License-Identifier: MIT */
#ifndef CLI_RECEIVE_H
#define CLI_RECEIVE_H
/*
 * receive - a source that listens for HEP: its options (rows for the tool's table), and its loop from the sockets to the stage. It
 * prints through diag.
 */
#include "capture/local.h"
#include "cli/opt.h"
#include "cli/stage.h"
#include "trace/record_xheaders.h"

struct receive_opts {
	struct strs where;		/* --listen-hep */
	uint64_t max_conns, idle_ns;	/* UINT64_MAX: not given */
	const char *key_file, *cert, *cert_key, *client_ca;
};

extern struct receive_opts receive_opts;	/* where the rows store */

#define RECEIVE_ROWS										\
	{ 0, "listen-hep", "WHERE", &receive_opts.where, opt_strs, "receive HEP; WHERE: udp, tcp, tls:HOST:PORT (repeatable)", NULL }, \
	{ 0, "auth-key-file", "FILE", &receive_opts.key_file, opt_str, "refuse HEP without the key in FILE", NULL },	\
	{ 0, "max-connections", "N", &receive_opts.max_conns, opt_u64, "of HEP senders at a time (1024)", NULL },	\
	{ 0, "idle-timeout", "TIME", &receive_opts.idle_ns, opt_time, "for the rest of a HEP packet (60s)", NULL },	\
	{ 0, "cert", "FILE", &receive_opts.cert, opt_str, "our certificate for tls, PEM", NULL },			\
	{ 0, "cert-key", "FILE", &receive_opts.cert_key, opt_str, "its key, if it is not in the same file", NULL },	\
	{ 0, "client-ca", "FILE", &receive_opts.client_ca, opt_str, "take only tls clients certified by these", NULL }

/*
 * The times of many senders: clocks that differ, packets that wait for a reconnection. What is later than this (a spool that
 * is drained) comes late.
 */
#define RECEIVE_DISORDER_NS UINT64_C(10000000000)

struct receive_conf {
	const struct locals *locals;
	struct record_xheaders *xheaders;	/* or NULL */
	size_t buffer;			/* of each UDP socket */
	bool verbose;
	/* As intake_conf.put. */
	bool (*put)(void *arg, const struct record *);
	void *arg;
};

struct receive;
/*
 * Opens the sockets of --listen-hep. NULL: it was not given (and, exit 2, neither were the options that need it). Exits 2 on
 * what is wrong, 1 on what cannot be opened.
 */
struct receive *receive_open(const struct receive_conf *);
/* The ledger. Valid as long as the receive. */
struct counter *receive_counters(struct receive *, size_t *n);
/* Until a signal, an output that takes no more, or a put that says so. What had arrived before a signal is read. */
void receive_run(struct receive *, struct stage *);
void receive_close(struct receive *);	/* NULL is fine */
#endif
