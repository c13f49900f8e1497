/* SPDX-License-Identifier: MIT */
#include "cli/deliver.h"
#include "cli/hepopt.h"

static const struct opt opts[] = { HEPOPT_ROWS, DELIVER_ROWS, { 0 } };
static const struct opt_tool tool = {
	.name = "hepsend",
	.synopsis = "[-V N] [-i ID] [-k KEY] [--tee] DEST…",
	.summary = "Sends the messages of a trace record stream to HEP collectors.",
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
	struct hep_conf hep;
	struct deliver *d;
	struct stage *stage;
	int status;

	opt_parse(&tool, &argc, &argv);
	hepopt_conf(&hep);
	d = deliver_new(&(struct deliver_conf){ .scheme = "hep:", .shows_ends = true, .encode = deliver_hep, .arg = &hep,
	    .udp_only = hep.version < 3 ? "packets of HEP versions 1 and 2 do not say where they end: only UDP carries them" : NULL },
	    argv, (size_t)argc);
	conf.arg = d;
	stage = stage_open(&conf, false, 0);
	deliver_run(d, stage);
	status = stage_close(stage);
	deliver_free(d);
	return status;
}
