/* SPDX-License-Identifier: MIT */
#include "cli/diag.h"
#include "cli/hepopt.h"
#include "cli/stage.h"

#define BATCH 64

enum { C_IN, C_OUT, C_ENCODED, C_PASSED, C_TOO_LARGE, C_UNENCODABLE };
static struct counter counters[] = {
	[C_IN] = { "received", UNIT_MESSAGE, STAT_IN, 0 },
	[C_OUT] = { "passed_on", UNIT_MESSAGE, STAT_OUT, 0 },
	[C_ENCODED] = { "encoded", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_PASSED] = { "hep_already", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_TOO_LARGE] = { "too_large", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_UNENCODABLE] = { "unencodable", UNIT_MESSAGE, STAT_INFO, 0 },
};

static const struct opt opts[] = { HEPOPT_ROWS, { 0 } };
static const struct opt_tool tool = {
	.name = "hepenc",
	.synopsis = "[-V N] [-i ID] [-k KEY] [-r FILE] [-w FILE]",
	.summary = "Turns the messages of a trace record stream into HEP packets.",
	.opts = opts,
	.common = stage_filter_opts,
	.operands = "",
};

/* A record that cannot become a HEP packet stays in the stream as it is. */
static bool
keep(struct stage *stage, const struct record *r, enum rc rc, const struct err *e)
{
	if (rc == RC_LIMIT)
		diag_count("messages too large for HEP", "a message is passed on as it is: %s", e->text);
	else
		diag_count("messages that HEP cannot express", "a message is passed on as it is: %s", e->text);
	counters[rc == RC_LIMIT ? C_TOO_LARGE : C_UNENCODABLE].value++;
	stage_failed(stage);
	return stage_pass(stage, r);
}

static bool
encode(struct stage *stage, struct record *r, const struct hep_conf *conf, struct buf *packet)
{
	struct err e = { .text = "" };
	enum rc rc;

	counters[C_IN].value++;
	counters[C_OUT].value++;
	if (r->kind == KIND_HEP) {
		counters[C_PASSED].value++;
		return stage_pass(stage, r);
	}
	buf_clear(packet);
	rc = hepopt_head(r, conf, packet, &e);
	if (rc != RC_OK)
		return keep(stage, r, rc, &e);
	buf_put(packet, r->payload);
	counters[C_ENCODED].value++;
	r->kind = KIND_HEP;
	r->marks &= (uint8_t)~MARK_SIP;
	r->payload = buf_slice(packet);
	r->payload_crc_known = r->intact = false;
	return stage_put(stage, r);
}

int
main(int argc, char *argv[])
{
	struct stage_conf conf = { .flags = STAGE_INPUT | STAGE_OUTPUT | STAGE_VERIFY, .opts = &stage_opts,
		.counters = counters, .counters_n = sizeof(counters) / sizeof(counters[0]), .argc = argc, .argv = argv };
	struct record r[BATCH];
	struct buf packet = { 0 };
	struct hep_conf hep;
	struct stage *stage;
	bool ok = true;
	size_t n;

	opt_parse(&tool, &argc, &argv);
	if (argc > 0)
		diag_usage("%s: no operands are taken (-r FILE reads a file)", argv[0]);
	hepopt_conf(&hep);
	stage = stage_open(&conf, false, 0);
	while (ok && (n = stage_batch(stage, r, BATCH)) > 0)
		for (size_t i = 0; i < n && ok; i++)
			ok = encode(stage, &r[i], &hep, &packet);
	buf_reset(&packet);
	return stage_close(stage);
}
