/* SPDX-License-Identifier: MIT */
#include "capture/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/take.h"
#include "base/xalloc.h"

#define PACKED (128u << 10)	/* compressed bytes read at a time */

struct bytes_impl {
	int fd;
	bool regular, end, begun, midway;	/* midway: within a member or frame */
	struct bytes_wait wait;
	uint64_t taken, size;	/* bytes read from fd; its size where that is known, else 0 */
	uint8_t *buf;
	size_t cap;
	/* `read` puts up to n bytes at p; 0 is the end */
	enum rc (*read)(struct bytes_impl *, uint8_t *p, size_t n, size_t *got, struct err *);
	uint8_t *packed;
	struct slice todo;	/* of packed */
	bool packed_end;
	z_stream gz;
	ZSTD_DStream *zst;
};

void
bytes_open(struct bytes *b, int fd, size_t buffer, const struct bytes_wait *wait)
{
	struct bytes_impl *im = xcalloc(1, sizeof(*im));
	struct stat st;

	im->fd = fd;
	im->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	im->size = im->regular ? (uint64_t)st.st_size : 0;
	if (wait != NULL)
		im->wait = *wait;
	im->cap = buffer;
	im->buf = xmalloc(buffer);
	*b = (struct bytes){ .have = { im->buf, 0 }, .impl = im };
}

static enum rc
read_raw(struct bytes_impl *im, uint8_t *p, size_t n, size_t *got, struct err *e)
{
	ssize_t r;

	*got = 0;
	do {
		if (!im->regular && im->wait.fn != NULL && !im->wait.fn(im->wait.arg, im->fd))
			return RC_LIMIT;
		r = read(im->fd, p, n);
	} while (r < 0 && (errno == EINTR || errno == EAGAIN));
	if (r < 0)
		return err_set(e, RC_SYS, "%s", strerror(errno));
	*got = (size_t)r;
	im->taken += (uint64_t)r;
	return RC_OK;
}

void
bytes_progress(const struct bytes *b, uint64_t *done, uint64_t *total)
{
	*done = b->impl->size > 0 ? b->impl->taken : 0;
	*total = b->impl->size;
}

/* More compressed bytes, once all are used. */
static enum rc
refill(struct bytes_impl *im, struct err *e)
{
	size_t got;
	enum rc rc;

	if (im->todo.n > 0 || im->packed_end)
		return RC_OK;
	rc = read_raw(im, im->packed, PACKED, &got, e);
	im->todo = slice_of(im->packed, got);
	im->packed_end = rc == RC_OK && got == 0;
	return rc;
}

static enum rc
cut_short(struct bytes_impl *im, struct err *e)
{
	return im->midway ? err_set(e, RC_BAD, "truncated: the compressed data end too early") : RC_OK;
}

static enum rc
read_gz(struct bytes_impl *im, uint8_t *p, size_t n, size_t *got, struct err *e)
{
	*got = 0;
	while (*got == 0) {
		enum rc rc = refill(im, e);
		int z;

		if (rc != RC_OK)
			return rc;
		im->gz.next_in = (Bytef *)(uintptr_t)im->todo.p;
		im->gz.avail_in = (uInt)im->todo.n;
		im->gz.next_out = p;
		im->gz.avail_out = (uInt)n;
		z = inflate(&im->gz, Z_NO_FLUSH);
		im->todo = slice_skip(im->todo, im->todo.n - im->gz.avail_in);
		*got = n - im->gz.avail_out;
		if (*got == 0 && im->packed_end)
			return cut_short(im, e);
		im->midway = z == Z_OK || z == Z_BUF_ERROR;
		if (z == Z_STREAM_END)
			inflateReset(&im->gz);	/* RFC 1952 2.2: another member may follow */
		else if (z != Z_OK && z != Z_BUF_ERROR && *got == 0)	/* what came out before the damage is good */
			return err_set(e, RC_BAD, "damaged gzip data: %s", im->gz.msg != NULL ? im->gz.msg : "not a member");
	}
	return RC_OK;
}

static enum rc
read_zst(struct bytes_impl *im, uint8_t *p, size_t n, size_t *got, struct err *e)
{
	ZSTD_outBuffer out = { p, n, 0 };

	*got = 0;
	while (out.pos == 0) {
		enum rc rc = refill(im, e);
		ZSTD_inBuffer in = { im->todo.p, im->todo.n, 0 };
		size_t z;

		if (rc != RC_OK)
			return rc;
		z = ZSTD_decompressStream(im->zst, &out, &in);
		if (ZSTD_isError(z))
			return err_set(e, RC_BAD, "damaged zstd data: %s", ZSTD_getErrorName(z));
		im->todo = slice_skip(im->todo, in.pos);
		if (out.pos == 0 && im->packed_end)
			return cut_short(im, e);
		im->midway = z > 0;
	}
	*got = out.pos;
	return RC_OK;
}

/* Puts what was read already before what will be. */
static void
unpack(struct bytes *b, enum rc (*read)(struct bytes_impl *, uint8_t *, size_t, size_t *, struct err *))
{
	struct bytes_impl *im = b->impl;

	im->packed = xmalloc(PACKED > b->have.n ? PACKED : b->have.n);
	memcpy(im->packed, b->have.p, b->have.n);
	im->todo = slice_of(im->packed, b->have.n);
	im->packed_end = im->end;
	im->end = false;
	im->read = read;
	im->midway = true;
	b->have = slice_of(im->buf, 0);
}

static enum rc
more(struct bytes *b, struct err *e)
{
	struct bytes_impl *im = b->impl;
	size_t got;
	enum rc rc;

	if (im->end)
		return RC_END;
	rc = im->read(im, im->buf + (b->have.p - im->buf) + b->have.n, im->cap - (size_t)(b->have.p - im->buf) - b->have.n, &got, e);
	if (rc != RC_OK)
		return rc;
	b->have.n += got;
	im->end = got == 0;
	return got == 0 ? RC_END : RC_OK;
}

/* Looks at the first bytes once. */
static enum rc
detect(struct bytes *b, struct err *e)
{
	struct bytes_impl *im = b->impl;
	enum rc rc = RC_OK;

	im->begun = true;
	im->read = read_raw;
	while (b->have.n < 4 && rc == RC_OK)
		rc = more(b, e);
	if (rc != RC_OK && rc != RC_END)
		return rc;
	if (b->have.n >= 2 && b->have.p[0] == 0x1f && b->have.p[1] == 0x8b) {
		if (inflateInit2(&im->gz, 15 + 16) != Z_OK)
			return err_set(e, RC_SYS, "zlib: no memory");
		unpack(b, read_gz);
	} else if (b->have.n >= 4 && (load_le32(b->have.p) == 0xfd2fb528 || load_le32(b->have.p) >> 4 == 0x184d2a5)) {
		if ((im->zst = ZSTD_createDStream()) == NULL)
			return err_set(e, RC_SYS, "zstd: no memory");
		unpack(b, read_zst);
	}
	return RC_OK;
}

enum rc
bytes_fill(struct bytes *b, size_t n, struct err *e)
{
	struct bytes_impl *im = b->impl;
	enum rc rc = im->begun ? RC_OK : detect(b, e);

	if (rc != RC_OK)
		return rc;
	if (b->have.p != im->buf) {
		memmove(im->buf, b->have.p, b->have.n);
		b->have.p = im->buf;
	}
	if (n > im->cap) {
		im->buf = xrealloc(im->buf, n);
		im->cap = n;
		b->have.p = im->buf;
	}
	while (b->have.n < n) {
		rc = more(b, e);
		if (rc == RC_END)
			return b->have.n > 0 ? RC_MORE : RC_END;
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

void
bytes_close(struct bytes *b)
{
	struct bytes_impl *im = b->impl;

	if (im == NULL)
		return;
	if (im->read == read_gz)
		inflateEnd(&im->gz);
	ZSTD_freeDStream(im->zst);
	if (im->fd > 2)
		close(im->fd);
	free(im->packed);
	free(im->buf);
	free(im);
	*b = (struct bytes){ 0 };
}
