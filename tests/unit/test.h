/* SPDX-License-Identifier: MIT */
#ifndef UNIT_TEST_H
#define UNIT_TEST_H
/* What every unit test includes: cmocka, and memory that ends at a page nobody may touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slice.h"

/* A copy of `s` whose last byte is the last of a page before a PROT_NONE page: one byte read too far crashes. */
struct guarded {
	struct slice s;
	void *map;
	size_t size;
};

static inline struct guarded
guarded(struct slice s)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), data = (s.n + page) / page * page;
	struct guarded g = { .size = data + page };

	g.map = mmap(NULL, g.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (g.map == MAP_FAILED || mprotect((uint8_t *)g.map + data, page, PROT_NONE) != 0)
		abort();
	g.s = slice_of((uint8_t *)g.map + data - s.n, s.n);
	if (s.n > 0)
		memcpy((uint8_t *)g.map + data - s.n, s.p, s.n);
	return g;
}

static inline void
guarded_free(struct guarded *g)
{
	munmap(g->map, g->size);
}

#define assert_slice(have, want)							\
	do {										\
		struct slice have_ = (have);						\
		const char *want_ = (want);						\
		if (!slice_eq(have_, slice_str(want_)))					\
			fail_msg("have \"%.*s\", want \"%s\"", SLICE_ARG(have_), want_); \
	} while (0)
#endif
