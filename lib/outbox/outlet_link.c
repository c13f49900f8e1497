/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/hash.h"
#include "outbox/outlet_impl.h"

#define ROUNDS_IN_VAIN 3	/* after so many that ended with nothing delivered it counts as one that cannot be reached */

void
outlet_tell(struct outlet *o, enum outlet_event event, size_t which, const struct err *why)
{
	if (o->conf.event != NULL)
		o->conf.event(o->conf.arg, event, which, why);
}

/* Half to all of the back-off, which doubles with each failed round. */
static uint64_t
back_off(struct outlet *o)
{
	uint64_t d = o->conf.retry_min_ns;

	for (uint64_t i = 1; i < o->round && d < o->conf.retry_max_ns; i++)
		d *= 2;
	if (d > o->conf.retry_max_ns)
		d = o->conf.retry_max_ns;
	o->jitter = hash64_mix(o->jitter, o->round + 1);
	return d - d / 2 + o->jitter % (d / 2 + 1);
}

/*
 * Up to which mark packets have arrived: over UDP those that were not sent back in time; over TCP and TLS what the peer's system has
 * acknowledged, and with a spool what its program has read.
 */
static uint64_t
arrived(struct outlet *o, uint64_t now)
{
	uint64_t unacked;

	if (o->udp[o->at])
		return now;
	if (o->conf.spool != NULL)
		return proof_update(&o->proof, o->wire_bytes, conn_unread(o->conn[o->at]), now);
	unacked = conn_unacked(o->conn[o->at]);
	return unacked < o->wire_bytes ? o->wire_bytes - unacked : 0;
}

static void
land(struct outlet *o, uint64_t mark, uint64_t now)
{
	uint64_t pos = 0;

	if (flight_landed(&o->flight, mark, &pos) == 0)
		return;
	o->moved_ns = now;
	o->landed = true;
	if (o->conf.spool != NULL)
		spool_acked(o->conf.spool, pos);
}

void
outlet_settle(struct outlet *o, uint64_t now)
{
	o->settle_at = now + OUTLET_SETTLE_NS;
	o->settled_bytes = o->wire_bytes;
	land(o, arrived(o, now), now);
}

/* The connection in use is closed. What was under way is lost, or will be read from the spool again. */
static void
lose_flight(struct outlet *o, uint64_t now)
{
	if (!o->udp[o->at])
		outlet_settle(o, now);
	if (o->conf.spool != NULL) {
		(void)spool_back(o->conf.spool);
		proof_broke(&o->proof, o->landed);
	} else {
		o->unacked += o->flight.n;
	}
	flight_reset(&o->flight);
}

static void
use(struct outlet *o, size_t which, uint64_t now)
{
	o->at = which;
	o->open = o->used_up = o->turning = false;
	o->better = which;
	o->wire_bytes = o->settled_bytes = 0;
	o->probe = PROBE_NONE;
	o->retry_at = now;
}

static void
now_open(struct outlet *o, uint64_t now)
{
	o->open = o->tried = true;
	proof_begin(&o->proof, !o->udp[o->at] && !o->tls[o->at]);
	o->opened++;
	o->opened_at = now;
	o->landed = false;
	o->wire_bytes = o->settled_bytes = 0;
	o->moved_ns = now;
	o->better = o->at;
	o->better_at = o->at > 0 ? now + o->conf.return_ns : UINT64_MAX;
	o->returned = conn_counts(o->conn[o->at])->lost[CONN_RETURNED];
	if (!o->turned)
		outlet_tell(o, OUTLET_UP, o->at, NULL);
	o->turned = false;
}

/* The next one in the list at once, after the last one a pause. */
static void
try_next(struct outlet *o, uint64_t now)
{
	o->turned = false;
	use(o, (o->at + 1) % o->conf.conns, now);
	if (o->at == 0) {
		o->tried = true;
		o->round++;
		o->retry_at = now + back_off(o);
	}
}

static void
cannot_open(struct outlet *o, uint64_t now, const struct err *why)
{
	size_t failed = o->at;

	try_next(o, now);
	outlet_tell(o, OUTLET_CANNOT_OPEN, failed, why);
}

static void
broke(struct outlet *o, uint64_t now, const struct err *why)
{
	bool steady = now - o->opened_at >= OUTLET_STEADY_NS;
	size_t was = o->at;

	lose_flight(o, now);
	o->broken++;
	o->shut = false;
	/* One that serves a few packets at a time gets short pauses (how few may still be found out); one that serves none ever longer ones. */
	if (steady || o->landed || (o->proof.careful && o->proof.start > 0))
		o->round = 0;
	if (steady)
		use(o, 0, now);
	else
		try_next(o, now);
	o->tried = o->round > ROUNDS_IN_VAIN;
	outlet_tell(o, OUTLET_BROKE, was, why);
}

void
outlet_turn(struct outlet *o, uint64_t now)
{
	conn_shutdown(o->conn[o->at]);
	o->turning = true;
	o->turn_until = now + o->conf.turn_ns;
	outlet_link_drive(o, now);
}

/* The peer has read all of this connection, or takes too long to say so. The same destination is connected to again. */
static void
turned(struct outlet *o, bool read, uint64_t now)
{
	if (read) {
		land(o, UINT64_MAX, now);
		proof_ended(&o->proof);
	} else {
		conn_close(o->conn[o->at]);
		lose_flight(o, now);
		proof_silent(&o->proof);
	}
	o->tried = false;
	o->turned = true;
	use(o, o->at, now);
}

/* Datagrams came back: with a spool they are kept for later, with another destination that one is next. */
static void
returned(struct outlet *o, uint64_t now)
{
	const struct conn_counts *c = conn_counts(o->conn[o->at]);
	size_t was = o->at, next = (o->at + 1) % o->conf.conns;
	struct err e;

	if (c->lost[CONN_RETURNED] == o->returned || (o->conf.spool == NULL && o->conf.conns == 1))
		return;
	err_set(&e, RC_SYS, "%s", strerror(c->returned_errno));
	conn_close(o->conn[was]);
	lose_flight(o, now);
	o->broken++;
	use(o, next, now);
	if (next == 0) {
		o->round++;
		o->retry_at = now + back_off(o);
	}
	outlet_tell(o, OUTLET_BROKE, was, &e);
	o->probe = PROBE_NEXT;
}

/* One that was left has ended, or has to: what it had not delivered is lost. */
static void
part(struct outlet *o, size_t which)
{
	struct outlet_left *l = &o->behind[which];
	uint64_t unacked = conn_unacked(o->conn[which]), pos;

	(void)flight_landed(&l->flight, unacked < l->bytes ? l->bytes - unacked : 0, &pos);
	o->unacked += l->flight.n;
	flight_reset(&l->flight);
	l->on = false;
	conn_close(o->conn[which]);
}

/* Goes on with the connection in use. */
void
outlet_link_drive(struct outlet *o, uint64_t now)
{
	struct conn *c = o->conn[o->at];
	struct err e = { .text = "" };
	enum rc rc;

	if (o->behind[o->at].on)
		part(o, o->at);
	if (conn_state(c) == CONN_CLOSED) {
		if (now < o->retry_at || o->shut)
			return;
		conn_open(c, now);
	}
	rc = conn_step(c, now, &e);
	if (rc == RC_END)
		err_set(&e, RC_END, "closed by the other end");
	if (rc == RC_END && o->shut) {
		land(o, UINT64_MAX, now);	/* who closes in good order has read all */
		o->open = false;
	} else if (rc == RC_END && o->turning)
		turned(o, true, now);
	else if (rc != RC_OK && o->open)
		broke(o, now, &e);
	else if (rc != RC_OK)
		cannot_open(o, now, &e);
	else if (conn_state(c) == CONN_OPEN && !o->open)
		now_open(o, now);
	else if (o->turning && now >= o->turn_until)
		turned(o, false, now);
	if (o->open && o->udp[o->at])
		returned(o, now);
}

/* The one in use ends in good order, in its own time; from a spool what it may not have delivered goes to the next one at once. */
static void
leave(struct outlet *o, uint64_t now)
{
	conn_shutdown(o->conn[o->at]);
	if (o->conf.spool != NULL)
		lose_flight(o, now);
	o->behind[o->at] = (struct outlet_left){ .on = !o->udp[o->at], .flight = o->flight, .bytes = o->wire_bytes };
	o->flight = (struct flight){ 0 };
	o->behind_at = now;
}

/* While a worse one is in use, the better ones are tried in turn. */
static void
seek_better(struct outlet *o, uint64_t now)
{
	struct conn *c;
	struct err e;

	if (!o->open || o->at == 0)
		return;
	if (o->better == o->at) {
		if (now < o->better_at)
			return;
		o->better = 0;
	}
	c = o->conn[o->better];
	if (conn_state(c) == CONN_CLOSED)
		conn_open(c, now);
	if (conn_step(c, now, &e) != RC_OK) {
		if (++o->better == o->at)
			o->better_at = now + o->conf.return_ns;
	} else if (conn_state(c) == CONN_OPEN) {
		size_t best = o->better;

		leave(o, now);
		use(o, best, now);
		now_open(o, now);
	}
}

/* Connections that were left for a better one. */
static void
see_off(struct outlet *o, uint64_t now)
{
	struct err e;

	for (size_t i = 0; i < o->conf.conns; i++) {
		struct outlet_left *l = &o->behind[i];
		uint64_t unacked, pos;

		if (!l->on)
			continue;
		if (conn_step(o->conn[i], now, &e) != RC_OK) {
			part(o, i);
			continue;
		}
		unacked = conn_unacked(o->conn[i]);
		(void)flight_landed(&l->flight, unacked < l->bytes ? l->bytes - unacked : 0, &pos);
	}
	o->behind_at = outlet_link_behind(o) > 0 ? now + OUTLET_SETTLE_NS : UINT64_MAX;
}

size_t
outlet_link_behind(const struct outlet *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->conf.conns; i++)
		n += o->behind[i].flight.n;
	return n;
}

void
outlet_link_forget(struct outlet *o)
{
	for (size_t i = 0; i < o->conf.conns; i++)
		if (o->behind[i].on)
			part(o, i);
}

void
outlet_link_step(struct outlet *o, uint64_t now)
{
	outlet_link_drive(o, now);
	if (o->conf.conns > 1) {
		seek_better(o, now);
		see_off(o, now);
	}
}
