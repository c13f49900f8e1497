/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <zlib.h>

#include "hep/inflate.h"

enum { ZLIB = 15, GZIP = 31, RAW = -15 };	/* zlib's windowBits */

static const char text[] = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK2\r\n\r\n";

static void
pack(struct slice in, int bits, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.avail_out = (uInt)deflateBound(&z, in.n);
	z.next_out = buf_room(out, z.avail_out);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += z.total_out;
	deflateEnd(&z);
}

static enum rc
unpacked(struct slice packed, size_t max, struct buf *out)
{
	struct guarded g = guarded(packed);
	struct err e = { .text = "" };
	enum rc rc = hep_inflate(g.s, max, out, &e);

	assert_true(rc == RC_OK || e.text[0] != '\0');
	guarded_free(&g);
	return rc;
}

static const int all[] = { ZLIB, GZIP, RAW };
#define ALL (sizeof(all) / sizeof(all[0]))

static void
three_forms_are_told_apart(void **state)
{
	struct buf packed = { 0 }, out = { 0 };

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		buf_clear(&packed);
		buf_clear(&out);
		buf_str(&out, "before ");
		pack(slice_str(text), all[i], &packed);
		assert_int_equal(unpacked(buf_slice(&packed), 65535, &out), RC_OK);
		assert_slice(slice_skip(buf_slice(&out), 7), text);
		assert_slice(slice_head(buf_slice(&out), 7), "before ");
	}
	buf_reset(&packed);
	buf_reset(&out);
}

/*
 * RFC 1951 3.2.4: the bits between a stored block's header and the next byte are ignored, so "not final, stored" may be written 78,
 * and with a length of 1 the first two bytes are those of zlib.
 */
static void
raw_deflate_that_looks_like_zlib_is_tried_raw(void **state)
{
	static const uint8_t packed[] = { 0x78, 1, 0, 0xfe, 0xff, 'X', 0x01, 1, 0, 0xfe, 0xff, 'Y' };
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(unpacked(slice_of(packed, sizeof(packed)), 65535, &out), RC_OK);
	assert_slice(buf_slice(&out), "XY");
	buf_reset(&out);
}

static void
damage_is_refused_and_leaves_nothing(void **state)
{
	struct buf packed = { 0 }, out = { 0 };

	(void)state;
	for (size_t i = 0; i < ALL; i++) {
		buf_clear(&packed);
		pack(slice_str(text), all[i], &packed);
		for (size_t n = 0; n < packed.n; n++) {
			if (unpacked(slice_of(packed.p, n), 65535, &out) != RC_BAD || out.n != 0)
				fail_msg("form %zu cut to %zu of %zu bytes", i, n, packed.n);
		}
		buf_u8(&packed, 0);
		assert_int_equal(unpacked(buf_slice(&packed), 65535, &out), RC_BAD);
		assert_int_equal(out.n, 0);
	}
	assert_int_equal(unpacked(slice_str(text), 65535, &out), RC_BAD);
	buf_reset(&packed);
	buf_reset(&out);
}

static void
a_bomb_is_stopped_at_the_limit(void **state)
{
	struct buf zeros = { 0 }, packed = { 0 }, out = { 0 };

	(void)state;
	buf_zero(&zeros, 16u << 20);
	for (size_t i = 0; i < ALL; i++) {
		buf_clear(&packed);
		pack(buf_slice(&zeros), all[i], &packed);
		assert_true(packed.n < 65536);
		assert_int_equal(unpacked(buf_slice(&packed), 65535, &out), RC_LIMIT);
		assert_int_equal(out.n, 0);
		assert_true(out.cap < 256u << 10);
		buf_clear(&packed);
		pack(slice_head(buf_slice(&zeros), 65535), all[i], &packed);
		assert_int_equal(unpacked(buf_slice(&packed), 65535, &out), RC_OK);
		assert_int_equal(out.n, 65535);
		buf_clear(&out);
		assert_int_equal(unpacked(buf_slice(&packed), 65534, &out), RC_LIMIT);
		assert_int_equal(out.n, 0);
	}
	buf_reset(&zeros);
	buf_reset(&packed);
	buf_reset(&out);
}

static void
gzip_may_have_members(void **state)
{
	struct buf packed = { 0 }, out = { 0 };

	(void)state;
	pack(SLICE_LIT("one "), GZIP, &packed);
	pack(SLICE_LIT("two"), GZIP, &packed);
	assert_int_equal(unpacked(buf_slice(&packed), 65535, &out), RC_OK);
	assert_slice(buf_slice(&out), "one two");
	buf_clear(&out);
	assert_int_equal(unpacked(buf_slice(&packed), 6, &out), RC_LIMIT);
	assert_int_equal(out.n, 0);
	buf_reset(&packed);
	buf_reset(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms_are_told_apart),
		cmocka_unit_test(raw_deflate_that_looks_like_zlib_is_tried_raw),
		cmocka_unit_test(damage_is_refused_and_leaves_nothing),
		cmocka_unit_test(a_bomb_is_stopped_at_the_limit),
		cmocka_unit_test(gzip_may_have_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
