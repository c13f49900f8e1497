/* SPDX-License-Identifier: MIT */
/* A record stream from lines of tests/flow.h on standard input ("TIME log TEXT" is a log record), for tests of filters. */
#include "../flow.h"

#include <stdlib.h>
#include <unistd.h>

#include "sip/msg.h"
#include "trace/stats.h"
#include "trace/writer.h"

static enum rc
put_tick(struct writer *w, uint64_t time_ns, struct err *e)
{
	static uint32_t seq;
	struct buf b = { 0 };
	enum rc rc = stats_encode(&b, 1, seq++, time_ns, "flow", &(struct counter){ "out", UNIT_MESSAGE, STAT_OUT, 0 }, 1);

	if (rc == RC_OK)
		rc = writer_frame(w, buf_slice(&b), e);
	buf_reset(&b);
	return rc;
}

static enum rc
put_line(struct writer *w, const char *line, struct id_maker *ids, struct err *e)
{
	struct record r = { .type = FRAME_MESSAGE, .transport = TRANSPORT_UDP };
	struct buf b = { 0 };
	const char *log = strstr(line, " log ");
	enum flow_kind kind;
	enum rc rc;

	r.src = (struct addr){ .ip = { 192, 0, 2, 1 }, .port = 5060, .family = FAMILY_IP4 };
	r.dst = (struct addr){ .ip = { 192, 0, 2, 2 }, .port = 5060, .family = FAMILY_IP4 };
	if (log != NULL) {
		r.time_ns = FLOW_START + (uint64_t)(strtod(line, NULL) * 1000 + 0.5) * (FLOW_SECOND / 1000);
		r.kind = KIND_LOG;
		buf_str(&b, log + 5);
	} else {
		kind = flow_build(line, &r.time_ns, &b);
		if (kind == FLOW_TICK)
			return put_tick(w, r.time_ns, e);
		if (kind == FLOW_WRONG || sip_scan(buf_slice(&b), &r.sip) != RC_OK)
			return err_set(e, RC_BAD, "wrong line: %s", line);
		r.kind = KIND_SIP;
		r.marks = MARK_SIP;
	}
	r.payload = buf_slice(&b);
	r.id = record_id(ids, &r);
	rc = writer_put(w, &r, e);
	buf_reset(&b);
	return rc;
}

int
main(void)
{
	struct writer *w = writer_new(STDOUT_FILENO, NULL);
	struct id_maker *ids = id_maker_new();
	struct err e = { .text = "" };
	char line[4096];
	enum rc rc = writer_start(w, &(struct stream_header){ .version = TRACE_VERSION }, &e);

	while (rc == RC_OK && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " \t")] == '\0')
			rc = writer_flush(w, &e);	/* an empty line: all before it is on its way */
		else
			rc = put_line(w, line, ids, &e);
	}
	if (rc == RC_OK)
		rc = writer_end(w, &e);
	if (rc != RC_OK)
		fprintf(stderr, "flow: %s\n", e.text);
	writer_free(w);
	id_maker_free(ids);
	return rc != RC_OK;
}
