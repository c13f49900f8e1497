/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as packets of every link type, several of them one behind the other: decapsulation stays within them, every packet has
 * its verdict, and the ledger adds up. Each packet of the input: link type, steps of time, length, bytes.
 */
#include <stdlib.h>

#include "base/take.h"
#include "capture/intake.h"
#include "packet/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static bool
put(void *arg, const struct record *r)
{
	(void)arg;
	must(r->payload.n > 0 && r->src.family == r->dst.family && r->src.family != FAMILY_NONE);
	must(((r->marks & MARK_CUT) != 0) == (r->orig_len > 0));
	for (int i = 0; i < SIP_SPANS; i++)
		must((uint64_t)r->sip.span[i].off + r->sip.span[i].len <= r->payload.n);
	return true;
}

static void
must_balance(struct intake *in)
{
	size_t n;
	const struct counter *c = intake_counters(in, &n);

	for (uint8_t unit = UNIT_PACKET; unit <= UNIT_MESSAGE; unit++) {
		uint64_t came = 0, went = 0;

		for (size_t i = 0; i < n; i++)
			if (c[i].unit == unit && c[i].class != STAT_INFO)
				*(c[i].class == STAT_IN ? &came : &went) += c[i].value;
		must(came == went);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const uint16_t links[] = { LINK_ETHERNET, LINK_RAW, LINK_SLL, LINK_SLL2, LINK_NULL, LINK_LOOP, LINK_IPV4, 9999 };
	struct intake *in = intake_new(&(struct intake_conf){ .put = put });
	struct slice s = slice_of(bytes, n), data;
	uint64_t time_ns = 0;
	uint8_t link, step;
	uint16_t len;

	while (take_u8(&s, &link) && take_u8(&s, &step) && take_be16(&s, &len)) {
		struct packet p = { .link = links[link % 8] };

		must(take_slice(&s, len < s.n ? len : s.n, &data));
		/* a copy of its own size, so that a byte too far is seen */
		uint8_t *own = malloc(data.n + 1);
		memcpy(own, data.p, data.n);
		time_ns += (uint64_t)step * 100000000;
		p.time_ns = time_ns;
		p.data = slice_of(own, data.n);
		p.wire_len = (uint32_t)data.n + (link >> 3);
		must(intake_packet(in, &p));
		must_balance(in);
		free(own);
	}
	intake_end(in);
	must_balance(in);
	intake_free(in);
	return 0;
}
