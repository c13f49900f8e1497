/* SPDX-License-Identifier: MIT */
/* A text of rules: where each begins and ends, and which are the same as before. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "expr/rule_read.h"
#include "expr/source.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
skip_blanks(struct slice text, size_t pos)
{
	while (pos < text.n && is_blank(text.p[pos]))
		pos++;
	return pos;
}

/* Where the rule that begins at `pos` has its end: where a line begins that does not begin with a blank. */
static size_t
rule_end(struct slice text, size_t pos)
{
	do
		pos += slice_chr(slice_skip(text, pos), '\n') + 1;
	while (pos < text.n && is_blank(text.p[pos]));
	return pos < text.n ? pos : text.n;
}

/* As written, with one blank for several outside of quotes. */
static char *
joined(struct slice s)
{
	char *out = xmalloc(s.n + 1), *to = out;
	uint8_t quote = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (quote == 0 && is_blank(c)) {
			if (is_blank(s.p[i - 1]))	/* a rule does not begin with one */
				continue;
			c = ' ';
		}
		*to++ = (char)c;
		if (quote != 0 && c == '\\' && i + 1 < s.n)
			*to++ = (char)s.p[++i];
		else if (quote != 0 ? c == quote : c == '"' || c == '\'')
			quote = quote != 0 ? 0 : c;
	}
	*to = '\0';
	return out;
}

/* A second rule in the lines of the first reads like a mistake in the first one's end. */
static void
explain_indented(struct slice text, size_t start, struct expr_err *e)
{
	struct slice at = slice_skip(text, e->off);
	size_t from = e->off < text.n ? e->off : text.n;

	while (from > start && (text.p[from - 1] == ' ' || text.p[from - 1] == '\t'))
		from--;
	if (from == start || from == e->off || text.p[from - 1] != '\n')
		return;
	if (slice_starts(at, SLICE_LIT("trace ")) || slice_starts(at, SLICE_LIT("drop ")))
		(void)expr_err_set(e, RC_BAD, e->off, e->len, "a rule begins at the beginning of its line, without blanks");
}

static enum rc
read_all(struct slice text, uint8_t *mem, struct rules *out, struct expr_err *e)
{
	size_t pos = skip_blanks(text, 0), counted = 0;
	unsigned line = 1;
	struct rule *r;
	enum rc rc;

	while (pos < text.n) {
		size_t end = rule_end(text, pos);
		struct slice s = slice_trim(slice_of(text.p + pos, end - pos));
		struct rule_reader in = { .text = text, .pos = pos, .end = pos + s.n, .mem = mem, .err = e };

		for (; counted < pos; counted++)
			line += text.p[counted] == '\n';
		if (out->n == RULES_MAX)
			return expr_err_set(e, RC_LIMIT, pos, 1, "more than %d rules", RULES_MAX);
		rc = rule_read(&in, &r);
		if (rc != RC_OK) {
			explain_indented(text, pos, e);
			return rc;
		}
		r->line = line;
		r->text = joined(s);
		rules_add(out, r);
		pos = skip_blanks(text, end);
	}
	return out->n > 0 ? RC_OK : expr_err_set(e, RC_BAD, 0, 1, "there are no rules");
}

/* Rules by their text; those of the same text in their order. */
struct by_text {
	const struct rules *rules;
	uint32_t *heads, *next;		/* positions + 1; 0 = none */
	uint64_t *hashes;
	size_t mask;
};

static struct by_text
by_text_new(const struct rules *rules)
{
	struct by_text t = { .rules = rules, .mask = 1 };

	while (t.mask < 2 * rules->n)
		t.mask *= 2;
	t.heads = xcalloc(t.mask, sizeof(*t.heads));
	t.next = xcalloc(rules->n + 1, sizeof(*t.next));
	t.hashes = xcalloc(rules->n + 1, sizeof(*t.hashes));
	t.mask--;
	for (size_t i = rules->n; i-- > 0;) {
		const char *text = rules->v[i]->text;
		uint32_t *head;

		if (text == NULL)
			continue;
		t.hashes[i] = hash64(text, strlen(text));
		head = &t.heads[t.hashes[i] & t.mask];
		t.next[i] = *head;
		*head = (uint32_t)i + 1;
	}
	return t;
}

/* The first of this text, which is taken out; NULL: there is none. */
static struct rule *
by_text_take(struct by_text *t, const char *text)
{
	uint64_t hash = hash64(text, strlen(text));
	uint32_t i;

	for (uint32_t *at = &t->heads[hash & t->mask]; (i = *at) != 0; at = &t->next[i - 1])
		if (t->hashes[i - 1] == hash && strcmp(t->rules->v[i - 1]->text, text) == 0) {
			*at = t->next[i - 1];
			return t->rules->v[i - 1];
		}
	return NULL;
}

static void
by_text_reset(struct by_text *t)
{
	free(t->heads);
	free(t->next);
	free(t->hashes);
}

/* Puts old rules into the places of new ones of the same text. */
static void
adopt(struct rules *fresh, const struct rules *old)
{
	struct by_text t = by_text_new(old);

	for (size_t i = 0; i < fresh->n; i++) {
		struct rule *now = fresh->v[i], *was = by_text_take(&t, now->text);
		struct expr *x;

		if (was == NULL)
			continue;
		x = was->expr;
		was->expr = now->expr;
		now->expr = x;
		was->line = now->line;
		fresh->v[i] = rule_hold(was);
		rule_drop(now);
	}
	by_text_reset(&t);
}

bool
rules_look(struct slice text)
{
	size_t pos = skip_blanks(text, 0), n = 0;
	struct slice s;

	while (pos < text.n && text.p[pos] == '#')
		pos = skip_blanks(text, pos + slice_chr(slice_skip(text, pos), '\n'));
	s = slice_skip(text, pos);
	while (n < s.n && !is_blank(s.p[n]))
		n++;
	s = slice_head(s, n);
	return slice_eq(s, SLICE_LIT("trace")) || slice_eq(s, SLICE_LIT("drop"));
}

enum rc
rules_parse(struct slice text, const struct rules *old, struct rules *out, struct expr_err *e)
{
	struct expr_err unwanted = { .off = 0 };
	struct buf b = { 0 };
	size_t nul = slice_chr(text, '\0');
	enum rc rc;

	*out = (struct rules){ NULL, 0 };
	e = e != NULL ? e : &unwanted;
	if (text.n > RULES_TEXT_MAX)
		return expr_err_set(e, RC_LIMIT, RULES_TEXT_MAX, 1, "more than %u bytes of rules", RULES_TEXT_MAX);
	if (nul < text.n)
		return expr_err_set(e, RC_BAD, nul, 1, "unexpected byte 0x00");
	buf_put(&b, text);
	source_blank_comments(&b);
	(void)buf_room(&b, b.n + 1);	/* behind the text, quoted words are decoded */
	rc = read_all(buf_slice(&b), b.p + b.n, out, e);
	buf_reset(&b);
	if (rc != RC_OK)
		rules_reset(out);
	else if (old != NULL)
		adopt(out, old);
	return rc;
}
