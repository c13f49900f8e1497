/* SPDX-License-Identifier: MIT */
#include "cli/side.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "cli/sig.h"

struct side {
	const char *option, *path;
	int fd;
	struct writer *writer;
	bool started, failed;
};

static bool
is_std(const struct side *s)
{
	return strcmp(s->path, "-") == 0;
}

static bool
stop_now(void *arg)
{
	(void)arg;
	return sig_level() >= 2;
}

static bool
ok(struct side *s, enum rc rc, const struct err *e)
{
	if (rc != RC_OK && !s->failed) {
		s->failed = true;
		diag("%s: %s", is_std(s) ? "standard output" : s->path, e->text);
	}
	return !s->failed;
}

static bool
open_file(struct side *s)
{
	s->started = false;
	s->fd = is_std(s) ? STDOUT_FILENO : open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (s->fd < 0)
		return false;
	s->writer = writer_new(s->fd, &(struct writer_conf){ .stop = stop_now });
	return true;
}

struct side *
side_open(const char *option, const char *path)
{
	struct side *s = xcalloc(1, sizeof(*s));

	s->option = option;
	s->path = path;
	if (!open_file(s))
		diag_die("%s %s: %s", option, path, strerror(errno));
	if (isatty(s->fd))
		diag_usage("%s %s is a terminal, and records are binary", option, path);
	return s;
}

static bool
start(struct side *s, const struct stage *st)
{
	struct stream_header h = *stage_header(st);
	struct err e = { .text = "" };

	if (s->started)
		return !s->failed;
	s->started = true;
	h.version = TRACE_VERSION;	/* an input without anything has none */
	return ok(s, writer_start(s->writer, &h, &e), &e);
}

bool
side_put(struct side *s, const struct stage *st, const struct record *r)
{
	struct err e;

	e.text[0] = '\0';
	return start(s, st) && ok(s, writer_put(s->writer, r, &e), &e);
}

bool
side_flush(struct side *s)
{
	struct err e = { .text = "" };

	return ok(s, writer_flush(s->writer, &e), &e);
}

static bool
close_file(struct side *s)
{
	struct err e = { .text = "" };

	if (s->started && !s->failed)
		(void)ok(s, writer_end(s->writer, &e), &e);
	if (close(s->fd) != 0)
		(void)ok(s, err_set(&e, RC_SYS, "close: %s", strerror(errno)), &e);
	writer_free(s->writer);
	s->writer = NULL;
	return !s->failed;
}

void
side_reopen(struct side *s)
{
	if (is_std(s) || s->failed || !s->started || !close_file(s))
		return;
	if (open_file(s))
		return;
	s->failed = true;
	diag("%s %s: %s", s->option, s->path, strerror(errno));
	s->writer = writer_new(-1, NULL);
}

bool
side_close(struct side *s, const struct stage *st)
{
	bool fine;

	if (s == NULL)
		return true;
	fine = start(s, st);
	fine = close_file(s) && fine;
	free(s);
	return fine;
}
