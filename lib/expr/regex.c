/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/regex.h"

#define PATTERN_MAX (64u << 10)
#define STEPS_MAX 1000000	/* PCRE2's match limit: some 10 ms at worst */
#define HEAP_MAX_KIB 8192
#define JIT_STACK_MAX (512u << 10)

struct regex {
	pcre2_code *code;
	bool jit;
};

struct regex_state {
	pcre2_match_data *data;
	pcre2_match_context *ctx;
	pcre2_jit_stack *stack;
	uint64_t gave_up;
};

enum rc
regex_new(struct slice pattern, struct regex **out, size_t *off, struct err *e)
{
	pcre2_compile_context *cc;
	struct regex *re;
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR why[200];
	int rc = 0;

	*off = 0;
	if (pattern.n > PATTERN_MAX)
		return err_set(e, RC_BAD, "a regular expression of more than %u bytes", PATTERN_MAX);
	cc = pcre2_compile_context_create(NULL);
	if (cc == NULL)
		return err_set(e, RC_LIMIT, "regular expression: out of memory");
	code = pcre2_compile(pattern.n > 0 ? pattern.p : (PCRE2_SPTR)"", pattern.n,
	    PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &rc, &at, cc);
	pcre2_compile_context_free(cc);
	if (code == NULL) {
		*off = at < pattern.n ? at : pattern.n;
		if (pcre2_get_error_message(rc, why, sizeof(why)) < 0)
			return err_set(e, RC_BAD, "regular expression: error %d", rc);
		return err_set(e, RC_BAD, "regular expression: %s", (const char *)why);
	}
	re = xcalloc(1, sizeof(*re));
	re->code = code;
	re->jit = pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
	*out = re;
	return RC_OK;
}

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	free(re);
}

bool
regex_jit(const struct regex *re)
{
	return re->jit;
}

struct regex_state *
regex_state_new(void)
{
	struct regex_state *s = xcalloc(1, sizeof(*s));

	s->data = pcre2_match_data_create(1, NULL);
	s->ctx = pcre2_match_context_create(NULL);
	s->stack = pcre2_jit_stack_create(32u << 10, JIT_STACK_MAX, NULL);
	if (s->ctx != NULL) {
		pcre2_set_match_limit(s->ctx, STEPS_MAX);
		pcre2_set_heap_limit(s->ctx, HEAP_MAX_KIB);
		pcre2_jit_stack_assign(s->ctx, NULL, s->stack);
	}
	return s;
}

void
regex_state_free(struct regex_state *s)
{
	if (s == NULL)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->ctx);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

bool
regex_match(const struct regex *re, struct regex_state *s, struct slice text)
{
	PCRE2_SPTR p = text.n > 0 ? text.p : (PCRE2_SPTR)"";
	int rc;

	if (s->data == NULL || s->ctx == NULL)
		rc = PCRE2_ERROR_NOMEMORY;
	else if (re->jit)	/* the same without the checks of pcre2_match */
		rc = pcre2_jit_match(re->code, p, text.n, 0, 0, s->data, s->ctx);
	else
		rc = pcre2_match(re->code, p, text.n, 0, 0, s->data, s->ctx);
	if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
		s->gave_up++;
	return rc >= 0;
}

uint64_t
regex_gave_up(const struct regex_state *s)
{
	return s->gave_up;
}
