/* SPDX-License-Identifier: MIT */
#ifndef BASE_PACE_H
#define BASE_PACE_H
/*
 * pace - when the next event of a recording may happen again: so many a second, or as far apart as they once were, faster or slower by
 * a factor. No clock: `now_ns` is any clock that only grows; `time_ns` is the event's own time.
 */
#include "base/bucket.h"

#define PACE_BACK_NS UINT64_C(1000000000)	/* further back than this, time begins anew: another recording */
#define PACE_SPEED_ONE 1000u			/* a speed is in thousandths: this is the recording's own */
#define PACE_SPEED_MAX 1000000000u		/* a million times */

/* Zeroed: no pace, everything may happen at once. */
struct pace {
	struct bucket bucket;
	bool by_rate;
	uint32_t speed;		/* 0: not by speed */
	bool begun;
	uint64_t first_ns;	/* an event's time … */
	uint64_t first_at;	/* … and when it happened again */
	uint64_t newest_ns;
};

/* per_second: 1 to BUCKET_RATE_MAX. What happened too late is made good for at most 20 ms. */
void pace_init_rate(struct pace *, uint64_t per_second);
/* speed: 1 to PACE_SPEED_MAX. The first event may happen at once; what happened too late is made good. */
void pace_init_speed(struct pace *, uint32_t speed);
/* How long the event has to wait yet. 0: it may happen now, and is taken to do so. */
uint64_t pace_wait_ns(struct pace *, uint64_t time_ns, uint64_t now_ns);
#endif
