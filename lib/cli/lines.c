/* SPDX-License-Identifier: MIT */
#include "cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "cli/sig.h"

#define ROOM 65536	/* bytes of one read */

void
lines_init(struct lines *l, int fd, size_t max)
{
	*l = (struct lines){ .fd = fd, .max = max };
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

enum rc
lines_next(struct lines *l, struct slice *line)
{
	struct slice s = slice_skip(buf_slice(&l->buf), l->start);
	size_t n = slice_chr(s, '\n');
	bool whole = n < s.n, skipped = l->skipping;

	if (!whole && (!l->eof || s.n == 0)) {
		if (n <= l->max && !skipped)
			return RC_MORE;
		/* It is too long already: forget what is there of it. */
		l->skipping = true;
		l->start += n;
		return skipped ? RC_MORE : RC_LIMIT;
	}
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
lines_fill(struct lines *l, struct err *e)
{
	struct pollfd p[2] = { { .fd = l->fd, .events = POLLIN }, { .fd = sig_fd(), .events = POLLIN } };
	ssize_t n;

	if (l->eof)
		return RC_END;
	if (l->start > 0) {
		memmove(l->buf.p, l->buf.p + l->start, l->buf.n - l->start);
		l->buf.n -= l->start;
		l->start = 0;
	}
	do {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(e, RC_SYS, "poll: %s", strerror(errno));
		if (sig_level() > 0)
			return RC_END;
		if (p[0].revents == 0)
			return RC_OK;	/* another signal: the caller serves it and comes back */
		n = read(l->fd, buf_room(&l->buf, ROOM), ROOM);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return err_set(e, RC_SYS, "read: %s", strerror(errno));
	l->buf.n += (size_t)n;
	l->eof = n == 0;
	return n == 0 ? RC_END : RC_OK;
}
