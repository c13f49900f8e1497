/* SPDX-License-Identifier: MIT */
#include "base/bucket.h"

#define NS_PER_S 1000000000u

void
bucket_init(struct bucket *b, uint64_t per_second, uint64_t burst)
{
	/* Rounded up: rather a little less than more than was asked for. */
	uint64_t interval = (NS_PER_S + per_second - 1) / per_second;

	*b = (struct bucket){ .interval_ns = interval, .slack_ns = (burst - 1) * interval };
}

uint64_t
bucket_wait_ns(const struct bucket *b, uint64_t now_ns)
{
	uint64_t latest = now_ns + b->slack_ns;

	return b->next_ns > latest ? b->next_ns - latest : 0;
}

bool
bucket_take(struct bucket *b, uint64_t now_ns)
{
	if (bucket_wait_ns(b, now_ns) > 0)
		return false;
	b->next_ns = (b->next_ns > now_ns ? b->next_ns : now_ns) + b->interval_ns;
	return true;
}
