/* SPDX-License-Identifier: MIT */
#include "outbox/outlet_impl.h"

static void
conn_sums(const struct outlet *o, struct outlet_counts *c)
{
	for (size_t i = 0; i < o->conf.conns; i++) {
		const struct conn_counts *k = conn_counts(o->conn[i]);

		c->sent += k->sent;
		for (int l = 0; l < CONN_LOSSES; l++)
			c->lost[l] += k->lost[l];
		if (k->lost[CONN_RETURNED] > 0)
			c->returned_errno = k->returned_errno;
		if (k->lost[CONN_FAILED] > 0)
			c->failed_errno = k->failed_errno;
	}
}

/* What the spool says goes: a packet may have been handed over more than once, and one that came back is still there. */
static void
spool_sums(const struct outlet *o, struct outlet_counts *c)
{
	const struct spool_counts *s = spool_counts(o->conf.spool);
	uint64_t refused = c->lost[CONN_TOO_LARGE] + c->lost[CONN_FAILED];

	if (refused > s->acked) {
		c->lost[CONN_FAILED] = 0;
		refused = c->lost[CONN_TOO_LARGE] = 0;
	}
	c->lost[CONN_RETURNED] = 0;
	c->sent = s->acked - refused + o->direct;
	c->lost[OUTLET_SPOOL] = s->refused - o->direct + s->dropped + s->damaged;
	c->resumed = s->resumed;
	c->held = s->held;
	c->again = s->again;
}

void
outlet_counts(const struct outlet *o, struct outlet_counts *c)
{
	*c = (struct outlet_counts){ .offered = o->offered, .opened = o->opened, .broken = o->broken, .held = o->queue.n,
	    .under_way = o->flight.n + outlet_link_behind(o) };
	conn_sums(o, c);
	c->sent -= o->unacked;
	c->lost[OUTLET_FULL] = o->full;
	c->lost[OUTLET_UNACKED] = o->unacked;
	c->lost[OUTLET_LEFT] = o->left;
	if (o->conf.spool != NULL)
		spool_sums(o, c);
}
