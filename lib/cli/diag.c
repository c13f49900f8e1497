/* SPDX-License-Identifier: MIT */
#include "cli/diag.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CAUSES 64

static const char *tool = "siptrace-tools";
static struct {
	const char *cause;
	uint64_t n;
} causes[CAUSES];

void
diag_init(const char *name)
{
	tool = name;
}

const char *
diag_tool(void)
{
	return tool;
}

/* One write for one line, so that the lines of a pipeline's stages do not mix. */
static void __attribute__((format(printf, 1, 0)))
say(const char *fmt, va_list ap)
{
	char text[1024], line[4 * sizeof(text)];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	n = (size_t)snprintf(line, sizeof(line), "%s: ", tool);
	for (const char *p = text; *p != '\0' && n + 6 < sizeof(line); p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\n' || (c >= 0x20 && c != 0x7f))
			line[n++] = *p;
		else
			n += (size_t)snprintf(line + n, 5, "\\x%02x", c);
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;		/* nowhere left to say it */
}

void
diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
diag_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(2);
}

void
diag_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	exit(1);
}

void
diag_count(const char *cause, const char *fmt, ...)
{
	va_list ap;
	int i;

	for (i = 0; i < CAUSES && causes[i].cause != NULL; i++)
		if (strcmp(causes[i].cause, cause) == 0) {
			causes[i].n++;
			return;
		}
	if (i == CAUSES)
		return;
	causes[i].cause = cause;
	causes[i].n = 1;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
diag_summary(void)
{
	for (int i = 0; i < CAUSES && causes[i].cause != NULL; i++)
		if (causes[i].n > 1)
			diag("%s: %" PRIu64 " times in all", causes[i].cause, causes[i].n);
}
