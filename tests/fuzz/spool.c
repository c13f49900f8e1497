/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary files in a spool's folder, made so that checksums hold where they would stop the fuzzer: input is a program whose commands write
 * segment heads, entries, raw bytes and positions. Opened, read to the end, read again, appended to, opened again: no crash, no endless
 * loop, the sum holds throughout, and what is appended comes out last.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/take.h"
#include "outbox/spool.h"
#include "outbox/spool_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES 8		/* segments at most */
#define NEW 30u		/* packets appended after reading */

static char dir[64];

static void
remove_files(bool folder_too)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL)
		if (f->d_name[0] != '.')
			unlinkat(dirfd(d), f->d_name, 0);
	if (d != NULL)
		closedir(d);
	if (folder_too)
		rmdir(dir);
}

static void
at_end(void)
{
	remove_files(true);
}

static void
store(const char *name, const struct buf *b)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd >= 0 && write(fd, b->p, b->n) != (ssize_t)b->n)
		abort();
	if (fd >= 0)
		close(fd);
}

/* Mostly small, sometimes anything. */
static uint64_t
number(struct slice *in)
{
	uint64_t v = 0;
	uint8_t kind = 0;

	(void)!take_u8(in, &kind);
	if (kind < 250) {
		v = kind;
		(void)!take_u8(in, &kind);
		return v * (kind & 1 ? 16 : 1);
	}
	(void)!take_le64(in, &v);
	return kind & 1 ? v : v >> 32;
}

static void
entry(struct slice *in, uint32_t salt, struct buf *out)
{
	struct spool_entry_head h = { .index = (uint32_t)number(in) };
	uint64_t said = number(in), have = said < 600 ? said : 600;
	uint8_t how = 0, *p = buf_room(out, SPOOL_ENTRY_HEAD + 600);

	(void)!take_u8(in, &how);
	memset(p + SPOOL_ENTRY_HEAD, how, have);
	h.length = (uint32_t)said;
	h.crc = how % 8 != 0 ? crc32c(0, p + SPOOL_ENTRY_HEAD, have) : how;
	spool_entry_head_put(p, salt, &h);
	out->n += SPOOL_ENTRY_HEAD + have;
}

static void
segment(struct slice *in, struct buf *out)
{
	struct spool_segment_head h = { .version = SPOOL_VERSION, .first = number(in), .salt = 5 };
	uint64_t named = h.first;
	char name[SPOOL_NAME_SIZE];
	uint8_t op = 0;

	h.number = number(in);
	buf_clear(out);
	spool_segment_head_put(buf_room(out, SPOOL_SEGMENT_DATA), &h);
	out->n += SPOOL_SEGMENT_DATA;
	while (take_u8(in, &op) && op < 200) {
		struct slice raw = slice_head(*in, op % 32);

		if (op < 150) {
			entry(in, h.salt, out);
		} else {
			buf_put(out, raw);
			*in = slice_skip(*in, raw.n);
		}
	}
	if (op == 200)
		named = number(in);
	if (op == 201)
		out->n = out->n * 3 / 4;
	if (op == 202 && out->n > 70)
		memset(out->p, op, 70);
	spool_segment_name(named & (SPOOL_POS_MAX - 1), name);
	store(name, out);
}

static void
positions(struct slice *in, struct buf *out)
{
	uint8_t flags = 0;

	buf_clear(out);
	buf_zero(out, SPOOL_POSITIONS_SIZE);
	for (int i = 0; i < 2; i++) {
		struct spool_slot s = { .version = SPOOL_VERSION };

		(void)!take_u8(in, &flags);
		s.clean = flags & 1;
		s.turn = number(in);
		s.acked = (struct spool_place){ number(in), number(in) };
		s.end = (struct spool_place){ number(in), number(in) };
		s.handed = number(in);
		spool_slot_put(out->p + i * SPOOL_SLOT_STEP, &s);
		if (flags & 2)
			out->p[i * SPOOL_SLOT_STEP + 40] ^= 1;
	}
	if (flags & 4)
		out->n = 100;
	store(SPOOL_POSITIONS, out);
}

static void
check_sum(struct spool *s)
{
	const struct spool_counts *c = spool_counts(s);

	if (c->appended + c->resumed != c->acked + c->dropped + c->damaged + c->held || c->held > c->appended + c->resumed)
		abort();
}

/* To the end; `each` packets at a time; the last one's first bytes in *last. */
static void
read_all(struct spool *s, size_t each, bool ack, uint32_t *last)
{
	struct spool_entry en[16];
	uint64_t total = 0;
	size_t n;

	while ((n = spool_peek(s, en, each)) > 0) {
		struct slice p = en[n - 1].packet;

		total += n;
		if (!take_le32(&p, last))
			*last = 0;
		spool_advance(s, en[n - 1].pos);
		check_sum(s);
		if (ack)
			spool_acked(s, en[n / 2].pos);
		check_sum(s);
		if (total > 1 << 20)
			abort();
	}
	if (!spool_at_end(s))
		abort();
}

static void
append(struct spool *s, uint32_t *last)
{
	for (uint32_t i = 1; i <= NEW; i++) {
		uint8_t p[100] = { 0 };
		const struct datagram d = { { slice_of(p, 4), slice_of(p + 4, i % 96) } };

		store_le32(p, 0xabcd0000 + i);
		if (spool_append(s, &d, NULL, NULL) == RC_OK)
			*last = load_le32(p);
		check_sum(s);
	}
	(void)!spool_commit(s, 1, NULL);
	check_sum(s);
}

static void
use(const struct spool_conf *conf, uint8_t how)
{
	uint32_t got = 0, want = 0;
	uint64_t pos;
	struct spool *s;

	if (spool_open(conf, &s, NULL) != RC_OK)
		return;
	check_sum(s);
	read_all(s, 1 + how % 16, how & 1, &got);
	(void)spool_back(s);
	check_sum(s);
	append(s, &want);
	read_all(s, 7, how & 2, &got);
	pos = spool_end(s);
	spool_close(s);
	if (want != 0 && got != want)
		abort();
	if (spool_open(conf, &s, NULL) != RC_OK)
		abort();
	check_sum(s);
	if (want != 0 && spool_end(s) < pos)
		abort();
	(void)!spool_back(s);
	read_all(s, 16, false, &got);
	spool_acked(s, UINT64_MAX);
	check_sum(s);
	if (spool_counts(s)->held != 0 || (want != 0 && got != want))
		abort();
	spool_close(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct spool_conf conf = { .dir = dir, .sync_ns = UINT64_MAX, .max_bytes = 1 << 16, .segment_bytes = 1024 };
	struct buf b = { 0 };
	uint8_t how = 0, op;

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "%s/spool-fuzz.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (mkdtemp(dir) == NULL)
			abort();
		atexit(at_end);
	}
	(void)!take_u8(&in, &how);
	conf.keep_oldest = how & 4;
	conf.overlap_bytes = how & 8 ? how * 4u : 0;
	if (how & 16)
		conf.max_bytes = 4096;
	positions(&in, &b);
	for (int i = 0; i < FILES && take_u8(&in, &op); i++)
		segment(&in, &b);
	use(&conf, how);
	remove_files(false);
	buf_reset(&b);
	return 0;
}
