/* SPDX-License-Identifier: MIT */
#include "cli/diag.h"
#include "cli/heplint.h"
#include "cli/hepopt.h"
#include "cli/stage.h"
#include "hep/inflate.h"

#define BATCH 64

enum { C_IN, C_OUT, C_ENCODED, C_PASSED, C_TOO_LARGE, C_UNENCODABLE, C_DECODED, C_NO_HEP, C_UNPACKED, C_DAMAGED, C_JUDGED };
static struct counter counters[] = {
	[C_IN] = { "received", UNIT_MESSAGE, STAT_IN, 0 },
	[C_OUT] = { "passed_on", UNIT_MESSAGE, STAT_OUT, 0 },
	[C_ENCODED] = { "encoded", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_PASSED] = { "hep_already", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_TOO_LARGE] = { "too_large", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_UNENCODABLE] = { "unencodable", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_DECODED] = { "decoded", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_NO_HEP] = { "no_hep", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_UNPACKED] = { "unpacked", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_DAMAGED] = { "damaged_hep", UNIT_MESSAGE, STAT_INFO, 0 },
	[C_JUDGED] = { "judged", UNIT_MESSAGE, STAT_CHOSEN, 0 },
};

static bool decoding, linting;

static const struct opt opts[] = {
	HEPOPT_ROWS,
	{ 'D', "decode", NULL, &decoding, opt_flag, "the other way: messages out of HEP packets", NULL },
	{ 0, "lint", NULL, &linting, opt_flag, "report what packets would trip over at receivers; no records", NULL },
	{ 0 },
};
static const struct opt_tool tool = {
	.name = "hepenc",
	.synopsis = "[-D | --lint] [--for RECEIVER] [-V N] [-i ID] [-k KEY]",
	.summary = "Turns the messages of a trace record stream into HEP packets, or back.",
	.opts = opts,
	.common = stage_filter_opts,
	.operands = "",
};

/* What the three modes share. */
struct work {
	struct stage *stage;
	struct hep_conf conf;
	struct buf packet;	/* encoding */
	struct buf message;	/* decoding: what was compressed */
	struct buf attrs;
	struct id_maker *ids;
	struct heplint *lint;
};

/* A record that cannot become a HEP packet stays in the stream as it is. */
static bool
keep(struct work *w, const struct record *r, enum rc rc, const struct err *e)
{
	if (rc == RC_LIMIT)
		diag_count("messages too large for HEP", "a message is passed on as it is: %s", e->text);
	else
		diag_count("messages that HEP cannot express", "a message is passed on as it is: %s", e->text);
	counters[rc == RC_LIMIT ? C_TOO_LARGE : C_UNENCODABLE].value++;
	stage_failed(w->stage);
	return stage_pass(w->stage, r);
}

static bool
encode(struct work *w, struct record *r)
{
	struct err e = { .text = "" };
	enum rc rc;

	counters[C_OUT].value++;
	if (r->kind == KIND_HEP) {
		counters[C_PASSED].value++;
		return stage_pass(w->stage, r);
	}
	buf_clear(&w->packet);
	rc = hepopt_head(r, &w->conf, &w->packet, &e);
	if (rc != RC_OK)
		return keep(w, r, rc, &e);
	buf_put(&w->packet, r->payload);
	counters[C_ENCODED].value++;
	r->kind = KIND_HEP;
	r->marks &= (uint8_t)~MARK_SIP;
	r->payload = buf_slice(&w->packet);
	r->payload_crc_known = r->intact = false;
	return stage_put(w->stage, r);
}

/* The message of a record's packet; it borrows from the record and from *w. */
static enum rc
message_of(struct work *w, const struct record *r, struct record *m, struct err *e)
{
	struct slice in = r->payload;
	struct hep h;
	bool own_id;
	enum rc rc = hep_decode(&in, &h);

	if (rc != RC_OK)
		return err_set(e, RC_BAD, rc == RC_MORE ? "the packet is cut" : "it is no HEP packet, or a damaged one");
	if (in.n > 0)
		return err_set(e, RC_BAD, "%zu bytes follow the packet", in.n);
	if (h.compressed) {
		buf_clear(&w->message);
		rc = hep_inflate(h.payload, HEP_INFLATE_MAX, &w->message, e);
		if (rc != RC_OK)
			return rc;
		h.payload = buf_slice(&w->message);
		counters[C_UNPACKED].value++;
	}
	rc = record_unwrap(r, &h, &w->attrs, m, &own_id, e);
	if (rc == RC_OK && !own_id)
		m->id = record_id(w->ids, m);
	return rc;
}

static bool
decode(struct work *w, struct record *r)
{
	struct err e = { .text = "" };
	struct record m;

	counters[C_OUT].value++;
	if (r->kind != KIND_HEP) {
		counters[C_NO_HEP].value++;
		return stage_pass(w->stage, r);
	}
	if (message_of(w, r, &m, &e) == RC_OK) {
		counters[C_DECODED].value++;
		return stage_put(w->stage, &m);
	}
	diag_count("damaged HEP packets", "a HEP packet is passed on as it is: %s", e.text);
	counters[C_DAMAGED].value++;
	stage_failed(w->stage);
	return stage_pass(w->stage, r);
}

static bool
judge(struct work *w, struct record *r)
{
	counters[C_JUDGED].value++;
	heplint_put(w->lint, r);
	return true;
}

static void
report(struct work *w)
{
	if (heplint_report(w->lint, stdout))
		stage_failed(w->stage);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		diag("standard output: the report could not be written");
		stage_failed(w->stage);
	}
}

/* Options that say how packets are written mean nothing where none is. */
static void
check_options(void)
{
	if (decoding && linting)
		diag_usage("-D and --lint: give one of them");
	if (linting && stage_opts.out != NULL)
		diag_usage("--lint writes no records: -w is for those");
	if (decoding && (hepopt.version != NULL || hepopt.id != NULL || hepopt.key != NULL || hepopt.key_file != NULL ||
	    hepopt.node != NULL || hepopt.chunks.n > 0 || hepopt.receiver != NULL))
		diag_usage("-D reads packets: -V, -i, -k, --key-file, --node, --vendor and --for are for writing them");
}

static void
close_work(struct work *w)
{
	buf_reset(&w->packet);
	buf_reset(&w->message);
	buf_reset(&w->attrs);
	id_maker_free(w->ids);
	heplint_free(w->lint);
}

int
main(int argc, char *argv[])
{
	struct stage_conf conf = { .flags = STAGE_INPUT | STAGE_OUTPUT | STAGE_VERIFY, .opts = &stage_opts,
		.counters = counters, .counters_n = sizeof(counters) / sizeof(counters[0]), .argc = argc, .argv = argv };
	struct record r[BATCH];
	struct work w = { 0 };
	bool (*mode)(struct work *, struct record *);
	bool ok = true;
	size_t n;
	int status;

	opt_parse(&tool, &argc, &argv);
	if (argc > 0)
		diag_usage("%s: no operands are taken (-r FILE reads a file)", argv[0]);
	check_options();
	if (!decoding)
		hepopt_conf(&w.conf);
	mode = decoding ? decode : linting ? judge : encode;
	if (linting)
		conf.flags &= ~(unsigned)STAGE_OUTPUT;
	w.stage = stage_open(&conf, false, 0);
	w.ids = decoding ? id_maker_new() : NULL;
	w.lint = linting ? heplint_new(&w.conf) : NULL;
	while (ok && (n = stage_batch(w.stage, r, BATCH)) > 0)
		for (size_t i = 0; i < n && ok; i++) {
			counters[C_IN].value++;
			ok = mode(&w, &r[i]);
		}
	if (linting)
		report(&w);
	status = stage_close(w.stage);
	close_work(&w);
	return status;
}
