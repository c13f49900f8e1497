/* SPDX-License-Identifier: MIT */
#ifndef SIP_LINE_H
#define SIP_LINE_H
/*
 * line - the start line and the header lines below it, as the scanner and header access walk them.
 *
 * A line ends with LF, with or without CR before it; a CR elsewhere is a byte like others. A header line includes the
 * lines folded onto it (RFC 3261 7.3.1). Private to lib/sip.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/rc.h"
#include "base/slice.h"

#define SIP_METHOD_MAX (32u << 10)	/* bytes of a method token; PROTOS c07 has some of 16 KiB */
#define SIP_START_MAX (64u << 10)	/* bytes of a start line, its end included */

struct sip_start {
	struct slice method, uri;	/* request; else { NULL, 0 } */
	struct slice reason;		/* reply; may be empty */
	uint16_t status;		/* reply: brought into 100..999; request: 0 */
	bool unusual;			/* taken, but not as RFC 3261 7.1 and 7.2 write it */
	size_t next;			/* offset of the line below */
};

/*
 * The start line, after any CRs and LFs. RC_MORE: a prefix of one; *out is what it was.
 *
 * Taken and unusual: another version than 2.0 (RFC 4475 3.1.2.16), anything behind the version, several or trailing
 * blanks, blanks in the URI, a status of other than three digits, a status line that ends right after it.
 */
enum rc sip_start_parse(struct slice msg, struct sip_start *out) MUST_USE;

struct sip_line {
	struct slice text;	/* name, colon, value, folds; without the line end */
	bool whole;		/* its line end is there */
	bool folded;		/* text has line ends in it */
};

/*
 * A walk over header lines. Line ends are looked for 64 bytes at a time, so a message's many short lines cost little more than
 * its bytes.
 */
struct sip_lines {
	struct slice msg;
	size_t pos;		/* of the next line; after RC_END of the body */
	size_t block;		/* offset of the 64 bytes that `ends` is about */
	uint64_t ends;		/* bit i: an LF at block + i, not before pos */
};

static inline bool
sip_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static inline bool
sip_is_lws(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bit i of the result: p[i] is an LF. */
static inline uint64_t
sip_ends64(const uint8_t p[static 64])
{
	uint64_t m = 0;

#ifdef __SSE2__
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));

		m |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n'))) << (16 * i);
	}
#else
	for (int i = 0; i < 64; i++)
		m |= (uint64_t)(p[i] == '\n') << i;
#endif
	return m;
}

/* The same of fewer bytes than 64: not one beyond them is read. */
static inline uint64_t
sip_ends_tail(struct slice s)
{
	uint64_t m = 0;

	for (size_t i = 0; i < s.n; i++)
		m |= (uint64_t)(s.p[i] == '\n') << i;
	return m;
}

static inline void
sip_lines_load(struct sip_lines *w)
{
	struct slice s = slice_skip(w->msg, w->block);

	w->ends = s.n >= 64 ? sip_ends64(s.p) : sip_ends_tail(s);
}

static inline void
sip_lines_init(struct sip_lines *w, struct slice msg, size_t pos)
{
	*w = (struct sip_lines){ .msg = msg, .pos = pos, .block = pos };
	if (pos < msg.n)
		sip_lines_load(w);
}

/* Offset of the next LF, which is passed by; msg.n where there is none. */
static inline size_t
sip_lines_end(struct sip_lines *w)
{
	size_t at;

	while (w->ends == 0) {
		if (w->msg.n - w->block <= 64)
			return w->msg.n;
		w->block += 64;
		sip_lines_load(w);
	}
	at = w->block + (size_t)__builtin_ctzll(w->ends);
	w->ends &= w->ends - 1;
	return at;
}

/* Passes by the lines that begin with none of these bytes: whole headers, folds and all, if a blank is none of them. */
static inline void
sip_lines_seek(struct sip_lines *w, const bool first[static 256])
{
	while (w->pos < w->msg.n && !first[w->msg.p[w->pos]])
		w->pos = sip_lines_end(w) + 1;
}

/* RC_END: the empty line. RC_MORE: the bytes end here. */
static inline enum rc
sip_lines_next(struct sip_lines *w, struct sip_line *l)
{
	const uint8_t *p = w->msg.p + w->pos;
	size_t n = w->msg.n, end;

	if (w->pos >= n)
		return RC_MORE;
	end = sip_lines_end(w);
	if (end < n && (end == w->pos || (end == w->pos + 1 && *p == '\r'))) {
		w->pos = end + 1;
		return RC_END;
	}
	l->folded = false;
	while (end + 1 < n && sip_is_blank(w->msg.p[end + 1])) {
		l->folded = true;
		end = sip_lines_end(w);
	}
	l->whole = end < n;
	l->text = slice_of(p, end - w->pos - (end > w->pos && w->msg.p[end - 1] == '\r'));
	w->pos = end + l->whole;
	return RC_OK;
}
#endif
