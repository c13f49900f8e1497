/* SPDX-License-Identifier: MIT */
#include "base/pace.h"

#define LATE_NS 20000000u	/* a timer may be late by so much without lowering the rate */

void
pace_init_rate(struct pace *p, uint64_t per_second)
{
	*p = (struct pace){ .by_rate = true };
	bucket_init(&p->bucket, per_second, 1);
	p->bucket.slack_ns = LATE_NS;
}

void
pace_init_speed(struct pace *p, uint32_t speed)
{
	*p = (struct pace){ .speed = speed };
}

/* What `ns` of the recording take now; UINT64_MAX if that is too much to say. */
static uint64_t
scaled(uint64_t ns, uint32_t speed)
{
	uint64_t whole = ns / speed, part = ns % speed * PACE_SPEED_ONE / speed;

	return whole > (UINT64_MAX - part) / PACE_SPEED_ONE ? UINT64_MAX : whole * PACE_SPEED_ONE + part;
}

static uint64_t
speed_wait_ns(struct pace *p, uint64_t time_ns, uint64_t now_ns)
{
	uint64_t after, gone;

	if (!p->begun || (time_ns < p->newest_ns && p->newest_ns - time_ns > PACE_BACK_NS)) {
		p->begun = true;
		p->first_ns = p->newest_ns = time_ns;
		p->first_at = now_ns;
	}
	if (time_ns > p->newest_ns)
		p->newest_ns = time_ns;
	after = time_ns > p->first_ns ? scaled(time_ns - p->first_ns, p->speed) : 0;
	gone = now_ns - p->first_at;
	return after > gone ? after - gone : 0;
}

uint64_t
pace_wait_ns(struct pace *p, uint64_t time_ns, uint64_t now_ns)
{
	if (p->speed > 0)
		return speed_wait_ns(p, time_ns, now_ns);
	if (!p->by_rate || bucket_take(&p->bucket, now_ns))
		return 0;
	return bucket_wait_ns(&p->bucket, now_ns);
}
