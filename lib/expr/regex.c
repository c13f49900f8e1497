/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "expr/regex.h"

#define PATTERN_MAX (64u << 10)
#define HEAP_MAX_KIB 8192
#define JIT_STACK_MAX (8u << 20)
/*
 * PCRE2's match limit holds anew for each place where a match may begin, so that alone the square of a long text's length would
 * pass. So the places share STEPS_MAX evenly; and where one of them needs more than its share, as `.*` does which looks through
 * all of the text once, the same pattern compiled with callouts counts the steps of all of them together.
 */
#define STEPS_MAX 4000000
#define STEPS_MIN 64
#define STEPS_ONE 100000	/* for one place, at most */
#define CALLOUTS_MAX 1000000

struct regex {
	pcre2_code *code, *counted;	/* counted: with callouts; NULL: too large for them */
	bool jit, counted_jit;
	bool grouped;		/* it has a group */
};

struct regex_state {
	pcre2_match_data *data;
	pcre2_match_context *ctx, *counting;
	pcre2_jit_stack *stack;
	uint64_t callouts;
	uint64_t gave_up;
};

static pcre2_code *
compile(struct slice pattern, uint32_t more, int *why, PCRE2_SIZE *at)
{
	return pcre2_compile(pattern.n > 0 ? pattern.p : (PCRE2_SPTR)"", pattern.n,
	    PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | more, why, at, NULL);
}

enum rc
regex_new(struct slice pattern, struct regex **out, size_t *off, struct err *e)
{
	struct regex *re;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR why[200];
	uint32_t groups = 0;
	int rc = 0;

	*off = 0;
	if (pattern.n > PATTERN_MAX)
		return err_set(e, RC_BAD, "a regular expression of more than %u bytes", PATTERN_MAX);
	re = xcalloc(1, sizeof(*re));
	re->code = compile(pattern, 0, &rc, &at);
	if (re->code == NULL) {
		free(re);
		*off = at < pattern.n ? at : pattern.n;
		if (pcre2_get_error_message(rc, why, sizeof(why)) < 0)
			return err_set(e, RC_BAD, "regular expression: error %d", rc);
		return err_set(e, RC_BAD, "regular expression: %s", (const char *)why);
	}
	re->grouped = pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &groups) == 0 && groups > 0;
	re->counted = compile(pattern, PCRE2_AUTO_CALLOUT, &rc, &at);
	re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	re->counted_jit = re->counted != NULL && pcre2_jit_compile(re->counted, PCRE2_JIT_COMPLETE) == 0;
	*out = re;
	return RC_OK;
}

void
regex_free(struct regex *re)
{
	if (re == NULL)
		return;
	pcre2_code_free(re->code);
	pcre2_code_free(re->counted);
	free(re);
}

bool
regex_jit(const struct regex *re)
{
	return re->jit;
}

static int
count(pcre2_callout_block *block, void *state)
{
	struct regex_state *s = state;

	(void)block;
	return ++s->callouts > CALLOUTS_MAX ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static pcre2_match_context *
context_new(struct regex_state *s)
{
	pcre2_match_context *c = pcre2_match_context_create(NULL);

	if (c == NULL)
		return NULL;
	pcre2_set_heap_limit(c, HEAP_MAX_KIB);
	pcre2_jit_stack_assign(c, NULL, s->stack);
	return c;
}

struct regex_state *
regex_state_new(void)
{
	struct regex_state *s = xcalloc(1, sizeof(*s));

	s->data = pcre2_match_data_create(2, NULL);
	s->stack = pcre2_jit_stack_create(32u << 10, JIT_STACK_MAX, NULL);
	s->ctx = context_new(s);
	s->counting = context_new(s);
	if (s->counting != NULL)
		pcre2_set_callout(s->counting, count, s);
	return s;
}

void
regex_state_free(struct regex_state *s)
{
	if (s == NULL)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->ctx);
	pcre2_match_context_free(s->counting);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

static int
run(const pcre2_code *code, bool jit, struct regex_state *s, pcre2_match_context *ctx, struct slice text)
{
	PCRE2_SPTR p = text.n > 0 ? text.p : (PCRE2_SPTR)"";

	if (jit)	/* the same without the checks of pcre2_match */
		return pcre2_jit_match(code, p, text.n, 0, 0, s->data, ctx);
	return pcre2_match(code, p, text.n, 0, 0, s->data, ctx);
}

bool
regex_match(const struct regex *re, struct regex_state *s, struct slice text)
{
	bool cut = text.n > REGEX_TEXT_MAX;
	uint64_t share;
	int rc;

	if (s->data == NULL || s->ctx == NULL || s->counting == NULL) {
		s->gave_up++;
		return false;
	}
	text = slice_head(text, REGEX_TEXT_MAX);
	share = STEPS_MAX / (text.n + 1);
	pcre2_set_match_limit(s->ctx, (uint32_t)(share > STEPS_ONE ? STEPS_ONE : share < STEPS_MIN ? STEPS_MIN : share));
	rc = run(re->code, re->jit, s, s->ctx, text);
	if (rc == PCRE2_ERROR_MATCHLIMIT && re->counted != NULL) {
		s->callouts = 0;
		rc = run(re->counted, re->counted_jit, s, s->counting, text);
	}
	if (rc < 0 && (cut || rc != PCRE2_ERROR_NOMATCH))
		s->gave_up++;
	return rc >= 0;
}

bool
regex_find(const struct regex *re, struct regex_state *s, struct slice text, struct slice *found)
{
	const PCRE2_SIZE *at;

	if (!regex_match(re, s, text))
		return false;
	at = pcre2_get_ovector_pointer(s->data) + (re->grouped ? 2 : 0);
	if (at[0] == PCRE2_UNSET || at[1] < at[0])	/* \K can move the beginning behind the end */
		return false;
	*found = slice_head(slice_skip(text, at[0]), at[1] - at[0]);
	return true;
}

uint64_t
regex_gave_up(const struct regex_state *s)
{
	return s->gave_up;
}
