/* SPDX-License-Identifier: MIT */
#include "expr/node.h"
#include "sip/index.h"

static const char *const signs[] = {
	[OP_EQ_TEXT] = "==", [OP_EQ_NUM] = "==", [OP_EQ_NET] = "==", [OP_EQ_VAR] = "==", [OP_NULL] = "==", [OP_EMPTY] = "==",
	[OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=",
	[OP_VAR_LT] = "<", [OP_VAR_LE] = "<=", [OP_VAR_GT] = ">", [OP_VAR_GE] = ">=", [OP_MATCH] = "=~", [OP_IN] = "in",
};

static void
quote(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_u8(out, '\\');
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			buf_printf(out, "\\x%02x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
	buf_u8(out, '"');
}

static void
quote_net(struct buf *out, const struct addr_net *n)
{
	char text[ADDR_TEXT];

	addr_format(&n->net, text);
	buf_printf(out, "%s/%u", text, n->bits);
}

/* "INVITE", or "INVITE or BYE", or the list that is_method has. */
static void
methods(struct buf *out, const struct node *n)
{
	const char *join = "";

	if (n->text.n > 0) {
		buf_str(out, "is_method(");
		quote(out, n->text);
		buf_u8(out, ')');
		return;
	}
	buf_str(out, "$rm ==");
	for (uint8_t m = SIP_METHOD_NONE + 1; *sip_method_name(m) != '\0'; m++) {
		if ((n->num >> m & 1) == 0)
			continue;
		buf_printf(out, "%s \"%s\"", join, sip_method_name(m));
		join = " or";
	}
}

/* The right side of a comparison. */
static void
operand(struct buf *out, const struct node *n)
{
	switch (n->op) {
	case OP_NULL:
		buf_str(out, "$null");
		break;
	case OP_EMPTY:
		buf_str(out, "\"\"");
		break;
	case OP_EQ_NET:
		quote_net(out, &n->net);
		break;
	case OP_EQ_TEXT:
		quote(out, n->text);
		break;
	case OP_MATCH:
		quote(out, n->text);
		buf_str(out, regex_jit(n->regex) ? "  # PCRE2, JIT" : "  # PCRE2");
		break;
	case OP_IN:
		buf_put(out, slice_head(n->text, 60));
		buf_printf(out, "%s  # %zu value%s, hashed", n->text.n > 60 ? " ..." : "", set_size(n->set), set_size(n->set) == 1 ? "" : "s");
		break;
	case OP_EQ_VAR:
	case OP_VAR_LT:
	case OP_VAR_LE:
	case OP_VAR_GT:
	case OP_VAR_GE:
		buf_put(out, n->b.text);
		break;
	default:
		buf_printf(out, "%lld", (long long)n->num);
	}
}

static void
leaf(struct buf *out, const struct node *n)
{
	switch (n->op) {
	case OP_CONST:
		buf_str(out, n->num != 0 ? "true" : "false");
		break;
	case OP_METHOD:
		methods(out, n);
		break;
	case OP_TOTAG:
		buf_str(out, "has_totag()");
		break;
	case OP_FLAG:
		buf_printf(out, "isflagset(%lld)", (long long)n->num);
		break;
	case OP_BODY:
		buf_str(out, "has_body(");
		if (n->text.p != NULL)
			quote(out, n->text);
		buf_u8(out, ')');
		break;
	case OP_TRUTH:
		buf_put(out, n->a.text);
		buf_str(out, "  # a number other than 0");
		break;
	default:
		buf_put(out, n->a.text);
		buf_printf(out, " %s ", signs[n->op]);
		operand(out, n);
	}
}

static void
explain(const struct expr *x, uint32_t i, unsigned depth, struct buf *out)
{
	const struct node *n = &x->nodes[i];

	for (unsigned d = 0; d < depth; d++)
		buf_str(out, "  ");
	if (n->negate)
		buf_str(out, "not ");
	if (n->op == OP_AND || n->op == OP_OR || n->op == OP_NOT)
		buf_str(out, n->op == OP_AND ? "and" : n->op == OP_OR ? "or" : "not");
	else
		leaf(out, n);
	buf_u8(out, '\n');
	for (i = n->child; i != 0; i = x->nodes[i].next)
		explain(x, i, depth + 1, out);
}

void
expr_explain(const struct expr *x, struct buf *out)
{
	explain(x, x->root, 0, out);
}

#define LINE_MAX_SHOWN 200	/* bytes of the text's line; of a longer one what is around the place */
#define LINE_BEFORE 60

void
expr_err_text(struct slice text, const struct expr_err *e, struct buf *out)
{
	size_t off = e->off < text.n ? e->off : text.n, from = off, to;
	size_t len = e->len > 0 ? e->len : 1;

	while (from > 0 && text.p[from - 1] != '\n')
		from--;
	to = off + slice_chr(slice_skip(text, off), '\n');
	if (to - from > LINE_MAX_SHOWN) {
		from = off - from > LINE_BEFORE ? off - LINE_BEFORE : from;
		to = to - from > LINE_MAX_SHOWN ? from + LINE_MAX_SHOWN : to;
	}
	for (size_t i = from; i < to; i++)
		buf_u8(out, text.p[i] == '\t' || (text.p[i] >= ' ' && text.p[i] != 0x7f) ? text.p[i] : '?');
	buf_u8(out, '\n');
	for (size_t i = from; i < off; i++)	/* a tab stays a tab, a byte that only continues a UTF-8 character takes no column */
		if ((text.p[i] & 0xc0) != 0x80)
			buf_u8(out, text.p[i] == '\t' ? '\t' : ' ');
	buf_u8(out, '^');
	for (size_t i = off + 1; i < to && i < off + len; i++)
		if ((text.p[i] & 0xc0) != 0x80)
			buf_u8(out, '~');
	buf_u8(out, '\n');
	buf_str(out, e->err.text);
	buf_u8(out, '\n');
}
