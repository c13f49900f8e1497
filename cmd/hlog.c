/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/deliver.h"
#include "cli/diag.h"
#include "cli/hepopt.h"
#include "cli/lines.h"
#include "cli/sig.h"
#include "net/dest.h"

static const char *correlation;

static const struct opt opts[] = {
	{ 'c', "correlation", "ID", &correlation, opt_str, "correlation id, the call's Call-ID (this host's name)", NULL },
	HEPOPT_ID, HEPOPT_KEY, HEPOPT_KEY_FILE, HEPOPT_NODE, HEPOPT_VENDOR, { 0 },
};
static const struct opt_tool tool = {
	.name = "hlog",
	.synopsis = "[-c ID] [DEST] [TEXT…]",
	.summary = "Sends log lines to a HEP collector: TEXT, or the lines of standard input.",
	.opts = opts,
	.common = stage_source_opts,
	.operands = "",
	.more = "DEST: udp:HOST:PORT or a SIP URI; without it $SIPTRACE_HEP. With -w records are written instead.",
};

/* The ledger of -w; without it deliver keeps one. */
enum { C_LINES, C_WRITTEN, C_TOO_LONG };
static struct counter counters[] = {
	[C_LINES] = { "lines", UNIT_MESSAGE, STAT_IN, 0 },
	[C_WRITTEN] = { "written", UNIT_MESSAGE, STAT_OUT, 0 },
	[C_TOO_LONG] = { "too_long", UNIT_MESSAGE, STAT_LOST, 0 },
};

/* Where a line goes: to the network or, with -w, into a record stream. */
struct out {
	struct stage *stage;
	struct deliver *deliver;	/* NULL: -w */
	struct id_maker *ids;
	struct buf attrs;
	uint32_t capture_id;		/* of records; 0 = none */
};

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool
put(struct out *o, struct slice text)
{
	struct record r = { .type = FRAME_MESSAGE, .kind = KIND_LOG, .time_ns = now_ns(),
		.capture_id = o->capture_id, .attrs = buf_slice(&o->attrs), .payload = text };

	r.id = record_id(o->ids, &r);
	counters[C_LINES].value++;
	counters[C_WRITTEN].value++;
	if (o->deliver == NULL)
		return stage_put(o->stage, &r);
	deliver_put(o->deliver, &r);
	return true;
}

static bool
flush(struct out *o)
{
	if (o->deliver == NULL)
		return stage_flush(o->stage);
	deliver_flush(o->deliver);
	return true;
}

static bool
buffered_lines(struct out *o, struct lines *in)
{
	struct slice line;
	bool ok = true;
	enum rc rc;

	while (ok && (rc = lines_next(in, &line)) != RC_MORE)
		if (rc == RC_LIMIT) {
			diag_count("lines too long", "a line is left out: longer than %zu bytes", in->max);
			counters[C_LINES].value++;
			counters[C_TOO_LONG].value++;
			stage_failed(o->stage);
		} else if (line.n > 0) {
			ok = put(o, line);
		}
	return ok && flush(o);
}

static void
all_lines(struct out *o)
{
	struct lines in;
	struct err e;
	enum rc rc = RC_OK;

	lines_init(&in, STDIN_FILENO, HEP_MAX);
	while (rc == RC_OK && !stage_stopping(o->stage)) {
		rc = lines_fill(&in, &e);
		if (!buffered_lines(o, &in))
			break;
	}
	if (rc == RC_SYS) {
		diag("standard input: %s", e.text);
		stage_failed(o->stage);
	}
	lines_reset(&in);
}

/* The operands are one line, as echo prints them. */
static void
text_line(struct out *o, char *const word[], int n)
{
	struct buf text = { 0 };

	for (int i = 0; i < n; i++) {
		buf_str(&text, i > 0 ? " " : "");
		buf_str(&text, word[i]);
	}
	if (put(o, buf_slice(&text)))
		(void)flush(o);
	buf_reset(&text);
}

/* Takes the destination off the operands, or from the environment. */
static char *
destination(int *argc, char ***argv)
{
	static char from_env[512];
	const char *env = getenv("SIPTRACE_HEP");
	struct slice first = slice_str(*argc > 0 ? (*argv)[0] : NULL);

	if (first.n > 0 && memchr(first.p, ' ', first.n) == NULL && (dest_has_scheme(first) || slice_istarts(first, SLICE_LIT("hep:")))) {
		if (stage_opts.out != NULL)
			diag_usage("%s: with -w records are written, and nothing is sent", (*argv)[0]);
		(*argc)--;
		return *(*argv)++;
	}
	if (stage_opts.out != NULL)
		return NULL;
	if (env == NULL || env[0] == '\0')
		diag_usage("no destination: hlog -c ID udp:HOST:PORT TEXT, or set SIPTRACE_HEP");
	if (snprintf(from_env, sizeof(from_env), "%s", env) >= (int)sizeof(from_env))
		diag_usage("SIPTRACE_HEP: too long");
	return from_env;
}

static void
open_out(struct out *o, struct stage_conf *conf, char *dest)
{
	static struct hep_conf hep;
	char host[256] = "";

	if (dest == NULL && (hepopt.key != NULL || hepopt.key_file != NULL))
		diag_usage("a key is for sending: with -w give it to hepsend");
	if (dest != NULL)
		hepopt_conf(&hep);
	/* Collectors do not keep a log line without a correlation id. */
	if (correlation == NULL && gethostname(host, sizeof(host) - 1) == 0)
		correlation = host;
	if (correlation == NULL || correlation[0] == '\0')
		diag_usage("-c: the correlation id must not be empty: collectors drop such lines");
	*o = (struct out){ .ids = id_maker_new(), .capture_id = hepopt.id_value };
	if (attr_put(&o->attrs, ATTR_CORRELATION, slice_str(correlation)) != RC_OK)
		diag_usage("-c: the correlation id is too long");
	hepopt_attrs(&o->attrs);
	if (dest != NULL)
		o->deliver = deliver_new(&(struct deliver_conf){ .scheme = "hep:", .encode = deliver_hep, .arg = &hep }, &dest, 1);
	conf->flags = dest != NULL ? 0 : STAGE_OUTPUT;
	conf->flush = dest != NULL ? deliver_poll : NULL;
	conf->counters = dest != NULL ? deliver_counters : counters;
	conf->counters_n = dest != NULL ? deliver_counters_n : sizeof(counters) / sizeof(counters[0]);
	conf->arg = o->deliver;
	o->stage = stage_open(conf, false, 0);
}

int
main(int argc, char *argv[])
{
	struct stage_conf conf = { .opts = &stage_opts, .argc = argc, .argv = argv };
	struct out o;
	char *dest;
	int status;

	opt_parse(&tool, &argc, &argv);
	dest = destination(&argc, &argv);
	open_out(&o, &conf, dest);
	if (argc > 0)
		text_line(&o, argv, argc);
	else
		all_lines(&o);
	status = stage_close(o.stage);
	if (o.deliver != NULL)
		deliver_free(o.deliver);
	id_maker_free(o.ids);
	buf_reset(&o.attrs);
	return status;
}
