/* SPDX-License-Identifier: MIT */
#include "packet/tcp.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

#define BUCKETS 65536
#define WINDOW (16 << 20)	/* a sequence number further off is another stream's: RFC 7323 allows 1 GiB, nobody uses it */
#define MAX_WAITING 1024	/* segments behind a hole */

struct waiting {
	struct waiting *next;
	uint32_t seq, len;	/* len: on the wire */
	size_t n;		/* captured */
	uint64_t time_ns;
	uint16_t ip_id;
	uint8_t data[];
};

struct stream {
	struct tcp_stream pub;
	struct stream *chain;			/* in its bucket */
	struct stream *older, *younger;		/* by the last segment */
	struct stream *stall_prev, *stall_next;	/* those with a hole, by the time it opened */
	size_t bucket;
	uint32_t isn, next;			/* first and next expected sequence number */
	uint32_t fin;				/* sequence number behind the last byte */
	bool has_fin, started, stalled;
	uint64_t stall_ns;
	struct waiting *head, *tail;		/* behind the hole, ascending */
	unsigned waiting;
	size_t waiting_bytes;
};

struct tcp {
	struct tcp_conf conf;
	uint64_t now_ns;
	size_t bytes;
	uint32_t streams;
	struct stream *oldest, *youngest;
	struct stream *stalled, *stalled_last;
	struct stream *bucket[BUCKETS];
};

struct tcp *
tcp_new(const struct tcp_conf *conf)
{
	struct tcp *t = xcalloc(1, sizeof(*t));

	t->conf = *conf;
	return t;
}

static int32_t
seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static void
lru_remove(struct tcp *t, struct stream *s)
{
	*(s->older != NULL ? &s->older->younger : &t->oldest) = s->younger;
	*(s->younger != NULL ? &s->younger->older : &t->youngest) = s->older;
}

static void
lru_add(struct tcp *t, struct stream *s)
{
	s->older = t->youngest;
	s->younger = NULL;
	*(s->older != NULL ? &s->older->younger : &t->oldest) = s;
	t->youngest = s;
}

static void
stall_remove(struct tcp *t, struct stream *s)
{
	if (!s->stalled)
		return;
	*(s->stall_prev != NULL ? &s->stall_prev->stall_next : &t->stalled) = s->stall_next;
	*(s->stall_next != NULL ? &s->stall_next->stall_prev : &t->stalled_last) = s->stall_prev;
	s->stalled = false;
}

static void
stall_add(struct tcp *t, struct stream *s)
{
	if (s->stalled)
		return;
	s->stalled = true;
	s->stall_ns = t->now_ns;
	s->stall_prev = t->stalled_last;
	s->stall_next = NULL;
	*(s->stall_prev != NULL ? &s->stall_prev->stall_next : &t->stalled) = s;
	t->stalled_last = s;
}

/* Around every callback: what the user holds may have changed. */
static void
account(struct tcp *t, const struct stream *s, size_t before)
{
	t->bytes = t->bytes - before + s->pub.user_bytes;
}

static void
give_data(struct tcp *t, struct stream *s, const struct tcp_chunk *c)
{
	size_t before = s->pub.user_bytes;

	s->started = true;
	if (s->pub.ignored || c->data.n == 0)
		return;
	t->conf.data(t->conf.arg, &s->pub, c);
	account(t, s, before);
}

static void
give_gap(struct tcp *t, struct stream *s, uint32_t n, const struct tcp_chunk *c)
{
	size_t before = s->pub.user_bytes;

	s->started = true;
	if (s->pub.ignored || n == 0)
		return;
	t->conf.gap(t->conf.arg, &s->pub, n, &(struct tcp_chunk){ { NULL, 0 }, c->time_ns, c->ip_id });
	account(t, s, before);
}

static void
drop_head(struct tcp *t, struct stream *s)
{
	struct waiting *w = s->head;

	s->head = w->next;
	if (s->head == NULL)
		s->tail = NULL;
	s->waiting--;
	s->waiting_bytes -= w->n;
	t->bytes -= sizeof(*w) + w->n;
	free(w);
}

/*
 * `c` carries the bytes at `seq`, `len` of them on the wire, and seq is not beyond s->next: hands over what is new.
 */
static void
advance(struct tcp *t, struct stream *s, uint32_t seq, uint32_t len, struct tcp_chunk c)
{
	uint32_t old = s->next - seq;
	size_t n = c.data.n;

	if (old >= len)
		return;
	s->next = seq + len;
	c.data = slice_skip(c.data, old);
	give_data(t, s, &c);
	give_gap(t, s, len - (old > n ? old : (uint32_t)n), &c);
}

/* Hands over what waits and has become readable; with `by` (the packet that filled the hole) at that packet's time. */
static void
drain(struct tcp *t, struct stream *s, const struct tcp_chunk *by)
{
	while (s->head != NULL && seq_diff(s->head->seq, s->next) <= 0) {
		struct waiting *w = s->head;
		const struct tcp_chunk own = { { NULL, 0 }, w->time_ns, w->ip_id };
		struct tcp_chunk c = by != NULL ? *by : own;

		c.data = slice_of(w->data, w->n);
		advance(t, s, w->seq, w->len, c);
		drop_head(t, s);
	}
	stall_remove(t, s);
	if (s->head != NULL)
		stall_add(t, s);
}

static void
skip_hole(struct tcp *t, struct stream *s)
{
	const struct tcp_chunk c = { { NULL, 0 }, s->head->time_ns, s->head->ip_id };
	uint32_t n = s->head->seq - s->next;

	s->next = s->head->seq;
	give_gap(t, s, n, &c);
	drain(t, s, NULL);
}

static void
drop_waiting(struct tcp *t, struct stream *s)
{
	while (s->head != NULL)
		drop_head(t, s);
	stall_remove(t, s);
}

/* Ends what the stream was; the entry stays. */
static void
finish(struct tcp *t, struct stream *s, enum tcp_why why)
{
	size_t before;

	while (s->head != NULL && !s->pub.ignored && why != TCP_WHY_EVICTED)
		skip_hole(t, s);
	drop_waiting(t, s);
	before = s->pub.user_bytes;
	if (s->started && !s->pub.closed)
		t->conf.end(t->conf.arg, &s->pub, why);
	s->pub.closed = true;
	s->pub.user = NULL;
	s->pub.user_bytes = 0;
	account(t, s, before);
}

/* After bytes were handed over: are these the last ones, or nobody wants more? */
static void
settle(struct tcp *t, struct stream *s)
{
	if (s->pub.ignored)
		drop_waiting(t, s);
	if (s->has_fin && !s->pub.closed && (s->pub.ignored || seq_diff(s->next, s->fin) >= 0))
		finish(t, s, TCP_WHY_CLOSED);
}

/* Begins (again) with the byte `next`. */
static void
begin(struct tcp *t, struct stream *s, uint32_t next, bool whole)
{
	finish(t, s, TCP_WHY_REUSED);
	s->pub = (struct tcp_stream){ .src = s->pub.src, .dst = s->pub.dst, .whole = whole };
	s->isn = s->next = next;
	s->has_fin = s->started = false;
}

static void
remove_stream(struct tcp *t, struct stream *s, enum tcp_why why)
{
	struct stream **at = &t->bucket[s->bucket];

	finish(t, s, why);
	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	lru_remove(t, s);
	t->streams--;
	t->bytes -= sizeof(*s);
	free(s);
}

static size_t
bucket_of(const struct tcp *t, const struct addr *src, const struct addr *dst)
{
	uint8_t key[36];

	memcpy(key, src->ip, 16);
	memcpy(key + 16, dst->ip, 16);
	memcpy(key + 32, &src->port, 2);
	memcpy(key + 34, &dst->port, 2);
	return hash64_seed(key, sizeof(key), t->conf.seed) % BUCKETS;
}

static struct stream *
find(const struct tcp *t, size_t bucket, const struct addr *src, const struct addr *dst)
{
	struct stream *s;

	for (s = t->bucket[bucket]; s != NULL; s = s->chain)
		if (addr_eq(&s->pub.src, src) && addr_eq(&s->pub.dst, dst))
			break;
	return s;
}

static struct stream *
add(struct tcp *t, size_t bucket, const struct tcp_in *in, uint32_t next, bool whole)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->pub = (struct tcp_stream){ .src = *in->src, .dst = *in->dst, .whole = whole };
	s->isn = s->next = next;
	s->bucket = bucket;
	s->chain = t->bucket[bucket];
	t->bucket[bucket] = s;
	t->streams++;
	t->bytes += sizeof(*s);
	lru_add(t, s);
	return s;
}

/* Bounded; `keep` is in use. */
static void
evict(struct tcp *t, const struct stream *keep)
{
	while ((t->bytes > t->conf.max_bytes || t->streams > t->conf.max_streams) && t->oldest != keep)
		remove_stream(t, t->oldest, TCP_WHY_EVICTED);
}

void
tcp_expire(struct tcp *t, uint64_t now_ns)
{
	if (now_ns > t->now_ns)
		t->now_ns = now_ns;
	while (t->stalled != NULL && t->now_ns - t->stalled->stall_ns > t->conf.hole_ns) {
		struct stream *s = t->stalled;

		skip_hole(t, s);
		settle(t, s);
	}
}

void
tcp_end(struct tcp *t)
{
	while (t->oldest != NULL)
		remove_stream(t, t->oldest, TCP_WHY_END);
}

void
tcp_free(struct tcp *t)
{
	if (t == NULL)
		return;
	tcp_end(t);
	free(t);
}

/* Puts the segment behind the hole. False: another that waits has all of it. */
static bool
wait_for_hole(struct tcp *t, struct stream *s, const struct tcp_in *in, uint32_t seq)
{
	const struct tcp_segment *g = in->seg;
	struct waiting **at = &s->head, *w;

	if (s->tail != NULL && seq_diff(seq, s->tail->seq) > 0)	/* the usual case: behind all others */
		at = &s->tail->next;
	while (*at != NULL && seq_diff((*at)->seq, seq) < 0)
		at = &(*at)->next;
	if (*at != NULL && (*at)->seq == seq && (*at)->len >= g->wire_len)
		return false;
	w = xmalloc(sizeof(*w) + g->data.n);
	*w = (struct waiting){ .next = *at, .seq = seq, .len = g->wire_len, .n = g->data.n, .time_ns = in->time_ns, .ip_id = in->ip_id };
	memcpy(w->data, g->data.p, g->data.n);
	*at = w;
	if (w->next == NULL)
		s->tail = w;
	s->waiting++;
	s->waiting_bytes += w->n;
	t->bytes += sizeof(*w) + w->n;
	stall_add(t, s);
	while (s->head != NULL && (s->waiting_bytes > t->conf.hole_bytes || s->waiting > MAX_WAITING))
		skip_hole(t, s);
	return true;
}

static enum tcp_fate
take_bytes(struct tcp *t, struct stream *s, const struct tcp_in *in, uint32_t seq)
{
	const struct tcp_segment *g = in->seg;
	const struct tcp_chunk c = { g->data, in->time_ns, in->ip_id };
	int32_t ahead = seq_diff(seq, s->next);

	if (ahead > 0)
		return wait_for_hole(t, s, in, seq) ? TCP_DATA : TCP_OLD;
	if ((uint32_t)-ahead >= g->wire_len)
		return TCP_OLD;
	advance(t, s, seq, g->wire_len, c);
	drain(t, s, &c);
	return TCP_DATA;
}

/* Is the segment of this stream, or of a later one with the same addresses and ports whose SYN was not seen? */
static bool
belongs(const struct stream *s, uint32_t seq)
{
	int32_t ahead = seq_diff(seq, s->next);

	return ahead > -WINDOW && (s->pub.closed ? ahead < 0 : ahead < WINDOW);
}

static enum tcp_fate
reset(struct tcp *t, struct stream *s, const struct tcp_in *in)
{
	struct stream *back = find(t, bucket_of(t, in->dst, in->src), in->dst, in->src);

	if (s != NULL && !s->pub.closed && !belongs(s, in->seg->seq))
		return TCP_CONTROL;	/* forged, or of another time: RFC 5961 3 */
	if (s != NULL)
		finish(t, s, TCP_WHY_CLOSED);
	if (back != NULL)
		finish(t, back, TCP_WHY_CLOSED);
	return TCP_CONTROL;
}

/* The stream that the segment belongs to, begun or begun again where needed. */
static struct stream *
stream_for(struct tcp *t, struct stream *s, size_t bucket, const struct tcp_in *in, uint32_t seq)
{
	const struct tcp_segment *g = in->seg;
	bool syn = (g->flags & TCP_SYN) != 0;

	if (s == NULL)
		return add(t, bucket, in, seq, syn);
	lru_remove(t, s);
	lru_add(t, s);
	if (syn ? !(s->pub.whole && s->isn == seq && !s->pub.closed) : !belongs(s, seq))
		begin(t, s, seq, syn);
	else if (s->pub.ignored && !s->pub.closed && g->data.n > 0 && t->conf.wake(t->conf.arg, g->data))
		begin(t, s, seq, false);
	return s;
}

enum tcp_fate
tcp_push(struct tcp *t, const struct tcp_in *in, struct tcp_stream **stream)
{
	const struct tcp_segment *g = in->seg;
	size_t bucket = bucket_of(t, in->src, in->dst);
	uint32_t seq = g->seq + ((g->flags & TCP_SYN) != 0);	/* a SYN takes a number of its own */
	enum tcp_fate fate = TCP_CONTROL;
	struct stream *s;

	*stream = NULL;
	tcp_expire(t, in->time_ns);
	s = find(t, bucket, in->src, in->dst);
	if (g->flags & TCP_RST)
		return reset(t, s, in);
	if (g->wire_len == 0 && ((g->flags & (TCP_SYN | TCP_FIN)) == 0 || (s == NULL && (g->flags & TCP_SYN) == 0)))
		return TCP_CONTROL;
	s = stream_for(t, s, bucket, in, seq);
	*stream = &s->pub;
	if (g->flags & TCP_FIN) {
		s->has_fin = true;
		s->fin = seq + g->wire_len;
	}
	if (g->wire_len > 0)
		fate = s->pub.closed ? TCP_OLD : s->pub.ignored ? TCP_IGNORED : take_bytes(t, s, in, seq);
	if (fate == TCP_IGNORED && seq_diff(seq + g->wire_len, s->next) > 0)
		s->next = seq + g->wire_len;
	settle(t, s);
	evict(t, s);
	return fate;
}
