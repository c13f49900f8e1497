/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_PROOF_H
#define OUTBOX_PROOF_H
/*
 * proof - how much of what went out on a stream connection has been read by the program at the other end. No protocol here says so; the peer's
 * system acknowledges what its program may never see. What can be known is its window, which closes as unread bytes pile up
 * (conn_unread); on Linux that is right within some 64 KiB, so PROOF_SLACK of what seems to be read counts as not read.
 *
 * A peer that breaks every connection before that much was read would get the same packets for ever. So after a connection that
 * proved nothing the next ones are careful: little is sent at a time, and what seems to be read for PROOF_GRACE_NS while the
 * connection stands counts as read. How much at a time doubles with each success, and halves with each connection in vain.
 */
#include <stdbool.h>
#include <stdint.h>

#define PROOF_SLACK (UINT64_C(64) << 10)
#define PROOF_GRACE_NS UINT64_C(100000000)

/* Zeroed: nothing was sent yet. Bytes of the connection in use, from its beginning. */
struct proof {
	bool careful;
	uint64_t window, start;	/* careful: bytes at a time, now and on the next connection */
	uint64_t read;		/* so much was read */
	uint64_t seems;		/* careful: so much seemed to be, … */
	uint64_t since_ns;	/* … since then; 0: nothing to wait for */
};

void proof_begin(struct proof *);	/* a new connection */
/* It ended, not in good order. useful: a whole packet of it was read, so the same ones do not go out for ever. */
void proof_broke(struct proof *, bool useful);
/* Of `sent` bytes conn_unread says `unread`. Returns how many were read; it only grows. */
uint64_t proof_update(struct proof *, uint64_t sent, uint64_t unread, uint64_t now_ns);
/* How many bytes may be sent on; UINT64_MAX: no limit. One packet may always go when nothing is unread. */
uint64_t proof_room(const struct proof *, uint64_t sent);
#endif
