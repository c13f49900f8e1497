/* SPDX-License-Identifier: MIT */
#include "packet/frag.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"

#define BUCKETS 4096
#define MAX_LEN 65535u
#define MAX_RANGES 256		/* pieces with holes between them: far beyond real reordering */

struct key {
	uint8_t src[16], dst[16];
	uint32_t id;
	uint8_t proto, family;
	uint8_t zero[2];	/* hashed as bytes: no padding */
};

struct range {
	uint32_t start, end;
};

struct datagram {
	struct datagram *chain;			/* in its bucket */
	struct datagram *older, *younger;	/* by time of the first fragment */
	struct key key;
	size_t bucket;
	uint64_t first_ns;
	uint8_t *data;
	size_t cap;
	uint32_t total;		/* 0 = the last fragment has not come */
	uint32_t packets;
	bool dead;		/* overlapped: swallows what still comes */
	size_t ranges;
	struct range range[MAX_RANGES];		/* apart, ascending */
};

struct ip_frag {
	size_t max_bytes, bytes;
	uint64_t timeout_ns, now_ns;
	struct datagram *oldest, *youngest;
	struct datagram *done;			/* lent to the caller */
	struct ip_frag_stats stats;
	struct datagram *bucket[BUCKETS];
};

struct ip_frag *
ip_frag_new(size_t max_bytes, uint64_t timeout_ns)
{
	struct ip_frag *f = xcalloc(1, sizeof(*f));

	f->max_bytes = max_bytes;
	f->timeout_ns = timeout_ns;
	return f;
}

static void
datagram_free(struct datagram *d)
{
	if (d == NULL)
		return;
	free(d->data);
	free(d);
}

/* Out of table and list. */
static void
unlink_datagram(struct ip_frag *f, struct datagram *d)
{
	struct datagram **at = &f->bucket[d->bucket];

	while (*at != d)
		at = &(*at)->chain;
	*at = d->chain;
	*(d->older != NULL ? &d->older->younger : &f->oldest) = d->younger;
	*(d->younger != NULL ? &d->younger->older : &f->youngest) = d->older;
	f->bytes -= sizeof(*d) + d->cap;
	f->stats.held -= d->packets;
}

/* Drops it; its fragments go to the counter. */
static void
drop(struct ip_frag *f, struct datagram *d, uint64_t *counter)
{
	unlink_datagram(f, d);
	*counter += d->packets;
	datagram_free(d);
}

void
ip_frag_end(struct ip_frag *f)
{
	while (f->oldest != NULL)
		drop(f, f->oldest, &f->stats.timed_out);
}

void
ip_frag_free(struct ip_frag *f)
{
	if (f == NULL)
		return;
	ip_frag_end(f);
	datagram_free(f->done);
	free(f);
}

const struct ip_frag_stats *
ip_frag_stats(const struct ip_frag *f)
{
	return &f->stats;
}

void
ip_frag_expire(struct ip_frag *f, uint64_t now_ns)
{
	if (now_ns > f->now_ns)
		f->now_ns = now_ns;
	while (f->oldest != NULL && f->now_ns - f->oldest->first_ns > f->timeout_ns)
		drop(f, f->oldest, &f->stats.timed_out);
}

static struct key
key_of(const struct ip *h)
{
	struct key k = { .id = h->frag_id, .proto = h->proto, .family = h->src.family };

	/* RFC 8200 4.5: IPv6 fragments belong together whatever their Next Header says; RFC 791 3.2 names the protocol */
	if (k.family == FAMILY_IP6)
		k.proto = 0;
	memcpy(k.src, h->src.ip, sizeof(k.src));
	memcpy(k.dst, h->dst.ip, sizeof(k.dst));
	return k;
}

static struct datagram *
find(struct ip_frag *f, const struct ip *h)
{
	struct key k = key_of(h);
	size_t b = hash64(&k, sizeof(k)) % BUCKETS;
	struct datagram *d;

	for (d = f->bucket[b]; d != NULL; d = d->chain)
		if (memcmp(&d->key, &k, sizeof(k)) == 0)
			return d;
	d = xcalloc(1, sizeof(*d));
	d->key = k;
	d->bucket = b;
	d->first_ns = f->now_ns;
	d->chain = f->bucket[b];
	f->bucket[b] = d;
	d->older = f->youngest;
	*(d->older != NULL ? &d->older->younger : &f->oldest) = d;
	f->youngest = d;
	f->bytes += sizeof(*d);
	return d;
}

/* Overlapped: keeps its place, so that later fragments find it, and nothing else. */
static void
kill_datagram(struct ip_frag *f, struct datagram *d)
{
	f->stats.bad += d->packets;
	f->stats.held -= d->packets;
	f->bytes -= d->cap;
	free(d->data);
	d->data = NULL;
	d->cap = d->packets = 0;
	d->ranges = 0;
	d->dead = true;
}

/*
 * Where [start, end) goes among the ranges. RC_OK: *at is its place; RC_END: all of it is there already; RC_BAD: it overlaps.
 */
static enum rc
place(const struct datagram *d, uint32_t start, uint32_t end, size_t *at)
{
	size_t i = d->ranges;

	while (i > 0 && d->range[i - 1].start >= end)
		i--;
	*at = i;
	if (i == 0 || d->range[i - 1].end <= start)
		return RC_OK;
	return d->range[i - 1].start <= start && d->range[i - 1].end >= end ? RC_END : RC_BAD;
}

/* Joins [start, end) to its neighbours at place `at`; false: too many pieces. */
static bool
add_range(struct datagram *d, uint32_t start, uint32_t end, size_t at)
{
	bool left = at > 0 && d->range[at - 1].end == start;
	bool right = at < d->ranges && d->range[at].start == end;

	if (left && right) {
		d->range[at - 1].end = d->range[at].end;
		memmove(&d->range[at], &d->range[at + 1], (--d->ranges - at) * sizeof(*d->range));
	} else if (left) {
		d->range[at - 1].end = end;
	} else if (right) {
		d->range[at].start = start;
	} else {
		if (d->ranges == MAX_RANGES)
			return false;
		memmove(&d->range[at + 1], &d->range[at], (d->ranges++ - at) * sizeof(*d->range));
		d->range[at] = (struct range){ start, end };
	}
	return true;
}

static void
store(struct ip_frag *f, struct datagram *d, uint32_t start, struct slice s)
{
	size_t end = start + s.n;

	if (end > d->cap) {
		size_t cap = end > 2048 ? (end > 16384 ? MAX_LEN : 16384) : 2048;

		d->data = xrealloc(d->data, cap);
		f->bytes += cap - d->cap;
		d->cap = cap;
	}
	if (s.n > 0)
		memcpy(d->data + start, s.p, s.n);
}

/* The lengths of the fragments fit together. */
static bool
plausible(const struct datagram *d, const struct ip *h, uint32_t end)
{
	if (end > MAX_LEN || (h->more && (h->payload_len == 0 || h->payload_len % 8 != 0)))
		return false;
	if (d->total > 0 && (end > d->total || (!h->more && end != d->total)))
		return false;
	return h->more || d->ranges == 0 || d->range[d->ranges - 1].end <= end;
}

static enum rc
refuse(struct ip_frag *f, struct datagram *d, uint32_t packets)
{
	if (!d->dead)
		kill_datagram(f, d);
	f->stats.bad += packets;
	return RC_BAD;
}

static enum rc
add(struct ip_frag *f, struct datagram *d, const struct ip *h, uint32_t packets)
{
	uint32_t start = h->frag_off, end = start + h->payload_len;
	size_t at;
	enum rc rc;

	if (d->dead || !plausible(d, h, end))
		return refuse(f, d, packets);
	rc = place(d, start, end, &at);
	if (rc == RC_END && memcmp(d->data + start, h->payload.p, h->payload.n) == 0) {
		f->stats.copies += packets;
		return RC_MORE;
	}
	if (rc != RC_OK || (end > start && !add_range(d, start, end, at)))
		return refuse(f, d, packets);
	store(f, d, start, h->payload);
	if (!h->more)
		d->total = end;
	d->packets += packets;
	f->stats.held += packets;
	return RC_OK;
}

enum rc
ip_frag_push(struct ip_frag *f, uint64_t now_ns, const struct ip *h, struct slice *out, uint32_t *packets)
{
	struct datagram *d, *was = f->done;
	enum rc rc;

	f->done = NULL;
	ip_frag_expire(f, now_ns);
	d = find(f, h);
	rc = add(f, d, h, *packets);
	if (rc == RC_OK && d->total > 0 && d->ranges == 1 && d->range[0].start == 0 && d->range[0].end == d->total) {
		*out = slice_of(d->data, d->total);
		*packets = d->packets;
		unlink_datagram(f, d);
		f->done = d;
	} else {
		rc = rc == RC_BAD ? RC_BAD : RC_MORE;
		while (f->bytes > f->max_bytes)
			drop(f, f->oldest, &f->stats.evicted);
	}
	datagram_free(was);	/* only now: h may lie in it, where fragments are within fragments */
	return rc;
}
