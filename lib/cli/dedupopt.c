/* SPDX-License-Identifier: MIT */
#include "cli/dedupopt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "trace/copies_report.h"
#include "trace/writer.h"

#define USUAL_NS (100 * UINT64_C(1000000))

struct dedupopt dedupopt;

struct dedup {
	struct copies *copies;
	struct copies_report *report;	/* NULL without --dedup-report */
	int fd;				/* of it */
	bool failed;			/* to write it */
	bool drop;
	uint64_t retransmissions;	/* among what was kept */
};

enum rc
dedupopt_time(const struct opt *o, const char *arg, struct err *e)
{
	enum rc rc = opt_time(o, arg, e);

	if (rc == RC_OK && *(uint64_t *)o->dst == 0)
		return err_set(e, RC_BAD, "is not above 0");
	return rc;
}

static int
open_report(bool stdout_taken)
{
	bool std = strcmp(dedupopt.report, "-") == 0;
	int fd;

	if (std && stdout_taken)
		diag_usage("--dedup-report -: standard output is for the records (-w FILE); name a file");
	fd = std ? dup(STDOUT_FILENO) : open(dedupopt.report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		diag_die("--dedup-report %s: %s", dedupopt.report, strerror(errno));
	return fd;
}

struct dedup *
dedupopt_new(bool mark, bool stdout_taken, uint64_t max_bytes)
{
	struct copies_conf conf = {
		.copy_ns = dedupopt.window_ns > 0 ? dedupopt.window_ns : USUAL_NS,
		.retransmission_ns = COPIES_RETRANSMISSION_NS, .max_bytes = max_bytes,
	};
	struct dedup *d;

	if (dedupopt.report != NULL && dedupopt.window_ns == 0)
		diag_usage("--dedup-report measures copies: it goes with --dedup TIME");
	if (dedupopt.window_ns == 0 && !mark)
		return NULL;
	if (getrandom(&conf.seed, sizeof(conf.seed), GRND_NONBLOCK) < 0)
		conf.seed = (uintptr_t)&conf;	/* early at boot: the stack's place will do */
	d = xcalloc(1, sizeof(*d));
	d->fd = -1;
	if (dedupopt.report != NULL) {
		d->fd = open_report(stdout_taken);
		d->report = copies_report_new(conf.copy_ns);
	}
	d->copies = copies_new(&conf);
	d->drop = dedupopt.window_ns > 0;
	return d;
}

/* False: it is a copy, to be left out. */
static bool
judge(struct dedup *d, struct record *r, size_t i)
{
	const struct copies_answer a = copies_record(d->copies, i);

	if (d->report != NULL)
		copies_report_add(d->report, &a);
	if (a.kind == COPIES_COPY && d->drop)
		return false;
	d->retransmissions += a.again;
	if (a.again && !(r->marks & MARK_RETRANSMISSION)) {
		r->marks |= MARK_RETRANSMISSION;
		r->intact = false;
	}
	return true;
}

size_t
dedupopt_batch(struct dedup *d, struct record *r, size_t n)
{
	size_t kept = 0;

	if (d == NULL)
		return n;
	for (size_t at = 0, m; at < n; at += m) {
		m = n - at < COPIES_BATCH ? n - at : COPIES_BATCH;
		copies_prepare(d->copies, r + at, m);
		for (size_t i = 0; i < m; i++)
			if (judge(d, &r[at + i], i)) {
				if (kept != at + i)
					r[kept] = r[at + i];
				kept++;
			}
	}
	return kept;
}

struct copies_stats
dedupopt_stats(const struct dedup *d)
{
	struct copies_stats s = { 0 };

	if (d == NULL)
		return s;
	s = copies_stats(d->copies);
	s.retransmissions = d->retransmissions;
	if (!d->drop)
		s.copies = 0;
	return s;
}

static void
report_failed(struct dedup *d, const char *why)
{
	d->failed = true;
	diag("--dedup-report %s: %s", dedupopt.report, why);
}

void
dedupopt_report(struct dedup *d)
{
	struct buf text = { 0 };
	struct err e = { .text = "" };
	struct stat st;

	if (d == NULL || d->report == NULL || d->failed)
		return;
	copies_report_text(d->report, copies_points(d->copies), &text);
	if (strcmp(dedupopt.report, "-") != 0 && fstat(d->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (ftruncate(d->fd, 0) != 0 || lseek(d->fd, 0, SEEK_SET) != 0))
		report_failed(d, strerror(errno));
	else if (write_all(d->fd, buf_slice(&text), NULL, NULL, &e) != RC_OK)
		report_failed(d, e.text);
	buf_reset(&text);
}

bool
dedupopt_close(struct dedup *d)
{
	uint64_t forgotten;
	bool failed;

	if (d == NULL)
		return true;
	dedupopt_report(d);
	if (d->fd >= 0 && close(d->fd) != 0 && !d->failed)
		report_failed(d, strerror(errno));
	forgotten = copies_stats(d->copies).forgotten;
	if (forgotten > 0)
		diag("%" PRIu64 " messages forgotten within their time, for --max-memory: copies and retransmissions of them were not told",
		    forgotten);
	failed = d->failed;
	copies_report_free(d->report);
	copies_free(d->copies);
	free(d);
	return !failed;
}
