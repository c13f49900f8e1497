/* SPDX-License-Identifier: MIT */
#include "sip/line.h"
#include "sip/msg.h"

/* Offset of what follows the empty line, or text.n. The first line is none of the headers. */
static size_t
body_offset(struct slice text)
{
	struct sip_lines w;
	struct sip_line l;
	enum rc rc;

	sip_lines_init(&w, text, 0);
	do
		rc = sip_lines_next(&w, &l);
	while (rc == RC_OK || (rc == RC_END && w.pos <= 2));	/* CRLFs before a start line, RFC 3261 7.5 */
	return w.pos;
}

/* "type/subtype;…"; false where there is no '/'. */
static bool
split_type(struct slice value, struct sip_body *out)
{
	struct slice s = slice_trim(slice_head(value, slice_chr(value, ';')));
	size_t slash = slice_chr(s, '/');

	if (slash == s.n)
		return false;
	out->type = slice_trim(slice_head(s, slash));
	out->subtype = slice_trim(slice_skip(s, slash + 1));
	return true;
}

/* A line at the front of `s` is the boundary's delimiter (RFC 2046 5.1.1); *last: the closing one. */
static bool
is_delimiter(struct slice s, struct slice boundary, bool *last)
{
	if (!slice_starts(s, SLICE_LIT("--")) || !slice_starts(slice_skip(s, 2), boundary))
		return false;
	s = slice_skip(s, 2 + boundary.n);
	*last = slice_starts(s, SLICE_LIT("--"));
	return *last || s.n == 0 || sip_is_lws(s.p[0]);
}

/* Offset of the next delimiter line at or behind `at`, or s.n. */
static size_t
find_delimiter(struct slice s, size_t at, struct slice boundary, bool *last)
{
	while (at < s.n && !is_delimiter(slice_skip(s, at), boundary, last))
		at += slice_chr(slice_skip(s, at), '\n') + 1;
	return at < s.n ? at : s.n;
}

/* A part begins with its delimiter line, as a message does with its start line: header access works on it. */
static bool
nth_part(struct slice s, struct slice boundary, unsigned nth, struct slice *part)
{
	bool last = false;
	size_t at = find_delimiter(s, 0, boundary, &last), end = at;

	for (unsigned i = 0; at < s.n && !last; i++) {
		end = find_delimiter(s, at + 2, boundary, &last);
		if (i == nth) {
			*part = slice_of(s.p + at, end - at);
			/* the line end before a delimiter belongs to it */
			if (end < s.n)
				part->n -= part->n > 1 && part->p[part->n - 2] == '\r' ? 2 : 1;
			return true;
		}
		at = end;
	}
	return false;
}

bool
sip_body(struct slice msg, unsigned nth, struct sip_body *out)
{
	struct slice value, boundary, part, all = slice_skip(msg, body_offset(msg));
	uint64_t length;

	*out = (struct sip_body){ 0 };
	if (sip_header(msg, SLICE_LIT("Content-Length"), 0, &value) && slice_u64(value, UINT32_MAX, &length))
		all = slice_head(all, (size_t)length);
	if (all.n == 0)
		return false;
	if (!sip_header(msg, SLICE_LIT("Content-Type"), 0, &value) || !split_type(value, out) ||
	    !slice_ieq(out->type, SLICE_LIT("multipart")) ||
	    !sip_param(slice_skip(value, slice_chr(value, ';')), SLICE_LIT("boundary"), &boundary)) {
		out->bytes = all;
		return nth == 0;
	}
	*out = (struct sip_body){ 0 };
	if (nth >= SIP_BODIES || !nth_part(all, boundary, nth, &part))
		return false;
	if (sip_header(part, SLICE_LIT("Content-Type"), 0, &value))
		(void)split_type(value, out);
	out->bytes = slice_skip(part, body_offset(part));
	return true;
}
