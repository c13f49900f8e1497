/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "cli/deliver_impl.h"
#include "cli/diag.h"

#define OUTAGES_SAID 10	/* of each destination; later ones are only counted */

struct counter deliver_counters[DC_N] = {
	[DC_IN] = { "received", UNIT_MESSAGE, STAT_IN, 0 },
	[DC_HANDED] = { "handed_over", UNIT_MESSAGE, STAT_OUT, 0 },
	[DC_NOT_OURS] = { "left_out", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[DC_UNSENDABLE] = { "unsendable", UNIT_MESSAGE, STAT_LOST, 0 },
	[DC_NO_DEST] = { "bad_destination", UNIT_MESSAGE, STAT_LOST, 0 },
	[DC_OFFERED] = { "offered", UNIT_PACKET, STAT_IN, 0 },
	[DC_RESUMED] = { "resumed", UNIT_PACKET, STAT_IN, 0 },
	[DC_SENT] = { "sent", UNIT_PACKET, STAT_OUT, 0 },
	[DC_LOST + OUTLET_RETURNED] = { "returned", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_TOO_LARGE] = { "too_large", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_FAILED] = { "send_failed", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_FULL] = { "queue_full", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_UNACKED] = { "unacknowledged", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_SPOOL] = { "spool_lost", UNIT_PACKET, STAT_LOST, 0 },
	[DC_LOST + OUTLET_LEFT] = { "undelivered", UNIT_PACKET, STAT_LOST, 0 },
	[DC_HELD] = { "held", UNIT_PACKET, STAT_HELD, 0 },
	[DC_AGAIN] = { "sent_again", UNIT_PACKET, STAT_INFO, 0 },
	[DC_BROKEN] = { "connections_lost", UNIT_PACKET, STAT_INFO, 0 },
	[DC_MOVED] = { "calls_moved", UNIT_CALL, STAT_INFO, 0 },
};
const size_t deliver_counters_n = DC_N;

/* What the user reads: at the first loss of each kind, and in the summary. */
static const struct {
	const char *first, *summary;
} losses[OUTLET_LOSSES] = {
	[OUTLET_RETURNED] = { NULL, "returned" },
	[OUTLET_TOO_LARGE] = { "message too large for a datagram", "too large" },
	[OUTLET_FAILED] = { NULL, "refused by the system" },
	[OUTLET_FULL] = { "the queue is full: messages are dropped", "dropped, queue full" },
	[OUTLET_UNACKED] = { "messages were under way when the connection broke: they may be lost", "not acknowledged" },
	[OUTLET_SPOOL] = { "the spool had to give up messages", "given up by the spool" },
	[OUTLET_LEFT] = { NULL, "left at the end" },
};

static const char *
first_loss(int kind, const struct outlet_counts *c)
{
	if (kind == OUTLET_RETURNED)
		return strerror(c->returned_errno);
	if (kind == OUTLET_FAILED)
		return strerror(c->failed_errno);
	return losses[kind].first;
}

static void
add(int counter, uint64_t now, uint64_t said)
{
	deliver_counters[counter].value += now - said;	/* modulo 2^64: gauges fall too */
}

void
deliver_settle(struct target *t)
{
	struct outlet_counts *said = &t->said, now;

	outlet_counts(t->outlet, &now);
	add(DC_OFFERED, now.offered, said->offered);
	add(DC_RESUMED, now.resumed, said->resumed);
	add(DC_SENT, now.sent, said->sent);
	add(DC_HELD, now.held, said->held);
	add(DC_AGAIN, now.again, said->again);
	add(DC_BROKEN, now.broken, said->broken);
	for (int i = 0; i < OUTLET_LOSSES; i++) {
		if (now.lost[i] == said->lost[i])
			continue;
		if (said->lost[i] == 0 && first_loss(i, &now) != NULL)
			diag("%s: %s", t->text, first_loss(i, &now));
		add(DC_LOST + i, now.lost[i], said->lost[i]);
	}
	*said = now;
	if (t->deliver->balance != NULL)
		deliver_counters[DC_MOVED].value = balance_moved(t->deliver->balance);
}

void
deliver_event(void *arg, enum outlet_event event, size_t which, const struct err *why)
{
	struct target *t = arg;

	switch (event) {
	case OUTLET_UP:
		if (t->down_said[which])
			diag("%s: connected again", t->name[which]);
		else if (t->name[which] != t->name[0])
			diag("%s: in use instead of %s", t->name[which], t->name[0]);
		t->down_said[which] = false;
		break;
	case OUTLET_CANNOT_OPEN:
	case OUTLET_BROKE:
		if (t->down_said[which] || t->outages >= OUTAGES_SAID)
			break;
		diag("%s: %s; trying again%s", t->name[which], why->text,
		    ++t->outages == OUTAGES_SAID ? " (further outages are only counted)" : "");
		t->down_said[which] = true;
		break;
	case OUTLET_DISK:
		if (!t->disk_said)
			diag("%s: %s", deliver_opts.spool, why->text);
		t->disk_said = true;
		break;
	}
}

void
deliver_summary(const struct target *t)
{
	const struct outlet_counts *c = &t->said;
	struct buf why = { 0 };
	uint64_t lost = 0;

	for (int i = 0; i < OUTLET_LOSSES; i++) {
		lost += c->lost[i];
		if (c->lost[i] > 0)
			buf_printf(&why, "%s%" PRIu64 " %s", why.n > 0 ? ", " : "", c->lost[i], losses[i].summary);
	}
	if (lost > 0)
		diag("%s: %" PRIu64 " of %" PRIu64 " messages not delivered (%s)", t->text, lost, c->offered + c->resumed, buf_cstr(&why));
	if (c->held > 0)
		diag("%s: %" PRIu64 " message%s in the spool for the next start", t->text, c->held, c->held == 1 ? " waits" : "s wait");
	if (c->broken > 1)
		diag("%s: the connection was lost %" PRIu64 " times", t->text, c->broken);
	buf_reset(&why);
}
