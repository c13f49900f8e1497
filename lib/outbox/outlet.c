/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/xalloc.h"
#include "outbox/outlet_impl.h"

#define RETRY_MIN_NS UINT64_C(100000000)
#define RETRY_MAX_NS UINT64_C(30000000000)
#define RETURN_NS UINT64_C(30000000000)
#define TURN_NS UINT64_C(5000000000)
#define SLACK_BYTES (UINT64_C(8) << 20)	/* more than a peer's system keeps unread, as a rule (net.ipv4.tcp_rmem: 6 MiB) */
#define PROBE_NS UINT64_C(200000000)	/* after datagrams came back: one, and so long to see whether it does too */
#define SECOND UINT64_C(1000000000)
#define PUMP_MAX 64			/* batches from queue or spool in one step */
#define READ_AGAIN_NS UINT64_C(1000000000)	/* the spool cannot be read: next attempt */

struct outlet *
outlet_new(const struct outlet_conf *conf)
{
	struct outlet *o = xcalloc(1, sizeof(*o));

	o->conf = *conf;
	if (o->conf.retry_min_ns == 0)
		o->conf.retry_min_ns = RETRY_MIN_NS;
	if (o->conf.retry_max_ns == 0)
		o->conf.retry_max_ns = RETRY_MAX_NS;
	if (o->conf.return_ns == 0)
		o->conf.return_ns = RETURN_NS;
	if (o->conf.turn_ns == 0)
		o->conf.turn_ns = TURN_NS;
	o->proof.slack = conf->slack_bytes > 0 ? conf->slack_bytes : SLACK_BYTES;
	for (size_t i = 0; i < conf->conns; i++) {
		struct conn_conf c = conf->conn[i];

		c.stop_returned = conf->spool != NULL;
		o->conn[i] = conn_new(&c);
		o->udp[i] = conf->conn[i].dest.transport == TRANSPORT_UDP;
		o->tls[i] = conf->conn[i].dest.transport == TRANSPORT_TLS;
	}
	o->conf.conn = NULL;	/* the caller's */
	o->jitter = conf->seed;
	o->better_at = o->behind_at = UINT64_MAX;
	pktq_init(&o->queue, conf->queue_bytes);
	return o;
}

void
outlet_free(struct outlet *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->conf.conns; i++) {
		conn_free(o->conn[i]);
		flight_reset(&o->behind[i].flight);
	}
	pktq_reset(&o->queue);
	flight_reset(&o->flight);
	spool_close(o->conf.spool);
	free(o);
}

static bool
can_send(const struct outlet *o)
{
	return o->open && !o->shut && !o->turning && o->probe != PROBE_SENT && conn_state(o->conn[o->at]) == CONN_OPEN;
}

/* How many of `n` packets may go out while the peer has proved little. */
static size_t
careful(struct outlet *o, const struct datagram *d, size_t n, uint64_t now)
{
	uint64_t room = proof_room(&o->proof, o->wire_bytes), bytes = 0;
	size_t k = 0;

	for (; k < n && bytes + datagram_size(&d[k]) <= room; k++)
		bytes += datagram_size(&d[k]);
	if (k > 0 || n == 0)
		return k;
	if (o->proof.by_end) {
		o->used_up = o->wire_bytes > 0;
		return !o->used_up;
	}
	/* The window that is known may be an old one: only another packet makes the peer's system tell. */
	return o->proof.read == o->wire_bytes || now >= o->moved_ns + PROOF_GRACE_NS;
}

/* Hands packets to the connection in use; pos: where each ends in the spool, or NULL. */
static size_t
hand_over(struct outlet *o, const struct datagram *d, const uint64_t *pos, size_t n, uint64_t now)
{
	bool udp = o->udp[o->at];
	size_t k;

	if (o->probe == PROBE_NEXT && n > 0)
		n = 1;
	if (!udp && o->proof.careful)
		n = careful(o, d, n, now);
	if (pos != NULL && !udp)
		(void)conn_unread(o->conn[o->at]);	/* how wide the window is before this fills it */
	k = conn_send(o->conn[o->at], d, n);
	if (k == 0)
		return 0;
	o->moved_ns = now;
	if (o->probe == PROBE_NEXT) {
		o->probe = PROBE_SENT;
		o->probe_until = now + PROBE_NS;
	}
	for (size_t i = 0; i < k; i++) {
		o->wire_bytes += datagram_size(&d[i]);
		if (!udp)
			flight_add(&o->flight, o->wire_bytes, pos != NULL ? pos[i] : 0);
		else if (pos != NULL)
			flight_add(&o->flight, now + OUTLET_UDP_GRACE_NS, pos[i]);
	}
	if (pos != NULL)
		o->last_pos = pos[k - 1];
	return k;
}

static bool
backlog(const struct outlet *o)
{
	return o->conf.spool != NULL ? !spool_at_end(o->conf.spool) : o->queue.n > 0;
}

/* How many of `n` the drain rate lets go now. */
static size_t
allowance(struct outlet *o, size_t n, uint64_t now)
{
	uint64_t each;

	if (o->conf.drain_rate == 0)
		return n;
	each = SECOND / o->conf.drain_rate;
	if (o->tokens_at + OUTLET_SETTLE_NS < now)	/* what was not used is not saved up for longer */
		o->tokens_at = now - OUTLET_SETTLE_NS;
	if (o->tokens_at > now)
		return 0;
	n = each == 0 || (now - o->tokens_at) / each >= n ? n : (size_t)((now - o->tokens_at) / each) + 1;
	return n;
}

static size_t
peek(struct outlet *o, struct datagram *d, uint64_t *pos)
{
	struct spool_entry e[CONN_BATCH];
	size_t n;

	if (o->conf.spool == NULL)
		return pktq_peek(&o->queue, d, CONN_BATCH);
	n = spool_peek(o->conf.spool, e, CONN_BATCH);
	for (size_t i = 0; i < n; i++) {
		d[i] = (struct datagram){ .part = { e[i].packet } };
		pos[i] = e[i].pos;
	}
	return n;
}

/* The spool's read place moves on. A small one must hear of what arrived before it is full of it. */
static void
advance(struct outlet *o, uint64_t pos, uint64_t now)
{
	spool_advance(o->conf.spool, pos);
	if (!o->udp[o->at] && o->wire_bytes - o->settled_bytes > o->proof.slack / 2)
		outlet_settle(o, now);
}

/* One batch from queue or spool. False: no more goes now. */
static bool
pump_batch(struct outlet *o, uint64_t now)
{
	bool spooled = o->conf.spool != NULL;
	struct datagram d[CONN_BATCH];
	uint64_t pos[CONN_BATCH];
	size_t n = peek(o, d, pos), may = allowance(o, n, now), k;

	if (n == 0)
		o->read_at = now + READ_AGAIN_NS;
	if (may == 0)
		return false;
	k = hand_over(o, d, spooled ? pos : NULL, may, now);
	o->blocked = k < may;
	if (k == 0)
		return false;
	if (spooled)
		advance(o, pos[k - 1], now);
	else
		pktq_drop(&o->queue, k);
	if (o->conf.drain_rate > 0)
		o->tokens_at += k * (SECOND / o->conf.drain_rate);
	return k == n;
}

static void
pump(struct outlet *o, uint64_t now)
{
	int i = 0;

	o->blocked = false;
	o->read_at = UINT64_MAX;
	while (i < PUMP_MAX && can_send(o) && backlog(o) && pump_batch(o, now))
		i++;
	o->more = i == PUMP_MAX;
	if (!backlog(o))
		o->moved_ns = now;
}

/* Nothing is left to be sent, and the peer's system has all. */
static bool
all_acknowledged(const struct outlet *o)
{
	return !backlog(o) && (o->udp[o->at] ? outlet_idle(o) : conn_unacked(o->conn[o->at]) == 0);
}

void
outlet_step(struct outlet *o, uint64_t now)
{
	o->more = false;
	outlet_link_step(o, now);
	if (o->probe == PROBE_SENT && now >= o->probe_until) {
		o->probe = PROBE_NONE;
		o->round = 0;
	}
	if (o->open && o->flight.n > 0 && now >= o->settle_at)
		outlet_settle(o, now);
	if (o->open)
		pump(o, now);
	if (o->used_up && !o->turning && o->open && conn_unacked(o->conn[o->at]) == 0)
		outlet_turn(o, now);
	if (o->finishing && !o->shut && o->open && all_acknowledged(o)) {
		conn_shutdown(o->conn[o->at]);
		o->shut = true;
		outlet_link_drive(o, now);
	}
}

static size_t
put_in_memory(struct outlet *o, const struct datagram *d, size_t n, bool wait, uint64_t now)
{
	size_t k = 0;

	while (k < n && o->queue.n == 0 && can_send(o)) {
		size_t got = hand_over(o, d + k, NULL, n - k < CONN_BATCH ? n - k : CONN_BATCH, now);

		k += got;
		if (got == 0)
			break;
	}
	for (; k < n; k++)
		if (!pktq_put(&o->queue, &d[k])) {
			if (wait)
				break;
			o->full++;
		}
	o->offered += k;
	return k;
}

/* At most CONN_BATCH. ok[i]: it is in the spool; pos[i]: the end of what is there so far. */
static void
store(struct outlet *o, const struct datagram *d, size_t n, bool *ok, uint64_t *pos, uint64_t now)
{
	uint64_t last = o->last_pos;
	struct err e = { .text = "" };
	bool failed = false;

	for (size_t i = 0; i < n; i++) {
		enum rc rc = spool_append(o->conf.spool, &d[i], &pos[i], &e);

		ok[i] = rc == RC_OK;
		failed |= rc == RC_SYS;
		if (!ok[i])
			pos[i] = i > 0 ? pos[i - 1] : last;
	}
	if (spool_commit(o->conf.spool, now, &e) != RC_OK) {
		failed = true;
		for (size_t i = 0; i < n; i++) {
			ok[i] = false;
			pos[i] = last;
		}
	}
	if (failed)
		outlet_tell(o, OUTLET_DISK, o->at, &e);
}

static void
put_in_spool(struct outlet *o, const struct datagram *d, size_t n, uint64_t now)
{
	bool ok[CONN_BATCH], direct = !backlog(o) && can_send(o);
	uint64_t pos[CONN_BATCH];
	size_t k;

	store(o, d, n, ok, pos, now);
	if (!direct)
		return;
	k = hand_over(o, d, pos, n, now);
	if (k > 0)
		advance(o, pos[k - 1], now);
	for (size_t i = 0; i < k; i++)
		o->direct += !ok[i];
}

size_t
outlet_put(struct outlet *o, const struct datagram *d, size_t n, bool wait, uint64_t now)
{
	if (o->conf.spool == NULL)
		return put_in_memory(o, d, n, wait, now);
	for (size_t k = 0; k < n; k += CONN_BATCH)
		put_in_spool(o, d + k, n - k < CONN_BATCH ? n - k : CONN_BATCH, now);
	o->offered += n;
	return n;
}

size_t
outlet_fds(const struct outlet *o, struct pollfd *fds, size_t max)
{
	size_t n = conn_fds(o->conn[o->at], fds, max);

	if (o->better != o->at)
		n += conn_fds(o->conn[o->better], fds + n, max - n);
	return n;
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
outlet_due_ns(const struct outlet *o)
{
	uint64_t due = o->more ? 0 : conn_due_ns(o->conn[o->at]);

	due = sooner(due, o->behind_at);
	if (o->shut)
		return due;
	if (conn_state(o->conn[o->at]) == CONN_CLOSED)
		due = sooner(due, o->retry_at);
	if (o->better != o->at)
		due = sooner(due, conn_due_ns(o->conn[o->better]));
	else if (o->open)
		due = sooner(due, o->better_at);
	if (o->open && o->flight.n > 0)
		due = sooner(due, o->settle_at);
	if (o->turning)
		due = sooner(due, o->turn_until);
	if (o->probe == PROBE_SENT)
		due = sooner(due, o->probe_until);
	if (!can_send(o) || !backlog(o))
		return due;
	due = sooner(due, o->read_at);
	if (o->conf.drain_rate > 0 && !o->blocked && o->read_at == UINT64_MAX)
		due = sooner(due, o->tokens_at);
	return due;
}

bool
outlet_up(const struct outlet *o)
{
	return o->open;
}

bool
outlet_opening(const struct outlet *o)
{
	return !o->open && !o->tried;
}

bool
outlet_moving(const struct outlet *o, uint64_t now)
{
	return o->open && now < o->moved_ns + OUTLET_STALL_NS;
}

bool
outlet_idle(const struct outlet *o)
{
	return !backlog(o) && o->flight.n == 0 && o->probe != PROBE_SENT && outlet_link_behind(o) == 0;
}

void
outlet_finish(struct outlet *o)
{
	o->finishing = true;
}

void
outlet_give_up(struct outlet *o)
{
	o->left += o->queue.n;
	pktq_reset(&o->queue);
	outlet_link_forget(o);
	if (o->conf.spool == NULL && o->flight.n > 0) {
		o->unacked += o->flight.n;
		flight_reset(&o->flight);
	}
}

const struct addr *
outlet_local(const struct outlet *o)
{
	return o->open ? conn_local(o->conn[o->at]) : NULL;
}

const struct addr *
outlet_peer(const struct outlet *o)
{
	return o->open ? conn_peer(o->conn[o->at]) : NULL;
}
