/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_VALUE_H
#define OUTPUT_VALUE_H
/*
 * value - what the text formats share: values of a record that are not stored as such, and fast decimal digits. Borrowed
 * output lies in the record's payload.
 */
#include "trace/record.h"

/* Writes the digits of `v` so that they end before `end`; returns how many (1..20). */
static inline size_t
digits(char *end, uint64_t v)
{
	char *q = end;

	do
		*--q = (char)('0' + v % 10);
	while ((v /= 10) > 0);
	return (size_t)(end - q);
}

/* Exactly `n` digits, leading zeros included. */
static inline size_t
digits_n(char *end, uint64_t v, size_t n)
{
	for (size_t i = 1; i <= n; i++, v /= 10)
		end[-(ptrdiff_t)i] = (char)('0' + v % 10);
	return n;
}

/* As addr_format, without its cost for IPv4 and not NUL-terminated. */
size_t put_ip(const struct addr *a, char out[static ADDR_TEXT]);
void put_hex64(char out[static 16], uint64_t v);	/* lower case */

/* False: not there, or empty. */
bool record_part(const struct record *r, enum sip_span_id id, struct slice *out);
/* As Kamailio's $rm: the request's method, of a reply the CSeq's. */
bool record_method(const struct record *r, struct slice *out);
/* The CSeq header's value as it stands. */
bool record_cseq(const struct record *r, struct slice *out);
bool record_reason(const struct record *r, struct slice *out);
#endif
