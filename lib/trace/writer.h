/* SPDX-License-Identifier: MIT */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H
/*
 * writer - a trace record stream to a file descriptor, buffered (1 MiB, written in pieces of 128 KiB or more).
 *
 * Order of calls: writer_start, any number of puts, writer_end. Errors are sticky: after one, every call returns it.
 */
#include "trace/record.h"

struct writer_conf {
	bool (*stop)(void *);	/* asked when a write was interrupted; true gives up (RC_SYS, EINTR). May be NULL */
	void *arg;
};

struct writer;

/* Takes no ownership of fd; asks for a pipe of 1 MiB (silently less where refused). conf may be NULL. */
struct writer *writer_new(int fd, const struct writer_conf *conf);
void writer_free(struct writer *);	/* flushes nothing */

/* Begins a stream; one that is open is ended first (the seam of concatenated streams is passed on). */
enum rc writer_start(struct writer *, const struct stream_header *, struct err *) MUST_USE;
/* Encodes the record. */
enum rc writer_put(struct writer *, const struct record *, struct err *) MUST_USE;
/*
 * Passes the record on as it was read: copies r->raw, or, for runs of 64 KiB and more of neighbouring records, writes them
 * straight from the reader's buffer; so before the reader moves on, writer_settle must be called (reader_conf.turn).
 * Header and end frames are not passed on: the writer has its own.
 */
enum rc writer_pass(struct writer *, const struct record *, struct err *) MUST_USE;
/* A whole encoded frame that is no message (statistics). */
enum rc writer_frame(struct writer *, struct slice frame, struct err *) MUST_USE;
enum rc writer_settle(struct writer *, struct err *) MUST_USE;
/* Everything is with the kernel when it returns RC_OK. */
enum rc writer_flush(struct writer *, struct err *) MUST_USE;
/* End frame and flush. */
enum rc writer_end(struct writer *, struct err *) MUST_USE;

/* Writes all of it, whatever the kernel takes at a time: the one short-write loop. `stop` as above, may be NULL. */
enum rc write_all(int fd, struct slice bytes, bool (*stop)(void *), void *arg, struct err *) MUST_USE;
#endif
