/* SPDX-License-Identifier: MIT */
#ifndef CLI_STAGE_H
#define CLI_STAGE_H
/*
 * stage - what every tool of a pipeline does alike (design section 2): opens input and output, refuses terminals, passes header,
 * statistics and unknown frames on, keeps the ledger, obeys signals, flushes before a read that would block,
 * reports damage, and knows the exit status. A tool is then: options, stage_open, a loop over messages, stage_close.
 *
 * It prints through diag and may exit in stage_open (wrong usage 2, cannot open 1).
 */
#include "cli/opt.h"
#include "trace/reader.h"
#include "trace/stats.h"
#include "trace/writer.h"

/* Options shared by all stages, filled by the option table below. */
struct stage_opts {
	const char *in;		/* -r; NULL or "-" is standard input */
	const char *out;	/* -w; NULL or "-" is standard output */
	uint64_t drain_ns;	/* --drain-time, 5 s */
	bool tee;		/* --tee */
};

enum stage_flags {
	STAGE_INPUT = 1,	/* reads a record stream */
	STAGE_OUTPUT = 2,	/* writes one */
	STAGE_TEE = 4,		/* a sink: writes one only with opts->tee, and survives its closing */
	STAGE_VERIFY = 8,	/* a sink: checks payload CRCs */
};

struct stage_conf {
	unsigned flags;
	const struct stage_opts *opts;
	struct counter *counters;	/* the tool's own; read whenever a snapshot or a SIGUSR1 line is due */
	size_t counters_n;
	uint64_t disorder_ns;		/* a filter that puts records out of their order: so far; added to its input's */
	int argc;			/* the whole command line, for stats_instance */
	char *const *argv;
	/* Called on SIGHUP (after -w was reopened); NULL: nothing to re-read. Without -w and this, HUP kills as usual. */
	void (*hup)(void *);
	/* Called on SIGUSR1, after the counters' line; NULL: nothing more to tell. */
	void (*usr1)(void *);
	/* Called when the input has nothing right now, and before the end: deliver what you batched. NULL: nothing. RC_OK or an error that was already reported. */
	enum rc (*flush)(void *);
	/*
	 * Waits until fd is readable, or sig_fd() is, or for as long as it likes, and does meanwhile what else there is to do. NULL: nothing
	 * else.
	 */
	void (*wait)(void *, int fd);
	/* Called when a statistics frame passes: its stream time (moves timers on an idle stream). NULL: nothing. */
	void (*tick)(void *, uint64_t time_ns);
	void *arg;
};

struct stage;

/* Exits on failure. For a source, `live` and `disorder_ns` go into the header; a filter takes its input's. */
struct stage *stage_open(const struct stage_conf *, bool live, uint64_t disorder_ns);

/*
 * The next messages (FRAME_MESSAGE only), valid until the next call. 0 at the end of input, on the second signal, or after a
 * failure (which is reported and remembered for the exit status).
 */
size_t stage_batch(struct stage *, struct record *out, size_t max);
/* The input's header; valid after the first stage_batch that returned more than 0. */
const struct stream_header *stage_header(const struct stage *);
/* The input comes from a live source at this moment, which must not be held up: its header says so, and it is no file of the disk. */
bool stage_live(const struct stage *);

/* What the input's statistics frames said so far. */
const struct ledger *stage_ledger(const struct stage *);
/*
 * Says through diag what was wrong with an input (`name`: "standard input" or a path; the stage does it for its own). True: it makes the
 * exit status 1.
 */
bool stage_damage(const char *name, const struct reader *, bool regular_file);

/* Output. False: it failed or is to stop (reported); leave the loop and close. Without output (a sink without --tee) true. */
bool stage_pass(struct stage *, const struct record *) MUST_USE;	/* unchanged */
bool stage_put(struct stage *, const struct record *) MUST_USE;		/* changed or new */
bool stage_flush(struct stage *) MUST_USE;
/* A snapshot of the counters now (live sources: once a second). time_ns: stream time. */
bool stage_stats(struct stage *, uint64_t time_ns) MUST_USE;

/*
 * A source that reads a file says how far it is, as often as it likes (shown on a terminal, see meter.h); total 0 is unknown.
 * For the input of a filter or sink the stage does it itself.
 */
void stage_progress(struct stage *, uint64_t done_bytes, uint64_t total_bytes, uint64_t messages);

/*
 * For the flush hook of a stage that batches by time: waits for input, at most timeout_ns. True: there is some, or the stage is to stop.
 * False: the time is up, or a signal was served: look at the clock and wait again.
 */
bool stage_wait(struct stage *, uint64_t timeout_ns);

/* A source asks this in its loop: true once it should stop. Also serves SIGUSR1 and SIGHUP. */
bool stage_stopping(struct stage *);
/* Something was said (diag) that makes the exit status 1. */
void stage_failed(struct stage *);

/*
 * Own statistics frame, end frame, flush, close (errors of close count), damage and summary lines. Returns the exit status: 1 if
 * anything failed, the input was damaged or truncated, or a counter of class lost is above 0. Frees the stage.
 */
int stage_close(struct stage *);

/* -r, -w, --drain-time for a filter; -w for a source; -r, --tee, -w, --drain-time for a sink. Point opt_tool.common at one. */
extern const struct opt stage_filter_opts[], stage_source_opts[], stage_sink_opts[];
extern struct stage_opts stage_opts;	/* where these tables store; zero but for drain_ns */
#endif
