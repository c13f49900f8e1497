/* SPDX-License-Identifier: MIT */
#include "output/value.h"

#include "sip/msg.h"

size_t
put_ip(const struct addr *a, char out[static ADDR_TEXT])
{
	char *q = out;

	if (a->family != FAMILY_IP4)
		return addr_format(a, out);
	for (int i = 0; i < 4; i++) {
		uint8_t v = a->ip[i];

		if (i > 0)
			*q++ = '.';
		if (v >= 100)
			*q++ = (char)('0' + v / 100);
		if (v >= 10)
			*q++ = (char)('0' + v / 10 % 10);
		*q++ = (char)('0' + v % 10);
	}
	return (size_t)(q - out);
}

void
put_hex64(char out[static 16], uint64_t v)
{
	for (int i = 16; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
}

bool
record_part(const struct record *r, enum sip_span_id id, struct slice *out)
{
	if ((r->marks & MARK_SIP) == 0)
		return false;
	*out = sip_part(&r->sip, r->payload, id);
	return out->n > 0;
}

bool
record_method(const struct record *r, struct slice *out)
{
	return record_part(r, SIP_SPAN_METHOD, out) || record_part(r, SIP_SPAN_CSEQ_METHOD, out);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/*
 * From the method back over the blanks and the number to the colon, which spares the search for the header. False where
 * the line is written in another way than "CSeq: 1 INVITE".
 */
static bool
cseq_around(struct slice msg, struct sip_span method, struct slice *out)
{
	size_t end = (size_t)method.off + method.len, at = method.off, digit;

	if (at == 0 || end >= msg.n || (msg.p[end] != '\r' && msg.p[end] != '\n'))
		return false;
	if (msg.p[end] == '\r' && (end + 1 >= msg.n || msg.p[end + 1] != '\n'))
		return false;
	while (at > 0 && is_blank(msg.p[at - 1]))
		at--;
	for (digit = at; digit > 0 && is_digit(msg.p[digit - 1]); digit--)
		;
	if (digit == at || at == method.off)
		return false;
	for (at = digit; at > 0 && msg.p[at - 1] == ' '; at--)
		;
	/* A fold may follow the line end: then the value goes on. */
	end += msg.p[end] == '\r' ? 2 : 1;
	if (at == 0 || msg.p[at - 1] != ':' || (end < msg.n && (msg.p[end] == ' ' || msg.p[end] == '\t')))
		return false;
	*out = slice_of(msg.p + digit, (size_t)method.off + method.len - digit);
	return true;
}

bool
record_cseq(const struct record *r, struct slice *out)
{
	if ((r->marks & MARK_SIP) == 0)
		return false;
	if (cseq_around(r->payload, r->sip.span[SIP_SPAN_CSEQ_METHOD], out))
		return true;
	return sip_header(r->payload, SLICE_LIT("CSeq"), 0, out) && out->n > 0;
}

bool
record_reason(const struct record *r, struct slice *out)
{
	if ((r->marks & MARK_SIP) == 0 || r->sip.status == 0)
		return false;
	return sip_reason(r->payload, out) == RC_OK && out->n > 0;
}
