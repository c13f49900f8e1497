/* SPDX-License-Identifier: MIT */
#include "trace/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/xalloc.h"

#define BUFFER ((size_t)1 << 20)
#define PIECE ((size_t)256 << 10)	/* written when this much is buffered */
#define RUN ((size_t)64 << 10)		/* a run this long is not copied */

struct writer {
	int fd;
	struct writer_conf conf;
	struct buf buf;
	struct slice run;		/* neighbouring frames in the reader's buffer, not yet copied */
	struct stream_end count;
	bool open;			/* a header was written, and no end since */
	struct err failed;		/* failed.rc != RC_OK: every call returns it */
};

enum rc
write_all(int fd, struct slice bytes, bool (*stop)(void *), void *arg, struct err *e)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n >= 0)
			bytes = slice_skip(bytes, (size_t)n);
		else if (errno != EINTR || (stop != NULL && stop(arg)))
			return err_set(e, RC_SYS, "write: %s", strerror(errno));
	}
	return RC_OK;
}

struct writer *
writer_new(int fd, const struct writer_conf *conf)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->fd = fd;
	if (conf != NULL)
		w->conf = *conf;
	buf_room(&w->buf, BUFFER);
#ifdef F_SETPIPE_SZ
	(void)fcntl(fd, F_SETPIPE_SZ, (int)BUFFER);	/* no pipe, or over the user's quota: works all the same */
#endif
	return w;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	buf_reset(&w->buf);
	free(w);
}

static enum rc
verdict(struct writer *w, enum rc rc, struct err *e)
{
	if (rc != RC_OK && w->failed.rc == RC_OK)
		w->failed.rc = rc;
	if (w->failed.rc != RC_OK && e != NULL)
		*e = w->failed;
	return w->failed.rc;
}

static enum rc
put_out(struct writer *w, struct slice bytes)
{
	return verdict(w, write_all(w->fd, bytes, w->conf.stop, w->conf.arg, &w->failed), NULL);
}

static enum rc
drain(struct writer *w)
{
	enum rc rc = put_out(w, buf_slice(&w->buf));

	buf_clear(&w->buf);
	return rc;
}

enum rc
writer_settle(struct writer *w, struct err *e)
{
	struct slice run = w->run;

	w->run = (struct slice){ NULL, 0 };
	if (w->failed.rc != RC_OK || run.n == 0)
		return verdict(w, RC_OK, e);
	if (run.n >= RUN) {
		if (drain(w) == RC_OK)
			put_out(w, run);
	} else {
		buf_put(&w->buf, run);
		if (w->buf.n >= PIECE)
			drain(w);
	}
	return verdict(w, RC_OK, e);
}

static enum rc
encoded(struct writer *w, struct err *e)
{
	if (w->buf.n >= PIECE)
		drain(w);
	return verdict(w, RC_OK, e);
}

enum rc
writer_start(struct writer *w, const struct stream_header *h, struct err *e)
{
	if (writer_settle(w, e) != RC_OK)
		return w->failed.rc;
	if (w->open)
		end_encode(&w->count, &w->buf);
	w->count = (struct stream_end){ 0 };
	w->open = true;
	header_encode(h, &w->buf);
	return encoded(w, e);
}

static void
counted(struct writer *w, const struct record *r)
{
	w->count.frames++;
	if (r->type == FRAME_MESSAGE) {
		w->count.messages++;
		w->count.payload_bytes += r->payload.n;
	}
}

enum rc
writer_put(struct writer *w, const struct record *r, struct err *e)
{
	if (writer_settle(w, e) != RC_OK)
		return w->failed.rc;
	if (record_encode(r, &w->buf) != RC_OK)
		return err_set(e, RC_LIMIT, "record too large: payload %zu, attributes %zu bytes", r->payload.n, r->attrs.n);
	counted(w, r);
	return encoded(w, e);
}

enum rc
writer_frame(struct writer *w, struct slice frame, struct err *e)
{
	if (writer_settle(w, e) != RC_OK)
		return w->failed.rc;
	buf_put(&w->buf, frame);
	w->count.frames++;
	return encoded(w, e);
}

enum rc
writer_pass(struct writer *w, const struct record *r, struct err *e)
{
	if (w->run.p != NULL && r->raw.p == w->run.p + w->run.n) {
		w->run.n += r->raw.n;
	} else {
		if (writer_settle(w, e) != RC_OK)
			return w->failed.rc;
		w->run = r->raw;
	}
	counted(w, r);
	return RC_OK;
}

enum rc
writer_flush(struct writer *w, struct err *e)
{
	if (writer_settle(w, e) != RC_OK)
		return w->failed.rc;
	drain(w);
	return verdict(w, RC_OK, e);
}

enum rc
writer_end(struct writer *w, struct err *e)
{
	if (writer_settle(w, e) != RC_OK)
		return w->failed.rc;
	end_encode(&w->count, &w->buf);
	w->open = false;
	return writer_flush(w, e);
}
