/* SPDX-License-Identifier: MIT */
#ifndef CLI_SIDE_H
#define CLI_SIDE_H
/*
 * side - a second output of records beside the stage's: a stream of its own with header and end, to a file or ("-") standard output. Statistics
 * go the stage's way only. It prints through diag.
 */
#include "cli/stage.h"

struct side;

/* `option` names it in messages. Exits where it cannot be opened, or is a terminal. */
struct side *side_open(const char *option, const char *path);
/* The header is the stage's input's. False: it failed, which was said. */
bool side_put(struct side *, const struct stage *, const struct record *) MUST_USE;
/* What was put is with the kernel: before a read that would block. */
bool side_flush(struct side *) MUST_USE;
/* On HUP: the file is finished and a new one begun, for log rotation. */
void side_reopen(struct side *);
/* Ends the stream (one without a message, too) and frees. False: it failed, which was said. NULL is fine. */
bool side_close(struct side *, const struct stage *) MUST_USE;
#endif
