/* SPDX-License-Identifier: MIT */
#ifndef CLI_LINES_H
#define CLI_LINES_H
/*
 * lines - lines of text from a file descriptor, in bounded memory. Obeys the signals of cli/sig.h: it waits no longer than until
 * sig_level() rises.
 */
#include "base/buf.h"
#include "base/err.h"

struct lines {
	int fd;
	size_t max;		/* longest line */
	struct buf buf;
	size_t start;		/* first byte not yet delivered */
	bool skipping;		/* inside a line that is too long */
	bool eof;
};

void lines_init(struct lines *, int fd, size_t max);
void lines_reset(struct lines *);
/*
 * The next line that was read already, without its end (LF or CRLF).
 * RC_OK     *line is valid until the next lines_fill
 * RC_MORE   none: lines_fill
 * RC_LIMIT  a line over `max` bytes was passed over, once for each
 */
enum rc lines_next(struct lines *, struct slice *line) MUST_USE;
/*
 * Reads once; waits where there is nothing. RC_END: the input is over (a last line without an end is then delivered by
 * lines_next before it says RC_MORE), or a signal asks to stop.
 */
enum rc lines_fill(struct lines *, struct err *) MUST_USE;
#endif
