/* SPDX-License-Identifier: MIT */
#include "cli/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "cli/meter.h"
#include "cli/sig.h"

struct stage {
	struct stage_conf conf;
	int in, out;			/* -1: none */
	struct reader *reader;
	struct writer *writer;
	struct stream_header header;
	bool started;			/* the output has its header */
	bool failed;			/* exit status 1 */
	bool broken;			/* no more output is possible */
	struct ledger *ledger;
	uint32_t seq;
	uint64_t time_ns;		/* of the last record that passed */
	struct buf frame;
	struct meter *meter;
	bool metered;			/* meter was decided on */
	uint64_t messages;		/* read so far */
};

static bool
is_std(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

static bool
stop_now(void *arg)
{
	(void)arg;
	return sig_level() >= 2;
}

/* A sink with --tee delivers on when nobody listens behind it; any other stage is done. */
static void
output_failed(struct stage *s, const struct err *e)
{
	if (s->broken)
		return;
	s->failed = s->broken = true;
	if ((s->conf.flags & STAGE_TEE) && e->sys == EPIPE)
		diag("tee closed: nobody reads what is passed on");
	else
		diag("%s: %s", is_std(s->conf.opts->out) ? "standard output" : s->conf.opts->out, e->text);
}

static bool
output_ok(struct stage *s, enum rc rc, const struct err *e)
{
	if (rc != RC_OK)
		output_failed(s, e);
	return !s->broken || (s->conf.flags & STAGE_TEE);
}

static bool
has_output(const struct stage *s)
{
	return s->writer != NULL && !s->broken;
}

static bool
start_output(struct stage *s)
{
	struct err e = { .text = "" };

	if (!has_output(s))
		return true;
	s->started = true;
	return output_ok(s, writer_start(s->writer, &s->header, &e), &e);
}

static void
open_output(struct stage *s)
{
	const struct writer_conf conf = { .stop = stop_now };

	if (is_std(s->conf.opts->out))
		s->out = STDOUT_FILENO;
	else if ((s->out = open(s->conf.opts->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
		diag_die("%s: %s", s->conf.opts->out, strerror(errno));
	if (isatty(s->out))
		diag_usage("standard output is a terminal, and records are binary: pipe them on, use -w FILE, or read them with | tracecat");
	s->writer = writer_new(s->out, &conf);
}

static void
open_input(struct stage *s)
{
	const char *path = s->conf.opts->in;

	if (is_std(path))
		s->in = STDIN_FILENO;
	else if ((s->in = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		diag_die("%s: %s", path, strerror(errno));
	if (isatty(s->in))
		diag_usage("standard input is a terminal: pipe records in (sipcap -r FILE | %s …), or use -r FILE", diag_tool());
}

static bool
write_stats(struct stage *s, uint64_t time_ns)
{
	struct err e = { .text = "" };
	uint64_t instance = stats_instance(ledger_upstream(s->ledger), diag_tool(), s->conf.argc, s->conf.argv);

	if (!has_output(s))
		return true;
	if (!s->started && !start_output(s))
		return false;
	buf_clear(&s->frame);
	if (stats_encode(&s->frame, instance, s->seq++, time_ns, diag_tool(), s->conf.counters, s->conf.counters_n) != RC_OK)
		return true;	/* more counters than a frame holds: no tool has that many */
	return output_ok(s, writer_frame(s->writer, buf_slice(&s->frame), &e), &e);
}

/* -w's file is finished and a new one begun: for log rotation. */
static void
reopen_output(struct stage *s)
{
	struct err e = { .text = "" };

	if (!has_output(s) || is_std(s->conf.opts->out))
		return;
	if (!write_stats(s, s->time_ns) || !output_ok(s, writer_end(s->writer, &e), &e))
		return;
	if (close(s->out) != 0) {
		err_set(&e, RC_SYS, "close: %s", strerror(errno));
		output_failed(s, &e);
		return;
	}
	writer_free(s->writer);
	open_output(s);
	s->started = false;
	(void)start_output(s);
}

static void
counters_line(const struct stage *s)
{
	struct buf line = { 0 };

	for (size_t i = 0; i < s->conf.counters_n; i++) {
		const struct counter *c = &s->conf.counters[i];

		buf_printf(&line, "%s%s_%s=%" PRIu64, i > 0 ? " " : "", stat_unit_name(c->unit), c->name, c->value);
	}
	diag("%s", buf_cstr(&line));
	buf_reset(&line);
}

static void
serve_signals(void *arg)
{
	struct stage *s = arg;

	sig_clear();
	if (sig_take_usr1()) {
		counters_line(s);
		if (s->conf.usr1 != NULL)
			s->conf.usr1(s->conf.arg);
	}
	if (sig_take_hup()) {
		reopen_output(s);
		if (s->conf.hup != NULL)
			s->conf.hup(s->conf.arg);
	}
}

static enum rc
on_idle(void *arg, struct err *e)
{
	struct stage *s = arg;

	if (s->conf.flush != NULL && s->conf.flush(s->conf.arg) != RC_OK)
		return err_set(e, RC_LIMIT, "stopped");
	return stage_flush(s) ? RC_OK : err_set(e, RC_LIMIT, "stopped");
}

static void
on_wait(void *arg, int fd)
{
	struct stage *s = arg;

	s->conf.wait(s->conf.arg, fd);
}

static enum rc
on_turn(void *arg, struct err *e)
{
	struct stage *s = arg;
	struct err why = { .text = "" };

	if (has_output(s) && !output_ok(s, writer_settle(s->writer, &why), &why))
		return err_set(e, RC_LIMIT, "stopped");
	return RC_OK;
}

static bool
regular_file(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static uint64_t
file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
}

void
stage_progress(struct stage *s, uint64_t done_bytes, uint64_t total_bytes, uint64_t messages)
{
	if (!s->metered) {
		s->metered = true;
		s->meter = meter_new(total_bytes);
	}
	meter_tick(s->meter, done_bytes, messages);
}

struct stage *
stage_open(const struct stage_conf *conf, bool live, uint64_t disorder_ns)
{
	struct stage *s = xcalloc(1, sizeof(*s));
	bool out = (conf->flags & STAGE_OUTPUT) ||
	    ((conf->flags & STAGE_TEE) && (conf->opts->tee || conf->opts->out != NULL));

	umask(077);
	s->conf = *conf;
	s->in = s->out = -1;
	s->ledger = ledger_new();
	s->header = (struct stream_header){ .version = TRACE_VERSION, .live = live, .disorder_ns = disorder_ns };
	if (conf->flags & STAGE_INPUT)
		open_input(s);
	if (out)
		open_output(s);
	sig_install(&(struct sig_conf){
	    .source = regular_file(s->in),	/* a source of its own stops by stage_stopping, and what it wrote may drain */
	    .hup = conf->hup != NULL || (out && !is_std(conf->opts->out)),
	    .ignore_pipe = (conf->flags & STAGE_TEE) != 0,
	    .drain_ns = conf->opts->drain_ns,
	});
	if (conf->flags & STAGE_INPUT)
		s->reader = reader_new(s->in, &(struct reader_conf){
		    .verify = (conf->flags & STAGE_VERIFY) != 0,
		    .wake_fd = sig_fd(),
		    .wake = serve_signals,
		    .idle = on_idle,
		    .wait = conf->wait != NULL ? on_wait : NULL,
		    .turn = on_turn,
		    .stop = stop_now,
		    .arg = s,
		});
	else if (!start_output(s))
		exit(1);
	return s;
}

const struct stream_header *
stage_header(const struct stage *s)
{
	return s->reader != NULL ? reader_header(s->reader) : &s->header;
}

bool
stage_live(const struct stage *s)
{
	return stage_header(s)->live && !regular_file(s->in);
}

/* A frame that is no message: the stage's business, not the tool's. */
static bool
other_frame(struct stage *s, const struct record *r)
{
	struct err e = { .text = "" };

	if (r->type == FRAME_HEADER) {
		s->header = *reader_header(s->reader);
		s->header.disorder_ns += s->conf.disorder_ns;
		return start_output(s);
	}
	if (r->type == FRAME_END)
		return true;
	if (r->type == FRAME_STATS) {
		s->time_ns = r->time_ns;
		if (ledger_add(s->ledger, r) == RC_LIMIT)
			diag_count("statistics", "statistics: more stages than can be kept apart");
		if (s->conf.tick != NULL)
			s->conf.tick(s->conf.arg, r->time_ns);
	}
	return !has_output(s) || output_ok(s, writer_frame(s->writer, r->raw, &e), &e);
}

static void
input_failed(struct stage *s, enum rc rc, const struct err *e)
{
	s->failed = true;
	if (rc != RC_LIMIT)	/* a hook ended it, and said why */
		diag("%s: %s", is_std(s->conf.opts->in) ? "standard input" : s->conf.opts->in, e->text);
}

size_t
stage_batch(struct stage *s, struct record *out, size_t max)
{
	struct err e = { .text = "" };
	size_t n;

	while (!s->broken || (s->conf.flags & STAGE_TEE)) {
		enum rc rc = reader_batch(s->reader, out, max, &n, &e);

		if (rc != RC_OK) {
			if (rc != RC_END)
				input_failed(s, rc, &e);
			return 0;
		}
		if (out[0].type == FRAME_MESSAGE) {
			if (!s->started && !start_output(s))	/* the header frame was lost to damage */
				return 0;
			s->time_ns = out[n - 1].time_ns;
			s->messages += n;
			if (s->meter != NULL || !s->metered)
				stage_progress(s, reader_bytes(s->reader), file_size(s->in), s->messages);
			return n;
		}
		if (!other_frame(s, &out[0]))
			return 0;
	}
	return 0;
}

bool
stage_pass(struct stage *s, const struct record *r)
{
	struct err e;	/* once a record: not zeroed */

	e.text[0] = '\0';
	e.sys = 0;
	return !has_output(s) || output_ok(s, writer_pass(s->writer, r, &e), &e);
}

bool
stage_put(struct stage *s, const struct record *r)
{
	struct err e;

	e.text[0] = '\0';
	e.sys = 0;
	s->time_ns = r->time_ns;
	return !has_output(s) || output_ok(s, writer_put(s->writer, r, &e), &e);
}

bool
stage_flush(struct stage *s)
{
	struct err e = { .text = "" };

	return !has_output(s) || output_ok(s, writer_flush(s->writer, &e), &e);
}

bool
stage_stats(struct stage *s, uint64_t time_ns)
{
	s->time_ns = time_ns;
	return write_stats(s, time_ns);
}

bool
stage_wait(struct stage *s, uint64_t timeout_ns)
{
	struct pollfd p[2] = { { .fd = s->in, .events = POLLIN }, { .fd = sig_fd(), .events = POLLIN } };
	const struct timespec timeout = { .tv_sec = (time_t)(timeout_ns / 1000000000), .tv_nsec = (long)(timeout_ns % 1000000000) };

	if (ppoll(p, 2, &timeout, NULL) < 0 && errno != EINTR)
		return true;
	if (p[1].revents != 0)
		serve_signals(s);
	return p[0].revents != 0 || sig_level() >= 2;
}

bool
stage_stopping(struct stage *s)
{
	serve_signals(s);
	return sig_level() > 0;
}

void
stage_failed(struct stage *s)
{
	s->failed = true;
}

const struct ledger *
stage_ledger(const struct stage *s)
{
	return s->ledger;
}

static void
close_output(struct stage *s)
{
	struct err e = { .text = "" };

	if (has_output(s) && (s->started || s->reader == NULL || start_output(s)) && write_stats(s, s->time_ns))
		(void)output_ok(s, writer_end(s->writer, &e), &e);
	if (s->out >= 0 && close(s->out) != 0 && !s->broken) {
		err_set(&e, RC_SYS, "close: %s", strerror(errno));
		output_failed(s, &e);
	}
}

int
stage_close(struct stage *s)
{
	int status;

	meter_free(s->meter);
	if (s->conf.flush != NULL && s->conf.flush(s->conf.arg) != RC_OK)
		s->failed = true;
	close_output(s);
	if (s->reader != NULL && !s->failed)
		s->failed = stage_damage(is_std(s->conf.opts->in) ? "standard input" : s->conf.opts->in, s->reader, regular_file(s->in));
	diag_summary();
	for (size_t i = 0; i < s->conf.counters_n; i++)
		if (s->conf.counters[i].class == STAT_LOST && s->conf.counters[i].value > 0)
			s->failed = true;
	status = s->failed ? 1 : 0;
	reader_free(s->reader);
	writer_free(s->writer);
	ledger_free(s->ledger);
	buf_reset(&s->frame);
	free(s);
	return status;
}
