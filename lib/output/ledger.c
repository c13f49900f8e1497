/* SPDX-License-Identifier: MIT */
#include "output/ledger.h"

#include <inttypes.h>

#include "output/escape.h"

enum { UNITS = UNIT_CONN + 1, CLASSES = STAT_INFO + 1, WIDTH_STAGE = 12 };

/* One stage's counters added up. */
struct sums {
	uint64_t v[UNITS][CLASSES];
	bool seen[UNITS][CLASSES];
};

static void
add_up(struct stats_view v, struct sums *s)
{
	struct slice name;
	uint8_t unit, class;
	uint64_t value;

	*s = (struct sums){ 0 };
	while (stats_counter(&v, &name, &unit, &class, &value) == RC_OK)
		if (unit < UNITS && class < CLASSES) {
			s->v[unit][class] += value;
			s->seen[unit][class] = true;
		}
}

static void
put_stage(struct buf *out, struct slice stage)
{
	size_t start = out->n;

	escape_word(out, stage);
	while (out->n - start < WIDTH_STAGE)
		buf_u8(out, ' ');
}

/* One line; false where the sum is off. */
static bool
put_sums(struct buf *out, struct slice stage, uint8_t unit, const struct sums *s)
{
	const uint64_t *v = s->v[unit];
	uint64_t gone = v[STAT_OUT] + v[STAT_LOST] + v[STAT_CHOSEN] + v[STAT_ROUTED] + v[STAT_HELD];
	bool holds = v[STAT_IN] == gone;

	put_stage(out, stage);
	buf_printf(out, " %-8s", stat_unit_name(unit));
	for (int class = STAT_IN; class <= STAT_HELD; class++)
		if (s->seen[unit][class])
			buf_printf(out, " %12" PRIu64, v[class]);
		else
			buf_printf(out, " %12s", "-");
	if (!s->seen[unit][STAT_IN]) {
		buf_str(out, "  -\n");
		return true;
	}
	if (holds)
		buf_str(out, "  ok\n");
	else
		buf_printf(out, "  does not add up: %" PRIu64 " %s\n", v[STAT_IN] > gone ? v[STAT_IN] - gone : gone - v[STAT_IN],
		    v[STAT_IN] > gone ? "unaccounted for" : "too many");
	return holds;
}

static bool
in_the_sum(const struct sums *s, uint8_t unit)
{
	for (int class = STAT_IN; class <= STAT_HELD; class++)
		if (s->seen[unit][class])
			return true;
	return false;
}

static void
put_counters(struct buf *out, struct stats_view v)
{
	struct slice stage = v.stage, name;
	uint8_t unit, class;
	uint64_t value;

	while (stats_counter(&v, &name, &unit, &class, &value) == RC_OK)
		if (value > 0) {
			put_stage(out, stage);
			buf_printf(out, " %-8s %12" PRIu64 "  %-8s ", stat_unit_name(unit), value, stat_class_name(class));
			escape_word(out, name);
			buf_u8(out, '\n');
		}
}

bool
ledger_table(const struct ledger *l, struct buf *out)
{
	struct stats_view v;
	struct sums s;
	bool holds = true;

	buf_printf(out, "%-*s %-8s %12s %12s %12s %12s %12s %12s  %s\n", WIDTH_STAGE, "STAGE", "UNIT", "IN", "OUT", "LOST", "CHOSEN",
	    "ROUTED", "HELD", "SUM");
	for (size_t i = 0; ledger_view(l, i, &v); i++) {
		add_up(v, &s);
		for (uint8_t unit = 1; unit < UNITS; unit++)
			if (in_the_sum(&s, unit) && !put_sums(out, v.stage, unit, &s))
				holds = false;
	}
	buf_printf(out, "\n%-*s %-8s %12s  %-8s %s\n", WIDTH_STAGE, "STAGE", "UNIT", "COUNT", "CLASS", "COUNTER");
	for (size_t i = 0; ledger_view(l, i, &v); i++)
		put_counters(out, v);
	return holds;
}
