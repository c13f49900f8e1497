/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "expr/field.h"

enum rc
expr_err_set(struct expr_err *e, enum rc rc, size_t off, size_t len, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return rc;
	va_start(ap, fmt);
	e->err = (struct err){ .rc = rc };
	(void)vsnprintf(e->err.text, sizeof(e->err.text), fmt, ap);
	va_end(ap);
	e->off = off;
	e->len = len > 0 ? len : 1;
	return rc;
}

static bool
is_name(uint8_t c)
{
	uint8_t l = c | 0x20;

	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t
name_len(struct slice s)
{
	size_t n = 0;

	while (n < s.n && is_name(s.p[n]))
		n++;
	return n;
}

/* RFC 3261 25.1 token. */
static bool
is_header_name(struct slice s)
{
	static const char more[] = "-.!%*_+`'~";

	for (size_t i = 0; i < s.n; i++)
		if (!is_name(s.p[i]) && memchr(more, s.p[i], sizeof(more) - 1) == NULL)
			return false;
	return s.n > 0;
}

/* "[0]", "[-1]", "[*]" at *pos. */
static enum rc
parse_index(struct slice text, size_t *pos, struct var *out, struct expr_err *e)
{
	struct slice s = slice_skip(text, *pos + 1), in;
	size_t end = slice_chr(s, ']');
	int64_t n = 0;

	if (end == s.n)
		return expr_err_set(e, RC_BAD, *pos, 1, "this [ is not closed");
	in = slice_trim(slice_head(s, end));
	if (out->name.n == 0)
		return expr_err_set(e, RC_BAD, *pos, end + 2, "only $(hdr(Name)[N]) has a number");
	if (slice_eq(in, SLICE_LIT("*")))
		n = HDR_ALL;
	else if (!parse_num(in, &n) || n > 9999 || n < -9999)
		return expr_err_set(e, RC_BAD, *pos + 1, end, "which header: a number, negative from the last, or *");
	out->index = (int32_t)n;
	*pos += end + 2;
	return RC_OK;
}

/* `name` is no variable's. Perhaps it begins as one does: "$ci_x". */
static enum rc
unknown(struct slice name, size_t off, struct expr_err *e)
{
	size_t dollar = name.p[-1] == '$';	/* there is at least "$" or "$(" before a name */

	for (size_t n = name.n - 1; n > 0; n--)
		if (field_find(slice_head(name, n)) != NULL)
			return expr_err_set(e, RC_BAD, off - dollar, name.n + dollar,
			    "unknown variable $%.*s; $%.*s followed by text is $(%.*s)%.*s", SLICE_ARG(name),
			    SLICE_ARG(slice_head(name, n)), SLICE_ARG(slice_head(name, n)), SLICE_ARG(slice_skip(name, n)));
	return expr_err_set(e, RC_BAD, off - dollar, name.n + dollar, "unknown variable $%.*s, see siptrace-expr(7)", SLICE_ARG(name));
}

/* "ci", "hdr(Name)", "siptrace(src_addr)" at *pos. */
static enum rc
parse_name(struct slice text, size_t *pos, struct var *out, struct expr_err *e)
{
	size_t off = *pos, n = name_len(slice_skip(text, off)), end;
	struct slice name = slice_of(text.p + off, n), rest = slice_skip(text, off + n), arg;
	bool hdr = slice_eq(name, SLICE_LIT("hdr")), siptrace = slice_eq(name, SLICE_LIT("siptrace"));

	if (n == 0)
		return expr_err_set(e, RC_BAD, off > 0 ? off - 1 : 0, 1, "a variable's name must follow ($$ in a template is a dollar)");
	*pos = off + n;
	if (!hdr && !siptrace) {
		out->field = field_find(name);
		return out->field != NULL ? RC_OK : unknown(name, off, e);
	}
	if (rest.n == 0 || rest.p[0] != '(')
		return expr_err_set(e, RC_BAD, off, n, hdr ? "which header? $hdr(Name)" : "which part? $siptrace(src_addr)");
	end = slice_chr(rest, ')');
	if (end == rest.n)
		return expr_err_set(e, RC_BAD, off + n, 1, "this ( is not closed");
	arg = slice_trim(slice_of(rest.p + 1, end - 1));
	*pos += end + 1;
	if (hdr) {
		out->field = field_find(SLICE_LIT("hdr("));
		out->name = arg;
		return is_header_name(arg) ? RC_OK : expr_err_set(e, RC_BAD, off + n + 1, end - 1, "not a header name");
	}
	out->field = field_find(slice_of(name.p, n + end + 1));
	if (out->field == NULL)
		return expr_err_set(e, RC_BAD, off + n + 1, end - 1, "unknown part of $siptrace(), see siptrace-expr(7)");
	return RC_OK;
}

static enum rc
no_transformation(struct slice text, size_t pos, struct expr_err *e)
{
	struct slice s = slice_skip(text, pos);
	size_t n = slice_chr(s, '}');

	if (s.n == 0 || s.p[0] != '{')
		return RC_OK;
	n = n < s.n ? n + 1 : 1;
	return expr_err_set(e, RC_BAD, pos, n, "transformations are not supported: %.*s", (int)(n < 60 ? n : 60), (const char *)s.p);
}

bool
var_null(struct slice text, size_t *pos)
{
	struct slice s = slice_skip(text, *pos);

	if (slice_starts(s, SLICE_LIT("$(null)"))) {
		*pos += 7;
		return true;
	}
	if (!slice_starts(s, SLICE_LIT("$null")) || name_len(slice_skip(s, 1)) != 4)
		return false;
	*pos += 5;
	return true;
}

enum rc
var_parse(struct slice text, size_t *pos, struct var *out, struct expr_err *e)
{
	size_t at = *pos + 1;
	bool paren = at < text.n && text.p[at] == '(';
	enum rc rc;

	*out = (struct var){ 0 };
	at += paren;
	rc = parse_name(text, &at, out, e);
	if (rc == RC_OK && paren && at < text.n && text.p[at] == '[')
		rc = parse_index(text, &at, out, e);
	if (rc == RC_OK)
		rc = no_transformation(text, at, e);
	if (rc != RC_OK)
		return rc;
	if (paren && (at == text.n || text.p[at] != ')'))
		return expr_err_set(e, RC_BAD, *pos + 1, 1, "this ( is not closed");
	at += paren;
	out->text = slice_of(text.p + *pos, at - *pos);
	*pos = at;
	return RC_OK;
}
