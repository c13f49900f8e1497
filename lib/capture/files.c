/* SPDX-License-Identifier: MIT */
#include "capture/files.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct entry {
	struct packet p;	/* the file's next packet */
	size_t index;		/* of its file */
};

/* A heap, earliest packet first, of the files that have one. */
struct files {
	struct file **file;
	size_t files;
	size_t asked;		/* files whose first packet was asked for */
	struct entry *heap;
	size_t n;
	bool due;		/* the packet at the top was handed out: its file has moved on */
};

struct files *
files_new(struct file *const *files, size_t n)
{
	struct files *m = xcalloc(1, sizeof(*m));

	m->file = xcalloc(n, sizeof(*m->file));
	memcpy(m->file, files, n * sizeof(*files));
	m->files = n;
	m->heap = xcalloc(n, sizeof(*m->heap));
	return m;
}

void
files_free(struct files *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->files; i++)
		file_close(m->file[i]);
	free(m->file);
	free(m->heap);
	free(m);
}

void
files_progress(const struct files *m, uint64_t *done, uint64_t *total)
{
	bool known = true;

	*done = *total = 0;
	for (size_t i = 0; i < m->files; i++) {
		uint64_t d, t;

		file_progress(m->file[i], &d, &t);
		known = known && t > 0;
		*done += d;
		*total += t;
	}
	if (!known)
		*total = 0;
}

static bool
before(const struct entry *a, const struct entry *b)
{
	return a->p.time_ns != b->p.time_ns ? a->p.time_ns < b->p.time_ns : a->index < b->index;
}

static void
swap(struct files *m, size_t a, size_t b)
{
	struct entry t = m->heap[a];

	m->heap[a] = m->heap[b];
	m->heap[b] = t;
}

static void
sift_down(struct files *m)
{
	size_t i = 0, child;

	while ((child = 2 * i + 1) < m->n) {
		if (child + 1 < m->n && before(&m->heap[child + 1], &m->heap[child]))
			child++;
		if (!before(&m->heap[child], &m->heap[i]))
			return;
		swap(m, i, child);
		i = child;
	}
}

static void
sift_up(struct files *m)
{
	for (size_t i = m->n - 1; i > 0 && before(&m->heap[i], &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(m, i, (i - 1) / 2);
}

/* The file at the top moves on; without another packet it leaves the heap. */
static enum rc
advance(struct files *m, struct err *e)
{
	enum rc rc = file_next(m->file[m->heap[0].index], &m->heap[0].p, e);

	if (rc != RC_OK)
		m->heap[0] = m->heap[--m->n];
	if (m->n > 0)
		sift_down(m);
	return rc;
}

/* Asks each file for its first packet. */
static enum rc
begin(struct files *m, struct err *e)
{
	while (m->asked < m->files) {
		struct entry *t = &m->heap[m->n];
		enum rc rc;

		t->index = m->asked++;
		rc = file_next(m->file[t->index], &t->p, e);
		if (rc == RC_OK) {
			m->n++;
			sift_up(m);
		} else if (rc != RC_END) {
			return rc;
		}
	}
	return RC_OK;
}

enum rc
files_next(struct files *m, struct packet *p, struct err *e)
{
	enum rc rc;

	if (m->due) {
		m->due = false;
		rc = advance(m, e);
		if (rc != RC_OK && rc != RC_END)
			return rc;
	}
	rc = begin(m, e);
	if (rc != RC_OK)
		return rc;
	if (m->n == 0)
		return RC_END;
	*p = m->heap[0].p;
	m->due = true;
	return RC_OK;
}
