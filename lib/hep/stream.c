/* SPDX-License-Identifier: MIT */
#include "hep/stream.h"

#include "base/take.h"

/*
 * RC_OK: *total is the packet's length. RC_MORE: too short to say. RC_BAD: no packet begins so.
 */
static enum rc
total_of(struct slice s, size_t *total)
{
	size_t n = s.n < 4 ? s.n : 4;

	if (n > 0 && memcmp(s.p, "HEP3", n) != 0 && memcmp(s.p, "EEP3", n) != 0)
		return RC_BAD;
	if (s.n < HEP_STREAM_HEAD)
		return RC_MORE;
	*total = load_be16(s.p + 4);
	return *total < HEP_STREAM_HEAD ? RC_BAD : RC_OK;
}

bool
hep_stream_fits(struct slice packet)
{
	size_t total;

	return total_of(packet, &total) == RC_OK && total == packet.n;
}

/* Moves bytes from `in` until the kept part has `want`. */
static bool
fill(struct hep_stream *h, struct slice *in, size_t want)
{
	struct slice s = slice_head(*in, want - h->part.n);

	buf_put(&h->part, s);
	*in = slice_skip(*in, s.n);
	return h->part.n == want;
}

/* A packet that began in an earlier read. */
static enum rc
finish_part(struct hep_stream *h, struct slice *in, struct slice *packet)
{
	size_t total = 0;
	enum rc rc;

	if (h->part.n < HEP_STREAM_HEAD)
		(void)fill(h, in, HEP_STREAM_HEAD);
	rc = total_of(buf_slice(&h->part), &total);
	if (rc != RC_OK)
		return rc;
	if (!fill(h, in, total))
		return RC_MORE;
	*packet = buf_slice(&h->part);
	h->lent = true;
	h->packets++;
	return RC_OK;
}

enum rc
hep_stream_next(struct hep_stream *h, struct slice *in, struct slice *packet)
{
	size_t total = 0;
	enum rc rc;

	if (h->lent) {
		buf_reset(&h->part);
		h->lent = false;
	}
	if (h->part.n > 0)
		return finish_part(h, in, packet);
	rc = total_of(*in, &total);
	if (rc == RC_BAD)
		return RC_BAD;
	if (rc == RC_OK && take_slice(in, total, packet)) {
		h->packets++;
		return RC_OK;
	}
	(void)fill(h, in, in->n);
	return RC_MORE;
}

size_t
hep_stream_held(const struct hep_stream *h)
{
	return h->lent ? 0 : h->part.n;
}

void
hep_stream_reset(struct hep_stream *h)
{
	buf_reset(&h->part);
	*h = (struct hep_stream){ 0 };
}
