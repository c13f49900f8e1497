/* SPDX-License-Identifier: MIT */
#include "trace/copies.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/take.h"
#include "base/xalloc.h"

/*
 * Packets lie in a ring in the order of their coming and are named by their number in it, modulo 2^32. Those that hash alike hang on a
 * list, newest first. What leaves the ring is taken off no list: a number outside of the ring, or not older than the one
 * before it, ends a list. The ring lies in chunks, and moves on by blocks, each stamped with the time of its last packet.
 * Chunks are too small for huge pages: the first touch of one may take 8 ms in a virtual machine, and they gain a tenth at most.
 */
#define BLOCK_BITS 8
#define CHUNK_BITS 14		/* 32-byte packets: chunks of 512 KiB */
#define HEAD_BITS 17		/* 4-byte bucket heads: chunks of 512 KiB */
#define FIRST_LEVEL 10
#define MAX_HELD (UINT32_C(1) << 31)
#define SWEEP_STEPS 1024	/* blocks for each batch: microseconds, and more than a batch can add */
#define SPLIT_AHEAD 16

struct packet {
	uint64_t key;
	uint64_t time_ns;		/* of the first capture of it */
	uint16_t seen[COPIES_POINTS];	/* the first one first */
	uint32_t next;
	uint16_t ip_id;
	bool again;
};
static_assert(sizeof(struct packet) == 32, "two for each cache line");

/* What a record of the batch comes to. */
struct asked {
	uint64_t key, time_ns;
	uint32_t first;		/* number of a packet */
	uint16_t point, ip_id;
	bool sip;
};

struct copies {
	struct copies_conf conf;
	struct hash_key key;
	struct points *points;
	struct clock clock;
	uint64_t keep_ns;
	uint32_t from, to;		/* the ring: numbers from `from`, below `to` */
	uint32_t max_held;
	struct packet **chunk;		/* chunks of them, a power of two: more than the ring can have */
	struct packet *spare;		/* chunks not in use, in a list by their first packet's key */
	uint32_t chunks;
	uint64_t *stamp;		/* of blocks, modulo all in `chunks` */
	uint32_t *heads[1u << (32 - HEAD_BITS)];
	uint64_t buckets;
	unsigned level;			/* 2^level <= buckets < 2^(level + 1) */
	struct asked batch[COPIES_BATCH];
	struct copies_stats stats;
};

struct copies *
copies_new(const struct copies_conf *conf)
{
	struct copies *c = xcalloc(1, sizeof(*c));
	uint64_t bytes = conf->max_bytes > COPIES_MIN_BYTES ? conf->max_bytes : COPIES_MIN_BYTES;
	uint64_t held = bytes / (sizeof(struct packet) + 2 * sizeof(uint32_t));

	c->conf = *conf;
	c->max_held = (uint32_t)(held < MAX_HELD ? held : MAX_HELD);
	c->keep_ns = conf->copy_ns > conf->retransmission_ns ? conf->copy_ns : conf->retransmission_ns;
	c->keep_ns = c->keep_ns < INT64_MAX - COPIES_LATE ? c->keep_ns + COPIES_LATE : INT64_MAX;
	hash_key_init(&c->key, conf->seed);
	c->points = points_new(conf->seed);
	for (c->chunks = 2; c->chunks < (c->max_held >> CHUNK_BITS) + 2; )
		c->chunks *= 2;
	c->chunk = xcalloc(c->chunks, sizeof(struct packet *));
	c->stamp = xhuge((sizeof(uint64_t) * c->chunks) << (CHUNK_BITS - BLOCK_BITS));
	c->from = c->to = 1u << BLOCK_BITS;
	c->level = FIRST_LEVEL;
	c->buckets = 1u << FIRST_LEVEL;
	c->heads[0] = xhuge(sizeof(uint32_t) << HEAD_BITS);
	return c;
}

static void
chunk_free(struct packet *chunk)
{
	xhuge_free(chunk, sizeof(*chunk) << CHUNK_BITS);
}

void
copies_free(struct copies *c)
{
	struct packet *next;

	if (c == NULL)
		return;
	for (uint32_t i = 0; i < c->chunks; i++)
		chunk_free(c->chunk[i]);
	for (; c->spare != NULL; c->spare = next) {
		next = (struct packet *)(uintptr_t)c->spare->key;
		chunk_free(c->spare);
	}
	for (size_t i = 0; i < sizeof(c->heads) / sizeof(c->heads[0]); i++)
		xhuge_free(c->heads[i], sizeof(uint32_t) << HEAD_BITS);
	xhuge_free(c->stamp, (sizeof(uint64_t) * c->chunks) << (CHUNK_BITS - BLOCK_BITS));
	points_free(c->points);
	free(c->chunk);
	free(c);
}

static struct packet **
chunk_of(const struct copies *c, uint32_t n)
{
	return &c->chunk[(n >> CHUNK_BITS) & (c->chunks - 1)];
}

static struct packet *
packet_at(const struct copies *c, uint32_t n)
{
	return *chunk_of(c, n) + (n & ((1u << CHUNK_BITS) - 1));
}

static uint64_t *
stamp_of(const struct copies *c, uint32_t n)
{
	return &c->stamp[(n >> BLOCK_BITS) & ((c->chunks << (CHUNK_BITS - BLOCK_BITS)) - 1)];
}

static bool
is_held(const struct copies *c, uint32_t n)
{
	return n - c->from < c->to - c->from;
}

static uint32_t *
head_at(const struct copies *c, uint64_t bucket)
{
	return &c->heads[bucket >> HEAD_BITS][bucket & ((1u << HEAD_BITS) - 1)];
}

static uint64_t
bucket_of(const struct copies *c, uint64_t key)
{
	uint64_t b = key & (((uint64_t)2 << c->level) - 1);

	return b < c->buckets ? b : b & (((uint64_t)1 << c->level) - 1);
}

/* One step of linear hashing (Litwin 1980): the packets of one bucket are shared with a new one, in their order. */
static void
split_bucket(struct copies *c)
{
	uint64_t fresh = c->buckets, old = fresh - ((uint64_t)1 << c->level), mask = ((uint64_t)2 << c->level) - 1;
	uint32_t **chunk = &c->heads[fresh >> HEAD_BITS], *stay, *go, n, age = c->to - c->from;

	if (*chunk == NULL)
		*chunk = xhuge(sizeof(uint32_t) << HEAD_BITS);
	stay = head_at(c, old);
	go = head_at(c, fresh);
	for (n = *stay; n - c->from < age; ) {
		struct packet *p = packet_at(c, n);
		uint32_t **to = (p->key & mask) == fresh ? &go : &stay;

		if ((p->key & (mask >> 1)) != old)	/* a number of 2^32 packets ago */
			break;
		age = n - c->from;
		**to = n;
		*to = &p->next;
		n = p->next;
	}
	*stay = *go = c->from - 1;
	if (++c->buckets == (uint64_t)2 << c->level)
		c->level++;
	n = *head_at(c, (c->buckets + SPLIT_AHEAD) & (((uint64_t)1 << c->level) - 1));
	if (is_held(c, n))	/* of a split that comes a little later */
		__builtin_prefetch(packet_at(c, n));
}

/* The oldest block leaves the ring. */
static void
drop_block(struct copies *c)
{
	struct packet **left = chunk_of(c, c->from);
	uint32_t end = ((c->from >> BLOCK_BITS) + 1) << BLOCK_BITS;

	c->from = c->to - c->from < end - c->from ? c->to : end;
	if (chunk_of(c, c->from) == left || *left == NULL)
		return;
	(*left)->key = (uintptr_t)c->spare;
	c->spare = *left;
	*left = NULL;
}

/* On the clock of the records; one that has gone back makes all that was before it old. */
static bool
is_old(const struct copies *c, uint32_t n)
{
	return c->clock.now - *stamp_of(c, n) > c->keep_ns;
}

static void
sweep(struct copies *c)
{
	for (int i = 0; i < SWEEP_STEPS && (c->to - c->from) >> BLOCK_BITS > 0 && is_old(c, c->from); i++)
		drop_block(c);
}

static struct packet *
new_packet(struct copies *c)
{
	uint32_t held = c->to - c->from, n;
	struct packet **chunk;

	if (held >= c->max_held) {
		bool old = is_old(c, c->from);

		drop_block(c);
		c->stats.forgotten += old ? 0 : held - (c->to - c->from);
	}
	n = c->to++;
	chunk = chunk_of(c, n);
	if (*chunk == NULL && c->spare != NULL) {
		*chunk = c->spare;
		c->spare = (struct packet *)(uintptr_t)c->spare->key;
	} else if (*chunk == NULL) {
		*chunk = xhuge(sizeof(struct packet) << CHUNK_BITS);
	}
	*stamp_of(c, n) = c->clock.now;
	return packet_at(c, n);
}

static uint64_t
key_of(const struct copies *c, const struct record *r)
{
	uint8_t head[42];

	memcpy(head, r->src.ip, 16);
	memcpy(head + 16, r->dst.ip, 16);
	store_le16(head + 32, r->src.port);
	store_le16(head + 34, r->dst.port);
	head[36] = r->src.family;
	head[37] = r->transport;
	store_le32(head + 38, r->orig_len);
	return hash64_seed(head, sizeof(head), hash64_key(r->payload.p, r->payload.n, &c->key));
}

void
copies_prepare(struct copies *c, const struct record *r, size_t n)
{
	assert(n <= COPIES_BATCH);
	sweep(c);
	for (size_t i = 0; i < n; i++) {
		struct asked *a = &c->batch[i];

		a->key = key_of(c, &r[i]);
		a->time_ns = r[i].time_ns;
		a->point = i == 0 ? points_number(c->points, &r[i]) : points_next(c->points, &r[i - 1], a[-1].point, &r[i]);
		a->ip_id = r[i].ip_id;
		a->sip = r[i].kind == KIND_SIP;
		__builtin_prefetch(head_at(c, bucket_of(c, a->key)), 1);
	}
	for (size_t i = 0; i < n; i++) {
		struct asked *a = &c->batch[i];

		a->first = *head_at(c, bucket_of(c, a->key));
		if (is_held(c, a->first))
			__builtin_prefetch(packet_at(c, a->first), 1);
	}
	for (size_t i = 0; i < n; i++) {	/* one collision in the bucket is usual, two are rare */
		struct asked *a = &c->batch[i];

		if (is_held(c, a->first) && packet_at(c, a->first)->key != a->key &&
		    is_held(c, packet_at(c, a->first)->next))
			__builtin_prefetch(packet_at(c, packet_at(c, a->first)->next), 1);
	}
}

static bool
was_seen(const struct packet *p, uint16_t point)
{
	for (int i = 0; i < COPIES_POINTS; i++)
		if (p->seen[i] == point)
			return true;
	return false;
}

/* Of the alike packets: the one that it is a copy of, and the last one near enough to be sent again. */
struct alike {
	struct packet *packet, *last;
	uint64_t distance;	/* of packet */
	bool same_id;
};

static void
consider(const struct copies *c, const struct asked *a, struct packet *p, struct alike *f)
{
	uint64_t distance = a->time_ns > p->time_ns ? a->time_ns - p->time_ns : p->time_ns - a->time_ns;
	bool same_id = a->ip_id != 0 && a->ip_id == p->ip_id;

	if (f->last == NULL && distance <= c->conf.retransmission_ns && c->conf.retransmission_ns > 0)
		f->last = p;
	if (distance > c->conf.copy_ns || c->conf.copy_ns == 0 || (!same_id && was_seen(p, a->point)))
		return;
	if (f->packet != NULL && (same_id != f->same_id ? f->same_id : distance >= f->distance))
		return;
	f->packet = p;
	f->distance = distance;
	f->same_id = same_id;
}

static void
find(struct copies *c, const struct asked *a, uint32_t *head, struct alike *f)
{
	uint32_t *link = head, n, age = c->to - c->from;
	int alike = 0;

	while ((n = *link) - c->from < age) {
		struct packet *p = packet_at(c, n);

		age = n - c->from;
		if (p->key == a->key && ++alike > COPIES_ALIKE) {	/* nobody makes this list as long as he likes */
			*link = p->next;
			continue;
		}
		if (p->key == a->key)
			consider(c, a, p, f);
		link = &p->next;
	}
}

static struct copies_answer
copy_of(struct copies *c, const struct asked *a, struct packet *p)
{
	struct copies_answer answer = { COPIES_COPY, p->again, was_seen(p, a->point), a->point, { 0 }, (int64_t)(a->time_ns - p->time_ns) };

	memcpy(answer.seen, p->seen, sizeof(answer.seen));
	for (int i = 0; i < COPIES_POINTS && !answer.repeated; i++)
		if (p->seen[i] == 0) {
			p->seen[i] = a->point;
			break;
		}
	c->stats.copies++;
	return answer;
}

struct copies_answer
copies_record(struct copies *c, size_t i)
{
	const struct asked *a = &c->batch[i];
	struct copies_answer answer = { .kind = COPIES_FIRST, .point = a->point };
	struct alike f = { 0 };
	uint32_t *head;
	struct packet *p;

	clock_follow(&c->clock, a->time_ns);
	find(c, a, head_at(c, bucket_of(c, a->key)), &f);
	if (f.packet != NULL)
		return copy_of(c, a, f.packet);
	if (f.last != NULL && a->sip) {
		answer.kind = COPIES_RETRANSMISSION;
		answer.again = true;
		answer.apart_ns = (int64_t)(a->time_ns - f.last->time_ns);
		c->stats.retransmissions++;
	}
	for (int s = 0; s < 2 && 2 * (uint64_t)(c->to - c->from) >= c->buckets; s++)
		split_bucket(c);
	p = new_packet(c);
	head = head_at(c, bucket_of(c, a->key));
	*p = (struct packet){ .key = a->key, .time_ns = a->time_ns, .seen = { a->point }, .next = *head, .ip_id = a->ip_id, .again = answer.again };
	*head = c->to - 1;
	return answer;
}

struct copies_stats
copies_stats(const struct copies *c)
{
	struct copies_stats s = c->stats;

	s.held = c->to - c->from;
	s.bytes = s.held * sizeof(struct packet) + c->buckets * sizeof(uint32_t);
	return s;
}

const struct points *
copies_points(const struct copies *c)
{
	return c->points;
}
