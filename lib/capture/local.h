/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_LOCAL_H
#define CAPTURE_LOCAL_H
/* local - which addresses are ours, and so which way a message went (design: only the source is ours: out; only the destination: in). */
#include "base/err.h"
#include "net/addr.h"

struct locals {
	struct addr_net *v;
	size_t n;
};

void locals_reset(struct locals *);
/* "ADDR[/LEN][:PORT]"; RC_BAD with *err filled. */
enum rc locals_add(struct locals *, const char *text, struct err *) MUST_USE;
/* All addresses of this host's interfaces. */
enum rc locals_add_host(struct locals *, struct err *) MUST_USE;
/* enum direction; unknown where both or neither are ours. */
uint8_t locals_direction(const struct locals *, const struct addr *src, const struct addr *dst);
#endif
