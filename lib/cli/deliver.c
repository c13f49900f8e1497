/* SPDX-License-Identifier: MIT */
#include "cli/deliver.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "cli/diag.h"
#include "cli/sig.h"
#include "net/dest.h"

#define TARGETS 128	/* destinations, those that records name included */
#define ROUTES 16	/* destinations of one record */

enum {
	C_IN, C_HANDED, C_NOT_OURS, C_UNSENDABLE, C_NO_DEST,
	C_OFFERED, C_SENT, C_LOST,	/* C_LOST + enum sender_loss */
};

struct counter deliver_counters[] = {
	[C_IN] = { "received", UNIT_MESSAGE, STAT_IN, 0 },
	[C_HANDED] = { "handed_over", UNIT_MESSAGE, STAT_OUT, 0 },
	[C_NOT_OURS] = { "left_out", UNIT_MESSAGE, STAT_CHOSEN, 0 },
	[C_UNSENDABLE] = { "unsendable", UNIT_MESSAGE, STAT_LOST, 0 },
	[C_NO_DEST] = { "bad_destination", UNIT_MESSAGE, STAT_LOST, 0 },
	[C_OFFERED] = { "offered", UNIT_PACKET, STAT_IN, 0 },
	[C_SENT] = { "sent", UNIT_PACKET, STAT_OUT, 0 },
	[C_LOST + SENDER_RETURNED] = { "returned", UNIT_PACKET, STAT_LOST, 0 },
	[C_LOST + SENDER_FULL] = { "queue_full", UNIT_PACKET, STAT_LOST, 0 },
	[C_LOST + SENDER_TOO_LARGE] = { "too_large", UNIT_PACKET, STAT_LOST, 0 },
	[C_LOST + SENDER_FAILED] = { "send_failed", UNIT_PACKET, STAT_LOST, 0 },
};
const size_t deliver_counters_n = sizeof(deliver_counters) / sizeof(deliver_counters[0]);

struct deliver_opts deliver_opts;

struct target {
	char *text;		/* as it was written, and a NUL */
	size_t text_n;
	struct sender *sender;	/* NULL: it cannot be used, and that was said */
	struct sender_counts said;	/* what the ledger and the user know of */
	struct datagram pending[SENDER_BATCH];
	size_t pending_n;
};

struct deliver {
	struct deliver_conf conf;
	struct target *target[TARGETS];
	size_t n;
	size_t defaults;	/* the first ones: for records that name none */
	struct buf scratch[SENDER_BATCH];
	size_t batched;		/* records since the last flush */
	bool wait;
};

static bool
stop_now(void *arg)
{
	(void)arg;
	return sig_level() >= 2;
}

static enum rc
open_target(struct target *t, struct err *e)
{
	const struct sender_conf conf = { .stop = stop_now };
	struct dest d;
	struct addr to;
	enum rc rc;

	if ((rc = dest_parse(slice_of(t->text, t->text_n), &d, e)) != RC_OK)
		return rc;
	if (d.transport != TRANSPORT_UDP)
		return err_set(e, RC_BAD, "%s: only UDP works: udp:HOST:PORT, or a SIP URI without ;transport", transport_name(d.transport));
	if ((rc = dest_resolve(&d, &to, e)) != RC_OK)
		return rc;
	return sender_new(&to, &conf, &t->sender, e);
}

static struct target *
add_target(struct deliver *d, struct slice text)
{
	struct target *t = xcalloc(1, sizeof(*t));

	t->text = xmalloc(text.n + 1);	/* a record's may hold a NUL */
	memcpy(t->text, text.p, text.n);
	t->text[text.n] = '\0';
	t->text_n = text.n;
	d->target[d->n++] = t;
	return t;
}

/* The part of an ATTR_DEST that names the destination; absent if it is for another sink. */
static struct slice
own_dest(const struct deliver *d, struct slice text)
{
	struct slice scheme = slice_str(d->conf.scheme);
	bool ours = slice_istarts(text, scheme) || (d->conf.keep_scheme && slice_istarts(text, SLICE_LIT("sips:")));

	if (!ours)
		return (struct slice){ NULL, 0 };
	return d->conf.keep_scheme ? text : slice_skip(text, scheme.n);
}

struct deliver *
deliver_new(const struct deliver_conf *conf, char *const dest[], size_t n)
{
	struct deliver *d = xcalloc(1, sizeof(*d));
	struct err e;

	d->conf = *conf;
	d->wait = deliver_opts.on_full == NULL || deliver_opts.on_full[0] == 'b';
	if (n == 0 && !deliver_opts.addressed)
		diag_usage("no destination: %s udp:HOST:PORT", diag_tool());
	if (n > 0 && deliver_opts.addressed)
		diag_usage("--addressed sends to the records' own destinations: give no other");
	if (n > TARGETS)
		diag_usage("%zu destinations: at most %d", n, TARGETS);
	for (size_t i = 0; i < n; i++) {
		struct slice text = slice_str(dest[i]), own = own_dest(d, text);
		struct target *t = add_target(d, own.n > 0 ? own : text);
		enum rc rc = open_target(t, &e);

		if (rc == RC_BAD)
			diag_usage("%s: %s", dest[i], e.text);
		if (rc != RC_OK)
			diag_die("%s: %s", dest[i], e.text);
	}
	d->defaults = n;
	return d;
}

/* The target that a record names; NULL if there is no room for another one. */
static struct target *
find_target(struct deliver *d, struct slice text)
{
	struct target *t;
	struct err e;

	for (size_t i = 0; i < d->n; i++)
		if (slice_eq(text, slice_of(d->target[i]->text, d->target[i]->text_n)))
			return d->target[i];
	if (d->n == TARGETS) {
		diag_count("too many destinations", "%.*s: more than %d destinations in the records", SLICE_ARG(text), TARGETS);
		return NULL;
	}
	t = add_target(d, text);
	if (open_target(t, &e) != RC_OK)
		diag("%s: %s", t->text, e.text);
	return t;
}

static bool
among(struct target *const *list, size_t n, const struct target *t)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == t)
			return true;
	return false;
}

/* Where the record goes by its own attributes. *named: it asks for some destination, even if none of them can be used. */
static size_t
route(struct deliver *d, const struct record *r, struct target *out[static ROUTES], bool *named)
{
	struct slice rest = r->attrs, value;
	size_t n = 0;
	uint16_t type;

	*named = false;
	while (attr_next(&rest, &type, &value) == RC_OK) {
		struct target *t;

		if (type != ATTR_DEST || (value = own_dest(d, value)).n == 0)
			continue;
		*named = true;
		t = find_target(d, value);
		if (t != NULL && among(out, n, t))
			continue;
		if (t != NULL && t->sender != NULL && n < ROUTES) {
			out[n++] = t;
			continue;
		}
		deliver_counters[C_OFFERED].value++;
		deliver_counters[C_LOST + SENDER_FAILED].value++;
	}
	return n;
}

/* Brings the ledger up to date and says what is new: the first loss of each cause at once. */
static void
settle(struct target *t)
{
	const struct sender_counts *now = sender_counts(t->sender);
	struct sender_counts *said = &t->said;
	const char *const cause[SENDER_LOSSES] = {
		[SENDER_RETURNED] = strerror(now->returned_errno),
		[SENDER_FULL] = "send buffer full, datagrams dropped",
		[SENDER_TOO_LARGE] = "message too large for a datagram",
		[SENDER_FAILED] = NULL,
	};

	deliver_counters[C_OFFERED].value += now->offered - said->offered;
	deliver_counters[C_SENT].value += now->sent - said->sent;	/* modulo 2^64: `sent` falls when datagrams come back */
	for (int i = 0; i < SENDER_LOSSES; i++) {
		if (said->lost[i] == 0 && now->lost[i] > 0)
			diag("%s: %s", t->text, i == SENDER_FAILED ? strerror(now->failed_errno) : cause[i]);
		deliver_counters[C_LOST + i].value += now->lost[i] - said->lost[i];
	}
	*said = *now;
}

static void
flush_target(struct target *t, bool wait)
{
	if (t->pending_n == 0)
		return;
	sender_send(t->sender, t->pending, t->pending_n, wait);
	t->pending_n = 0;
	settle(t);
}

enum rc
deliver_poll(void *arg)
{
	struct deliver *d = arg;

	for (size_t i = 0; i < d->n; i++)
		if (d->target[i]->sender != NULL) {
			sender_poll(d->target[i]->sender);
			settle(d->target[i]);
		}
	return RC_OK;
}

/* The destinations of a record, in `own` if it names some. */
static struct target **
targets_of(struct deliver *d, const struct record *r, struct target *own[static ROUTES], size_t *n)
{
	bool named;

	*n = route(d, r, own, &named);
	if (named) {
		deliver_counters[C_NO_DEST].value += *n == 0;
		return own;
	}
	*n = d->defaults;
	deliver_counters[C_NOT_OURS].value += *n == 0;
	return d->target;
}

void
deliver_put(struct deliver *d, const struct record *r)
{
	struct target *own[ROUTES], **to;
	struct datagram dg = { 0 };
	struct err e = { .text = "" };
	struct buf *scratch;
	size_t n;

	if (d->batched == SENDER_BATCH)
		deliver_flush(d);
	scratch = &d->scratch[d->batched++];
	buf_clear(scratch);
	deliver_counters[C_IN].value++;
	to = targets_of(d, r, own, &n);
	if (n == 0)
		return;
	switch (d->conf.encode(d->conf.arg, r, to[0]->sender, scratch, &dg, &e)) {
	case DELIVER_NOT_OURS:
		deliver_counters[C_NOT_OURS].value++;
		return;
	case DELIVER_UNSENDABLE:
		diag_count("messages that cannot be sent", "a message cannot be sent: %s", e.text);
		deliver_counters[C_UNSENDABLE].value++;
		return;
	case DELIVER_SEND:
		break;
	}
	deliver_counters[C_HANDED].value++;
	for (size_t i = 0; i < n; i++)
		to[i]->pending[to[i]->pending_n++] = dg;
}

void
deliver_flush(struct deliver *d)
{
	for (size_t i = 0; i < d->n; i++)
		flush_target(d->target[i], d->wait);
	d->batched = 0;
}

void
deliver_run(struct deliver *d, struct stage *stage)
{
	struct record r[SENDER_BATCH];
	bool ok = true;
	size_t n;

	while (ok && (n = stage_batch(stage, r, SENDER_BATCH)) > 0) {
		if (deliver_opts.on_full == NULL)
			d->wait = !stage_header(stage)->live;
		for (size_t i = 0; i < n; i++)
			deliver_put(d, &r[i]);
		deliver_flush(d);
		for (size_t i = 0; i < n && ok; i++)
			ok = stage_pass(stage, &r[i]);
	}
}

static void
summary(const struct target *t)
{
	const struct sender_counts *c = sender_counts(t->sender);
	uint64_t lost = c->offered - c->sent;

	if (lost > 0)
		diag("%s: %" PRIu64 " of %" PRIu64 " datagrams not delivered (%" PRIu64 " returned, %" PRIu64 " dropped, %" PRIu64
		     " too large, %" PRIu64 " failed)", t->text, lost, c->offered, c->lost[SENDER_RETURNED], c->lost[SENDER_FULL],
		    c->lost[SENDER_TOO_LARGE], c->lost[SENDER_FAILED]);
}

void
deliver_free(struct deliver *d)
{
	for (size_t i = 0; i < d->n; i++) {
		struct target *t = d->target[i];

		if (t->sender != NULL)
			summary(t);
		sender_free(t->sender);
		free(t->text);
		free(t);
	}
	for (size_t i = 0; i < SENDER_BATCH; i++)
		buf_reset(&d->scratch[i]);
	free(d);
}
