/* SPDX-License-Identifier: MIT */
/*
 * A byte stream, read in pieces whose sizes the first byte seeds: no crash, and the packets and the verdict are those of one read
 * of the whole.
 */
#include <stdlib.h>

#include "hep/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Appends what comes out; pieces of 1 to `most` bytes, or (0) all at once. */
static enum rc
read_in_pieces(struct slice all, unsigned seed, size_t most, struct buf *out)
{
	struct hep_stream h = { 0 };
	enum rc rc = RC_MORE;

	while (all.n > 0 && rc == RC_MORE) {
		struct slice in, packet;

		seed = seed * 1103515245u + 12345u;
		in = slice_head(all, most > 0 ? 1 + (seed >> 8) % most : all.n);
		all = slice_skip(all, in.n);
		while ((rc = hep_stream_next(&h, &in, &packet)) == RC_OK)
			buf_put(out, packet);
		if ((rc == RC_MORE && in.n > 0) || hep_stream_held(&h) > 65535)
			abort();
	}
	hep_stream_reset(&h);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf one = { 0 }, two = { 0 };
	struct slice all = slice_of(p, n);
	unsigned seed = n > 0 ? p[0] : 0;

	all = slice_skip(all, 1);
	if (read_in_pieces(all, 0, 0, &one) != read_in_pieces(all, seed, 1 + seed, &two) ||
	    !slice_eq(buf_slice(&one), buf_slice(&two)))
		abort();
	buf_reset(&one);
	buf_reset(&two);
	return 0;
}
