/* SPDX-License-Identifier: MIT */
#ifndef EXPR_FIELD_H
#define EXPR_FIELD_H
/*
 * field - the table of variables: name to getter. Expressions and templates use it alike. Private to lib/expr.
 */
#include "expr/expr.h"
#include "expr/regex.h"

struct expr_ctx {
	const struct record *r;
	struct buf tmp[2];		/* values that are made, not borrowed: one of each operand */
	struct regex_state *regex;
};

enum field_type {
	FIELD_TEXT,
	FIELD_NUM,
	FIELD_ADDR,
};

#define HDR_ALL INT32_MAX	/* index of $(hdr(Name)[*]) */

/* A variable as somebody wrote it. */
struct var {
	const struct field *field;
	struct slice text;	/* the whole of it */
	struct slice name;	/* $hdr(Name): the header's name */
	int32_t index;		/* which one; negative from the last */
};

struct field {
	const char *name;	/* without the dollar: "ci", "siptrace(src_addr)"; "hdr(" takes any argument */
	enum field_type type;
	int arg;		/* what the getter wants to know: a span, a header, source or destination */
	/* Every field has this one. False: missing. *out is borrowed from the record or from tmp (which it overwrites). */
	bool (*text)(const struct var *, const struct expr_ctx *, struct buf *tmp, struct slice *out);
	bool (*num)(const struct var *, const struct expr_ctx *, int64_t *out);		/* FIELD_NUM */
	const struct addr *(*addr)(const struct var *, const struct expr_ctx *);	/* FIELD_ADDR; NULL: missing */
};

/*
 * Reads a variable at text[*pos], a '$', and moves *pos behind it. RC_BAD: *e says what and where. $null is none: see var_null.
 */
enum rc var_parse(struct slice text, size_t *pos, struct var *out, struct expr_err *e) MUST_USE;
/* "$null" or "$(null)" stands at *pos; moves behind it. */
bool var_null(struct slice text, size_t *pos);
/* The row of this name, or NULL. */
const struct field *field_find(struct slice name);

static inline bool
var_text(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	return v->field->text(v, c, tmp, out);
}

/* The value as a number: false where it is missing, not one or too large. */
bool var_num(const struct var *, const struct expr_ctx *, struct buf *tmp, int64_t *out);
/* The value as an address (with or without brackets): false where it is missing or none. */
bool var_addr(const struct var *, const struct expr_ctx *, struct buf *tmp, struct addr *out);
/* "-12", "+44", "007". */
bool parse_num(struct slice s, int64_t *out);

/* The message, or a part of its multipart body, has this Content-Type ("application/sdp", any case; { NULL, 0 }: there is a body). */
bool body_has(const struct record *r, struct slice type);

/* Fills *e (len at least 1) and returns rc. */
enum rc expr_err_set(struct expr_err *e, enum rc rc, size_t off, size_t len, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
#endif
