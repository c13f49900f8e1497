/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a trace record stream: no crash, no endless loop; what decodes encodes to the same bytes; attributes and
 * index parts of what decodes can be walked.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/reader.h"
#include "trace/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
use(const struct record *r, struct ledger *l)
{
	struct slice rest = r->attrs, value;
	struct buf again = { 0 };
	uint16_t type;
	uint64_t sum = 0;

	if (r->type == FRAME_STATS)
		(void)!ledger_add(l, r);
	if (r->type != FRAME_MESSAGE)
		return;
	while (attr_next(&rest, &type, &value) == RC_OK)
		for (size_t i = 0; i < value.n; i++)
			sum += value.p[i];
	if (r->marks & MARK_SIP)
		for (int i = 0; i < SIP_SPANS; i++) {
			struct slice part = sip_part(&r->sip, r->payload, (enum sip_span_id)i);

			for (size_t k = 0; k < part.n; k++)
				sum += part.p[k];
		}
	if (record_encode(r, &again) != RC_OK || again.n != r->raw.n)
		abort();
	buf_reset(&again);
	if (sum == 1)		/* keeps the reads */
		(void)!write(-1, "", 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct reader_conf conf = { .wake_fd = -1, .verify = n % 2 == 0 };
	struct ledger *l = ledger_new();
	struct buf text = { 0 };
	struct record r[8];
	struct reader *rd;
	struct err e;
	size_t got;
	int fd = memfd_create("stream", 0);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	rd = reader_new(fd, &conf);
	while (reader_batch(rd, r, 8, &got, &e) == RC_OK)
		for (size_t i = 0; i < got; i++)
			use(&r[i], l);
	ledger_text(l, &text);
	buf_reset(&text);
	ledger_free(l);
	reader_free(rd);
	close(fd);
	return 0;
}
