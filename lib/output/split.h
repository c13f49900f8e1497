/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_SPLIT_H
#define OUTPUT_SPLIT_H
/*
 * split - one file a value, in one directory, each a whole file of its format.
 *
 * At most SPLIT_OPEN files are open at a time; the one longest not used is closed for another and appended to later. Known
 * values cost 16 bytes each, at most SPLIT_MAX of them.
 *
 * A file's name is the value and the format's suffix. Bytes other than A-Z a-z 0-9 . _ @ + = - become %XX, and so do a dot and
 * a dash at the front: no value leaves the directory, hides its file or looks like an option. An empty value is "%none"; one whose
 * name would be too long keeps its first 128 bytes and ends in "%~" and a hash of the whole.
 *
 * A file that exists already is overwritten when its value first comes; a symbolic link is not followed.
 */
#include "output/output.h"

#define SPLIT_OPEN 128
#define SPLIT_MAX (1u << 20)

struct split;

/* `dir` is an open directory; both are borrowed. `max_open` is SPLIT_OPEN but in tests. */
struct split *split_new(int dir, size_t max_open, const struct format *, const struct format_conf *, bool (*stop)(void));
void split_free(struct split *);	/* flushes nothing */
/*
 * RC_LIMIT  the record cannot be written in this format, or it would be value number SPLIT_MAX + 1
 * RC_SYS    a file could not be opened or written; *err names it
 */
enum rc split_put(struct split *, struct slice value, const struct record *r, struct err *) MUST_USE;
enum rc split_flush(struct split *, struct err *) MUST_USE;
/* Ends and closes all files. */
enum rc split_end(struct split *, struct err *) MUST_USE;
/* Files made so far. */
size_t split_files(const struct split *);

/* Appends the file name of `value`. */
void split_name(struct buf *out, struct slice value, const char *suffix);
#endif
