/* SPDX-License-Identifier: MIT */
#include "sip/line.h"
#include "sip/msg.h"

/* A quoted string begins at s[i]: the position behind its closing quote; s.n + 1 where it has none. */
static size_t
skip_quoted(struct slice s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i + 1 : s.n + 1;
}

/* Position of the first '<' that stands in no quoted string, or s.n. A quote that never ends is a byte like others. */
static size_t
find_angle(struct slice s, bool *bad)
{
	size_t lt = slice_chr(s, '<'), from = 0, q;

	while (lt < s.n && (q = slice_chr(slice_of(s.p + from, lt - from), '"')) < lt - from) {
		q = skip_quoted(s, from + q);
		if (q > s.n) {
			*bad = true;
			return lt;
		}
		from = q;
		if (lt < from)
			lt = from + slice_chr(slice_skip(s, from), '<');
	}
	return lt;
}

static bool
open_quote(struct slice s)
{
	size_t i = slice_chr(s, '"');

	while (i < s.n) {
		i = skip_quoted(s, i);
		i += slice_chr(slice_skip(s, i), '"');
	}
	return i > s.n;
}

static struct slice
unquoted(struct slice v)
{
	v = slice_trim(v);
	return v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"' ? slice_of(v.p + 1, v.n - 2) : v;
}

static struct slice
display_name(struct slice s)
{
	s = slice_trim(s);
	return s.n > 0 ? unquoted(s) : (struct slice){ NULL, 0 };
}

/* URI and header parameters of the form without <>: the first ';' begins the latter (RFC 3261 20.10). */
static void
addr_spec(struct slice s, struct sip_nameaddr *out)
{
	size_t semi = slice_chr(s, ';');

	out->uri = slice_trim(slice_head(s, semi));
	if (semi < s.n)
		out->params = slice_skip(s, semi);
}

enum rc
sip_nameaddr(struct slice value, struct sip_nameaddr *out)
{
	bool bad = false;
	size_t lt = find_angle(value, &bad), gt;
	struct slice rest;

	*out = (struct sip_nameaddr){ 0 };
	if (lt == value.n) {
		addr_spec(value, out);
		return bad || out->uri.n == 0 || open_quote(out->params) ? RC_BAD : RC_OK;
	}
	out->display = display_name(slice_head(value, lt));
	/* "sip:a@b <sip:c@d>" is no token but could be meant as either */
	bad |= lt > 0 && value.p[0] != '"' && slice_chr(out->display, ':') < out->display.n;
	rest = slice_skip(value, lt + 1);
	gt = slice_chr(rest, '>');
	if (gt == rest.n) {
		addr_spec(rest, out);
		return RC_BAD;
	}
	out->uri = slice_trim(slice_head(rest, gt));
	rest = slice_trim(slice_skip(rest, gt + 1));
	if (rest.n > 0) {
		bad |= rest.p[0] != ';';
		out->params = slice_skip(rest, slice_chr(rest, ';'));
		if (out->params.n == 0)
			out->params.p = NULL;
	}
	return bad || out->uri.n == 0 || open_quote(out->params) ? RC_BAD : RC_OK;
}

/* `s` begins behind a ';': where that parameter ends. Only a value that begins with a quote is a quoted string. */
static size_t
param_end(struct slice s)
{
	size_t end = slice_chr(s, ';'), q = slice_chr(slice_head(s, end), '"'), i = q;

	if (q == end)
		return end;
	while (i > 0 && sip_is_lws(s.p[i - 1]))
		i--;
	if (i == 0 || s.p[i - 1] != '=' || (q = skip_quoted(s, q)) > s.n)
		return end;
	return q + slice_chr(slice_skip(s, q), ';');
}

/* `params` begins with a parameter, or behind its ';'. */
static bool
find_param(struct slice params, struct slice name, struct slice *value)
{
	size_t n, end;

	for (;; params = slice_skip(params, end + 1)) {
		while (params.n > 0 && sip_is_lws(params.p[0]))
			params = slice_skip(params, 1);
		end = param_end(params);
		if (slice_istarts(params, name)) {
			for (n = name.n; n < params.n && sip_is_lws(params.p[n]);)
				n++;
			if (n == params.n || params.p[n] == ';') {
				*value = slice_of(params.p + name.n, 0);
				return true;
			}
			if (params.p[n] == '=') {
				*value = unquoted(slice_of(params.p + n + 1, end - n - 1));
				return true;
			}
		}
		if (end == params.n)
			return false;
	}
}

bool
sip_param(struct slice params, struct slice name, struct slice *value)
{
	size_t semi = slice_chr(params, ';');

	return semi < params.n && find_param(slice_skip(params, semi + 1), name, value);
}

bool
sip_param_list(struct slice params, struct slice name, struct slice *value)
{
	return params.n > 0 && find_param(params, name, value);
}

bool
sip_via_next(struct slice *list, struct slice *value)
{
	struct slice s = *list;
	size_t i = 0, end;

	if (s.p == NULL)
		return false;
	for (; i < s.n && s.p[i] != ','; i++)
		if (s.p[i] == '"') {
			end = skip_quoted(s, i);
			i = end <= s.n ? end - 1 : s.n - 1;
		}
	*value = slice_trim(slice_head(s, i));
	*list = i < s.n ? slice_skip(s, i + 1) : (struct slice){ NULL, 0 };
	return true;
}

enum rc
sip_via(struct slice value, struct sip_via *out)
{
	size_t semi = slice_chr(value, ';'), slash, n = 0;
	struct slice s = slice_head(value, semi), protocol[2];

	*out = (struct sip_via){ 0 };
	if (semi < value.n)
		out->params = slice_skip(value, semi);
	for (int i = 0; i < 2; i++) {	/* "SIP" and "2.0" */
		slash = slice_chr(s, '/');
		if (slash == s.n)
			return RC_BAD;
		protocol[i] = slice_trim(slice_head(s, slash));
		s = slice_skip(s, slash + 1);
	}
	s = slice_trim(s);
	while (n < s.n && !sip_is_lws(s.p[n]))
		n++;
	out->transport = slice_head(s, n);
	out->sent_by = slice_trim(slice_skip(s, n));
	if (!slice_ieq(protocol[0], SLICE_LIT("SIP")) || !slice_eq(protocol[1], SLICE_LIT("2.0")))
		return RC_BAD;
	return out->transport.n > 0 && out->sent_by.n > 0 ? RC_OK : RC_BAD;
}

enum rc
sip_top_via(struct slice msg, struct slice *transport, struct slice *sent_by)
{
	struct slice list, value;
	struct sip_via via;

	if (!sip_header(msg, SLICE_LIT("Via"), 0, &list) || !sip_via_next(&list, &value))
		return RC_BAD;
	(void)!sip_via(value, &via);
	if (via.transport.n == 0 || via.sent_by.n == 0)
		return RC_BAD;
	*transport = via.transport;
	*sent_by = via.sent_by;
	return RC_OK;
}
