/* SPDX-License-Identifier: MIT */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H
/* batch - messages into a store, a transaction for several: what the inserter does in every mode, in the thread that has the store. */
#include "store/inserter.h"

struct batch {
	struct store *store;
	uint64_t max;			/* messages a transaction */
	bool open;			/* a transaction is under way */
	struct inserter_counts done;	/* final */
	struct inserter_counts pending;	/* in the transaction: in, stored, repeated */
	struct row row;
	struct buf scratch;
	struct err failed;		/* rc != RC_OK: the store takes no more */
};

/* Both count what becomes of each message; where the store fails, `failed` says why, and nothing more is stored. */
void batch_put(struct batch *, const struct record *);	/* commits a full batch */
void batch_commit(struct batch *);
void batch_reset(struct batch *);
/* How many rows a message makes. */
uint64_t batch_rows(const struct record *);
#endif
