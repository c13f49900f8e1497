/* SPDX-License-Identifier: MIT */
#include "trace/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "trace/frame.h"

#define BUFFER ((size_t)1 << 20)

struct reader {
	int fd;
	struct reader_conf conf;
	struct buf buf;
	size_t start;			/* first byte not yet delivered */
	uint64_t taken;			/* bytes read from fd */
	bool eof;
	uint64_t gap;			/* bytes passed over since the last good frame */
	bool gap_bad;			/* they begin with something that is no frame, not just half of one */
	bool begun;			/* a frame was delivered */
	bool ended;			/* the last one was an end frame */
	struct stream_header header;
	struct stream_end count;	/* since the last header frame */
	struct reader_damage damage;
};

struct reader *
reader_new(int fd, const struct reader_conf *conf)
{
	struct reader *rd = xcalloc(1, sizeof(*rd));

	rd->fd = fd;
	rd->conf = *conf;
	rd->header.version = TRACE_VERSION;
	buf_room(&rd->buf, BUFFER);
#ifdef F_SETPIPE_SZ
	(void)fcntl(fd, F_SETPIPE_SZ, (int)BUFFER);	/* no pipe, or over the user's quota: works all the same */
#endif
	return rd;
}

void
reader_free(struct reader *rd)
{
	if (rd == NULL)
		return;
	buf_reset(&rd->buf);
	free(rd);
}

const struct stream_header *
reader_header(const struct reader *rd)
{
	return &rd->header;
}

const struct reader_damage *
reader_damage(const struct reader *rd)
{
	return &rd->damage;
}

uint64_t
reader_bytes(const struct reader *rd)
{
	return rd->taken - (rd->buf.n - rd->start);
}

/* Waits until there is something to read; RC_END: told to stop. */
static enum rc
await_input(struct reader *rd, struct err *e)
{
	struct pollfd p[2] = { { .fd = rd->fd, .events = POLLIN }, { .fd = rd->conf.wake_fd, .events = POLLIN } };
	bool idled = false, wait = false;
	enum rc rc;

	for (;;) {
		if (rd->conf.stop != NULL && rd->conf.stop(rd->conf.arg)) {
			rd->damage.stopped = true;
			return RC_END;
		}
		p[0].revents = p[1].revents = 0;
		if (poll(p, 2, wait ? -1 : 0) < 0 && errno != EINTR)
			return err_set(e, RC_SYS, "poll: %s", strerror(errno));
		if (p[1].revents != 0 && rd->conf.wake != NULL) {
			rd->conf.wake(rd->conf.arg);
			continue;
		}
		if (p[0].revents != 0)
			return RC_OK;
		if (!idled && rd->conf.idle != NULL && (rc = rd->conf.idle(rd->conf.arg, e)) != RC_OK)
			return rc;
		idled = true;
		if (rd->conf.wait != NULL)
			rd->conf.wait(rd->conf.arg, rd->fd);
		else
			wait = true;
	}
}

/* Reads more behind what is there. RC_END: nothing more will come. */
static enum rc
fill(struct reader *rd, struct err *e)
{
	ssize_t n;
	enum rc rc;

	if (rd->eof)
		return RC_END;
	if (rd->conf.turn != NULL && (rc = rd->conf.turn(rd->conf.arg, e)) != RC_OK)
		return rc;
	if (rd->start > 0) {
		memmove(rd->buf.p, rd->buf.p + rd->start, rd->buf.n - rd->start);
		rd->buf.n -= rd->start;
		rd->start = 0;
	}
	if (rd->buf.n == rd->buf.cap)
		buf_room(&rd->buf, BUFFER);
	do {
		rc = await_input(rd, e);
		if (rc == RC_END)
			rd->eof = true;
		if (rc != RC_OK)
			return rc;
		n = read(rd->fd, rd->buf.p + rd->buf.n, rd->buf.cap - rd->buf.n);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return err_set(e, RC_SYS, "read: %s", strerror(errno));
	if (n == 0) {
		rd->eof = true;
		return RC_END;
	}
	rd->taken += (uint64_t)n;
	rd->buf.n += (size_t)n;
	return RC_OK;
}

static struct slice
ahead(const struct reader *rd)
{
	return slice_of(rd->buf.p + rd->start, rd->buf.n - rd->start);
}

/* What a user most likely gave us instead of a stream. */
static enum rc
no_stream(const struct reader *rd, struct err *e)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *text;
	} known[] = {
		{ "\xd4\xc3\xb2\xa1", 4, "a pcap file; sipcap -r reads it" },
		{ "\xa1\xb2\xc3\xd4", 4, "a pcap file; sipcap -r reads it" },
		{ "\x4d\x3c\xb2\xa1", 4, "a pcap file; sipcap -r reads it" },
		{ "\xa1\xb2\x3c\x4d", 4, "a pcap file; sipcap -r reads it" },
		{ "\x0a\x0d\x0d\x0a", 4, "a pcapng file; sipcap -r reads it" },
		{ "\x1f\x8b", 2, "a gzip file; zcat it first, or sipcap -r if it is a capture" },
		{ "\x28\xb5\x2f\xfd", 4, "a zstd file; zstdcat it first, or sipcap -r if it is a capture" },
		{ "SQLite format 3", 15, "a SQLite database; tracedb query reads it" },
		{ "HEP3", 4, "bare HEP packets" },
	};
	struct slice s = ahead(rd);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (s.n >= known[i].n && memcmp(s.p, known[i].magic, known[i].n) == 0)
			return err_set(e, RC_BAD, "not a trace record stream (looks like %s)", known[i].text);
	return err_set(e, RC_BAD, "not a trace record stream");
}

/* Moves to the next byte that could begin a frame. False: none is buffered; all but a possible beginning is passed over. */
static bool
next_sync(struct reader *rd)
{
	struct slice s = slice_skip(ahead(rd), 1);

	while (s.n > 0) {
		size_t at = slice_chr(s, (uint8_t)FRAME_SYNC[0]), n;

		s = slice_skip(s, at);
		n = s.n < 4 ? s.n : 4;
		if (n > 0 && memcmp(s.p, FRAME_SYNC, n) == 0)
			break;
		s = slice_skip(s, 1);
	}
	rd->gap += (size_t)(s.p - rd->buf.p) - rd->start;
	rd->start = (size_t)(s.p - rd->buf.p);
	return s.n > 0;
}

/* Bookkeeping of a frame that is about to be delivered. */
static enum rc
account(struct reader *rd, const struct record *r, struct err *e)
{
	struct stream_end end;

	if (!rd->begun && r->type != FRAME_HEADER)
		rd->damage.no_header = true;
	if (r->type == FRAME_HEADER) {
		struct stream_header h;

		if (record_header(r, &h) != RC_OK)
			return err_set(e, RC_BAD, "damaged stream header");
		if (h.version != TRACE_VERSION)
			return err_set(e, RC_BAD, "stream version %u; this program reads version %u", h.version, TRACE_VERSION);
		if (h.features != 0)
			return err_set(e, RC_BAD, "the stream needs features 0x%llx that this program lacks", (unsigned long long)h.features);
		if (rd->begun && !rd->ended)
			rd->damage.truncated = true;
		rd->header = h;
		rd->count = (struct stream_end){ 0 };
	} else if (r->type == FRAME_END) {
		if (record_end(r, &end) == RC_OK && (end.frames != rd->count.frames || end.messages != rd->count.messages))
			rd->damage.count_mismatch = true;
	} else {
		rd->count.frames++;
		rd->count.messages += r->type == FRAME_MESSAGE;
	}
	rd->begun = true;
	rd->ended = r->type == FRAME_END;
	return RC_OK;
}

static void
close_gap(struct reader *rd)
{
	rd->damage.frames += rd->gap > 0;
	rd->damage.bytes += rd->gap;
	rd->gap = 0;
	rd->gap_bad = false;
}

/* A good frame that ends at `rest`. RC_MORE: its payload is damaged, take the next one. */
static enum rc
deliver(struct reader *rd, const struct record *r, struct slice rest, struct err *e)
{
	enum rc rc;

	if (rd->conf.verify && r->type == FRAME_MESSAGE && !record_check(r)) {
		rd->damage.payloads++;
		rd->count.frames++;
		rd->count.messages++;
		rd->begun = true;
		rd->ended = false;
		rc = RC_MORE;
	} else {
		rc = account(rd, r, e);
		if (rc != RC_OK)
			return rc;	/* not taken: the next call fails alike */
	}
	close_gap(rd);
	rd->start = (size_t)(rest.p - rd->buf.p);
	return rc;
}

/*
 * The next frame that is wholly buffered. RC_MORE: bytes are missing. RC_BAD: this is no stream.
 */
static enum rc
take_frame(struct reader *rd, struct record *out, struct err *e)
{
	for (;;) {
		struct slice in = ahead(rd);
		enum rc rc = in.n > 0 ? record_decode(&in, out) : RC_MORE;

		if (rc == RC_MORE && (!rd->eof || in.n == 0))
			return RC_MORE;
		if (rc == RC_OK) {
			rc = deliver(rd, out, in, e);
			if (rc == RC_MORE)
				continue;
			return rc;
		}
		if (!rd->begun && rd->gap == 0 && rc == RC_BAD) {
			/* Before the verdict "no stream", see a buffer full. */
			if (rd->buf.n < BUFFER && !rd->eof)
				return RC_MORE;
			if (memmem(in.p + 1, in.n - 1, FRAME_SYNC, 4) == NULL)
				return no_stream(rd, e);
		}
		if (rd->gap == 0)
			rd->gap_bad = rc == RC_BAD;
		if (!next_sync(rd))
			return RC_MORE;
	}
}

/* The input is over and the rest holds no frame. */
static enum rc
finish(struct reader *rd, struct err *e)
{
	if (!rd->begun && rd->taken > 0 && !rd->damage.stopped && memcmp(rd->buf.p, FRAME_SYNC, rd->buf.n < 4 ? rd->buf.n : 4) != 0)
		return no_stream(rd, e);
	if (rd->gap_bad)
		close_gap(rd);
	if (!rd->ended && !rd->damage.stopped)
		rd->damage.truncated = true;
	return RC_END;
}

/* Frames that are no messages come alone, so that whoever wants messages only need not sort a batch. */
static bool
message_ahead(const struct reader *rd)
{
	struct slice s = ahead(rd);

	return s.n > FRAME_TYPE && s.p[FRAME_TYPE] == FRAME_MESSAGE;
}

enum rc
reader_batch(struct reader *rd, struct record *out, size_t max, size_t *n, struct err *e)
{
	size_t got = 0;
	enum rc rc;

	*n = 0;
	for (;;) {
		if (got > 0 && !message_ahead(rd))
			break;
		rc = take_frame(rd, &out[got], e);
		if (rc == RC_OK) {
			if (++got == max || out[got - 1].type != FRAME_MESSAGE)
				break;
			continue;
		}
		if (got > 0 && (rc == RC_MORE || rc == RC_BAD))
			break;			/* an error will come up again with the next batch */
		if (rc != RC_MORE)
			return rc;
		if (rd->eof && rd->start == rd->buf.n)
			return finish(rd, e);
		rc = fill(rd, e);
		if (rc == RC_END && rd->start == rd->buf.n)
			return finish(rd, e);
		if (rc != RC_OK && rc != RC_END)
			return rc;
	}
	*n = got;
	return RC_OK;
}

enum rc
reader_next(struct reader *rd, struct record *out, struct err *e)
{
	size_t n;

	return reader_batch(rd, out, 1, &n, e);
}
