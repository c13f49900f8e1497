/* SPDX-License-Identifier: MIT */
/*
 * X-headers. Arbitrary bytes as a message: what is read can be taken out, and leaves the index that a scan of the rest gives. Any
 * message as the original: put on and taken off again, at the first and the second relay, it is what it was, to the byte.
 */
#include <stdlib.h>

#include "sip/msg.h"
#include "sip/xheaders.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
take_off(struct slice msg)
{
	struct xheaders_lines lines;
	struct sip_index x, want;
	struct buf left = { 0 };
	struct xheaders h;

	if (xheaders_read(msg, &h, &lines) != RC_OK)
		return;
	must(h.time_ns > 0 && h.time_ns % 1000 == 0);
	xheaders_remove(msg, &lines, &left);
	must(left.n + lines.bytes == msg.n && lines.n > 0);
	must(sip_scan(msg, &x) == RC_OK && sip_scan(buf_slice(&left), &want) == RC_OK);
	must(xheaders_shift(&lines, &x) == RC_OK && memcmp(&x, &want, sizeof(x)) == 0);
	buf_reset(&left);
}

/* Values that depend on the bytes, so that all kinds are seen. */
static struct xheaders
values(struct slice msg, const struct sip_index *x)
{
	static const struct slice ways[] = { SLICE_LIT("in"), SLICE_LIT("out"), SLICE_LIT("") };
	const uint8_t family = msg.n % 3 == 0 ? FAMILY_NONE : msg.n % 3 == 1 ? FAMILY_IP4 : FAMILY_IP6;
	struct xheaders h = {
		.transport = family == FAMILY_NONE ? TRANSPORT_NONE : (uint8_t)(1 + msg.n % 6),
		.src = { .family = family, .port = family == FAMILY_NONE ? 0 : (uint16_t)(msg.n * 251) },
		.time_ns = 1000 * (msg.n + 1) * (msg.n % 2 == 0 ? 1 : 18446744073709 / (msg.n + 1)),
		.method = sip_part(x, msg, x->status != 0 ? SIP_SPAN_CSEQ_METHOD : SIP_SPAN_METHOD),
		.direction = ways[msg.n / 3 % 3],
	};

	if (family != FAMILY_NONE)
		memcpy(h.src.ip, msg.p, family == FAMILY_IP4 ? 4 : msg.n < 16 ? msg.n : 16);
	h.dst = h.src;
	h.dst.port ^= family == FAMILY_NONE ? 0 : 1;
	return h;
}

/* Appends `msg` with the lines; what is read back is what was written. False: it has no place for them. */
static bool
put_on(struct slice msg, struct buf *out, struct buf *back)
{
	struct xheaders h, got;
	struct xheaders_lines lines;
	struct sip_index x;
	size_t off;

	if (sip_scan(msg, &x) != RC_OK || xheaders_place(&x, msg, &off) != RC_OK)
		return false;
	h = values(msg, &x);
	buf_put(out, slice_head(msg, off));
	xheaders_write(&h, out);
	buf_put(out, slice_skip(msg, off));
	must(xheaders_read(buf_slice(out), &got, &lines) == RC_OK && lines.n == 1);
	must(got.transport == h.transport && addr_eq(&got.src, &h.src) && addr_eq(&got.dst, &h.dst) && got.time_ns == h.time_ns);
	must(slice_eq(got.direction, h.direction));
	must(got.method.n == 0 || slice_eq(got.method, h.method));
	xheaders_remove(buf_slice(out), &lines, back);
	must(slice_eq(buf_slice(back), msg));
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice msg = slice_of(p, n);
	struct buf once = { 0 }, twice = { 0 }, back = { 0 };

	take_off(msg);
	if (put_on(msg, &once, &back)) {
		take_off(buf_slice(&once));
		buf_clear(&back);
		must(put_on(buf_slice(&once), &twice, &back));
		take_off(buf_slice(&twice));
	}
	buf_reset(&once);
	buf_reset(&twice);
	buf_reset(&back);
	return 0;
}
