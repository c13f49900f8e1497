/* SPDX-License-Identifier: MIT */
#include "cli/deliver.h"

static bool xheaders;

static const struct opt opts[] = {
	{ 'x', "xheaders", NULL, &xheaders, opt_flag, "add siptrace's X-Siptrace lines: addresses, time, method, direction", NULL },
	DELIVER_ROWS, { 0 },
};
static const struct opt_tool tool = {
	.name = "sipdup",
	.synopsis = "[--xheaders] [--tee] DEST…",
	.summary = "Sends the SIP messages of a trace record stream on as plain SIP.",
	.opts = opts,
	.common = stage_sink_opts,
	.operands = "",
	.more = "DEST: udp:HOST:PORT, tcp:HOST:PORT, tls:HOST:PORT, or a SIP URI; each gets all.",
};

int
main(int argc, char *argv[])
{
	struct stage_conf conf = { .flags = STAGE_INPUT | STAGE_TEE | STAGE_VERIFY, .opts = &stage_opts,
		.counters = deliver_counters, .counters_n = deliver_counters_n, .argc = argc, .argv = argv,
		.wait = deliver_wait_input };
	struct deliver *d;
	struct stage *stage;
	int status;

	opt_parse(&tool, &argc, &argv);
	d = deliver_new(&(struct deliver_conf){ .scheme = "sip:", .keep_scheme = true, .encode = deliver_sip, .arg = &xheaders },
	    argv, (size_t)argc);
	conf.arg = d;
	stage = stage_open(&conf, false, 0);
	deliver_run(d, stage);
	status = stage_close(stage);
	deliver_free(d);
	return status;
}
