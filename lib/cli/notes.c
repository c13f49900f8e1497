/* SPDX-License-Identifier: MIT */
#include "cli/notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/bucket.h"
#include "base/xalloc.h"
#include "cli/deliver.h"
#include "cli/diag.h"
#include "cli/level.h"
#include "cli/sig.h"

#define NS_PER_S 1000000000u

/* The ledger. Where lines are sent, deliver's counters take the place of C_WRITTEN. */
enum { C_MADE, C_TOO_LONG, C_OVER_RATE, C_WRITTEN, COUNTERS = 64 };
static const struct counter own_counters[] = {
	[C_MADE] = { "lines", UNIT_MESSAGE, STAT_IN, 0 },
	[C_TOO_LONG] = { "too_long", UNIT_MESSAGE, STAT_LOST, 0 },
	[C_OVER_RATE] = { "over_rate", UNIT_MESSAGE, STAT_LOST, 0 },
	[C_WRITTEN] = { "written", UNIT_MESSAGE, STAT_OUT, 0 },
};

struct notes {
	struct notes_conf conf;
	struct stage *stage;
	struct deliver *deliver;	/* NULL: into the record stream */
	struct id_maker *ids;
	struct bucket bucket;
	struct regex_state *matching;
	struct buf attrs, text;		/* of a line that needs its own */
	struct counter counter[COUNTERS];
	uint64_t snapshot_ns;		/* when the last one was made */
};

static uint64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

/* What deliver counts goes into this ledger. What it received is what is left of the lines. */
static void
settle(struct notes *o)
{
	for (size_t i = 0; i < deliver_counters_n && C_WRITTEN + i < COUNTERS; i++)
		o->counter[C_WRITTEN + i] = deliver_counters[i];
}

void
notes_poll(void *arg, struct pollfd *p, size_t n, int timeout_ms)
{
	struct notes *o = arg;

	if (o->deliver == NULL) {
		if (poll(p, (nfds_t)n, timeout_ms) < 0)
			p[0].revents = 0;	/* a signal */
		return;
	}
	(void)deliver_poll(o->deliver, p, n, (uint64_t)timeout_ms * 1000000);
	settle(o);
}

struct notes *
notes_open(const struct notes_conf *conf)
{
	struct notes *o = xcalloc(1, sizeof(*o));
	struct stage_conf stage = { .opts = &stage_opts, .counters = o->counter, .counters_n = sizeof(own_counters) / sizeof(own_counters[0]),
		.argc = conf->argc, .argv = conf->argv, .arg = o };

	o->conf = *conf;
	o->ids = id_maker_new();
	memcpy(o->counter, own_counters, sizeof(own_counters));
	o->matching = conf->correlation != NULL ? regex_state_new() : NULL;
	if (conf->rate > 0)
		bucket_init(&o->bucket, conf->rate, conf->burst > 0 ? conf->burst : conf->rate);
	if (conf->dests > 0) {
		o->deliver = deliver_new(&(struct deliver_conf){ .scheme = "hep:", .shows_ends = true, .hasty = true,
		    .encode = deliver_hep, .arg = &o->conf.hep },
		    conf->dest, conf->dests);
		settle(o);
		stage.counters_n = C_WRITTEN + (deliver_counters_n < COUNTERS - C_WRITTEN ? deliver_counters_n : COUNTERS - C_WRITTEN);
	} else {
		stage.flags = STAGE_OUTPUT;
	}
	o->stage = stage_open(&stage, conf->live, 0);
	if (o->deliver != NULL)
		deliver_attach(o->deliver, o->stage);
	return o;
}

bool
notes_flush(struct notes *o)
{
	if (o->deliver == NULL)
		return stage_flush(o->stage);
	deliver_flush(o->deliver);
	settle(o);
	return true;
}

/* A record whose ledger has it already. */
static bool
put(struct notes *o, struct record *r)
{
	r->type = FRAME_MESSAGE;
	r->time_ns = clock_ns(CLOCK_REALTIME);
	r->capture_id = o->conf.capture_id;
	if (r->attrs.p == NULL)
		r->attrs = o->conf.attrs;
	r->id = record_id(o->ids, r);
	if (o->deliver == NULL) {
		o->counter[C_WRITTEN].value++;
		return stage_put(o->stage, r);
	}
	deliver_put(o->deliver, r);
	return true;
}

bool
notes_put(struct notes *o, struct record *r)
{
	o->counter[C_MADE].value++;
	return put(o, r);
}

/* Whether a line may go now, as far as the rate is concerned. When the end has come, what was read goes without delay. */
static bool
admit(struct notes *o)
{
	uint64_t wait;

	while ((wait = bucket_wait_ns(&o->bucket, clock_ns(CLOCK_MONOTONIC))) > 0 && sig_level() == 0) {
		if (o->conf.drop) {
			diag_count("lines over --rate", "more than %u lines a second: a line is left out", o->conf.rate);
			o->counter[C_OVER_RATE].value++;
			return false;
		}
		if (!notes_flush(o))
			break;		/* it fails again where it is reported */
		if (o->deliver != NULL)
			(void)deliver_wait(o->deliver, -1, wait);
		else
			(void)stage_wait(o->stage, wait);
	}
	(void)bucket_take(&o->bucket, clock_ns(CLOCK_MONOTONIC));
	return true;
}

/* The attributes of a line that has a correlation id of its own. False: it has none. */
static bool
own_attrs(struct notes *o, struct slice text)
{
	struct slice id;

	if (o->conf.correlation == NULL || !regex_find(o->conf.correlation, o->matching, text, &id) || id.n == 0)
		return false;
	buf_clear(&o->attrs);
	attr_copy_without(&o->attrs, o->conf.attrs, ATTR_CORRELATION);
	return attr_put(&o->attrs, ATTR_CORRELATION, id) == RC_OK;
}

bool
notes_line(struct notes *o, int level, struct slice text)
{
	struct record r = { .kind = KIND_LOG, .payload = text };
	bool own = false;

	o->counter[C_MADE].value++;
	if (o->conf.rate > 0 && !admit(o))
		return true;
	if (own_attrs(o, text)) {
		own = true;
		r.attrs = buf_slice(&o->attrs);
	}
	if (level != LEVEL_NONE) {
		own = true;
		buf_clear(&o->text);
		buf_str(&o->text, level_prefix(level));
		buf_put(&o->text, text);
		r.payload = buf_slice(&o->text);
	}
	return put(o, &r) && (!own || notes_flush(o));	/* the next one needs the buffers */
}

/* What a feed has read so far. */
static bool
lines_read(struct notes *o, struct feed *in)
{
	struct slice line;
	bool ok = true;
	enum rc rc;

	while (ok && (rc = feed_next(in, &line)) != RC_MORE) {
		int level;

		if (rc == RC_LIMIT) {
			diag_count("lines too long", "a line is left out: longer than %u bytes", HEP_MAX);
			o->counter[C_MADE].value++;
			o->counter[C_TOO_LONG].value++;
			continue;
		}
		level = level_take(&line);
		if (line.n > 0)
			ok = notes_line(o, level != LEVEL_NONE ? level : o->conf.level, line);
	}
	return ok && notes_flush(o);
}

/* A live stream says once a second how far it is. */
static bool
snapshot(struct notes *o)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);

	if (o->deliver != NULL || !o->conf.live || now - o->snapshot_ns < NS_PER_S)
		return true;
	o->snapshot_ns = now;
	return stage_stats(o->stage, clock_ns(CLOCK_REALTIME)) && stage_flush(o->stage);
}

void
notes_all(struct notes *o, struct feed *in)
{
	enum rc rc = RC_OK;
	struct err e;

	while (rc != RC_END && !stage_stopping(o->stage)) {
		rc = feed_fill(in, &e);
		if (rc == RC_SYS) {
			diag(e.sys == ENOENT ? "%s; waiting for it" : "%s", e.text);
			if (e.sys != ENOENT)
				stage_failed(o->stage);
		}
		if (!lines_read(o, in) || !snapshot(o))
			break;
	}
}

int
notes_close(struct notes *o)
{
	uint64_t gave_up = o->matching != NULL ? regex_gave_up(o->matching) : 0;
	int status;

	if (gave_up > 0)
		diag("the search for a correlation id was given up in %" PRIu64 " lines: too long, or too many steps", gave_up);
	if (o->deliver != NULL) {
		deliver_finish(o->deliver);
		settle(o);
	}
	status = stage_close(o->stage);
	if (o->deliver != NULL)
		deliver_free(o->deliver);
	id_maker_free(o->ids);
	regex_state_free(o->matching);
	buf_reset(&o->attrs);
	buf_reset(&o->text);
	free(o);
	return status;
}
