/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_BYTES_H
#define CAPTURE_BYTES_H
/*
 * bytes - a file, pipe or device read from front to back through one buffer, unpacked on the way where its first bytes
 * say gzip (RFC 1952, several members too) or Zstandard (RFC 8878).
 */
#include "base/err.h"
#include "base/slice.h"

/*
 * Asked before each read of what is no regular file, as it may block. False: stop reading. NULL: never asked.
 */
struct bytes_wait {
	bool (*fn)(void *arg, int fd);
	void *arg;
};

/* `have` is open so that the usual case costs no call; nothing else is. */
struct bytes {
	struct slice have;	/* read, not used yet */
	struct bytes_impl *impl;
};

/* Takes fd over. `buffer` is its size; it grows for bytes_need. */
void bytes_open(struct bytes *, int fd, size_t buffer, const struct bytes_wait *);
void bytes_close(struct bytes *);
/* How far the reading of a regular file is, and its size, in bytes as they are on disk; 0 and 0 for others. */
void bytes_progress(const struct bytes *, uint64_t *done, uint64_t *total);

/*
 * Reads until b->have.n >= n.
 * RC_OK    it is
 * RC_END   nothing is left
 * RC_MORE  the end came before that; b->have is what there is
 * RC_BAD   damaged compressed data
 * RC_SYS   the read failed
 * RC_LIMIT bytes_wait said stop
 */
enum rc bytes_fill(struct bytes *b, size_t n, struct err *) MUST_USE;

static inline enum rc
bytes_need(struct bytes *b, size_t n, struct err *e)
{
	return b->have.n >= n ? RC_OK : bytes_fill(b, n, e);
}

static inline void
bytes_used(struct bytes *b, size_t n)
{
	b->have.p += n;
	b->have.n -= n;
}
#endif
