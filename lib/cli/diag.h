/* SPDX-License-Identifier: MIT */
#ifndef CLI_DIAG_H
#define CLI_DIAG_H
/*
 * diag - "tool: what: why" on standard error. The only part of lib/ that prints there; used by cmd/ and lib/cli.
 */
#include <stdint.h>

void diag_init(const char *tool);
const char *diag_tool(void);
/* One line, control characters made visible. */
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints and exits 2: wrong usage. */
void diag_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* Prints and exits 1. */
void diag_die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/*
 * Something that may happen a million times: the first of each `cause` (a static string) is printed at once, the others are
 * counted, and diag_summary prints "tool: cause: N times" for those with more than one. At most 64 causes.
 */
void diag_count(const char *cause, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_summary(void);
#endif
