/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_PROOF_H
#define OUTBOX_PROOF_H
/*
 * proof - how much of what went out on a stream connection has been read by the program at the other end. No protocol here says so; the peer's
 * system acknowledges what its program may never see. What can be known is its window, which closes as unread bytes pile up
 * (conn_unread). A system that is still opening its window, or that does not count small packets for what they take, tells of unread
 * bytes late: some 700 KiB were seen on Linux. So `slack` bytes of what seems to be read count as not read.
 *
 * A peer that breaks every connection before that much was read would get the same packets for ever. So after a connection that
 * proved nothing the next ones are careful: only `window` bytes go out on each.
 * Over TCP our half is closed then, and the peer's end tells: a system resets a connection whose program closed it without having
 * read all, so one that ends in good order was read (proof_ended). Where there is no half close (TLS) what seems to be read for
 * PROOF_GRACE_NS while the connection stands counts as read, and more may follow.
 * The window doubles with each success, and halves with each connection in vain.
 */
#include <stdbool.h>
#include <stdint.h>

#define PROOF_GRACE_NS UINT64_C(100000000)

/* Zeroed but for slack: nothing was sent yet. Bytes of the connection in use, from its beginning. */
struct proof {
	uint64_t slack;
	bool careful;
	bool by_end;		/* this connection's end tells */
	uint64_t window, start;	/* careful: bytes at a time, now and on the next connection */
	uint64_t read;		/* so much was read */
	uint64_t seems;		/* careful: so much seemed to be, … */
	uint64_t since_ns;	/* … since then; 0: nothing to wait for */
};

void proof_begin(struct proof *, bool by_end);	/* a new connection */
/* It ended, not in good order. useful: a whole packet of it was read, so the same ones do not go out for ever. */
void proof_broke(struct proof *, bool useful);
void proof_ended(struct proof *);	/* it ended in good order after our half had been closed: all was read */
void proof_silent(struct proof *);	/* our half is closed, and the peer does not end: this is no way to learn anything */
/* Of `sent` bytes conn_unread says `unread`. Returns how many were read; it only grows. */
uint64_t proof_update(struct proof *, uint64_t sent, uint64_t unread, uint64_t now_ns);
/* How many bytes may be sent on; UINT64_MAX: no limit. One packet may always go when nothing was sent yet, or (not by_end) nothing is unread. */
uint64_t proof_room(const struct proof *, uint64_t sent);
#endif
