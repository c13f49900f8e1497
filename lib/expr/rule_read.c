/* SPDX-License-Identifier: MIT */
#include "expr/rule_read.h"

#include "base/duration.h"

/* What may stand once. */
enum { ONCE_CORR = 1, ONCE_TABLE = 2, ONCE_FLAG = 4, ONCE_TIME = 8, ONCE_CALLS = 16 };

struct rule_word {
	struct slice s;		/* without its quotes */
	size_t off, len;	/* in the text, with them; len 0: the rule has ended */
	bool quoted;
};

/* A rule while it is read. */
struct draft {
	struct rule_reader *in;
	struct rule *rule;
	unsigned had;		/* of ONCE_… */
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_quote(uint8_t c)
{
	return c == '"' || c == '\'';
}

static enum rc
wrong(struct draft *d, const struct rule_word *w, const char *expected)
{
	if (w->len == 0)
		return expr_err_set(d->in->err, RC_BAD, w->off, 1, "the rule ends where %s is expected", expected);
	return expr_err_set(d->in->err, RC_BAD, w->off, w->len, "%s is expected here", expected);
}

/* A text in quotes is that of expressions, so it is read by their lexer. */
static enum rc
quoted_word(struct rule_reader *in, struct rule_word *w)
{
	struct lexer l = { .text = slice_head(in->text, in->end), .pos = in->pos, .mem = in->mem, .err = in->err };
	struct token t;
	enum rc rc = lex_next(&l, &t);

	if (rc != RC_OK)
		return rc;
	if (l.pos < in->end && !is_blank(in->text.p[l.pos]))
		return expr_err_set(in->err, RC_BAD, l.pos, 1, "a blank is expected behind the closing quote");
	*w = (struct rule_word){ t.text, t.off, t.len, true };
	in->pos = l.pos;
	in->mem = l.mem;
	return RC_OK;
}

static void
skip_blanks(struct rule_reader *in)
{
	while (in->pos < in->end && is_blank(in->text.p[in->pos]))
		in->pos++;
}

/* One of the language's own words, or whatever stands in its place. */
static struct rule_word
next_name(struct rule_reader *in)
{
	size_t off;

	skip_blanks(in);
	off = in->pos;
	while (in->pos < in->end && !is_blank(in->text.p[in->pos]))
		in->pos++;
	return (struct rule_word){ slice_of(in->text.p + off, in->pos - off), off, in->pos - off, false };
}

/* A word that somebody chose, perhaps in quotes. */
static enum rc
next_value(struct rule_reader *in, struct rule_word *w)
{
	size_t quote;

	skip_blanks(in);
	if (in->pos < in->end && is_quote(in->text.p[in->pos]))
		return quoted_word(in, w);
	*w = next_name(in);
	quote = slice_chr(w->s, '"') < slice_chr(w->s, '\'') ? slice_chr(w->s, '"') : slice_chr(w->s, '\'');
	if (quote < w->s.n)
		return expr_err_set(in->err, RC_BAD, w->off + quote, 1, "a quote within a word; quote the whole word");
	return RC_OK;
}

static struct rule_word
peek_name(const struct rule_reader *in)
{
	struct rule_reader ahead = *in;

	return next_name(&ahead);
}

static bool
is(const struct rule_word *w, const char *name)
{
	return !w->quoted && slice_eq(w->s, slice_str(name));
}

static enum rc
once(struct draft *d, const struct rule_word *name, unsigned bit, const char *what)
{
	if ((d->had & bit) != 0)
		return expr_err_set(d->in->err, RC_BAD, name->off, name->len, "the rule has %s already", what);
	d->had |= bit;
	return RC_OK;
}

static enum rc
read_template(struct draft *d, uint16_t type)
{
	struct expr_err *e = d->in->err;
	struct rule_word w = { .len = 0 };
	enum rc rc = next_value(d->in, &w);

	if (rc != RC_OK)
		return rc;
	if (w.len == 0 || is(&w, "if"))	/* more likely forgotten than meant */
		return wrong(d, &w, "a template");
	rc = annotate_template(d->rule->notes, type, w.s, e);
	if (rc == RC_OK)
		return RC_OK;
	if (w.len == w.s.n + 2 * w.quoted) {	/* nothing was decoded: the place is known */
		e->off += w.off + w.quoted;
	} else {
		e->off = w.off;
		e->len = w.len;
	}
	return rc;
}

static enum rc
read_corr(struct draft *d, const struct rule_word *name)
{
	enum rc rc = once(d, name, ONCE_CORR, "a correlation id");

	return rc == RC_OK ? read_template(d, ATTR_CORRELATION) : rc;
}

static enum rc
read_table(struct draft *d, const struct rule_word *name)
{
	enum rc rc = once(d, name, ONCE_TABLE, "a table");

	return rc == RC_OK ? read_template(d, ATTR_TABLE) : rc;
}

static enum rc
read_user(struct draft *d, const struct rule_word *name)
{
	(void)name;
	return read_template(d, ATTR_USER);
}

/* No clause's name has a colon or a quote, every destination has. */
static bool
is_dest(const struct rule_word *w)
{
	return w->len > 0 && (slice_chr(w->s, ':') < w->s.n || is_quote(w->s.p[0]));
}

static enum rc
read_dests(struct draft *d, const struct rule_word *name)
{
	struct rule_word w = peek_name(d->in);
	struct err why;
	enum rc rc;

	(void)name;
	if (!is_dest(&w))
		return wrong(d, &w, "a destination, hep:udp:HOST:PORT or sip:HOST:PORT,");
	do {
		rc = next_value(d->in, &w);
		if (rc != RC_OK)
			return rc;
		if (annotate_dest(d->rule->notes, w.s, &why) != RC_OK)
			return expr_err_set(d->in->err, RC_BAD, w.off, w.len, "%s", why.text);
		w = peek_name(d->in);
	} while (is_dest(&w));
	return RC_OK;
}

static enum rc
read_flag(struct draft *d, const struct rule_word *name)
{
	struct rule_word w;
	uint64_t v;
	enum rc rc = once(d, name, ONCE_FLAG, "a flag");

	if (rc != RC_OK)
		return rc;
	w = next_name(d->in);
	if (!slice_u64(w.s, RULE_NO_FLAG - 1, &v))
		return wrong(d, &w, "a flag's number, 0 to 31,");
	d->rule->set_flag = (uint32_t)v;
	return RC_OK;
}

/* Behind "for" or "or": TIME, or N calls. */
static enum rc
read_limit(struct draft *d, const struct rule_word *name)
{
	struct rule_word w = next_name(d->in), unit = peek_name(d->in);
	enum rc rc;

	if (is(&unit, "calls") || is(&unit, "call")) {
		rc = once(d, name, ONCE_CALLS, "a number of calls");
		if (rc == RC_OK && (!slice_u64(w.s, UINT64_MAX, &d->rule->calls) || d->rule->calls == 0))
			rc = wrong(d, &w, "a number over 0");
		(void)next_name(d->in);
		return rc;
	}
	rc = once(d, name, ONCE_TIME, "a time");
	if (rc == RC_OK && (duration_parse(w.s, &d->rule->for_ns) != RC_OK || d->rule->for_ns == 0))
		rc = wrong(d, &w, "a time (90s, 20m, 2h) or a number of calls (5 calls)");
	return rc;
}

static const struct {
	const char *name;
	enum rc (*read)(struct draft *, const struct rule_word *name);
} clauses[] = {
	{ "to", read_dests },
	{ "corr", read_corr },
	{ "user", read_user },
	{ "table", read_table },
	{ "flag", read_flag },
	{ "for", read_limit },
	{ "or", read_limit },
};

static enum rc
read_clause(struct draft *d, const struct rule_word *name)
{
	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
		if (is(name, clauses[i].name))
			return clauses[i].read(d, name);
	for (size_t i = 0; i < name->s.n; i++)
		if (name->s.p[i] < 'a' || name->s.p[i] > 'z')	/* no misspelt clause */
			return wrong(d, name, "if, before the expression,");
	return wrong(d, name, "to, corr, user, table, flag, for, or, or if");
}

static enum rc
read_expr(struct draft *d)
{
	struct rule_reader *in = d->in;
	struct rule_word w = { .off = in->end };
	enum rc rc;

	skip_blanks(in);
	if (in->pos == in->end)
		return wrong(d, &w, "an expression");
	rc = expr_compile(slice_of(in->text.p + in->pos, in->end - in->pos), &d->rule->expr, in->err);
	if (rc != RC_OK)
		in->err->off += in->pos;
	return rc;
}

static enum rc
read_act(struct draft *d)
{
	static const struct {
		const char *name;
		enum rule_act act;
	} modes[] = { { "m", RULE_MESSAGE }, { "t", RULE_TRANSACTION }, { "d", RULE_DIALOG } };
	struct rule_word w = next_name(d->in);

	if (is(&w, "drop"))
		return RC_OK;
	if (!is(&w, "trace"))
		return wrong(d, &w, "trace or drop");
	w = next_name(d->in);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (is(&w, modes[i].name)) {
			d->rule->act = modes[i].act;
			return RC_OK;
		}
	return wrong(d, &w, "m (messages), t (transactions) or d (dialogs)");
}

static enum rc
read_parts(struct draft *d)
{
	struct rule_word w;
	enum rc rc = read_act(d);

	while (rc == RC_OK) {
		w = next_name(d->in);
		if (w.len == 0)
			return expr_compile(SLICE_LIT("true"), &d->rule->expr, d->in->err);
		if (is(&w, "if"))
			return read_expr(d);
		rc = d->rule->act == RULE_DROP ? wrong(d, &w, "if, and nothing else,") : read_clause(d, &w);
	}
	return rc;
}

enum rc
rule_read(struct rule_reader *in, struct rule **out)
{
	struct draft d = { .in = in, .rule = rule_new(RULE_DROP, NULL, annotate_new()) };
	enum rc rc = read_parts(&d);

	if (rc == RC_OK)
		*out = d.rule;
	else
		rule_drop(d.rule);
	return rc;
}
