/* SPDX-License-Identifier: MIT */
#ifndef CLI_LINES_H
#define CLI_LINES_H
/*
 * lines - what is read from file descriptors, as lines of text, in bounded memory.
 */
#include "base/buf.h"
#include "base/err.h"

struct lines {
	size_t max;		/* longest line */
	struct buf buf;
	size_t start;		/* first byte not yet delivered */
	bool skipping;		/* inside a line that is too long */
	bool ended;		/* what is in the buffer gets no more */
};

void lines_init(struct lines *, size_t max);
void lines_reset(struct lines *);
/*
 * The next line that was read already, without its end (LF or CRLF).
 * RC_OK     *line is valid until the next lines_fill
 * RC_MORE   none: lines_fill
 * RC_LIMIT  a line over `max` bytes was passed over, once for each
 */
enum rc lines_next(struct lines *, struct slice *line) MUST_USE;
/*
 * Reads once, after lines_next said RC_MORE. *got (may be NULL) is the number of bytes.
 * RC_OK    something was read
 * RC_MORE  there is nothing just now (a signal, or the descriptor does not block)
 * RC_END   it is at its end
 */
enum rc lines_fill(struct lines *, int fd, size_t *got, struct err *) MUST_USE;
/*
 * No more belongs to what was read: a last line without an end is one. Once lines_next says RC_MORE, other input may be filled in,
 * and begins a new line.
 */
void lines_end(struct lines *);
#endif
