/* SPDX-License-Identifier: MIT */
#ifndef CLI_DEDUPOPT_H
#define CLI_DEDUPOPT_H
/*
 * dedupopt - the options of a tool that drops copies of messages captured twice: rows for its table, what they come to, and the marking
 * of retransmissions that goes with it.
 *
 * Without --dedup nothing is dropped, but what another capture point shows within 100 ms is no retransmission all the same.
 */
#include "cli/opt.h"
#include "trace/copies.h"

struct dedupopt {
	uint64_t window_ns;	/* 0: no --dedup */
	const char *report;
};

extern struct dedupopt dedupopt;	/* where the rows store */
opt_fn dedupopt_time;

#define DEDUPOPT_ROWS												\
	{ 0, "dedup", "TIME", &dedupopt.window_ns, dedupopt_time, "drop copies from another capture point (100ms)", NULL },	\
	{ 0, "dedup-report", "FILE", &dedupopt.report, opt_str, "write the time between capture points to FILE", NULL }

struct dedup;
/*
 * NULL if there is neither --dedup nor `mark` (retransmissions are wanted). Opens the report; `stdout_taken`: standard output is the record
 * stream's. Remembers at most max_bytes. Wrong options end the process (2), a report that cannot be opened, too (1).
 */
struct dedup *dedupopt_new(bool mark, bool stdout_taken, uint64_t max_bytes);
/*
 * Marks the retransmissions among `r` (a mark from before stays), with --dedup moves what is no copy to the front, and returns how many those
 * are. NULL for `d`: does nothing.
 */
size_t dedupopt_batch(struct dedup *d, struct record *r, size_t n) MUST_USE;
struct copies_stats dedupopt_stats(const struct dedup *d);	/* zeros for NULL; copies and retransmissions: those dropped and those marked */
/* Writes the report as it is now, over what was there if that is a regular file. NULL is fine. */
void dedupopt_report(struct dedup *d);
/* Writes the report, says what was forgotten, frees. False: the report could not be written, which was said. */
bool dedupopt_close(struct dedup *d) MUST_USE;
#endif
