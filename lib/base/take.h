/* SPDX-License-Identifier: MIT */
#ifndef BASE_TAKE_H
#define BASE_TAKE_H
/*
 * take - checked reads of wire data.
 *
 * take_X(&in, &out) reads from the front of `in` and advances it. Where `in`
 * is too short it returns false and leaves both untouched. load_X and store_X
 * are the unchecked ones for memory whose size was checked; neither needs
 * alignment.
 */
#include "base/slice.h"

static inline uint16_t
load_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
load_be64(const uint8_t *p)
{
	return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

static inline uint16_t
load_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
load_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint64_t
load_le64(const uint8_t *p)
{
	return (uint64_t)load_le32(p + 4) << 32 | load_le32(p);
}

static inline void
store_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
store_be32(uint8_t *p, uint32_t v)
{
	store_be16(p, (uint16_t)(v >> 16));
	store_be16(p + 2, (uint16_t)v);
}

static inline void
store_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
store_le32(uint8_t *p, uint32_t v)
{
	store_le16(p, (uint16_t)v);
	store_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void
store_le64(uint8_t *p, uint64_t v)
{
	store_le32(p, (uint32_t)v);
	store_le32(p + 4, (uint32_t)(v >> 32));
}

static inline bool
take_slice(struct slice *in, size_t n, struct slice *out)
{
	if (in->n < n)
		return false;
	*out = (struct slice){ in->p, n };
	in->p += n;
	in->n -= n;
	return true;
}

static inline bool
take_skip(struct slice *in, size_t n)
{
	struct slice gone;

	return take_slice(in, n, &gone);
}

#define TAKE_DEF(name, type, size, expr)			\
	static inline bool take_##name(struct slice *in, type *out) \
	{							\
		const uint8_t *p = in->p;			\
		if (in->n < (size))				\
			return false;				\
		*out = (expr);					\
		in->p += (size);				\
		in->n -= (size);				\
		return true;					\
	}
TAKE_DEF(u8, uint8_t, 1, p[0])
TAKE_DEF(be16, uint16_t, 2, load_be16(p))
TAKE_DEF(be32, uint32_t, 4, load_be32(p))
TAKE_DEF(be64, uint64_t, 8, load_be64(p))
TAKE_DEF(le16, uint16_t, 2, load_le16(p))
TAKE_DEF(le32, uint32_t, 4, load_le32(p))
TAKE_DEF(le64, uint64_t, 8, load_le64(p))
#undef TAKE_DEF
#endif
