/* SPDX-License-Identifier: MIT */
#ifndef BASE_STREAM_CLOCK_H
#define BASE_STREAM_CLOCK_H
/*
 * stream_clock - the time of a stream of records, which follows them but believes a jump of more than 32 s (64*T1, RFC 3261 17.1.1.1),
 * ahead or back, only when a second record confirms it: one with a wrong stamp ends nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#define STREAM_CLOCK_JUMP UINT64_C(32000000000)	/* ns */

struct stream_clock {
	uint64_t now;		/* confirmed, 0 = none yet */
	uint64_t jump;		/* unconfirmed one, 0 = none */
};

/*
 * A jump ahead is confirmed by any later time, so that the clock of a sparse stream lags by one record; a jump back by another
 * time near it. The same time again confirms nothing: two messages of one packet share its wrong stamp.
 */
static inline void
stream_clock_move(struct stream_clock *c, uint64_t t)
{
	bool ahead = t > c->now && t - c->now > STREAM_CLOCK_JUMP;
	bool back = t < c->now && c->now - t > STREAM_CLOCK_JUMP;

	if (c->now == 0 || (!ahead && !back)) {
		c->now = t > c->now ? t : c->now;
		c->jump = 0;
	} else if (ahead && c->jump > c->now && t > c->jump) {
		c->now = c->jump;
		c->jump = t - c->now > STREAM_CLOCK_JUMP ? t : 0;
	} else if (back && c->jump != 0 && c->jump < c->now && t > c->jump && t - c->jump <= STREAM_CLOCK_JUMP) {
		c->now = t;
		c->jump = 0;
	} else {
		c->jump = t;
	}
}
#endif
