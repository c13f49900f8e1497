/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "cli/deliver_impl.h"
#include "cli/diag.h"
#include "net/dest.h"

#define QUEUE_BYTES (UINT64_C(64) << 20)
#define SPOOL_BYTES (UINT64_C(1) << 30)
#define SPOOL_MIN (UINT64_C(1) << 20)
#define SEGMENT_MAX (UINT64_C(16) << 20)
#define SLACK_MAX (UINT64_C(8) << 20)
#define SYNC_NS UINT64_C(1000000000)
#define NAMES_MAX 8192		/* bytes of the file "dest" of a spool */
#define FOLDER_TEXT 48		/* of a destination's text, at the beginning of its folder's name */

struct deliver_opts deliver_opts = { .queue_bytes = UINT64_MAX, .spool_max = UINT64_MAX };

/* Splits at blanks. RC_LIMIT: more than OUTLET_CONNS. */
static enum rc
split_names(struct target *t, struct err *e)
{
	struct slice rest = slice_of(t->text, t->text_n);

	while (rest.n > 0) {
		size_t n = slice_chr(rest, ' ');

		if (t->names == OUTLET_CONNS)
			return err_set(e, RC_LIMIT, "more than %d destinations for --failover", OUTLET_CONNS);
		t->name[t->names++] = xstrndup((const char *)rest.p, n);
		rest = slice_skip(rest, n + 1);
	}
	return RC_OK;
}

static enum rc
conn_confs(const struct deliver *d, struct target *t, struct conn_conf *conf, struct err *e)
{
	enum rc rc = split_names(t, e);

	if (t->names == 0)
		return dest_parse(slice_str(""), &conf->dest, e);
	for (size_t i = 0; rc == RC_OK && i < t->names; i++) {
		conf[i] = (struct conn_conf){ .from = d->from, .iface = deliver_opts.iface, .ca = deliver_opts.ca, .cert = deliver_opts.cert,
			.cert_key = deliver_opts.cert_key, .insecure = deliver_opts.insecure };
		/* A record's text may hold a NUL, which no destination does: then the lengths differ. */
		if (t->names == 1 && strlen(t->name[0]) != t->text_n)
			return err_set(e, RC_BAD, "no destination");
		rc = dest_parse(slice_str(t->name[i]), &conf[i].dest, e);
		if (rc == RC_OK && conf[i].dest.transport != TRANSPORT_UDP && d->conf.udp_only != NULL)
			rc = err_set(e, RC_BAD, "%s", d->conf.udp_only);
		t->udp = (i == 0 || t->udp) && conf[i].dest.transport == TRANSPORT_UDP;
		if (rc == RC_OK && conf[i].dest.transport == TRANSPORT_TLS && deliver_opts.insecure)
			diag("%s: --insecure: whoever answers is believed, and can read all that is sent", t->name[i]);
	}
	return rc;
}

/* "udp_10.0.0.1_9060-0123456789abcdef": readable, and one for each text. */
static char *
folder_of(const struct target *t)
{
	struct buf b = { 0 };

	buf_str(&b, deliver_opts.spool);
	buf_u8(&b, '/');
	for (size_t i = 0; i < t->text_n && i < FOLDER_TEXT; i++) {
		char c = t->text[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';

		buf_u8(&b, (uint8_t)(plain ? c : '_'));
	}
	buf_printf(&b, "-%016" PRIx64, hash64(t->text, t->text_n));
	return (char *)(uintptr_t)buf_cstr(&b);
}

/* Who wrote the folder and for which destination: two lines. */
static enum rc
write_dest(const char *folder, const struct target *t, struct err *e)
{
	char path[4096];
	FILE *f;
	bool ok;

	if (snprintf(path, sizeof(path), "%s/dest", folder) >= (int)sizeof(path))
		return err_set(e, RC_BAD, "--spool: the name is too long");
	if (access(path, F_OK) == 0)
		return RC_OK;
	f = fopen(path, "we");
	if (f == NULL)
		return err_set(e, RC_SYS, "%s: %s", path, strerror(errno));
	ok = fprintf(f, "%s\n%s\n", diag_tool(), t->text) > 0;
	ok = fclose(f) == 0 && ok;
	return ok ? RC_OK : err_set(e, RC_SYS, "%s: %s", path, strerror(errno));
}

static enum rc
open_spool(const struct target *t, struct spool **out, struct err *e)
{
	uint64_t max = deliver_opts.spool_max != UINT64_MAX ? deliver_opts.spool_max : SPOOL_BYTES;
	char *folder = folder_of(t);
	const struct spool_conf conf = {
		.dir = folder,
		.max_bytes = max,
		.segment_bytes = max / 8 < SEGMENT_MAX ? max / 8 : SEGMENT_MAX,
		.sync_ns = SYNC_NS,
		.keep_oldest = deliver_opts.spool_drop != NULL && deliver_opts.spool_drop[0] == 'n',
	};
	enum rc rc = spool_open(&conf, out, e);

	if (rc == RC_OK && (rc = write_dest(folder, t, e)) != RC_OK)
		spool_close(*out);
	free(folder);
	return rc;
}

static enum rc
open_outlet(struct deliver *d, struct target *t, struct err *e)
{
	struct conn_conf conn[OUTLET_CONNS];
	struct outlet_conf conf = { .conn = conn, .queue_bytes = deliver_opts.queue_bytes != UINT64_MAX ? deliver_opts.queue_bytes : QUEUE_BYTES, .drain_rate = deliver_opts.drain_rate,
		.event = deliver_event, .arg = t };
	enum rc rc = conn_confs(d, t, conn, e);

	if (rc != RC_OK)
		return rc;
	if (deliver_opts.spool != NULL && (rc = open_spool(t, &conf.spool, e)) != RC_OK)
		return rc;
	conf.conns = t->names;
	if (getrandom(&conf.seed, sizeof(conf.seed), 0) < 0)
		conf.seed = deliver_now_ns();
	conf.slack_bytes = deliver_opts.spool_max / 4 < SLACK_MAX ? deliver_opts.spool_max / 4 : SLACK_MAX;
	t->spooled = conf.spool != NULL;
	t->outlet = outlet_new(&conf);
	t->waited_from = deliver_now_ns();
	outlet_step(t->outlet, t->waited_from);
	return RC_OK;
}

static struct target *
add_target(struct deliver *d, struct slice text)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->deliver = d;
	t->text = xmalloc(text.n + 1);
	memcpy(t->text, text.p, text.n);
	t->text[text.n] = '\0';
	t->text_n = text.n;
	d->target[d->n++] = t;
	return t;
}

struct target *
deliver_target(struct deliver *d, struct slice text, struct err *e)
{
	struct target *t = add_target(d, text);

	if (open_outlet(d, t, e) != RC_OK)
		t->outlet = NULL;
	return t;
}

/* The operand without the tool's own scheme ("hep:udp:h:p"). */
static struct slice
operand(const struct deliver *d, const char *text)
{
	struct slice s = slice_str(text), scheme = slice_str(d->conf.scheme);

	return !d->conf.keep_scheme && slice_istarts(s, scheme) ? slice_skip(s, scheme.n) : s;
}

static void
open_default(struct deliver *d, struct slice text, const char *as_given)
{
	struct err e = { .text = "" };
	struct target *t;
	enum rc rc;

	/* One spool for each: two with the same name would share it. */
	for (size_t i = 0; deliver_opts.spool != NULL && i < d->n; i++)
		if (slice_eq(text, slice_of(d->target[i]->text, d->target[i]->text_n)))
			diag_usage("%s: given twice (%s), and --spool keeps one folder for each destination", as_given, d->target[i]->text);
	t = add_target(d, text);
	rc = open_outlet(d, t, &e);
	if (rc == RC_BAD)
		diag_usage("%s: %s", as_given, e.text);
	if (rc != RC_OK)
		diag_die("%s: %s", as_given, e.text);
}

static void
open_each(struct deliver *d, char *const dest[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice text = operand(d, dest[i]);

		if (slice_chr(text, ' ') != text.n)
			diag_usage("%s: no destination", dest[i]);
		open_default(d, text, dest[i]);
	}
}

/* One target of which the first that can be reached is used. */
static void
open_failover(struct deliver *d, char *const dest[], size_t n)
{
	struct buf all = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct slice text = operand(d, dest[i]);
		struct dest parsed;
		struct err e;

		if (slice_chr(text, ' ') != text.n || dest_parse(text, &parsed, &e) != RC_OK)
			diag_usage("%s: %s", dest[i], slice_chr(text, ' ') != text.n ? "no destination" : e.text);
		buf_str(&all, i > 0 ? " " : "");
		buf_put(&all, text);
	}
	open_default(d, buf_slice(&all), buf_cstr(&all));
	buf_reset(&all);
}

/* The destination of a folder in the spool; absent if it is none of ours. `text` holds what was read. */
static struct slice
read_dest(const char *name, char *text, size_t size)
{
	struct slice s, tool;
	char path[4096];
	ssize_t n = -1;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s/dest", deliver_opts.spool, name) >= (int)sizeof(path))
		return (struct slice){ NULL, 0 };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size);
		close(fd);
	}
	s = slice_of(text, n > 0 ? (size_t)n : 0);
	tool = slice_head(s, slice_chr(s, '\n'));
	s = slice_skip(s, tool.n + 1);
	s = slice_head(s, slice_chr(s, '\n'));
	return slice_eq(tool, slice_str(diag_tool())) && s.n > 0 ? s : (struct slice){ NULL, 0 };
}

/* What an earlier run accepted for another destination is delivered there. */
static void
resume(struct deliver *d, const char *name)
{
	char text[NAMES_MAX];
	struct slice dest = read_dest(name, text, sizeof(text));
	struct outlet_counts c;
	struct target *t;
	struct err e;

	if (dest.n == 0)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (slice_eq(dest, slice_of(d->target[i]->text, d->target[i]->text_n)))
			return;
	if (d->n == DELIVER_TARGETS) {
		diag("%s: more than %d destinations: %s stays as it is", deliver_opts.spool, DELIVER_TARGETS, name);
		return;
	}
	t = deliver_target(d, dest, &e);
	if (t->outlet == NULL) {
		diag("%s/%s: %s", deliver_opts.spool, name, e.text);
		return;
	}
	outlet_counts(t->outlet, &c);
	if (c.resumed > 0)
		diag("%s: the spool of an earlier run goes there too: %" PRIu64 " message%s", t->text, c.resumed, c.resumed == 1 ? "" : "s");
}

static void
open_spooled(struct deliver *d)
{
	DIR *dir = opendir(deliver_opts.spool);
	struct dirent *entry;

	if (dir == NULL)
		diag_die("%s: %s", deliver_opts.spool, strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			resume(d, entry->d_name);
	closedir(dir);
}

/* What every attempt to connect would say again, it says once, before anything is read. */
static void
check_files(void)
{
	const struct deliver_opts *o = &deliver_opts;
	const struct { const char *option, *path; } files[] = { { "--ca", o->ca }, { "--cert", o->cert }, { "--cert-key", o->cert_key } };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (files[i].path != NULL && access(files[i].path, R_OK) != 0)
			diag_die("%s: %s: %s", files[i].option, files[i].path, strerror(errno));
}

static void
check_options(const struct deliver_conf *conf, size_t n, struct addr *from)
{
	const struct deliver_opts *o = &deliver_opts;

	if (n == 0 && !o->addressed)
		diag_usage("no destination: %s udp:HOST:PORT", diag_tool());
	if (n > 0 && o->addressed)
		diag_usage("--addressed sends to the records' own destinations: give no other");
	if (o->failover && o->balance != NULL)
		diag_usage("--failover and --balance: give one of them");
	if (o->addressed && (o->failover || o->balance != NULL))
		diag_usage("--addressed: --failover and --balance have no destinations to choose from");
	if (o->rate > 0 && o->speed > 0)
		diag_usage("--rate and --speed: give one of them");
	if (n > (o->failover ? OUTLET_CONNS : o->balance != NULL ? BALANCE_OUTLETS : DELIVER_TARGETS))
		diag_usage("%zu destinations are too many", n);
	if (o->from != NULL && (addr_port_parse(slice_str(o->from), from) != RC_OK))
		diag_usage("--from: '%s' is no address", o->from);
	if (o->cert_key != NULL && o->cert == NULL)
		diag_usage("--cert-key: without --cert there is nothing that it is the key of");
	if (o->spool == NULL && o->spool_drop != NULL)
		diag_usage("--spool-drop: there is no --spool");
	if (o->spool == NULL && o->spool_max != UINT64_MAX)
		diag_usage("--spool-max: there is no --spool");
	if (o->spool != NULL && o->queue_bytes != UINT64_MAX)
		diag_usage("--queue: with --spool messages wait on disk, not in memory; --spool-max bounds them");
	/* a paced replay asks whether a live source may be held up, and so does hlog's rate */
	if (o->spool != NULL && o->on_full != NULL && o->rate == 0 && o->speed == 0 && !conf->hasty)
		diag_usage("--on-full: with --spool there is no queue to be full; --spool-drop says what a full spool gives up");
	if (o->spool_max < SPOOL_MIN)
		diag_usage("--spool-max: at least 1M");
}

/* There is one in a process; wrong usage, found while it is made, ends that with it. For leak checkers, which look no further than here then. */
static struct deliver *volatile being_made;

struct deliver *
deliver_new(const struct deliver_conf *conf, char *const dest[], size_t n)
{
	struct addr from = { .family = FAMILY_NONE };
	struct deliver *d;

	check_options(conf, n, &from);
	check_files();
	being_made = d = xcalloc(1, sizeof(*d));
	d->conf = *conf;
	d->from = from;
	d->wait = deliver_opts.on_full == NULL || deliver_opts.on_full[0] == 'b';
	d->tee = stage_opts.tee || stage_opts.out != NULL;
	if (deliver_opts.spool != NULL && mkdir(deliver_opts.spool, 0700) != 0 && errno != EEXIST)
		diag_die("%s: %s", deliver_opts.spool, strerror(errno));
	if (deliver_opts.failover)
		open_failover(d, dest, n);
	else
		open_each(d, dest, n);
	d->defaults = d->n;
	if (deliver_opts.balance != NULL)
		d->balance = balance_new(deliver_opts.balance[0] == 'r' ? BALANCE_RR : BALANCE_CALLID, d->n, BALANCE_CALLS);
	if (deliver_opts.spool != NULL)
		open_spooled(d);
	return d;
}

void
deliver_attach(struct deliver *d, struct stage *stage)
{
	d->stage = stage;
}
