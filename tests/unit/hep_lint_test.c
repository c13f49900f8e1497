/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "hep/lint.h"

#define SIP "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 7 OPTIONS\r\n\r\n"
#define ALL "heplify-server heplify kamailio opensips captagent"
#define CORE 0x01, 0x02, 0x03, 0x04, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0f

/* A packet of version 3 with these chunk types of vendor 0, `sub` for one of them, and what comes behind. */
struct made {
	const char *name, *trap, *receivers;	/* which trap trips where; at all others of the list none of this name */
	const char *magic;			/* NULL = "HEP3" */
	uint8_t types[16];			/* ends with 0 */
	uint8_t type;				/* protocol type; 0 = 1, 255 = 0 */
	const char *payload;			/* NULL = SIP */
	const char *correlation;
	uint32_t sec, id;			/* 0: 5 and 7; UINT32_MAX: 0 */
	const char *raw;			/* a further chunk, hexadecimal */
	int8_t total;				/* added to the total length */
	size_t fill;				/* bytes behind the payload's */
};

static const struct made rows[] = {
	{ .name = "nothing wrong", .types = { CORE } },
	{ .name = "cut by a byte", .trap = "damaged", .receivers = ALL, .types = { CORE }, .total = 1 },
	{ .name = "total too large", .trap = "length", .receivers = "heplify-server heplify", .types = { CORE }, .total = 1 },
	{ .name = "bytes behind", .trap = "length", .receivers = "heplify-server heplify", .types = { CORE }, .total = -1 },
	{ .name = "source IPv4, destination IPv6", .trap = "families", .receivers = ALL,
	    .types = { 1, 2, 3, 6, 7, 8, 9, 0x0a, 0x0b, 0x0c, 0x0f } },
	{ .name = "vendor type under 0x100", .trap = "vendor-type", .receivers = "heplify-server heplify opensips",
	    .types = { CORE }, .raw = "000200ff000758" },
	{ .name = "vendor type from 0x100 on", .types = { CORE }, .raw = "00020100000758" },
	{ .name = "eight core chunks", .trap = "chunks", .receivers = "kamailio", .types = { 1, 2, 3, 4, 7, 8, 0x0b, 0x0f } },
	{ .name = "nine core chunks", .types = { 1, 2, 3, 4, 7, 8, 9, 0x0b, 0x0f } },
	{ .name = "chunk 0", .trap = "chunk-0", .receivers = "kamailio", .types = { CORE }, .raw = "00000000000758" },
	{ .name = "another vendor's chunk 0 is none", .trap = "chunk-0", .receivers = "", .types = { CORE }, .raw = "00020000000758" },
	{ .name = "compressed", .trap = "compressed", .receivers = "heplify-server kamailio",
	    .types = { 1, 2, 3, 4, 7, 8, 9, 0x0a, 0x0b, 0x0c, 0x10 } },
	{ .name = "cannot be unpacked", .trap = "unpack", .receivers = ALL,
	    .types = { 1, 2, 3, 4, 7, 8, 9, 0x0a, 0x0b, 0x0c, 0x10 } },
	{ .name = "correlation id on SIP", .trap = "sip-correlation", .receivers = "heplify-server", .types = { CORE, 0x11 },
	    .correlation = "c" },
	{ .name = "log without one", .trap = "no-correlation", .receivers = "heplify-server", .types = { CORE }, .type = 100 },
	{ .name = "log with an empty one", .trap = "no-correlation", .receivers = "heplify-server", .types = { CORE, 0x11 },
	    .type = 100, .correlation = "" },
	{ .name = "RTCP without one", .trap = "no-correlation", .receivers = "heplify-server", .types = { CORE }, .type = 5 },
	{ .name = "log with one", .types = { CORE, 0x11 }, .type = 100, .correlation = "c" },
	{ .name = "byte-swapped id", .trap = "swapped-id", .receivers = ALL, .types = { CORE }, .id = 199u << 16 },
	{ .name = "SIP of 32 bytes", .trap = "short-sip", .receivers = "heplify-server", .types = { CORE },
	    .payload = "BYE a:b SIP/2.0\r\nCSeq: 1 BYE\r\n\r\n" },
	{ .name = "SIP of 33 bytes", .trap = "short-sip", .receivers = "", .types = { CORE },
	    .payload = "BYE a:bb SIP/2.0\r\nCSeq: 1 BYE\r\n\r\n" },
	{ .name = "no Call-ID", .trap = "poor-sip", .receivers = "heplify-server", .types = { CORE },
	    .payload = "BYE a:bb SIP/2.0\r\nCSeq: 1 BYE\r\n\r\n" },
	{ .name = "no CSeq", .trap = "poor-sip", .receivers = "heplify-server", .types = { CORE },
	    .payload = "BYE a:bb SIP/2.0\r\nCall-ID: xxx\r\n\r\n" },
	{ .name = "no SIP", .trap = "poor-sip", .receivers = "heplify-server", .types = { CORE },
	    .payload = "a line of text that is longer than 32 bytes" },
	{ .name = "type 0", .trap = "type-0", .receivers = "heplify-server", .types = { CORE }, .type = 255 },
	{ .name = "time 0", .trap = "time-0", .receivers = "heplify-server", .types = { CORE }, .sec = UINT32_MAX },
	{ .name = "key", .trap = "key", .receivers = "heplify-server", .types = { CORE, 0x0e } },
	{ .name = "EEP3", .trap = "magic", .receivers = "heplify-server kamailio", .magic = "EEP3", .types = { CORE } },
	{ .name = "65508 bytes over UDP", .trap = "size", .receivers = ALL, .types = { CORE }, .fill = 65508 - 99 - sizeof(SIP) + 1 },
	{ .name = "65508 bytes over TCP", .trap = "tcp-size", .receivers = "heplify-server", .types = { CORE },
	    .fill = 65508 - 99 - sizeof(SIP) + 1 },
	{ .name = "65507 bytes", .types = { CORE }, .fill = 65507 - 99 - sizeof(SIP) + 1 },
};

static void
put_hex(struct buf *out, const char *hex)
{
	unsigned v;

	for (; *hex != '\0'; hex += 2) {
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		buf_u8(out, (uint8_t)v);
	}
}

static void
put_text(struct buf *out, const char *text, size_t fill)
{
	buf_str(out, text);
	for (size_t i = 0; i < fill; i++)
		buf_u8(out, 'x');
}

static void
put_value(struct buf *out, uint8_t type, const struct made *m)
{
	switch (type) {
	case HEP_FAMILY: buf_u8(out, 2); break;
	case HEP_IP_PROTO: buf_u8(out, 17); break;
	case HEP_SRC_IP4: case HEP_DST_IP4: buf_be32(out, 0x7f000001); break;
	case HEP_SRC_IP6: case HEP_DST_IP6: buf_zero(out, 16); break;
	case HEP_SRC_PORT: case HEP_DST_PORT: buf_be16(out, 5060); break;
	case HEP_SEC: buf_be32(out, m->sec == UINT32_MAX ? 0 : 5); break;
	case HEP_USEC: buf_be32(out, 0); break;
	case HEP_TYPE: buf_u8(out, m->type == 255 ? 0 : m->type == 0 ? 1 : m->type); break;
	case HEP_CAPTURE_ID: buf_be32(out, m->id != 0 ? m->id : 7); break;
	case HEP_KEY: buf_str(out, "key"); break;
	case HEP_CORRELATION: buf_str(out, m->correlation); break;
	default: put_text(out, m->payload != NULL ? m->payload : SIP, m->fill); break;
	}
}

static void
build(const struct made *m, struct buf *out)
{
	struct buf value = { 0 };

	buf_clear(out);
	buf_str(out, m->magic != NULL ? m->magic : "HEP3");
	buf_zero(out, 2);
	if (m->raw != NULL)
		put_hex(out, m->raw);
	for (size_t i = 0; m->types[i] != 0; i++) {
		buf_clear(&value);
		put_value(&value, m->types[i], m);
		buf_be32(out, m->types[i]);
		buf_be16(out, (uint16_t)(6 + value.n));
		buf_put(out, buf_slice(&value));
	}
	store_be16(out->p + 4, (uint16_t)((int)out->n + m->total));
	buf_reset(&value);
}

static const struct hep_trap *
trap_of(const char *name)
{
	for (const struct hep_trap *t = hep_traps; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	fail_msg("no trap %s", name);
	return NULL;
}

/* The receivers of a list at which this trap trips. */
static void
tripping(const struct hep_trap *t, const struct hep_facts *f, struct buf *out)
{
	buf_clear(out);
	for (const struct hep_profile *p = hep_profiles; p->name != NULL; p++)
		if (!p->alias && hep_trips(t, f, p))
			buf_printf(out, "%s%s", out->n > 0 ? " " : "", p->name);
}

static void
each_trap_trips_where_it_lies(void **state)
{
	struct buf packet = { 0 }, unpacked = { 0 }, where = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct made *m = &rows[i];
		struct hep_facts f;
		struct guarded g;

		build(m, &packet);
		g = guarded(buf_slice(&packet));
		hep_facts_of(g.s, &unpacked, &f);
		if (m->trap != NULL) {
			tripping(trap_of(m->trap), &f, &where);
			if (!slice_eq(buf_slice(&where), slice_str(m->receivers)))
				fail_msg("%s: %s at '%.*s'", m->name, m->trap, SLICE_ARG(buf_slice(&where)));
		} else {
			for (const struct hep_trap *t = hep_traps; t->name != NULL; t++) {
				tripping(t, &f, &where);
				if (where.n > 0)
					fail_msg("%s: %s at %.*s", m->name, t->name, SLICE_ARG(buf_slice(&where)));
			}
		}
		guarded_free(&g);
	}
	buf_reset(&packet);
	buf_reset(&unpacked);
	buf_reset(&where);
}

static void
old_versions(void **state)
{
	static const struct {
		const char *name, *trap, *receivers, *hex;
	} old[] = {
		{ "v1", "version", "heplify-server heplify captagent", "01100211" "3ebd3ebc" "7f00010a" "7f000214" "58" },
		{ "v1 has no time", "no-time", ALL, "01100211" "3ebd3ebc" "7f00010a" "7f000214" "58" },
		{ "v2", "version", "heplify-server heplify captagent",
		    "02100211" "3ebd3ebc" "7f00010a" "7f000214" "f93f036b" "22480a00" "ea00" "0000" "58" },
		{ "v2 has a time", "no-time", "", "02100211" "3ebd3ebc" "7f00010a" "7f000214" "f93f036b" "22480a00" "ea00" "0000" "58" },
		{ "v2, time counted in the length", "length-byte", "opensips",
		    "021c0211" "3ebd3ebc" "7f00010a" "7f000214" "f93f036b" "22480a00" "ea00" "0000" "58" },
		{ "sngrep's length", "length-byte", "opensips",
		    "02030211" "3ebd3ebc" "7f00010a" "7f000214" "f93f036b" "22480a00" "ea00" "abcd" "58" },
		{ "right length", "length-byte", "", "01100211" "3ebd3ebc" "7f00010a" "7f000214" "58" },
		{ "IPv6", "length-byte", "", "01280a06" "13c413c5" "20010db8000000000000000000000001"
		    "20010db8000000000000000000000002" "58" },
		{ "cut", "damaged", ALL, "01100211" "3ebd3ebc" "7f00010a" "7f00" },
		{ "no HEP", "damaged", ALL, "48455034" },
		{ "nothing", "damaged", ALL, "" },
	};
	struct buf packet = { 0 }, unpacked = { 0 }, where = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++) {
		struct hep_facts f;
		struct guarded g;

		buf_clear(&packet);
		put_hex(&packet, old[i].hex);
		g = guarded(buf_slice(&packet));
		hep_facts_of(g.s, &unpacked, &f);
		tripping(trap_of(old[i].trap), &f, &where);
		if (!slice_eq(buf_slice(&where), slice_str(old[i].receivers)))
			fail_msg("%s: %s at '%.*s'", old[i].name, old[i].trap, SLICE_ARG(buf_slice(&where)));
		guarded_free(&g);
	}
	buf_reset(&packet);
	buf_reset(&unpacked);
	buf_reset(&where);
}

/* Every trap of the table is seen to trip above, but those that the caller sets. */
static void
no_trap_without_a_row(void **state)
{
	static const char *const elsewhere[] = { "unencodable", "left-behind", "left-out", "version", "no-time", "length-byte" };

	(void)state;
	for (const struct hep_trap *t = hep_traps; t->name != NULL; t++) {
		bool seen = false;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			seen |= rows[i].trap != NULL && strcmp(rows[i].trap, t->name) == 0;
		for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
			seen |= strcmp(elsewhere[i], t->name) == 0;
		if (!seen)
			fail_msg("%s", t->name);
	}
}

static void
names_are_those_of_the_option(void **state)
{
	struct slice names = SLICE_LIT(HEP_PROFILE_NAMES);
	size_t n = 0;

	(void)state;
	while (names.n > 0) {
		char name[32];
		size_t len = slice_chr(names, ' ');

		snprintf(name, sizeof(name), "%.*s", (int)len, (const char *)names.p);
		assert_non_null(hep_profile_of(name));
		names = slice_skip(names, len + 1);
		n++;
	}
	assert_null(hep_profiles[n].name);
	assert_null(hep_profile_of("nobody"));
}

static void
the_man_page_has_every_trap_and_receiver(void **state)
{
	static char page[65536];
	FILE *f = fopen("man/man1/hepenc.1", "r");
	size_t n;

	(void)state;
	assert_non_null(f);
	n = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	page[n] = '\0';
	for (const struct hep_trap *t = hep_traps; t->name != NULL; t++) {
		struct buf want = { 0 };

		buf_printf(&want, ".It Cm %s Pq %s ; ", t->name,
		    t->harm == HEP_LOST ? "lost" : t->harm == HEP_MISREAD ? "misread" : "noted");
		if (strstr(page, buf_cstr(&want)) == NULL)
			fail_msg("no %s", buf_cstr(&want));
		buf_reset(&want);
	}
	for (const struct hep_profile *p = hep_profiles; p->name != NULL; p++)
		if (strstr(page, p->name) == NULL)
			fail_msg("no %s", p->name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_trap_trips_where_it_lies),
		cmocka_unit_test(old_versions),
		cmocka_unit_test(no_trap_without_a_row),
		cmocka_unit_test(the_man_page_has_every_trap_and_receiver),
		cmocka_unit_test(names_are_those_of_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
