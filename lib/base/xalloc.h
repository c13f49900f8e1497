/* SPDX-License-Identifier: MIT */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H
/*
 * xalloc - allocation that does not return NULL: out of memory ends the process with status 1 and one
 * line. All that a remote peer can grow has a cap, so this is the machine's state, not the peer's doing.
 */
#include <stddef.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));	/* n > 0 */
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
/*
 * Zeroed memory for a big table, page-aligned; from 2 MiB on with huge pages advised, of which the first touch of each may take 20 ms in a virtual
 * machine: nothing for what grows while messages pass. Free with xhuge_free.
 */
void *xhuge(size_t bytes) __attribute__((returns_nonnull));
void xhuge_free(void *p, size_t bytes);
#endif
