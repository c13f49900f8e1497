/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_PKTQ_H
#define OUTBOX_PKTQ_H
/* pktq - packets in memory, first in, first out, in a bounded number of bytes. The memory grows with use and is given back when it is empty. */
#include "net/conn.h"

#define PKTQ_OVERHEAD 16	/* bytes that a packet counts beside its own */

struct pktq {
	size_t max_bytes;
	uint8_t *p;		/* ring */
	size_t cap, start, used;
	uint32_t *len;		/* ring of lengths */
	size_t len_cap, first, n;
};

void pktq_init(struct pktq *, size_t max_bytes);
void pktq_reset(struct pktq *);
static inline size_t
pktq_bytes(const struct pktq *q)
{
	return q->used + q->n * PKTQ_OVERHEAD;
}
/* Copies the packet. False: no room. */
bool pktq_put(struct pktq *, const struct datagram *d) MUST_USE;
/* The first packets, at most `max`; they stay. Valid until the next call. Returns how many. */
size_t pktq_peek(const struct pktq *, struct datagram *out, size_t max);
/* The first `n` are done with; n <= q->n. */
void pktq_drop(struct pktq *, size_t n);
#endif
