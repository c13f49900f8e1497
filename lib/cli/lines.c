/* SPDX-License-Identifier: MIT */
#include "cli/lines.h"

#include <errno.h>
#include <unistd.h>

#define ROOM 65536	/* bytes of one read */

void
lines_init(struct lines *l, size_t max)
{
	*l = (struct lines){ .max = max };
}

void
lines_reset(struct lines *l)
{
	buf_reset(&l->buf);
}

static struct slice
without_cr(struct slice s)
{
	return s.n > 0 && s.p[s.n - 1] == '\r' ? slice_head(s, s.n - 1) : s;
}

/* No line end is there. */
static enum rc
unfinished(struct lines *l, size_t n)
{
	bool skipped = l->skipping;

	if (l->ended) {
		l->ended = l->skipping = false;
		return RC_MORE;
	}
	if (n <= l->max && !skipped)
		return RC_MORE;
	/* It is too long already: forget what is there of it. */
	l->skipping = true;
	l->start += n;
	return skipped ? RC_MORE : RC_LIMIT;
}

enum rc
lines_next(struct lines *l, struct slice *line)
{
	struct slice s = slice_skip(buf_slice(&l->buf), l->start);
	size_t n = slice_chr(s, '\n');
	bool whole = n < s.n, skipped = l->skipping;

	if (!whole && (!l->ended || s.n == 0))
		return unfinished(l, n);
	l->start += whole ? n + 1 : n;
	l->skipping = false;
	if (skipped)
		return lines_next(l, line);
	if (n > l->max)
		return RC_LIMIT;
	*line = without_cr(slice_head(s, n));
	return RC_OK;
}

enum rc
lines_fill(struct lines *l, int fd, size_t *got, struct err *e)
{
	ssize_t n;

	if (l->start > 0) {
		memmove(l->buf.p, l->buf.p + l->start, l->buf.n - l->start);
		l->buf.n -= l->start;
		l->start = 0;
	}
	n = read(fd, buf_room(&l->buf, ROOM), ROOM);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return RC_MORE;
	if (n < 0)
		return err_set(e, RC_SYS, "read: %s", strerror(errno));
	l->buf.n += (size_t)n;
	if (got != NULL)
		*got = (size_t)n;
	return n == 0 ? RC_END : RC_OK;
}

void
lines_end(struct lines *l)
{
	l->ended = true;
}
