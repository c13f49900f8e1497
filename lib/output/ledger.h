/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_LEDGER_H
#define OUTPUT_LEDGER_H
/*
 * ledger - the loss ledger as a table for people: for each stage and unit what came in and where it went, whether the sum
 * in = out + lost + chosen + routed + held holds, and then each counter that is not 0, by name.
 */
#include "trace/stats.h"

/* False: a sum does not hold. A unit without counters of class "in" (a source's messages) has no sum. */
bool ledger_table(const struct ledger *l, struct buf *out);
#endif
