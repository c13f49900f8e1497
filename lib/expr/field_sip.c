/* SPDX-License-Identifier: MIT */
#include "expr/field_sip.h"
#include "sip/msg.h"

static const struct slice header_names[] = {
	[HDR_FROM] = SLICE_LIT("From"),
	[HDR_TO] = SLICE_LIT("To"),
	[HDR_CONTACT] = SLICE_LIT("Contact"),
	[HDR_CONTENT_TYPE] = SLICE_LIT("Content-Type"),
	[HDR_USER_AGENT] = SLICE_LIT("User-Agent"),
};

static bool
is_sip(const struct expr_ctx *c)
{
	return (c->r->marks & MARK_SIP) != 0;
}

/* Borrowed as it is, or unfolded into tmp (RFC 3261 7.3.1). */
static bool
lend(struct slice v, struct buf *tmp, struct slice *out)
{
	if (v.n > 0 && memchr(v.p, '\n', v.n) != NULL) {
		buf_clear(tmp);
		tmp->n = sip_unfold(v, buf_room(tmp, v.n));
		v = buf_slice(tmp);
	}
	*out = v;
	return true;
}

/* An empty part is none: Kamailio gives $null for a URI without user and for "tag=". */
bool
field_span(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice s;

	if (!is_sip(c))
		return false;
	s = sip_part(&c->r->sip, c->r->payload, (enum sip_span_id)v->field->arg);
	return s.n > 0 && lend(s, tmp, out);
}

/* On a reply the CSeq's. */
bool
field_method(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	enum sip_span_id id = c->r->sip.status == 0 ? SIP_SPAN_METHOD : SIP_SPAN_CSEQ_METHOD;
	struct slice s;

	(void)v;
	if (!is_sip(c))
		return false;
	s = sip_part(&c->r->sip, c->r->payload, id);
	return s.n > 0 && lend(s, tmp, out);
}

/* The digits before the CSeq's method, as they stand. */
bool
field_cseq(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice s;
	size_t n = 0;

	(void)v, (void)tmp;
	if (!is_sip(c) || !sip_header(c->r->payload, SLICE_LIT("CSeq"), 0, &s))
		return false;
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	*out = slice_head(s, n);
	return n > 0;
}

bool
field_header(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice s;

	return is_sip(c) && sip_header(c->r->payload, header_names[v->field->arg], 0, &s) && lend(s, tmp, out);
}

/* Every header of the name, joined with commas as Kamailio does. */
static bool
all_headers(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice name, value;
	size_t pos = 0, found = 0;

	buf_clear(tmp);
	while (sip_header_next(c->r->payload, &pos, &name, &value) == RC_OK) {
		if (!sip_header_is(name, v->name))
			continue;
		if (found++ > 0)
			buf_u8(tmp, ',');
		tmp->n += sip_unfold(value, buf_room(tmp, value.n + 1));
	}
	*out = buf_slice(tmp);
	return found > 0;
}

bool
field_hdr(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice s;

	if (!is_sip(c))
		return false;
	if (v->index == HDR_ALL)
		return all_headers(v, c, tmp, out);
	return sip_header(c->r->payload, v->name, v->index, &s) && lend(s, tmp, out);
}

static bool
nameaddr(const struct var *v, const struct expr_ctx *c, struct slice *value, struct sip_nameaddr *na)
{
	if (!is_sip(c) || !sip_header(c->r->payload, header_names[v->field->arg], 0, value))
		return false;
	/* what could be read of a wrong one is there all the same */
	return sip_nameaddr(*value, na) == RC_OK || na->uri.n > 0;
}

bool
field_uri(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct sip_nameaddr na;
	struct slice value;

	return nameaddr(v, c, &value, &na) && na.uri.n > 0 && lend(na.uri, tmp, out);
}

/* With its quotes, as Kamailio gives it. */
bool
field_display(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct sip_nameaddr na;
	struct slice value, d;

	if (!nameaddr(v, c, &value, &na) || na.display.p == NULL)
		return false;
	d = na.display;
	if (d.p > value.p && d.p[-1] == '"' && d.p + d.n < value.p + value.n && d.p[d.n] == '"')
		d = slice_of(d.p - 1, d.n + 2);
	return d.n > 0 && lend(d, tmp, out);
}

bool
field_ruri(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	return is_sip(c) && sip_request_uri(c->r->payload, out) == RC_OK;
}

/* Its transport parameter, else UDP whatever the scheme: Kamailio's. */
bool
field_ruri_transport(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	struct slice text;
	struct sip_uri uri;

	(void)v, (void)tmp;
	if (!is_sip(c) || sip_request_uri(c->r->payload, &text) != RC_OK)
		return false;
	if (sip_uri(text, &uri) != RC_OK || !sip_param(uri.params, SLICE_LIT("transport"), out) || out->n == 0)
		*out = SLICE_LIT("UDP");
	return true;
}

bool
field_reason(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	return is_sip(c) && sip_reason(c->r->payload, out) == RC_OK;
}

bool
field_body(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	if (!is_sip(c) || c->r->sip.body == 0)
		return false;
	*out = slice_skip(c->r->payload, c->r->sip.body);
	return true;
}

bool
field_status(const struct var *v, const struct expr_ctx *c, int64_t *out)
{
	(void)v;
	*out = c->r->sip.status;
	return is_sip(c) && c->r->sip.status != 0;
}

bool
field_length(const struct var *v, const struct expr_ctx *c, int64_t *out)
{
	(void)v;
	*out = c->r->sip.content_length;
	return is_sip(c) && (c->r->sip.flags & SIP_HAS_LENGTH) != 0;
}
