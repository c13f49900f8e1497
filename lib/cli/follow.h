/* SPDX-License-Identifier: MIT */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H
/*
 * follow - the lines of a file that grows, through its rotation.
 *
 * At first the file is read from its end (a last line that is not finished is waited for and delivered whole), or from its beginning
 * if asked for. One that is not there yet is waited for, and read from its beginning.
 *
 *	renamed, a new one made	the old one is read until the new one has something in it, to its end, then the new one from its
 *				beginning. Its writer may go on with the old one so long, as logrotate's do
 *	truncated		(copytruncate) read from its beginning. What was written and not yet read is lost with it
 *	removed			read on, until there is one of that name again
 *
 * A last line without an end is delivered when the file is left. If there is a third file before the second was noticed (below),
 * the second one is not found.
 *
 * Nothing here waits: inotify (7) makes follow_fd readable when there may be something new. It cannot tell everything (network file
 * systems, symbolic links into other folders), and may not be to be had at all, so follow_fill must also be called every
 * FOLLOW_LOOK_NS of idle time. No clock.
 */
#include "cli/lines.h"

#define FOLLOW_LOOK_NS 1000000000ull

struct follow_conf {
	const char *path;	/* borrowed for the life of the follow */
	bool from_start;
	bool no_inotify;	/* do without, as where there is none */
	size_t max_line;	/* bytes; longer ones are passed over, see lines_next */
};

struct follow;

/* Looks at the file, if it is there, to know its end. What is wrong with it is said by follow_fill. */
struct follow *follow_new(const struct follow_conf *);
void follow_free(struct follow *);	/* NULL is fine */
/* Where the lines are to be taken from, with lines_next, after each follow_fill. */
struct lines *follow_lines(struct follow *);
/*
 * Reads what there is, but not more than a piece, once lines_next said RC_MORE.
 * RC_OK    there may be lines, and more to read
 * RC_MORE  nothing for now
 * RC_SYS   it cannot be opened or read (err->sys says whether it is just not there), said once for each cause; it is tried again
 */
enum rc follow_fill(struct follow *, struct err *) MUST_USE;
/* Readable when there may be something new; -1: nobody tells. */
int follow_fd(const struct follow *);
#endif
