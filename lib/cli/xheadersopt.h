/* SPDX-License-Identifier: MIT */
#ifndef CLI_XHEADERSOPT_H
#define CLI_XHEADERSOPT_H
/* xheadersopt - the options of the tools that read X-headers: rows for their tables, and what they come to. */
#include "cli/opt.h"
#include "trace/record_xheaders.h"

struct xheadersopt {
	bool on;
	struct strs from;
};

extern struct xheadersopt xheadersopt;	/* where the rows store */

#define XHEADERSOPT_ROWS											\
	{ 0, "xheaders", NULL, &xheadersopt.on, opt_flag, "take off X-Siptrace lines; drop messages without", NULL },	\
	{ 0, "xheaders-from", "CIDR", &xheadersopt.from, opt_strs, "believe only these senders' lines (repeatable)", NULL }

/* NULL without --xheaders. Wrong options end the process (2). */
struct record_xheaders *xheadersopt_new(void);
/* At the end: what was left out, if anything. */
void xheadersopt_say(const struct record_xheaders *);
#endif
