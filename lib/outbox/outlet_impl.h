/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_OUTLET_IMPL_H
#define OUTBOX_OUTLET_IMPL_H
/* outlet_impl - what outlet.c (packets) and outlet_link.c (the connection) share. Private to the two. */
#include "outbox/flight.h"
#include "outbox/outlet.h"
#include "outbox/pktq.h"
#include "outbox/proof.h"

#define OUTLET_SETTLE_NS UINT64_C(20000000)	/* between two questions to the kernel about what has arrived */
#define OUTLET_STEADY_NS UINT64_C(1000000000)	/* a connection that ended sooner is tried again after a pause, as one that could not be made */

struct outlet {
	struct outlet_conf conf;
	struct conn *conn[OUTLET_CONNS];
	bool udp[OUTLET_CONNS];
	bool tls[OUTLET_CONNS];
	size_t at;			/* the one in use */
	bool open;			/* conn[at] was open after the last step */
	bool tried;			/* a round of attempts is over since the start, or since it broke */
	bool finishing, shut;
	uint64_t retry_at;		/* closed: when to open */
	uint64_t round;			/* attempts in a row that failed, for the back-off */
	uint64_t opened_at;
	bool landed;			/* something has arrived since then */
	uint64_t better_at;		/* when to try a better one */
	size_t better;			/* which one is tried now; == at: none */
	uint64_t jitter;
	struct outlet_left {		/* a stream that was left for a better one, and has not ended yet */
		bool on;
		struct flight flight;
		uint64_t bytes;
	} behind[OUTLET_CONNS];
	uint64_t behind_at;		/* when to look after those; UINT64_MAX: all has arrived */

	struct pktq queue;
	struct flight flight;
	uint64_t wire_bytes;		/* taken by conn[at] since it is open */
	struct proof proof;		/* with a spool: how much of that was read */
	bool used_up;			/* … and more may not go out before it is known */
	bool turning;			/* our half is closed: the peer's end will tell */
	bool turned;			/* it did, and the next connection is no news */
	uint64_t turn_until;
	uint64_t settle_at;
	uint64_t settled_bytes;		/* wire_bytes then */
	uint64_t moved_ns;		/* when something last went out, or there was nothing to do */
	uint64_t returned;		/* of conn[at], as counted when it was last looked at */
	enum probe { PROBE_NONE, PROBE_NEXT, PROBE_SENT } probe;
	uint64_t probe_until;
	uint64_t last_pos;		/* in the spool, of the packet taken last */
	bool more;			/* the last step left work that waits for nothing */
	bool blocked;			/* the connection took less than it was offered: it says when it takes more */
	uint64_t read_at;		/* the spool could not be read: when to try again */
	uint64_t tokens_at;		/* drain rate: when the next packet may go */
	uint64_t direct;		/* sent although the spool refused them */

	uint64_t offered, full, unacked, left, opened, broken;
};

void outlet_tell(struct outlet *, enum outlet_event, size_t which, const struct err *why);
/* The kernel's word on what has arrived, and what that means for the spool. */
void outlet_settle(struct outlet *, uint64_t now_ns);
/* The connection in use is opened, watched and, when it broke, opened again or replaced. */
void outlet_link_step(struct outlet *, uint64_t now_ns);
/* Our half of it is closed, to learn from the peer's end what was read. */
void outlet_turn(struct outlet *, uint64_t now_ns);
/* Packets that went to connections left for a better one, and have not arrived. */
size_t outlet_link_behind(const struct outlet *);
/* They count as lost now. */
void outlet_link_forget(struct outlet *);
/* The connection in use: as little as closing it in good order takes. */
void outlet_link_drive(struct outlet *, uint64_t now_ns);
#endif
