/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "hep/hep.h"

static void
the_table_has_the_specifications_types(void **state)
{
	static const struct {
		uint16_t type;
		uint8_t size;
		bool text;
	} want[] = {
		{ 0x01, 1, false }, { 0x02, 1, false }, { 0x03, 4, false }, { 0x04, 4, false }, { 0x05, 16, false }, { 0x06, 16, false },
		{ 0x07, 2, false }, { 0x08, 2, false }, { 0x09, 4, false }, { 0x0a, 4, false }, { 0x0b, 1, false }, { 0x0c, 4, false },
		{ 0x0d, 2, false }, { 0x0e, 0, true }, { 0x0f, 0, false }, { 0x10, 0, false }, { 0x11, 0, true }, { 0x12, 2, false },
		{ 0x13, 0, true }, { 0x14, 8, false }, { 0x15, 8, false }, { 0x16, 2, false }, { 0x17, 1, false }, { 0x18, 1, false },
		{ 0x20, 2, false }, { 0x21, 2, false }, { 0x22, 0, true }, { 0x23, 4, false }, { 0x24, 0, true }, { 0x25, 0, true },
		{ 0x26, 0, true }, { 0x27, 2, false }, { 0x28, 2, false }, { 0x29, 0, true },
	};
	size_t known = 0;

	(void)state;
	for (uint16_t type = 0; type < HEP_CHUNK_TYPES; type++)
		known += hep_chunks[type].form != HEP_FORM_NONE;
	assert_int_equal(known, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < known; i++) {
		const struct hep_chunk_def *def = hep_chunk_def(0, want[i].type);

		if (def->size != want[i].size || (def->form == HEP_FORM_TEXT) != want[i].text || def->name == NULL)
			fail_msg("type %#x", want[i].type);
	}
	assert_int_equal(hep_chunk_def(1, HEP_PAYLOAD)->form, HEP_FORM_NONE);
	assert_int_equal(hep_chunk_def(0, 0x30)->form, HEP_FORM_NONE);
}

static void
chunks_are_read_as_users_write_them(void **state)
{
	static const struct {
		const char *text, *wire;	/* in hexadecimal; NULL: refused */
	} rows[] = {
		{ "2:0x100=abc", "00020100" "0009" "616263" },
		{ "Kamailio:256=0x6162", "00020100" "0008" "6162" },
		{ "genesys:0xFFFF=", "0008ffff" "0006" },
		{ "65535:1=a=b:c", "ffff0001" "000b" "613d623a63" },
		{ "0:0x12=100", "00000012" "0008" "0064" },
		{ "0:18=0x0064", "00000012" "0008" "0064" },
		{ "0:0x17=255", "00000017" "0007" "ff" },
		{ "0:0x23=70000", "00000023" "000a" "00011170" },
		{ "0:0x14=1", "00000014" "000e" "0000000000000001" },
		{ "0:0x29=group", "00000029" "000b" "67726f7570" },
		{ "0:0x999=text", "00000999" "000a" "74657874" },
		{ "0:0x12=65536", NULL }, { "0:0x12=0x64", NULL }, { "0:0x12=x", NULL }, { "0:0x12=", NULL }, { "0:0x17=256", NULL },
		{ "0:0=x", NULL }, { "0:0x0e=key", NULL }, { "0:0x0f=payload", NULL }, { "0:0x11=id", NULL }, { "0:0x13=node", NULL },
		{ "", NULL }, { "2", NULL }, { "2:", NULL }, { "2:1", NULL }, { ":1=x", NULL }, { "2:=x", NULL }, { "nobody:1=x", NULL },
		{ "65536:1=x", NULL }, { "2:65536=x", NULL }, { "2:0x10000=x", NULL }, { "2:0x=x", NULL }, { "2:0xg=x", NULL },
		{ "2:1=0x1", NULL }, { "2:1=0xzz", NULL }, { "-1:1=x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 }, hex = { 0 };
		struct err e = { .text = "" };
		struct guarded g = guarded(slice_str(rows[i].text));
		enum rc rc;

		buf_str(&out, "before");
		rc = hep_chunk_parse(g.s, &out, &e);
		if (rc != (rows[i].wire != NULL ? RC_OK : RC_BAD))
			fail_msg("%s: %s", rows[i].text, rc == RC_OK ? "taken" : e.text);
		if (rc != RC_OK)
			assert_true(e.text[0] != '\0');
		for (size_t j = 6; j < out.n; j++)
			buf_printf(&hex, "%02x", out.p[j]);
		assert_slice(buf_slice(&hex), rows[i].wire != NULL ? rows[i].wire : "");
		guarded_free(&g);
		buf_reset(&out);
		buf_reset(&hex);
	}
}

static void
a_chunk_ends_at_16_bits(void **state)
{
	struct buf text = { 0 }, out = { 0 };

	(void)state;
	buf_str(&text, "2:256=");
	while (text.n < 6 + 65529)
		buf_u8(&text, 'a');
	assert_int_equal(hep_chunk_parse(buf_slice(&text), &out, NULL), RC_OK);
	assert_int_equal(out.n, 65535);
	buf_u8(&text, 'a');
	assert_int_equal(hep_chunk_parse(buf_slice(&text), &out, NULL), RC_BAD);
	assert_int_equal(out.n, 65535);
	buf_reset(&text);
	buf_reset(&out);
}

/* hep_head writes those without a field behind the key and before the message; a field's never twice. */
static void
further_chunks_stand_before_the_message(void **state)
{
	struct buf chunks = { 0 }, out = { 0 };
	struct hep h = { .version = 3, .type = 1, .ip_proto = 17, .src = { .family = FAMILY_IP4 }, .dst = { .family = FAMILY_IP4 },
		.key = SLICE_LIT("k"), .payload = SLICE_LIT("X") };
	static const char want[] = "\0\0\0\x0e\0\x07k" "\0\x02\1\0\0\x07v" "\0\0\0\x12\0\x08\0\x64" "\0\0\0\x0f\0\x07";

	(void)state;
	assert_int_equal(hep_chunk_parse(SLICE_LIT("2:256=v"), &chunks, NULL), RC_OK);
	buf_be32(&chunks, HEP_KEY);
	buf_be16(&chunks, 7);
	buf_str(&chunks, "Z");
	assert_int_equal(hep_chunk_parse(SLICE_LIT("0:18=100"), &chunks, NULL), RC_OK);
	h.chunks = buf_slice(&chunks);
	assert_int_equal(hep_head(&h, &out, NULL), RC_OK);
	assert_int_equal(out.p[5], out.n + 1);
	assert_true(slice_eq(slice_skip(buf_slice(&out), out.n - (sizeof(want) - 1)), slice_of(want, sizeof(want) - 1)));
	buf_reset(&chunks);
	buf_reset(&out);
}

static void
a_compressed_payload_stays_chunk_0x10(void **state)
{
	struct hep h = { .version = 3, .type = 1, .src = { .family = FAMILY_IP4 }, .dst = { .family = FAMILY_IP4 },
		.compressed = true, .payload = SLICE_LIT("X") }, back;
	struct buf out = { 0 };
	struct slice in;

	(void)state;
	assert_int_equal(hep_head(&h, &out, NULL), RC_OK);
	buf_put(&out, h.payload);
	in = buf_slice(&out);
	assert_int_equal(hep_decode(&in, &back), RC_OK);
	assert_true(back.compressed);
	buf_reset(&out);
}

static void
the_man_page_has_every_chunk(void **state)
{
	static char page[65536];
	FILE *f = fopen("man/man1/hepenc.1", "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	page[n] = '\0';
	for (uint16_t type = 1; type < HEP_CHUNK_TYPES; type++) {
		const struct hep_chunk_def *def = &hep_chunks[type];
		struct buf want = { 0 };

		if (def->form == HEP_FORM_NONE)
			continue;
		if (def->size != 0)
			buf_printf(&want, ".It 0x%02x Ta %u Ta ", type, def->size);
		else
			buf_printf(&want, ".It 0x%02x Ta any Ta %s Ta %s\n", type, def->form == HEP_FORM_TEXT ? "text" : "message", def->name);
		if (strstr(page, buf_cstr(&want)) == NULL || strstr(page, def->name) == NULL)
			fail_msg("no %s", buf_cstr(&want));
		buf_reset(&want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_has_the_specifications_types),
		cmocka_unit_test(the_man_page_has_every_chunk),
		cmocka_unit_test(chunks_are_read_as_users_write_them),
		cmocka_unit_test(a_chunk_ends_at_16_bits),
		cmocka_unit_test(further_chunks_stand_before_the_message),
		cmocka_unit_test(a_compressed_payload_stays_chunk_0x10),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
