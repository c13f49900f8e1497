/* SPDX-License-Identifier: MIT */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H
/*
 * expr - Kamailio's expression language over trace records (design section 5, siptrace-expr(7)), and templates.
 *
 * Compiled once, evaluated per record; no allocation per record but for headers that need the full parser (kept in the scratch).
 * Threads: a struct expr is constant after compilation; each thread has its own struct expr_ctx.
 */
#include "base/buf.h"
#include "base/err.h"
#include "trace/record.h"

struct expr;
struct tmpl;

/* Why a text is wrong, with the place. */
struct expr_err {
	struct err err;
	size_t off;		/* byte offset of the offending place in the text */
	size_t len;		/* its length, >= 1 */
};

/*
 * Per-evaluator scratch: lazily parsed message of the current record, regex match data. expr_ctx_record must be called when
 * moving to another record; values from the last one are invalid then.
 */
struct expr_ctx;
struct expr_ctx *expr_ctx_new(void);
void expr_ctx_free(struct expr_ctx *);
void expr_ctx_record(struct expr_ctx *, const struct record *r);
/* Regular expression matches given up so far because they took too many steps; each counted as no match. */
uint64_t expr_ctx_gave_up(const struct expr_ctx *);

/*
 * RC_OK, or RC_BAD (the text, or a line of an @file), RC_SYS (an @file could not be read), RC_LIMIT (nested over 200 levels, over
 * 65535 conditions, over 1 MiB; an @file over 64 MiB). *e may be NULL and is filled whenever it is not RC_OK.
 */
enum rc expr_compile(struct slice text, struct expr **out, struct expr_err *e) MUST_USE;
void expr_free(struct expr *);
bool expr_match(const struct expr *, struct expr_ctx *);
/* The compiled form, one node a line, indented; for --explain. */
void expr_explain(const struct expr *, struct buf *out);
/* Three lines: the text's line, a caret line below the place, the message. */
void expr_err_text(struct slice text, const struct expr_err *e, struct buf *out);

/* A field by its name ("$ci", "$hdr(X-Foo)"), as tracecat's and templates' columns use it. */
enum rc tmpl_compile(struct slice text, struct tmpl **out, struct expr_err *e) MUST_USE;
void tmpl_free(struct tmpl *);
/* Appends the text. A missing value adds nothing; *missing (may be NULL) says whether one was missing. */
void tmpl_eval(const struct tmpl *, struct expr_ctx *, struct buf *out, bool *missing);

/* The table of variables, for man page and completion tests: name ("$ci"), what it is. NULL name ends. */
struct field_doc { const char *name, *help; };
const struct field_doc *expr_fields(void);
/* The functions, likewise: name ("is_method"), what it takes. */
const struct field_doc *expr_functions(void);
#endif
