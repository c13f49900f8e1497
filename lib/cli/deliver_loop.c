/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "cli/deliver_impl.h"
#include "cli/diag.h"
#include "cli/sig.h"

#define FDS_EACH (2 * CONN_FDS)
#define LONGEST_NS UINT64_C(3600000000000)

uint64_t
deliver_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
step(struct target *t, uint64_t now)
{
	if (outlet_up(t->outlet))
		t->waited_from = now;
	outlet_step(t->outlet, now);
	deliver_settle(t);
}

void
deliver_look_after(struct deliver *d, uint64_t now)
{
	if (now - d->stepped_ns < DELIVER_STEP_NS)
		return;
	d->stepped_ns = now;
	for (size_t i = 0; i < d->n; i++)
		if (d->target[i]->outlet != NULL)
			step(d->target[i], now);
}

/* What all outlets wait for, behind the first `n` entries. Returns the number of entries; *due: when one has to be looked after. */
static size_t
gather(struct deliver *d, size_t n, uint64_t *due)
{
	if (d->fds_cap < n + d->n * FDS_EACH) {
		d->fds_cap = n + d->n * FDS_EACH;
		d->fds = xrealloc(d->fds, d->fds_cap * sizeof(*d->fds));
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct outlet *o = d->target[i]->outlet;
		uint64_t at;

		if (o == NULL)
			continue;
		n += outlet_fds(o, d->fds + n, d->fds_cap - n);
		at = outlet_due_ns(o);
		*due = at < *due ? at : *due;
	}
	return n;
}

size_t
deliver_poll(struct deliver *d, struct pollfd *p, size_t n, uint64_t timeout_ns)
{
	uint64_t now = deliver_now_ns(), due = now + (timeout_ns < LONGEST_NS ? timeout_ns : LONGEST_NS), wait;
	size_t all = gather(d, n, &due), ready = 0;
	struct timespec t;

	memcpy(d->fds, p, n * sizeof(*p));
	for (size_t i = 0; i < all; i++)
		d->fds[i].revents = 0;
	wait = due > now ? due - now : 0;
	t = (struct timespec){ .tv_sec = (time_t)(wait / 1000000000u), .tv_nsec = (long)(wait % 1000000000u) };
	if (ppoll(d->fds, all, &t, NULL) < 0 && errno != EINTR)
		diag_die("poll: %s", strerror(errno));
	for (size_t i = 0; i < n; i++) {
		p[i].revents = d->fds[i].revents;
		ready += p[i].revents != 0;
	}
	d->stepped_ns = 0;
	deliver_look_after(d, deliver_now_ns());
	return ready;
}

bool
deliver_wait(struct deliver *d, int fd, uint64_t timeout_ns)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = d->stage != NULL ? sig_fd() : -1, .events = POLLIN } };

	(void)deliver_poll(d, p, 2, timeout_ns);
	if (p[1].revents != 0 && fd < 0)
		(void)stage_stopping(d->stage);	/* serves the signal */
	return p[0].revents != 0;
}

void
deliver_wait_input(void *arg, int fd)
{
	(void)deliver_wait(arg, fd, UINT64_MAX);
}

/* Somebody still has something to send and a chance to. */
static bool
unfinished(const struct deliver *d, uint64_t now)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct target *t = d->target[i];

		if (t->outlet == NULL || outlet_idle(t->outlet))
			continue;
		if (!(t->spooled || d->conf.hasty) || outlet_opening(t->outlet) || outlet_moving(t->outlet, now))
			return true;
	}
	return false;
}

/* Grows whenever something goes out or arrives; less when what was under way is sent once more. */
static uint64_t
progress(const struct deliver *d)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < d->n; i++)
		sum += d->target[i]->said.sent - d->target[i]->said.held - d->target[i]->said.under_way;
	return sum;
}

void
deliver_finish(struct deliver *d)
{
	uint64_t now = deliver_now_ns(), until = now + stage_opts.drain_ns, best = progress(d);

	deliver_flush(d);
	for (size_t i = 0; i < d->n; i++)
		if (d->target[i]->outlet != NULL) {
			outlet_finish(d->target[i]->outlet);
			step(d->target[i], now);
		}
	while (unfinished(d, now) && now < until && !sig_hurry()) {
		(void)deliver_wait(d, -1, until - now);
		now = deliver_now_ns();
		if ((int64_t)(progress(d) - best) > 0) {	/* more than ever: sent and sent again to one that breaks is no progress */
			best = progress(d);
			until = now + stage_opts.drain_ns;
		}
	}
	for (size_t i = 0; i < d->n; i++) {
		struct target *t = d->target[i];

		if (t->outlet == NULL)
			continue;
		step(t, now);
		outlet_give_up(t->outlet);
		deliver_settle(t);
		if (d->stage != NULL && t->said.held > 0)
			stage_failed(d->stage);
	}
}
