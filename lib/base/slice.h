/* SPDX-License-Identifier: MIT */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H
/*
 * slice - borrowed bytes.
 *
 * A slice owns nothing: it is valid for as long as whoever lent it says. An
 * absent value is { NULL, 0 }, an empty one has a pointer and n == 0; where
 * the difference matters the lender says so. No function here allocates.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

/* For printf("%.*s", SLICE_ARG(s)); cut at INT_MAX. */
#define SLICE_ARG(s) (int)(s).n, (const char *)(s).p
/* A slice of a string literal, usable in initialisers. */
#define SLICE_LIT(lit) ((struct slice){ (const uint8_t *)(lit), sizeof(lit) - 1 })

static inline struct slice
slice_of(const void *p, size_t n)
{
	return (struct slice){ p, n };
}

static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ (const uint8_t *)s, s != NULL ? strlen(s) : 0 };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint8_t
ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Equal but for ASCII case; never looks at the locale. */
static inline bool
slice_ieq(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
			return false;
	return true;
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool
slice_istarts(struct slice s, struct slice prefix)
{
	return s.n >= prefix.n && slice_ieq(slice_of(s.p, prefix.n), prefix);
}

/* Bytewise order as memcmp's, the shorter first among equals. */
static inline int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* All but the first `n` bytes (nothing where there are fewer). */
static inline struct slice
slice_skip(struct slice s, size_t n)
{
	if (n > s.n)
		n = s.n;
	if (n == 0)	/* C has no NULL + 0 */
		return s;
	return (struct slice){ s.p + n, s.n - n };
}

/* The first `n` bytes (all where there are fewer). */
static inline struct slice
slice_head(struct slice s, size_t n)
{
	return (struct slice){ s.p, n < s.n ? n : s.n };
}

/* Position of the first `c`, or s.n. */
static inline size_t
slice_chr(struct slice s, uint8_t c)
{
	const uint8_t *q = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return q != NULL ? (size_t)(q - s.p) : s.n;
}

/* Without space, tab, CR and LF at either end (SIP's LWS, RFC 3261 25.1). */
static inline struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && s.p[0] <= ' ' && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '\n'))
		s.p++, s.n--;
	while (s.n > 0 && s.p[s.n - 1] <= ' ' && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' ||
	    s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\n'))
		s.n--;
	return s;
}

/*
 * A decimal number: digits only, at least one, no sign. False (and *out
 * untouched) where there is anything else or the value exceeds `max`.
 */
static inline bool
slice_u64(struct slice s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t d = s.p[i] - '0';

		if (d > 9 || v > max / 10 || v * 10 > max - d)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}
#endif
