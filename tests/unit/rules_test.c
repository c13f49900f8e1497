/* SPDX-License-Identifier: MIT */
/* Lists of rules: what each clause means, what is wrong and where, what stays when a list is read again. */
#include <fcntl.h>
#include <stdlib.h>

#include "expr_records.h"

#include "base/duration.h"
#include "expr/rules.h"

static struct rules
parsed(const char *text, const struct rules *old)
{
	struct guarded g = guarded(slice_str(text));
	struct expr_err e = { 0 };
	struct rules rules;

	if (rules_parse(g.s, old, &rules, &e) != RC_OK)
		fail_msg("%s: %s at %zu", text, e.err.text, e.off);
	guarded_free(&g);
	return rules;
}

/* What the rule's annotations are on the sample: "type=text," of each. */
static void
assert_notes(const struct rule *r, enum sample sample, const char *want)
{
	static const char *const names[] = {
		[ATTR_CORRELATION] = "corr", [ATTR_TABLE] = "table", [ATTR_USER] = "user", [ATTR_DEST] = "to",
	};
	struct sample_record x = sample_record(sample);
	struct expr_ctx *c = expr_ctx_new();
	struct buf attrs = { 0 }, out = { 0 };
	struct slice rest, v;
	uint16_t type;

	expr_ctx_record(c, &x.r);
	assert_int_equal(annotate_eval(r->notes, c, &attrs), 0);
	for (rest = buf_slice(&attrs); attr_next(&rest, &type, &v) == RC_OK;)
		buf_printf(&out, "%s=%.*s,", names[type], SLICE_ARG(v));
	assert_slice(buf_slice(&out), want);
	buf_reset(&attrs);
	buf_reset(&out);
	expr_ctx_free(c);
	guarded_free(&x.payload);
}

static bool
matches(const struct rule *r, enum sample sample)
{
	struct sample_record x = sample_record(sample);
	struct expr_ctx *c = expr_ctx_new();
	bool yes;

	expr_ctx_record(c, &x.r);
	yes = expr_match(r->expr, c);
	expr_ctx_free(c);
	guarded_free(&x.payload);
	return yes;
}

#define MIN 60000000000

static const struct {
	const char *text;
	enum rule_act act;
	const char *notes;	/* on INVITE */
	uint32_t flag;
	uint64_t for_ns, calls;
	bool invite, reply;	/* which it matches */
} rows[] = {
	{ "trace m if true", RULE_MESSAGE, "", 32, 0, 0, true, true },
	{ "trace t if $rs == 200", RULE_TRANSACTION, "", 32, 0, 0, false, true },
	{ "trace d if $fU == \"alice\"", RULE_DIALOG, "", 32, 0, 0, true, false },
	{ "trace d", RULE_DIALOG, "", 32, 0, 0, true, true },
	{ "drop if $rs == $null", RULE_DROP, "", 32, 0, 0, true, false },
	{ "drop", RULE_DROP, "", 32, 0, 0, true, true },
	{ "trace m corr $ci if true", RULE_MESSAGE, "corr=call1@h,", 32, 0, 0, true, true },
	{ "trace m corr \"a b\" if true", RULE_MESSAGE, "corr=a b,", 32, 0, 0, true, true },
	{ "trace m corr 'a \"b' if true", RULE_MESSAGE, "corr=a \"b,", 32, 0, 0, true, true },
	{ "trace m corr \"\\\"$ft\\\"\\x41\\\\\" if true", RULE_MESSAGE, "corr=\"ft1\"A\\,", 32, 0, 0, true, true },
	{ "trace m corr 'if' table '' if true", RULE_MESSAGE, "corr=if,", 32, 0, 0, true, true },
	{ "trace m user $fU user $tU user to if true", RULE_MESSAGE, "user=alice,user=bob,user=to,", 32, 0, 0, true, true },
	{ "trace m table t_$rm flag 31 if true", RULE_MESSAGE, "table=t_INVITE,", 31, 0, 0, true, true },
	{ "trace m flag 0 if true", RULE_MESSAGE, "", 0, 0, 0, true, true },
	{ "trace m to hep:udp:h:9060 if true", RULE_MESSAGE, "to=hep:udp:h:9060,", 32, 0, 0, true, true },
	{ "trace m to hep:udp:h:9060 \"sip:a.example\" 'sips:b:1' to sip:[::1] corr x", RULE_MESSAGE,
	    "to=hep:udp:h:9060,to=sip:a.example,to=sips:b:1,to=sip:[::1],corr=x,", 32, 0, 0, true, true },
	{ "trace d for 20m if true", RULE_DIALOG, "", 32, 20 * MIN, 0, true, true },
	{ "trace d for 90 if true", RULE_DIALOG, "", 32, 90000000000, 0, true, true },
	{ "trace d for 5 calls if true", RULE_DIALOG, "", 32, 0, 5, true, true },
	{ "trace d for 1 call if true", RULE_DIALOG, "", 32, 0, 1, true, true },
	{ "trace d for 20m or 5 calls if true", RULE_DIALOG, "", 32, 20 * MIN, 5, true, true },
	{ "trace d for 5 calls or 20m if true", RULE_DIALOG, "", 32, 20 * MIN, 5, true, true },
	{ "trace d or 5 calls if true", RULE_DIALOG, "", 32, 0, 5, true, true },
	{ "trace d flag 1 or 5 calls user u for 20m corr c if true", RULE_DIALOG, "user=u,corr=c,", 1, 20 * MIN, 5, true, true },
	{ "trace\td\r\n\tto\n  sip:h\r\n if\n\n \t$rs\n ==\n 200\n\n", RULE_DIALOG, "to=sip:h,", 32, 0, 0, false, true },
	{ "# nothing\n  # more\n\ntrace d # all\n# of\n if # the\n#\n $rs==200 # calls", RULE_DIALOG, "", 32, 0, 0, false, true },
	{ "trace m corr a#b if $ci =~ \"#\" or true", RULE_MESSAGE, "corr=a#b,", 32, 0, 0, true, true },
	{ "  \n\t trace m", RULE_MESSAGE, "", 32, 0, 0, true, true },
};

static void
clauses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rules rules = parsed(rows[i].text, NULL);
		const struct rule *r = rules.v[0];

		if (rules.n != 1 || r->act != rows[i].act || r->set_flag != rows[i].flag || r->for_ns != rows[i].for_ns ||
		    r->calls != rows[i].calls || matches(r, INVITE) != rows[i].invite || matches(r, REPLY) != rows[i].reply || r->refs != 1)
			fail_msg("%s: not what it says", rows[i].text);
		assert_notes(r, INVITE, rows[i].notes);
		assert_true(rules_look(slice_str(rows[i].text)));
		rules_reset(&rules);
	}
}

static const struct {
	const char *text;
	size_t off, len;
	const char *why;
} wrong[] = {
	{ "", 0, 1, "no rules" }, { " \n# x\n", 0, 1, "no rules" },
	{ "trac d if true", 0, 4, "trace or drop is expected here" }, { "Trace d", 0, 5, "trace or drop" }, { "\"trace\" d", 0, 7, "trace or drop" },
	{ "trace", 5, 1, "the rule ends where m (messages), t (transactions) or d (dialogs) is expected" },
	{ "trace x if true", 6, 1, "m (messages), t (transactions) or d (dialogs) is expected here" },
	{ "trace d usr x if true", 8, 3, "to, corr, user, table, flag, for, or, or if is expected here" },
	{ "trace d true", 8, 4, "or if is expected here" },
	{ "trace d $rs == 200", 8, 3, "if, before the expression, is expected here" },
	{ "trace d is_method(\"BYE\")", 8, 16, "if, before the expression," }, { "trace d corr x !true", 15, 5, "if, before the expression," },
	{ "trace d \"x\" == $rm", 8, 3, "if, before the expression," },
	{ "trace d if", 10, 1, "the rule ends where an expression is expected" }, { "trace d if \n\n# x\n", 10, 1, "ends where an expression" },
	{ "trace d if\ntrace d if true", 10, 1, "ends where an expression" },
	{ "drop d if true", 5, 1, "if, and nothing else, is expected here" }, { "drop to sip:h if true", 5, 2, "if, and nothing else," },
	{ "trace d corr", 12, 1, "the rule ends where a template is expected" }, { "trace d corr if true", 13, 2, "a template is expected here" },
	{ "trace d corr a corr b if true", 15, 4, "has a correlation id already" }, { "trace d table a table b", 16, 5, "has a table already" },
	{ "trace d flag 1 flag 1", 15, 4, "has a flag already" }, { "trace d for 1s for 2s", 15, 3, "has a time already" },
	{ "trace d for 1s or 2s", 15, 2, "has a time already" }, { "trace d for 2 calls or 2 calls", 20, 2, "has a number of calls already" },
	{ "trace d corr $nix if true", 13, 4, "unknown variable $nix" }, { "trace d corr 'a $nix' if true", 16, 4, "unknown variable $nix" },
	{ "trace d corr '\\\\$nix' if true", 13, 8, "unknown variable $nix" }, { "trace d user $ci{s.len}", 16, 7, "transformations are not supported" },
	{ "trace d corr 'a if true", 13, 1, "this quote is not closed" }, { "trace d corr \"a\ntrace d", 13, 1, "not closed" },
	{ "trace d corr 'a'b if true", 16, 1, "a blank is expected behind the closing quote" },
	{ "trace d corr it's if true", 15, 1, "quote the whole word" }, { "trace d corr a\"b'c if true", 14, 1, "quote the whole word" },
	{ "trace d to", 10, 1, "ends where a destination" }, { "trace d to if true", 11, 2, "a destination, hep:udp:HOST:PORT or sip:HOST:PORT, is expected here" },
	{ "trace d to udp:h:1", 11, 7, "begins neither with hep:" }, { "trace d to sip:a hep:h:1", 17, 7, "hep: is followed by" },
	{ "trace d to 'x' if true", 11, 3, "begins neither" }, { "trace d to 'sip:h", 11, 1, "not closed" },
	{ "trace d flag", 12, 1, "ends where a flag's number, 0 to 31, is expected" }, { "trace d flag 32", 13, 2, "0 to 31" }, { "trace d flag -1", 13, 2, "0 to 31" },
	{ "trace d for", 11, 1, "ends where a time (90s, 20m, 2h) or a number of calls (5 calls) is expected" }, { "trace d for 20x", 12, 3, "a time" },
	{ "trace d for 0m", 12, 2, "a time" }, { "trace d for calls", 12, 5, "a time" }, { "trace d for 0 calls", 12, 1, "a number over 0" },
	{ "trace d for 5m calls", 12, 2, "a number over 0" }, { "trace d for 99999999999d", 12, 12, "a time" },
	{ "trace d if $rs = 200", 15, 1, "a comparison is ==" }, { "trace d if true\ntrace d\n if ($rs", 32, 1, "it ends where )" },
	{ "# c\n\ntrace m if true\ndrop if $fU in @/nonexistent/x", 36, 15, "No such file" },
	{ "trace d if $rm == \"A\n\" if", 18, 1, "not closed" },
	{ "trace d if true\n  trace m if true", 18, 5, "a rule begins at the beginning of its line" },
	{ "trace d corr x\n\tdrop if true", 16, 4, "a rule begins at the beginning of its line" },
	{ "trace d if trace ", 11, 5, "unknown word" },
};

static void
places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct guarded g = guarded(slice_str(wrong[i].text));
		struct expr_err e = { 0 };
		struct rules rules;
		enum rc rc = rules_parse(g.s, NULL, &rules, &e);

		if (rc == RC_OK)
			fail_msg("%s: parsed", wrong[i].text);
		if (rc != e.err.rc || e.off != wrong[i].off || e.len != wrong[i].len || strstr(e.err.text, wrong[i].why) == NULL)
			fail_msg("%s: \"%s\" at %zu, %zu bytes", wrong[i].text, e.err.text, e.off, e.len);
		assert_int_equal(rules.n, 0);
		assert_int_equal(rules_parse(g.s, NULL, &rules, NULL), rc);
		guarded_free(&g);
	}
}

static void
looks_of_rules(void **state)
{
	static const char *const yes[] = { "trace", "drop", "\n# if\n #\n trace x", "drop\tif" };
	static const char *const no[] = { "", "#", "# trace", "$rm == \"trace\"", "trac", "tracer", "true", "(trace", "\"trace\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(rules_look(slice_str(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(rules_look(slice_str(no[i])));
}

static void
lines_and_texts(void **state)
{
	struct rules r = parsed("# one\r\n\r\ntrace  d\t corr \"a  b\" # why\r\n  if $rr == 'x  \\'  y'\r\n\r\n\r\ndrop\n#\n\ndrop if\ttrue\n", NULL);

	(void)state;
	assert_int_equal(r.n, 3);
	assert_int_equal(r.v[0]->line, 3);
	assert_string_equal(r.v[0]->text, "trace d corr \"a  b\" if $rr == 'x  \\'  y'");
	assert_int_equal(r.v[1]->line, 7);
	assert_string_equal(r.v[1]->text, "drop");
	assert_int_equal(r.v[2]->line, 10);
	assert_string_equal(r.v[2]->text, "drop if true");
	rules_reset(&r);
	assert_null(r.v);
	assert_int_equal(r.n, 0);
}

static void
read_again_the_same_stay(void **state)
{
	struct rules old = parsed("trace d for 1s if true\ndrop if $rs == 1\ndrop if $rs == 1\ntrace m corr x\ndrop\n", NULL), now;
	struct rule *o[5], *kept;

	(void)state;
	memcpy(o, old.v, sizeof(o));
	o[0]->begun_ns = 7;
	o[0]->taken = 3;
	o[0]->over = true;
	kept = rule_hold(o[3]);	/* as a call does */
	now = parsed("# moved\ndrop if $rs == 2\ndrop   if $rs == 1 # same\ntrace d for  1s\n if true\ndrop if $rs == 1\n"
	    "drop if $rs == 1\ntrace m corr y\ndrop\n", &old);
	assert_int_equal(now.n, 7);
	assert_ptr_equal(now.v[1], o[1]);
	assert_ptr_equal(now.v[2], o[0]);
	assert_ptr_equal(now.v[3], o[2]);
	assert_ptr_equal(now.v[6], o[4]);
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < 5; j++)
			if (i == 0 || i == 4 || i == 5)
				assert_ptr_not_equal(now.v[i], o[j]);
	assert_int_equal(o[0]->line, 4);
	assert_int_equal(o[0]->begun_ns, 7);
	assert_int_equal(o[0]->taken, 3);
	assert_true(o[0]->over);
	assert_int_equal(o[0]->refs, 2);
	rules_reset(&old);
	assert_int_equal(o[0]->refs, 1);
	assert_int_equal(kept->refs, 1);
	assert_notes(kept, INVITE, "corr=x,");
	rule_drop(kept);
	rule_drop(NULL);
	assert_false(matches(now.v[1], REPLY));
	assert_true(matches(now.v[2], REPLY));
	rules_reset(&now);
}

static void
a_wrong_text_changes_nothing(void **state)
{
	struct rules old = parsed("\ntrace d if $rs == 200\n", NULL), now;
	struct expr *x = old.v[0]->expr;
	struct expr_err e;

	(void)state;
	assert_int_equal(rules_parse(SLICE_LIT("trace d if $rs == 200\ntrace q\n"), &old, &now, &e), RC_BAD);
	assert_int_equal(now.n, 0);
	assert_int_equal(old.v[0]->refs, 1);
	assert_int_equal(old.v[0]->line, 2);
	assert_ptr_equal(old.v[0]->expr, x);
	assert_true(matches(old.v[0], REPLY));
	rules_reset(&old);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
lists_are_read_again(void **state)
{
	char dir[] = "/tmp/rules_test.XXXXXX", path[64], text[128];
	struct rules old, now;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/list", dir);
	(void)snprintf(text, sizeof(text), "trace d for 5 calls if $fU in @%s", path);
	write_file(path, "bob\n");
	old = parsed(text, NULL);
	assert_false(matches(old.v[0], INVITE));
	old.v[0]->taken = 2;
	write_file(path, "# more\nbob\nalice\n");
	assert_false(matches(old.v[0], INVITE));
	now = parsed(text, &old);
	assert_ptr_equal(now.v[0], old.v[0]);
	assert_int_equal(now.v[0]->taken, 2);
	assert_true(matches(now.v[0], INVITE));
	rules_reset(&old);
	rules_reset(&now);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
rules_end(void **state)
{
	struct rules r = parsed("trace d for 10s or 2 calls\ntrace d for 2 calls\ntrace d for 10s\ntrace d\n", NULL);

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_false(rule_tick(r.v[i], 5000000000));	/* the first that it is told: the 10 s begin */
	assert_int_equal(r.v[0]->begun_ns, 5000000000);
	assert_false(rule_tick(r.v[2], 14999999999));
	assert_false(r.v[2]->over);
	assert_true(rule_tick(r.v[2], 15000000000));
	assert_true(r.v[2]->over);
	assert_false(rule_tick(r.v[2], 16000000000));	/* said once */
	assert_false(rule_take(r.v[0]));
	assert_true(rule_take(r.v[0]));			/* calls are up before the time */
	assert_true(r.v[0]->over);
	assert_false(rule_tick(r.v[0], 90000000000));
	assert_false(rule_take(r.v[0]));
	assert_int_equal(r.v[0]->taken, 3);
	assert_false(rule_tick(r.v[1], UINT64_MAX));
	assert_false(rule_take(r.v[1]));
	assert_true(rule_take(r.v[1]));
	for (int i = 0; i < 1000; i++)
		assert_false(rule_take(r.v[3]));
	assert_false(rule_tick(r.v[3], UINT64_MAX));
	assert_false(r.v[3]->over);
	rules_reset(&r);
}

/* Also what would take minutes if anything here were quadratic. */
static void
limits(void **state)
{
	struct buf b = { 0 }, words = { 0 };
	struct rules old, now, more;
	struct expr_err e;

	(void)state;
	for (int i = 0; i < RULES_MAX; i++)
		buf_printf(&b, "drop if $rs == %d\n", 1 + i % 5000);
	assert_int_equal(rules_parse(buf_slice(&b), NULL, &old, NULL), RC_OK);
	assert_int_equal(old.n, RULES_MAX);
	assert_int_equal(old.v[RULES_MAX - 1]->line, RULES_MAX);
	assert_int_equal(rules_parse(buf_slice(&b), &old, &now, NULL), RC_OK);
	for (size_t i = 0; i < now.n; i++)
		assert_ptr_equal(now.v[i], old.v[i]);
	buf_str(&b, "drop");
	assert_int_equal(rules_parse(buf_slice(&b), &old, &more, &e), RC_LIMIT);
	assert_int_equal(e.off, b.n - 4);
	rules_reset(&old);
	rules_reset(&now);
	buf_clear(&b);
	for (int i = 0; i < RULES_MAX; i++)
		buf_str(&b, "drop\n");
	assert_int_equal(rules_parse(buf_slice(&b), NULL, &old, NULL), RC_OK);
	assert_int_equal(rules_parse(buf_slice(&b), &old, &now, NULL), RC_OK);
	assert_ptr_equal(now.v[RULES_MAX - 1], old.v[RULES_MAX - 1]);
	rules_reset(&old);
	rules_reset(&now);
	buf_str(&words, "trace d");
	while (words.n < RULES_TEXT_MAX - 20)
		buf_str(&words, " to sip:h 'sip:h'");
	assert_int_equal(rules_parse(buf_slice(&words), NULL, &now, NULL), RC_OK);
	rules_reset(&now);
	buf_zero(&words, RULES_TEXT_MAX - words.n + 1);
	memset(words.p, ' ', words.n);
	assert_int_equal(rules_parse(buf_slice(&words), NULL, &now, &e), RC_LIMIT);
	words.p[5] = '\0';
	words.n--;
	assert_int_equal(rules_parse(buf_slice(&words), NULL, &now, &e), RC_BAD);
	assert_int_equal(e.off, 5);
	assert_non_null(strstr(e.err.text, "0x00"));
	buf_reset(&b);
	buf_reset(&words);
}

/* Every beginning of a good text is good or bad, but nothing is read behind it. */
static void
prefixes(void **state)
{
	static const char text[] = "trace d to hep:udp:h:9060 corr \"$ci \\\" $ft\" user $fU flag 3 for 20m or 5 calls if $rm == 'INVITE' # x\ndrop if true\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct guarded g = guarded(slice_of(text, n));
		struct expr_err e = { .len = 0 };
		struct buf out = { 0 };
		struct rules r;

		if (rules_parse(g.s, NULL, &r, &e) != RC_OK) {
			assert_true(e.len > 0 && e.off <= n);
			expr_err_text(g.s, &e, &out);
		}
		(void)rules_look(g.s);
		rules_reset(&r);
		buf_reset(&out);
		guarded_free(&g);
	}
}

/* The lists in EXAMPLES, with the files that they name. */
static void
examples_of_the_page(void **state)
{
	char dir[] = "/tmp/rules_test.XXXXXX", line[1000];
	FILE *f = fopen("man/man5/siptrace-rules.5", "r");
	int top = open(".", O_RDONLY | O_DIRECTORY);
	bool here = false, shown = false;
	struct buf text = { 0 };
	size_t n = 0, lists = 0;
	struct rules r;

	(void)state;
	assert_non_null(f);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	write_file("carriers", "192.0.2.0/24\n");
	write_file("numbers", "4471\n");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, ".Sh", 3) == 0)
			here = strstr(line, "EXAMPLES") != NULL;
		if (here && shown && strncmp(line, ".Ed", 3) == 0) {
			r = parsed(buf_cstr(&text), NULL);
			n += r.n;
			lists++;
			assert_true(rules_look(buf_slice(&text)));
			rules_reset(&r);
			buf_clear(&text);
		} else if (here && shown) {
			buf_str(&text, line);
		}
		if (line[0] == '.')
			shown = strncmp(line, ".Bd -literal", 12) == 0;
	}
	assert_int_equal(lists, 4);
	assert_int_equal(n, 9);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(unlink("carriers"), 0);
	assert_int_equal(unlink("numbers"), 0);
	assert_int_equal(fchdir(top), 0);
	assert_int_equal(close(top), 0);
	assert_int_equal(rmdir(dir), 0);
	buf_reset(&text);
}

static void
durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;	/* UINT64_MAX: none */
	} times[] = {
		{ "0", 0 }, { "5", 5000000000 }, { "5s", 5000000000 }, { "100ms", 100000000 }, { "7us", 7000 }, { "7ns", 7 }, { "2m", 120000000000 },
		{ "1h", 3600000000000 }, { "7d", 604800000000000 }, { "213503d", 18446659200000000000u }, { "213504d", UINT64_MAX },
		{ "", UINT64_MAX }, { "s", UINT64_MAX }, { "5x", UINT64_MAX }, { "-5s", UINT64_MAX }, { "5 s", UINT64_MAX }, { "1.5s", UINT64_MAX }, { "5S", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct guarded g = guarded(slice_str(times[i].text));
		uint64_t ns = UINT64_MAX;

		assert_int_equal(duration_parse(g.s, &ns), times[i].ns == UINT64_MAX ? RC_BAD : RC_OK);
		assert_int_equal(ns, times[i].ns);
		guarded_free(&g);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clauses),
		cmocka_unit_test(places),
		cmocka_unit_test(looks_of_rules),
		cmocka_unit_test(lines_and_texts),
		cmocka_unit_test(read_again_the_same_stay),
		cmocka_unit_test(a_wrong_text_changes_nothing),
		cmocka_unit_test(lists_are_read_again),
		cmocka_unit_test(rules_end),
		cmocka_unit_test(limits),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(durations),
		cmocka_unit_test(examples_of_the_page),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
