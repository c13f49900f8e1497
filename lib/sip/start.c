/* SPDX-License-Identifier: MIT */
#include "sip/line.h"

#include "sip/msg.h"

/* RFC 3261 25.1 token: alphanumerics and -.!%*_+`'~ */
static const bool token[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['-'] = true, ['.'] = true, ['!'] = true, ['%'] = true, ['*'] = true,
	['_'] = true, ['+'] = true, ['`'] = true, ['\''] = true, ['~'] = true,
};

static size_t
blanks(struct slice s)
{
	size_t n = 0;

	while (n < s.n && sip_is_blank(s.p[n]))
		n++;
	return n;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "SIP/" and a digit, any case (RFC 3261 7.1). */
static bool
is_version(struct slice s)
{
	return s.n > 4 && slice_istarts(s, SLICE_LIT("SIP/")) && is_digit(s.p[4]);
}

/* `s` begins behind "SIP/". Where it ends early, RC_MORE. */
static enum rc
status_line(struct slice s, struct sip_start *out)
{
	size_t n = 0, digits = 0;
	unsigned status = 0;

	while (n < s.n && (is_digit(s.p[n]) || s.p[n] == '.'))
		n++;
	out->unusual = !slice_eq(slice_head(s, n), SLICE_LIT("2.0"));
	if (n == s.n)
		return RC_MORE;
	s = slice_skip(s, n);
	if (n == 0 || (n = blanks(s)) == 0)
		return RC_BAD;
	out->unusual |= n > 1;
	s = slice_skip(s, n);
	for (; digits < s.n && is_digit(s.p[digits]); digits++)
		status = status > 999 ? status : status * 10 + (unsigned)(s.p[digits] - '0');
	s = slice_skip(s, digits);
	if (digits == 0)
		return s.n == 0 ? RC_MORE : RC_BAD;
	if (s.n > 0 && !sip_is_blank(s.p[0]))
		return RC_BAD;
	out->status = (uint16_t)(status < 100 ? 100 : status > 999 ? 999 : status);
	out->unusual |= digits != 3 || status < 100 || s.n == 0;
	out->reason = slice_trim(s);
	return RC_OK;
}

/* RC_MORE where the line ends before the method does; all of the rest is for the caller, who knows whether the line is whole. */
static enum rc
method_token(struct slice s, struct slice *method)
{
	size_t n = 0, max = s.n < SIP_METHOD_MAX + 1 ? s.n : SIP_METHOD_MAX + 1;

	while (n < max && token[s.p[n]])
		n++;
	if (n > SIP_METHOD_MAX || (n == 0 && s.n > 0))
		return RC_BAD;
	if (n == s.n)
		return RC_MORE;
	*method = slice_head(s, n);
	return s.p[n] == ' ' ? RC_OK : RC_BAD;
}

/* `s` is what follows the method: " URI SIP/2.0". */
static enum rc
request_tail(struct slice s, struct sip_start *out)
{
	struct slice all = s, version;
	size_t n;

	if (s.n > 9 && memcmp(s.p + s.n - 8, " SIP/2.0", 8) == 0) {	/* nearly always, and then nothing else to look at */
		out->uri = slice_of(s.p + 1, s.n - 9);
		if (slice_chr(out->uri, ' ') == out->uri.n && out->uri.p[0] > ' ' && out->uri.p[out->uri.n - 1] > ' ')
			return RC_OK;
	}
	while (s.n > 0 && (sip_is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\r'))
		s.n--;
	for (n = s.n; n > 0 && !sip_is_blank(s.p[n - 1]);)
		n--;
	version = slice_skip(s, n);
	out->uri = slice_trim(slice_head(s, n));
	if (out->uri.n == 0 || !is_version(version))
		return RC_BAD;
	/* one blank before and one behind the URI, none in it */
	out->unusual = s.n != all.n || out->uri.n + 2 != n || !slice_ieq(version, SLICE_LIT("SIP/2.0")) ||
	    slice_chr(out->uri, ' ') != out->uri.n;
	return RC_OK;
}

static enum rc
parse_line(struct slice line, bool whole, struct sip_start *out)
{
	enum rc rc;

	if (line.n > 0 && (line.p[0] | 0x20) == 's' && slice_istarts(line, SLICE_LIT("SIP/"))) {
		rc = status_line(slice_skip(line, 4), out);
	} else {
		rc = method_token(line, &out->method);
		if (rc == RC_OK && whole)
			rc = request_tail(slice_skip(line, out->method.n), out);
	}
	if (whole)
		return rc == RC_OK ? RC_OK : RC_BAD;
	return rc == RC_BAD ? RC_BAD : RC_MORE;
}

enum rc
sip_start_parse(struct slice msg, struct sip_start *out)
{
	size_t at = 0, n;
	struct slice s;
	bool whole;

	*out = (struct sip_start){ 0 };
	while (at < msg.n && (msg.p[at] == '\r' || msg.p[at] == '\n'))
		at++;
	s = slice_head(slice_skip(msg, at), SIP_START_MAX);
	n = slice_chr(s, '\n');
	whole = n < s.n;
	if (!whole && s.n == SIP_START_MAX)
		return RC_BAD;
	out->next = at + n + whole;
	if (n > 0 && s.p[n - 1] == '\r')
		n--;
	return parse_line(slice_head(s, n), whole, out);
}

bool
sip_looks_like(struct slice bytes)
{
	struct sip_start st;

	switch (sip_start_parse(bytes, &st)) {
	case RC_OK:
		return true;
	case RC_MORE:
		return st.method.n > 0 || st.status > 0;
	default:
		return false;
	}
}

enum rc
sip_request_uri(struct slice msg, struct slice *uri)
{
	struct sip_start st;

	if (sip_start_parse(msg, &st) != RC_OK || st.status > 0)
		return RC_BAD;
	*uri = st.uri;
	return RC_OK;
}

enum rc
sip_reason(struct slice msg, struct slice *reason)
{
	struct sip_start st;

	if (sip_start_parse(msg, &st) != RC_OK || st.status == 0)
		return RC_BAD;
	*reason = st.reason;
	return RC_OK;
}
