/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_OUTLET_H
#define OUTBOX_OUTLET_H
/*
 * outlet - packets to a destination, or to the first of several that can be reached, whatever becomes of it: nothing blocks, what cannot go out
 * now waits in a bounded queue in memory or in a spool on disk, a connection that broke is opened again (exponential back-off with jitter).
 *
 * In memory, a packet given to a TCP or TLS connection is out of our hands; those that the peer's system had not acknowledged when the
 * connection broke are counted as lost. With a spool they are sent again, with all that the peer's program is not known to have read
 * (proof.h). UDP acknowledges nothing: a datagram counts as arrived when none came back for OUTLET_UDP_GRACE_NS.
 *
 * No clock: `now_ns` is any clock that only grows. One caller's thread.
 */
#include "net/conn.h"
#include "outbox/spool.h"

#define OUTLET_UDP_GRACE_NS UINT64_C(200000000)
#define OUTLET_STALL_NS UINT64_C(5000000000)	/* open, and nothing taken for so long: outlet_moving says no */

enum outlet_event {
	OUTLET_UP,		/* open, for the first time or again */
	OUTLET_CANNOT_OPEN,	/* said for every attempt */
	OUTLET_BROKE,		/* it was open */
	OUTLET_DISK,		/* the spool cannot be written */
};

enum outlet_loss {
	OUTLET_RETURNED = CONN_RETURNED,
	OUTLET_TOO_LARGE = CONN_TOO_LARGE,
	OUTLET_FAILED = CONN_FAILED,
	OUTLET_FULL = CONN_LOSSES,	/* no room in the queue */
	OUTLET_UNACKED,			/* under way when the connection broke (no spool) */
	OUTLET_SPOOL,			/* refused by, given up or damaged in the spool */
	OUTLET_LEFT,			/* still in the queue at outlet_give_up */
	OUTLET_LOSSES,
};

/* Packets. offered + resumed = sent + all lost + held. */
struct outlet_counts {
	uint64_t offered;
	uint64_t resumed;	/* found in the spool at the start */
	uint64_t sent;
	uint64_t lost[OUTLET_LOSSES];
	uint64_t held;		/* in queue or spool */
	uint64_t under_way;	/* of those sent, not acknowledged yet; outside the sum */
	uint64_t again;		/* sent a second time; outside the sum */
	uint64_t opened;	/* connections made */
	uint64_t broken;	/* of those, ended by the network or the peer */
	int returned_errno, failed_errno;
};

struct outlet_conf {
	const struct conn_conf *conn;	/* where to, best first */
	size_t conns;			/* 1 to OUTLET_CONNS */
	size_t queue_bytes;		/* without a spool */
	struct spool *spool;		/* the outlet's from then on, or NULL */
	uint64_t slack_bytes;		/* with one: what a peer may have unread without our knowing (proof.h), less than the spool may hold; 0: 8 MiB */
	uint64_t drain_rate;		/* packets a second from queue or spool; 0: as fast as it goes */
	uint64_t retry_min_ns, retry_max_ns;	/* between attempts; 0: 100 ms, 30 s */
	uint64_t return_ns;		/* with several: how often a better one is tried; 0: 30 s */
	uint64_t turn_ns;		/* so long a peer may take to read and close what we have closed our half of; 0: 5 s */
	uint64_t seed;			/* of the jitter */
	/* Something happened to the connection to conn[which]; `why` is for OUTLET_CANNOT_OPEN, _BROKE and _DISK. May be NULL. */
	void (*event)(void *arg, enum outlet_event, size_t which, const struct err *why);
	void *arg;
};
#define OUTLET_CONNS 16

struct outlet;
/* Opens nothing yet: outlet_step does. */
struct outlet *outlet_new(const struct outlet_conf *);
/* Closes as it is; NULL is fine. */
void outlet_free(struct outlet *);

/*
 * Offers packets, in order. Returns how many were taken, which is all of them unless `wait`, where those that find no room are left to be
 * offered again (after outlet_step); else they are counted as lost. With a spool all that were taken are committed when it returns.
 */
size_t outlet_put(struct outlet *, const struct datagram *d, size_t n, bool wait, uint64_t now_ns);
/* Does what can be done now. Call when conn fds are ready, when outlet_due_ns is reached, and from time to time under load. */
void outlet_step(struct outlet *, uint64_t now_ns);
/* Fills at most `max` (2 * CONN_FDS suffice). */
size_t outlet_fds(const struct outlet *, struct pollfd *fds, size_t max);
uint64_t outlet_due_ns(const struct outlet *);	/* UINT64_MAX: never of itself */

bool outlet_up(const struct outlet *);		/* open */
bool outlet_opening(const struct outlet *);	/* not open, but since the start, or since it broke, no round of attempts has failed */
/* It is up, and what it was given goes out: worth waiting for. */
bool outlet_moving(const struct outlet *, uint64_t now_ns);
/* All that was taken has gone out and, as far as can be known, arrived. */
bool outlet_idle(const struct outlet *);
/* No more packets will come: once it is idle the connection is ended in good order. */
void outlet_finish(struct outlet *);
/* What is in the queue counts as lost now; a spool keeps what it has. */
void outlet_give_up(struct outlet *);
/* Our and the peer's address while it is up; NULL else. */
const struct addr *outlet_local(const struct outlet *);
const struct addr *outlet_peer(const struct outlet *);
void outlet_counts(const struct outlet *, struct outlet_counts *);
#endif
