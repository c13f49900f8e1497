/* SPDX-License-Identifier: MIT */
/*
 * A stream of SIP cut, repeated, shuffled and damaged as the input says, through reassembly and framing. First byte: how. The rest: the
 * stream's bytes in the first half, segments (offset, length, flags, time) in the second. If every byte came once or more, without gap,
 * the messages must be those of the stream in one piece.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/take.h"
#include "packet/tcp.h"
#include "sip/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct seen {
	struct sip_stream sip;
	struct slice all;	/* the stream as it was sent */
	size_t at;		/* bytes handed over or missing so far */
	bool holes, given_up;
	uint64_t messages, hash;
};

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
frame(struct seen *s, const struct sip_frame *f)
{
	must(f->msg.n > 0 && f->wire_len >= f->msg.n);
	must(f->cut || f->wire_len == f->msg.n);
	for (int i = 0; i < SIP_SPANS; i++)
		must((uint64_t)f->index.span[i].off + f->index.span[i].len <= f->msg.n);
	s->messages++;
	s->hash = hash64_mix(s->hash, hash64_slice(f->msg));
}

static void
drain(struct seen *s)
{
	struct sip_frame f;
	enum rc rc;

	while ((rc = sip_stream_next(&s->sip, &f)) == RC_OK)
		frame(s, &f);
	s->given_up = rc == RC_BAD;
	must(sip_stream_held(&s->sip) <= s->all.n);
}

static void
on_data(void *arg, struct tcp_stream *t, const struct tcp_chunk *c)
{
	struct seen *s = arg;

	(void)t;
	must(s->at + c->data.n <= s->all.n && memcmp(s->all.p + s->at, c->data.p, c->data.n) == 0);
	s->at += c->data.n;
	sip_stream_put(&s->sip, c->data);
	drain(s);
}

static void
on_gap(void *arg, struct tcp_stream *t, uint32_t n, const struct tcp_chunk *c)
{
	struct seen *s = arg;
	struct sip_frame f;

	(void)t, (void)c;
	s->at += n;
	s->holes = true;
	must(s->at <= s->all.n);
	if (sip_stream_gap(&s->sip, n, &f) == RC_OK)
		frame(s, &f);
}

static void
on_end(void *arg, struct tcp_stream *t, enum tcp_why why)
{
	(void)arg, (void)t, (void)why;
}

static bool
wakes(void *arg, struct slice data)
{
	(void)arg;
	return sip_looks_like(data);
}

/* One piece, and byte by byte: how a stream is cut changes nothing but where lengths are guessed. */
static void
whole(struct seen *s, struct slice all)
{
	*s = (struct seen){ .all = all };
	sip_stream_init(&s->sip, 1 << 20, true);
	sip_stream_put(&s->sip, all);
	drain(s);
	sip_stream_reset(&s->sip);
}

static bool
guesses(struct slice all)
{
	struct sip_stream st;
	struct sip_frame f;
	bool found = false;

	sip_stream_init(&st, 1 << 20, true);
	sip_stream_put(&st, all);
	while (sip_stream_next(&st, &f) == RC_OK)
		found |= (f.index.flags & SIP_HAS_LENGTH) == 0 || f.index.content_length > (1 << 20) - f.index.body;
	found |= st.junk > 0 || st.state != 0;
	sip_stream_reset(&st);
	return found;
}

static void
push_all(struct tcp *t, struct slice all, struct slice steps, uint32_t first)
{
	struct addr a = { .ip = { 1 }, .port = 1, .family = FAMILY_IP4 }, b = { .ip = { 2 }, .port = 2, .family = FAMILY_IP4 };
	struct tcp_segment g = { .flags = TCP_SYN, .seq = first - 1 };
	struct tcp_in in = { &a, &b, &g, 0, 0 };
	struct tcp_stream *stream;
	uint16_t off, len;
	uint8_t how;

	(void)tcp_push(t, &in, &stream);
	while (take_be16(&steps, &off) && take_be16(&steps, &len) && take_u8(&steps, &how)) {
		struct slice s = slice_head(slice_skip(all, off), len);
		uint8_t *own = malloc(s.n + 1);

		if (s.n > 0)
			memcpy(own, s.p, s.n);
		g = (struct tcp_segment){ .seq = first + off, .data = slice_of(own, how & 1 ? s.n / 2 : s.n), .wire_len = (uint32_t)s.n };
		if (off > all.n)
			g.seq = first + (uint32_t)all.n;
		in.time_ns += (uint64_t)(how >> 1) * 50000000;
		(void)tcp_push(t, &in, &stream);
		free(own);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice in = slice_of(p, n), all, steps;
	struct seen s = { .at = 0 }, one;
	uint32_t first;
	struct tcp *t;

	if (!take_be32(&in, &first))
		return 0;
	all = slice_head(in, in.n / 2 < 60000 ? in.n / 2 : 60000);
	steps = slice_skip(in, all.n);
	whole(&one, all);
	s.all = all;
	sip_stream_init(&s.sip, 1 << 20, true);
	t = tcp_new(&(struct tcp_conf){ .max_bytes = 1 << 20, .hole_bytes = 1 << 14, .max_streams = 10, .hole_ns = 3000000000u,
	    .data = on_data, .gap = on_gap, .end = on_end, .wake = wakes, .arg = &s });
	push_all(t, all, steps, first);
	tcp_free(t);
	if (!s.holes && s.at == all.n && !guesses(all)) {
		must(s.messages == one.messages && s.hash == one.hash);
		must(s.given_up == one.given_up);
	}
	sip_stream_reset(&s.sip);
	return 0;
}
