/* SPDX-License-Identifier: MIT */
#include "cli/opt.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/duration.h"
#include "base/pace.h"
#include "base/xalloc.h"
#include "cli/complete.h"
#include "cli/diag.h"

enum rc
opt_flag(const struct opt *o, const char *arg, struct err *e)
{
	(void)arg, (void)e;
	*(bool *)o->dst = true;
	return RC_OK;
}

enum rc
opt_str(const struct opt *o, const char *arg, struct err *e)
{
	(void)e;
	*(const char **)o->dst = arg;
	return RC_OK;
}

enum rc
opt_strs(const struct opt *o, const char *arg, struct err *e)
{
	struct strs *s = o->dst;

	(void)e;
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = arg;
	return RC_OK;
}

enum rc
opt_u64(const struct opt *o, const char *arg, struct err *e)
{
	static const char suffix[] = "kMGT";
	struct slice s = slice_str(arg);
	unsigned shift = 0;
	uint64_t v;

	if (s.n > 1 && strchr(suffix, s.p[s.n - 1]) != NULL) {
		shift = 10 * (unsigned)(strchr(suffix, s.p[s.n - 1]) - suffix + 1);
		s.n--;
	}
	if (!slice_u64(s, UINT64_MAX >> shift, &v))
		return err_set(e, RC_BAD, "'%s' is no number (digits, then perhaps k, M, G)", arg);
	*(uint64_t *)o->dst = v << shift;
	return RC_OK;
}

enum rc
opt_u32(const struct opt *o, const char *arg, struct err *e)
{
	uint64_t v;

	if (!slice_u64(slice_str(arg), UINT32_MAX, &v))
		return err_set(e, RC_BAD, "'%s' is no number from 0 to 4294967295", arg);
	*(uint32_t *)o->dst = (uint32_t)v;
	return RC_OK;
}

enum rc
opt_rate(const struct opt *o, const char *arg, struct err *e)
{
	uint64_t v;

	if (!slice_u64(slice_str(arg), BUCKET_RATE_MAX, &v) || v == 0)
		return err_set(e, RC_BAD, "'%s' is no number from 1 to %u", arg, BUCKET_RATE_MAX);
	*(uint32_t *)o->dst = (uint32_t)v;
	return RC_OK;
}

/* "0.5x": up to three digits behind the point. */
static bool
speed_parse(struct slice s, uint64_t *v)
{
	struct slice whole, part;
	uint64_t thousandths = 0;

	if (s.n > 0 && s.p[s.n - 1] == 'x')
		s.n--;
	whole = slice_head(s, slice_chr(s, '.'));
	part = slice_skip(s, whole.n + 1);
	*v = 0;
	if ((whole.n > 0 && !slice_u64(whole, PACE_SPEED_MAX / PACE_SPEED_ONE, v)) || part.n > 3 || (part.n == 0 && whole.n < s.n))
		return false;
	if (part.n > 0 && !slice_u64(part, 999, &thousandths))
		return false;
	for (size_t i = part.n; i < 3; i++)
		thousandths *= 10;
	*v = *v * PACE_SPEED_ONE + thousandths;
	return *v > 0 && *v <= PACE_SPEED_MAX;
}

enum rc
opt_speed(const struct opt *o, const char *arg, struct err *e)
{
	uint64_t v;

	if (!speed_parse(slice_str(arg), &v))
		return err_set(e, RC_BAD, "'%s' is no speed: 1x, 0.5x, 20x; from 0.001x to %ux", arg, PACE_SPEED_MAX / PACE_SPEED_ONE);
	*(uint32_t *)o->dst = (uint32_t)v;
	return RC_OK;
}

/* Whether `word` is one of the blank-separated `words`. */
static bool
among(const char *words, const char *word)
{
	size_t n = strlen(word), len;

	for (; *words != '\0'; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		if (len == n && memcmp(words, word, n) == 0)
			return true;
	}
	return false;
}

enum rc
opt_choice(const struct opt *o, const char *arg, struct err *e)
{
	if (!among(o->values, arg))
		return err_set(e, RC_BAD, "'%s' is none of: %s", arg, o->values);
	*(const char **)o->dst = arg;
	return RC_OK;
}

enum rc
opt_time(const struct opt *o, const char *arg, struct err *e)
{
	if (duration_parse(slice_str(arg), o->dst) == RC_OK)
		return RC_OK;
	return err_set(e, RC_BAD, "'%s' is no time (a whole number with ns, us, ms, s, m, h or d; seconds if without)", arg);
}

static const struct opt builtin[] = {
	{ 'h', "help", NULL, NULL, NULL, "show this help", NULL },
	{ 0, "version", NULL, NULL, NULL, "show the version", NULL },
	{ 0, "completion", "SHELL", NULL, NULL, "print the completion script for bash, zsh or fish", "bash zsh fish" },
	{ 0 },
};

static bool
is_end(const struct opt *o)
{
	return o->c == 0 && o->name == NULL;
}

const struct opt *
opt_walk(const struct opt_tool *t, size_t *pos)
{
	const struct opt *tables[] = { t->opts, t->common, builtin };
	size_t i = *pos;

	for (size_t k = 0; k < 3; k++)
		for (const struct opt *o = tables[k]; o != NULL && !is_end(o); o++)
			if (i-- == 0) {
				(*pos)++;
				return o;
			}
	return NULL;
}

static const struct opt *
find_short(const struct opt_tool *t, char c)
{
	const struct opt *o;
	size_t pos = 0;

	while ((o = opt_walk(t, &pos)) != NULL)
		if (o->c == c)
			return o;
	diag_usage("unknown option -%c (see --help)", c);
}

static const struct opt *
find_long(const struct opt_tool *t, struct slice name)
{
	const struct opt *o;
	size_t pos = 0;

	while ((o = opt_walk(t, &pos)) != NULL)
		if (o->name != NULL && slice_eq(name, slice_str(o->name)))
			return o;
	diag_usage("unknown option --%.*s (see --help)", SLICE_ARG(name));
}

static void __attribute__((noreturn))
show(struct buf *text)
{
	if (fwrite(text->p, 1, text->n, stdout) != text->n || fflush(stdout) != 0)
		diag_die("standard output: cannot write");
	exit(0);
}

static void
apply(const struct opt_tool *t, const struct opt *o, const char *spelled, const char *arg)
{
	struct err e = { .text = "" };
	struct buf text = { 0 };

	if (o == &builtin[0]) {
		opt_help(t, &text);
		show(&text);
	}
	if (o == &builtin[1]) {
		buf_printf(&text, "%s (siptrace-tools) %s\n", diag_tool(), VERSION);
		show(&text);
	}
	if (o == &builtin[2]) {
		if (opt_completion(t, arg, &text) != RC_OK)
			diag_usage("--completion: '%s' is none of: bash zsh fish", arg);
		show(&text);
	}
	if (o->fn(o, arg, &e) != RC_OK)
		diag_usage("%s: %s", spelled, e.text);
}

static void
parse_short(const struct opt_tool *t, const char *word, char **argv, int *i)
{
	for (const char *p = word + 1; *p != '\0'; p++) {
		const struct opt *o = find_short(t, *p);
		char spelled[] = { '-', *p, '\0' };

		if (o->arg == NULL) {
			apply(t, o, spelled, NULL);
			continue;
		}
		if (p[1] == '\0' && argv[*i + 1] == NULL)
			diag_usage("%s needs %s", spelled, o->arg);
		apply(t, o, spelled, p[1] != '\0' ? p + 1 : argv[++*i]);
		return;
	}
}

static void
parse_long(const struct opt_tool *t, const char *word, char **argv, int *i)
{
	size_t n = strcspn(word + 2, "=");
	const struct opt *o = find_long(t, slice_of(word + 2, n));
	const char *arg = word[2 + n] == '=' ? word + 3 + n : NULL;
	char spelled[64];

	snprintf(spelled, sizeof(spelled), "--%s", o->name);
	if (o->arg == NULL && arg != NULL)
		diag_usage("%s takes no value", spelled);
	if (o->arg != NULL && arg == NULL && (arg = argv[++*i]) == NULL)
		diag_usage("%s needs %s", spelled, o->arg);
	apply(t, o, spelled, arg);
}

static int plain_operands;	/* those before "--" */

int
opt_operands(void)
{
	return plain_operands;
}

/* Options anywhere; operands are gathered at the front of argv[1…]. */
static void
parse(const struct opt_tool *t, int *argc, char ***argv)
{
	char **v = *argv;
	int operands = 0, dashes = -1, i;

	for (i = 1; v[i] != NULL; i++) {
		if (strcmp(v[i], "--") == 0) {
			dashes = operands;
			for (i++; v[i] != NULL; i++)
				v[1 + operands++] = v[i];
			break;
		}
		if (v[i][0] == '-' && v[i][1] == '-')
			parse_long(t, v[i], v, &i);
		else if (v[i][0] == '-' && v[i][1] != '\0')
			parse_short(t, v[i], v, &i);
		else
			v[1 + operands++] = v[i];
	}
	v[1 + operands] = NULL;
	plain_operands = dashes >= 0 ? dashes : operands;
	*argc = operands;
	*argv = v + 1;
}

/* argv is parsed in a copy: whoever holds the original (stats_instance) still sees the command line as typed. */
static char **
copy_argv(int argc, char *const *argv)
{
	static char **volatile kept __attribute__((unused));	/* as long as the process; the leak checker must see that */
	char **v = xmalloc(((size_t)argc + 1) * sizeof(*v));

	memcpy(v, argv, ((size_t)argc + 1) * sizeof(*v));
	kept = v;
	return v;
}

void
opt_parse(const struct opt_tool *t, int *argc, char ***argv)
{
	diag_init(t->name);
	*argv = copy_argv(*argc, *argv);
	parse(t, argc, argv);
}

/* What to say where no command was named: which there are. */
static void __attribute__((noreturn))
name_subs(const struct opt_tool *t, const char *wrong)
{
	struct buf names = { 0 };

	for (size_t i = 0; t->subs[i] != NULL; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", t->subs[i]->name);
	if (wrong == NULL)
		diag_usage("a command is missing: %s", buf_cstr(&names));
	diag_usage("%s: no such command; there are: %s", wrong, buf_cstr(&names));
}

const struct opt_tool *
opt_parse_sub(const struct opt_tool *t, int *argc, char ***argv)
{
	diag_init(t->name);
	if (*argc < 2)
		name_subs(t, NULL);
	if ((*argv)[1][0] == '-') {
		parse(t, argc, argv);
		diag_usage("the command comes first: %s %s", t->name, t->synopsis);
	}
	for (size_t i = 0; t->subs[i] != NULL; i++)
		if (strcmp(t->subs[i]->name, (*argv)[1]) == 0) {
			*argv = copy_argv(*argc, *argv) + 1;
			parse(t->subs[i], argc, argv);
			return t->subs[i];
		}
	name_subs(t, (*argv)[1]);
}
