/* SPDX-License-Identifier: MIT */
#include "trace/points.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

#define SLOTS (2 * (POINTS_MAX + 1))	/* a power of two */
#define NODE_SHOWN 64

struct place {
	uint64_t node;		/* keyed hash of its name, 0 = none */
	uint32_t capture_id;
	uint16_t capture_point;
	char *name;
};

struct points {
	struct hash_key key;
	struct place place[POINTS_OTHERS];	/* [0] is nobody's */
	uint16_t n;		/* numbers given */
	uint16_t last;		/* the number given last: records come in runs */
	uint16_t slot[SLOTS];
};

struct points *
points_new(uint64_t seed)
{
	struct points *p = xcalloc(1, sizeof(*p));

	hash_key_init(&p->key, seed);
	return p;
}

void
points_free(struct points *p)
{
	if (p == NULL)
		return;
	for (uint16_t i = 1; i <= p->n; i++)
		free(p->place[i].name);
	free(p);
}

static bool
is_place(const struct place *a, const struct place *b)
{
	return a->node == b->node && a->capture_id == b->capture_id && a->capture_point == b->capture_point;
}

static char *
shown(struct slice node)
{
	char *s = xstrndup((const char *)node.p, node.n < NODE_SHOWN ? node.n : NODE_SHOWN);

	for (char *c = s; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return s;
}

uint16_t
points_number(struct points *p, const struct record *r)
{
	struct place want = { .capture_id = r->capture_id, .capture_point = r->capture_point };
	struct slice node = { NULL, 0 };
	uint64_t h;

	if (r->attrs.n > 0 && attr_get(r->attrs, ATTR_NODE, &node) && node.n > 0)
		want.node = hash64_key(node.p, node.n, &p->key) | 1;
	if (p->last != 0 && is_place(&p->place[p->last], &want))
		return p->last;
	h = hash64_mix(want.node, (uint64_t)want.capture_id << 16 | want.capture_point);
	for (;; h++) {
		uint16_t *slot = &p->slot[h % SLOTS];

		if (*slot != 0 && !is_place(&p->place[*slot], &want))
			continue;
		if (*slot == 0) {
			if (p->n == POINTS_MAX)
				return POINTS_OTHERS;
			*slot = ++p->n;
			if (node.n > 0)
				want.name = shown(node);
			p->place[p->n] = want;
		}
		return p->last = *slot;
	}
}

void
points_name(const struct points *p, uint16_t number, struct buf *out)
{
	const struct place *w = &p->place[number <= p->n ? number : 0];

	if (number == 0 || number > p->n) {
		buf_str(out, "others");
		return;
	}
	if (w->name != NULL)
		buf_printf(out, "%s/", w->name);
	if (w->name != NULL || w->capture_id != 0)
		buf_printf(out, "%" PRIu32 "/", w->capture_id);
	buf_printf(out, "%u", (unsigned)w->capture_point);
}
