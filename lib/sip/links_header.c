/* SPDX-License-Identifier: MIT */
#include "sip/links.h"
#include "sip/msg.h"

struct values {
	struct slice *v;
	size_t n;
};

static void
add(struct values *o, struct slice s)
{
	s = slice_trim(s);
	if (s.n == 0 || o->n == LINKS_HEADER_VALUES)
		return;
	for (size_t i = 0; i < o->n; i++)
		if (slice_eq(o->v[i], s))
			return;
	o->v[o->n++] = s;
}

static void
add_first(struct slice value, struct values *o)
{
	add(o, slice_head(value, slice_chr(value, ';')));
}

/* A Call-ID has no comma, but may have quotes and angles (RFC 3261 25.1, word): they quote nothing. */
static void
add_list(struct slice value, struct values *o)
{
	size_t end;

	do {
		end = slice_chr(value, ',');
		add(o, slice_head(value, end));
		value = slice_skip(value, end + 1);
	} while (value.n > 0);
}

static void
add_icid(struct slice value, struct values *o)
{
	struct slice v;

	if (sip_param_list(value, SLICE_LIT("icid-value"), &v))
		add(o, v);
}

/* 32 hexadecimal digits, or in the form of RFC 4122, not all of them 0 (RFC 7989 5). */
static bool
is_uuid(struct slice s)
{
	size_t digits = 0, zeros = 0, dashes = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = ascii_lower(s.p[i]);

		zeros += c == '0';
		dashes += c == '-' && s.n == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
		digits += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
	}
	return digits == 32 && digits + dashes == s.n && zeros < 32;
}

static void
add_uuid(struct slice s, struct values *o)
{
	s = slice_trim(s);
	if (is_uuid(s))
		add(o, s);
}

static void
add_session(struct slice value, struct values *o)
{
	struct slice remote;

	add_uuid(slice_head(value, slice_chr(value, ';')), o);
	if (sip_param(value, SLICE_LIT("remote"), &remote))
		add_uuid(remote, o);
}

static void
add_whole(struct slice value, struct values *o)
{
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_of(value.p + 1, value.n - 2);
	add(o, value);
}

static const struct shape {
	struct slice name;
	void (*add)(struct slice value, struct values *);
} shapes[] = {
	{ SLICE_LIT("Replaces"), add_first },
	{ SLICE_LIT("Target-Dialog"), add_first },
	{ SLICE_LIT("In-Reply-To"), add_list },
	{ SLICE_LIT("P-Charging-Vector"), add_icid },
	{ SLICE_LIT("Session-ID"), add_session },
	{ { NULL, 0 }, add_whole },
};

size_t
links_header(struct slice msg, struct slice name, struct slice out[LINKS_HEADER_VALUES])
{
	const struct shape *shape = shapes;
	struct values o = { out, 0 };
	struct slice value;
	size_t pos = 0;

	while (shape->name.n > 0 && !slice_ieq(shape->name, name))
		shape++;
	while (o.n < LINKS_HEADER_VALUES && sip_header_find(msg, &pos, name, &value))
		shape->add(value, &o);
	return o.n;
}
