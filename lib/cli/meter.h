/* SPDX-License-Identifier: MIT */
#ifndef CLI_METER_H
#define CLI_METER_H
/*
 * meter - progress of a long read on standard error: bytes, messages, rate, time left. Says nothing unless standard error is a
 * terminal and the input is 8 MiB or more; reads the wall clock, which goes nowhere but to the eye.
 */
#include <stdint.h>

struct meter;
/* NULL where there is nothing to show; every function takes NULL. total_bytes 0: unknown, nothing is shown. */
struct meter *meter_new(uint64_t total_bytes);
/* Call as often as you like; draws at most four times a second. */
void meter_tick(struct meter *, uint64_t bytes, uint64_t messages);
/* Clears the line. */
void meter_free(struct meter *);
#endif
