/* SPDX-License-Identifier: MIT */
#include "cli/stage.h"

#define DRAIN_NS 5000000000ull

struct stage_opts stage_opts = { .drain_ns = DRAIN_NS };

#define OPT_READ { 'r', "read", "FILE", &stage_opts.in, opt_str, "read records from FILE instead of standard input", NULL }
#define OPT_WRITE { 'w', "write", "FILE", &stage_opts.out, opt_str, "write records to FILE instead of standard output", NULL }
#define OPT_DRAIN { 0, "drain-time", "TIME", &stage_opts.drain_ns, opt_time, "after INT or TERM, read on at most this long (5s)", NULL }

const struct opt stage_filter_opts[] = { OPT_READ, OPT_WRITE, OPT_DRAIN, { 0 } };
const struct opt stage_source_opts[] = { OPT_WRITE, { 0 } };
const struct opt stage_sink_opts[] = {
	OPT_READ,
	{ 0, "tee", NULL, &stage_opts.tee, opt_flag, "pass the records on to standard output", NULL },
	{ 'w', "write", "FILE", &stage_opts.out, opt_str, "pass the records on to FILE", NULL },
	OPT_DRAIN,
	{ 0 },
};
