/* SPDX-License-Identifier: MIT */
#include "sip/line.h"
#include "sip/msg.h"

/* Compact forms: the IANA registry of SIP header fields. */
static const struct {
	char letter;
	struct slice name;
} compact[] = {
	{ 'a', SLICE_LIT("Accept-Contact") },
	{ 'b', SLICE_LIT("Referred-By") },
	{ 'c', SLICE_LIT("Content-Type") },
	{ 'd', SLICE_LIT("Request-Disposition") },
	{ 'e', SLICE_LIT("Content-Encoding") },
	{ 'f', SLICE_LIT("From") },
	{ 'i', SLICE_LIT("Call-ID") },
	{ 'j', SLICE_LIT("Reject-Contact") },
	{ 'k', SLICE_LIT("Supported") },
	{ 'l', SLICE_LIT("Content-Length") },
	{ 'm', SLICE_LIT("Contact") },
	{ 'n', SLICE_LIT("Identity-Info") },
	{ 'o', SLICE_LIT("Event") },
	{ 'r', SLICE_LIT("Refer-To") },
	{ 's', SLICE_LIT("Subject") },
	{ 't', SLICE_LIT("To") },
	{ 'u', SLICE_LIT("Allow-Events") },
	{ 'v', SLICE_LIT("Via") },
	{ 'x', SLICE_LIT("Session-Expires") },
	{ 'y', SLICE_LIT("Identity") },
};

/* The long form of a one-letter name; any other name is its own. */
static struct slice
long_form(struct slice name)
{
	for (size_t i = 0; name.n == 1 && i < sizeof(compact) / sizeof(compact[0]); i++)
		if (ascii_lower(name.p[0]) == compact[i].letter)
			return compact[i].name;
	return name;
}

bool
sip_header_is(struct slice have, struct slice want)
{
	return slice_ieq(long_form(have), long_form(want));
}

enum rc
sip_header_next(struct slice msg, size_t *pos, struct slice *name, struct slice *value)
{
	struct sip_line l;
	size_t at = *pos, colon;

	if (at == 0) {
		while (at < msg.n && (msg.p[at] == '\r' || msg.p[at] == '\n'))
			at++;
		if (sip_line_next(msg, at, &l) != RC_OK)
			return RC_END;
		at = l.next;
	}
	while (sip_line_next(msg, at, &l) == RC_OK) {
		at = l.next;
		colon = slice_chr(l.text, ':');
		if (colon == l.text.n)
			continue;
		*name = slice_head(l.text, colon);
		while (name->n > 0 && sip_is_lws(name->p[name->n - 1]))
			name->n--;
		*value = slice_trim(slice_skip(l.text, colon + 1));
		*pos = at;
		return RC_OK;
	}
	return RC_END;
}

bool
sip_header(struct slice msg, struct slice name, int nth, struct slice *value)
{
	struct slice have, v, want = long_form(name);
	size_t pos = 0;
	int64_t count = 0;

	while (nth < 0 && sip_header_next(msg, &pos, &have, &v) == RC_OK)
		count += slice_ieq(long_form(have), want);
	if (count + nth < 0)
		return false;
	count = -(count + nth);		/* how many to pass by, as a negative number */
	pos = 0;
	while (sip_header_next(msg, &pos, &have, &v) == RC_OK) {
		if (!slice_ieq(long_form(have), want) || count++ < 0)
			continue;
		*value = v;
		return true;
	}
	return false;
}

size_t
sip_unfold(struct slice value, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n;) {
		size_t eol = i + (value.p[i] == '\r' && i + 1 < value.n);

		if (value.p[eol] != '\n' || eol + 1 == value.n || !sip_is_blank(value.p[eol + 1])) {
			out[n++] = value.p[i++];
			continue;
		}
		/* RFC 3261 25.1: LWS = [*WSP CRLF] 1*WSP, all of it reads as one SP */
		while (n > 0 && sip_is_blank(out[n - 1]))
			n--;
		for (i = eol + 1; i < value.n && sip_is_blank(value.p[i]);)
			i++;
		out[n++] = ' ';
	}
	return n;
}
