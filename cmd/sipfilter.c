/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/xalloc.h"
#include "cli/dedupopt.h"
#include "cli/diag.h"
#include "cli/rulesopt.h"
#include "cli/side.h"
#include "cli/xheadersopt.h"
#include "select/select.h"

static struct {
	bool invert, fail_empty, explain, in_order, linked, no_dialog_ack, no_spiral, no_sl_acks;
	struct strs link_headers, links;
	const char *fail;
	struct { uint32_t i, n; } shard;
	double sample;
	uint32_t set_flag, need_flag, link_max;
	uint64_t calls, lookback, max_dialogs, max_memory, dialog_timeout;
} conf = {
	.set_flag = SELECT_NO_FLAG, .need_flag = SELECT_NO_FLAG, .sample = 1, .link_max = 32,
	.max_dialogs = 1000000, .max_memory = 1ULL << 30, .dialog_timeout = 12 * 3600 * 1000000000ULL,
};

/* "2/8" */
static enum rc
opt_shard(const struct opt *o, const char *arg, struct err *e)
{
	const struct slice s = slice_str(arg);
	size_t slash = slice_chr(s, '/');
	uint64_t i, n;

	(void)o;
	if (!slice_u64(slice_head(s, slash), UINT32_MAX, &i) || !slice_u64(slice_skip(s, slash + 1), UINT32_MAX, &n) || i < 1 || i > n)
		return err_set(e, RC_BAD, "is not I/N, I from 1 to N");
	conf.shard.i = (uint32_t)i;
	conf.shard.n = (uint32_t)n;
	return RC_OK;
}

/* "0.1", "10%" */
static enum rc
opt_sample(const struct opt *o, const char *arg, struct err *e)
{
	char *end;
	double v = strtod(arg, &end);

	(void)o;
	if (end != arg && *end == '%' && end[1] == '\0')
		v /= 100, end++;
	if (end == arg || *end != '\0' || !(v > 0) || v > 1)
		return err_set(e, RC_BAD, "is not a rate over 0, up to 1 (or 100%%)");
	conf.sample = v;
	return RC_OK;
}

static enum rc
opt_flag_number(const struct opt *o, const char *arg, struct err *e)
{
	enum rc rc = opt_u32(o, arg, e);

	if (rc == RC_OK && *(uint32_t *)o->dst >= SELECT_NO_FLAG)
		return err_set(e, RC_BAD, "is not 0 to %d", SELECT_NO_FLAG - 1);
	return rc;
}

static const struct opt opts[] = {
	RULESOPT_ROWS,
	{ 'v', "invert", NULL, &conf.invert, opt_flag, "pass exactly what would not be selected", NULL },
	{ 'n', "calls", "N", &conf.calls, opt_u64, "take N calls (messages with -m m), then end with the last", NULL },
	{ 0, "lookback", "TIME", &conf.lookback, opt_time, "pass calls whole: what came before, up to TIME ago", NULL },
	{ 0, "in-order", NULL, &conf.in_order, opt_flag, "with --lookback: keep the order of the whole stream", NULL },
	{ 0, "link-header", "NAME", &conf.link_headers, opt_strs, "join the legs of calls by this header (repeatable)", NULL },
	{ 0, "link", "TEMPLATE", &conf.links, opt_strs, "join calls for which this is the same (repeatable)", NULL },
	{ 0, "linked", NULL, &conf.linked, opt_flag, "with -m d: select all legs of a call", NULL },
	{ 0, "link-max", "N", &conf.link_max, opt_u32, "legs of a call at most (32)", NULL },
	{ 0, "no-dialog-ack", NULL, &conf.no_dialog_ack, opt_flag, "without the ACK to the 2xx that began a dialog", NULL },
	{ 0, "no-dialog-spiral", NULL, &conf.no_spiral, opt_flag, "without an INVITE's second pass through a host", NULL },
	{ 0, "no-sl-acks", NULL, &conf.no_sl_acks, opt_flag, "without ACKs to failures that no further leg had", NULL },
	{ 0, "sample", "RATE", NULL, opt_sample, "only this part of all calls, 0.1 or 10%", NULL },
	{ 0, "shard", "I/N", NULL, opt_shard, "only part I of N of all calls, by Call-ID", NULL },
	{ 0, "pass", "FILE", &stage_opts.out, opt_str, "the same as --write", NULL },
	{ 0, "fail", "FILE", &conf.fail, opt_str, "write what does not pass to FILE", NULL },
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

enum { IN, OUT, NOT_SELECTED, NO_XHEADERS, XHEADERS_UNTRUSTED, COPIES, RETRANSMISSIONS, FORGOTTEN, WAITING, OPEN, EVICTED, TAKEN, GIVEN_UP, PARTIAL, LINKED, NOT_LINKED, TOO_LONG, GAVE_UP, COUNTERS };
static struct counter counters[COUNTERS] = {
	[IN] = { "in", UNIT_MESSAGE, STAT_IN, 0 },
	[OUT] = { "out", UNIT_MESSAGE, STAT_OUT, 0 },
	[NOT_SELECTED] = { "not_selected", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[NO_XHEADERS] = { "no_xheaders", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[XHEADERS_UNTRUSTED] = { "xheaders_untrusted", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[COPIES] = { "copies", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[RETRANSMISSIONS] = { "retransmissions", UNIT_MESSAGE, STAT_INFO, 0 },
	[FORGOTTEN] = { "forgotten", UNIT_MESSAGE, STAT_INFO, 0 },
	[WAITING] = { "waiting", UNIT_MESSAGE, STAT_HELD, 0 },
	[OPEN] = { "open", UNIT_CALL, STAT_INFO, 0 },
	[EVICTED] = { "evicted", UNIT_CALL, STAT_INFO, 0 },
	[TAKEN] = { "taken", UNIT_CALL, STAT_INFO, 0 },
	[GIVEN_UP] = { "given_up", UNIT_MESSAGE, STAT_INFO, 0 },
	[PARTIAL] = { "partial", UNIT_CALL, STAT_INFO, 0 },
	[LINKED] = { "linked", UNIT_CALL, STAT_INFO, 0 },
	[NOT_LINKED] = { "not_linked", UNIT_CALL, STAT_INFO, 0 },
	[GAVE_UP] = { "regex_gave_up", UNIT_MESSAGE, STAT_INFO, 0 },
	[TOO_LONG] = { "annotations_too_long", UNIT_MESSAGE, STAT_INFO, 0 },
};

static struct {
	struct stage *stage;
	struct select *select;
	struct dedup *dedup;
	struct side *fail;
	struct tmpl **links;
	bool stopped;		/* an output failed */
} run;

/* What select has decided. */
static bool
out(void *arg, struct record *r, bool passes)
{
	bool fine;

	(void)arg;
	if (!passes) {
		fine = side_put(run.fail, run.stage, r);
	} else {
		counters[OUT].value++;
		fine = r->intact && conf.lookback == 0 ? stage_pass(run.stage, r) : stage_put(run.stage, r);
	}
	run.stopped |= !fine;
	return fine;
}

static struct select *
make_select(struct rules *rules)
{
	struct select_conf c = {
		.out = out, .say = rulesopt_say, .rest = conf.fail != NULL, .invert = conf.invert,
		.need_flag = conf.need_flag, .set_flag = conf.set_flag, .calls = conf.calls,
		.without = (uint8_t)((conf.no_dialog_ack ? TRACK_DIALOG_ACK : 0) | (conf.no_spiral ? TRACK_SPIRAL : 0) | (conf.no_sl_acks ? TRACK_SL_ACK : 0)),
		.shard = conf.shard.i, .shards = conf.shard.n, .sample = conf.sample,
		.lookback_ns = conf.lookback, .changes = rulesopt.file != NULL, .in_order = conf.in_order,
		.link_headers = conf.link_headers.v, .link_headers_n = conf.link_headers.n,
		.links = run.links, .links_n = conf.links.n, .links_whole = conf.linked, .links_max = conf.link_max,
		.max_bytes = conf.max_memory,
		.track = { .max_sets = conf.max_dialogs, .dialog_timeout_ns = conf.dialog_timeout },
	};

	for (size_t i = 0; i < conf.links.n; i++)
		run.links[i] = rulesopt_template("--link", conf.links.v[i]);
	if (getrandom(&c.track.seed, sizeof(c.track.seed), GRND_NONBLOCK) < 0)
		c.track.seed = (uintptr_t)&c;	/* early at boot: the stack's place will do */
	return select_new(&c, rules);
}

static void
on_hup(void *arg)
{
	(void)arg;
	rulesopt_again(run.select);
	if (run.fail != NULL)
		side_reopen(run.fail);
}

static void
count_calls(void)
{
	const struct select_stats t = select_stats(run.select);

	counters[OPEN].value = t.sets.open;
	counters[EVICTED].value = t.sets.evicted;
	counters[TAKEN].value = t.taken;
	counters[WAITING].value = t.waiting;
	counters[GIVEN_UP].value = t.given_up;
	counters[PARTIAL].value = t.partial;
	counters[LINKED].value = t.links.joins;
	counters[NOT_LINKED].value = t.links.refused;
	counters[TOO_LONG].value = t.left_out;
	counters[GAVE_UP].value = t.gave_up;
	counters[NOT_SELECTED].value = counters[IN].value - counters[NO_XHEADERS].value - counters[XHEADERS_UNTRUSTED].value -
	    counters[COPIES].value - counters[OUT].value - t.waiting;
}

static void
on_tick(void *arg, uint64_t time_ns)
{
	(void)arg;
	if (!select_tick(run.select, time_ns))
		run.stopped = true;
	count_calls();
}

static enum rc
on_idle(void *arg)
{
	(void)arg;
	return run.fail == NULL || side_flush(run.fail) ? RC_OK : RC_SYS;
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
without_copies(struct record *r, size_t n)
{
	struct copies_stats c;

	n = dedupopt_batch(run.dedup, r, n);
	c = dedupopt_stats(run.dedup);
	counters[COPIES].value = c.copies;
	counters[RETRANSMISSIONS].value = c.retransmissions;
	counters[FORGOTTEN].value = c.forgotten;
	return n;
}

static void
on_usr1(void *arg)
{
	(void)arg;
	dedupopt_report(run.dedup);
}

static bool
filter(struct record *r, size_t n)
{
	bool more = true;

	select_prepare(run.select, r, n);
	for (size_t i = 0; i < n && more && !run.stopped; i++)
		more = select_record(run.select, i);
	count_calls();
	return more && !run.stopped;
}

static bool
takes_calls(const struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		if (rules->v[i]->act == RULE_TRANSACTION || rules->v[i]->act == RULE_DIALOG)
			return true;
	return false;
}

/* Options that would do nothing are wrong ones. */
static void
check(const struct rules *rules)
{
	bool calls = takes_calls(rules), dialogs = false, links = conf.link_headers.n + conf.links.n > 0;

	for (size_t i = 0; i < rules->n; i++)
		dialogs |= rules->v[i]->act == RULE_DIALOG;
	if (conf.lookback > 0 && !calls && rulesopt.file == NULL)
		diag_usage("--lookback is for transactions and dialogs: -m t or -m d");
	if (conf.in_order && conf.lookback == 0)
		diag_usage("--in-order is for --lookback");
	if (conf.linked && !links)
		diag_usage("--linked is for --link-header or --link");
	if (conf.linked && !dialogs && rulesopt.file == NULL)
		diag_usage("--linked is for dialogs: -m d");
	if (conf.link_max < 2)
		diag_usage("--link-max is at least 2");
	if (conf.fail != NULL && strcmp(conf.fail, "-") == 0 && (stage_opts.out == NULL || strcmp(stage_opts.out, "-") == 0))
		diag_usage("--fail -: what passes must go elsewhere, use --pass FILE");
}

static void
say_losses(void)
{
	if (counters[EVICTED].value > 0)
		diag("%" PRIu64 " calls forgotten before their end, for --max-dialogs or --max-memory", counters[EVICTED].value);
	if (counters[PARTIAL].value > 0)
		diag("%" PRIu64 " calls are partial: messages of theirs waited longer than --lookback, or were too many for --max-memory",
		    counters[PARTIAL].value);
	if (counters[NOT_LINKED].value > 0)
		diag("%" PRIu64 " times calls were not joined, for --link-max", counters[NOT_LINKED].value);
}

int
main(int argc, char *argv[])
{
	static struct record r[SELECT_BATCH];
	struct stage_conf c = {
		.flags = STAGE_INPUT | STAGE_OUTPUT, .opts = &stage_opts, .counters = counters, .counters_n = COUNTERS,
		.argc = argc, .argv = argv, .tick = on_tick, .flush = on_idle, .usr1 = on_usr1,
	};
	struct record_xheaders *xheaders;
	struct rules rules;
	bool fine = true;
	size_t n;
	int status;

	opt_parse(&tool, &argc, &argv);
	if ((conf.link_headers.n + conf.links.n > 0) && rulesopt.correlation == NULL && rulesopt.file == NULL)
		rulesopt.correlation = "$ci";
	rules = rulesopt_read(argc, argv);
	check(&rules);
	if (conf.explain)
		exit(rulesopt_explain(&rules) ? 0 : 1);
	xheaders = xheadersopt_new();
	if (xheaders != NULL)
		c.flags |= STAGE_VERIFY;	/* what is rewritten gets a new checksum */
	c.disorder_ns = conf.in_order ? 0 : conf.lookback;
	c.hup = rulesopt_rereads() || conf.fail != NULL ? on_hup : NULL;
	run.dedup = dedupopt_new(takes_calls(&rules) || rulesopt.file != NULL, stage_opts.out == NULL || strcmp(stage_opts.out, "-") == 0, conf.max_memory / 4);
	run.links = xcalloc(conf.links.n + 1, sizeof(struct tmpl *));
	run.select = make_select(&rules);
	if (conf.fail != NULL)
		run.fail = side_open("--fail", conf.fail);
	run.stage = stage_open(&c, false, 0);
	while ((n = stage_batch(run.stage, r, SELECT_BATCH)) > 0) {
		counters[IN].value += n;
		if (!filter(r, without_copies(r, restore(xheaders, r, n))))
			break;
	}
	if (!run.stopped)
		(void)select_finish(run.select);
	count_calls();
	xheadersopt_say(xheaders);
	say_losses();
	if (!dedupopt_close(run.dedup))
		stage_failed(run.stage);
	fine = side_close(run.fail, run.stage);
	run.fail = NULL;
	status = stage_close(run.stage);
	select_free(run.select);
	record_xheaders_free(xheaders);
	return status == 0 && (!fine || (conf.fail_empty && counters[OUT].value == 0)) ? 1 : status;
}
