/* SPDX-License-Identifier: MIT */
#ifndef TRACE_POINTS_H
#define TRACE_POINTS_H
/*
 * points - numbers for the places where messages were captured: node name (ATTR_NODE), capture id and capture point together, so that two
 * agents that send to one collector are two points. Numbered from 1 in the order of their first record.
 *
 * At most POINTS_MAX; all further ones share the number behind them. Threads: one a struct points.
 */
#include "trace/record.h"

#define POINTS_MAX 4095
#define POINTS_OTHERS (POINTS_MAX + 1)

struct points;
struct points *points_new(uint64_t seed);
void points_free(struct points *);	/* NULL is fine */
uint16_t points_number(struct points *, const struct record *);
/* The same for many: `last` is the record that was asked for last, which had the number `number`. */
static inline uint16_t
points_next(struct points *p, const struct record *last, uint16_t number, const struct record *r)
{
	if (r->capture_id == last->capture_id && r->capture_point == last->capture_point && (r->attrs.n | last->attrs.n) == 0)
		return number;
	return points_number(p, r);
}
/* "3", "2001/3" with a capture id, "edge-1/2001/3" with a node (cut at 64 bytes, what is not printable as '?'); "others". */
void points_name(const struct points *, uint16_t number, struct buf *out);
#endif
