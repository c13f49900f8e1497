/* SPDX-License-Identifier: MIT */
#include "cli/meter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define LEAST_BYTES ((uint64_t)8 << 20)
#define INTERVAL_NS 250000000u

struct meter {
	uint64_t total, start_ns, last_ns;
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct meter *
meter_new(uint64_t total_bytes)
{
	struct meter *m;

	if (total_bytes < LEAST_BYTES || !isatty(STDERR_FILENO))
		return NULL;
	m = xcalloc(1, sizeof(*m));
	m->total = total_bytes;
	m->start_ns = m->last_ns = now_ns();
	return m;
}

void
meter_tick(struct meter *m, uint64_t bytes, uint64_t messages)
{
	uint64_t now, ms;

	if (m == NULL || (now = now_ns()) - m->last_ns < INTERVAL_NS)
		return;
	m->last_ns = now;
	ms = (now - m->start_ns) / 1000000;
	if (bytes > m->total)
		bytes = m->total;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " MiB, %" PRIu64 " messages, %" PRIu64 "/s, %" PRIu64 " s left \x1b[K", bytes >> 20,
	    m->total >> 20, messages, messages * 1000 / ms, bytes > 0 ? (m->total - bytes) / (bytes / ms + 1) / 1000 : 0);
}

void
meter_free(struct meter *m)
{
	if (m == NULL)
		return;
	fputs("\r\x1b[K", stderr);
	free(m);
}
