/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/*
 * clock - a clock that follows the times of records, and does not fall for one wrong stamp: a jump of more than 32 s (64*T1,
 * RFC 3261 17.1.1.1), ahead or back, counts only when a second record confirms it. Within these it never goes back.
 */
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_JUMP 32000000000ULL	/* ns */

struct clock {
	uint64_t now;		/* confirmed, 0 = no record yet */
	uint64_t jump;		/* unconfirmed, 0 = none */
};

/*
 * A jump ahead is confirmed by any later time, so that the clock of a sparse stream lags by one record; a jump back by another
 * time near it. The same time again confirms nothing: two messages of one packet share its wrong stamp.
 */
static inline void
clock_follow(struct clock *c, uint64_t t)
{
	bool ahead = t > c->now && t - c->now > CLOCK_JUMP;
	bool back = t < c->now && c->now - t > CLOCK_JUMP;

	if (c->now == 0 || (!ahead && !back)) {
		c->now = t > c->now ? t : c->now;
		c->jump = 0;
	} else if (ahead && c->jump > c->now && t > c->jump) {
		c->now = c->jump;
		c->jump = t - c->now > CLOCK_JUMP ? t : 0;
	} else if (back && c->jump != 0 && c->jump < c->now && t > c->jump && t - c->jump <= CLOCK_JUMP) {
		c->now = t;
		c->jump = 0;
	} else {
		c->jump = t;
	}
}
#endif
