/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_BALANCE_H
#define OUTBOX_BALANCE_H
/*
 * balance - which of several outlets a call goes to. A call stays with one as long as it is remembered (a million calls, the least recently
 * seen are forgotten) and the outlet is up; when it goes down its calls move to another one each, and stay there.
 *
 * A new call goes where the hash of its key says (highest random weight: every process that knows the same outlets says the same, and
 * an outlet more or less moves only its own share), or to the next one in turn.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BALANCE_OUTLETS 64
#define BALANCE_CALLS ((size_t)1 << 20)

enum balance_way { BALANCE_CALLID, BALANCE_RR };

struct balance;
/* 1 to BALANCE_OUTLETS; `calls` is how many are remembered, a power of two, at least 4. */
struct balance *balance_new(enum balance_way way, size_t outlets, size_t calls);
void balance_free(struct balance *);	/* NULL is fine */
/*
 * The outlet for a packet of the call with this key. Bit i of `up`: outlet i takes packets. If none does, the call keeps the one that it
 * has, or gets one as if all were up.
 */
size_t balance_pick(struct balance *, uint64_t key, uint64_t up);
uint64_t balance_moved(const struct balance *);	/* calls that changed their outlet so far */
#endif
