/* SPDX-License-Identifier: MIT */
/* sipcap - SIP messages from capture files and network interfaces, as trace records. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/filter.h"
#include "capture/intake.h"
#include "capture/live.h"
#include "capture/files.h"
#include "cli/diag.h"
#include "cli/sig.h"
#include "cli/stage.h"
#include "cli/xheadersopt.h"

#define SECOND UINT64_C(1000000000)
#define CHECK_EVERY 256		/* packets between two looks at signals and the clock */
#define FEW_FILES 16		/* up to so many have a big buffer each */
#define MAX_TAPS 64

static struct {
	struct strs files, ifaces, local;
	uint64_t ring, count;
	uint32_t snaplen;
	bool explain, verbose;
} conf = { .ring = 32u << 20, .snaplen = 262144 };

static const struct opt opts[] = {
	{ 'r', "read", "FILE", &conf.files, opt_strs, "read a capture file, - is standard input (repeatable)", NULL },
	{ 'i', "interface", "IFACE", &conf.ifaces, opt_strs, "capture on this interface, or any (repeatable)", NULL },
	{ 'B', "buffer", "BYTES", &conf.ring, opt_u64, "size of the kernel's buffer for each interface (32M)", NULL },
	{ 's', "snaplen", "BYTES", &conf.snaplen, opt_u32, "bytes captured of each packet (262144)", NULL },
	{ 'c', "count", "N", &conf.count, opt_u64, "stop after N messages", NULL },
	{ 0, "local", "ADDR[/LEN][:PORT]", &conf.local, opt_strs, "what is ours, for the direction (repeatable)", NULL },
	XHEADERSOPT_ROWS,
	{ 0, "explain", NULL, &conf.explain, opt_flag, "print the packet filter and stop", NULL },
	{ 'v', "verbose", NULL, &conf.verbose, opt_flag, "say at the end what was left out, and why", NULL },
	{ 0 },
};

static const struct opt_tool tool = {
	.name = "sipcap",
	.synopsis = "[-r FILE]... | [-i IFACE]... [-w FILE] [OPTION]... [FILTER]",
	.summary = "take SIP messages from captures or the network, write trace records",
	.opts = opts,
	.common = stage_source_opts,
	.operands = "",
	.more = "FILTER is a pcap-filter(7) expression. Without -r and -i, standard input is read.",
};

/* One run: where packets come from and go to. */
struct run {
	struct stage *stage;
	struct intake *intake;
	struct filter *filter;
	struct live *live;
	struct files *files;
	struct locals locals;
	struct record_xheaders *xheaders;
	uint64_t put, filtered;
};

static bool
put(void *arg, const struct record *r)
{
	struct run *run = arg;

	return stage_put(run->stage, r) && ++run->put != conf.count;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* Until fd is readable; what was found so far is sent on before waiting. False: stop. */
static bool
wait_input(void *arg, int fd)
{
	struct run *run = arg;
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = sig_fd(), .events = POLLIN } };

	if (stage_stopping(run->stage))
		return false;
	if (poll(p, 1, 0) != 0)
		return true;
	if (!stage_flush(run->stage))
		return false;
	while (poll(p, 2, -1) <= 0 || p[0].revents == 0)
		if (stage_stopping(run->stage))
			return false;
	return true;
}

static bool
take(struct run *run, const struct packet *p)
{
	struct err e;

	if (run->filter == NULL)
		return intake_packet(run->intake, p);
	switch (filter_match(run->filter, p, &e)) {
	case RC_OK:
		return intake_packet(run->intake, p);
	case RC_BAD:
		if (e.text[0] != '\0')
			diag("%s", e.text);
		/* fall through */
	default:
		intake_outside(run->intake, INTAKE_FILTERED, ++run->filtered);
		return true;
	}
}

static void
read_files(struct run *run)
{
	uint64_t done, total;
	struct packet p;
	struct err e;
	bool more = true;

	for (unsigned n = 1; more; n++) {
		enum rc rc = files_next(run->files, &p, &e);

		if (rc == RC_END || rc == RC_LIMIT)
			break;
		if (rc == RC_OK) {
			more = take(run, &p);
		} else {
			diag("%s", e.text);
			stage_failed(run->stage);
		}
		if (n % CHECK_EVERY != 0)
			continue;
		files_progress(run->files, &done, &total);
		stage_progress(run->stage, done, total, run->put);
		if (stage_stopping(run->stage))
			break;
	}
}

/* Once a second: drops, and a snapshot that also tells the stages behind what time it is. */
static bool
snapshot(struct run *run, uint64_t now)
{
	uint64_t kernel, iface;

	live_drops(run->live, &kernel, &iface);
	intake_outside(run->intake, INTAKE_KERNEL_DROPS, kernel);
	intake_outside(run->intake, INTAKE_INTERFACE_DROPS, iface);
	return intake_tick(run->intake, now) && stage_stats(run->stage, now);
}

static bool
wait_packets(struct run *run, uint64_t until)
{
	struct pollfd p[MAX_TAPS + 1] = { { .fd = sig_fd(), .events = POLLIN } };
	size_t n = 1 + live_fds(run->live, p + 1, MAX_TAPS);
	uint64_t now = now_ns();

	if (!stage_flush(run->stage))
		return false;
	if (poll(p, n, until > now ? (int)((until - now) / 1000000) + 1 : 0) < 0 && errno != EINTR)
		diag_die("poll: %s", strerror(errno));
	return true;
}

static void
read_interfaces(struct run *run)
{
	uint64_t due = now_ns() + SECOND;
	bool more = true;

	for (unsigned n = 1; more; n++) {
		struct packet p;
		struct err e;
		enum rc rc = live_next(run->live, &p, &e);

		if (rc == RC_END)
			break;
		if (rc == RC_OK) {
			more = take(run, &p);
		} else if (rc == RC_MORE) {
			more = wait_packets(run, due);
		} else {
			diag("%s", e.text);
			stage_failed(run->stage);
		}
		if (rc == RC_OK && n % CHECK_EVERY != 0)
			continue;
		if (stage_stopping(run->stage))
			break;
		if (more && now_ns() >= due) {
			more = snapshot(run, now_ns());
			due = now_ns() + SECOND;
		}
	}
	(void)snapshot(run, now_ns());
}

static void
open_files(struct run *run)
{
	static uint16_t point;
	struct file **files = xcalloc(conf.files.n, sizeof(*files));
	struct err e;

	for (size_t i = 0; i < conf.files.n; i++) {
		const struct file_conf fc = {
			.path = conf.files.v[i],
			.buffer = conf.files.n <= FEW_FILES ? 256u << 10 : 32u << 10,
			.wait = { wait_input, run },
			.point = &point,
		};

		if (strcmp(fc.path, "-") == 0 && isatty(STDIN_FILENO))
			diag_usage("standard input is a terminal: pipe a capture in, or use -r FILE or -i IFACE");
		if (file_open(&fc, &files[i], &e) != RC_OK)
			diag_die("%s", e.text);
	}
	run->files = files_new(files, conf.files.n);
	free(files);
}

static void
open_interfaces(struct run *run, const char *expression)
{
	const struct live_conf lc = {
		.ifaces = conf.ifaces.v, .n = conf.ifaces.n, .buffer = conf.ring, .snaplen = conf.snaplen, .expression = expression,
	};
	struct err e;
	enum rc rc = live_open(&lc, &run->live, &e);

	if (rc == RC_BAD)
		diag_usage("%s", e.text);
	if (rc != RC_OK || (conf.local.n == 0 && locals_add_host(&run->locals, &e) != RC_OK))
		diag_die("%s", e.text);
}

/* The operands, joined by blanks; NULL if there are none. */
static char *
expression_of(int argc, char **argv)
{
	struct buf b = { 0 };

	for (int i = 0; i < argc; i++)
		buf_printf(&b, "%s%s", i > 0 ? " " : "", argv[i]);
	return argc > 0 ? (char *)(uintptr_t)buf_cstr(&b) : NULL;
}

/* Returns the exit status. */
static int
explain(const char *expression)
{
	int failed;
	struct buf b = { 0 };

	if (expression != NULL)
		filter_text(expression, &b);
	else if (conf.ifaces.n > 0)
		filter_sip(true, &b);
	failed = puts(b.n > 0 ? buf_cstr(&b) : "all packets") < 0 || fflush(stdout) != 0;
	if (failed)
		diag("standard output: cannot write");
	buf_reset(&b);
	return failed;
}

static void
check_options(const char *expression, struct run *run)
{
	struct err e;

	if (conf.files.n > 0 && conf.ifaces.n > 0)
		diag_usage("-r and -i do not go together: files have their own times");
	if (conf.ifaces.n > MAX_TAPS)
		diag_usage("more than %d interfaces (any is all of them)", MAX_TAPS);
	if (conf.snaplen == 0 || conf.snaplen > 262144)
		diag_usage("-s %" PRIu32 ": must be 1 to 262144", conf.snaplen);
	if (conf.ring < 64u << 10 || conf.ring > INT32_MAX)
		diag_usage("-B %" PRIu64 ": must be 64k to 2047M", conf.ring);
	for (size_t i = 0; i < conf.local.n; i++)
		if (locals_add(&run->locals, conf.local.v[i], &e) != RC_OK)
			diag_usage("--local: %s", e.text);
	if (expression != NULL && filter_new(expression, &run->filter, &e) != RC_OK) {
		if (access(expression, F_OK) == 0)
			diag_usage("%s: a filter is expected here; -r reads a file", expression);
		diag_usage("%s", e.text);
	}
}

static void
say_counts(const struct counter *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].value > 0)
			diag("%s %s: %" PRIu64, stat_unit_name(c[i].unit), c[i].name, c[i].value);
}

static void
run_all(struct run *run, int argc, char **argv)
{
	const struct intake_conf ic = { .locals = &run->locals, .xheaders = run->xheaders, .put = put, .arg = run };
	struct stage_conf sc = { .flags = STAGE_OUTPUT, .opts = &stage_opts, .argc = argc, .argv = argv };
	struct intake_conf seeded = ic;

	if (getrandom(&seeded.seed, sizeof(seeded.seed), 0) < 0)
		seeded.seed = now_ns();
	run->intake = intake_new(&seeded);
	sc.counters = intake_counters(run->intake, &sc.counters_n);
	run->stage = stage_open(&sc, run->live != NULL, INTAKE_HOLE_NS);
	if (run->live != NULL)
		read_interfaces(run);
	else
		read_files(run);
	intake_end(run->intake);
	xheadersopt_say(run->xheaders);
	if (conf.verbose)
		say_counts(sc.counters, sc.counters_n);
}

int
main(int argc, char **argv)
{
	static const char *const standard[] = { "-" };
	struct run run = { 0 };
	int all = argc, status;
	char **args = argv, *expression;

	diag_init("sipcap");
	opt_parse(&tool, &argc, &argv);
	expression = expression_of(argc, argv);
	check_options(expression, &run);
	run.xheaders = xheadersopt_new();
	if (conf.explain) {
		status = explain(expression);
		goto out;
	}
	if (conf.files.n == 0 && conf.ifaces.n == 0)
		conf.files = (struct strs){ (const char **)(uintptr_t)standard, 1 };
	if (conf.ifaces.n > 0)
		open_interfaces(&run, expression);
	else
		open_files(&run);
	run_all(&run, all, args);
	status = stage_close(run.stage);
out:
	intake_free(run.intake);
	filter_free(run.filter);
	files_free(run.files);
	live_close(run.live);
	locals_reset(&run.locals);
	record_xheaders_free(run.xheaders);
	free(expression);
	return status;
}
