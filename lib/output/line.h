/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_LINE_H
#define OUTPUT_LINE_H
/*
 * line - records for people. Nothing in the output can move a terminal's cursor or change its state (escape.h). Times are
 * UTC, so that the same input gives the same output everywhere.
 */
#include "trace/record.h"

/*
 * One line: date and time, source -> destination, transport, method or status and reason, CSeq, from -> to, Call-ID, then
 * what was noted on the record. Fixed widths as long as the values fit; nothing is cut but the text of a log record.
 */
void line_put(struct buf *out, const struct record *r);
/* A line beginning with "--- " (date, time, addresses, transport, notes), the whole payload, and an empty line if it has none. */
void full_put(struct buf *out, const struct record *r);
#endif
