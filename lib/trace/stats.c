/* SPDX-License-Identifier: MIT */
#include "trace/stats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/take.h"
#include "base/xalloc.h"
#include "trace/frame.h"

#define INSTANCES 1024

static const char *const units[] = {
	[UNIT_PACKET] = "packets", [UNIT_MESSAGE] = "messages", [UNIT_ROW] = "rows", [UNIT_BYTE] = "bytes", [UNIT_CALL] = "calls",
	[UNIT_CONN] = "conns",
};
static const char *const classes[] = {
	[STAT_IN] = "in", [STAT_OUT] = "out", [STAT_LOST] = "lost", [STAT_CHOSEN] = "chosen", [STAT_ROUTED] = "routed",
	[STAT_HELD] = "held", [STAT_INFO] = "info",
};

static const char *
name_of(const char *const *names, size_t n, uint8_t i)
{
	return i < n && names[i] != NULL ? names[i] : "?";
}

const char *
stat_unit_name(uint8_t unit)
{
	return name_of(units, sizeof(units) / sizeof(units[0]), unit);
}

const char *
stat_class_name(uint8_t class)
{
	return name_of(classes, sizeof(classes) / sizeof(classes[0]), class);
}

uint64_t
stats_instance(uint64_t upstream, const char *stage, int argc, char *const argv[])
{
	uint64_t h = hash64_mix(upstream, hash64(stage, strlen(stage)));

	for (int i = 1; i < argc; i++)
		h = hash64_mix(h, hash64(argv[i], strlen(argv[i])));
	return h;
}

enum rc
stats_encode(struct buf *out, uint64_t instance, uint32_t seq, uint64_t time_ns, const char *stage, const struct counter *c, size_t n)
{
	struct buf attrs = { 0 }, value = { 0 };
	enum rc rc = attr_put(&attrs, ATTR_STAGE, slice_str(stage));
	uint8_t *p;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		buf_clear(&value);
		buf_u8(&value, c[i].unit);
		buf_u8(&value, c[i].class);
		buf_le16(&value, 0);
		buf_le64(&value, c[i].value);
		buf_str(&value, c[i].name);
		rc = attr_put(&attrs, ATTR_COUNTER, buf_slice(&value));
	}
	if (rc == RC_OK) {
		p = frame_begin(out, FRAME_STATS, 0, STATS_HEAD, STATS_HEAD + attrs.n);
		store_le32(p + FRAME_ATTR_LEN, (uint32_t)attrs.n);
		store_le64(p + STATS_INSTANCE, instance);
		store_le64(p + STATS_TIME, time_ns);
		store_le32(p + STATS_SEQ, seq);
		store_le32(p + STATS_SEQ + 4, 0);
		memcpy(p + STATS_HEAD, attrs.p, attrs.n);
		frame_finish(out, p, STATS_HEAD + attrs.n);
	}
	buf_reset(&attrs);
	buf_reset(&value);
	return rc;
}

enum rc
stats_decode(const struct record *r, struct stats_view *v)
{
	if (r->type != FRAME_STATS || r->raw.n < STATS_HEAD)
		return RC_BAD;
	v->instance = load_le64(r->raw.p + STATS_INSTANCE);
	v->time_ns = load_le64(r->raw.p + STATS_TIME);
	v->seq = load_le32(r->raw.p + STATS_SEQ);
	v->rest = r->attrs;
	v->stage = (struct slice){ NULL, 0 };
	(void)attr_get(r->attrs, ATTR_STAGE, &v->stage);
	return RC_OK;
}

enum rc
stats_counter(struct stats_view *v, struct slice *name, uint8_t *unit, uint8_t *class, uint64_t *value)
{
	struct slice s;
	uint16_t type;
	enum rc rc;

	while ((rc = attr_next(&v->rest, &type, &s)) == RC_OK)
		if (type == ATTR_COUNTER && take_u8(&s, unit) && take_u8(&s, class) && take_skip(&s, 2) && take_le64(&s, value)) {
			*name = s;
			return RC_OK;
		}
	return rc;
}

struct snapshot {
	uint64_t instance;
	uint32_t seq;
	struct buf raw;		/* the newest frame */
};

struct ledger {
	struct snapshot *s;
	size_t n;
	uint64_t upstream;
};

struct ledger *
ledger_new(void)
{
	return xcalloc(1, sizeof(struct ledger));
}

void
ledger_free(struct ledger *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		buf_reset(&l->s[i].raw);
	free(l->s);
	free(l);
}

enum rc
ledger_add(struct ledger *l, const struct record *r)
{
	struct stats_view v;
	struct snapshot *s;
	size_t i;

	if (stats_decode(r, &v) != RC_OK)
		return RC_BAD;
	for (i = 0; i < l->n && l->s[i].instance != v.instance; i++)
		;
	if (i == INSTANCES)
		return RC_LIMIT;
	if (i == l->n) {
		l->s = xrealloc(l->s, (l->n + 1) * sizeof(*l->s));
		l->s[l->n++] = (struct snapshot){ .instance = v.instance };
		l->upstream ^= v.instance;
	}
	s = &l->s[i];
	if (s->raw.n > 0 && v.seq < s->seq)
		return RC_OK;
	s->seq = v.seq;
	buf_clear(&s->raw);
	buf_put(&s->raw, r->raw);
	return RC_OK;
}

uint64_t
ledger_upstream(const struct ledger *l)
{
	return l->upstream;
}

bool
ledger_view(const struct ledger *l, size_t i, struct stats_view *out)
{
	struct slice in;
	struct record r;

	if (i >= l->n)
		return false;
	in = buf_slice(&l->s[i].raw);	/* was decoded once, so it is again */
	return record_decode(&in, &r) == RC_OK && stats_decode(&r, out) == RC_OK;
}

void
ledger_text(const struct ledger *l, struct buf *out)
{
	struct stats_view v;

	buf_str(out, "stage\tunit\tclass\tname\tvalue\n");
	for (size_t i = 0; ledger_view(l, i, &v); i++) {
		struct slice name;
		uint8_t unit, class;
		uint64_t value;

		while (stats_counter(&v, &name, &unit, &class, &value) == RC_OK)
			buf_printf(out, "%.*s\t%s\t%s\t%.*s\t%" PRIu64 "\n", SLICE_ARG(v.stage), stat_unit_name(unit),
			    stat_class_name(class), SLICE_ARG(name), value);
	}
}
