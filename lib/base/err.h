/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERR_H
#define BASE_ERR_H
/*
 * err - why something failed, in words for the user.
 *
 * The text is "what: why" without the tool's name and without a line end; the
 * caller (cmd/) prints it through diag. A struct err is a plain value; a NULL
 * one is allowed everywhere and means that nobody wants to know.
 */
#include "base/rc.h"

struct err {
	enum rc rc;
	int sys;		/* errno at the time, 0 if none */
	char text[400];		/* always terminated; cut where longer */
};

/* Fills `e` (errno is kept in it) and returns rc: return err_set(e, RC_SYS, "open %s: %s", …). */
enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#endif
