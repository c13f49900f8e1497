/* SPDX-License-Identifier: MIT */
#ifndef CLI_NOTES_H
#define CLI_NOTES_H
/*
 * notes - records that a tool makes itself, log lines and made-up messages: to HEP collectors (cli/deliver.h) or, with -w, into a
 * record stream. Keeps to a rate, keeps the ledger for both, and takes the time of each record from the clock. Uses stage_opts.
 */
#include "cli/feed.h"
#include "cli/stage.h"
#include "expr/regex.h"
#include "trace/record_hep.h"

struct notes_conf {
	char *const *dest;	/* where to send; none: into the record stream */
	size_t dests;
	struct hep_conf hep;	/* for sending */
	uint32_t capture_id;	/* of records; 0 = none */
	struct slice attrs;	/* of every record; borrowed for the life of the notes */
	const struct regex *correlation;	/* takes the correlation id from each line, in place of the one in attrs; NULL, borrowed */
	int level;		/* of lines that say none; LEVEL_NONE */
	uint32_t rate, burst;	/* lines a second, and at once after a pause; rate 0 = no limit */
	bool live;		/* the source is: the stream's header says so */
	bool drop;		/* what is over the rate is dropped and counted; else it waits */
	int argc;		/* the whole command line */
	char *const *argv;
};

struct notes;

/* Exits as deliver_new and stage_open do. */
struct notes *notes_open(const struct notes_conf *);
/* A line of text, with the prefix of its level (LEVEL_NONE: none). False: the output failed, or is to stop. */
bool notes_line(struct notes *, int level, struct slice text);
/* A record whose kind, addresses, transport, payload and index are filled, not held back by the rate; they stay valid until notes_flush. */
bool notes_put(struct notes *, struct record *);
/* Hands everything on. */
bool notes_flush(struct notes *);
/* For feed_conf.poll; arg is the notes. */
void notes_poll(void *arg, struct pollfd *p, size_t n, int timeout_ms);
/* All lines of a feed, until it ends or a signal asks to stop; those that were read then still go out. Empty ones do not. */
void notes_all(struct notes *, struct feed *);
/* Returns the exit status, and frees. */
int notes_close(struct notes *);
#endif
