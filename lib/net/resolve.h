/* SPDX-License-Identifier: MIT */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H
/* resolve - the addresses of a name, asked for in a thread, so that nobody waits. An address in text form is known at once. */
#include "base/err.h"
#include "net/addr.h"

#define RESOLVE_MAX 8	/* addresses; more are left out */

struct resolve;
/* Begins. `family` is the one that the addresses have to be of; FAMILY_NONE: any. */
struct resolve *resolve_new(const char *host, uint16_t port, uint8_t family);
/* May come before the answer. NULL is fine. */
void resolve_free(struct resolve *);
/* Readable once there is an answer; -1: there is one already. */
int resolve_fd(const struct resolve *);
/*
 * RC_OK    *n addresses, with the port
 * RC_MORE  not yet
 * RC_SYS   the name has none, or nobody can say
 */
enum rc resolve_get(struct resolve *, struct addr out[static RESOLVE_MAX], size_t *n, struct err *) MUST_USE;
/* The first address, waited for. RC_SYS: there is none. */
enum rc resolve_now(const char *host, uint16_t port, struct addr *out, struct err *) MUST_USE;
#endif
