/* SPDX-License-Identifier: MIT */
#ifndef SIP_QUICK_H
#define SIP_QUICK_H
/*
 * quick - reads what nearly all messages have without looking at a byte twice: "sip:user@host:port", ";tag=token". At anything else
 * these give up, and the parsers of msg.h say what it is. Private to lib/sip.
 */
#include "sip/index.h"
#include "sip/line.h"

static inline struct sip_span
quick_span(struct slice msg, struct slice part)
{
	if (part.p == NULL)
		return (struct sip_span){ 0, 0 };
	return (struct sip_span){ (uint32_t)(part.p - msg.p), (uint32_t)part.n };
}

/* Bytes that may stand in a user, host or tag and mean nothing to any parser: alphanumerics and -_.!~*'()&=+$,/% */
static const bool quick_plain[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true, ['_'] = true, ['.'] = true, ['!'] = true,
	['~'] = true, ['*'] = true, ['\''] = true, ['('] = true, [')'] = true, ['&'] = true, ['='] = true, ['+'] = true,
	['$'] = true, [','] = true, ['/'] = true, ['%'] = true,
};

static inline size_t
quick_plain_end(struct slice s, size_t i)
{
	while (i < s.n && quick_plain[s.p[i]])
		i++;
	return i;
}

/* The end of the URI's host and port, at s.n or a ';' or `close` (-1: none); 0: not that simple. */
static inline size_t
quick_uri(struct slice msg, struct slice s, size_t i, int close, struct sip_index *x, enum sip_span_id user)
{
	size_t begin = i + 4, host = begin, end, digits;

	if (s.n < begin || memcmp(s.p + i, "sip:", 4) != 0)
		return 0;
	end = quick_plain_end(s, begin);
	if (end < s.n && s.p[end] == '@') {
		host = end + 1;
		end = quick_plain_end(s, host);
	}
	if (end == host)
		return 0;
	i = end;
	if (i < s.n && s.p[i] == ':') {
		for (i++, digits = i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
			i++;
		if (i == digits || i - digits > 4)
			return 0;
	}
	/* without an '@' so far, "u;p@h" could be a user */
	if (i < s.n && s.p[i] != close && (s.p[i] != ';' || host == begin))
		return 0;
	if (host > begin)
		x->span[user] = quick_span(msg, slice_of(s.p + begin, host - 1 - begin));
	x->span[user + 1] = quick_span(msg, slice_of(s.p + host, end - host));
	return i;
}

/* [display] "<" URI ">" [";tag=" token …] */
static inline bool
quick_nameaddr(struct slice msg, struct slice s, struct sip_index *x, enum sip_span_id tag, enum sip_span_id user)
{
	size_t i = 0, begin, end;

	if (s.n > 0 && s.p[0] == '"') {
		i = 1 + slice_chr(slice_skip(s, 1), '"');
		if (i >= s.n || s.p[i - 1] == '\\')
			return false;
		for (i++; i < s.n && s.p[i] == ' ';)
			i++;
	}
	if (i == s.n || s.p[i] != '<' || (i = quick_uri(msg, s, i + 1, '>', x, user)) == 0)
		return false;
	i += slice_chr(slice_skip(s, i), '>') + 1;
	if (i == s.n)
		return true;
	begin = i + 5;
	if (begin >= s.n || memcmp(s.p + i, ";tag=", 5) != 0)
		return false;
	end = quick_plain_end(s, begin);
	if (end == begin || (end < s.n && s.p[end] != ';'))
		return false;
	x->span[tag] = quick_span(msg, slice_of(s.p + begin, end - begin));
	return true;
}

/* "SIP/2.0/" token " " and something more. */
static inline bool
quick_protocol(struct slice s)
{
	size_t n;

	if (!slice_starts(s, SLICE_LIT("SIP/2.0/")))
		return false;
	n = quick_plain_end(s, 8);
	return n > 8 && n + 1 < s.n && s.p[n] == ' ' && quick_plain[s.p[n + 1]];
}

/* The branch of a Via value without commas and quotes, ";branch=" token. */
static inline bool
quick_branch(struct slice s, struct slice *branch)
{
	for (size_t i; (i = slice_chr(s, ';')) < s.n;) {
		s = slice_skip(s, i + 1);
		if (s.n <= 7 || sip_is_lws(s.p[0]))
			return false;
		if (memcmp(s.p, "branch=", 7) != 0) {
			if ((s.p[0] | 0x20) == 'b')	/* perhaps in upper case, or with a blank behind it */
				return false;
			continue;
		}
		s = slice_skip(s, 7);
		*branch = slice_head(s, slice_chr(s, ';'));
		return branch->n > 0 && !sip_is_lws(branch->p[0]) && !sip_is_lws(branch->p[branch->n - 1]);
	}
	return false;
}
#endif
