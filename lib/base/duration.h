/* SPDX-License-Identifier: MIT */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H
/* duration - "5", "5s", "100ms", "2m", "1h", "7d" (ns, us too): a whole number with a unit, seconds if without. */
#include "base/rc.h"
#include "base/slice.h"

/* Nanoseconds. RC_BAD: it is none, or too long for 64 bits. */
enum rc duration_parse(struct slice s, uint64_t *ns) MUST_USE;
#endif
