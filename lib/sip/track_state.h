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
	TXN_BY_BRANCH,		/* a branch, but another CSeq number (a proxy that authenticates changes it), or a reply's other From tag */
	TXN_SURE,		/* all of it */
};
unsigned track_txn_score(const struct txn *, const struct track_msg *);
/* Is it the retry that the set's newest request was challenged for? Many take a new From tag for it, though RFC 3261 8.1.3.5 says the same. */
bool track_set_retried(const struct track *, const struct set *, const struct track_msg *);
/* Would a new transaction of this message, whose parties are the set's, be one of the set's? */
bool track_set_takes(const struct track *, const struct set *, const struct track_msg *);

void track_set_begin(const struct track *, struct set *, const struct track_msg *);
/* Hash of user and host, never 0. `user` is SIP_SPAN_FROM_USER or SIP_SPAN_TO_USER. */
uint32_t track_uri(const struct track_msg *, enum sip_span_id user, uint64_t seed);
void track_txn_begin(struct txn *, const struct track_msg *);
/* Enters the message into its transaction (`fresh`: just begun by it) and set. */
void track_state_move(struct track *, struct set *, struct txn *, const struct track_msg *, bool fresh);
/* enum track_fact of a message that was entered. */
uint8_t track_facts(const struct txn *, const struct track_msg *);
/* The set's last instant, as things are at `now`. After a fresh transaction, frees those that are over. */
uint64_t track_set_deadline(struct track *, struct set *, uint64_t now, bool fresh);

/*
 * Usages (RFC 5057): what keeps a dialog set alive, one for each To tag or subscription. In a set begun in the middle, a message
 * within the dialog that is not refused as unknown shows that there is one.
 */
void track_usage_ack(struct track *, struct set *, const struct track_msg *);	/* of an INVITE that is not known */
void track_usage_bye(struct track *, struct set *, const struct track_msg *);
void track_usage_subscribe(struct track *, struct set *, struct txn *, const struct track_msg *);
void track_usage_notify(struct track *, struct set *, const struct track_msg *);
void track_usage_final(struct track *, struct set *, const struct txn *, const struct track_msg *);	/* reply from 200 on */
/* When the last usage ends, the 32 s after it included; 0 = there is none. */
uint64_t track_usage_end(const struct track *, const struct set *, uint64_t now);
#endif
