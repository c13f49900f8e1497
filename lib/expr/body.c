/* SPDX-License-Identifier: MIT */
#include "expr/field.h"
#include "sip/msg.h"

/*
 * Multipart bodies are walked here and not by libosip2: it refuses a message whose body the capture cut, and a rule that selects
 * calls by their SDP should find it in what is there.
 */
#define NESTED_MAX 8	/* multipart in multipart */

/* "application/sdp" of "application/sdp; charset=utf-8". */
static struct slice
media_type(struct slice value)
{
	return slice_trim(slice_head(value, slice_chr(value, ';')));
}

/*
 * The next delimiter line, "--boundary" and blanks (RFC 2046 5.1.1), at or behind *pos: *line is its offset, *pos that of the line
 * below. "--boundary--" is the last; it begins no part. False: none is left, or it is cut.
 */
static bool
next_delimiter(struct slice body, struct slice boundary, size_t *pos, size_t *line, bool *last)
{
	while (*pos < body.n) {
		struct slice s = slice_skip(body, *pos), rest;
		size_t eol = slice_chr(s, '\n');

		*line = *pos;
		*pos += eol < s.n ? eol + 1 : eol;
		if (!slice_starts(s, SLICE_LIT("--")) || !slice_starts(slice_skip(s, 2), boundary))
			continue;
		rest = slice_trim(slice_skip(slice_head(s, eol), 2 + boundary.n));
		*last = slice_eq(rest, SLICE_LIT("--"));
		if (*last || (rest.n == 0 && eol < s.n))
			return true;
	}
	return false;
}

static bool holds(struct slice value, struct slice body, struct slice type, int depth);

/* `part` begins with its delimiter line, which header access passes over as it does a start line. */
static bool
part_holds(struct slice part, struct slice type, int depth)
{
	struct slice value = SLICE_LIT("text/plain"), name, v;	/* RFC 2046 5.1 */
	size_t pos = slice_chr(part, '\n') + 1, next = pos;

	(void)sip_header(part, SLICE_LIT("Content-Type"), 0, &value);
	while (sip_header_next(part, &next, &name, &v) == RC_OK)
		pos = next;
	return holds(value, slice_skip(part, pos), type, depth + 1);
}

static bool
holds(struct slice value, struct slice body, struct slice type, int depth)
{
	struct slice params = slice_skip(value, slice_chr(value, ';')), boundary;
	size_t pos = 0, from, to;
	bool last, found;

	if (slice_ieq(media_type(value), type))
		return true;
	if (depth >= NESTED_MAX || !slice_istarts(value, SLICE_LIT("multipart/")) ||
	    !sip_param(params, SLICE_LIT("boundary"), &boundary) || boundary.n == 0)
		return false;
	found = next_delimiter(body, boundary, &pos, &from, &last);
	while (found && !last) {
		found = next_delimiter(body, boundary, &pos, &to, &last);
		if (!found)
			to = body.n;
		if (part_holds(slice_of(body.p + from, to - from), type, depth))
			return true;
		from = to;
	}
	return false;
}

bool
body_has(const struct record *r, struct slice type)
{
	struct slice body, value;

	if ((r->marks & MARK_SIP) == 0 || r->sip.body == 0)
		return false;
	body = slice_skip(r->payload, r->sip.body);
	if (body.n == 0)
		return false;
	if (type.p == NULL)
		return true;
	return sip_header(r->payload, SLICE_LIT("Content-Type"), 0, &value) && holds(value, body, type, 0);
}
