/* SPDX-License-Identifier: MIT */
#include "cli/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/follow.h"
#include "cli/sig.h"

#define LOOK_MS (int)(FOLLOW_LOOK_NS / 1000000)

struct feed {
	struct feed_conf conf;
	struct lines input;			/* standard input */
	bool over;				/* it is */
	struct follow *file[FEED_FILES];
	size_t at;				/* the file that is read from */
};

struct feed *
feed_new(const struct feed_conf *conf)
{
	struct feed *f = xcalloc(1, sizeof(*f));

	f->conf = *conf;
	lines_init(&f->input, conf->max_line);
	for (size_t i = 0; i < conf->n; i++)
		f->file[i] = follow_new(&(struct follow_conf){ .path = conf->paths[i], .from_start = conf->from_start, .max_line = conf->max_line });
	return f;
}

void
feed_free(struct feed *f)
{
	for (size_t i = 0; i < f->conf.n; i++)
		follow_free(f->file[i]);
	lines_reset(&f->input);
	free(f);
}

enum rc
feed_next(struct feed *f, struct slice *line)
{
	return lines_next(f->conf.n == 0 ? &f->input : follow_lines(f->file[f->at]), line);
}

/* An error says where it was. */
static enum rc
named(struct err *e, const char *where)
{
	struct err why = *e;

	errno = why.sys;
	return err_set(e, why.rc, "%s: %s", where, why.text);
}

static void
wait_for(const struct feed *f, struct pollfd *p, size_t n)
{
	if (f->conf.poll != NULL)
		f->conf.poll(f->conf.arg, p, n, LOOK_MS);
	else if (poll(p, (nfds_t)n, LOOK_MS) < 0)
		p[0].revents = 0;	/* a signal */
}

static enum rc
fill_input(struct feed *f, struct err *e)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = sig_fd(), .events = POLLIN } };
	enum rc rc;

	if (f->over)
		return RC_END;
	wait_for(f, p, 2);
	if (sig_level() > 0 || p[0].revents == 0)
		return RC_OK;
	rc = lines_fill(&f->input, STDIN_FILENO, NULL, e);
	f->over = rc == RC_END || rc == RC_SYS;
	if (f->over)
		lines_end(&f->input);
	if (rc == RC_SYS)
		return named(e, "standard input");
	return rc == RC_MORE ? RC_OK : rc;
}

static void
wait_files(const struct feed *f)
{
	struct pollfd p[FEED_FILES + 1] = { { .fd = sig_fd(), .events = POLLIN } };

	for (size_t i = 0; i < f->conf.n; i++)
		p[1 + i] = (struct pollfd){ .fd = follow_fd(f->file[i]), .events = POLLIN };
	wait_for(f, p, f->conf.n + 1);
}

/* A piece of each file in turn, so that a busy one does not keep the others waiting. */
static enum rc
fill_files(struct feed *f, struct err *e)
{
	for (size_t i = 0; i < f->conf.n; i++) {
		enum rc rc;

		f->at = (f->at + 1) % f->conf.n;
		rc = follow_fill(f->file[f->at], e);
		if (rc == RC_SYS)
			return named(e, f->conf.paths[f->at]);
		if (rc == RC_OK)
			return RC_OK;
	}
	wait_files(f);
	return RC_OK;
}

enum rc
feed_fill(struct feed *f, struct err *e)
{
	return f->conf.n == 0 ? fill_input(f, e) : fill_files(f, e);
}
