/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/take.h"

/* RFC 3720 B.4. */
static void
crc32c_known_values(void **state)
{
	uint8_t zeros[32] = { 0 }, ones[32], up[32];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (uint8_t i = 0; i < 32; i++)
		up[i] = i;
	assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa);
	assert_int_equal(crc32c(0, ones, 32), 0x62a8ab43);
	assert_int_equal(crc32c(0, up, 32), 0x46dd794e);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
}

/* Folding, the instruction and the table agree at every length, and in pieces. */
static void
crc32c_hardware_is_software(void **state)
{
	uint8_t data[1500];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + (i >> 3));
	for (size_t n = 0; n < sizeof(data); n++) {
		uint32_t want = crc32c_soft(0, data, n);

		assert_int_equal(crc32c(0, data, n), want);
		assert_int_equal(crc32c(crc32c(0, data, n / 3), data + n / 3, n - n / 3), want);
	}
}

/* Every program must compute the same: XXH3's values are frozen, whatever instructions made them. */
static void
hash_is_xxh3(void **state)
{
	struct hash_key key[2];
	uint8_t data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + (i >> 3));
	assert_true(hash64("", 0) == 0x2d06800538d394c2ull);
	for (size_t n = 0; n <= sizeof(data); n++)
		assert_true(hash64(data, n) == hash64_seed(data, n, 0));	/* the one with AVX2, the other without */
	for (size_t i = 0; i < 2; i++)
		hash_key_init(&key[i], 77 + i);
	for (size_t n = 1; n <= sizeof(data); n++) {
		assert_true(hash64_key(data, n, &key[0]) != hash64_key(data, n, &key[1]));
		assert_true(n <= 240 || hash64_key(data, n, &key[0]) == hash64_seed(data, n, 77));
	}
}

static void
take_leaves_short_input_alone(void **state)
{
	struct guarded g = guarded(SLICE_LIT("\x01\x02\x03\x04\x05\x06\x07"));
	struct slice in = g.s, out;
	uint64_t v64 = 7;
	uint32_t v32;
	uint16_t v16;
	uint8_t v8;

	(void)state;
	assert_false(take_le64(&in, &v64));
	assert_true(in.p == g.s.p && in.n == 7 && v64 == 7);
	assert_true(take_be32(&in, &v32) && v32 == 0x01020304);
	assert_false(take_be32(&in, &v32));
	assert_true(take_le16(&in, &v16) && v16 == 0x0605);
	assert_false(take_be16(&in, &v16));
	assert_true(take_u8(&in, &v8) && v8 == 7);
	assert_false(take_u8(&in, &v8));
	assert_true(take_slice(&in, 0, &out) && out.n == 0);
	assert_false(take_slice(&in, 1, &out));
	guarded_free(&g);
}

static void
numbers_with_a_limit(void **state)
{
	static const struct {
		const char *text;
		uint64_t max, want;
		bool ok;
	} rows[] = {
		{ "0", 9, 0, true },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
		{ "18446744073709551616", UINT64_MAX, 0, false },
		{ "65536", 65535, 0, false },
		{ "65535", 65535, 65535, true },
		{ "", 9, 0, false },
		{ "+1", 9, 0, false },
		{ "1 ", 9, 0, false },
		{ "007", 9, 7, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 42;

		assert_int_equal(slice_u64(slice_str(rows[i].text), rows[i].max, &v), rows[i].ok);
		assert_int_equal(v, rows[i].ok ? rows[i].want : 42);
	}
}

static void
buf_grows_and_keeps(void **state)
{
	static const char longer[] = "a text that is longer than the sixty-four bytes of the first attempt";
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d,%s", i, i % 100 == 0 ? longer : "");
	assert_slice(slice_of(b.p + b.n - 4, 4), "999,");
	assert_int_equal(b.n, 4000 + 10 * strlen(longer));
	assert_string_equal(buf_cstr(&b) + b.n - 4, "999,");
	buf_reset(&b);
	assert_null(b.p);
}

static void
slices_trim_and_order(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE_LIT(" \t a b \r\n")), "a b");
	assert_slice(slice_trim(SLICE_LIT(" \r\n")), "");
	assert_true(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")) < 0);
	assert_true(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")) > 0);
	assert_true(slice_cmp(SLICE_LIT(""), SLICE_LIT("")) == 0);
	assert_true(slice_ieq(SLICE_LIT("Call-ID"), SLICE_LIT("cALL-id")));
	assert_false(slice_ieq(SLICE_LIT("@"), SLICE_LIT("`")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c_known_values),
		cmocka_unit_test(crc32c_hardware_is_software),
		cmocka_unit_test(hash_is_xxh3),
		cmocka_unit_test(take_leaves_short_input_alone),
		cmocka_unit_test(numbers_with_a_limit),
		cmocka_unit_test(buf_grows_and_keeps),
		cmocka_unit_test(slices_trim_and_order),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
