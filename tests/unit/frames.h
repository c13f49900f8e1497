/* SPDX-License-Identifier: MIT */
#ifndef UNIT_FRAMES_H
#define UNIT_FRAMES_H
/* Packets made by hand, for tests of what takes them apart: each function puts its header before what `b` holds. */
#include "base/buf.h"
#include "base/take.h"
#include "packet/packet.h"
#include "test.h"

static inline void
frame_before(struct buf *b, const void *head, size_t n)
{
	buf_room(b, n);
	memmove(b->p + n, b->p, b->n);
	memcpy(b->p, head, n);
	b->n += n;
}

static inline void
frame_udp(struct buf *b, uint16_t sport, uint16_t dport)
{
	uint8_t h[8] = { 0 };

	store_be16(h, sport);
	store_be16(h + 2, dport);
	store_be16(h + 4, (uint16_t)(b->n + 8));
	frame_before(b, h, sizeof(h));
}

static inline void
frame_tcp(struct buf *b, uint16_t sport, uint16_t dport, uint32_t seq, uint8_t flags)
{
	uint8_t h[20] = { 0 };

	store_be16(h, sport);
	store_be16(h + 2, dport);
	store_be32(h + 4, seq);
	h[12] = 5 << 4;
	h[13] = flags;
	frame_before(b, h, sizeof(h));
}

/* 192.0.2.src to 192.0.2.dst; `frag` is the word of flags and offset. */
static inline void
frame_ip4(struct buf *b, uint8_t proto, uint8_t src, uint8_t dst, uint16_t id, uint16_t frag)
{
	uint8_t h[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, proto, 0, 0, 192, 0, 2, src, 192, 0, 2, dst };

	store_be16(h + 2, (uint16_t)(b->n + 20));
	store_be16(h + 4, id);
	store_be16(h + 6, frag);
	frame_before(b, h, sizeof(h));
}

/* 2001:db8::src to 2001:db8::dst. */
static inline void
frame_ip6(struct buf *b, uint8_t next, uint8_t src, uint8_t dst)
{
	uint8_t h[40] = { 0x60, 0, 0, 0, 0, 0, next, 64, 0x20, 0x01, 0x0d, 0xb8, [23] = src,
		[24] = 0x20, [25] = 0x01, [26] = 0x0d, [27] = 0xb8, [39] = dst };

	store_be16(h + 4, (uint16_t)b->n);
	frame_before(b, h, sizeof(h));
}

static inline void
frame_type(struct buf *b, uint16_t type)
{
	uint8_t h[2];

	store_be16(h, type);
	frame_before(b, h, sizeof(h));
}

static inline void
frame_ether(struct buf *b, uint16_t type)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };

	frame_type(b, type);
	frame_before(b, macs, sizeof(macs));
}

static inline void
frame_start(struct buf *b, const char *payload)
{
	buf_clear(b);
	buf_str(b, payload);
}
#endif
