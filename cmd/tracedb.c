/* SPDX-License-Identifier: MIT */
/* tracedb - records into siptrace's table, and out again. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "cli/stage.h"
#include "expr/expr.h"
#include "store/inserter.h"
#include "store/store.h"

#define BATCH 64	/* records read at a time */

static struct {
	const char *url, *table, *tables, *mode, *on_full;
	uint64_t lock_ns, batch, batch_ns, queue, limit;
	struct strs callid, number, user, method, status, from, to;
	const char *since, *until;
} opts = {
	.table = "sip_trace",
	.mode = "delayed",
	.lock_ns = 5000000000,
	.batch = 10000,
	.batch_ns = 1000000000,
	.queue = 8 << 20,
	.limit = UINT64_MAX,
};

#define OPT_DB { 'd', "database", "URL", &opts.url, opt_str, "sqlite:FILE ($SIPTRACE_DB_URL, else sqlite:siptrace.db)", NULL }
#define OPT_TABLE { 0, "table", "NAME", &opts.table, opt_str, "table of messages (sip_trace)", NULL }
#define OPT_LOCK { 0, "lock-timeout", "TIME", &opts.lock_ns, opt_time, "wait that long for another process's lock (5s)", NULL }

static const struct opt insert_opts[] = {
	OPT_DB,
	OPT_TABLE,
	{ 0, "tables", "NAME,NAME", &opts.tables, opt_str, "other tables that a message may ask for", NULL },
	{ 0, "mode", "MODE", &opts.mode, opt_choice, "commit each message, batches (delayed), or batches in a thread", "standard delayed async 0 1 2" },
	{ 0, "batch", "N", &opts.batch, opt_u64, "messages a batch (10000)", NULL },
	{ 0, "batch-time", "TIME", &opts.batch_ns, opt_time, "commit a batch at the latest after TIME (1s)", NULL },
	{ 0, "queue", "BYTES", &opts.queue, opt_u64, "size of the queue in mode async (8M)", NULL },
	{ 0, "on-full", "WHAT", &opts.on_full, opt_choice, "a full queue blocks or drops (live input drops)", "block drop" },
	OPT_LOCK,
	{ 0 },
};

static const struct opt query_opts[] = {
	OPT_DB,
	OPT_TABLE,
	{ 0, "callid", "ID", &opts.callid, opt_strs, "messages of this Call-ID (these options can be repeated)", NULL },
	{ 0, "number", "USER", &opts.number, opt_strs, "whose From, To or request URI has this user", NULL },
	{ 0, "traced-user", "USER", &opts.user, opt_strs, "that were traced for this user", NULL },
	{ 0, "since", "TIME", &opts.since, opt_str, "at or after TIME: 2026-11-22 21:05, 1795375230, -1h", NULL },
	{ 0, "until", "TIME", &opts.until, opt_str, "before TIME", NULL },
	{ 0, "from-ip", "ADDR", &opts.from, opt_strs, "sent from ADDR, ADDR/LEN, ADDR:PORT", NULL },
	{ 0, "to-ip", "ADDR", &opts.to, opt_strs, "sent to ADDR", NULL },
	{ 0, "method", "NAME", &opts.method, opt_strs, "of this method; replies have that of their CSeq", NULL },
	{ 0, "status", "CODE", &opts.status, opt_strs, "replies with this code, or class: 4xx", NULL },
	{ 'n', "limit", "N", &opts.limit, opt_u64, "at most the first N messages", NULL },
	OPT_LOCK,
	{ 0 },
};

static const struct opt_tool insert_tool = {
	.name = "insert",
	.synopsis = "[-d URL] [--table NAME] [--mode MODE] [-r FILE] [--tee]",
	.summary = "stores the records of standard input; what is there already is not stored twice",
	.opts = insert_opts,
	.common = stage_sink_opts,
	.operands = "",
};

static const struct opt_tool query_tool = {
	.name = "query",
	.synopsis = "[-d URL] [--table NAME] [--callid ID] [--since TIME] … [-n N] [EXPR]",
	.summary = "writes the records that meet every condition, in time order",
	.opts = query_opts,
	.common = stage_source_opts,
	.operands = "",
};

static const struct opt_tool tool = {
	.name = "tracedb",
	.synopsis = "insert|query [OPTION]…",
	.summary = "stores trace records in a database, and gets them back",
	.subs = (const struct opt_tool *const[]){ &insert_tool, &query_tool, NULL },
};

/* Both take turns as counters[]: of messages, and of rows for insert. */
enum { IN, STORED, REPEATED, LOST, ROWS, OTHER_TABLE = 2 * ROWS, INSERT_COUNTERS };
static struct counter insert_counters[] = {
	{ "in", UNIT_MESSAGE, STAT_IN, 0 },
	{ "stored", UNIT_MESSAGE, STAT_OUT, 0 },
	{ "repeated", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	{ "unstored", UNIT_MESSAGE, STAT_LOST, 0 },
	{ "in", UNIT_ROW, STAT_IN, 0 },
	{ "stored", UNIT_ROW, STAT_OUT, 0 },
	{ "repeated", UNIT_ROW, STAT_CHOSEN, 0 },
	{ "unstored", UNIT_ROW, STAT_LOST, 0 },
	{ "other_table", UNIT_MESSAGE, STAT_INFO, 0 },
};

struct insert {
	struct stage *stage;
	struct inserter *inserter;
	bool failed;		/* the store did, and it was said */
	bool closing;
};

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
show_count(struct counter *c, const struct inserter_count *n)
{
	c[IN].value = n->in;
	c[STORED].value = n->stored;
	c[REPEATED].value = n->repeated;
	c[LOST].value = n->lost;
}

static void
show_counts(struct insert *i)
{
	struct inserter_counts c;

	inserter_counts(i->inserter, &c);
	show_count(insert_counters, &c.messages);
	show_count(insert_counters + ROWS, &c.rows);
	insert_counters[OTHER_TABLE].value = c.other_table;
}

/* Without anyone behind it there is no use in reading on; a tee goes on passing. */
static bool
stored(struct insert *i, enum rc rc, const struct err *e)
{
	if (rc != RC_OK && !i->failed) {
		diag("%s", e->text);
		stage_failed(i->stage);
		i->failed = true;
	}
	return !i->failed || stage_opts.tee || stage_opts.out != NULL;
}

/* Nothing to read: waits with the batch until more comes or it is old enough. At the end: all of it, now. */
static enum rc
flush(void *arg)
{
	struct insert *i = arg;
	struct err e = { .text = "" };
	bool ok = stage_flush(i->stage);
	uint64_t due;

	while (ok && !i->closing && (due = inserter_due_ns(i->inserter, clock_ns(CLOCK_MONOTONIC))) != UINT64_MAX) {
		if (due == 0)
			ok = stored(i, inserter_commit(i->inserter, &e), &e);
		else if (stage_wait(i->stage, due))
			break;
	}
	if (ok && i->closing)
		ok = stored(i, inserter_finish(i->inserter, &e), &e);
	show_counts(i);
	return ok ? RC_OK : RC_LIMIT;
}

static void
last_words(const struct insert *i)
{
	struct inserter_counts c;

	inserter_counts(i->inserter, &c);
	if (c.refused.rc != RC_OK)
		diag("rows refused, the first one: %s", c.refused.text);
	if (c.dropped > 0)
		diag("queue full: %" PRIu64 " messages dropped", c.dropped);
	if (c.other_table > 0)
		diag("%" PRIu64 " messages name a table that --tables does not list: stored in %s", c.other_table, opts.table);
	if (c.messages.lost > c.dropped)
		diag("%" PRIu64 " of %" PRIu64 " messages not stored", c.messages.lost - c.dropped, c.messages.in);
}

static const char *
database(void)
{
	const char *env = getenv("SIPTRACE_DB_URL");

	return opts.url != NULL ? opts.url : env != NULL && env[0] != '\0' ? env : "sqlite:siptrace.db";
}

static struct store *
open_store(struct store_conf *conf)
{
	struct store *store;
	struct err e = { .text = "" };
	enum rc rc;

	conf->url = database();
	conf->lock_timeout_ns = opts.lock_ns;
	rc = store_open(conf, &store, &e);
	if (rc == RC_BAD)
		diag_usage("%s", e.text);
	if (rc != RC_OK)
		diag_die("%s", e.text);
	if (store->note.n > 0)
		diag("%s", buf_cstr(&store->note));
	return store;
}

static bool
drops(const struct insert *i)
{
	return opts.on_full != NULL ? strcmp(opts.on_full, "drop") == 0 : stage_header(i->stage)->live;
}

static void
insert_all(struct insert *i)
{
	struct record r[BATCH];
	struct err e = { .text = "" };
	bool ok = true;
	size_t n;

	while (ok && (n = stage_batch(i->stage, r, BATCH)) > 0) {
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		inserter_on_full(i->inserter, drops(i));
		for (size_t k = 0; k < n && ok; k++) {
			ok = stored(i, inserter_put(i->inserter, &r[k], now, &e), &e);
			ok = ok && stage_pass(i->stage, &r[k]);
		}
		show_counts(i);
	}
}

static struct inserter_conf
inserter_conf(void)
{
	return (struct inserter_conf){
		.mode = inserter_mode(opts.mode),
		.batch_messages = opts.batch > 0 ? opts.batch : 1,
		.batch_ns = opts.batch_ns,
		.queue_bytes = opts.queue,
	};
}

static int
insert_main(int operands, int argc, char **argv)
{
	struct insert i = { 0 };
	const struct stage_conf conf = {
		.flags = STAGE_INPUT | STAGE_TEE | STAGE_VERIFY,
		.opts = &stage_opts,
		.counters = insert_counters,
		.counters_n = INSERT_COUNTERS,
		.argc = argc,
		.argv = argv,
		.flush = flush,
		.arg = &i,
	};
	const char *names[STORE_TABLES] = { opts.table };
	char *list = xstrdup(opts.tables != NULL ? opts.tables : "");
	struct store_conf store_conf = { .write = true, .tables = { names, 1 + store_names(list, names + 1, STORE_TABLES - 1) } };
	const struct inserter_conf how = inserter_conf();
	struct err e = { .text = "" };
	struct store *store;
	int status;

	if (operands > 0)
		diag_usage("insert takes no operand: the database is -d URL, the records come from standard input or -r FILE");
	i.stage = stage_open(&conf, false, 0);
	store = open_store(&store_conf);
	if (inserter_new(store, &how, &i.inserter, &e) != RC_OK)
		diag_die("%s", e.text);
	insert_all(&i);
	i.closing = true;
	(void)!flush(&i);
	last_words(&i);
	status = stage_close(i.stage);
	inserter_free(i.inserter);
	store_close(store);
	free(list);
	return status;
}

enum { FOUND, OUT, UNMATCHED, DAMAGED, QUERY_COUNTERS };
static struct counter query_counters[] = {
	{ "found", UNIT_MESSAGE, STAT_IN, 0 },
	{ "out", UNIT_MESSAGE, STAT_OUT, 0 },
	{ "unmatched", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	{ "damaged", UNIT_MESSAGE, STAT_LOST, 0 },
};

static struct words
words(const struct strs *s)
{
	return (struct words){ s->v, s->n };
}

static void
want_nets(const char *option, const struct strs *words_given, struct nets *nets)
{
	struct err e = { .text = "" };

	for (size_t i = 0; i < words_given->n; i++)
		if (select_net(nets, words_given->v[i], &e) != RC_OK)
			diag_usage("%s: %s", option, e.text);
}

static bool
want_time(const char *option, const char *text, int64_t *us)
{
	struct err e = { .text = "" };

	if (text != NULL && when_parse(slice_str(text), clock_ns(CLOCK_REALTIME), us, &e) != RC_OK)
		diag_usage("%s: %s", option, e.text);
	return text != NULL;
}

static void
want(struct select *s)
{
	struct err e = { .text = "" };

	*s = (struct select){
		.callid = words(&opts.callid),
		.number = words(&opts.number),
		.user = words(&opts.user),
		.method = words(&opts.method),
		.status = words(&opts.status),
	};
	for (size_t i = 0; i < opts.status.n; i++)
		if (select_status(opts.status.v[i], &e) != RC_OK)
			diag_usage("--status: %s", e.text);
	want_nets("--from-ip", &opts.from, &s->from);
	want_nets("--to-ip", &opts.to, &s->to);
	s->has_since = want_time("--since", opts.since, &s->since_us);
	s->has_until = want_time("--until", opts.until, &s->until_us);
}

static struct expr *
want_expr(int operands, char **operand)
{
	struct expr_err why = { .off = 0 };
	struct buf text = { 0 };
	struct expr *x;

	if (operands > 1)
		diag_usage("one expression, quoted as one word (see --help)");
	if (operands == 0)
		return NULL;
	if (expr_compile(slice_str(operand[0]), &x, &why) == RC_OK)
		return x;
	expr_err_text(slice_str(operand[0]), &why, &text);
	fprintf(stderr, "%s", buf_cstr(&text));
	diag_usage("wrong expression");
}

/* False: the database failed, which was said. */
static bool
answer_all(struct stage *stage, struct answer *a, const struct select *s, const struct expr *x)
{
	struct expr_ctx *ctx = expr_ctx_new();
	struct err e = { .text = "" };
	struct record r;
	enum rc rc = RC_OK;

	while (query_counters[OUT].value < opts.limit && !stage_stopping(stage)) {
		rc = answer_next(a, &r, &e);
		if (rc != RC_OK && rc != RC_BAD)
			break;
		query_counters[FOUND].value++;
		if (rc == RC_BAD) {
			query_counters[DAMAGED].value++;
			diag_count("damaged rows", "%s", e.text);
			continue;
		}
		expr_ctx_record(ctx, &r);
		if (!select_match(s, &r) || (x != NULL && !expr_match(x, ctx))) {
			query_counters[UNMATCHED].value++;
			continue;
		}
		if (!stage_put(stage, &r))
			break;
		query_counters[OUT].value++;
	}
	expr_ctx_free(ctx);
	if (rc == RC_SYS)
		diag("%s", e.text);
	return rc != RC_SYS;
}

static int
query_main(int operands, char **operand, int argc, char **argv)
{
	const struct stage_conf conf = {
		.flags = STAGE_OUTPUT,
		.opts = &stage_opts,
		.counters = query_counters,
		.counters_n = QUERY_COUNTERS,
		.argc = argc,
		.argv = argv,
	};
	struct store_conf store_conf = { .tables = { .v = &opts.table, .n = 1 } };
	struct expr *x = want_expr(operands, operand);
	struct err e = { .text = "" };
	struct select select;
	struct answer *answer;
	struct store *store;
	struct stage *stage;
	int status;

	want(&select);
	store = open_store(&store_conf);
	stage = stage_open(&conf, false, 0);
	answer = answer_new(store, &select);
	if (store->driver->query(store, &select, &e) != RC_OK) {
		diag("%s", e.text);
		stage_failed(stage);
	} else if (!answer_all(stage, answer, &select, x)) {
		stage_failed(stage);
	}
	status = stage_close(stage);
	answer_free(answer);
	store_close(store);
	select_reset(&select);
	expr_free(x);
	return status;
}

int
main(int argc, char **argv)
{
	char **operand = argv;
	int operands = argc;
	const struct opt_tool *command = opt_parse_sub(&tool, &operands, &operand);

	signal(SIGXFSZ, SIG_IGN);	/* a limit on files is a full disk, not a crash */
	if (command == &insert_tool)
		return insert_main(operands, argc, argv);
	return query_main(operands, operand, argc, argv);
}
