/* SPDX-License-Identifier: MIT */
#include "store/inserter.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "store/batch.h"

#define PIECE ((size_t)256 << 10)	/* the thread is woken for this much, or for a commit */

struct inserter {
	struct inserter_conf conf;
	struct batch batch;		/* async: the thread's alone */
	uint64_t since_ns;		/* when the batch under way began */
	bool pending;			/* there is one */
	bool drop;

	/* async */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	struct buf queue;		/* frames for the thread */
	struct buf taken;		/* frames that the thread is at */
	bool running, hurry, commit, ending;
	struct inserter_counts counts;	/* the batch's, as of the last piece; its error too */
	struct err failed;
	struct inserter_count messages, rows;	/* what was put, and lost on the way into the queue */
};

enum inserter_mode
inserter_mode(const char *word)
{
	if (strcmp(word, "delayed") == 0 || strcmp(word, "1") == 0)
		return INSERT_DELAYED;
	return strcmp(word, "async") == 0 || strcmp(word, "2") == 0 ? INSERT_ASYNC : INSERT_STANDARD;
}

static void
work_off(struct inserter *s)
{
	struct slice in = buf_slice(&s->taken);
	struct record r;

	while (in.n > 0 && record_decode(&in, &r) == RC_OK)
		batch_put(&s->batch, &r);
	buf_clear(&s->taken);
}

static void *
work(void *arg)
{
	struct inserter *s = arg;
	bool ending = false;

	pthread_mutex_lock(&s->lock);
	while (!ending) {
		struct buf full;
		bool commit;

		while (s->queue.n < PIECE && !s->hurry && !s->commit && !s->ending)
			pthread_cond_wait(&s->work, &s->lock);
		full = s->queue;
		s->queue = s->taken;
		s->taken = full;
		ending = s->ending;
		commit = s->commit || ending;
		s->commit = s->hurry = false;
		pthread_cond_signal(&s->room);
		pthread_mutex_unlock(&s->lock);
		work_off(s);
		if (commit)
			batch_commit(&s->batch);
		pthread_mutex_lock(&s->lock);
		s->counts = s->batch.done;
		s->failed = s->batch.failed;
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are for the caller's thread: it must wake from its poll, and its writes return. */
static enum rc
start_thread(struct inserter *s, struct err *e)
{
	sigset_t all, before;
	int error;

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
	pthread_cond_init(&s->room, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->running = error == 0;
	return s->running ? RC_OK : err_set(e, RC_SYS, "no thread for mode async: %s", strerror(error));
}

enum rc
inserter_new(struct store *store, const struct inserter_conf *conf, struct inserter **out, struct err *e)
{
	struct inserter *s = xcalloc(1, sizeof(*s));

	s->conf = *conf;
	s->batch.store = store;
	s->batch.max = conf->mode == INSERT_STANDARD ? 1 : conf->batch_messages;
	if (conf->mode == INSERT_ASYNC && start_thread(s, e) != RC_OK) {
		free(s);
		return RC_SYS;
	}
	*out = s;
	return RC_OK;
}

static void
stop_thread(struct inserter *s)
{
	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->running = false;
}

void
inserter_free(struct inserter *s)
{
	if (s == NULL)
		return;
	stop_thread(s);
	batch_reset(&s->batch);
	buf_reset(&s->queue);
	buf_reset(&s->taken);
	free(s);
}

static enum rc
report(const struct err *failed, struct err *e)
{
	if (failed->rc != RC_OK && e != NULL)
		*e = *failed;
	return failed->rc;
}

/* Under the lock. False: there is no room and there shall be no waiting. */
static bool
enqueue(struct inserter *s, const struct record *r)
{
	size_t n = r->intact ? r->raw.n : record_size(r);

	/* A message larger than the whole queue goes into an empty one. */
	while (s->queue.n > 0 && s->queue.n + n > s->conf.queue_bytes) {
		s->hurry = true;	/* a queue smaller than a piece is full too */
		pthread_cond_signal(&s->work);
		if (s->drop)
			return false;
		pthread_cond_wait(&s->room, &s->lock);
	}
	if (r->intact)
		buf_put(&s->queue, r->raw);
	else if (record_encode(r, &s->queue) != RC_OK)
		return false;
	if (s->queue.n >= PIECE)
		pthread_cond_signal(&s->work);
	return true;
}

void
inserter_on_full(struct inserter *s, bool drop)
{
	s->drop = drop;
}

static enum rc
put_async(struct inserter *s, const struct record *r, struct err *e)
{
	uint64_t rows = batch_rows(r);
	enum rc rc;
	bool in;

	pthread_mutex_lock(&s->lock);
	in = enqueue(s, r);
	s->messages.in++;
	s->rows.in += rows;
	s->messages.lost += in ? 0 : 1;
	s->rows.lost += in ? 0 : rows;
	rc = report(&s->failed, e);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

enum rc
inserter_put(struct inserter *s, const struct record *r, uint64_t now_ns, struct err *e)
{
	enum rc rc;

	if (!s->pending)
		s->since_ns = now_ns;
	if (s->conf.mode == INSERT_ASYNC) {
		s->pending = true;
		rc = put_async(s, r, e);
	} else {
		batch_put(&s->batch, r);
		rc = report(&s->batch.failed, e);
		s->pending = s->batch.open;
	}
	if (rc == RC_OK && inserter_due_ns(s, now_ns) == 0)
		return inserter_commit(s, e);
	return rc;
}

uint64_t
inserter_due_ns(const struct inserter *s, uint64_t now_ns)
{
	uint64_t age = now_ns - s->since_ns;

	if (!s->pending)
		return UINT64_MAX;
	return age >= s->conf.batch_ns ? 0 : s->conf.batch_ns - age;
}

enum rc
inserter_commit(struct inserter *s, struct err *e)
{
	enum rc rc;

	s->pending = false;
	if (s->conf.mode != INSERT_ASYNC) {
		batch_commit(&s->batch);
		return report(&s->batch.failed, e);
	}
	pthread_mutex_lock(&s->lock);
	s->commit = true;
	pthread_cond_signal(&s->work);
	rc = report(&s->failed, e);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

enum rc
inserter_finish(struct inserter *s, struct err *e)
{
	s->pending = false;
	if (s->conf.mode == INSERT_ASYNC)
		stop_thread(s);
	else
		batch_commit(&s->batch);
	return report(&s->batch.failed, e);
}

void
inserter_counts(struct inserter *s, struct inserter_counts *out)
{
	if (s->conf.mode != INSERT_ASYNC) {
		*out = s->batch.done;
		out->messages.in += s->batch.pending.messages.in;
		out->rows.in += s->batch.pending.rows.in;
		return;
	}
	if (s->running)
		pthread_mutex_lock(&s->lock);
	*out = s->running ? s->counts : s->batch.done;
	if (s->running)
		pthread_mutex_unlock(&s->lock);
	out->messages.in = s->messages.in;
	out->rows.in = s->rows.in;
	out->messages.lost += s->messages.lost;
	out->rows.lost += s->rows.lost;
	out->dropped = s->messages.lost;
}
