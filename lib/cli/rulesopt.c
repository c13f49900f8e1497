/* SPDX-License-Identifier: MIT */
#include "cli/rulesopt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/diag.h"
#include "expr/source.h"

struct rulesopt rulesopt;

/* Why, then the line with a caret below the place. */
static void
say_wrong(const char *what, struct slice text, const struct expr_err *e)
{
	struct buf b = { 0 };
	const char *place, *end;

	expr_err_text(text, e, &b);
	place = buf_cstr(&b);
	end = strchr(place, '\n');
	end = end != NULL ? strchr(end + 1, '\n') : NULL;
	diag("%s: %s\n%.*s", what, e->err.text, (int)(end != NULL ? end - place : (ptrdiff_t)strlen(place)), place);
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

/* The one rule that the options make of an expression, which it owns. */
static void
make_rule(struct expr *x, struct rules *out)
{
	struct annotate *notes = annotate_new();
	struct err e;

	rules_add(out, rule_new(mode(), x, notes));
	add_template(notes, ATTR_CORRELATION, "--correlation", rulesopt.correlation);
	add_template(notes, ATTR_TABLE, "--table", rulesopt.table);
	for (size_t i = 0; i < rulesopt.users.n; i++)
		add_template(notes, ATTR_USER, "--user", rulesopt.users.v[i]);
	for (size_t i = 0; i < rulesopt.dests.n; i++)
		if (annotate_dest(notes, slice_str(rulesopt.dests.v[i]), &e) != RC_OK)
			diag_usage("--to %s: %s", rulesopt.dests.v[i], e.text);
}

/* A file of rules says itself what the options would. */
static void
check_alone(void)
{
	const char *name = rulesopt.mode != NULL ? "-m" : rulesopt.correlation != NULL ? "--correlation" : rulesopt.table != NULL ? "--table" :
	    rulesopt.users.n > 0 ? "--user" : rulesopt.dests.n > 0 ? "--to" : NULL;

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

	*out = (struct rules){ .n = 0 };
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
	if (x != NULL)
		make_rule(x, out);
	buf_reset(&text);
	return rc == RC_OK;
}

struct rules
rulesopt_read(int argc, char **argv)
{
	struct slice text = slice_str(argc > 0 ? argv[0] : "true");
	struct rules out = { .n = 0 };
	struct expr_err e;
	struct expr *x;

	if (argc > 1)
		diag_usage("one expression at most, not also \"%s\" (quote it as one word)", argv[1]);
	if (argc > 0 && rulesopt.file != NULL)
		diag_usage("an expression and -f: one of them");
	if (rulesopt.file != NULL) {
		if (!read_file(NULL, &out))
			exit(2);
		return out;
	}
	if (expr_compile(text, &x, &e) != RC_OK) {
		say_wrong("expression", text, &e);
		exit(2);
	}
	make_rule(x, &out);
	return out;
}

void
rulesopt_again(struct select *s)
{
	struct rules fresh;

	if (rulesopt.file == NULL)
		return;
	if (read_file(select_rules(s), &fresh))
		select_use(s, &fresh);
	else
		diag("%s: the selection stays as it was", rulesopt.file);
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
