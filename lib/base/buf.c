/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/take.h"
#include "base/xalloc.h"

void
buf_init(struct buf *b)
{
	*b = (struct buf){ 0 };
}

void
buf_reset(struct buf *b)
{
	free(b->p);
	buf_init(b);
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->n < n) {
		size_t cap = b->cap > 0 ? b->cap : 256;

		while (cap - b->n < n)
			cap *= 2;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
	return b->p + b->n;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->n += n;
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_u8(struct buf *b, uint8_t v)
{
	*buf_room(b, 1) = v;
	b->n += 1;
}

void
buf_be16(struct buf *b, uint16_t v)
{
	store_be16(buf_room(b, 2), v);
	b->n += 2;
}

void
buf_be32(struct buf *b, uint32_t v)
{
	store_be32(buf_room(b, 4), v);
	b->n += 4;
}

void
buf_le16(struct buf *b, uint16_t v)
{
	store_le16(buf_room(b, 2), v);
	b->n += 2;
}

void
buf_le32(struct buf *b, uint32_t v)
{
	store_le32(buf_room(b, 4), v);
	b->n += 4;
}

void
buf_le64(struct buf *b, uint64_t v)
{
	store_le64(buf_room(b, 8), v);
	b->n += 8;
}

void
buf_zero(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memset(buf_room(b, n), 0, n);
	b->n += n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf((char *)buf_room(b, 64), 64, fmt, ap);
	va_end(ap);
	if (n >= 64)
		n = vsnprintf((char *)buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	va_end(again);
	if (n > 0)
		b->n += (size_t)n;
}

const char *
buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return (const char *)b->p;
}
