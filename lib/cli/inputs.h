/* SPDX-License-Identifier: MIT */
#ifndef CLI_INPUTS_H
#define CLI_INPUTS_H
/*
 * inputs - several record streams read as one (trace/merger.h), for a tool whose stage has no input of its own. Prints through
 * diag; what cannot be opened ends the program, what cannot be read is said and left out.
 */
#include "cli/stage.h"

struct inputs;

struct inputs_conf {
	const char *const *paths;	/* "-" is standard input; borrowed */
	size_t n;
	uint64_t drain_ns;		/* for those that are pipes, see cli/sig.h */
	/* Before a read: records delivered so far are about to become invalid. RC_OK, or an error that was already reported. */
	enum rc (*flush)(void *);
	void *arg;
};

/* Opens all of them and reads their headers. The stage is opened after that, and given to inputs_ready. */
struct inputs *inputs_open(const struct inputs_conf *);
/* What the header of the merged stream should say. */
const struct stream_header *inputs_header(const struct inputs *);
/* From here on `flush` is called, and the stage serves signals. */
void inputs_ready(struct inputs *, struct stage *);
/* The next frame in order of time, no header or end; valid until the next call. False: the end, or told to stop. */
bool inputs_next(struct inputs *, struct record *out);
/* Reports what was wrong with each and tells the stage, then frees. */
void inputs_close(struct inputs *);
#endif
