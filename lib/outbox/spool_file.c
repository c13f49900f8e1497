/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "outbox/spool_state.h"

enum rc
spool_fail(const struct spool *s, struct err *e, enum rc rc, const char *what)
{
	if (rc == RC_SYS)
		return err_set(e, rc, "spool %s: %s: %s", s->dir, what, strerror(errno));
	return err_set(e, rc, "spool %s: %s", s->dir, what);
}

struct spool_segment *
spool_segment_add(struct spool *s, uint64_t first)
{
	struct spool_segment *g;

	if (s->seg_at + s->seg_n == s->seg_cap) {
		if (s->seg_at > s->seg_n) {	/* more room in front than in use: each entry moves but once a lap */
			memmove(s->seg, s->seg + s->seg_at, s->seg_n * sizeof(*s->seg));
			s->seg_at = 0;
		} else {
			s->seg_cap = s->seg_cap * 2 + 16;
			s->seg = xrealloc(s->seg, s->seg_cap * sizeof(*s->seg));
		}
	}
	g = spool_seg(s, s->seg_n++);
	*g = (struct spool_segment){ .first = first, .end = first, .next = first };
	return g;
}

static int
by_position(const void *a, const void *b)
{
	const struct spool_segment *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* The folder's segments, and whether there is anything that is not a spool's. */
static enum rc
folder_list(struct spool *s, bool *foreign, struct err *e)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *f;

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return spool_fail(s, e, RC_SYS, "list");
	}
	*foreign = false;
	while ((f = readdir(d)) != NULL) {
		struct stat st;
		uint64_t first;

		if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0 || strcmp(f->d_name, SPOOL_LOCK) == 0 ||
		    strcmp(f->d_name, SPOOL_POSITIONS) == 0 || strcmp(f->d_name, SPOOL_POSITIONS_NEW) == 0)
			continue;
		if (!spool_segment_named(f->d_name, &first) || fstatat(s->dirfd, f->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISREG(st.st_mode) || st.st_size > SPOOL_SEGMENT_LARGEST) {
			*foreign = true;
			continue;
		}
		spool_segment_add(s, first)->bytes = (uint64_t)st.st_size;
		s->bytes += (uint64_t)st.st_size;
	}
	closedir(d);
	if (s->seg_n > 1)
		qsort(s->seg, s->seg_n, sizeof(*s->seg), by_position);
	return RC_OK;
}

static enum rc
folder_lock(struct spool *s, struct err *e)
{
	s->lock = openat(s->dirfd, SPOOL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return spool_fail(s, e, RC_SYS, SPOOL_LOCK);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return RC_OK;
	if (errno == EWOULDBLOCK)
		return spool_fail(s, e, RC_LIMIT, "another process has it open");
	return spool_fail(s, e, RC_SYS, SPOOL_LOCK);
}

/* Is it ours, before anything is written into it? A positions file or a segment says so; an empty folder may become one. */
static enum rc
folder_judge(struct spool *s, struct err *e)
{
	struct spool_slot slot;
	bool foreign, ours = false;
	enum rc rc;

	if ((rc = folder_list(s, &foreign, e)) != RC_OK)
		return rc;
	for (size_t i = 0; i < s->seg_n && !ours; i++) {
		if ((rc = spool_segment_read_head(s, spool_seg(s, i), e)) != RC_OK)
			return rc;
		ours = spool_seg(s, i)->readable;
	}
	rc = spool_positions_load(s, &slot, e);
	if (rc == RC_SYS || (rc == RC_BAD && !ours))
		return rc;
	if (rc == RC_END && s->posfd < 0 && !ours && (foreign || s->seg_n > 0))
		return spool_fail(s, e, RC_BAD, "not empty, and no spool");
	return RC_OK;
}

static void
folder_reset(struct spool *s)
{
	if (s->posfd >= 0)
		close(s->posfd);
	s->posfd = -1;
	s->seg_n = s->seg_at = 0;
	s->bytes = 0;
}

enum rc
spool_folder_open(struct spool *s, struct err *e)
{
	bool made = mkdir(s->dir, 0700) == 0, foreign;
	enum rc rc;

	if (!made && errno != EEXIST)
		return spool_fail(s, e, RC_SYS, "make the folder");
	s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return spool_fail(s, e, RC_SYS, "open");
	if (made && s->conf.sync_ns != UINT64_MAX) {
		int up = openat(s->dirfd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (up >= 0) {	/* where it may not be opened the name is at worst made again */
			(void)!fsync(up);
			close(up);
		}
	}
	if ((rc = folder_judge(s, e)) != RC_OK || (rc = folder_lock(s, e)) != RC_OK)
		return rc;
	folder_reset(s);	/* another process may have worked on it until it was locked */
	return folder_list(s, &foreign, e);
}

enum rc
spool_segment_read_head(struct spool *s, struct spool_segment *g, struct err *e)
{
	uint8_t p[SPOOL_SEGMENT_DATA];
	char name[SPOOL_NAME_SIZE];
	struct spool_segment_head h;
	ssize_t n;
	int fd;

	spool_segment_name(g->first, name);
	fd = openat(s->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return spool_fail(s, e, RC_SYS, name);
	n = pread(fd, p, sizeof(p), 0);
	close(fd);
	if (n < 0)
		return RC_OK;		/* not now, and that is no reason to refuse the others */
	g->useless = true;
	if (spool_segment_head_get(slice_of(p, (size_t)n), &h) != RC_OK)
		return RC_OK;
	if (h.version != SPOOL_VERSION)
		return err_set(e, RC_BAD, "spool %s: %s: version %u is not known", s->dir, name, (unsigned)h.version);
	g->readable = h.first == g->first;
	g->useless = !g->readable;
	g->number = h.number;
	g->salt = h.salt;
	return RC_OK;
}

enum rc
spool_segment_begin(struct spool *s, struct err *e)
{
	uint8_t p[SPOOL_SEGMENT_DATA];
	struct spool_segment_head h = { .version = SPOOL_VERSION, .first = s->end.pos, .number = s->end.number };
	struct spool_segment *g;
	char name[SPOOL_NAME_SIZE];
	int fd;

	if (h.first > SPOOL_FIRST_MAX)
		return spool_fail(s, e, RC_LIMIT, "positions have run out");
	if (getrandom(&h.salt, sizeof(h.salt), 0) != (ssize_t)sizeof(h.salt))
		h.salt = (uint32_t)hash64(&s, sizeof(s));	/* an address: no peer knows that either */
	spool_segment_head_put(p, &h);
	spool_segment_name(h.first, name);
	fd = openat(s->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return spool_fail(s, e, RC_SYS, name);
	errno = ENOSPC;			/* what a short write of 128 bytes means */
	if (pwrite(fd, p, sizeof(p), 0) != (ssize_t)sizeof(p)) {
		spool_fail(s, e, RC_SYS, name);
		close(fd);
		(void)!unlinkat(s->dirfd, name, 0);
		return RC_SYS;
	}
	g = spool_segment_add(s, h.first);
	g->number = g->end_number = h.number;
	g->salt = h.salt;
	g->readable = true;
	g->bytes = sizeof(p);
	s->bytes += sizeof(p);
	s->fd = fd;
	s->tail_dirty = false;
	s->dir_unsynced = true;
	return RC_OK;
}

bool
spool_segment_unlink(struct spool *s)
{
	struct spool_segment *g = spool_seg(s, 0);
	char name[SPOOL_NAME_SIZE];

	spool_segment_name(g->first, name);
	if (unlinkat(s->dirfd, name, 0) != 0 && errno != ENOENT)
		return false;
	if (s->win.fd >= 0 && s->win.first == g->first)
		spool_window_close(s);
	s->bytes -= g->bytes;
	s->seg_at++;
	s->seg_n--;
	return true;
}

enum rc
spool_positions_load(struct spool *s, struct spool_slot *out, struct err *e)
{
	uint8_t p[SPOOL_POSITIONS_SIZE];
	bool ours, found = false;
	struct spool_slot slot;
	ssize_t n;

	s->posfd = openat(s->dirfd, SPOOL_POSITIONS, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (s->posfd < 0)
		return errno == ENOENT ? RC_END : spool_fail(s, e, RC_SYS, SPOOL_POSITIONS);
	n = pread(s->posfd, p, sizeof(p), 0);
	if (n < 0)
		return spool_fail(s, e, RC_SYS, SPOOL_POSITIONS);
	ours = n == 0;
	for (int i = 0; i < 2; i++) {
		enum rc rc = spool_slot_get(slice_head(slice_skip(slice_of(p, (size_t)n), (size_t)i * SPOOL_SLOT_STEP), SPOOL_SLOT), &slot);

		if (rc == RC_OK && slot.version != SPOOL_VERSION)
			return err_set(e, RC_BAD, "spool %s: version %u is not known", s->dir, (unsigned)slot.version);
		if (rc == RC_OK && (!found || slot.turn > out->turn)) {
			*out = slot;
			found = true;
		}
		ours |= rc != RC_BAD;
	}
	if (found)
		return RC_OK;
	return ours ? RC_END : spool_fail(s, e, RC_BAD, "no spool: " SPOOL_POSITIONS " is something else");
}

/* A new file takes the place of the old in one step, so there is never half of one. */
enum rc
spool_positions_make(struct spool *s, struct err *e)
{
	if (s->posfd >= 0)
		close(s->posfd);
	s->posfd = openat(s->dirfd, SPOOL_POSITIONS_NEW, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->posfd < 0 || ftruncate(s->posfd, SPOOL_POSITIONS_SIZE) != 0 || !spool_positions_save(s, false) ||
	    (s->conf.sync_ns != UINT64_MAX && fdatasync(s->posfd) != 0) ||
	    renameat(s->dirfd, SPOOL_POSITIONS_NEW, s->dirfd, SPOOL_POSITIONS) != 0)
		return spool_fail(s, e, RC_SYS, SPOOL_POSITIONS);
	s->dir_unsynced = true;
	return RC_OK;
}

bool
spool_positions_save(struct spool *s, bool clean)
{
	uint8_t p[SPOOL_SLOT];
	struct spool_slot slot = { .version = SPOOL_VERSION, .clean = clean, .turn = s->turn + 1, .acked = { s->acked.pos, s->acked.number },
		.end = s->end, .handed = s->handed };

	if (slot.handed > slot.end.number)
		slot.handed = slot.end.number;
	spool_slot_put(p, &slot);
	if (pwrite(s->posfd, p, sizeof(p), (off_t)(slot.turn & 1) * SPOOL_SLOT_STEP) != (ssize_t)sizeof(p))
		return false;
	s->turn++;
	s->saved = slot.acked;
	s->saved_handed = slot.handed;
	return true;
}

enum rc
spool_sync(struct spool *s, struct err *e)
{
	if (s->unsynced && s->fd >= 0 && fdatasync(s->fd) != 0)
		return spool_fail(s, e, RC_SYS, "fdatasync");
	s->unsynced = s->unsynced_timed = false;
	if (s->dir_unsynced && fsync(s->dirfd) != 0 && errno != EINVAL)	/* EINVAL: a file system without such a thing */
		return spool_fail(s, e, RC_SYS, "fsync");
	s->dir_unsynced = false;
	return RC_OK;
}
