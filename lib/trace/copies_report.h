/* SPDX-License-Identifier: MIT */
#ifndef TRACE_COPIES_REPORT_H
#define TRACE_COPIES_REPORT_H
/*
 * copies_report - the time that packets take from one capture point to another, and which of two points misses some (--dedup-report).
 *
 * A row for each two points in the direction of time: from where a packet was captured first to where its copy was. Times are counted in
 * classes of 1/64 of an octave, so that a median is wrong by at most one part in a hundred; least and most are exact.
 * At most COPIES_REPORT_PAIRS rows; copies of further pairs are counted as one. Threads: one a struct copies_report.
 */
#include "trace/copies.h"

#define COPIES_REPORT_PAIRS 256

struct copies_report;
struct copies_report *copies_report_new(uint64_t copy_ns);
void copies_report_free(struct copies_report *);	/* NULL is fine */
/* Each answer, in order. */
void copies_report_add(struct copies_report *, const struct copies_answer *);
/*
 * Tab-separated lines under a line of names: from, to, copies, min_ms, median_ms, p95_ms, max_ms, only_from, only_to. The last two are packets
 * that were captured at one of the points and not at the other, whichever was first; "-" where both are the same point.
 */
void copies_report_text(const struct copies_report *, const struct points *, struct buf *out);
#endif
