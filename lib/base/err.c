/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum rc
err_set(struct err *e, enum rc rc, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;

	if (e == NULL)
		return rc;
	e->rc = rc;
	e->sys = rc == RC_SYS ? sys : 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return rc;
}
