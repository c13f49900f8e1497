/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPT_H
#define CLI_OPT_H
/*
 * opt - option tables. One const table per tool drives the parser, --help, the shell completions and the check that the man
 * page names every option.
 *
 * Syntax: -x, -xVALUE, -x VALUE, -xyz (flags), --long, --long=VALUE, --long VALUE, -- ends options. Options may stand after
 * operands. "-" is an operand. Long names may not be shortened: scripts would break when an option is added.
 */
#include "base/buf.h"
#include "base/err.h"

struct opt;
/* Stores `arg` (NULL for options without one) in o->dst. RC_BAD with *err filled: "what is wrong with the value". */
typedef enum rc opt_fn(const struct opt *o, const char *arg, struct err *);

struct opt {
	int c;			/* short form, 0 = none */
	const char *name;	/* long form without dashes, NULL = none */
	const char *arg;	/* NULL = takes none; in capitals, for the help. "FILE" and "DIR" complete as such */
	void *dst;
	opt_fn *fn;
	const char *help;	/* one line, lower case, no full stop */
	const char *values;	/* for completion: "m t d", or NULL */
};

/* An array of strings that grows (repeatable options). */
struct strs {
	const char **v;		/* not owned: point into argv */
	size_t n;
};

enum rc opt_flag(const struct opt *, const char *, struct err *);	/* bool * = true */
enum rc opt_str(const struct opt *, const char *, struct err *);	/* const char ** */
enum rc opt_strs(const struct opt *, const char *, struct err *);	/* struct strs * */
enum rc opt_u64(const struct opt *, const char *, struct err *);	/* uint64_t *, decimal; k, M, G (1024s) as suffix */
enum rc opt_u32(const struct opt *, const char *, struct err *);	/* uint32_t *, decimal */
enum rc opt_rate(const struct opt *, const char *, struct err *);	/* uint32_t *: so many a second, 1 to BUCKET_RATE_MAX */
enum rc opt_speed(const struct opt *, const char *, struct err *);	/* uint32_t *, in thousandths: 1x, 0.5x, 20 (base/pace.h) */
enum rc opt_choice(const struct opt *, const char *, struct err *);	/* const char **, must be one of o->values */
enum rc opt_time(const struct opt *, const char *, struct err *);	/* uint64_t * nanoseconds: 5, 5s, 100ms, 2m, 1h, 7d */

struct opt_tool {
	const char *name;	/* "sipcap" */
	const char *synopsis;	/* "[-r FILE]… [FILTER]" */
	const char *summary;	/* one line: what it does */
	const struct opt *opts;	/* ends with { 0 } */
	const struct opt *common;	/* a second table (shared options), or NULL */
	const char *operands;	/* completion of operands: "FILE", "" none */
	const char *more;	/* a few lines below the options in --help, or NULL */
	const struct opt_tool *const *subs;	/* subcommands, NULL-terminated (each name is the command's word alone), or NULL */
};

/*
 * Parses argv. Handles --help, --version and --completion SHELL itself (prints to standard output and exits 0). A wrong option prints
 * one line through diag and exits 2. Returns the operands: *argc, *argv are moved to them.
 */
void opt_parse(const struct opt_tool *t, int *argc, char ***argv);
/* After opt_parse: how many of the operands stood before "--"; all of them if there was none. */
int opt_operands(void);

/*
 * For a tool with subcommands ("tracedb insert …"): picks the one that the first argument names (usage error if none), parses the rest
 * with its tables and returns it. --help, --version, --completion of the tool itself, and --help of a subcommand, are handled.
 */
const struct opt_tool *opt_parse_sub(const struct opt_tool *t, int *argc, char ***argv);

/* What --help prints; fits one screen (a test checks 24 x 80 … 50 x 80). */
void opt_help(const struct opt_tool *t, struct buf *out);
/* RC_BAD: unknown shell. */
enum rc opt_completion(const struct opt_tool *t, const char *shell, struct buf *out) MUST_USE;
#endif
