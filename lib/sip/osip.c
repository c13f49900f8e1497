/* SPDX-License-Identifier: MIT */
#include "sip/osip.h"

#include <stdlib.h>
#include <threads.h>

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "sip/line.h"
#include "sip/msg.h"

struct sip_full {
	osip_message_t *msg;	/* NULL: nothing is there */
	struct buf text;	/* what libosip2 was given */
	struct buf callid;	/* which it has in two parts */
};

static once_flag once = ONCE_FLAG_INIT;

static void
no_trace(const char *file, int line, osip_trace_level_t level, const char *fmt, va_list ap)
{
	(void)file, (void)line, (void)level, (void)fmt, (void)ap;
}

/* libosip2 has a table of header names for the process, and says on standard output what it dislikes unless told otherwise. */
static void
init_library(void)
{
	osip_trace_initialize_func(TRACE_LEVEL0, no_trace);
	parser_init();
}

struct sip_full *
sip_full_new(void)
{
	call_once(&once, init_library);
	return xcalloc(1, sizeof(struct sip_full));
}

static void
forget(struct sip_full *f)
{
	if (f->msg != NULL)
		osip_message_free(f->msg);
	f->msg = NULL;
	buf_clear(&f->text);
	buf_clear(&f->callid);
}

void
sip_full_free(struct sip_full *f)
{
	if (f == NULL)
		return;
	forget(f);
	buf_reset(&f->text);
	buf_reset(&f->callid);
	free(f);
}

/* What ends in a list of libosip2's own making: lines, list members, parameters. */
static size_t
parts(struct slice head)
{
	size_t n = 0;

	for (size_t i = 0; i < head.n; i++)
		n += head.p[i] == '\n' || head.p[i] == ',' || head.p[i] == ';' || head.p[i] == '&';
	return n;
}

/* The message without CRLFs before it, and with the blank that must follow a status (RFC 3261 7.2). */
static void
copy_message(struct sip_full *f, struct slice msg, const struct sip_start *st)
{
	struct slice line = slice_trim(slice_head(msg, st->next));
	size_t end = (size_t)(line.p - msg.p) + line.n;

	buf_put(&f->text, line);
	if (st->status > 0 && st->reason.n == 0)
		buf_str(&f->text, " ");		/* without it libosip2 loses the first header */
	buf_put(&f->text, slice_skip(msg, end));
}

/*
 * In the copied headers: a CR that ends no line (RFC 3261 7) would be a line end for libosip2. And it parses a body where
 * Content-Type says what it is, and loses memory when a part of a multipart body has two of those: so that goes by another name.
 */
static void
prepare_headers(struct buf *text, size_t head)
{
	struct slice name, value;
	size_t pos = 0;

	for (size_t i = 0; i + 1 < head; i++)
		if (text->p[i] == '\r' && text->p[i + 1] != '\n')
			text->p[i] = i > 0 && text->p[i - 1] == '\n' ? '.' : ' ';	/* a blank would begin a fold */
	while (sip_header_next(buf_slice(text), &pos, &name, &value) == RC_OK)
		if (sip_header_is(name, SLICE_LIT("Content-Type")))
			text->p[name.p - text->p] = 'z';
}

static struct slice
text(const char *s)
{
	return slice_str(s);
}

enum rc
sip_full_parse(struct sip_full *f, struct slice msg)
{
	struct sip_start st;
	struct sip_index x;
	struct slice head;

	forget(f);
	if (sip_start_parse(msg, &st) != RC_OK)
		return RC_BAD;
	if (msg.n > SIP_FULL_MAX)
		return RC_LIMIT;
	copy_message(f, msg, &st);
	if (sip_scan(buf_slice(&f->text), &x) != RC_OK)
		return RC_BAD;
	head = slice_head(buf_slice(&f->text), x.body > 0 ? x.body : f->text.n);
	if (slice_chr(head, '\0') < head.n)	/* its strings would end there */
		return RC_BAD;
	if (parts(head) > SIP_FULL_PARTS)
		return RC_LIMIT;
	prepare_headers(&f->text, head.n);
	if (osip_message_init(&f->msg) != 0)
		return RC_BAD;
	if (osip_message_parse(f->msg, buf_cstr(&f->text), f->text.n) != 0) {
		forget(f);
		return RC_BAD;
	}
	if (f->msg->call_id != NULL) {
		buf_put(&f->callid, text(f->msg->call_id->number));
		if (f->msg->call_id->host != NULL)
			buf_printf(&f->callid, "@%s", f->msg->call_id->host);
	}
	return RC_OK;
}

bool
sip_full_start(const struct sip_full *f, struct sip_full_start *out)
{
	if (f->msg == NULL)
		return false;
	out->status = (unsigned)f->msg->status_code;
	out->method = text(f->msg->sip_method);
	out->reason = slice_trim(text(f->msg->reason_phrase));
	return true;
}

bool
sip_full_callid(const struct sip_full *f, struct slice *out)
{
	if (f->msg == NULL || f->msg->call_id == NULL)
		return false;
	*out = buf_slice(&f->callid);
	return true;
}

bool
sip_full_cseq(const struct sip_full *f, struct slice *number, struct slice *method)
{
	if (f->msg == NULL || f->msg->cseq == NULL)
		return false;
	*number = text(f->msg->cseq->number);
	*method = text(f->msg->cseq->method);
	return true;
}

bool
sip_full_length(const struct sip_full *f, struct slice *number)
{
	if (f->msg == NULL || f->msg->content_length == NULL)
		return false;
	*number = text(f->msg->content_length->value);
	return true;
}

/* From, To and Contact are one type in libosip2. NULL where it is not there. */
static const osip_from_t *
header_at(const struct sip_full *f, enum sip_full_where where, unsigned nth)
{
	if (f->msg == NULL)
		return NULL;
	if (where == SIP_FULL_CONTACT)
		return osip_list_get(&f->msg->contacts, (int)nth);
	if (nth > 0)
		return NULL;
	return where == SIP_FULL_FROM ? f->msg->from : where == SIP_FULL_TO ? f->msg->to : NULL;
}

static const osip_uri_t *
uri_at(const struct sip_full *f, enum sip_full_where where, unsigned nth)
{
	const osip_from_t *h;

	if (where == SIP_FULL_RURI)
		return f->msg != NULL && nth == 0 ? f->msg->req_uri : NULL;
	h = header_at(f, where, nth);
	return h != NULL ? h->url : NULL;
}

bool
sip_full_uri(const struct sip_full *f, enum sip_full_where where, unsigned nth, struct sip_full_uri *out)
{
	const osip_uri_t *u = uri_at(f, where, nth);

	if (u == NULL)
		return false;
	out->scheme = text(u->scheme);
	out->user = text(u->username);
	out->password = text(u->password);
	out->host = text(u->host);
	out->port = text(u->port);
	out->opaque = text(u->string);
	return true;
}

/* libosip2's own look-up takes no const list and copies nothing; this one does neither. */
static bool
list_param(const osip_list_t *list, const char *name, struct slice *value)
{
	const osip_uri_param_t *p;

	for (int i = 0; (p = osip_list_get(list, i)) != NULL; i++) {
		if (p->gname == NULL || !slice_ieq(text(p->gname), text(name)))
			continue;
		*value = text(p->gvalue);
		return true;
	}
	return false;
}

bool
sip_full_uri_param(const struct sip_full *f, enum sip_full_where where, unsigned nth, const char *name, struct slice *value)
{
	const osip_uri_t *u = uri_at(f, where, nth);

	return u != NULL && list_param(&u->url_params, name, value);
}

bool
sip_full_param(const struct sip_full *f, enum sip_full_where where, unsigned nth, const char *name, struct slice *value)
{
	const osip_from_t *h = header_at(f, where, nth);

	return h != NULL && list_param(&h->gen_params, name, value);
}

bool
sip_full_via(const struct sip_full *f, unsigned nth, struct sip_full_via *out)
{
	const osip_via_t *v = f->msg != NULL ? osip_list_get(&f->msg->vias, (int)nth) : NULL;

	if (v == NULL)
		return false;
	out->transport = text(v->protocol);
	out->host = text(v->host);
	out->port = text(v->port);
	if (!list_param(&v->via_params, "branch", &out->branch))
		out->branch = (struct slice){ NULL, 0 };
	return true;
}
