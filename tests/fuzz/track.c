/* SPDX-License-Identifier: MIT */
/*
 * Any order of messages: six bytes of input make one message from a few Call-IDs, tags, branches, methods and times. Bounds hold, every
 * mark comes back once, and a message belongs to a set and a transaction or to neither.
 */
#include <stdlib.h>

#include "../flow.h"
#include "sip/msg.h"
#include "sip/track.h"

#define MAX_SETS 20

static int64_t marks;

static void
release(void *arg, void *mark)
{
	(void)arg;
	free(mark);
	marks--;
}

static void
hold(void **mark)
{
	if (*mark != NULL)
		return;
	*mark = malloc(1);
	marks++;
}

static void
make_line(const uint8_t *p, char *line, size_t size)
{
	static const char *const methods[] = { "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "NOTIFY", "SUBSCRIBE", "REFER",
		"XFOO", "MESSAGE" };
	static const char *const states[] = { "active;expires=60", "terminated", "active", "pending;expires=9" };
	static const unsigned status[] = { 0, 0, 0, 0, 100, 180, 200, 200, 401, 407, 408, 423, 481, 486, 500, 202 };
	char what[32];
	double t = (p[0] & 15) < 14 ? p[0] >> 4 : (double)p[0] * p[1] * 1000;

	if (status[p[1] & 15] == 0)
		snprintf(what, sizeof(what), "%s", methods[(p[1] >> 4) % 12]);
	else
		snprintf(what, sizeof(what), "%u/%s", status[p[1] & 15], methods[(p[1] >> 4) % 12]);
	snprintf(line, size, "%f %s c%u %c %c %u z%u,z%u |Event: dialog;id=%u\r\nSubscription-State: %s\r\nExpires: %u", t, what,
	    p[2] % 40, "-abc"[p[3] & 3], "-abc"[p[3] >> 2 & 3], p[3] >> 4, p[4] & 15, p[4] >> 4, p[5] & 3, states[p[5] >> 2 & 3], p[5]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct track_conf conf = { .seed = 7, .max_sets = MAX_SETS, .max_bytes = 8192, .dialog_timeout_ns = 900 * FLOW_SECOND, .release = release };
	struct track *t = track_new(&conf);
	struct buf text = { 0 };
	char line[300];

	for (; size >= 6; data += 6, size -= 6) {
		struct sip_index x;
		struct track_msg m = { .sip = &x };

		make_line(data, line, sizeof(line));
		if (flow_build(line, &m.time_ns, &text) != FLOW_MESSAGE || sip_scan(buf_slice(&text), &x) != RC_OK)
			abort();
		m.msg = buf_slice(&text);
		if (data[5] == 255)
			track_tick(t, m.time_ns);
		track_prepare(t, &m, 1);
		track_message(t, &m);
		if (m.set_mark == NULL || m.txn_mark == NULL)
			abort();
		hold(m.set_mark);
		hold(m.txn_mark);
		if (track_stats(t).open > MAX_SETS)
			abort();
	}
	track_free(t);
	buf_reset(&text);
	if (marks != 0)
		abort();
	return 0;
}
