/* SPDX-License-Identifier: MIT */
#ifndef EXPR_SET_H
#define EXPR_SET_H
/*
 * set - the right side of `in`: a hash set of texts, numbers and address blocks. A look-up costs one probe, for addresses one a
 * prefix length in use, however many members there are. Private to lib/expr.
 */
#include "base/err.h"
#include "net/addr.h"

struct set;

struct set *set_new(void);
void set_free(struct set *);	/* NULL is fine */
size_t set_size(const struct set *);

void set_add_text(struct set *, struct slice text);
void set_add_num(struct set *, int64_t v);
void set_add_net(struct set *, const struct addr_net *n);

/* It is a member, or the text of an address in a block. */
bool set_has_text(const struct set *, struct slice text);
bool set_has_num(const struct set *, int64_t v);
/* Only the block counts, not its port. */
bool set_has_addr(const struct set *, const struct addr *a);
#endif
