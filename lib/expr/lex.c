/* SPDX-License-Identifier: MIT */
#include "expr/lex.h"

static const struct {
	struct slice text;
	enum token_type type;
} marks[] = {	/* the longer of two that begin alike comes first */
	{ SLICE_LIT("&&"), TOK_AND },
	{ SLICE_LIT("||"), TOK_OR },
	{ SLICE_LIT("=="), TOK_EQ },
	{ SLICE_LIT("!="), TOK_NE },
	{ SLICE_LIT("=~"), TOK_MATCH },
	{ SLICE_LIT("!~"), TOK_NOMATCH },
	{ SLICE_LIT("<="), TOK_LE },
	{ SLICE_LIT(">="), TOK_GE },
	{ SLICE_LIT("<"), TOK_LT },
	{ SLICE_LIT(">"), TOK_GT },
	{ SLICE_LIT("!"), TOK_NOT },
	{ SLICE_LIT("("), TOK_LPAREN },
	{ SLICE_LIT(")"), TOK_RPAREN },
	{ SLICE_LIT("{"), TOK_LBRACE },
	{ SLICE_LIT("}"), TOK_RBRACE },
	{ SLICE_LIT(","), TOK_COMMA },
}, words[] = {
	{ SLICE_LIT("and"), TOK_AND },
	{ SLICE_LIT("or"), TOK_OR },
	{ SLICE_LIT("not"), TOK_NOT },
	{ SLICE_LIT("in"), TOK_IN },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_word(uint8_t c)
{
	uint8_t l = c | 0x20;

	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_space(struct lexer *l)
{
	while (l->pos < l->text.n) {
		if (l->text.p[l->pos] == '#')
			l->pos += slice_chr(slice_skip(l->text, l->pos), '\n');
		else if (is_space(l->text.p[l->pos]))
			l->pos++;
		else
			break;
	}
}

static int
hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * The escape at s[0] == '\\': bytes that it takes, *out what it stands for. Of one that it does not know the backslash stays,
 * so that "\d" reaches the regular expression.
 */
static size_t
unescape(struct slice s, uint8_t *out)
{
	switch (s.n > 1 ? s.p[1] : 0) {
	case '\\':
	case '"':
	case '\'':
		*out = s.p[1];
		return 2;
	case 'n':
		*out = '\n';
		return 2;
	case 'r':
		*out = '\r';
		return 2;
	case 't':
		*out = '\t';
		return 2;
	case 'x':
		if (s.n < 4 || hex(s.p[2]) < 0 || hex(s.p[3]) < 0)
			break;
		*out = (uint8_t)(hex(s.p[2]) << 4 | hex(s.p[3]));
		return 4;
	}
	*out = '\\';
	return 1;
}

static enum rc
quoted(struct lexer *l, struct token *t)
{
	struct slice s = slice_skip(l->text, l->pos);
	uint8_t quote = s.p[0], *to = l->mem;
	size_t i = 1;

	while (i < s.n && s.p[i] != quote) {
		if (s.p[i] == '\\')
			i += unescape(slice_skip(s, i), to++);
		else
			*to++ = s.p[i++];
	}
	if (i >= s.n)
		return expr_err_set(l->err, RC_BAD, l->pos, 1, "this quote is not closed");
	t->type = TOK_TEXT;
	t->text = slice_of(l->mem, (size_t)(to - l->mem));
	l->mem = to;
	l->pos += i + 1;
	return RC_OK;
}

/* The path behind '@': bare, or quoted where it has blanks or brackets. */
static enum rc
file_name(struct lexer *l, struct token *t)
{
	struct slice s = slice_skip(l->text, l->pos + 1);
	size_t n = 0;
	enum rc rc;

	if (s.n > 0 && (s.p[0] == '"' || s.p[0] == '\'')) {
		l->pos++;
		rc = quoted(l, t);
		t->type = TOK_FILE;
		return rc;
	}
	while (n < s.n && !is_space(s.p[n]) && memchr("(){},&|!\"'#", s.p[n], 11) == NULL)
		n++;
	if (n == 0)
		return expr_err_set(l->err, RC_BAD, l->pos, 1, "the name of a file must follow");
	t->type = TOK_FILE;
	t->text = slice_head(s, n);
	l->pos += 1 + n;
	return RC_OK;
}

/* Bytes of a number, an address or a word: they cannot be told apart before they are whole ("10", "10.0.0.0/8", "fe80::1"). */
static size_t
run_len(struct slice s)
{
	size_t n = s.n > 0 && s.p[0] == '-';

	while (n < s.n && (is_word(s.p[n]) || s.p[n] == '.' || s.p[n] == ':' || s.p[n] == '/' || s.p[n] == '[' || s.p[n] == ']'))
		n++;
	return n;
}

static enum rc
number(struct lexer *l, struct token *t, struct slice s)
{
	size_t digits = s.p[0] == '-';

	if (!parse_num(s, &t->num))
		return expr_err_set(l->err, RC_BAD, l->pos, s.n, "a number too large; a text needs quotes");
	if (s.p[digits] == '0' && s.n > digits + 1)
		return expr_err_set(l->err, RC_BAD, l->pos, s.n, "a number does not begin with 0; a text needs quotes");
	t->type = TOK_NUM;
	t->text = s;
	l->pos += s.n;
	return RC_OK;
}

static enum rc
word(struct lexer *l, struct token *t)
{
	struct slice s = slice_skip(l->text, l->pos);
	size_t n = run_len(s), w = s.p[0] == '-', digits = w;

	while (w < n && is_word(s.p[w]))
		w++;
	while (digits < w && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (w == n && digits == n && s.p[n - 1] != '-')
		return number(l, t, slice_head(s, n));
	if (w < n || s.p[0] == '-' || digits > 0) {
		if (addr_net_parse(slice_head(s, n), false, &t->net) != RC_OK)
			return expr_err_set(l->err, RC_BAD, l->pos, n, "neither a number nor an address; a text needs quotes");
		t->type = TOK_NET;
		t->text = slice_head(s, n);
		l->pos += n;
		return RC_OK;
	}
	t->type = TOK_NAME;
	t->text = slice_head(s, n);
	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_ieq(t->text, words[i].text))
			t->type = words[i].type;
	l->pos += n;
	return RC_OK;
}

static enum rc
unexpected(struct lexer *l)
{
	uint8_t c = l->text.p[l->pos];

	if (c == '=')
		return expr_err_set(l->err, RC_BAD, l->pos, 1, "a comparison is ==");
	if (c == '&' || c == '|')
		return expr_err_set(l->err, RC_BAD, l->pos, 1, "this is written %c%c", c, c);
	if (c < ' ' || c > '~')
		return expr_err_set(l->err, RC_BAD, l->pos, 1, "unexpected byte 0x%02x", c);
	return expr_err_set(l->err, RC_BAD, l->pos, 1, "unexpected %c", c);
}

static enum rc
any_token(struct lexer *l, struct token *t)
{
	struct slice s = slice_skip(l->text, l->pos);

	if (s.n == 0) {
		t->type = TOK_END;
		return RC_OK;
	}
	if (s.p[0] == '"' || s.p[0] == '\'')
		return quoted(l, t);
	if (s.p[0] == '@')
		return file_name(l, t);
	if (s.p[0] == '$') {
		t->type = TOK_NULL;
		if (var_null(l->text, &l->pos))
			return RC_OK;
		t->type = TOK_VAR;
		return var_parse(l->text, &l->pos, &t->var, l->err);
	}
	for (size_t i = 0; i < COUNT(marks); i++) {
		if (slice_starts(s, marks[i].text)) {
			t->type = marks[i].type;
			l->pos += marks[i].text.n;
			return RC_OK;
		}
	}
	return run_len(s) > 0 ? word(l, t) : unexpected(l);
}

enum rc
lex_next(struct lexer *l, struct token *t)
{
	enum rc rc;

	skip_space(l);
	*t = (struct token){ .off = l->pos };
	rc = any_token(l, t);
	t->len = l->pos - t->off;
	return rc;
}
