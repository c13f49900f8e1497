/* SPDX-License-Identifier: MIT */
#ifndef UNIT_TRACK_H
#define UNIT_TRACK_H
/* A tracker whose marks are the names of sets and transactions, and the feeding of it. */
#include "test.h"

#include "../flow.h"
#include "sip/msg.h"
#include "sip/track.h"

struct world {
	struct track *t;
	uintptr_t sets, txns;	/* named so far */
	unsigned released;
};

static inline void
count_release(void *arg, void *mark)
{
	struct world *w = arg;

	assert_non_null(mark);
	w->released++;
}

static inline void
open_world(struct world *w, uint64_t max_sets)
{
	const struct track_conf conf = { .seed = 42, .max_sets = max_sets, .max_bytes = 1 << 30,
		.dialog_timeout_ns = 12 * 3600 * FLOW_SECOND, .release = count_release, .arg = w };

	*w = (struct world){ .t = track_new(&conf) };
}

static inline void
close_world(struct world *w)
{
	uintptr_t named = w->sets + w->txns;

	track_free(w->t);
	assert_int_equal(w->released, named);
}

static inline void
name(void **mark, uintptr_t *names)
{
	if (*mark == NULL)
		*mark = (void *)++*names;
}

/* Feeds one message; writes its names, "A1", or "-" if it belongs to nothing. */
static inline void
feed(struct world *w, struct slice msg, uint64_t time_ns, char out[static 24])
{
	struct sip_index x;
	struct guarded g = guarded(msg);
	struct track_msg m = { .sip = &x, .msg = g.s, .time_ns = time_ns };

	assert_int_equal(sip_scan(g.s, &x), RC_OK);
	track_prepare(w->t, &m, 1);
	track_message(w->t, &m);
	guarded_free(&g);
	if (m.set_mark == NULL) {
		strcpy(out, "-");
		return;
	}
	name(m.set_mark, &w->sets);
	name(m.txn_mark, &w->txns);
	snprintf(out, 24, "%c%u", (char)('A' + (uintptr_t)*m.set_mark - 1), (unsigned)(uintptr_t)*m.txn_mark);
}
#endif
