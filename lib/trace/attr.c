/* SPDX-License-Identifier: MIT */
#include "base/take.h"
#include "trace/record.h"

/*
 * An attribute is type u16, length u16, value, zeros to a multiple of 4; the block is filled up to a multiple of 8 by an
 * attribute of type 0 and length 0.
 */
#define ATTR_PAD 0
#define ATTR_HEAD 4

enum rc
attr_next(struct slice *rest, uint16_t *type, struct slice *value)
{
	struct slice s = *rest, v;
	uint16_t t, len;

	do {
		if (s.n == 0)
			return RC_END;
		if (!take_le16(&s, &t) || !take_le16(&s, &len) || !take_slice(&s, len, &v) || !take_skip(&s, -len & 3))
			return RC_BAD;
	} while (t == ATTR_PAD);
	*rest = s;
	*type = t;
	*value = v;
	return RC_OK;
}

bool
attr_get(struct slice attrs, uint16_t type, struct slice *value)
{
	struct slice v;
	uint16_t t;

	while (attr_next(&attrs, &t, &v) == RC_OK)
		if (t == type) {
			*value = v;
			return true;
		}
	return false;
}

/* Without the filler at the end, so that one more attribute can follow. */
static void
strip_filler(struct buf *attrs)
{
	if (attrs->n >= 8 && load_le32(attrs->p + attrs->n - ATTR_HEAD) == 0) {
		struct slice rest = buf_slice(attrs), value;
		size_t end = 0;
		uint16_t type;

		while (attr_next(&rest, &type, &value) == RC_OK)
			end = attrs->n - rest.n;
		attrs->n = end;
	}
}

/* `head` and `value` one behind the other. */
static enum rc
add(struct buf *attrs, uint16_t type, struct slice head, struct slice value)
{
	size_t n = head.n + value.n;

	if (n > UINT16_MAX || attrs->n + ATTR_HEAD + (n + 3) / 4 * 4 + ATTR_HEAD > TRACE_MAX_ATTRS)
		return RC_LIMIT;
	buf_le16(attrs, type);
	buf_le16(attrs, (uint16_t)n);
	buf_put(attrs, head);
	buf_put(attrs, value);
	buf_zero(attrs, -n & 3);
	return RC_OK;
}

enum rc
attr_add(struct buf *attrs, uint16_t type, struct slice value)
{
	return add(attrs, type, (struct slice){ NULL, 0 }, value);
}

enum rc
attr_add_vendor(struct buf *attrs, uint16_t vendor, uint16_t chunk_type, struct slice data)
{
	uint8_t head[4];

	store_le16(head, vendor);
	store_le16(head + 2, chunk_type);
	return add(attrs, ATTR_VENDOR, slice_of(head, sizeof(head)), data);
}

bool
attr_vendor(struct slice value, uint16_t *vendor, uint16_t *chunk_type, struct slice *data)
{
	if (!take_le16(&value, vendor) || !take_le16(&value, chunk_type))
		return false;
	*data = value;
	return true;
}

void
attr_end(struct buf *attrs)
{
	buf_zero(attrs, -attrs->n & 7);
}

enum rc
attr_put(struct buf *attrs, uint16_t type, struct slice value)
{
	enum rc rc;

	strip_filler(attrs);
	rc = attr_add(attrs, type, value);
	attr_end(attrs);
	return rc;
}

void
attr_copy_without(struct buf *attrs, struct slice from, uint16_t type)
{
	struct slice value;
	uint16_t t;

	strip_filler(attrs);
	while (attr_next(&from, &t, &value) == RC_OK)
		if (t != type) {
			buf_le16(attrs, t);
			buf_le16(attrs, (uint16_t)value.n);
			buf_put(attrs, value);
			buf_zero(attrs, -value.n & 3);
		}
	buf_zero(attrs, -attrs->n & 7);
}
