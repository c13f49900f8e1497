/* SPDX-License-Identifier: MIT */
/* tracecat - trace records as text, tables, JSON or capture files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/diag.h"
#include "cli/inputs.h"
#include "cli/sig.h"
#include "output/ledger.h"
#include "output/sink.h"

enum { READ, WRITTEN, UNWRITTEN, NO_ADDRESS, COUNTERS, BATCH = 256 };

static struct {
	const char *format, *columns, *out, *split;
	bool header, merge, ledger;
} conf;

static struct counter counters[COUNTERS] = {
	[READ] = { "read", UNIT_MESSAGE, STAT_IN, 0 },
	[WRITTEN] = { "written", UNIT_MESSAGE, STAT_OUT, 0 },
	[UNWRITTEN] = { "unwritten", UNIT_MESSAGE, STAT_LOST, 0 },
	[NO_ADDRESS] = { "without_address", UNIT_MESSAGE, STAT_INFO, 0 },
};

static struct opt opts[] = {
	{ 'o', "output", "FORMAT", &conf.format, opt_choice, "one of the formats below (line; with --merge records)", NULL },
	{ 'F', "columns", "LIST", &conf.columns, opt_str, "these columns, for tsv (assumed) or json", NULL },
	{ 0, "header", NULL, &conf.header, opt_flag, "tsv: a line with the columns' names first", NULL },
	{ 'w', "write", "FILE", &conf.out, opt_str, "write to FILE; with --split, the directory", NULL },
	{ 0, "split", "TEMPLATE", &conf.split, opt_str, "one file for each value, e.g. '$ci'", NULL },
	{ 0, "merge", NULL, &conf.merge, opt_flag, "read every FILE, in order of time", NULL },
	{ 0, "ledger", NULL, &conf.ledger, opt_flag, "print what was lost where, not the messages", NULL },
	{ 'r', "read", "FILE", &stage_opts.in, opt_str, "read records from FILE instead of standard input", NULL },
	{ 0, "drain-time", "TIME", &stage_opts.drain_ns, opt_time, "after INT or TERM, read on at most this long (5s)", NULL },
	{ 0 }
};

/* A run: where records come from and go to. */
struct run {
	struct stage *stage;
	struct inputs *inputs;		/* --merge */
	struct ledger *ledger;		/* --merge */
	const struct format *format;
	struct format_conf format_conf;
	struct tmpl *tmpl;		/* --split */
	int fd;				/* of the output, or the directory; -1: the stage writes (records, to one file) */
	struct sink *sink;
	bool begun, broken, done;
};

/* NULL: standard output. */
static const char *
out_name(void)
{
	return conf.out == NULL || strcmp(conf.out, "-") == 0 ? NULL : conf.out;
}

static bool
by_stage(const struct run *r)
{
	return strcmp(r->format->name, "records") == 0 && conf.split == NULL && !conf.ledger;
}

/* What one table says is said nowhere else: the names of formats and columns come from theirs. */
static void
parse(int *argc, char ***argv)
{
	static struct buf formats, columns, more;
	struct opt_tool tool = {
		"tracecat", "[-o FORMAT] [-r FILE] [-w FILE] [--merge FILE…]",
		"write trace records as text, tables, JSON or capture files", opts, NULL, "FILE", NULL, NULL,
	};
	size_t line = 0;

	format_names(&formats, " ");
	columns_names(&columns, " ");
	opts[0].values = buf_cstr(&formats);
	opts[1].values = buf_cstr(&columns);
	buf_printf(&more, "Formats: %s\nColumns:", opts[0].values);
	for (const struct column *k = column_table; k->name != NULL; k++) {
		line += strlen(k->name) + 1;
		buf_str(&more, line > 68 ? "\n  " : " ");
		line = line > 68 ? strlen(k->name) : line;
		buf_str(&more, k->name);
	}
	tool.more = buf_cstr(&more);
	opt_parse(&tool, argc, argv);
}

/* Options that contradict each other or lack something. */
static void
check(struct run *r, int argc, char **argv)
{
	const char *name = conf.columns != NULL ? "tsv" : conf.merge && !conf.ledger ? "records" : "line";
	struct err e;

	if (conf.format != NULL)
		name = conf.format;
	r->format = format_find(name);
	if (!conf.merge && argc > 0)
		diag_usage("%s: not expected here; -r FILE reads one stream, --merge FILE… several", argv[0]);
	if (conf.merge && argc == 0)
		diag_usage("--merge: name the files to merge");
	if (conf.merge && stage_opts.in != NULL)
		diag_usage("-r: not together with --merge, whose files are operands");
	if (conf.ledger && (conf.split != NULL || conf.format != NULL || conf.columns != NULL))
		diag_usage("--ledger: prints no messages, so -o, -F and --split have nothing to do");
	if (conf.columns != NULL && !r->format->columns)
		diag_usage("-F: only tsv and json have columns, not %s", name);
	if (conf.header && strcmp(name, "tsv") != 0)
		diag_usage("--header: only tsv has a line of names, not %s", name);
	if (conf.split != NULL && conf.out != NULL && out_name() == NULL)
		diag_usage("-w -: --split writes files into a directory");
	if (conf.columns == NULL && strcmp(name, "json") == 0)
		columns_all(&r->format_conf.columns);
	else if (columns_parse(conf.columns != NULL ? conf.columns : COLUMNS_DEFAULT, &r->format_conf.columns, &e) != RC_OK)
		diag_usage("-F: %s", e.text);
	r->format_conf.header = conf.header;
	if (by_stage(r))
		stage_opts.out = conf.out;
}

static void
compile_split(struct run *r)
{
	struct slice text = slice_str(conf.split);
	struct expr_err e;
	struct buf why = { 0 };

	if (conf.split == NULL || tmpl_compile(text, &r->tmpl, &e) == RC_OK)
		return;
	expr_err_text(text, &e, &why);
	diag_usage("--split: %s\n%.*s", e.err.text, SLICE_ARG(buf_slice(&why)));
}

static bool
stop_writing(void)
{
	return sig_level() >= 2;
}

static void
open_file(struct run *r)
{
	r->fd = STDOUT_FILENO;
	if (out_name() != NULL && (r->fd = open(out_name(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
		diag_die("%s: %s", out_name(), strerror(errno));
	if (r->format->binary && isatty(r->fd))
		diag_usage("standard output is a terminal, and %s is binary: use -w FILE, or -o line", r->format->name);
	r->sink = sink_new(r->fd, r->format, &r->format_conf, stop_writing);
}

static void
open_directory(struct run *r)
{
	const char *name = conf.out != NULL ? conf.out : ".";

	if (mkdir(name, 0777) != 0 && errno != EEXIST)
		diag_die("%s: %s", name, strerror(errno));
	r->fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0)
		diag_die("%s: %s", name, strerror(errno));
	r->sink = sink_new_split(r->fd, r->tmpl, r->format, &r->format_conf, stop_writing);
}

static enum rc
write_failed(struct run *r, const struct err *e)
{
	const char *what = conf.split != NULL ? "--split" : out_name() != NULL ? out_name() : "standard output";

	if (!r->broken)
		diag("%s: %s", what, e->text);
	r->broken = true;
	stage_failed(r->stage);
	return RC_SYS;
}

static enum rc
flush(void *arg)
{
	struct run *r = arg;
	struct err e;

	if (r->done)
		return RC_OK;
	if (r->broken)
		return RC_SYS;
	if (r->sink == NULL)
		return stage_flush(r->stage) ? RC_OK : RC_SYS;
	return sink_flush(r->sink, &e) == RC_OK ? RC_OK : write_failed(r, &e);
}

/* The output is whole: ends and closes it. */
static void
close_sink(struct run *r)
{
	struct err e;
	enum rc rc = sink_end(r->sink, &e);

	if (close(r->fd) != 0 && rc == RC_OK)
		rc = err_set(&e, RC_SYS, "close: %s", strerror(errno));
	if (rc != RC_OK && !r->broken)
		write_failed(r, &e);
	sink_free(r->sink);
	r->sink = NULL;
}

/* SIGHUP: the file is finished and a new one begun under its name. */
static void
reopen(void *arg)
{
	struct run *r = arg;

	if (r->broken || r->sink == NULL)
		return;
	close_sink(r);
	open_file(r);
	if (r->begun)
		sink_begin(r->sink);
}

static void
open_stage(struct run *r, int argc, char **argv, int all_argc, char **all_argv)
{
	struct stream_header h = { 0 };
	const struct stage_conf sc = {
		.flags = (conf.merge ? 0 : STAGE_INPUT | STAGE_VERIFY) | (by_stage(r) ? STAGE_OUTPUT : 0),
		.opts = &stage_opts, .counters = counters, .counters_n = COUNTERS, .argc = all_argc, .argv = all_argv,
		.hup = conf.split == NULL && out_name() != NULL ? reopen : NULL, .flush = flush, .arg = r,
	};

	if (conf.merge) {
		r->inputs = inputs_open(&(struct inputs_conf){
		    .paths = (const char *const *)argv, .n = (size_t)argc, .drain_ns = stage_opts.drain_ns, .flush = flush, .arg = r,
		});
		h = r->format_conf.stream = *inputs_header(r->inputs);
		r->ledger = ledger_new();
	}
	r->stage = stage_open(&sc, h.live, h.disorder_ns);
	if (conf.merge)
		inputs_ready(r->inputs, r->stage);
	if (r->format->packets)
		r->format_conf.packets = packets_new();
	if (conf.split != NULL)
		open_directory(r);
	else if (!by_stage(r))
		open_file(r);
}

/* The start of the output waits for the input's header. */
static void
begin(struct run *r)
{
	r->begun = true;
	if (!conf.merge)
		r->format_conf.stream = *stage_header(r->stage);
	if (r->sink != NULL)
		sink_begin(r->sink);
}

/* False: no more can be written. */
static bool
put(struct run *r, const struct record *rec)
{
	struct err e;
	enum rc rc;

	counters[NO_ADDRESS].value += r->format->packets && rec->src.family == FAMILY_NONE;
	if (r->sink != NULL)
		rc = sink_put(r->sink, rec, &e);
	else
		rc = stage_pass(r->stage, rec) ? RC_OK : RC_END;
	counters[rc == RC_OK ? WRITTEN : UNWRITTEN].value++;
	if (rc == RC_LIMIT)
		diag_count("messages not written", "%s", e.text);
	else if (rc == RC_SYS)
		write_failed(r, &e);
	return rc == RC_OK || rc == RC_LIMIT;
}

static size_t
next(struct run *r, struct record *out)
{
	if (!conf.merge)
		return stage_batch(r->stage, out, BATCH);
	while (inputs_next(r->inputs, out)) {
		if (out->type == FRAME_MESSAGE)
			return 1;
		if (out->type == FRAME_STATS && ledger_add(r->ledger, out) != RC_OK)
			diag_count("statistics", "statistics: more stages than can be kept apart");
		if (r->sink == NULL && !stage_pass(r->stage, out))
			return 0;
	}
	return 0;
}

static void
copy(struct run *r)
{
	static struct record batch[BATCH];
	size_t n;

	while ((n = next(r, batch)) > 0 && !r->broken) {
		if (!r->begun)
			begin(r);
		counters[READ].value += n;
		for (size_t i = 0; i < n && !conf.ledger; i++)
			if (!put(r, &batch[i]))
				return;
	}
}

/* What --ledger prints, to where the messages would go. */
static void
print_ledger(struct run *r)
{
	struct buf table = { 0 };
	struct err e;

	if (!ledger_table(conf.merge ? r->ledger : stage_ledger(r->stage), &table))
		stage_failed(r->stage);
	if (write_all(r->fd, buf_slice(&table), NULL, NULL, &e) != RC_OK)
		write_failed(r, &e);
	buf_reset(&table);
}

static int
finish(struct run *r)
{
	int status;

	if (!r->begun)
		begin(r);
	if (conf.ledger)
		print_ledger(r);
	if (r->sink != NULL)
		close_sink(r);
	r->done = true;
	if (r->inputs != NULL)
		inputs_close(r->inputs);
	status = stage_close(r->stage);
	ledger_free(r->ledger);
	packets_free(r->format_conf.packets);
	return status;
}

int
main(int argc, char **argv)
{
	int all_argc = argc;
	char **all_argv = argv;
	static struct run r;

	diag_init("tracecat");
	parse(&argc, &argv);
	check(&r, argc, argv);
	compile_split(&r);
	open_stage(&r, argc, argv, all_argc, all_argv);
	copy(&r);
	return finish(&r);
}
