/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary text as rules: read, read again beside themselves, and, where a line has only "====", the text behind it read beside the one before it.
 * Places of mistakes lie in the text, what stays is what was, and nothing is counted too often.
 */
#include <stdlib.h>

#include "expr/rules.h"

#define MUST(what)			\
	do {				\
		if (!(what))		\
			abort();	\
	} while (0)

static bool
read_rules(struct slice text, const struct rules *old, struct rules *out)
{
	struct expr_err e = { .len = 0 };
	struct buf shown = { 0 };
	enum rc rc = rules_parse(text, old, out, &e);

	if (rc == RC_OK) {
		MUST(out->n > 0 && out->n <= RULES_MAX && rules_look(text));
		return true;
	}
	MUST(rc == e.err.rc && e.len > 0 && e.off <= text.n && out->n == 0);
	expr_err_text(text, &e, &shown);
	buf_reset(&shown);
	return false;
}

static unsigned
lines(struct slice text)
{
	unsigned n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static void
check(const struct rules *r, struct slice text, uint32_t refs)
{
	unsigned line = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct rule *x = r->v[i];

		MUST(x->refs == refs && x->expr != NULL && x->notes != NULL && x->text != NULL && x->set_flag <= RULE_NO_FLAG);
		MUST(x->line > line && x->line <= lines(text));
		line = x->line;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mark[] = "\n====\n";
	struct slice first = slice_of(data, size), second = first;
	const uint8_t *at = size > 0 ? memmem(data, size, mark, strlen(mark)) : NULL;
	struct rules old, now;

	if (slice_chr(first, '@') < first.n)	/* no files are read here */
		return 0;
	if (at != NULL) {
		first = slice_head(first, (size_t)(at - data) + 1);
		second = slice_skip(second, first.n + strlen(mark) - 1);
	}
	if (!read_rules(first, NULL, &old))
		return 0;
	check(&old, first, 1);
	for (size_t i = 0; i < old.n; i++) {
		(void)rule_tick(old.v[i], 1000000000 * (i + 1));
		(void)rule_take(old.v[i]);
	}
	if (read_rules(first, &old, &now)) {
		MUST(now.n == old.n);
		for (size_t i = 0; i < now.n; i++)
			MUST(now.v[i] == old.v[i] && now.v[i]->taken == 1);
		check(&now, first, 2);
		rules_reset(&now);
	} else {
		abort();
	}
	if (at != NULL && read_rules(second, &old, &now)) {
		rules_reset(&old);
		check(&now, second, 1);
		rules_reset(&now);
	}
	rules_reset(&old);
	return 0;
}
