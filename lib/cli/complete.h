/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H
/* complete - what help.c and complete.c need of an option table beside opt.h. */
#include "cli/opt.h"

/* All options of the tool in order (own, common, built in); start with *pos = 0; NULL after the last. */
const struct opt *opt_walk(const struct opt_tool *t, size_t *pos);
#endif
