/* SPDX-License-Identifier: MIT */
#ifndef CLI_HEPLINT_H
#define CLI_HEPLINT_H
/*
 * heplint - counts what packets would trip over, and reports it (hep/lint.h has the traps). Records of other kinds are encoded first; whole
 * packets are judged as they are, whoever made them.
 */
#include <stdio.h>

#include "hep/lint.h"
#include "trace/record_hep.h"

struct heplint;
/* Judged for conf->receiver, or for all of the table. `conf` is borrowed. */
struct heplint *heplint_new(const struct hep_conf *conf);
void heplint_free(struct heplint *);
void heplint_put(struct heplint *, const struct record *r);
/*
 * One line for each receiver and trap, "RECEIVER: TRAP: N packets, HARM, first: …: why"; one for each receiver that nothing is wrong for.
 * True: something would be lost.
 */
bool heplint_report(const struct heplint *, FILE *out);
#endif
