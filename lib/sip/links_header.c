/* SPDX-License-Identifier: MIT */
#include "sip/links.h"
#include "sip/msg.h"

#define UUID 32		/* hexadecimal digits, RFC 7989 5 */

struct found {
	struct slice *v;
	size_t n;
};

static void
add(struct found *f, struct slice v)
{
	v = slice_trim(v);
	if (v.n >= 2 && ((v.p[0] == '"' && v.p[v.n - 1] == '"') || (v.p[0] == '<' && v.p[v.n - 1] == '>')))
		v = slice_trim(slice_of(v.p + 1, v.n - 2));
	if (v.n > 0 && f->n < LINKS_HEADER_VALUES)
		f->v[f->n++] = v;
}

static struct slice
params(struct slice v)
{
	return slice_skip(v, slice_chr(v, ';'));
}

static void
whole(struct slice v, struct found *f)
{
	add(f, v);
}

/* callid *( ";" param ) */
static void
before_params(struct slice v, struct found *f)
{
	add(f, slice_head(v, slice_chr(v, ';')));
}

static void
each(struct slice v, struct found *f)
{
	while (v.n > 0 && f->n < LINKS_HEADER_VALUES) {
		size_t n = slice_chr(v, ',');

		add(f, slice_head(v, n));
		v = slice_skip(v, n + 1);
	}
}

/* The parameters stand without a value before them. */
static void
icid(struct slice v, struct found *f)
{
	while (v.n > 0) {
		size_t n = slice_chr(v, ';'), eq;
		struct slice p = slice_trim(slice_head(v, n));

		eq = slice_chr(p, '=');
		if (slice_ieq(slice_trim(slice_head(p, eq)), SLICE_LIT("icid-value")))
			add(f, slice_skip(p, eq + 1));
		v = slice_skip(v, n + 1);
	}
}

static void
uuid(struct slice v, struct found *f)
{
	size_t zeros = 0;

	v = slice_trim(v);
	while (zeros < v.n && v.p[zeros] == '0')
		zeros++;
	if (v.n == UUID && zeros < UUID)
		add(f, v);
}

static void
session(struct slice v, struct found *f)
{
	struct slice remote;

	uuid(slice_head(v, slice_chr(v, ';')), f);
	if (sip_param(params(v), SLICE_LIT("remote"), &remote))
		uuid(remote, f);
}

size_t
links_header(struct slice msg, struct slice name, struct slice out[LINKS_HEADER_VALUES])
{
	static const struct {
		struct slice name;
		void (*get)(struct slice, struct found *);
	} known[] = {
		{ SLICE_LIT("Replaces"), before_params },
		{ SLICE_LIT("Target-Dialog"), before_params },
		{ SLICE_LIT("In-Reply-To"), each },
		{ SLICE_LIT("P-Charging-Vector"), icid },
		{ SLICE_LIT("Session-ID"), session },
	};
	void (*get)(struct slice, struct found *) = whole;
	struct found f = { .v = out };
	struct slice v;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (slice_ieq(name, known[i].name))
			get = known[i].get;
	for (int i = 0; f.n < LINKS_HEADER_VALUES && sip_header(msg, name, i, &v); i++)
		get(v, &f);
	return f.n;
}
