/* SPDX-License-Identifier: MIT */
#include "trace/merger.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct input {
	struct reader *reader;
	struct record head;	/* the next to give */
	uint64_t time_ns;	/* its place in the order */
};

struct merger {
	struct input *in;
	size_t n;
	size_t *heap;		/* inputs that have a head, the first to give on top */
	size_t heap_n;
	size_t asked;		/* inputs that were read once */
	size_t given;		/* input whose head was delivered last, n = none */
};

struct merger *
merger_new(struct reader *const *readers, size_t n)
{
	struct merger *m = xcalloc(1, sizeof(*m));

	m->in = xcalloc(n + 1, sizeof(*m->in));
	m->heap = xcalloc(n + 1, sizeof(*m->heap));
	m->n = m->given = n;
	for (size_t i = 0; i < n; i++)
		m->in[i].reader = readers[i];
	return m;
}

void
merger_free(struct merger *m)
{
	if (m == NULL)
		return;
	free(m->in);
	free(m->heap);
	free(m);
}

static bool
before(const struct merger *m, size_t a, size_t b)
{
	if (m->in[a].time_ns != m->in[b].time_ns)
		return m->in[a].time_ns < m->in[b].time_ns;
	return a < b;
}

static void
heap_add(struct merger *m, size_t input)
{
	size_t at = m->heap_n++;

	for (; at > 0 && before(m, input, m->heap[(at - 1) / 2]); at = (at - 1) / 2)
		m->heap[at] = m->heap[(at - 1) / 2];
	m->heap[at] = input;
}

static size_t
heap_take(struct merger *m)
{
	size_t top = m->heap[0], last = m->heap[--m->heap_n], at = 0, child;

	while ((child = 2 * at + 1) < m->heap_n) {
		if (child + 1 < m->heap_n && before(m, m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m, m->heap[child], last))
			break;
		m->heap[at] = m->heap[child];
		at = child;
	}
	m->heap[at] = last;
	return top;
}

/* Reads an input's next head and puts it in its place. RC_END: there is none. */
static enum rc
advance(struct merger *m, size_t i, struct err *e)
{
	struct input *in = &m->in[i];
	enum rc rc;

	do
		rc = reader_next(in->reader, &in->head, e);
	while (rc == RC_OK && (in->head.type == FRAME_HEADER || in->head.type == FRAME_END));
	if (rc != RC_OK)
		return rc;
	if (in->head.type == FRAME_MESSAGE || in->head.type == FRAME_STATS)
		in->time_ns = in->head.time_ns;
	heap_add(m, i);
	return RC_OK;
}

static enum rc
ask_all(struct merger *m, size_t *which, struct err *e)
{
	while (m->asked < m->n) {
		enum rc rc = advance(m, m->asked++, e);

		if (rc != RC_OK && rc != RC_END) {
			*which = m->asked - 1;
			return rc;
		}
	}
	return RC_OK;
}

enum rc
merger_header(struct merger *m, struct stream_header *out, size_t *which, struct err *e)
{
	enum rc rc = ask_all(m, which, e);

	if (rc != RC_OK)
		return rc;
	*out = (struct stream_header){ .version = TRACE_VERSION };
	for (size_t i = 0; i < m->n; i++) {
		const struct stream_header *h = reader_header(m->in[i].reader);

		out->live |= h->live;
		if (h->disorder_ns > out->disorder_ns)
			out->disorder_ns = h->disorder_ns;
	}
	return RC_OK;
}

enum rc
merger_next(struct merger *m, struct record *out, size_t *which, struct err *e)
{
	size_t last = m->given;
	enum rc rc = ask_all(m, which, e);

	if (rc != RC_OK)
		return rc;
	m->given = m->n;
	if (last < m->n) {
		rc = advance(m, last, e);
		if (rc != RC_OK && rc != RC_END) {
			*which = last;
			return rc;
		}
	}
	if (m->heap_n == 0)
		return RC_END;
	m->given = heap_take(m);
	*out = m->in[m->given].head;
	return RC_OK;
}
