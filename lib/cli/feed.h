/* SPDX-License-Identifier: MIT */
#ifndef CLI_FEED_H
#define CLI_FEED_H
/*
 * feed - where lines of text come from: standard input, or files that grow (cli/follow.h). Obeys the signals of cli/sig.h: it waits
 * no longer than until one comes.
 */
#include <poll.h>

#include "cli/lines.h"

#define FEED_FILES 64

struct feed_conf {
	const char *const *paths;	/* borrowed */
	size_t n;			/* 0: standard input; at most FEED_FILES */
	bool from_start;		/* of files: from their beginning */
	size_t max_line;		/* bytes */
	/* As poll(2), with more to do meanwhile; may return sooner. NULL: poll. */
	void (*poll)(void *arg, struct pollfd *p, size_t n, int timeout_ms);
	void *arg;
};

struct feed;

struct feed *feed_new(const struct feed_conf *);
void feed_free(struct feed *);
/*
 * The next line that was read already, without its end.
 * RC_OK     *line is valid until the next feed_fill
 * RC_MORE   none: feed_fill
 * RC_LIMIT  a line over max_line bytes was passed over, once for each
 */
enum rc feed_next(struct feed *, struct slice *line) MUST_USE;
/*
 * Reads what there is, and waits for it where there is nothing.
 * RC_OK    there may be lines; perhaps a signal came, or it is time to look at the clock (every second at least)
 * RC_END   standard input is at its end (there may still be a last line)
 * RC_SYS   reading failed: err says where and why. Standard input is over then; a file is tried again. err->sys is ENOENT for one
 *          that is not there (yet)
 */
enum rc feed_fill(struct feed *, struct err *) MUST_USE;
#endif
