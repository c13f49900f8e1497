/* SPDX-License-Identifier: MIT */
#include "cli/deliver_impl.h"
#include "cli/diag.h"
#include "cli/sig.h"

/* What the stream that is read now asks for; streams may follow one another. */
static void
look_at_header(struct deliver *d, const struct stage *stage)
{
	const char *on_full = deliver_opts.on_full;
	bool live = stage_live(stage), pace = deliver_opts.rate > 0 || deliver_opts.speed > 0;

	if (on_full == NULL)
		d->wait = !live;
	d->paced = pace && (!live || (on_full != NULL && on_full[0] == 'b'));
	if (!pace || d->paced || d->unpaced_said)
		return;
	diag("%s: the source is live: its messages go out as they come (--on-full block would hold it up)",
	    deliver_opts.rate > 0 ? "--rate" : "--speed");
	d->unpaced_said = true;
}

/* Waits until the first of `n` records may go. Returns how many may. */
static size_t
in_time(struct deliver *d, const struct record *r, size_t n)
{
	size_t k = 0;

	while (d->paced && k == 0 && sig_level() == 0) {
		uint64_t now = deliver_now_ns(), wait = 0;

		while (k < n && (wait = pace_wait_ns(&d->pace, r[k].time_ns, now)) == 0)
			k++;
		if (k == 0)
			(void)deliver_wait(d, -1, wait);
	}
	return k > 0 ? k : n;
}

/* Sends a batch and passes it on, as its pace allows. False: the output is to stop. */
static bool
send_batch(struct deliver *d, struct stage *stage, const struct record *r, size_t n)
{
	bool ok = true;

	while (ok && n > 0) {
		size_t k = in_time(d, r, n);

		for (size_t i = 0; i < k; i++)
			deliver_put(d, &r[i]);
		deliver_flush(d);
		for (size_t i = 0; i < k && ok && d->tee; i++)
			ok = stage_pass(stage, &r[i]);
		r += k;
		n -= k;
		if (ok && n > 0 && d->tee)	/* the next ones may have to wait long */
			ok = stage_flush(stage);
	}
	return ok;
}

void
deliver_run(struct deliver *d, struct stage *stage)
{
	struct record r[DELIVER_BATCH];
	bool ok = true;
	size_t n;

	deliver_attach(d, stage);
	if (deliver_opts.rate > 0)
		pace_init_rate(&d->pace, deliver_opts.rate);
	else if (deliver_opts.speed > 0)
		pace_init_speed(&d->pace, deliver_opts.speed);
	while (ok && (n = stage_batch(stage, r, DELIVER_BATCH)) > 0) {
		look_at_header(d, stage);
		ok = send_batch(d, stage, r, n);
	}
	if (!stage_flush(stage))
		stage_failed(stage);
	deliver_finish(d);
}
