/* SPDX-License-Identifier: MIT */
#ifndef TRACE_STATS_H
#define TRACE_STATS_H
/*
 * stats - the loss ledger (design section 2): counters with a name, a unit and a class, carried as cumulative snapshots in
 * statistics frames, and added up by whoever reads them.
 *
 * Per stage and unit:  in = out + lost + chosen + routed + held.
 */
#include "trace/record.h"

enum stat_unit {
	UNIT_PACKET = 1,
	UNIT_MESSAGE = 2,
	UNIT_ROW = 3,
	UNIT_BYTE = 4,
	UNIT_CALL = 5,		/* dialogs, transactions */
	UNIT_CONN = 6,		/* connections */
};

enum stat_class {
	STAT_IN = 1,
	STAT_OUT = 2,		/* delivered, passed on */
	STAT_LOST = 3,		/* should have gone on and did not: exit status 1 */
	STAT_CHOSEN = 4,	/* left out on purpose: not selected, no SIP, a duplicate */
	STAT_ROUTED = 5,	/* went to another output */
	STAT_HELD = 6,		/* still inside */
	STAT_INFO = 7,		/* outside the sum */
};

struct counter {
	const char *name;	/* lower-case words joined by '_', as in /metrics; static */
	uint8_t unit;
	uint8_t class;
	uint64_t value;
};

const char *stat_unit_name(uint8_t unit);	/* "packets" … */
const char *stat_class_name(uint8_t class);	/* "in" … */

/*
 * The identity of a stage in the stream: hash of the upstream's instance (0 for a source), its name and options
 * (deterministic: the same pipeline has the same instances). `upstream` of a filter is the xor of the instances it read.
 */
uint64_t stats_instance(uint64_t upstream, const char *stage, int argc, char *const argv[]);

/* One snapshot. seq grows by one with each of an instance. Counters with value 0 are written too. */
enum rc stats_encode(struct buf *out, uint64_t instance, uint32_t seq, uint64_t time_ns, const char *stage,
    const struct counter *c, size_t n) MUST_USE;

/* Reads a statistics frame. */
struct stats_view {
	uint64_t instance;
	uint32_t seq;
	uint64_t time_ns;
	struct slice stage;
	struct slice rest;	/* counters, for stats_counter */
};
enum rc stats_decode(const struct record *r, struct stats_view *out) MUST_USE;
/* RC_END after the last. */
enum rc stats_counter(struct stats_view *v, struct slice *name, uint8_t *unit, uint8_t *class, uint64_t *value) MUST_USE;

/*
 * Adds up what came by: keeps the newest snapshot of each instance (at most 1024; RC_LIMIT beyond), in the order in which instances were first seen.
 */
struct ledger;
struct ledger *ledger_new(void);
void ledger_free(struct ledger *);
enum rc ledger_add(struct ledger *, const struct record *r) MUST_USE;
/* xor of all instances seen, for stats_instance. */
uint64_t ledger_upstream(const struct ledger *);
/* The newest snapshot of the i-th instance; it points into the ledger. False where there are no more. */
bool ledger_view(const struct ledger *, size_t i, struct stats_view *out);
/* "stage unit class name value" lines, tab-separated, a header line first, stages in order. */
void ledger_text(const struct ledger *, struct buf *out);
#endif
