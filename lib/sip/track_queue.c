/* SPDX-License-Identifier: MIT */
/*
 * Sets wait for their end in eight queues by the time they have left: up to 64 s, 256 s, 1024 s … A queue is in order of entry and only
 * its head is looked at: freed when expired, moved when its time left fits another queue (it came nearer, or messages have put
 * it off since). So a message that puts an end off costs nothing here, and a set stays at most four times too long.
 */
#include "sip/track_table.h"

/* The queue for a set that has `left` ns to live. */
static uint8_t
queue_of(uint64_t left)
{
	uint8_t q = 0;

	for (uint64_t span = 64 * SECOND; left > span && q < TRACK_QUEUES - 1; span *= 4)
		q++;
	return q;
}

/* A record that stepped back may be the first of another file: until the next one says, its time is as good as the clock's. */
static bool
is_over(const struct track *k, const struct set *s)
{
	return s->deadline < (k->clock.jump != 0 && k->clock.jump < k->clock.now ? k->clock.jump : k->clock.now);
}

static uint8_t
queue_now(const struct track *k, const struct set *s)
{
	return queue_of(s->deadline > k->clock.now ? s->deadline - k->clock.now : 0);
}

static void
queue_join(struct track *k, uint32_t i, uint8_t q)
{
	struct set *s = set_at(k, i);

	s->queue = q;
	s->qnext = 0;
	s->qprev = k->queue[q].last;
	*(s->qprev != 0 ? &set_at(k, s->qprev)->qnext : &k->queue[q].first) = i;
	k->queue[q].last = i;
}

void
track_queue_set(struct track *k, uint32_t set)
{
	uint8_t q = queue_now(k, set_at(k, set));

	if (q >= set_at(k, set)->queue && set_at(k, set)->queue != TRACK_QUEUES)
		return;
	track_queue_leave(k, set);
	queue_join(k, set, q);
}

/* One look at the head of queue `q`; false: nothing to do there. */
static bool
queue_look(struct track *k, uint8_t q)
{
	uint32_t i = k->queue[q].first;
	uint8_t to;

	if (i == 0)
		return false;
	if (is_over(k, set_at(k, i))) {
		__builtin_prefetch(set_at(k, set_at(k, set_at(k, i)->qnext)->qnext));
		track_set_free(k, i);
		k->stats.expired++;
		return true;
	}
	to = queue_now(k, set_at(k, i));
	if (to == q)
		return false;
	track_queue_leave(k, i);
	queue_join(k, i, to);
	return true;
}

void
track_queue_sweep(struct track *k, unsigned steps)
{
	for (uint8_t q = 0; q < TRACK_QUEUES; q++)
		while (steps > 0 && queue_look(k, q))
			steps--;
}

/* The oldest set at a queue's head, but not `keep`; 0 = none. */
static uint32_t
queue_oldest(const struct track *k, uint32_t keep)
{
	uint32_t oldest = 0;

	for (uint8_t q = 0; q < TRACK_QUEUES; q++) {
		uint32_t i = k->queue[q].first;

		if (i == keep && i != 0)
			i = set_at(k, i)->qnext;
		if (i != 0 && is_over(k, set_at(k, i)))
			return i;
		if (i != 0 && (oldest == 0 || set_at(k, i)->started < set_at(k, oldest)->started))
			oldest = i;
	}
	return oldest;
}

void
track_queue_evict(struct track *k, uint32_t keep)
{
	while (k->stats.open > k->conf.max_sets || k->stats.bytes > k->conf.max_bytes) {
		uint32_t i = queue_oldest(k, keep);

		if (i == 0)
			break;
		*(is_over(k, set_at(k, i)) ? &k->stats.expired : &k->stats.evicted) += 1;
		track_set_free(k, i);
	}
}
