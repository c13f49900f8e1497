/* SPDX-License-Identifier: MIT */
#include "base/take.h"
#include "hep/chunk.h"

/* The specification's vendor ids; 0 is the specification itself. */
static const char *const vendors[] = {
	"", "freeswitch", "kamailio", "opensips", "asterisk", "homer", "sipxecs", "yeti", "genesys",
};

static int
hex_digit(uint8_t c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_hex(struct slice s)
{
	return slice_istarts(s, SLICE_LIT("0x"));
}

static bool
number(struct slice s, uint16_t *out)
{
	uint64_t v = 0;

	if (!is_hex(s)) {
		if (!slice_u64(s, UINT16_MAX, &v))
			return false;
	} else {
		s = slice_skip(s, 2);
		if (s.n == 0 || s.n > 4)
			return false;
		for (size_t i = 0; i < s.n; i++) {
			if (hex_digit(s.p[i]) < 0)
				return false;
			v = v << 4 | (unsigned)hex_digit(s.p[i]);
		}
	}
	*out = (uint16_t)v;
	return true;
}

static bool
vendor_number(struct slice s, uint16_t *out)
{
	for (uint16_t i = 1; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (slice_ieq(s, slice_str(vendors[i]))) {
			*out = i;
			return true;
		}
	return number(s, out);
}

/* Bytes in network order of a decimal number. */
static enum rc
number_value(struct slice s, size_t size, struct buf *out, struct err *e)
{
	uint64_t v, max = size < 8 ? (1ull << 8 * size) - 1 : UINT64_MAX;

	if (!slice_u64(s, max, &v))
		return err_set(e, RC_BAD, "'%.*s' is no number of %zu byte%s, and no 0x…", SLICE_ARG(s), size, size == 1 ? "" : "s");
	while (size-- > 0)
		buf_u8(out, (uint8_t)(v >> 8 * size));
	return RC_OK;
}

static enum rc
hex_value(struct slice s, struct buf *out, struct err *e)
{
	struct slice digits = slice_skip(s, 2);

	for (size_t i = 0; i + 1 < digits.n; i += 2) {
		int high = hex_digit(digits.p[i]), low = hex_digit(digits.p[i + 1]);

		if (high < 0 || low < 0)
			return err_set(e, RC_BAD, "'%.*s': no hexadecimal digits", SLICE_ARG(s));
		buf_u8(out, (uint8_t)(high << 4 | low));
	}
	return digits.n % 2 == 0 ? RC_OK : err_set(e, RC_BAD, "'%.*s': an odd number of hexadecimal digits", SLICE_ARG(s));
}

static enum rc
append_value(const struct hep_chunk_def *def, struct slice s, struct buf *out, struct err *e)
{
	if (is_hex(s))
		return hex_value(s, out, e);
	if (def->form == HEP_FORM_U8 || def->form == HEP_FORM_U16 || def->form == HEP_FORM_U32 || def->form == HEP_FORM_U64)
		return number_value(s, def->size, out, e);
	buf_put(out, s);
	return RC_OK;
}

enum rc
hep_chunk_parse(struct slice text, struct buf *out, struct err *e)
{
	size_t colon = slice_chr(text, ':'), before = out->n, n;
	struct slice rest = slice_skip(text, colon + 1);
	size_t equals = slice_chr(rest, '=');
	const struct hep_chunk_def *def;
	uint16_t vendor, type;
	enum rc rc;

	if (colon == text.n || equals == rest.n || !vendor_number(slice_head(text, colon), &vendor) ||
	    !number(slice_head(rest, equals), &type))
		return err_set(e, RC_BAD, "'%.*s' is no chunk: VENDOR:TYPE=TEXT or VENDOR:TYPE=0xHEX", SLICE_ARG(text));
	def = hep_chunk_def(vendor, type);
	if (def->field)
		return err_set(e, RC_BAD, "chunk 0:%#x (%s) is not given this way", type, def->name);
	if (vendor == 0 && type == 0)
		return err_set(e, RC_BAD, "chunk 0:0 does not exist");
	buf_zero(out, HEP3_CHUNK_HEAD);
	rc = append_value(def, slice_skip(rest, equals + 1), out, e);
	n = out->n - before - HEP3_CHUNK_HEAD;
	if (rc == RC_OK && def->size != 0 && n != def->size)
		rc = err_set(e, RC_BAD, "chunk 0:%#x (%s) has %u bytes, not %zu", type, def->name, def->size, n);
	if (rc == RC_OK && n > UINT16_MAX - HEP3_CHUNK_HEAD)
		rc = err_set(e, RC_BAD, "a chunk has at most %d bytes", UINT16_MAX - HEP3_CHUNK_HEAD);
	if (rc == RC_OK)
		hep3_store_head(out->p + before, vendor, type, n);
	else
		out->n = before;
	return rc;
}
