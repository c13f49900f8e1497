/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUCKET_H
#define BASE_BUCKET_H
/*
 * bucket - a token bucket: so many events a second, and after a pause `burst` of them at once. No clock: `now_ns` is any clock that
 * only grows.
 */
#include <stdbool.h>
#include <stdint.h>

#define BUCKET_RATE_MAX 1000000u	/* events a second */

struct bucket {
	uint64_t interval_ns;	/* of two events at full rate */
	uint64_t slack_ns;	/* so far ahead of its time an event may be: burst - 1 intervals */
	uint64_t next_ns;	/* when the next one would be due without any slack */
};

/* per_second: 1 to BUCKET_RATE_MAX; burst: 1 to UINT32_MAX. */
void bucket_init(struct bucket *, uint64_t per_second, uint64_t burst);
/* How long until an event may happen; 0: now. */
uint64_t bucket_wait_ns(const struct bucket *, uint64_t now_ns);
/* An event, if one may happen now. */
bool bucket_take(struct bucket *, uint64_t now_ns);
#endif
