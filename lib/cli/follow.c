/* SPDX-License-Identifier: MIT */
#include "cli/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

struct follow {
	struct follow_conf conf;
	struct lines lines;
	int fd;			/* -1: no file yet */
	uint64_t offset;	/* bytes of it that were read */
	bool known;		/* from now on a file is read from its beginning */
	bool leaving;		/* its successor has something in it: read on to the end, then change over */
	int trouble;		/* errno that was said last; 0 = none */
	int inotify;		/* -1: none */
	int watch, watch_next;	/* the file's, its successor's while that is empty; -1 */
};

static void
watch_folder(struct follow *f)
{
	const char *slash = strrchr(f->conf.path, '/');
	char *dir = slash == NULL ? xstrdup(".") : xstrndup(f->conf.path, slash == f->conf.path ? 1 : (size_t)(slash - f->conf.path));

	(void)inotify_add_watch(f->inotify, dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	free(dir);
}

/* The watch on the file of this name, whichever it is now. */
static int
watch_file(const struct follow *f)
{
	return f->inotify < 0 ? -1 : inotify_add_watch(f->inotify, f->conf.path, IN_MODIFY);
}

static void
unwatch(const struct follow *f, int watch)
{
	if (watch >= 0)
		inotify_rm_watch(f->inotify, watch);
}

/* Where a file begins to be read that was there before: behind its last line end, so that a line is never delivered in part. */
static uint64_t
last_line(const struct follow *f, int fd, uint64_t size)
{
	uint64_t from = size > f->conf.max_line ? size - f->conf.max_line - 1 : 0;
	uint8_t *tail = xmalloc(f->conf.max_line + 1);
	ssize_t n = pread(fd, tail, f->conf.max_line + 1, (off_t)from);

	while (n > 0 && tail[n - 1] != '\n')
		n--;
	free(tail);
	/* None: either all of the file is one unfinished line, or `from` is so far inside one that lines_next passes over it. */
	return from + (n > 0 ? (uint64_t)n : 0);
}

/* Said once, until it is something else. */
static enum rc
trouble(struct follow *f, int sys, struct err *e)
{
	if (f->trouble == sys)
		return RC_MORE;
	f->trouble = sys;
	errno = sys;
	return err_set(e, RC_SYS, "%s", sys == EISDIR ? "no regular file" : strerror(sys));
}

/* An open, regular file of this name; -1 and errno. */
static int
open_regular(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), sys;

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	sys = S_ISREG(st->st_mode) ? errno : EISDIR;
	close(fd);
	errno = sys;
	return -1;
}

static enum rc
open_file(struct follow *f, struct err *e)
{
	struct stat st = { 0 };
	int fd = open_regular(f->conf.path, &st);

	if (fd < 0) {
		f->known = f->known || errno == ENOENT;
		return trouble(f, errno, e);
	}
	f->offset = f->known || f->conf.from_start ? 0 : last_line(f, fd, (uint64_t)st.st_size);
	if (lseek(fd, (off_t)f->offset, SEEK_SET) < 0) {
		enum rc rc = trouble(f, errno, e);

		close(fd);
		return rc;
	}
	f->fd = fd;
	f->known = true;
	f->trouble = 0;
	f->watch = watch_file(f);
	if (f->watch_next != f->watch)
		unwatch(f, f->watch_next);
	f->watch_next = -1;
	return RC_OK;
}

static void
leave_file(struct follow *f)
{
	lines_end(&f->lines);
	unwatch(f, f->watch);
	f->watch = -1;
	close(f->fd);
	f->fd = -1;
	f->leaving = false;
}

/* The end of the open file is reached: is it the end for good? RC_OK: read on. */
static enum rc
at_end(struct follow *f)
{
	struct stat own, named;

	if (f->leaving) {
		leave_file(f);
		return RC_OK;
	}
	if (fstat(f->fd, &own) != 0)
		return RC_MORE;
	if ((uint64_t)own.st_size < f->offset) {
		lines_end(&f->lines);
		f->offset = 0;
		return lseek(f->fd, 0, SEEK_SET) == 0 ? RC_OK : RC_MORE;
	}
	if (stat(f->conf.path, &named) != 0 || !S_ISREG(named.st_mode))
		return RC_MORE;
	if (named.st_dev == own.st_dev && named.st_ino == own.st_ino)
		return RC_MORE;
	if (named.st_size == 0) {
		if (f->watch_next < 0)
			f->watch_next = watch_file(f);
		return RC_MORE;
	}
	f->leaving = true;	/* what was written to this one before the first byte of the other is read first */
	return RC_OK;
}

static void
drain(int inotify)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (inotify >= 0 && read(inotify, events, sizeof(events)) > 0)
		;	/* what happened is seen by looking */
}

enum rc
follow_fill(struct follow *f, struct err *e)
{
	size_t n = 0;
	enum rc rc;

	drain(f->inotify);	/* before looking: what happens after it is told again */
	if (f->fd < 0)
		return open_file(f, e);
	rc = lines_fill(&f->lines, f->fd, &n, e);
	f->offset += n;
	if (rc == RC_END)
		return at_end(f);
	if (rc != RC_SYS)
		return rc;
	if (e->sys != ESTALE)
		return trouble(f, e->sys, e);
	leave_file(f);		/* NFS: it was removed, and perhaps replaced, by another host */
	return RC_OK;
}

struct follow *
follow_new(const struct follow_conf *conf)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->conf = *conf;
	f->fd = f->watch = f->watch_next = -1;
	f->inotify = conf->no_inotify ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	lines_init(&f->lines, conf->max_line);
	if (f->inotify >= 0)
		watch_folder(f);
	if (open_file(f, NULL) != RC_OK)
		f->trouble = 0;		/* to be said later */
	return f;
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->inotify >= 0)
		close(f->inotify);
	lines_reset(&f->lines);
	free(f);
}

struct lines *
follow_lines(struct follow *f)
{
	return &f->lines;
}

int
follow_fd(const struct follow *f)
{
	return f->inotify;
}
