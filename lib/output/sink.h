/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_SINK_H
#define OUTPUT_SINK_H
/*
 * sink - records in one format, to one file descriptor or to a file for each value of a template.
 */
#include "expr/expr.h"
#include "output/split.h"

struct sink;

/* Both borrow everything but `split`, which is taken over. The descriptor, or directory, stays open. `stop`: see output.h. */
struct sink *sink_new(int fd, const struct format *, const struct format_conf *, bool (*stop)(void));
struct sink *sink_new_split(int dir, struct tmpl *split, const struct format *, const struct format_conf *, bool (*stop)(void));
void sink_free(struct sink *);	/* flushes nothing */
/* Once, before the first record; format_conf is complete by now. */
void sink_begin(struct sink *);
/* As output_put and split_put. */
enum rc sink_put(struct sink *, const struct record *r, struct err *) MUST_USE;
enum rc sink_flush(struct sink *, struct err *) MUST_USE;
/* Every file is whole, everything is with the kernel. */
enum rc sink_end(struct sink *, struct err *) MUST_USE;
#endif
