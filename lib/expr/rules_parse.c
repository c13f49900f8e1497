/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/duration.h"
#include "base/xalloc.h"
#include "expr/field.h"
#include "expr/rules.h"

/* A text while it is read, rule by rule. */
struct reading {
	struct slice text;
	size_t pos, end;	/* of the rule at hand */
	struct expr_err *err;
	const struct rules *old;
	bool *used;		/* of old: it is one of the new ones already */
	size_t next_old;	/* probably the next one */
	struct expr **fresh;	/* for each new rule that is an old one: its expression now */
	struct rules rules;
};

/* A word, its place in the text, without the quotes. */
struct word {
	struct slice s;
	size_t off, len;
};

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct reading *r)
{
	while (r->pos < r->end && is_blank(r->text.p[r->pos]))
		r->pos++;
}

/* An empty one, at the end, where there is no more. An open quote ends with the rule. */
static struct word
next_word(struct reading *r)
{
	const uint8_t *p = r->text.p;
	size_t start, quote;

	skip_blanks(r);
	start = r->pos;
	quote = start < r->end && (p[start] == '"' || p[start] == '\'') ? 1 : 0;
	r->pos += quote;
	while (r->pos < r->end && (quote ? p[r->pos] != p[start] : !is_blank(p[r->pos])))
		r->pos++;
	if (quote && r->pos < r->end) {
		r->pos++;
		return (struct word){ slice_of(p + start + 1, r->pos - start - 2), start, r->pos - start };
	}
	return (struct word){ slice_of(p + start, r->pos - start), start, r->pos - start };
}

static struct word
peek_word(struct reading *r)
{
	size_t pos = r->pos;
	struct word w = next_word(r);

	r->pos = pos;
	return w;
}

static bool
is(const struct word *w, const char *name)
{
	return w->len == w->s.n && slice_eq(w->s, slice_str(name));
}

static enum rc
wrong(struct reading *r, const struct word *w, const char *expected)
{
	if (w->len == 0)
		return expr_err_set(r->err, RC_BAD, w->off > 0 ? w->off - 1 : 0, 1, "the rule ends where %s is expected", expected);
	return expr_err_set(r->err, RC_BAD, w->off, w->len, "%s is expected here", expected);
}

/* Which clauses a rule has had: those that may stand once. */
enum clause_bit {
	HAS_CORR = 1, HAS_TABLE = 2, HAS_FLAG = 4, HAS_TIME = 8, HAS_CALLS = 16,
};

static enum rc
once(struct reading *r, const struct word *w, unsigned bit, unsigned *had)
{
	if (*had & bit)
		return expr_err_set(r->err, RC_BAD, w->off, w->len, "'%.*s' stands here a second time", SLICE_ARG(w->s));
	*had |= bit;
	return RC_OK;
}

static enum rc
read_template(struct reading *r, struct rule *rule, uint16_t type)
{
	struct word w = next_word(r);
	enum rc rc;

	if (w.len == 0)
		return wrong(r, &w, "a template");
	rc = annotate_template(rule->notes, type, w.s, r->err);
	if (rc != RC_OK)
		r->err->off += (size_t)(w.s.p - r->text.p);
	return rc;
}

static bool
is_dest(const struct word *w)
{
	return slice_istarts(w->s, SLICE_LIT("hep:")) || slice_istarts(w->s, SLICE_LIT("sip:")) || slice_istarts(w->s, SLICE_LIT("sips:"));
}

static enum rc
read_dests(struct reading *r, struct rule *rule)
{
	struct word w = peek_word(r);
	struct err e;

	if (w.len == 0 || !is_dest(&w))
		return wrong(r, &w, "a destination, hep:udp:HOST:PORT or sip:HOST:PORT,");
	for (; w.len > 0 && is_dest(&w); w = peek_word(r)) {
		if (annotate_dest(rule->notes, w.s, &e) != RC_OK)
			return expr_err_set(r->err, RC_BAD, w.off, w.len, "%s", e.text);
		(void)next_word(r);
	}
	return RC_OK;
}

static enum rc
read_flag(struct reading *r, struct rule *rule)
{
	struct word w = next_word(r);
	uint64_t v;

	if (!slice_u64(w.s, RULE_NO_FLAG - 1, &v))
		return wrong(r, &w, "a flag, 0 to 31,");
	rule->set_flag = (uint32_t)v;
	return RC_OK;
}

/* Behind "for" or "or": TIME, or N calls. */
static enum rc
read_limit(struct reading *r, struct rule *rule, const struct word *name, unsigned *had)
{
	struct word w = next_word(r), next = peek_word(r);
	enum rc rc;

	if (is(&next, "calls") || is(&next, "call")) {
		if (!slice_u64(w.s, UINT64_MAX, &rule->calls) || rule->calls == 0)
			return wrong(r, &w, "a number of calls over 0");
		(void)next_word(r);
		return once(r, name, HAS_CALLS, had);
	}
	rc = duration_parse(w.s, &rule->for_ns);
	if (rc != RC_OK || rule->for_ns == 0)
		return wrong(r, &w, "a time as 20m, or a number of calls as '5 calls',");
	return once(r, name, HAS_TIME, had);
}

static enum rc
read_clause(struct reading *r, struct rule *rule, const struct word *w, unsigned *had)
{
	enum rc rc = RC_OK;

	if (is(w, "to"))
		return read_dests(r, rule);
	if (is(w, "user"))
		return read_template(r, rule, ATTR_USER);
	if (is(w, "for") || is(w, "or"))
		return read_limit(r, rule, w, had);
	if (is(w, "corr"))
		return (rc = once(r, w, HAS_CORR, had)) == RC_OK ? read_template(r, rule, ATTR_CORRELATION) : rc;
	if (is(w, "table"))
		return (rc = once(r, w, HAS_TABLE, had)) == RC_OK ? read_template(r, rule, ATTR_TABLE) : rc;
	if (is(w, "flag"))
		return (rc = once(r, w, HAS_FLAG, had)) == RC_OK ? read_flag(r, rule) : rc;
	return wrong(r, w, "to, corr, user, table, flag, for, or, or if");
}

static enum rc
read_act(struct reading *r, struct rule *rule)
{
	struct word w = next_word(r);

	if (is(&w, "drop")) {
		rule->act = RULE_DROP;
		return RC_OK;
	}
	if (!is(&w, "trace"))
		return wrong(r, &w, "'trace' or 'drop'");
	w = next_word(r);
	if (!is(&w, "m") && !is(&w, "t") && !is(&w, "d"))
		return wrong(r, &w, "m, t or d");
	rule->act = *w.s.p == 'm' ? RULE_MESSAGE : *w.s.p == 't' ? RULE_TRANSACTION : RULE_DIALOG;
	return RC_OK;
}

static enum rc
read_expr(struct reading *r, struct rule *rule)
{
	struct slice text;
	enum rc rc;

	skip_blanks(r);
	if (r->pos == r->end) {
		struct word none = { .off = r->end };

		return wrong(r, &none, "an expression");
	}
	text = slice_of(r->text.p + r->pos, r->end - r->pos);
	rc = expr_compile(text, &rule->expr, r->err);
	if (rc != RC_OK)
		r->err->off += r->pos;
	return rc;
}

static enum rc
read_parts(struct reading *r, struct rule *rule)
{
	enum rc rc = read_act(r, rule);
	unsigned had = 0;

	while (rc == RC_OK) {
		struct word w = next_word(r);

		if (w.len == 0)
			return expr_compile(SLICE_LIT("true"), &rule->expr, r->err);
		if (is(&w, "if"))
			return read_expr(r, rule);
		if (rule->act == RULE_DROP)
			return wrong(r, &w, "'if'");
		rc = read_clause(r, rule, &w, &had);
	}
	return rc;
}

/* As written, blanks joined. */
static char *
text_of(struct slice s)
{
	struct buf b = { 0 };
	char *out;

	s = slice_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (!is_blank(s.p[i]))
			buf_u8(&b, s.p[i]);
		else if (!is_blank(s.p[i - 1]))
			buf_u8(&b, ' ');
	}
	out = xstrdup(buf_cstr(&b));
	buf_reset(&b);
	return out;
}

static unsigned
line_of(struct slice text, size_t pos)
{
	unsigned line = 1;

	for (size_t i = 0; i < pos; i++)
		line += text.p[i] == '\n';
	return line;
}

/* The rule, or the old one of the same text. */
static void
keep(struct reading *r, struct rule *rule)
{
	r->fresh = xrealloc(r->fresh, (r->rules.n + 1) * sizeof(struct expr *));
	r->fresh[r->rules.n] = NULL;
	for (size_t n = 0; r->old != NULL && n < r->old->n; n++) {
		size_t i = (r->next_old + n) % r->old->n;
		struct rule *o = r->old->v[i];

		if (r->used[i] || o->text == NULL || strcmp(o->text, rule->text) != 0)
			continue;
		r->used[i] = true;
		r->next_old = i + 1;
		r->fresh[r->rules.n] = rule->expr;
		rule->expr = NULL;
		o->line = rule->line;
		rule_drop(rule);
		rule = rule_hold(o);
		break;
	}
	rules_add(&r->rules, rule);
}

/* Where the rule that begins at `pos` ends: where a line begins that does not begin with a blank. */
static size_t
end_of(struct slice text, size_t pos)
{
	for (pos++; pos < text.n; pos++)
		if (text.p[pos - 1] == '\n' && !is_blank(text.p[pos]))
			break;
	return pos;
}

static enum rc
read_all(struct reading *r)
{
	size_t line_pos = 0;
	unsigned line = 1;
	enum rc rc = RC_OK;

	r->end = r->text.n;
	skip_blanks(r);
	while (rc == RC_OK && r->pos < r->text.n) {
		size_t start = r->pos;
		struct rule *rule = rule_new(RULE_DROP, NULL, annotate_new());

		line += line_of(slice_skip(r->text, line_pos), start - line_pos) - 1;
		line_pos = start;
		rule->line = line;
		r->end = end_of(r->text, start);
		rule->text = text_of(slice_of(r->text.p + start, r->end - start));
		rc = r->rules.n < RULES_MAX ? read_parts(r, rule) :
		    expr_err_set(r->err, RC_LIMIT, start, 1, "more than %d rules", RULES_MAX);
		if (rc == RC_OK)
			keep(r, rule);
		else
			rule_drop(rule);
		r->pos = r->end;
		r->end = r->text.n;
		skip_blanks(r);
	}
	return rc;
}

bool
rules_look(struct slice text)
{
	struct reading r = { .text = text, .end = text.n };
	struct word w = next_word(&r);

	return is(&w, "trace") || is(&w, "drop");
}

enum rc
rules_parse(struct slice text, const struct rules *old, struct rules *out, struct expr_err *e)
{
	struct expr_err unused;
	struct reading r = { .text = text, .old = old, .err = e != NULL ? e : &unused };
	enum rc rc;

	*out = (struct rules){ .n = 0 };
	if (text.n > RULES_TEXT_MAX)
		return expr_err_set(r.err, RC_LIMIT, 0, 1, "more than %u bytes of rules", RULES_TEXT_MAX);
	if (old != NULL)
		r.used = xcalloc(old->n + 1, sizeof(bool));
	rc = read_all(&r);
	if (rc == RC_OK && r.rules.n == 0)
		rc = expr_err_set(r.err, RC_BAD, 0, 1, "there are no rules");
	/* only now, as all is right, are old rules touched */
	for (size_t i = 0; i < r.rules.n; i++) {
		if (r.fresh[i] == NULL)
			continue;
		if (rc == RC_OK) {
			expr_free(r.rules.v[i]->expr);
			r.rules.v[i]->expr = r.fresh[i];
		} else {
			expr_free(r.fresh[i]);
		}
	}
	free(r.fresh);
	free(r.used);
	if (rc == RC_OK)
		*out = r.rules;
	else
		rules_reset(&r.rules);
	return rc;
}
