/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "cli/deliver.h"
#include "cli/diag.h"
#include "cli/hepopt.h"
#include "cli/level.h"
#include "cli/notes.h"
#include "net/dest.h"
#include "sip/msg.h"

#define DRAIN_NS UINT64_C(1000000000)	/* a script waits for us */

/* --from, --to */
struct endpoint {
	uint8_t transport;
	struct addr addr;	/* FAMILY_NONE: not given */
};

static struct {
	const char *correlation;
	struct regex *corr_regex;
	struct strs files;
	bool from_start, sip;
	uint32_t rate, burst;	/* 0: not given */
	int level;
	struct endpoint from, to;
} conf = { .level = LEVEL_NONE };

/* As socket_parse, but a port may be left out. */
static enum rc
opt_endpoint(const struct opt *o, const char *arg, struct err *e)
{
	struct slice s = slice_str(arg), transport = slice_head(s, slice_chr(s, ':'));
	struct endpoint *p = o->dst;

	if (socket_parse(s, &p->transport, &p->addr) == RC_OK)
		return RC_OK;
	if (transport_parse(transport, &p->transport) == RC_OK && addr_parse(slice_skip(s, transport.n + 1), &p->addr) == RC_OK)
		return RC_OK;
	return err_set(e, RC_BAD, "'%s' is not as udp:192.0.2.1:5060 or tcp:[2001:db8::1]:5060", arg);
}

static enum rc
opt_regex(const struct opt *o, const char *arg, struct err *e)
{
	struct regex **re = o->dst;
	size_t off;

	regex_free(*re);
	*re = NULL;
	return regex_new(slice_str(arg), re, &off, e);
}

static const struct opt opts[] = {
	{ 'c', "correlation", "ID", &conf.correlation, opt_str, "correlation id, the call's Call-ID (this host's name)", NULL },
	{ 0, "corr-regex", "REGEX", &conf.corr_regex, opt_regex, "take it from each line: the first group, else the match", NULL },
	{ 'f', "follow", "FILE", &conf.files, opt_strs, "send what is added to FILE, through its rotation", NULL },
	{ 0, "from-start", NULL, &conf.from_start, opt_flag, "with -f: from the beginning of the file", NULL },
	{ 0, "rate", "N", &conf.rate, opt_rate, "at most N lines a second", NULL },
	{ 0, "burst", "N", &conf.burst, opt_rate, "with --rate: N lines at once after a pause (one second's)", NULL },
	{ 0, "level", "LEVEL", &conf.level, level_opt, "put \"ERROR: \" or the like before lines without <N>", LEVEL_NAMES },
	{ 0, "sip", NULL, &conf.sip, opt_flag, "one SIP message: TEXT, or all of standard input", NULL },
	{ 0, "from", "SOCKET", &conf.from, opt_endpoint, "with --sip: where it came from, as udp:192.0.2.1:5060", NULL },
	{ 0, "to", "SOCKET", &conf.to, opt_endpoint, "with --sip: where it went, and over what", NULL },
	HEPOPT_ID, HEPOPT_KEY, HEPOPT_KEY_FILE, HEPOPT_NODE, HEPOPT_VENDOR, DELIVER_CHOICE_ROWS, DELIVER_CONN_ROWS, DELIVER_KEEP_ROWS,
	{ 0, "drain-time", "TIME", &stage_opts.drain_ns, opt_time, "at the end, wait so long for those who take nothing (1s)", NULL },
	{ 0 },
};
static const struct opt_tool tool = {
	.name = "hlog",
	.synopsis = "[-c ID] [DEST…] [--] [TEXT…]",
	.summary = "Sends log lines to HEP collectors: TEXT, or the lines of standard input.",
	.opts = opts,
	.common = stage_source_opts,
	.operands = "",
	.more = "DEST: udp:HOST:PORT, tcp:, tls:, or a SIP URI; without any $SIPTRACE_HEP. With -w records are written instead.",
};

static bool
is_dest(const char *word)
{
	struct slice s = slice_str(word);

	return memchr(s.p, ' ', s.n) == NULL && (dest_has_scheme(s) || slice_istarts(s, SLICE_LIT("hep:")));
}

/* The destinations in $SIPTRACE_HEP. They belong to the process. */
static void
dests_from_env(struct notes_conf *to)
{
	static char *text, **list;
	const char *env = getenv("SIPTRACE_HEP");

	text = xstrdup(env != NULL ? env : "");
	list = xcalloc(strlen(text) / 2 + 1, sizeof(*list));
	for (char *save, *word = strtok_r(text, " \t\n", &save); word != NULL; word = strtok_r(NULL, " \t\n", &save))
		list[to->dests++] = word;
	if (to->dests == 0)
		diag_usage("no destination: hlog -c ID udp:HOST:PORT TEXT, or set SIPTRACE_HEP");
	to->dest = list;
}

/* Takes the destinations off the operands: the first ones, before any "--", that are some; else from the environment. */
static void
take_dests(struct notes_conf *to, int *argc, char ***argv)
{
	int n = 0;

	while (n < opt_operands() && is_dest((*argv)[n]))
		n++;
	if (stage_opts.out != NULL && n > 0)
		diag_usage("%s: with -w records are written, and nothing is sent (text that looks like a destination goes behind --)", (*argv)[0]);
	to->dest = *argv;
	to->dests = (size_t)n;
	*argc -= n;
	*argv += n;
	if (n == 0 && stage_opts.out == NULL)
		dests_from_env(to);
}

static void
check_options(int texts)
{
	if (conf.files.n > FEED_FILES)
		diag_usage("-f: at most %d files", FEED_FILES);
	if (conf.files.n > 0 && texts > 0)
		diag_usage("-f: the lines are the file's, so no TEXT is taken");
	if (conf.from_start && conf.files.n == 0)
		diag_usage("--from-start: only with -f");
	if (conf.burst > 0 && conf.rate == 0)
		diag_usage("--burst: only with --rate");
	if (conf.sip != (conf.from.addr.family != FAMILY_NONE) || conf.sip != (conf.to.addr.family != FAMILY_NONE))
		diag_usage("--sip, --from and --to belong together: a message without addresses cannot be shown");
	if (conf.sip && conf.from.addr.family != conf.to.addr.family)
		diag_usage("--from and --to: one is IPv4, the other IPv6, and HEP has no way to say that");
	if (conf.sip && (conf.files.n > 0 || conf.rate > 0 || conf.level != LEVEL_NONE || conf.corr_regex != NULL))
		diag_usage("--sip sends one message: -f, --rate, --level and --corr-regex are for lines");
	if (stage_opts.out != NULL && (hepopt.key != NULL || hepopt.key_file != NULL))
		diag_usage("a key is for sending: with -w give it to hepsend");
	if (stage_opts.out != NULL && deliver_opts.on_full != NULL && conf.rate == 0)
		diag_usage("--on-full: with -w there is nothing to be full but --rate");
}

/* What every record bears. */
static void
take_attrs(struct buf *attrs)
{
	char host[256] = "";

	/* Collectors do not keep a log line without a correlation id; of SIP they make one themselves. */
	if (conf.correlation == NULL && !conf.sip && gethostname(host, sizeof(host) - 1) == 0)
		conf.correlation = host;
	if (!conf.sip && (conf.correlation == NULL || conf.correlation[0] == '\0'))
		diag_usage("-c: the correlation id must not be empty: collectors drop such lines");
	if (conf.correlation != NULL && conf.correlation[0] != '\0' &&
	    attr_put(attrs, ATTR_CORRELATION, slice_str(conf.correlation)) != RC_OK)
		diag_usage("-c: the correlation id is too long");
	hepopt_attrs(attrs);
}

/* The operands are one text, as echo prints them. */
static void
operands_text(char *const word[], int n, struct buf *text)
{
	for (int i = 0; i < n; i++) {
		buf_str(text, i > 0 ? " " : "");
		buf_str(text, word[i]);
	}
}

static void
input_text(struct buf *text)
{
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf_room(text, 65536), 65536)) > 0)
		if ((text->n += (size_t)n) > TRACE_MAX_PAYLOAD)
			diag_die("standard input: more than %u MiB is no message", TRACE_MAX_PAYLOAD >> 20);
	if (n < 0)
		diag_die("standard input: %s", strerror(errno));
	if (text->n == 0)
		diag_die("standard input: empty, and --sip sends what it holds");
}

static void
send_message(struct notes *o, struct slice message)
{
	struct record r = { .kind = KIND_SIP, .transport = conf.to.transport, .src = conf.from.addr, .dst = conf.to.addr, .payload = message };

	if (sip_scan(message, &r.sip) == RC_OK)
		r.marks |= MARK_SIP;
	if (notes_put(o, &r))
		(void)notes_flush(o);
}

static void
send_lines(struct notes *o)
{
	struct feed *in = feed_new(&(struct feed_conf){ .paths = conf.files.v, .n = conf.files.n, .from_start = conf.from_start,
	    .max_line = HEP_MAX, .poll = notes_poll, .arg = o });

	notes_all(o, in);
	feed_free(in);
}

/* What is sent, and how. */
static void
fill_conf(struct notes_conf *to, struct buf *attrs)
{
	take_attrs(attrs);
	to->attrs = buf_slice(attrs);
	to->correlation = conf.corr_regex;
	to->capture_id = hepopt.id_value;
	if (to->dests > 0)
		hepopt_conf(&to->hep);
	to->level = conf.level;
	to->rate = conf.rate;
	to->burst = conf.burst;
	to->live = conf.files.n > 0 && !conf.from_start;
	if (deliver_opts.on_full == NULL)
		deliver_opts.on_full = to->live ? "drop" : "block";
	to->drop = deliver_opts.on_full[0] == 'd';
}

int
main(int argc, char *argv[])
{
	struct notes_conf to = { .argc = argc, .argv = argv };
	struct buf attrs = { 0 }, text = { 0 };
	struct notes *o;
	int status;

	stage_opts.drain_ns = DRAIN_NS;
	opt_parse(&tool, &argc, &argv);
	take_dests(&to, &argc, &argv);
	check_options(argc);
	fill_conf(&to, &attrs);
	operands_text(argv, argc, &text);
	if (conf.sip && argc == 0)
		input_text(&text);
	o = notes_open(&to);
	if (conf.sip)
		send_message(o, buf_slice(&text));
	else if (argc == 0)
		send_lines(o);
	else if (notes_line(o, conf.level, buf_slice(&text)))
		(void)notes_flush(o);
	status = notes_close(o);
	buf_reset(&attrs);
	buf_reset(&text);
	regex_free(conf.corr_regex);
	free(conf.files.v);
	return status;
}
