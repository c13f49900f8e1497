/* SPDX-License-Identifier: MIT */
#ifndef EXPR_SOURCE_H
#define EXPR_SOURCE_H
/*
 * source - an expression in a file: as on the command line, over several lines if wanted, with comments from a '#' at the beginning
 * of a line or after a blank, but not within quotes, to the end of the line.
 */
#include "base/buf.h"
#include "base/err.h"

#define SOURCE_MAX (1u << 20)

/*
 * Replaces what is in `out` by the file's text, comments blanked out (so that places in it are those of the file).
 * RC_SYS: cannot be read; RC_LIMIT: over SOURCE_MAX; RC_BAD: nothing but blanks and comments.
 */
enum rc source_read(const char *path, struct buf *out, struct err *) MUST_USE;
/* The blanking alone. */
void source_blank_comments(struct buf *text);
#endif
