/* SPDX-License-Identifier: MIT */
#ifndef TRACE_MERGER_H
#define TRACE_MERGER_H
/*
 * merger - several record streams as one, by time. Among equal times the input that was given first comes first, and the order
 * within an input never changes: where its own times step back, those records follow at once. Frames without a time (unknown
 * types) stay behind the frame they followed.
 */
#include "trace/reader.h"

struct merger;

/* Borrows the readers and, for its whole life, the array. */
struct merger *merger_new(struct reader *const *readers, size_t n);
void merger_free(struct merger *);
/*
 * The next message, statistics or unknown frame; valid until the next call.
 * RC_END  all inputs are at their end
 * other   an input failed: *which says which one, *err why; it takes no further part, call again for the rest
 * Before the first record every input is waited for once.
 */
enum rc merger_next(struct merger *, struct record *out, size_t *which, struct err *) MUST_USE;
/*
 * What the merged stream's header should say: live if one of them is, the largest disorder. Reads the first frame of each
 * input; returns as merger_next does for an input that fails, RC_OK when all were asked.
 */
enum rc merger_header(struct merger *, struct stream_header *out, size_t *which, struct err *) MUST_USE;
#endif
