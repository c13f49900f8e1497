/* SPDX-License-Identifier: MIT */
#include "capture/intake.h"

#include <stdlib.h>

#include "base/take.h"
#include "base/xalloc.h"
#include "capture/intake_count.h"
#include "packet/decap.h"
#include "packet/tcp.h"
#include "sip/stream.h"

#define FRAG_BYTES (8u << 20)
#define FRAG_TIMEOUT_NS UINT64_C(30000000000)	/* RFC 8200 4.5 has 60 s, Linux 30 */
#define TCP_BYTES (32u << 20)
#define TCP_STREAMS 100000
#define HOLE_BYTES (1u << 20)

/* What is known of a message beside its bytes. */
struct origin {
	const struct addr *src, *dst;
	uint64_t time_ns;
	const struct link *link;
	uint16_t point, ip_id;
	uint8_t transport;
};

/* The user part of a TCP stream that is SIP, or may be. */
struct flow {
	struct sip_stream sip;
	struct link link;
	uint16_t point, ip_id;
	uint64_t time_ns;	/* this and ip_id: of the last bytes */
};

enum flow_kind { UNDECIDED, IS_SIP, NO_SIP_STREAM };

struct intake {
	struct intake_conf conf;
	struct decap *decap;
	struct tcp *tcp;
	struct id_maker *ids;
	struct decap_out out;	/* the packet in work */
	uint16_t point;
	struct buf attrs;
	bool full;		/* put said no */
	uint64_t outside[INTAKE_OUTSIDE];
	struct counter count[INTAKE_COUNTS];
};

static void
add(struct intake *in, enum intake_count c, uint64_t n)
{
	in->count[c].value += n;
}

static uint8_t
direction(const struct intake *in, const struct origin *o)
{
	if (in->conf.locals != NULL && in->conf.locals->n > 0)
		return locals_direction(in->conf.locals, o->src, o->dst);
	return o->link->way == LINK_WAY_IN ? DIR_IN : o->link->way == LINK_WAY_OUT ? DIR_OUT : DIR_UNKNOWN;
}

static void
put_vlans(struct intake *in, const struct link *l)
{
	uint8_t tag[2];

	buf_clear(&in->attrs);
	for (size_t i = 0; i < l->vlans; i++) {
		store_le16(tag, l->vlan[i]);
		if (attr_put(&in->attrs, ATTR_VLAN, slice_of(tag, 2)) != RC_OK)
			return;		/* cannot be: a few bytes */
	}
}

/* Back to the message that was duplicated; its direction is what the lines say, else what its own addresses do. */
static bool
restore(struct intake *in, struct record *r)
{
	const struct xheaders_counts *c = record_xheaders_counts(in->conf.xheaders);

	if (record_xheaders(in->conf.xheaders, r, 1) == 0) {
		in->count[NO_XHEADERS].value = c->without;
		in->count[XHEADERS_UNTRUSTED].value = c->untrusted;
		return false;
	}
	if (r->direction == DIR_UNKNOWN && in->conf.locals != NULL)
		r->direction = locals_direction(in->conf.locals, &r->src, &r->dst);
	return true;
}

static void
emit(struct intake *in, const struct sip_frame *f, const struct origin *o)
{
	struct record r = {
		.type = FRAME_MESSAGE,
		.time_ns = o->time_ns,
		.src = *o->src,
		.dst = *o->dst,
		.transport = o->transport,
		.kind = KIND_SIP,
		.marks = MARK_SIP | (f->cut ? MARK_CUT : 0),
		.capture_point = o->point,
		.ip_id = o->ip_id,
		.orig_len = f->cut ? f->wire_len : 0,
		.sip = f->index,
		.payload = f->msg,
	};

	if (in->full)
		return;
	r.direction = direction(in, o);
	if (o->link->vlans > 0) {
		put_vlans(in, o->link);
		r.attrs = buf_slice(&in->attrs);
	}
	add(in, MESSAGES_IN, 1);
	if (in->conf.xheaders == NULL)
		r.id = record_id(in->ids, &r);
	else if (!restore(in, &r))
		return;
	add(in, MESSAGES_OUT, 1);
	add(in, MESSAGES_CUT, f->cut);
	in->full = !in->conf.put(in->conf.arg, &r);
}

static enum intake_count
datagram_without_sip(const struct decap_out *d, enum rc rc)
{
	if (sip_is_keepalive(d->data) && d->data.n == d->wire_len)
		return KEEPALIVES;
	return rc == RC_MORE && d->data.n < d->wire_len ? CUT : NO_SIP;
}

static void
datagram(struct intake *in, const struct packet *p)
{
	struct decap_out *d = &in->out;
	const struct origin o = { &d->src, &d->dst, p->time_ns, &d->link, p->point, d->ip_id, TRANSPORT_UDP };
	struct slice rest = d->data;
	struct sip_frame f;
	enum rc rc = sip_datagram_next(&rest, &f);

	if (rc != RC_OK) {
		add(in, datagram_without_sip(d, rc), d->packets);
		return;
	}
	add(in, PACKETS_SIP, d->packets);
	for (;;) {
		if (rest.n == 0 && d->data.n < d->wire_len) {
			f.cut = true;
			f.wire_len += d->wire_len - (uint32_t)d->data.n;
		}
		emit(in, &f, &o);
		if (rest.n == 0 || sip_datagram_next(&rest, &f) != RC_OK)
			return;
		add(in, MESSAGES_JOINED, 1);
	}
}

static void
flow_emit(struct intake *in, const struct tcp_stream *s, const struct sip_frame *f)
{
	const struct flow *w = s->user;
	const struct origin o = { &s->src, &s->dst, w->time_ns, &w->link, w->point, w->ip_id, TRANSPORT_TCP };

	emit(in, f, &o);
}

/* The packets of the stream that waited for this go to where they belong. */
static void
judge(struct intake *in, struct tcp_stream *s, enum flow_kind kind)
{
	if (s->user_kind == UNDECIDED) {
		in->count[STREAM_HELD].value -= s->user_packets;
		add(in, kind == IS_SIP ? PACKETS_SIP : NO_SIP, s->user_packets);
		s->user_packets = 0;
	}
	s->user_kind = (uint8_t)kind;
}

static void
flow_free(struct intake *in, struct tcp_stream *s)
{
	struct flow *w = s->user;

	if (w == NULL)
		return;
	add(in, TCP_KEEPALIVES, w->sip.keepalives);
	sip_stream_reset(&w->sip);
	free(w);
	s->user = NULL;
	s->user_bytes = 0;
}

static struct flow *
flow_of(struct intake *in, struct tcp_stream *s, const struct tcp_chunk *c)
{
	struct flow *w = s->user;

	if (w == NULL) {
		w = s->user = xcalloc(1, sizeof(*w));
		sip_stream_init(&w->sip, TRACE_MAX_PAYLOAD, s->whole);
		w->link = in->out.link;
		w->point = in->point;
	}
	w->time_ns = c->time_ns;
	w->ip_id = c->ip_id;
	return w;
}

static void
on_data(void *arg, struct tcp_stream *s, const struct tcp_chunk *c)
{
	struct intake *in = arg;
	struct flow *w = flow_of(in, s, c);
	struct sip_frame f;
	enum rc rc;

	sip_stream_put(&w->sip, c->data);
	while ((rc = sip_stream_next(&w->sip, &f)) == RC_OK)
		flow_emit(in, s, &f);
	if (w->sip.messages > 0)
		judge(in, s, IS_SIP);
	s->user_bytes = sizeof(*w) + sip_stream_held(&w->sip);
	if (rc == RC_BAD) {
		judge(in, s, NO_SIP_STREAM);
		flow_free(in, s);
		s->ignored = true;
	}
}

/* `n` bytes are missing, or (0) the stream ends. */
static void
cut_flow(struct intake *in, struct tcp_stream *s, uint32_t n)
{
	struct flow *w = s->user;
	struct sip_frame f;

	if (sip_stream_held(&w->sip) > 0)
		add(in, TCP_INCOMPLETE, 1);
	if (sip_stream_gap(&w->sip, n, &f) == RC_OK) {
		flow_emit(in, s, &f);
		judge(in, s, IS_SIP);
	}
}

static void
on_gap(void *arg, struct tcp_stream *s, uint32_t n, const struct tcp_chunk *c)
{
	struct intake *in = arg;

	add(in, TCP_HOLES, 1);
	(void)flow_of(in, s, c);
	cut_flow(in, s, n);
}

static void
on_end(void *arg, struct tcp_stream *s, enum tcp_why why)
{
	struct intake *in = arg;
	struct flow *w = s->user;

	if (w != NULL) {
		if (why == TCP_WHY_EVICTED && sip_stream_held(&w->sip) > 0) {
			add(in, MESSAGES_IN, 1);
			add(in, MESSAGES_EVICTED, 1);
		} else {
			cut_flow(in, s, 0);
		}
	}
	judge(in, s, s->user_kind == IS_SIP ? IS_SIP : NO_SIP_STREAM);
	flow_free(in, s);
}

static bool
wakes(void *arg, struct slice data)
{
	(void)arg;
	return sip_looks_like(data);
}

static void
segment(struct intake *in, const struct packet *p)
{
	struct decap_out *d = &in->out;
	const struct tcp_in ti = { &d->src, &d->dst, &d->tcp, p->time_ns, d->ip_id };
	struct tcp_stream *s;

	switch (tcp_push(in->tcp, &ti, &s)) {
	case TCP_CONTROL:
		add(in, TCP_CONTROLS, d->packets);
		return;
	case TCP_OLD:
		add(in, TCP_REPEATED, d->packets);
		return;
	case TCP_IGNORED:
		add(in, NO_SIP, d->packets);
		return;
	case TCP_DATA:
		break;
	}
	if (s->user_kind == UNDECIDED) {
		s->user_packets += d->packets;
		add(in, STREAM_HELD, d->packets);
	} else {
		add(in, s->user_kind == IS_SIP ? PACKETS_SIP : NO_SIP, d->packets);
	}
}

static void
quoted(struct intake *in)
{
	add(in, sip_looks_like(in->out.data) ? ICMP_QUOTED : OTHER_PROTOCOL, in->out.packets);
}

static void
sync_fragments(struct intake *in)
{
	const struct ip_frag_stats *st = decap_fragments(in->decap);

	in->count[FRAG_HELD].value = st->held;
	in->count[FRAG_TIMED_OUT].value = st->timed_out;
	in->count[FRAG_BAD].value = st->bad;
	in->count[FRAG_COPIES].value = st->copies;
	in->count[FRAG_EVICTED].value = st->evicted;
}

bool
intake_packet(struct intake *in, const struct packet *p)
{
	enum decap_verdict v = decap_packet(in->decap, p, &in->out);

	add(in, PACKETS_IN, 1);
	in->point = p->point;
	switch (v) {
	case DECAP_UDP:
		datagram(in, p);
		break;
	case DECAP_TCP:
		segment(in, p);
		break;
	case DECAP_QUOTED:
		quoted(in);
		break;
	case DECAP_HELD:
		break;
	default:
		add(in, NOT_IP + (v - DECAP_NO_IP), in->out.packets);
	}
	if (v == DECAP_HELD || in->out.packets > 1)
		sync_fragments(in);
	return !in->full;
}

bool
intake_tick(struct intake *in, uint64_t now_ns)
{
	decap_expire(in->decap, now_ns);
	tcp_expire(in->tcp, now_ns);
	sync_fragments(in);
	return !in->full;
}

void
intake_end(struct intake *in)
{
	decap_end(in->decap);
	tcp_end(in->tcp);
	sync_fragments(in);
}

struct intake *
intake_new(const struct intake_conf *conf)
{
	struct intake *in = xcalloc(1, sizeof(*in));

	in->conf = *conf;
	in->decap = decap_new(FRAG_BYTES, FRAG_TIMEOUT_NS);
	in->tcp = tcp_new(&(struct tcp_conf){
	    .max_bytes = TCP_BYTES, .hole_bytes = HOLE_BYTES, .max_streams = TCP_STREAMS, .hole_ns = INTAKE_HOLE_NS,
	    .seed = conf->seed, .data = on_data, .gap = on_gap, .end = on_end, .wake = wakes, .arg = in,
	});
	in->ids = id_maker_new();
	memcpy(in->count, intake_count_names, sizeof(in->count));
	return in;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	in->full = true;
	tcp_free(in->tcp);
	decap_free(in->decap);
	id_maker_free(in->ids);
	buf_reset(&in->attrs);
	free(in);
}

void
intake_outside(struct intake *in, enum intake_outside what, uint64_t n)
{
	static const enum intake_count at[INTAKE_OUTSIDE] = { FILTERED, KERNEL_DROPS, INTERFACE_DROPS };

	add(in, PACKETS_IN, n - in->outside[what]);
	in->count[at[what]].value = in->outside[what] = n;
}

struct counter *
intake_counters(struct intake *in, size_t *n)
{
	*n = INTAKE_COUNTS;
	return in->count;
}
