/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/take.h"
#include "base/xalloc.h"
#include "expr/set.h"

/* What a key is; address blocks of different lengths are different kinds, so that one table holds them all. */
enum { KIND_TEXT, KIND_NUM, KIND_NET4, KIND_NET6 = KIND_NET4 + 33, KINDS = KIND_NET6 + 129 };

struct slot {
	uint64_t hash;
	size_t off;		/* of the key in `keys` */
	uint32_t n;
	uint32_t kind;		/* + 1; 0 = free */
};

struct set {
	struct buf keys;
	struct slot *slots;
	size_t cap, n;		/* cap: a power of two, at most half full */
	uint64_t *filter;	/* of texts: FILTER_BITS for each of cap */
	unsigned filter_shift;	/* of a sketch, to a word's number */
	uint8_t lens[KINDS];	/* kinds of address blocks in use, in order of arrival */
	size_t lens_n;
};

/*
 * Most values are in no list, and most calls of a look-up should cost about as much as one comparison. So a filter that a cache holds,
 * by a cheap sketch of the text's ends, comes before hash and table.
 */
#define FILTER_BITS 8

static uint64_t
sketch(struct slice text)
{
	uint64_t a, b;

	if (text.n >= 8) {
		a = load_le64(text.p);
		b = load_le64(text.p + text.n - 8);
	} else if (text.n >= 4) {
		a = load_le32(text.p);
		b = load_le32(text.p + text.n - 4);
	} else {
		a = text.n > 0 ? text.p[0] : 0;
		b = text.n > 0 ? (uint64_t)text.p[text.n / 2] << 8 | text.p[text.n - 1] : 0;
	}
	return (a + text.n) * 0x9e3779b97f4a7c15u ^ b * 0xc2b2ae3d27d4eb4fu;
}

/* Two bits of one word say that a text may be there. */
static uint64_t
filter_bits(uint64_t h)
{
	return 1ull << (h & 63) | 1ull << (h >> 6 & 63);
}

static void
filter_add(struct set *s, struct slice text)
{
	uint64_t h = sketch(text);

	s->filter[h >> s->filter_shift] |= filter_bits(h >> 40);
}

static bool
filter_has(const struct set *s, struct slice text)
{
	uint64_t h = sketch(text), bits = filter_bits(h >> 40);

	return (s->filter[h >> s->filter_shift] & bits) == bits;
}

/* Any text may be that of an address in a block. */
static void
filter_fill(struct set *s)
{
	memset(s->filter, 0xff, s->cap * FILTER_BITS / 8);
}

/* Makes table and filter of `cap` slots, both empty. */
static void
set_size_to(struct set *s, size_t cap)
{
	free(s->filter);
	s->cap = cap;
	s->slots = xcalloc(cap, sizeof(*s->slots));
	s->filter = xcalloc(cap * FILTER_BITS / 64, sizeof(*s->filter));
	s->filter_shift = 64;
	for (size_t words = cap * FILTER_BITS / 64; words > 1; words /= 2)
		s->filter_shift--;
	if (s->lens_n > 0)
		filter_fill(s);
}

struct set *
set_new(void)
{
	struct set *s = xcalloc(1, sizeof(*s));

	set_size_to(s, 32);
	return s;
}

void
set_free(struct set *s)
{
	if (s == NULL)
		return;
	buf_reset(&s->keys);
	free(s->slots);
	free(s->filter);
	free(s);
}

size_t
set_size(const struct set *s)
{
	return s->n;
}

/* The key's slot, or the free one where it belongs. */
static struct slot *
find(const struct set *s, uint32_t kind, struct slice key, uint64_t hash)
{
	for (size_t i = hash & (s->cap - 1);; i = (i + 1) & (s->cap - 1)) {
		struct slot *t = &s->slots[i];

		if (t->kind == 0 || (t->hash == hash && t->kind == kind + 1 &&
		    slice_eq(slice_of(s->keys.p + t->off, t->n), key)))
			return t;
	}
}

static void
grow(struct set *s)
{
	struct slot *old = s->slots;
	size_t n = s->cap;

	set_size_to(s, n * 2);
	for (size_t i = 0; i < n; i++) {
		struct slice key = old[i].kind != 0 ? slice_of(s->keys.p + old[i].off, old[i].n) : (struct slice){ NULL, 0 };

		if (old[i].kind == 0)
			continue;
		*find(s, old[i].kind - 1, key, old[i].hash) = old[i];
		if (old[i].kind == KIND_TEXT + 1)
			filter_add(s, key);
	}
	free(old);
}

static void
add(struct set *s, uint32_t kind, struct slice key)
{
	uint64_t hash = hash64_seed(key.p, key.n, kind);
	struct slot *t = find(s, kind, key, hash);

	if (t->kind != 0)
		return;
	*t = (struct slot){ .hash = hash, .off = s->keys.n, .n = (uint32_t)key.n, .kind = kind + 1 };
	buf_put(&s->keys, key);
	if (++s->n > s->cap / 2)
		grow(s);
}

static bool
has(const struct set *s, uint32_t kind, struct slice key)
{
	return find(s, kind, key, hash64_seed(key.p, key.n, kind))->kind != 0;
}

void
set_add_text(struct set *s, struct slice text)
{
	add(s, KIND_TEXT, text);
	filter_add(s, text);
}

void
set_add_num(struct set *s, int64_t v)
{
	add(s, KIND_NUM, slice_of(&v, sizeof(v)));
}

/* The first `bits` of an address; the rest zero. */
static void
mask(const struct addr *a, unsigned bits, uint8_t out[static 16])
{
	memset(out, 0, 16);
	memcpy(out, a->ip, bits / 8);
	if (bits % 8 != 0)
		out[bits / 8] = (uint8_t)(a->ip[bits / 8] & 0xff00u >> bits % 8);
}

void
set_add_net(struct set *s, const struct addr_net *n)
{
	unsigned kind = (n->net.family == FAMILY_IP4 ? KIND_NET4 : KIND_NET6) + n->bits;
	uint8_t key[16];

	mask(&n->net, n->bits, key);
	add(s, kind, slice_of(key, sizeof(key)));
	if (memchr(s->lens, (int)kind, s->lens_n) == NULL)
		s->lens[s->lens_n++] = (uint8_t)kind;
	filter_fill(s);
}

bool
set_has_num(const struct set *s, int64_t v)
{
	return has(s, KIND_NUM, slice_of(&v, sizeof(v)));
}

bool
set_has_addr(const struct set *s, const struct addr *a)
{
	uint8_t key[16];

	for (size_t i = 0; i < s->lens_n; i++) {
		bool ip4 = s->lens[i] < KIND_NET6;

		if (ip4 != (a->family == FAMILY_IP4))
			continue;
		mask(a, s->lens[i] - (ip4 ? KIND_NET4 : KIND_NET6), key);
		if (has(s, s->lens[i], slice_of(key, sizeof(key))))
			return true;
	}
	return false;
}

/* Apart, so that those who come no further than the filter pay for nothing here. */
static bool __attribute__((noinline))
has_text(const struct set *s, struct slice text)
{
	struct addr a;

	if (has(s, KIND_TEXT, text))
		return true;
	return s->lens_n > 0 && addr_parse(text, &a) == RC_OK && set_has_addr(s, &a);
}

bool
set_has_text(const struct set *s, struct slice text)
{
	return filter_has(s, text) && has_text(s, text);
}
