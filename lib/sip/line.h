/* SPDX-License-Identifier: MIT */
#ifndef SIP_LINE_H
#define SIP_LINE_H
/*
 * line - the start line and the header lines below it, as the scanner and header access walk them.
 *
 * A line ends with LF, with or without CR before it; a CR elsewhere is a byte like others. A header line includes the
 * lines folded onto it (RFC 3261 7.3.1). Private to lib/sip.
 */
#include "base/rc.h"
#include "base/slice.h"

#define SIP_METHOD_MAX 128		/* bytes of a method token */
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
	size_t next;		/* offset of the next line */
	bool whole;		/* its line end is there */
	bool folded;		/* text has line ends in it */
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

/*
 * The header line at `pos`. RC_END: it is the empty line, l->next is where the body begins. RC_MORE: the bytes end here.
 */
static inline enum rc
sip_line_next(struct slice msg, size_t pos, struct sip_line *l)
{
	const uint8_t *p = msg.p + pos, *end = msg.p + msg.n, *nl;

	if (p == end)
		return RC_MORE;
	l->whole = true;
	l->folded = false;
	if (*p == '\n' || (*p == '\r' && end - p > 1 && p[1] == '\n')) {
		l->next = pos + (*p == '\n' ? 1 : 2);
		return RC_END;
	}
	nl = memchr(p, '\n', (size_t)(end - p));
	while (nl != NULL && nl + 1 < end && sip_is_blank(nl[1])) {
		l->folded = true;
		nl = memchr(nl + 1, '\n', (size_t)(end - nl - 1));
	}
	if (nl == NULL) {
		l->whole = false;
		nl = end;
	}
	l->next = (size_t)(nl - msg.p) + l->whole;
	if (nl > p && nl[-1] == '\r')
		nl--;
	l->text = slice_of(p, (size_t)(nl - p));
	return RC_OK;
}
#endif
