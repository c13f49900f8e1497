/* SPDX-License-Identifier: MIT */
#ifndef CLI_LEVEL_H
#define CLI_LEVEL_H
/*
 * level - how grave a log line is: syslog's severities (RFC 5424 6.2.1), 0 emerg to 7 debug, and how lines show them. In a line that
 * programs write it is a "<N>" at the front: of sd-daemon(3) and the kernel with N 0 to 7, of syslog with N up to 191, facility and
 * severity in one. In a line that people read it is Kamailio's word for it: "ERROR: text".
 */
#include "base/slice.h"
#include "cli/opt.h"

#define LEVEL_NONE (-1)
#define LEVEL_NAMES "emerg alert crit err warning notice info debug"

/* For option tables, with LEVEL_NAMES as the values: int *. */
enum rc level_opt(const struct opt *, const char *arg, struct err *);
/* Takes the "<N>" off the front of a line; LEVEL_NONE, and the line as it was, if there is none. */
int level_take(struct slice *line);
/* "ERROR: " and the like; "" for LEVEL_NONE. */
const char *level_prefix(int level);
#endif
