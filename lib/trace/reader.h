/* SPDX-License-Identifier: MIT */
#ifndef TRACE_READER_H
#define TRACE_READER_H
/*
 * reader - a trace record stream from a file descriptor.
 *
 * Zero copy: records point into the reader's buffer (1 MiB, more only for a larger frame). Damage is counted and
 * passed over (resynchronisation on the next valid frame), never fatal. Concatenated streams read as one. Several header
 * frames and unknown frame types are delivered as they come, so that a filter can pass them on.
 */
#include "trace/record.h"

struct reader_conf {
	bool verify;		/* sinks: check each payload's CRC, drop and count a wrong one */
	int wake_fd;		/* polled beside the input; when it becomes readable `wake` is called. -1: none */
	void (*wake)(void *);	/* a signal arrived: act on it, and empty wake_fd */
	/*
	 * Called when the next read might block (nothing buffered, nothing to read yet): flush what is pending. Anything
	 * but RC_OK ends the reading with that code. May be NULL.
	 */
	enum rc (*idle)(void *, struct err *);
	/*
	 * Waits until fd is readable, or wake_fd is, or for as long as it likes: the reader looks for itself then. For who has more to do
	 * meanwhile. NULL: the reader waits.
	 */
	void (*wait)(void *, int fd);
	/* Called before every read(2): records delivered so far are about to become invalid. May be NULL. */
	enum rc (*turn)(void *, struct err *);
	bool (*stop)(void *);	/* asked before each read; true ends the reading as if the input had ended. May be NULL */
	void *arg;
};

/* What went wrong with the input, all streams of it together. */
struct reader_damage {
	uint64_t frames;	/* places where resynchronisation was needed */
	uint64_t bytes;		/* skipped to find the next frame */
	uint64_t payloads;	/* frames dropped for a wrong payload CRC */
	bool truncated;		/* the last stream has no end frame */
	bool no_header;		/* the first frame found was no header */
	bool count_mismatch;	/* an end frame counts other than what came */
	bool stopped;		/* conf.stop ended it: truncated is not set then */
};

struct reader;

/* Takes no ownership of fd. conf is copied. */
struct reader *reader_new(int fd, const struct reader_conf *conf);
void reader_free(struct reader *);

/*
 * Up to `max` records that are already there (at least one, reading as needed). All of them are valid until the next call.
 * RC_OK   *n >= 1
 * RC_END  end of input; *n == 0. Look at reader_damage.
 * RC_BAD  no trace stream at all (err says what it looks like), or one that needs a feature or version we lack
 * RC_SYS  read failed
 * Header, statistics, end and unknown frames are delivered like messages, but each in a batch of its own.
 */
enum rc reader_batch(struct reader *, struct record *out, size_t max, size_t *n, struct err *) MUST_USE;
/* A batch of one. */
enum rc reader_next(struct reader *, struct record *out, struct err *) MUST_USE;

/* The stream that the records now delivered belong to. Valid after the first RC_OK. */
const struct stream_header *reader_header(const struct reader *);
const struct reader_damage *reader_damage(const struct reader *);
/* Bytes consumed so far (for progress). */
uint64_t reader_bytes(const struct reader *);
#endif
