/* SPDX-License-Identifier: MIT */
#ifndef EXPR_ANNOTATE_H
#define EXPR_ANNOTATE_H
/*
 * annotate - attributes that a filter adds to records, from templates: correlation id, table, leg (one each: a later one replaces what the
 * record has), traced users and destinations (added to those the record has, none twice). An empty text adds nothing.
 */
#include "expr/expr.h"

struct annotate;

struct annotate *annotate_new(void);
void annotate_free(struct annotate *);
/* `type` is an enum attr_type. RC_BAD: the template is wrong. */
enum rc annotate_template(struct annotate *, uint16_t type, struct slice text, struct expr_err *) MUST_USE;
/*
 * A destination, as it stands: "hep:udp:HOST:PORT" (tcp, tls) or "sip:HOST[:PORT][;transport=…]", "sips:…".
 * RC_BAD: it is neither; err says why.
 */
enum rc annotate_dest(struct annotate *, struct slice dest, struct err *) MUST_USE;
/*
 * A traced user for each of the users of From, To and request URI that is in the file at `path`, which has one a line, as @file of expr.h; it
 * is read now. More files: what any of them has. RC_SYS, RC_LIMIT: err says why.
 */
enum rc annotate_users(struct annotate *, const char *path, struct err *) MUST_USE;

bool annotate_any(const struct annotate *);
/* The same for every record: no template has a variable. */
bool annotate_constant(const struct annotate *);
/* Appends the attributes for ctx's record to `attrs`. Those that do not fit (record.h) are left out; returns how many. */
unsigned annotate_eval(struct annotate *, struct expr_ctx *ctx, struct buf *attrs);
/*
 * Gives the record the attributes (as annotate_eval made them) and clears r->intact. r->attrs lies then in `attrs` or `scratch`, which must
 * outlive its use. Returns how many did not fit.
 */
unsigned annotate_apply(struct slice attrs, struct record *r, struct buf *scratch);
#endif
