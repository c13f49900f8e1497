/* SPDX-License-Identifier: MIT */
#ifndef NET_SENDER_H
#define NET_SENDER_H
/*
 * sender - datagrams to one destination, many in one system call (sendmmsg), each datagram gathered from parts so that
 * a message is not copied. Nothing is queued here: what was offered is with the kernel, or counted as lost, when a call returns.
 */
#include "net/addr.h"

#define SENDER_BATCH 64		/* datagrams of one system call */
#define SENDER_PARTS 3

/* One datagram: its parts one after the other; unused ones have n == 0. */
struct datagram {
	struct slice part[SENDER_PARTS];
};

enum sender_loss {
	SENDER_RETURNED,	/* the network sent it back: port closed, host unreachable */
	SENDER_FULL,		/* no room in the socket's buffer, and not to be waited for */
	SENDER_TOO_LARGE,	/* over what a datagram can hold (65507 bytes on IPv4) */
	SENDER_FAILED,		/* the system refused it for another reason */
	SENDER_LOSSES,
};

/* offered = sent + all lost. */
struct sender_counts {
	uint64_t offered;
	uint64_t sent;
	uint64_t lost[SENDER_LOSSES];
	int returned_errno;	/* of the last returned one */
	int failed_errno;	/* of the last failed one */
};

struct sender_conf {
	bool (*stop)(void *);	/* asked when a wait was interrupted; true: the rest is not waited for. May be NULL */
	void *arg;
};

struct sender;

/* Opens a socket to `to`. conf is copied and may be NULL. */
enum rc sender_new(const struct addr *to, const struct sender_conf *conf, struct sender **out, struct err *) MUST_USE;
void sender_free(struct sender *);
/* Sends all `n`, in order. `wait`: where the socket's buffer is full, wait for room instead of dropping. */
void sender_send(struct sender *, const struct datagram *d, size_t n, bool wait);
/* Asks whether datagrams have come back since. Cheap; counts are then as of now. */
void sender_poll(struct sender *);
const struct sender_counts *sender_counts(const struct sender *);
const struct addr *sender_local(const struct sender *);
const struct addr *sender_peer(const struct sender *);
#endif
