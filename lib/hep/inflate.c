/* SPDX-License-Identifier: MIT */
#include "hep/inflate.h"

#include <limits.h>
#include <zlib.h>

#define BITS_ZLIB 15		/* zlib's windowBits: 8..15 zlib, 16 more gzip, negative raw deflate */
#define BITS_GZIP (15 + 16)
#define BITS_RAW (-15)
#define STEP (16u << 10)	/* bytes of output at a time */

/* RFC 1950 2.2: method 8, a window of at most 32 KiB, and a head divisible by 31. */
static bool
zlib_head(struct slice s)
{
	return s.n >= 2 && (s.p[0] & 15) == 8 && s.p[0] >> 4 <= 7 && (s.p[0] << 8 | s.p[1]) % 31 == 0;
}

/* One step of output; RC_MORE: there is more to come. `made` is what came so far, `max + 1` its end. */
static enum rc
step(z_stream *z, bool members, size_t max, size_t *made, struct buf *out)
{
	size_t room = max + 1 - *made < STEP ? max + 1 - *made : STEP, got;
	int rc;

	z->next_out = buf_room(out, room);
	z->avail_out = (uInt)room;
	rc = inflate(z, Z_NO_FLUSH);
	got = room - z->avail_out;
	out->n += got;
	*made += got;
	if (*made > max)
		return RC_LIMIT;
	if (rc == Z_STREAM_END && z->avail_in == 0)
		return RC_OK;
	if (rc == Z_STREAM_END && members)	/* RFC 1952 2.2: another member may follow */
		return inflateReset(z) == Z_OK ? RC_MORE : RC_BAD;
	return rc == Z_OK && (got > 0 || z->avail_in > 0) ? RC_MORE : RC_BAD;
}

static enum rc
unpack(struct slice packed, int bits, size_t max, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n };
	size_t before = out->n, made = 0;
	enum rc rc = RC_MORE;

	if (inflateInit2(&z, bits) != Z_OK)
		return RC_SYS;
	while (rc == RC_MORE)
		rc = step(&z, bits == BITS_GZIP, max, &made, out);
	inflateEnd(&z);
	if (rc != RC_OK)
		out->n = before;
	return rc;
}

enum rc
hep_inflate(struct slice packed, size_t max, struct buf *out, struct err *e)
{
	bool gzip = packed.n >= 2 && packed.p[0] == 0x1f && packed.p[1] == 0x8b;
	enum rc rc = RC_BAD;

	if (packed.n == 0 || packed.n > UINT_MAX || max > SIZE_MAX / 2)
		return err_set(e, RC_BAD, "%zu bytes are no compressed payload", packed.n);
	if (gzip)
		rc = unpack(packed, BITS_GZIP, max, out);
	else if (zlib_head(packed))
		rc = unpack(packed, BITS_ZLIB, max, out);
	if (rc == RC_BAD && !gzip)
		rc = unpack(packed, BITS_RAW, max, out);
	switch (rc) {
	case RC_OK:
		return rc;
	case RC_LIMIT:
		return err_set(e, rc, "%zu compressed bytes hold more than %zu", packed.n, max);
	case RC_SYS:
		return err_set(e, rc, "zlib has no memory");
	default:
		return err_set(e, RC_BAD, "%zu compressed bytes are damaged, or neither gzip, zlib nor deflate", packed.n);
	}
}
