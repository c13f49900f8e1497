/* SPDX-License-Identifier: MIT */
#include "output/output.h"

#include "trace/writer.h"

#define PIECE ((size_t)128 << 10)

void
output_begin(struct output *o, bool again)
{
	o->format->begin(o->conf, &o->file, again, &o->buf);
}

static bool
ask_stop(void *arg)
{
	const struct output *o = arg;

	return o->stop != NULL && o->stop();
}

enum rc
output_flush(struct output *o, struct err *e)
{
	enum rc rc;

	if (o->failed)
		return err_set(e, RC_SYS, "write: an earlier one failed");
	rc = write_all(o->fd, buf_slice(&o->buf), ask_stop, o, e);
	o->failed = rc != RC_OK;
	buf_clear(&o->buf);
	return rc;
}

enum rc
output_put(struct output *o, const struct record *r, struct err *e)
{
	enum rc rc = o->format->put(o->conf, &o->file, r, &o->buf);

	if (rc != RC_OK)
		return err_set(e, rc, "a message of %zu bytes does not fit in a datagram", r->payload.n);
	return o->buf.n < PIECE ? RC_OK : output_flush(o, e);
}

enum rc
output_end(struct output *o, struct err *e)
{
	if (o->format->end != NULL)
		o->format->end(&o->file, &o->buf);
	return output_flush(o, e);
}

void
output_reset(struct output *o)
{
	buf_reset(&o->buf);
}
