/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "cli/dedupopt.h"
#include "cli/diag.h"
#include "cli/stage.h"
#include "cli/xheadersopt.h"
#include "expr/select.h"
#include "expr/source.h"

static struct {
	const char *mode, *file, *correlation, *table;
	struct strs users, dests;
	bool invert, fail_empty, explain;
	uint32_t set_flag, need_flag;
	uint64_t max_dialogs, max_memory, dialog_timeout;
} conf = {
	.mode = "m", .set_flag = SELECT_NO_FLAG, .need_flag = SELECT_NO_FLAG,
	.max_dialogs = 1000000, .max_memory = 1ULL << 30, .dialog_timeout = 12 * 3600 * 1000000000ULL,
};

static enum rc
opt_flag_number(const struct opt *o, const char *arg, struct err *e)
{
	enum rc rc = opt_u32(o, arg, e);

	if (rc == RC_OK && *(uint32_t *)o->dst >= SELECT_NO_FLAG)
		return err_set(e, RC_BAD, "is not 0 to %d", SELECT_NO_FLAG - 1);
	return rc;
}

static const struct opt opts[] = {
	{ 'm', "mode", "MODE", &conf.mode, opt_choice, "select m messages, t transactions, d dialogs (m)", "m t d" },
	{ 'v', "invert", NULL, &conf.invert, opt_flag, "pass exactly what would not be selected", NULL },
	{ 'f', "file", "FILE", &conf.file, opt_str, "read the expression from FILE, again on HUP", NULL },
	{ 'c', "correlation", "TEMPLATE", &conf.correlation, opt_str, "give all of a call this correlation id", NULL },
	{ 0, "user", "TEMPLATE", &conf.users, opt_strs, "add a traced user (repeatable)", NULL },
	{ 0, "table", "TEMPLATE", &conf.table, opt_str, "name the table that tracedb puts it in", NULL },
	{ 0, "to", "DEST", &conf.dests, opt_strs, "add a destination, hep:udp:H:P or sip:H:P (repeatable)", NULL },
	{ 0, "flag", "N", &conf.need_flag, opt_flag_number, "select only from records with user flag N, 0 to 31", NULL },
	{ 0, "set-flag", "N", &conf.set_flag, opt_flag_number, "set user flag N on what passes", NULL },
	XHEADERSOPT_ROWS,
	DEDUPOPT_ROWS,
	{ 'e', "fail-empty", NULL, &conf.fail_empty, opt_flag, "exit 1 if nothing passed", NULL },
	{ 0, "explain", NULL, &conf.explain, opt_flag, "print the compiled expression and exit", NULL },
	{ 0, "max-dialogs", "N", &conf.max_dialogs, opt_u64, "dialogs or transactions remembered (1000000)", NULL },
	{ 0, "max-memory", "BYTES", &conf.max_memory, opt_u64, "memory for them; the oldest go first (1G)", NULL },
	{ 0, "dialog-timeout", "TIME", &conf.dialog_timeout, opt_time, "forget a call silent for this long (12h)", NULL },
	{ 0 },
};

static const struct opt_tool tool = {
	.name = "sipfilter",
	.synopsis = "[-m m|t|d] [-v] [OPTION]… [EXPR]",
	.summary = "pass the messages, transactions or dialogs for which EXPR is true",
	.opts = opts,
	.common = stage_filter_opts,
	.operands = "",
	.more = "EXPR is Kamailio's language: '$rm == \"INVITE\" && $fU =~ \"^44\"'; see siptrace-expr(7).\nWithout EXPR and -f everything is selected.",
};

enum { IN, OUT, NOT_SELECTED, NO_XHEADERS, XHEADERS_UNTRUSTED, COPIES, RETRANSMISSIONS, FORGOTTEN, OPEN, EVICTED, TOO_LONG, GAVE_UP, COUNTERS };
static struct counter counters[COUNTERS] = {
	[IN] = { "in", UNIT_MESSAGE, STAT_IN, 0 },
	[OUT] = { "out", UNIT_MESSAGE, STAT_OUT, 0 },
	[NOT_SELECTED] = { "not_selected", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[NO_XHEADERS] = { "no_xheaders", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[XHEADERS_UNTRUSTED] = { "xheaders_untrusted", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[COPIES] = { "copies", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[RETRANSMISSIONS] = { "retransmissions", UNIT_MESSAGE, STAT_INFO, 0 },
	[FORGOTTEN] = { "forgotten", UNIT_MESSAGE, STAT_INFO, 0 },
	[OPEN] = { "open", UNIT_CALL, STAT_INFO, 0 },
	[EVICTED] = { "evicted", UNIT_CALL, STAT_INFO, 0 },
	[GAVE_UP] = { "regex_gave_up", UNIT_MESSAGE, STAT_INFO, 0 },
	[TOO_LONG] = { "annotations_too_long", UNIT_MESSAGE, STAT_INFO, 0 },
};

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

/* The expression of -f as it is now. NULL: it is wrong, which was said. */
static struct expr *
read_file(void)
{
	struct expr_err ee = { .off = 0 };
	struct buf text = { 0 };
	struct expr *x = NULL;

	if (source_read(conf.file, &text, &ee.err) != RC_OK)
		diag("%s", ee.err.text);
	else if (expr_compile(buf_slice(&text), &x, &ee) != RC_OK)
		say_wrong(conf.file, buf_slice(&text), &ee);
	buf_reset(&text);
	return x;
}

static struct expr *
compile(int argc, char **argv)
{
	struct slice text = slice_str(argc > 0 ? argv[0] : "true");
	struct expr_err e;
	struct expr *x;

	if (argc > 1)
		diag_usage("one expression at most, not also \"%s\" (quote it as one word)", argv[1]);
	if (argc > 0 && conf.file != NULL)
		diag_usage("an expression and -f: one of them");
	if (conf.file != NULL) {
		x = read_file();
		if (x == NULL)
			exit(2);
		return x;
	}
	if (expr_compile(text, &x, &e) != RC_OK) {
		say_wrong("expression", text, &e);
		exit(2);
	}
	return x;
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

static struct annotate *
make_notes(void)
{
	struct annotate *notes = annotate_new();
	struct err e;

	add_template(notes, ATTR_CORRELATION, "--correlation", conf.correlation);
	add_template(notes, ATTR_TABLE, "--table", conf.table);
	for (size_t i = 0; i < conf.users.n; i++)
		add_template(notes, ATTR_USER, "--user", conf.users.v[i]);
	for (size_t i = 0; i < conf.dests.n; i++)
		if (annotate_dest(notes, slice_str(conf.dests.v[i]), &e) != RC_OK)
			diag_usage("--to %s: %s", conf.dests.v[i], e.text);
	return notes;
}

static struct select *
make_select(struct expr *x)
{
	struct select_conf c = {
		.mode = *conf.mode == 'm' ? SELECT_MESSAGE : *conf.mode == 't' ? SELECT_TRANSACTION : SELECT_DIALOG,
		.invert = conf.invert, .need_flag = conf.need_flag, .set_flag = conf.set_flag,
		.track = { .max_sets = conf.max_dialogs, .max_bytes = conf.max_memory, .dialog_timeout_ns = conf.dialog_timeout },
	};

	if (getrandom(&c.track.seed, sizeof(c.track.seed), GRND_NONBLOCK) < 0)
		c.track.seed = (uintptr_t)&c;	/* early at boot: the stack's place will do */
	return select_new(&c, x, make_notes());
}

static void
on_hup(void *arg)
{
	struct expr *x = conf.file != NULL ? read_file() : NULL;

	if (x != NULL)
		select_use(arg, x);
	else if (conf.file != NULL)
		diag("%s: the expression stays as it was", conf.file);
}

static void
count_sets(const struct select *s)
{
	const struct track_stats t = select_sets(s);

	counters[OPEN].value = t.open;
	counters[EVICTED].value = t.evicted;
	counters[TOO_LONG].value = select_left_out(s);
	counters[GAVE_UP].value = select_gave_up(s);
}

static void
on_tick(void *arg, uint64_t time_ns)
{
	select_tick(arg, time_ns);
	count_sets(arg);
}

static size_t
restore(struct record_xheaders *x, struct record *r, size_t n)
{
	const struct xheaders_counts *c;

	if (x == NULL)
		return n;
	n = record_xheaders(x, r, n);
	c = record_xheaders_counts(x);
	counters[NO_XHEADERS].value = c->without;
	counters[XHEADERS_UNTRUSTED].value = c->untrusted;
	return n;
}

static size_t
without_copies(struct dedup *d, struct record *r, size_t n)
{
	struct copies_stats c;

	n = dedupopt_batch(d, r, n);
	c = dedupopt_stats(d);
	counters[COPIES].value = c.copies;
	counters[RETRANSMISSIONS].value = c.retransmissions;
	counters[FORGOTTEN].value = c.forgotten;
	return n;
}

/* There is one for the whole process, and the stage's argument is the selection. */
static struct dedup *dedup;

static void
on_usr1(void *arg)
{
	(void)arg;
	dedupopt_report(dedup);
}

static bool
filter(struct stage *st, struct select *s, struct record *r, size_t n)
{
	select_prepare(s, r, n);
	for (size_t i = 0; i < n; i++) {
		if (!select_record(s, i)) {
			counters[NOT_SELECTED].value++;
			continue;
		}
		counters[OUT].value++;
		if (r[i].intact ? !stage_pass(st, &r[i]) : !stage_put(st, &r[i]))
			return false;
	}
	count_sets(s);
	return true;
}

static void
explain(struct expr *x)
{
	struct buf b = { 0 };

	expr_explain(x, &b);
	fwrite(b.p, 1, b.n, stdout);
	buf_reset(&b);
	expr_free(x);
	exit(fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1);
}

int
main(int argc, char *argv[])
{
	static struct record r[SELECT_BATCH];
	struct stage_conf c = {
		.flags = STAGE_INPUT | STAGE_OUTPUT, .opts = &stage_opts, .counters = counters, .counters_n = COUNTERS,
		.argc = argc, .argv = argv, .tick = on_tick, .usr1 = on_usr1,
	};
	struct record_xheaders *xheaders;
	struct expr *x;
	struct select *s;
	struct stage *st;
	size_t n;
	int status;

	opt_parse(&tool, &argc, &argv);
	x = compile(argc, argv);
	if (conf.explain)
		explain(x);
	xheaders = xheadersopt_new();
	if (xheaders != NULL)
		c.flags |= STAGE_VERIFY;	/* what is rewritten gets a new checksum */
	dedup = dedupopt_new(*conf.mode != 'm', stage_opts.out == NULL || strcmp(stage_opts.out, "-") == 0, conf.max_memory / 4);
	c.arg = s = make_select(x);
	c.hup = conf.file != NULL ? on_hup : NULL;
	st = stage_open(&c, false, 0);
	while ((n = stage_batch(st, r, SELECT_BATCH)) > 0) {
		counters[IN].value += n;
		if (!filter(st, s, r, without_copies(dedup, r, restore(xheaders, r, n))))
			break;
	}
	xheadersopt_say(xheaders);
	if (counters[EVICTED].value > 0)
		diag("%llu calls forgotten before their end, for --max-dialogs or --max-memory", (unsigned long long)counters[EVICTED].value);
	if (!dedupopt_close(dedup))
		stage_failed(st);
	status = stage_close(st);
	select_free(s);
	record_xheaders_free(xheaders);
	return status == 0 && conf.fail_empty && counters[OUT].value == 0 ? 1 : status;
}
