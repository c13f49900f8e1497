/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "expr/field_sip.h"

enum end_id { END_SRC, END_DST };

static bool
get_payload(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	*out = c->r->payload;
	return true;
}

static bool
get_size(const struct var *v, const struct expr_ctx *c, int64_t *out)
{
	(void)v;
	*out = (int64_t)c->r->payload.n;
	return true;
}

static const struct addr *
get_addr(const struct var *v, const struct expr_ctx *c)
{
	const struct addr *a = v->field->arg == END_SRC ? &c->r->src : &c->r->dst;

	return a->family != FAMILY_NONE ? a : NULL;
}

static bool
get_port(const struct var *v, const struct expr_ctx *c, int64_t *out)
{
	*out = v->field->arg == END_SRC ? c->r->src.port : c->r->dst.port;
	return *out != 0;
}

/* Text of a FIELD_NUM. */
static bool
num_text(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	int64_t n;

	if (!v->field->num(v, c, &n))
		return false;
	buf_clear(tmp);
	buf_printf(tmp, "%lld", (long long)n);
	*out = buf_slice(tmp);
	return true;
}

/* Text of a FIELD_ADDR, without brackets. */
static bool
addr_text(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	const struct addr *a = get_addr(v, c);

	if (a == NULL)
		return false;
	buf_clear(tmp);
	tmp->n = addr_format(a, (char *)buf_room(tmp, ADDR_TEXT));
	*out = buf_slice(tmp);
	return true;
}

static bool
host_text(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	const struct addr *a = get_addr(v, c);
	char text[ADDR_TEXT];

	if (a == NULL)
		return false;
	buf_clear(tmp);
	addr_format(a, text);
	buf_printf(tmp, a->family == FAMILY_IP6 ? "[%s]" : "%s", text);
	*out = buf_slice(tmp);
	return true;
}

static bool
get_socket(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	const struct addr *a = get_addr(v, c);

	if (a == NULL)
		return false;
	buf_clear(tmp);
	tmp->n = socket_format(c->r->transport, a, (char *)buf_room(tmp, SOCKET_TEXT));
	*out = buf_slice(tmp);
	return true;
}

static bool
get_transport(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	*out = slice_str(transport_name(c->r->transport));
	return out->n > 0;
}

static bool
get_direction(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	(void)v, (void)tmp;
	*out = slice_str(direction_name(c->r->direction));
	return out->n > 0;
}

/* ctime's form, of the record's time and in UTC: the same input gives the same text everywhere. */
static bool
get_time(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct slice *out)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)(c->r->time_ns / 1000000000);
	struct tm tm;

	(void)v;
	if (gmtime_r(&t, &tm) == NULL)
		return false;
	buf_clear(tmp);
	buf_printf(tmp, "%.3s %.3s %2d %02d:%02d:%02d %d", days + tm.tm_wday * 3, months + tm.tm_mon * 3,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
	*out = buf_slice(tmp);
	return true;
}

#define TEXT(getter, arg) FIELD_TEXT, arg, getter, NULL, NULL
#define NUM(getter, arg) FIELD_NUM, arg, num_text, getter, NULL
#define ADDR(getter, arg) FIELD_ADDR, arg, getter, NULL, get_addr

/* name, what documents show, type and getters, help */
#define FIELDS(X) \
	X("rm", "$rm", TEXT(field_method, 0), "method; of a reply the CSeq's") \
	X("rs", "$rs", NUM(field_status, 0), "status code of a reply") \
	X("rr", "$rr", TEXT(field_reason, 0), "reason phrase of a reply") \
	X("ci", "$ci", TEXT(field_span, SIP_SPAN_CALLID), "Call-ID") \
	X("cs", "$cs", TEXT(field_cseq, 0), "CSeq number") \
	X("ft", "$ft", TEXT(field_span, SIP_SPAN_FROM_TAG), "From tag") \
	X("tt", "$tt", TEXT(field_span, SIP_SPAN_TO_TAG), "To tag") \
	X("fu", "$fu", TEXT(field_uri, HDR_FROM), "From URI") \
	X("fU", "$fU", TEXT(field_span, SIP_SPAN_FROM_USER), "user of the From URI") \
	X("fd", "$fd", TEXT(field_span, SIP_SPAN_FROM_HOST), "host of the From URI") \
	X("fn", "$fn", TEXT(field_display, HDR_FROM), "display name of From, with its quotes") \
	X("tu", "$tu", TEXT(field_uri, HDR_TO), "To URI") \
	X("tU", "$tU", TEXT(field_span, SIP_SPAN_TO_USER), "user of the To URI") \
	X("td", "$td", TEXT(field_span, SIP_SPAN_TO_HOST), "host of the To URI") \
	X("tn", "$tn", TEXT(field_display, HDR_TO), "display name of To, with its quotes") \
	X("ru", "$ru", TEXT(field_ruri, 0), "request URI") \
	X("rU", "$rU", TEXT(field_span, SIP_SPAN_RURI_USER), "user of the request URI") \
	X("rd", "$rd", TEXT(field_span, SIP_SPAN_RURI_HOST), "host of the request URI") \
	X("rP", "$rP", TEXT(field_ruri_transport, 0), "transport parameter of the request URI, UDP without one") \
	X("pr", "$pr", TEXT(get_transport, 0), "transport of the packet: udp, tcp, tls, ws, wss, sctp") \
	X("proto", "$proto", TEXT(get_transport, 0), "the same as $pr") \
	X("si", "$si", ADDR(addr_text, END_SRC), "source address") \
	X("sp", "$sp", NUM(get_port, END_SRC), "source port") \
	X("Ri", "$Ri", ADDR(addr_text, END_DST), "destination address") \
	X("Rp", "$Rp", NUM(get_port, END_DST), "destination port") \
	X("ua", "$ua", TEXT(field_header, HDR_USER_AGENT), "User-Agent header") \
	X("ct", "$ct", TEXT(field_header, HDR_CONTACT), "first Contact header") \
	X("cT", "$cT", TEXT(field_header, HDR_CONTENT_TYPE), "Content-Type header, with its parameters") \
	X("cl", "$cl", NUM(field_length, 0), "Content-Length") \
	X("rb", "$rb", TEXT(field_body, 0), "body") \
	X("mb", "$mb", TEXT(get_payload, 0), "the whole message, or payload of a record that is no SIP") \
	X("ml", "$ml", NUM(get_size, 0), "its length in bytes") \
	X("hdr(", "$hdr(Name)", TEXT(field_hdr, 0), "header of that name; $(hdr(Name)[N]) the one of that number, * all") \
	X("Tf", "$Tf", TEXT(get_time, 0), "time of the message, UTC") \
	X("siptrace(src_addr)", "$siptrace(src_addr)", TEXT(get_socket, END_SRC), "source, as udp:192.0.2.1:5060") \
	X("siptrace(src_host)", "$siptrace(src_host)", ADDR(host_text, END_SRC), "source address, IPv6 in brackets") \
	X("siptrace(src_port)", "$siptrace(src_port)", NUM(get_port, END_SRC), "source port") \
	X("siptrace(src_proto)", "$siptrace(src_proto)", TEXT(get_transport, 0), "transport") \
	X("siptrace(src_hostip)", "$siptrace(src_hostip)", ADDR(addr_text, END_SRC), "source address, without brackets") \
	X("siptrace(dst_addr)", "$siptrace(dst_addr)", TEXT(get_socket, END_DST), "destination, as udp:192.0.2.1:5060") \
	X("siptrace(dst_host)", "$siptrace(dst_host)", ADDR(host_text, END_DST), "destination address, IPv6 in brackets") \
	X("siptrace(dst_port)", "$siptrace(dst_port)", NUM(get_port, END_DST), "destination port") \
	X("siptrace(dst_proto)", "$siptrace(dst_proto)", TEXT(get_transport, 0), "transport") \
	X("siptrace(dst_hostip)", "$siptrace(dst_hostip)", ADDR(addr_text, END_DST), "destination address, without brackets") \
	X("siptrace(direction)", "$siptrace(direction)", TEXT(get_direction, 0), "in or out; missing where unknown")

/* Type and getters arrive as one macro argument that holds commas, hence the second level. */
#define ROW(name, shown, getters, help) { name, getters },
#define DOC(name, shown, getters, help) { shown, help },

static const struct field fields[] = { FIELDS(ROW) };
static const struct field_doc docs[] = { FIELDS(DOC) { NULL, NULL } };

const struct field_doc *
expr_fields(void)
{
	return docs;
}

const struct field *
field_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (slice_eq(name, slice_str(fields[i].name)))
			return &fields[i];
	return NULL;
}

bool
parse_num(struct slice s, int64_t *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (minus || (s.n > 0 && s.p[0] == '+'))
		s = slice_skip(s, 1);
	if (!slice_u64(s, INT64_MAX, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

bool
var_num(const struct var *v, const struct expr_ctx *c, struct buf *tmp, int64_t *out)
{
	struct slice s;

	if (v->field->num != NULL)
		return v->field->num(v, c, out);
	return var_text(v, c, tmp, &s) && parse_num(s, out);
}

bool
var_addr(const struct var *v, const struct expr_ctx *c, struct buf *tmp, struct addr *out)
{
	const struct addr *a;
	struct slice s;

	if (v->field->addr == NULL)
		return var_text(v, c, tmp, &s) && addr_parse(s, out) == RC_OK;
	a = v->field->addr(v, c);
	if (a != NULL)
		*out = *a;
	return a != NULL;
}
