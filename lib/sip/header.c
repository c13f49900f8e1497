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

/* The walk's next line that has a colon. */
static enum rc
next_header(struct sip_lines *w, struct slice *name, struct slice *value)
{
	struct sip_line l;
	size_t colon;

	while (sip_lines_next(w, &l) == RC_OK) {
		colon = slice_chr(l.text, ':');
		if (colon == l.text.n)
			continue;
		*name = slice_head(l.text, colon);
		while (name->n > 0 && sip_is_lws(name->p[name->n - 1]))
			name->n--;
		*value = slice_trim(slice_skip(l.text, colon + 1));
		return RC_OK;
	}
	return RC_END;
}

/* A walk that begins below the start line. */
static void
walk(struct sip_lines *w, struct slice msg)
{
	struct sip_line l;
	size_t at = 0;

	while (at < msg.n && (msg.p[at] == '\r' || msg.p[at] == '\n'))
		at++;
	sip_lines_init(w, msg, at);
	if (sip_lines_next(w, &l) != RC_OK)
		w->pos = msg.n;
}

enum rc
sip_header_next(struct slice msg, size_t *pos, struct slice *name, struct slice *value)
{
	struct sip_lines w;

	if (*pos == 0)
		walk(&w, msg);
	else
		sip_lines_init(&w, msg, *pos);
	if (next_header(&w, name, value) != RC_OK)
		return RC_END;
	*pos = w.pos;
	return RC_OK;
}

/* The compact form's letter, or the first one of a name that has none; in lower case. */
static uint8_t
other_letter(struct slice want)
{
	for (size_t i = 0; i < sizeof(compact) / sizeof(compact[0]); i++)
		if (slice_ieq(compact[i].name, want))
			return (uint8_t)compact[i].letter;
	return want.p[0] | 0x20;
}

/* Passes by lines that begin with neither letter, folds included; but not by the empty line. */
static void
seek(struct sip_lines *w, uint8_t a, uint8_t b)
{
	while (w->pos < w->msg.n) {
		uint8_t c = w->msg.p[w->pos] | 0x20;

		if (c == a || c == b || c == ('\r' | 0x20) || c == ('\n' | 0x20))
			break;
		w->pos = sip_lines_end(w) + 1;
	}
}

bool
sip_header_find(struct slice msg, size_t *pos, struct slice name, struct slice *value)
{
	struct slice have, want = long_form(name);
	struct sip_lines w;
	uint8_t letter;

	if (name.n == 0)
		return false;
	letter = other_letter(want);
	if (*pos == 0)
		walk(&w, msg);
	else
		sip_lines_init(&w, msg, *pos);
	for (;;) {
		seek(&w, want.p[0] | 0x20, letter);
		if (next_header(&w, &have, value) != RC_OK || (w.pos == msg.n && msg.p[msg.n - 1] != '\n'))
			return false;
		if (!slice_ieq(long_form(have), want))
			continue;
		*pos = w.pos;
		return true;
	}
}

bool
sip_header(struct slice msg, struct slice name, int nth, struct slice *value)
{
	struct slice have, v, want = long_form(name);
	struct sip_lines w;
	int64_t skip = nth;

	if (nth < 0) {
		walk(&w, msg);
		while (next_header(&w, &have, &v) == RC_OK)
			skip += slice_ieq(long_form(have), want);
	}
	walk(&w, msg);
	while (skip >= 0 && next_header(&w, &have, &v) == RC_OK) {
		if (!slice_ieq(long_form(have), want) || skip-- > 0)
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
