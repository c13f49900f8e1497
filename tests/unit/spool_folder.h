/* SPDX-License-Identifier: MIT */
#ifndef UNIT_SPOOL_FOLDER_H
#define UNIT_SPOOL_FOLDER_H
/* A folder of the test's own for a spool, packets that tell their number, and the sum that must hold after every step. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "outbox/spool.h"
#include "test.h"

struct folder {
	char base[64];		/* made by the test */
	char dir[80];		/* made by the spool */
};

static inline void
folder_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;

	while (d != NULL && (f = readdir(d)) != NULL)
		if (strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0 && unlinkat(dirfd(d), f->d_name, 0) != 0)
			(void)!unlinkat(dirfd(d), f->d_name, AT_REMOVEDIR);
	if (d != NULL)
		closedir(d);
}

static inline int
folder_make(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->base, sizeof(f->base), "%.40s/spool.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(f->base) == NULL)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/s", f->base);
	*state = f;
	return 0;
}

static inline int
folder_remove(void **state)
{
	struct folder *f = *state;

	folder_empty(f->dir);
	folder_empty(f->base);
	rmdir(f->base);
	free(f);
	return 0;
}

/* Names of segments in order; returns how many. */
static inline size_t
folder_segments(const char *dir, char names[][32], size_t max)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);
	size_t found = 0;

	for (int i = 0; i < n; i++) {
		if (strstr(list[i]->d_name, ".seg") != NULL && found < max)
			snprintf(names[found++], 32, "%.31s", list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return found;
}

static inline void
file_read(const char *dir, const char *name, struct buf *out)
{
	char path[400];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	buf_clear(out);
	assert_int_equal(read(fd, buf_room(out, (size_t)st.st_size), (size_t)st.st_size), st.st_size);
	out->n = (size_t)st.st_size;
	close(fd);
}

static inline void
file_write(const char *dir, const char *name, struct slice s)
{
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);			/* a new file: some file systems flush one that is cut to nothing and written anew */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, s.p, s.n), s.n);
	close(fd);
}

/* The files of `from` as they are now, in a folder `to` that has nothing else: what kill -9 would leave. */
static inline void
folder_copy(const char *from, const char *to)
{
	DIR *d = opendir(from);
	struct dirent *f;
	struct buf b = { 0 };

	assert_non_null(d);
	if (mkdir(to, 0700) != 0)
		folder_empty(to);
	while ((f = readdir(d)) != NULL)
		if (f->d_name[0] != '.') {
			file_read(from, f->d_name, &b);
			file_write(to, f->d_name, buf_slice(&b));
		}
	closedir(d);
	buf_reset(&b);
}

/* Packet `n`: its number, then bytes that follow from it; of 12 bytes at least. */
static inline size_t
packet_make(uint64_t n, size_t size, uint8_t *p)
{
	memcpy(p, &n, 8);
	for (size_t i = 8; i < size; i++)
		p[i] = (uint8_t)(n * 7 + i);
	return size;
}

static inline size_t
packet_size(uint64_t n)
{
	return 12 + (size_t)(n * 2654435761u >> 7) % 90;
}

static inline uint64_t
packet_number(struct slice s)
{
	uint8_t want[512];
	uint64_t n;

	assert_true(s.n >= 12 && s.n <= sizeof(want));
	memcpy(&n, s.p, 8);
	packet_make(n, s.n, want);
	assert_memory_equal(s.p, want, s.n);
	assert_int_equal(s.n, packet_size(n));
	return n;
}

static inline enum rc
put(struct spool *s, uint64_t n, uint64_t *pos)
{
	uint8_t p[512];
	size_t size = packet_make(n, packet_size(n), p), cut = n % size;
	const struct datagram d = { { slice_of(p, cut), { 0 }, slice_of(p + cut, size - cut) } };

	return spool_append(s, &d, pos, NULL);
}

static inline void
check_sum(struct spool *s)
{
	const struct spool_counts *c = spool_counts(s);

	if (c->appended + c->resumed != c->acked + c->dropped + c->damaged + c->held)
		fail_msg("appended %llu resumed %llu, acked %llu dropped %llu damaged %llu held %llu", (unsigned long long)c->appended,
		    (unsigned long long)c->resumed, (unsigned long long)c->acked, (unsigned long long)c->dropped,
		    (unsigned long long)c->damaged, (unsigned long long)c->held);
}

static inline struct spool *
spool_start(const struct spool_conf *conf)
{
	struct spool *s;
	struct err e = { 0 };

	if (spool_open(conf, &s, &e) != RC_OK)
		fail_msg("%s", e.text);
	check_sum(s);
	return s;
}

/* Appends packets from..to-1 and commits. */
static inline void
put_all(struct spool *s, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++)
		assert_int_equal(put(s, n, NULL), RC_OK);
	assert_int_equal(spool_commit(s, 0, NULL), RC_OK);
	check_sum(s);
}

/* Reads the next packet and advances over it. False: at the end. */
static inline bool
get(struct spool *s, uint64_t *n, uint64_t *pos)
{
	struct spool_entry en;

	if (spool_peek(s, &en, 1) == 0) {
		assert_true(spool_at_end(s));
		return false;
	}
	*n = packet_number(en.packet);
	*pos = en.pos;
	spool_advance(s, en.pos);
	check_sum(s);
	return true;
}

/* Reads packets from..to-1, in this order and no others; *pos (may be NULL) is behind the last. */
static inline void
get_all(struct spool *s, uint64_t from, uint64_t to, uint64_t *pos)
{
	uint64_t n, at = 0;

	for (uint64_t want = from; want < to; want++) {
		assert_true(get(s, &n, &at));
		assert_int_equal(n, want);
	}
	if (pos != NULL)
		*pos = at;
}
#endif
