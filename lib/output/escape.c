/* SPDX-License-Identifier: MIT */
#include "output/escape.h"

#include "base/take.h"

enum { TSV = 1, ITEM = 2, WORD = 4, TEXT = 8, JSON = 16 };

/* Where each byte stands for itself. JSON's only multi-byte care is 0xc2, which begins the C1 controls. */
static const uint8_t plain[256] = {
	['\t'] = TEXT,
	['\n'] = TEXT,
	[' ' ... '!'] = TSV | ITEM | WORD | TEXT | JSON,
	['"'] = TSV | ITEM | WORD | TEXT,
	['#' ... '+'] = TSV | ITEM | WORD | TEXT | JSON,
	[','] = TSV | WORD | TEXT | JSON,
	['-' ... '['] = TSV | ITEM | WORD | TEXT | JSON,
	['\\'] = WORD | TEXT,
	[']' ... '~'] = TSV | ITEM | WORD | TEXT | JSON,
	[0x80 ... 0xc1] = JSON,
	[0xc3 ... 0xff] = JSON,
};

static const char hex[] = "0123456789abcdef";

/* Copies what needs nothing done and returns what is left. */
static inline struct slice
copy_plain(struct buf *out, struct slice s, uint8_t use)
{
	size_t n = 0;

	while (n < s.n && (plain[s.p[n]] & use) != 0)
		n++;
	buf_add(out, s.p, n);
	return slice_skip(s, n);
}

static void
put_escaped(struct buf *out, uint8_t c)
{
	const char *q = "t\tn\nr\r\\\\";

	for (; *q != '\0'; q += 2)
		if ((uint8_t)q[1] == c) {
			buf_add(out, (char[]){ '\\', *q }, 2);
			return;
		}
	buf_add(out, (char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
}

static void
escape_bytes(struct buf *out, struct slice s, uint8_t use)
{
	for (s = copy_plain(out, s, use); s.n > 0; s = copy_plain(out, s, use)) {
		put_escaped(out, s.p[0]);
		s = slice_skip(s, 1);
	}
}

void
escape_tsv(struct buf *out, struct slice s)
{
	escape_bytes(out, s, TSV);
}

void
escape_tsv_item(struct buf *out, struct slice s)
{
	escape_bytes(out, s, ITEM);
}

/* Neither moves the cursor nor changes the direction of what follows (Unicode 15, Bidi_Control and Zl, Zp). */
static bool
harmless(uint32_t code)
{
	return code >= 0xa0 && code != 0x61c && code != 0x200e && code != 0x200f &&
	    !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0xfeff;
}

static void
escape_human(struct buf *out, struct slice s, uint8_t use)
{
	for (s = copy_plain(out, s, use); s.n > 0; s = copy_plain(out, s, use)) {
		uint32_t code;
		size_t n = s.p[0] >= 0x80 ? utf8_next(s, &code) : 0;

		if (n > 0 && harmless(code)) {
			buf_add(out, s.p, n);
		} else if (use == TEXT && s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n') {
			n = 1;
		} else {
			n = n > 0 ? n : 1;
			for (size_t i = 0; i < n; i++)
				put_escaped(out, s.p[i]);
		}
		s = slice_skip(s, n);
	}
}

void
escape_word(struct buf *out, struct slice s)
{
	escape_human(out, s, WORD);
}

void
escape_text(struct buf *out, struct slice s)
{
	escape_human(out, s, TEXT);
}

static void
json_unicode(struct buf *out, uint8_t c)
{
	buf_add(out, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

void
json_string(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (s = copy_plain(out, s, JSON); s.n > 0; s = copy_plain(out, s, JSON)) {
		uint8_t c = s.p[0];
		size_t n = 1;

		if (c == 0xc2 && s.n > 1) {
			n = 2;
			if (s.p[1] < 0xa0)
				json_unicode(out, s.p[1]);
			else
				buf_add(out, s.p, 2);
		} else if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
			buf_add(out, (char[]){ '\\', c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c }, 2);
		} else {
			json_unicode(out, c);
		}
		s = slice_skip(s, n);
	}
	buf_u8(out, '"');
}

void
base64(struct buf *out, struct slice s)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *q = buf_room(out, (s.n + 2) / 3 * 4);

	for (; s.n > 0; s = slice_skip(s, 3)) {
		uint32_t v = (uint32_t)s.p[0] << 16 | (s.n > 1 ? (uint32_t)s.p[1] << 8 : 0) | (s.n > 2 ? s.p[2] : 0);

		*q++ = (uint8_t)abc[v >> 18];
		*q++ = (uint8_t)abc[v >> 12 & 63];
		*q++ = s.n > 1 ? (uint8_t)abc[v >> 6 & 63] : '=';
		*q++ = s.n > 2 ? (uint8_t)abc[v & 63] : '=';
	}
	out->n = (size_t)(q - out->p);
}

size_t
utf8_next(struct slice s, uint32_t *code)
{
	static const struct { uint8_t first, last, n, low, high; } lead[] = {	/* RFC 3629 4 */
		{ 0x00, 0x7f, 1, 0, 0 },
		{ 0xc2, 0xdf, 2, 0x80, 0xbf },
		{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf },
		{ 0xed, 0xed, 3, 0x80, 0x9f },
		{ 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf },
		{ 0xf1, 0xf3, 4, 0x80, 0xbf },
		{ 0xf4, 0xf4, 4, 0x80, 0x8f },
	};

	for (size_t i = 0; s.n > 0 && i < sizeof(lead) / sizeof(lead[0]); i++) {
		uint32_t v = s.p[0];

		if (v < lead[i].first || v > lead[i].last)
			continue;
		if (s.n < lead[i].n)
			return 0;
		if (lead[i].n > 1)
			v &= 0xffu >> (lead[i].n + 1);
		for (size_t k = 1; k < lead[i].n; k++) {
			uint8_t low = k == 1 ? lead[i].low : 0x80, high = k == 1 ? lead[i].high : 0xbf;

			if (s.p[k] < low || s.p[k] > high)
				return 0;
			v = v << 6 | (s.p[k] & 0x3f);
		}
		*code = v;
		return lead[i].n;
	}
	return 0;
}

bool
utf8_valid(struct slice s)
{
	uint32_t code;

	while (s.n > 0) {
		size_t n;

		while (s.n >= 8 && (load_le64(s.p) & 0x8080808080808080ULL) == 0)
			s = slice_of(s.p + 8, s.n - 8);
		while (s.n > 0 && s.p[0] < 0x80)
			s = slice_of(s.p + 1, s.n - 1);
		if (s.n == 0)
			break;
		n = utf8_next(s, &code);
		if (n == 0)
			return false;
		s = slice_skip(s, n);
	}
	return true;
}
