/* SPDX-License-Identifier: MIT */
/* Functions, and the sets of `in`. */
#include "expr/node.h"
#include "sip/index.h"

typedef enum rc function_fn(struct parser *, const struct token *arg, struct node *n);

/* The known method of this name, any case (Kamailio's is_method ignores it); SIP_METHOD_OTHER where there is none. */
static uint8_t
method_any_case(struct slice name)
{
	for (uint8_t m = SIP_METHOD_NONE + 1; *sip_method_name(m) != '\0'; m++)
		if (slice_ieq(name, slice_str(sip_method_name(m))))
			return m;
	return SIP_METHOD_OTHER;
}

static enum rc
is_method(struct parser *p, const struct token *arg, struct node *n)
{
	struct slice rest = arg->text, name;
	uint8_t method;

	n->op = OP_METHOD;
	n->text = arg->text;
	for (bool more = true; more;) {
		size_t bar = slice_chr(rest, '|');

		name = slice_trim(slice_head(rest, bar));
		if (name.n == 0)
			return expr_err_set(p->err, RC_BAD, arg->off, arg->len, "methods, joined by | : \"INVITE|BYE\"");
		method = method_any_case(name);
		if (method != SIP_METHOD_OTHER)
			n->num |= (int64_t)1 << method;
		more = bar < rest.n;
		rest = slice_skip(rest, bar + 1);
	}
	return RC_OK;
}

static enum rc
has_totag(struct parser *p, const struct token *arg, struct node *n)
{
	(void)p, (void)arg;
	n->op = OP_TOTAG;
	return RC_OK;
}

static enum rc
has_body(struct parser *p, const struct token *arg, struct node *n)
{
	n->op = OP_BODY;
	if (arg->type != TOK_TEXT)
		return RC_OK;
	n->text = slice_trim(arg->text);
	if (slice_chr(n->text, '/') == n->text.n)
		return expr_err_set(p->err, RC_BAD, arg->off, arg->len, "a type as in Content-Type: \"application/sdp\"");
	return RC_OK;
}

static enum rc
isflagset(struct parser *p, const struct token *arg, struct node *n)
{
	n->op = OP_FLAG;
	n->num = arg->num;
	if (arg->num < 0 || arg->num > 31)
		return expr_err_set(p->err, RC_BAD, arg->off, arg->len, "a flag's number is 0 to 31");
	return RC_OK;
}

/* name, the type of its argument (TOK_END: takes none), may it be left out, what is expected in its place, what makes it */
#define FUNCTIONS(X) \
	X("is_method", TOK_TEXT, false, "methods in quotes (\"INVITE|BYE\")", is_method) \
	X("has_totag", TOK_END, true, ")", has_totag) \
	X("has_body", TOK_TEXT, true, "a type in quotes (\"application/sdp\")", has_body) \
	X("isflagset", TOK_NUM, false, "a flag's number", isflagset)

#define ROW(name, arg, optional, expected, fn) { name, arg, optional, expected, fn },
#define DOC(name, arg, optional, expected, fn) { name, (arg) == TOK_END ? "" : (expected) },

static const struct function {
	const char *name;
	enum token_type arg;
	bool optional;
	const char *expected;
	function_fn *fn;
} functions[] = { FUNCTIONS(ROW) };

static const struct field_doc docs[] = { FUNCTIONS(DOC) { NULL, NULL } };

const struct field_doc *
expr_functions(void)
{
	return docs;
}

static const struct function *
function_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (slice_eq(name, slice_str(functions[i].name)))
			return &functions[i];
	return NULL;
}

/* "( [ARG] )". arg->type is TOK_END where there is none. */
static enum rc
arguments(struct parser *p, const struct function *f, struct token *arg)
{
	enum rc rc;

	*arg = (struct token){ .type = TOK_END };
	if (p->tok.type != TOK_LPAREN)
		return parse_expected(p, "(");
	rc = parse_next(p);
	if (rc != RC_OK)
		return rc;
	if (p->tok.type != TOK_RPAREN || !f->optional) {
		if (f->arg == TOK_END || p->tok.type != f->arg)
			return parse_expected(p, f->expected);
		*arg = p->tok;
		rc = parse_next(p);
		if (rc != RC_OK)
			return rc;
	}
	return p->tok.type == TOK_RPAREN ? parse_next(p) : parse_expected(p, ")");
}

enum rc
parse_function(struct parser *p, const struct token *name, uint32_t *out)
{
	const struct function *f = function_find(name->text);
	bool yes = slice_eq(name->text, SLICE_LIT("true"));
	struct token arg;
	struct node n = { .num = yes, .op = OP_CONST };
	enum rc rc = RC_OK;

	if (f == NULL && !yes && !slice_eq(name->text, SLICE_LIT("false"))) {
		if (p->tok.type == TOK_LPAREN)
			return expr_err_set(p->err, RC_BAD, name->off, name->len, "unknown function, see siptrace-expr(7)");
		return expr_err_set(p->err, RC_BAD, name->off, name->len, "unknown word; a variable needs a dollar, a text quotes");
	}
	if (f != NULL) {
		n = (struct node){ 0 };
		rc = arguments(p, f, &arg);
		if (rc == RC_OK)
			rc = f->fn(p, &arg, &n);
	}
	if (rc == RC_OK)
		rc = node_new(p, n.op, out);
	if (rc == RC_OK)
		p->x->nodes[*out] = n;
	return rc;
}

/* One value between the braces of `in {…}`. */
static enum rc
add_member(struct parser *p, struct node *n)
{
	const struct token *t = &p->tok;
	enum field_type type = n->a.field->type;
	struct addr_net net = t->net;
	int64_t num = t->num;

	if (t->type == TOK_NULL || (t->type == TOK_TEXT && t->text.n == 0)) {
		n->num = 1;
		if (t->type == TOK_TEXT && type == FIELD_TEXT)
			set_add_text(n->set, t->text);
	} else if (type == FIELD_TEXT && (t->type == TOK_TEXT || t->type == TOK_NUM)) {
		set_add_text(n->set, t->text);
	} else if (type == FIELD_NUM && (t->type == TOK_NUM || (t->type == TOK_TEXT && parse_num(t->text, &num)))) {
		set_add_num(n->set, num);
	} else if (type != FIELD_NUM && (t->type == TOK_NET ||
	    (t->type == TOK_TEXT && addr_net_parse(t->text, false, &net) == RC_OK))) {
		set_add_net(n->set, &net);
	} else {
		return parse_expected(p, type == FIELD_NUM ? "a number" : type == FIELD_ADDR ? "an address or a block" : "a value");
	}
	return RC_OK;
}

static enum rc
members(struct parser *p, struct node *n)
{
	enum rc rc;

	do {
		rc = parse_next(p);
		if (rc == RC_OK)
			rc = add_member(p, n);
		if (rc == RC_OK)
			rc = parse_next(p);
	} while (rc == RC_OK && p->tok.type == TOK_COMMA);
	if (rc == RC_OK && p->tok.type != TOK_RBRACE)
		rc = parse_expected(p, ", or }");
	return rc;
}

static enum rc
set_source(struct parser *p, struct node *n)
{
	struct err why = { 0 };
	enum rc rc;

	if (p->tok.type == TOK_LBRACE)
		return members(p, n);
	if (p->tok.type != TOK_FILE)
		return parse_expected(p, "{ or @file");
	rc = set_load(n->set, n->a.field->type, p->tok.text, &why);
	if (rc != RC_OK)
		(void)expr_err_set(p->err, rc, p->tok.off, p->tok.len, "@%s", why.text);
	return rc;
}

enum rc
parse_set(struct parser *p, const struct token *a, uint32_t *out)
{
	struct node n = { .op = OP_IN, .a = a->var };
	size_t off = p->tok.off;
	enum rc rc;

	if (a->type != TOK_VAR)
		return expr_err_set(p->err, RC_BAD, a->off, a->len, "a variable is expected here");
	n.set = set_new();
	rc = set_source(p, &n);
	if (rc == RC_OK) {
		n.text = slice_of(p->lex.text.p + off, p->tok.off + p->tok.len - off);
		rc = node_new(p, OP_IN, out);
	}
	if (rc != RC_OK) {
		set_free(n.set);
		return rc;
	}
	p->x->nodes[*out] = n;
	return parse_next(p);
}
