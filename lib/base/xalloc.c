/* SPDX-License-Identifier: MIT */
#include "base/xalloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *
or_die(void *p)
{
	static const char text[] = "out of memory\n";

	if (p != NULL)
		return p;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
	_exit(1);
}

void *
xmalloc(size_t n)
{
	return or_die(malloc(n > 0 ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return or_die(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
xrealloc(void *p, size_t n)
{
	return or_die(realloc(p, n));
}

char *
xstrdup(const char *s)
{
	return or_die(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return or_die(strndup(s, n));
}

void *
xhuge(size_t bytes)
{
	void *p = mmap(NULL, bytes > 0 ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return or_die(NULL);
	if (bytes >= (size_t)2 << 20)
		(void)madvise(p, bytes, MADV_HUGEPAGE);	/* advice: a refusal costs speed only */
	return p;
}

void
xhuge_free(void *p, size_t bytes)
{
	if (p != NULL)
		munmap(p, bytes > 0 ? bytes : 1);
}
