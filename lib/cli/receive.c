/* SPDX-License-Identifier: MIT */
#include "cli/receive.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/xalloc.h"
#include "capture/hep_intake.h"
#include "capture/listen.h"
#include "cli/diag.h"
#include "cli/hepopt.h"
#include "cli/sig.h"

#define SECOND UINT64_C(1000000000)
#define CHECK_EVERY 64		/* packets between two looks at signals and clocks */
#define LAST_NS (2 * SECOND)	/* what had arrived before a signal is read within this, or never: a flood has no end */
#define MAX_CONNS 1024
#define MAX_MAX_CONNS 1000000
#define IDLE_NS (60 * SECOND)
#define OTHER_FILES 32		/* descriptors that are no connections */

struct receive_opts receive_opts = { .max_conns = UINT64_MAX, .idle_ns = UINT64_MAX };

struct receive {
	struct receive_conf conf;
	struct listen *listen;
	struct hep_intake *intake;
	char *key;
	uint64_t mono_ns, real_ns;	/* the clocks at the last look */
	uint64_t newest_ns;		/* latest time of a record; 0: none came */
	uint64_t newest_mono_ns;	/* when that was */
};

static uint64_t
clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static void
look_at_clocks(struct receive *r)
{
	r->mono_ns = clock_ns(CLOCK_MONOTONIC);
	r->real_ns = clock_ns(CLOCK_REALTIME);
}

static void
on_say(void *arg, const char *cause, const struct err *e)
{
	(void)arg;
	diag_count(cause, "%s", e->text);
}

/* The newest record's time, moved on since it came: it never steps back. */
static uint64_t
sender_time(const struct receive *r)
{
	return r->newest_ns + (r->mono_ns - r->newest_mono_ns);
}

static bool
on_record(void *arg, const struct record *rec)
{
	struct receive *r = arg;

	if (r->newest_ns == 0 || rec->time_ns > sender_time(r)) {
		r->newest_ns = rec->time_ns < r->real_ns ? rec->time_ns : r->real_ns;
		r->newest_mono_ns = r->mono_ns;
	}
	return r->conf.put(r->conf.arg, rec);
}

static void
check_alone(void)
{
	const struct receive_opts *o = &receive_opts;
	const struct { bool given; const char *name; } needs[] = {
		{ o->key_file != NULL, "--auth-key-file" }, { o->max_conns != UINT64_MAX, "--max-connections" },
		{ o->idle_ns != UINT64_MAX, "--idle-timeout" }, { o->cert != NULL, "--cert" }, { o->cert_key != NULL, "--cert-key" },
		{ o->client_ca != NULL, "--client-ca" },
	};

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].given)
			diag_usage("%s is for --listen-hep", needs[i].name);
}

static void
check_options(void)
{
	struct receive_opts *o = &receive_opts;
	bool tls = false;

	for (size_t i = 0; i < o->where.n; i++)
		tls = tls || slice_istarts(slice_str(o->where.v[i]), SLICE_LIT("tls:"));
	if (tls && o->cert == NULL)
		diag_usage("--listen-hep tls: needs --cert");
	if (!tls && (o->cert != NULL || o->cert_key != NULL || o->client_ca != NULL))
		diag_usage("--cert, --cert-key and --client-ca are for --listen-hep tls:");
	if (o->max_conns == UINT64_MAX)
		o->max_conns = MAX_CONNS;
	if (o->max_conns == 0 || o->max_conns > MAX_MAX_CONNS)
		diag_usage("--max-connections: must be 1 to %d", MAX_MAX_CONNS);
	if (o->idle_ns == UINT64_MAX)
		o->idle_ns = IDLE_NS;
	if (o->idle_ns == 0)
		diag_usage("--idle-timeout: must be more than 0");
}

/* As many descriptors as connections may come. */
static void
raise_limit(uint64_t conns)
{
	rlim_t need = conns + OTHER_FILES;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur >= need)
		return;
	l.rlim_cur = l.rlim_max < need ? l.rlim_max : need;
	if (setrlimit(RLIMIT_NOFILE, &l) != 0 || l.rlim_cur < need)
		diag("--max-connections %" PRIu64 ": this process may have only %" PRIu64 " open files", conns, (uint64_t)l.rlim_cur);
}

/* With -v, and where the system chose a port. */
static void
say_sockets(const struct receive *r)
{
	uint8_t transport;
	struct addr local;
	size_t buffer;

	for (size_t i = 0; listen_socket(r->listen, i, &transport, &local, &buffer); i++) {
		const char *where = receive_opts.where.v[i];
		bool chosen = strcmp(where + strlen(where) - 2, ":0") == 0;
		char text[SOCKET_TEXT];

		socket_format(transport, &local, text);
		if (chosen || r->conf.verbose)
			diag("listening on %s", text);
		if (r->conf.verbose && transport == TRANSPORT_UDP && buffer < r->conf.buffer)
			diag("%s: the system gives a buffer of %zu bytes, not %zu (net.core.rmem_max)", text, buffer, r->conf.buffer);
	}
}

struct receive *
receive_open(const struct receive_conf *conf)
{
	struct receive *r;
	struct err e;
	enum rc rc;

	if (receive_opts.where.n == 0) {
		check_alone();
		return NULL;
	}
	check_options();
	r = xcalloc(1, sizeof(*r));
	r->conf = *conf;
	if (receive_opts.key_file != NULL)
		r->key = hepopt_read_key(receive_opts.key_file);
	raise_limit(receive_opts.max_conns);
	rc = listen_open(&(struct listen_conf){
	    .where = receive_opts.where.v, .n = receive_opts.where.n, .buffer = conf->buffer, .max_conns = receive_opts.max_conns,
	    .stall_ns = receive_opts.idle_ns, .cert = receive_opts.cert, .cert_key = receive_opts.cert_key,
	    .client_ca = receive_opts.client_ca, .say = on_say, .arg = r,
	}, &r->listen, &e);
	if (rc == RC_BAD)
		diag_usage("--listen-hep %s", e.text);
	if (rc != RC_OK)
		diag_die("%s", e.text);
	r->intake = hep_intake_new(&(struct hep_intake_conf){
	    .locals = conf->locals, .xheaders = conf->xheaders, .key = slice_str(r->key), .put = on_record, .arg = r,
	});
	return r;
}

struct counter *
receive_counters(struct receive *r, size_t *n)
{
	return hep_intake_counters(r->intake, n);
}

/* False: put wants no more. */
static bool
take(struct receive *r, const struct listen_packet *p)
{
	const struct hep_refusal *why;
	char text[ADDR_PORT_TEXT];
	struct addr from;
	enum rc rc = hep_intake_packet(r->intake, p, r->real_ns, &why);

	if (rc == RC_BAD) {
		listen_from(r->listen, &from);
		addr_port_format(&from, text);
		diag_count(why->cause, "%s: %s", text, why->what);
	}
	return rc != RC_END;
}

/*
 * Once a second: a snapshot that also tells the stages behind what time it is. That is the senders' time, moved on since the newest of
 * their records: what they send may be long past.
 */
static bool
snapshot(struct receive *r, struct stage *s)
{
	uint64_t time_ns = sender_time(r);

	listen_tick(r->listen, r->mono_ns);
	hep_intake_outside(r->intake, listen_stats(r->listen));
	if (r->newest_ns == 0)
		return true;
	return stage_stats(s, time_ns < r->real_ns ? time_ns : r->real_ns);
}

static bool
wait_packets(struct receive *r, struct stage *s, uint64_t until)
{
	struct pollfd p[2] = { { .fd = listen_fd(r->listen), .events = POLLIN }, { .fd = sig_fd(), .events = POLLIN } };

	if (!stage_flush(s))
		return false;
	if (poll(p, 2, until > r->mono_ns ? (int)((until - r->mono_ns) / 1000000) + 1 : 0) < 0 && errno != EINTR)
		diag_die("poll: %s", strerror(errno));
	return true;
}

/* The end of it: what had arrived before the signal is read. False: stop now. */
static bool
go_on(struct receive *r, struct stage *s, uint64_t *stop_ns)
{
	if (!stage_stopping(s))
		return true;
	if (*stop_ns == 0)
		*stop_ns = r->mono_ns + LAST_NS;
	return sig_level() < 2 && r->mono_ns < *stop_ns;
}

void
receive_run(struct receive *r, struct stage *s)
{
	uint64_t due, stop_ns = 0;
	bool more = true;

	look_at_clocks(r);
	due = r->mono_ns + SECOND;
	say_sockets(r);
	for (unsigned n = 1; more; n++) {
		struct listen_packet p;
		struct err e;
		enum rc rc = listen_next(r->listen, r->mono_ns, &p, &e);

		if (rc == RC_END || (rc == RC_MORE && stop_ns != 0))
			break;
		if (rc == RC_OK) {
			more = take(r, &p);
		} else if (rc == RC_MORE) {
			more = wait_packets(r, s, due);
		} else {
			diag("%s", e.text);
			stage_failed(s);
		}
		if (rc == RC_OK && n % CHECK_EVERY != 0)
			continue;
		look_at_clocks(r);
		if (!go_on(r, s, &stop_ns))
			break;
		if (more && r->mono_ns >= due) {
			more = snapshot(r, s);
			due = r->mono_ns + SECOND;
		}
	}
	listen_end(r->listen);
	hep_intake_outside(r->intake, listen_stats(r->listen));
	if (listen_stats(r->listen)->kernel_drops > 0)
		diag("%" PRIu64 " datagrams dropped by the kernel: the socket's buffer was full (-B, net.core.rmem_max)",
		    listen_stats(r->listen)->kernel_drops);
}

void
receive_close(struct receive *r)
{
	if (r == NULL)
		return;
	listen_close(r->listen);
	hep_intake_free(r->intake);
	if (r->key != NULL)
		explicit_bzero(r->key, strlen(r->key));
	free(r->key);
	free(r);
}
