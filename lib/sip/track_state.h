/* SPDX-License-Identifier: MIT */
#ifndef SIP_TRACK_STATE_H
#define SIP_TRACK_STATE_H
/*
 * track_state - what a message means to transactions and sets: whether it belongs, what it changes, how long they live then.
 * Private to lib/sip/track*.c; the rules are in track.h.
 */
#include "sip/track_table.h"

/* How surely the message belongs to the transaction: 0 = not at all. */
enum {
	TXN_BY_CSEQ = 1,	/* Call-ID, From tag, CSeq number and method */
	TXN_BY_BRANCH,		/* a branch, but another CSeq number: a proxy that authenticates changes it */
	TXN_SURE,		/* both */
};
unsigned txn_score(const struct txn *, const struct track_msg *);
/* Would a new transaction of this message, whose parties are the set's, be one of the set's? */
bool set_takes(const struct track *, const struct set *, const struct track_msg *);

void set_begin(struct set *, const struct track_msg *);
void txn_begin(struct txn *, const struct track_msg *);
/* Enters the message into its transaction (`fresh`: just begun by it) and set. */
void state_move(struct track *, struct set *, struct txn *, const struct track_msg *, bool fresh);
/* The set's last instant, as things are at `now`. Frees transactions long over. */
uint64_t set_deadline(struct track *, struct set *, uint64_t now);
#endif
