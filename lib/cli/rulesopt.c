/* SPDX-License-Identifier: MIT */
#include "cli/rulesopt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/diag.h"
#include "expr/source.h"

struct rulesopt rulesopt;
static const char *operand = "true";	/* the expression of the command line */

/* Why, then the line with a caret below the place. */
static void
say_wrong(const char *what, struct slice text, const struct expr_err *e)
{
	struct buf b = { 0 };
	const char *place, *end;
	unsigned line = 1;

	expr_err_text(text, e, &b);
	place = buf_cstr(&b);
	end = strchr(place, '\n');
	end = end != NULL ? strchr(end + 1, '\n') : NULL;
	for (size_t i = 0; i < e->off && i < text.n; i++)
		line += text.p[i] == '\n';
	if (slice_chr(text, '\n') == text.n)
		diag("%s: %s\n%.*s", what, e->err.text, (int)(end != NULL ? end - place : (ptrdiff_t)strlen(place)), place);
	else
		diag("%s, line %u: %s\n%.*s", what, line, e->err.text, (int)(end != NULL ? end - place : (ptrdiff_t)strlen(place)), place);
	buf_reset(&b);
}

static enum rule_act
mode(void)
{
	return rulesopt.mode == NULL || *rulesopt.mode == 'm' ? RULE_MESSAGE : *rulesopt.mode == 't' ? RULE_TRANSACTION : RULE_DIALOG;
}

static void
add_template(struct annotate *notes, uint16_t type, const char *what, const char *text)
{
	struct expr_err e;

	if (text == NULL || annotate_template(notes, type, slice_str(text), &e) == RC_OK)
		return;
	say_wrong(what, slice_str(text), &e);
	exit(2);
}

/* The one rule that the options make of an expression, which it owns. False: a list cannot be read, which was said. */
static bool
make_rule(struct expr *x, struct rules *out)
{
	struct annotate *notes = annotate_new();
	struct err e;
	bool fine = true;

	rules_add(out, rule_new(mode(), x, notes));
	add_template(notes, ATTR_CORRELATION, "--correlation", rulesopt.correlation);
	add_template(notes, ATTR_TABLE, "--table", rulesopt.table);
	for (size_t i = 0; i < rulesopt.users.n; i++)
		add_template(notes, ATTR_USER, "--user", rulesopt.users.v[i]);
	for (size_t i = 0; i < rulesopt.dests.n; i++)
		if (annotate_dest(notes, slice_str(rulesopt.dests.v[i]), &e) != RC_OK)
			diag_usage("--to %s: %s", rulesopt.dests.v[i], e.text);
	for (size_t i = 0; fine && i < rulesopt.user_files.n; i++) {
		fine = annotate_users(notes, rulesopt.user_files.v[i], &e) == RC_OK;
		if (!fine)
			diag("--users: %s", e.text);
	}
	return fine;
}

/* A file of rules says itself what the options would. */
static void
check_alone(void)
{
	const char *name = rulesopt.mode != NULL ? "-m" : rulesopt.correlation != NULL ? "--correlation" : rulesopt.table != NULL ? "--table" :
	    rulesopt.users.n > 0 ? "--user" : rulesopt.user_files.n > 0 ? "--users" : rulesopt.dests.n > 0 ? "--to" : NULL;

	if (name != NULL)
		diag_usage("%s: %s has rules, which say that themselves", name, rulesopt.file);
}

/* The file as it is now. False: it is wrong, which was said. */
static bool
read_file(const struct rules *old, struct rules *out)
{
	struct expr_err e = { .off = 0 };
	struct buf text = { 0 };
	struct expr *x = NULL;
	enum rc rc;

	rc = source_read(rulesopt.file, &text, &e.err);
	if (rc != RC_OK) {
		diag("%s", e.err.text);
	} else if (rules_look(buf_slice(&text))) {
		check_alone();
		rc = rules_parse(buf_slice(&text), old, out, &e);
	} else {
		rc = expr_compile(buf_slice(&text), &x, &e);
	}
	if (rc != RC_OK && text.n > 0 && e.err.rc != RC_OK && e.len > 0)
		say_wrong(rulesopt.file, buf_slice(&text), &e);
	buf_reset(&text);
	return x != NULL ? make_rule(x, out) : rc == RC_OK;
}

/* All that was named, as it is now. False: something is wrong, which was said; *out may hold rules all the same. */
static bool
read_all(const struct rules *old, struct rules *out)
{
	struct expr_err e;
	struct expr *x;

	*out = (struct rules){ .n = 0 };
	if (rulesopt.file != NULL)
		return read_file(old, out);
	if (expr_compile(slice_str(operand), &x, &e) == RC_OK)
		return make_rule(x, out);
	say_wrong("expression", slice_str(operand), &e);
	if (access(operand, F_OK) == 0)
		diag("there is a file of this name: records are read with -r FILE, an expression with -f FILE");
	return false;
}

struct rules
rulesopt_read(int argc, char **argv)
{
	static struct rules out;	/* a leak checker finds in it what an early exit leaves */

	if (argc > 1)
		diag_usage("one expression at most, not also \"%s\" (quote it as one word; records are read with -r FILE)", argv[1]);
	if (argc > 0 && rulesopt.file != NULL)
		diag_usage("an expression and -f: one of them");
	if (argc > 0)
		operand = argv[0];
	if (!read_all(NULL, &out))
		exit(2);
	return out;
}

bool
rulesopt_rereads(void)
{
	return rulesopt.file != NULL || rulesopt.user_files.n > 0;
}

void
rulesopt_again(struct select *s)
{
	struct rules fresh;

	if (!rulesopt_rereads())
		return;
	if (read_all(select_rules(s), &fresh)) {
		select_use(s, &fresh);
		return;
	}
	rules_reset(&fresh);
	diag("the selection stays as it was");
}

struct tmpl *
rulesopt_template(const char *what, const char *text)
{
	struct expr_err e;
	struct tmpl *t;

	if (tmpl_compile(slice_str(text), &t, &e) == RC_OK)
		return t;
	say_wrong(what, slice_str(text), &e);
	exit(2);
}

void
rulesopt_say(void *arg, const struct rule *r, enum select_event event)
{
	const char *file = rulesopt.file != NULL ? rulesopt.file : "expression";

	(void)arg;
	if (event == SELECT_RULE_BEGINS)
		diag("%s, line %u: begins: %s", file, r->line, r->text != NULL ? r->text : "");
	else
		diag("%s, line %u: over, with %" PRIu64 " taken: %s", file, r->line, r->taken, r->text != NULL ? r->text : "");
}

bool
rulesopt_explain(const struct rules *rules)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i]->text != NULL)
			buf_printf(&b, "%s%s\n", i > 0 ? "\n" : "", rules->v[i]->text);
		expr_explain(rules->v[i]->expr, &b);
	}
	fwrite(b.p, 1, b.n, stdout);
	buf_reset(&b);
	return fflush(stdout) == 0 && !ferror(stdout);
}
