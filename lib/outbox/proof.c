/* SPDX-License-Identifier: MIT */
#include "outbox/proof.h"

#define CAREFUL_START (UINT64_C(32) << 10)
#define CAREFUL_END (UINT64_C(1) << 20)	/* a window that makes care pointless */

void
proof_begin(struct proof *p, bool by_end)
{
	p->by_end = by_end;
	p->window = p->start;
	p->read = p->seems = p->since_ns = 0;
}

void
proof_broke(struct proof *p, bool useful)
{
	if (p->careful && !useful)
		p->start /= 2;
	if (!p->careful && !useful) {
		p->careful = true;
		p->start = CAREFUL_START;
	}
	proof_begin(p, p->by_end);
}

static uint64_t
wider(struct proof *p)
{
	uint64_t window = p->window > 0 ? p->window * 2 : 1024;

	if (window > CAREFUL_END)
		p->careful = false;
	return window;
}

void
proof_ended(struct proof *p)
{
	p->start = wider(p);
	proof_begin(p, p->by_end);
}

void
proof_silent(struct proof *p)
{
	p->careful = false;
	proof_begin(p, p->by_end);
}

/* What seemed to be read was so for long enough. */
static void
believe(struct proof *p)
{
	p->read = p->seems;
	p->since_ns = 0;
	p->window = wider(p);
}

uint64_t
proof_update(struct proof *p, uint64_t sent, uint64_t unread, uint64_t now)
{
	uint64_t seems = unread < sent ? sent - unread : 0;

	if (!p->careful || p->by_end) {
		if (seems > p->slack && seems - p->slack > p->read)
			p->read = seems - p->slack;
		return p->read;
	}
	if (p->since_ns != 0 && now >= p->since_ns + PROOF_GRACE_NS)
		believe(p);
	if (p->since_ns == 0 && seems > p->read) {
		p->seems = seems;
		p->since_ns = now;
	}
	return p->read;
}

uint64_t
proof_room(const struct proof *p, uint64_t sent)
{
	uint64_t from = p->by_end ? 0 : p->read;

	if (!p->careful)
		return UINT64_MAX;
	return sent - from < p->window ? p->window - (sent - from) : 0;
}
