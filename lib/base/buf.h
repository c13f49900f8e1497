/* SPDX-License-Identifier: MIT */
#ifndef BASE_BUF_H
#define BASE_BUF_H
/*
 * buf - owned bytes that grow. Zero-initialise ({ 0 }) or buf_init; buf_reset frees. Allocation failure
 * ends the process (xalloc.h). Pointers into a buf are valid until its next growth.
 */
#include "base/slice.h"

struct buf {
	uint8_t *p;
	size_t n;	/* bytes in use */
	size_t cap;
};

void buf_init(struct buf *b);
void buf_reset(struct buf *b);			/* frees; the buf is empty and usable again */
static inline void buf_clear(struct buf *b) { b->n = 0; }	/* keeps the memory */
static inline struct slice buf_slice(const struct buf *b) { return slice_of(b->p, b->n); }
/* Room for `n` more bytes; returns where they go. b->n is not moved. */
uint8_t *buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
static inline void buf_put(struct buf *b, struct slice s) { buf_add(b, s.p, s.n); }
void buf_str(struct buf *b, const char *s);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
void buf_zero(struct buf *b, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A terminating NUL behind the bytes (not counted in n), for use as a C string. */
const char *buf_cstr(struct buf *b);
#endif
