/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H
/*
 * output - records in one format to one file descriptor, buffered (128 KiB). Errors say "write: why"; after one the output
 * takes nothing more.
 */
#include "output/format.h"

struct output {
	int fd;
	const struct format *format;
	const struct format_conf *conf;
	bool (*stop)(void);	/* asked when a write was interrupted; true gives up. May be NULL */
	struct format_file file;
	struct buf buf;
	bool failed;
};

/* Borrows everything; `again` as in format.h. Writes nothing yet. */
void output_begin(struct output *o, bool again);
/* RC_LIMIT: this record cannot be written in this format, the next can. RC_SYS: cannot write. */
enum rc output_put(struct output *o, const struct record *r, struct err *) MUST_USE;
enum rc output_flush(struct output *o, struct err *) MUST_USE;
/* The file is whole; everything is with the kernel. The descriptor stays open. */
enum rc output_end(struct output *o, struct err *) MUST_USE;
/* Frees the buffer. */
void output_reset(struct output *o);
#endif
