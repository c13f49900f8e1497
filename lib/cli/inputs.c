/* SPDX-License-Identifier: MIT */
#include "cli/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "cli/sig.h"
#include "trace/merger.h"

struct inputs {
	struct inputs_conf conf;
	struct sig_conf sig;
	struct stage *stage;
	int *fds;
	struct reader **readers;
	bool *failed;		/* was reported */
	struct merger *merge;
	struct stream_header header;
};

static const char *
name_of(const struct inputs *in, size_t i)
{
	return strcmp(in->conf.paths[i], "-") == 0 ? "standard input" : in->conf.paths[i];
}

static void
wake(void *arg)
{
	struct inputs *in = arg;

	if (in->stage != NULL)
		(void)stage_stopping(in->stage);
	else
		sig_clear();
}

static enum rc
flush(void *arg, struct err *e)
{
	struct inputs *in = arg;

	if (in->stage == NULL || in->conf.flush(in->conf.arg) == RC_OK)
		return RC_OK;
	return err_set(e, RC_LIMIT, "stopped");
}

static bool
stop(void *arg)
{
	(void)arg;
	return sig_level() >= 2;
}

static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Each input holds a descriptor: as many as the system lets us. */
static void
raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &l);	/* refused: open says so if it matters */
	}
}

static int
open_one(const struct inputs *in, size_t i)
{
	int fd = STDIN_FILENO;

	if (strcmp(in->conf.paths[i], "-") != 0 && (fd = open(in->conf.paths[i], O_RDONLY | O_CLOEXEC)) < 0)
		diag_die("%s: %s", in->conf.paths[i], strerror(errno));
	if (isatty(fd))
		diag_usage("%s is a terminal: records do not come from there", name_of(in, i));
	return fd;
}

static void
input_failed(struct inputs *in, size_t i, enum rc rc, const struct err *e)
{
	in->failed[i] = true;
	if (rc != RC_LIMIT)	/* the output failed, and that was said */
		diag("%s: %s", name_of(in, i), e->text);
}

struct inputs *
inputs_open(const struct inputs_conf *conf)
{
	struct inputs *in = xcalloc(1, sizeof(*in));
	struct err e;
	enum rc rc;
	size_t i;

	in->conf = *conf;
	in->fds = xcalloc(conf->n, sizeof(*in->fds));
	in->readers = xcalloc(conf->n, sizeof(*in->readers));
	in->failed = xcalloc(conf->n, sizeof(*in->failed));
	in->sig = (struct sig_conf){ .source = true, .drain_ns = conf->drain_ns };
	raise_limit();
	for (i = 0; i < conf->n; i++) {
		in->fds[i] = open_one(in, i);
		in->sig.source &= is_regular(in->fds[i]);
	}
	sig_install(&in->sig);
	for (i = 0; i < conf->n; i++)
		in->readers[i] = reader_new(in->fds[i], &(struct reader_conf){
		    .verify = true, .wake_fd = sig_fd(), .wake = wake, .idle = flush, .turn = flush, .stop = stop, .arg = in,
		});
	in->merge = merger_new(in->readers, conf->n);
	while ((rc = merger_header(in->merge, &in->header, &i, &e)) != RC_OK)
		input_failed(in, i, rc, &e);
	return in;
}

const struct stream_header *
inputs_header(const struct inputs *in)
{
	return &in->header;
}

void
inputs_ready(struct inputs *in, struct stage *s)
{
	in->stage = s;
	sig_install(&in->sig);	/* the stage takes whoever has no input of its own for a source */
}

bool
inputs_next(struct inputs *in, struct record *out)
{
	struct err e;
	enum rc rc;
	size_t i;

	while (!stop(in) && (rc = merger_next(in->merge, out, &i, &e)) != RC_END) {
		if (rc == RC_OK)
			return true;
		input_failed(in, i, rc, &e);
		if (rc == RC_LIMIT)
			return false;
	}
	return false;
}

void
inputs_close(struct inputs *in)
{
	for (size_t i = 0; i < in->conf.n; i++) {
		if (in->failed[i] || stage_damage(name_of(in, i), in->readers[i], is_regular(in->fds[i])))
			stage_failed(in->stage);
		reader_free(in->readers[i]);
		if (in->fds[i] != STDIN_FILENO)
			close(in->fds[i]);
	}
	merger_free(in->merge);
	free(in->fds);
	free(in->readers);
	free(in->failed);
	free(in);
}
