/* SPDX-License-Identifier: MIT */
#include "trace/copies_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

#define PART_BITS 6	/* classes of an octave */
#define SLOTS (4 * COPIES_REPORT_PAIRS)

struct pair {
	uint16_t from, to;
	uint64_t copies;	/* first captured at from */
	uint64_t both;		/* packets seen at both; in the pair whose from is the less */
	uint64_t min_ns, max_ns;
	uint64_t *times;	/* copies by class of their time; NULL: none yet */
};

struct copies_report {
	uint32_t classes;	/* that copy_ns and less can fall into */
	struct pair pair[COPIES_REPORT_PAIRS];
	uint16_t n;
	uint16_t slot[SLOTS];	/* number of a pair + 1 */
	uint64_t left_out;	/* copies of further pairs */
	uint64_t seen[POINTS_OTHERS + 1];	/* packets, by point */
};

/* Exact below 64 ns, then 64 classes for each doubling. */
static uint32_t
class_of(uint64_t ns)
{
	unsigned shift = ns >> PART_BITS == 0 ? 0 : 63 - PART_BITS - (unsigned)__builtin_clzll(ns);

	return ns >> PART_BITS == 0 ? (uint32_t)ns : (shift << PART_BITS) + (uint32_t)(ns >> shift);
}

/* The middle of a class. */
static uint64_t
time_of(uint32_t class)
{
	unsigned shift = class >> PART_BITS == 0 ? 0 : (class >> PART_BITS) - 1;
	uint64_t part = class - ((uint64_t)shift << PART_BITS);

	return (part << shift) + ((UINT64_C(1) << shift) >> 1);
}

struct copies_report *
copies_report_new(uint64_t copy_ns)
{
	struct copies_report *r = xcalloc(1, sizeof(*r));

	r->classes = class_of(copy_ns) + 1;
	return r;
}

void
copies_report_free(struct copies_report *r)
{
	if (r == NULL)
		return;
	for (uint16_t i = 0; i < r->n; i++)
		free(r->pair[i].times);
	free(r);
}

/* Where the pair's number is, or is to be. */
static size_t
slot_of(const struct copies_report *r, uint16_t from, uint16_t to)
{
	uint64_t h = hash64_mix(from, to);

	for (;; h++) {
		uint16_t i = r->slot[h % SLOTS];

		if (i == 0 || (r->pair[i - 1].from == from && r->pair[i - 1].to == to))
			return h % SLOTS;
	}
}

/* NULL: no room for one more. */
static struct pair *
pair_of(struct copies_report *r, uint16_t from, uint16_t to)
{
	uint16_t *slot = &r->slot[slot_of(r, from, to)];

	if (*slot == 0 && r->n == COPIES_REPORT_PAIRS)
		return NULL;
	if (*slot == 0) {
		r->pair[r->n] = (struct pair){ .from = from, .to = to };
		*slot = ++r->n;
	}
	return &r->pair[*slot - 1];
}

static void
add_both(struct copies_report *r, uint16_t a, uint16_t b)
{
	struct pair *p = pair_of(r, a < b ? a : b, a < b ? b : a);

	if (p != NULL)
		p->both++;
}

static void
add_time(struct copies_report *r, const struct copies_answer *a)
{
	bool back = a->apart_ns < 0;
	uint64_t ns = (uint64_t)(back ? -a->apart_ns : a->apart_ns);
	struct pair *p = pair_of(r, back ? a->point : a->seen[0], back ? a->seen[0] : a->point);
	uint32_t class = class_of(ns);

	if (p == NULL) {
		r->left_out++;
		return;
	}
	if (p->times == NULL)
		p->times = xcalloc(r->classes, sizeof(*p->times));
	p->times[class < r->classes ? class : r->classes - 1]++;
	p->min_ns = p->copies == 0 || ns < p->min_ns ? ns : p->min_ns;
	p->max_ns = ns > p->max_ns ? ns : p->max_ns;
	p->copies++;
}

void
copies_report_add(struct copies_report *r, const struct copies_answer *a)
{
	if (a->kind != COPIES_COPY || !a->repeated)
		r->seen[a->point]++;
	if (a->kind != COPIES_COPY)
		return;
	for (int i = 0; i < COPIES_POINTS && !a->repeated && a->seen[i] != 0; i++)
		add_both(r, a->seen[i], a->point);
	add_time(r, a);
}

/* The least time that `percent` of the copies do not exceed. */
static uint64_t
percentile(const struct copies_report *r, const struct pair *p, unsigned percent)
{
	uint64_t rank = (p->copies * percent + 99) / 100, sum = 0, ns;
	uint32_t i = 0;

	while (i + 1 < r->classes && (sum += p->times[i]) < rank)
		i++;
	ns = time_of(i);
	return ns < p->min_ns ? p->min_ns : ns > p->max_ns ? p->max_ns : ns;
}

static void
put_ms(struct buf *out, uint64_t ns)
{
	buf_printf(out, "\t%" PRIu64 ".%06" PRIu64, ns / 1000000, ns % 1000000);
}

static void
put_row(const struct copies_report *r, const struct points *points, const struct pair *p, struct buf *out)
{
	uint16_t both = r->slot[p->from < p->to ? slot_of(r, p->from, p->to) : slot_of(r, p->to, p->from)];

	points_name(points, p->from, out);
	buf_u8(out, '\t');
	points_name(points, p->to, out);
	buf_printf(out, "\t%" PRIu64, p->copies);
	put_ms(out, p->min_ns);
	put_ms(out, percentile(r, p, 50));
	put_ms(out, percentile(r, p, 95));
	put_ms(out, p->max_ns);
	if (p->from == p->to || both == 0)
		buf_str(out, "\t-\t-\n");
	else
		buf_printf(out, "\t%" PRIu64 "\t%" PRIu64 "\n", r->seen[p->from] - r->pair[both - 1].both,
		    r->seen[p->to] - r->pair[both - 1].both);
}

static int
by_points(const void *a, const void *b)
{
	const struct pair *x = *(const struct pair *const *)a, *y = *(const struct pair *const *)b;

	return x->from != y->from ? x->from - y->from : x->to - y->to;
}

void
copies_report_text(const struct copies_report *r, const struct points *points, struct buf *out)
{
	const struct pair *rows[COPIES_REPORT_PAIRS] = { NULL };
	size_t n = 0;

	for (uint16_t i = 0; i < r->n; i++)
		if (r->pair[i].copies > 0)
			rows[n++] = &r->pair[i];
	qsort(rows, n, sizeof(rows[0]), by_points);
	buf_str(out, "from\tto\tcopies\tmin_ms\tmedian_ms\tp95_ms\tmax_ms\tonly_from\tonly_to\n");
	for (size_t i = 0; i < n; i++)
		put_row(r, points, rows[i], out);
	if (r->left_out > 0)
		buf_printf(out, "others\tothers\t%" PRIu64 "\t-\t-\t-\t-\t-\t-\n", r->left_out);
}
