/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as HEP packets that follow each other: no crash; what is decoded can be encoded, and decodes to the same fields
 * again. A packet of types or addresses that we would not write is only read.
 */
#include <stdlib.h>

#include "hep/hep.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool same)
{
	if (!same)
		abort();
}

static void
again(const struct hep *h)
{
	struct buf b = { 0 };
	struct slice in;
	struct hep back;

	if (hep_head(h, &b, NULL) == RC_OK) {
		buf_put(&b, h->payload);
		in = buf_slice(&b);
		must(hep_decode(&in, &back) == RC_OK && in.n == 0);
		must(back.version == h->version && back.ip_proto == h->ip_proto && back.type == h->type);
		must(addr_eq(&back.src, &h->src) && addr_eq(&back.dst, &h->dst));
		must(back.sec == h->sec && back.usec == h->usec && back.capture_id == h->capture_id);
		must(slice_eq(back.correlation, h->correlation) && slice_eq(back.node, h->node) && slice_eq(back.key, h->key));
		must(slice_eq(back.payload, h->payload));
	}
	buf_reset(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = slice_of(p, n);
	struct hep h;

	while (in.n > 0 && hep_decode(&in, &h) == RC_OK)
		again(&h);
	return 0;
}
