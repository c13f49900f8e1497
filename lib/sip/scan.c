/* SPDX-License-Identifier: MIT */
#include "base/hash.h"
#include "sip/line.h"
#include "sip/msg.h"
#include "sip/quick.h"

enum header { CALLID, CSEQ, FROM, TO, VIA, LENGTH, OTHER };

/* The line is `name: value`, the name perhaps as its compact letter (0: it has none). */
static inline __attribute__((always_inline)) bool
named(struct slice line, struct slice name, char letter, struct slice *value)
{
	size_t n = name.n;

	if (line.n >= 2 && letter != 0 && (line.p[1] == ':' || sip_is_lws(line.p[1])))
		n = 1;
	else if (!slice_starts(line, name) && !slice_istarts(line, name))
		return false;
	while (n < line.n && sip_is_lws(line.p[n]))
		n++;
	if (n == line.n || line.p[n] != ':')
		return false;
	*value = slice_trim(slice_skip(line, n + 1));
	return true;
}

/* First bytes of the headers of interest, long and compact, and of the empty line. */
static const bool of_interest[256] = {
	['V'] = true, ['v'] = true, ['F'] = true, ['f'] = true, ['T'] = true, ['t'] = true, ['I'] = true, ['i'] = true,
	['L'] = true, ['l'] = true, ['C'] = true, ['c'] = true, ['\r'] = true, ['\n'] = true,
};

/* Which of the headers of interest a line is; only the first letters of others are looked at. */
static inline __attribute__((always_inline)) enum header
classify(struct slice line, struct slice *value)
{
	switch (line.p[0] | 0x20) {
	case 'v':
		return named(line, SLICE_LIT("Via"), 'v', value) ? VIA : OTHER;
	case 'f':
		return named(line, SLICE_LIT("From"), 'f', value) ? FROM : OTHER;
	case 't':
		return named(line, SLICE_LIT("To"), 't', value) ? TO : OTHER;
	case 'i':
		return named(line, SLICE_LIT("i"), 'i', value) ? CALLID : OTHER;
	case 'l':
		return named(line, SLICE_LIT("l"), 'l', value) ? LENGTH : OTHER;
	case 'c':
		if (line.n < 4)
			return OTHER;
		if ((line.p[1] | 0x20) == 's')
			return named(line, SLICE_LIT("CSeq"), 0, value) ? CSEQ : OTHER;
		if ((line.p[1] | 0x20) == 'a')
			return named(line, SLICE_LIT("Call-ID"), 0, value) ? CALLID : OTHER;
		if (line.n > 14 && (line.p[8] | 0x20) == 'l')
			return named(line, SLICE_LIT("Content-Length"), 0, value) ? LENGTH : OTHER;
		return OTHER;
	default:
		return OTHER;
	}
}

/* User and host of a URI into two neighbouring spans. */
static void
index_uri(struct slice msg, struct slice text, struct sip_index *x, enum sip_span_id user)
{
	struct sip_uri uri;

	if (sip_uri(text, &uri) != RC_OK)
		x->flags |= SIP_UNUSUAL;
	x->span[user] = quick_span(msg, uri.user);
	x->span[user + 1] = quick_span(msg, uri.host);
}

static void
index_nameaddr(struct slice msg, struct slice value, struct sip_index *x, enum sip_span_id tag, enum sip_span_id user)
{
	struct sip_nameaddr na;
	struct slice v;

	if (quick_nameaddr(msg, value, x, tag, user))
		return;
	if (sip_nameaddr(value, &na) != RC_OK)
		x->flags |= SIP_UNUSUAL;
	index_uri(msg, na.uri, x, user);
	if (sip_param(na.params, SLICE_LIT("tag"), &v)) {
		x->span[tag] = quick_span(msg, v);
		if (v.n == 0)
			x->flags |= SIP_UNUSUAL;
	}
}

static void
index_cseq(struct slice msg, struct slice value, struct sip_index *x)
{
	size_t n = 0;
	uint64_t v = 0;
	struct slice method;

	for (; n < value.n && value.p[n] >= '0' && value.p[n] <= '9'; n++)
		v = v > UINT32_MAX ? v : v * 10 + (uint64_t)(value.p[n] - '0');
	if (n == 0) {
		x->flags |= SIP_UNUSUAL;
		return;
	}
	x->flags |= SIP_HAS_CSEQ | (v >> 31 != 0 ? SIP_UNUSUAL : 0);
	x->cseq = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	method = slice_trim(slice_skip(value, n));
	if (method.n == 0 || method.p == value.p + n) {
		x->flags |= SIP_UNUSUAL;
		return;
	}
	for (n = 0; n < method.n && method.p[n] > ' ';)
		n++;
	if (n < method.n)
		x->flags |= SIP_UNUSUAL;
	method.n = n;
	x->span[SIP_SPAN_CSEQ_METHOD] = quick_span(msg, method);
	x->cseq_method = sip_method_of(method);
}

static void
index_length(struct slice value, struct sip_index *x)
{
	uint64_t n;

	if (slice_u64(value, UINT32_MAX, &n)) {
		x->content_length = (uint32_t)n;
		x->flags |= SIP_HAS_LENGTH;
	} else {
		x->flags |= SIP_UNUSUAL;
	}
}

/* One Via; `plain_text`: no comma or quote in it. */
static void
index_via(struct slice msg, struct slice value, struct sip_index *x, bool plain_text)
{
	struct slice branch = { NULL, 0 };
	struct sip_via via;

	if (!quick_protocol(value) && sip_via(value, &via) != RC_OK)
		x->flags |= SIP_UNUSUAL;
	if (!(plain_text && quick_branch(value, &branch)) &&
	    !sip_param(slice_skip(value, slice_chr(value, ';')), SLICE_LIT("branch"), &branch))
		branch = (struct slice){ NULL, 0 };
	if (x->vias == 0)
		x->span[SIP_SPAN_BRANCH] = quick_span(msg, branch);
	if (branch.n == 0)
		x->flags |= SIP_UNUSUAL;
	x->via[x->vias++] = branch.n > 0 ? hash64_slice(branch) : 0;
}

static void
index_vias(struct slice msg, struct slice list, struct sip_index *x)
{
	struct slice value;

	if (slice_chr(list, ',') == list.n && list.n > 0 && x->vias < SIP_VIAS) {	/* nearly always */
		index_via(msg, list, x, slice_chr(list, '"') == list.n);
		return;
	}
	while (sip_via_next(&list, &value)) {
		if (value.n == 0) {	/* RFC 4475 3.1.2.1 has such commas */
			x->flags |= SIP_UNUSUAL;
			continue;
		}
		if (x->vias == SIP_VIAS) {
			x->flags |= SIP_VIA_MORE;
			return;
		}
		index_via(msg, value, x, false);
	}
}

static void
index_header(struct slice msg, enum header h, struct slice value, struct sip_index *x)
{
	switch (h) {
	case CALLID:
		x->span[SIP_SPAN_CALLID] = quick_span(msg, value);
		if (value.n == 0 || slice_chr(value, ' ') < value.n)	/* RFC 3261 25.1: words, no blank */
			x->flags |= SIP_UNUSUAL;
		break;
	case CSEQ:
		index_cseq(msg, value, x);
		break;
	case FROM:
		index_nameaddr(msg, value, x, SIP_SPAN_FROM_TAG, SIP_SPAN_FROM_USER);
		break;
	case TO:
		index_nameaddr(msg, value, x, SIP_SPAN_TO_TAG, SIP_SPAN_TO_USER);
		break;
	case VIA:
		index_vias(msg, value, x);
		break;
	case LENGTH:
		index_length(value, x);
		break;
	case OTHER:
		break;
	}
}

/* None of the parts may be folded inside. */
static void
check_folds(struct slice msg, struct sip_index *x)
{
	for (int i = 0; i < SIP_SPANS; i++) {
		struct slice part = sip_part(x, msg, (enum sip_span_id)i);

		if (slice_chr(part, '\n') < part.n)
			x->flags |= SIP_UNUSUAL;
	}
}

/* From, To, Call-ID, CSeq and Via are in every message, once but for Via (RFC 3261 8.1.1). */
#define ALWAYS (1u << CALLID | 1u << CSEQ | 1u << FROM | 1u << TO | 1u << VIA)
#define ONCE ((ALWAYS | 1u << LENGTH) & ~(1u << VIA))

static void
index_headers(struct slice msg, size_t pos, struct sip_index *x)
{
	unsigned seen = 0;
	bool folded = false;
	struct sip_lines w;
	struct sip_line l;
	struct slice value;
	enum header h;
	enum rc rc;

	sip_lines_init(&w, msg, pos);
	for (;;) {
		sip_lines_seek(&w, of_interest);
		rc = sip_lines_next(&w, &l);
		if (rc != RC_OK || !l.whole)
			break;
		h = classify(l.text, &value);
		if (h == OTHER)
			continue;
		if ((seen & ONCE & 1u << h) != 0)
			x->flags |= SIP_UNUSUAL;
		else
			index_header(msg, h, value, x);
		seen |= 1u << h;
		folded |= l.folded;
	}
	if (folded)
		check_folds(msg, x);
	if (rc == RC_END) {
		x->body = (uint32_t)w.pos;
		if ((seen & ALWAYS) != ALWAYS)
			x->flags |= SIP_UNUSUAL;
	} else {
		x->flags |= SIP_CUT;
	}
}

/* RFC 4475 3.1.2.7 puts the request URI into <>. */
static struct slice
bare_uri(struct slice uri, struct sip_index *x)
{
	if (uri.n < 2 || uri.p[0] != '<' || uri.p[uri.n - 1] != '>')
		return uri;
	x->flags |= SIP_UNUSUAL;
	return slice_of(uri.p + 1, uri.n - 2);
}

enum rc
sip_scan(struct slice msg, struct sip_index *x)
{
	struct sip_start st;
	enum rc rc;

	*x = (struct sip_index){ 0 };
	msg = slice_head(msg, UINT32_MAX);
	rc = sip_start_parse(msg, &st);
	if (rc != RC_OK)
		return rc;
	x->status = st.status;
	if (st.unusual)
		x->flags |= SIP_UNUSUAL;
	if (st.status == 0) {
		x->method = sip_method_of(st.method);
		x->span[SIP_SPAN_METHOD] = quick_span(msg, st.method);
		if (st.unusual || quick_uri(msg, st.uri, 0, -1, x, SIP_SPAN_RURI_USER) == 0)
			index_uri(msg, bare_uri(st.uri, x), x, SIP_SPAN_RURI_USER);
	}
	index_headers(msg, st.next, x);
	return RC_OK;
}
