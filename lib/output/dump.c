/* SPDX-License-Identifier: MIT */
#include "output/dump.h"

#include "base/take.h"
#include "output/escape.h"

enum {
	LINKTYPE_RAW = 101,
	SNAPLEN = 262144,
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_IF_NAME = 2,
	OPT_EPB_FLAGS = 2,
	OPT_SHB_APPLICATION = 4,
	OPT_IF_TSRESOL = 9,
	COMMENT_MAX = 4096,
};

static void
put_bytes(struct buf *out, const struct packet *p)
{
	buf_add(out, p->head, p->head_n);
	buf_put(out, p->data);
	buf_zero(out, p->pad);
}

static uint32_t
captured(const struct packet *p)
{
	return (uint32_t)(p->head_n + p->data.n + p->pad);
}

void
dump_pcap_begin(struct buf *out)
{
	buf_le32(out, 0xa1b23c4d);
	buf_le16(out, 2);
	buf_le16(out, 4);
	buf_zero(out, 8);
	buf_le32(out, SNAPLEN);
	buf_le32(out, LINKTYPE_RAW);
}

void
dump_pcap_packet(struct buf *out, const struct record *r, const struct packet *p)
{
	uint64_t s = r->time_ns / 1000000000;

	buf_le32(out, s > UINT32_MAX ? UINT32_MAX : (uint32_t)s);
	buf_le32(out, (uint32_t)(r->time_ns % 1000000000));
	buf_le32(out, captured(p));
	buf_le32(out, p->wire);
	put_bytes(out, p);
}

static void
pad4(struct buf *out, size_t start)
{
	buf_zero(out, -(out->n - start) & 3);
}

static void
put_option(struct buf *out, uint16_t code, struct slice value)
{
	size_t start;

	buf_le16(out, code);
	buf_le16(out, (uint16_t)value.n);
	start = out->n;
	buf_put(out, value);
	pad4(out, start);
}

/* A block's length stands at both its ends. `start`: where it began. */
static void
block_end(struct buf *out, size_t start)
{
	uint32_t n = (uint32_t)(out->n - start) + 4;

	buf_le32(out, n);
	store_le32(out->p + start + 4, n);
}

static size_t
block_begin(struct buf *out, uint32_t type)
{
	size_t start = out->n;

	buf_le32(out, type);
	buf_le32(out, 0);
	return start;
}

void
dump_pcapng_begin(struct buf *out, struct dump_section *s)
{
	size_t start = block_begin(out, BLOCK_SECTION);

	*s = (struct dump_section){ .n = 0 };
	buf_le32(out, 0x1a2b3c4d);
	buf_le16(out, 1);
	buf_le16(out, 0);
	buf_le64(out, UINT64_MAX);	/* section length: not given */
	put_option(out, OPT_SHB_APPLICATION, SLICE_LIT("siptrace-tools"));
	put_option(out, OPT_END, slice_of(NULL, 0));
	block_end(out, start);
}

static void
interface_block(struct buf *out, uint8_t point)
{
	struct buf name = { 0 };
	size_t start = block_begin(out, BLOCK_INTERFACE);

	buf_le16(out, LINKTYPE_RAW);
	buf_le16(out, 0);
	buf_le32(out, SNAPLEN);
	buf_printf(&name, "point %u%s", point, point == DUMP_INTERFACES - 1 ? " and above" : "");
	put_option(out, OPT_IF_NAME, buf_slice(&name));
	put_option(out, OPT_IF_TSRESOL, SLICE_LIT("\x09"));
	put_option(out, OPT_END, slice_of(NULL, 0));
	block_end(out, start);
	buf_reset(&name);
}

/* The comment option, if the record has anything to say; cut where it is long. */
static void
put_comment(struct buf *out, const struct record *r)
{
	static const struct { uint8_t type; const char *name; } parts[] = {
		{ ATTR_CORRELATION, "corr=" }, { ATTR_USER, "user=" }, { ATTR_NODE, "node=" }, { ATTR_COMMENT, "comment=" },
	};
	struct slice rest = r->attrs, v;
	size_t option = out->n, start = option + 4;
	uint16_t type;

	buf_le16(out, OPT_COMMENT);
	buf_le16(out, 0);
	while (rest.n > 0 && attr_next(&rest, &type, &v) == RC_OK)
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			if (parts[i].type == type && out->n - start + v.n * 4 < COMMENT_MAX) {
				if (out->n > start)
					buf_u8(out, ' ');
				buf_str(out, parts[i].name);
				escape_word(out, v);
			}
	if (out->n == start) {
		out->n = option;
		return;
	}
	store_le16(out->p + option + 2, (uint16_t)(out->n - start));
	pad4(out, start);
}

void
dump_pcapng_packet(struct buf *out, struct dump_section *s, const struct record *r, const struct packet *p, bool first)
{
	uint8_t point = r->capture_point < DUMP_INTERFACES ? (uint8_t)r->capture_point : DUMP_INTERFACES - 1;
	size_t start, data;

	if (!s->known[point]) {
		s->known[point] = true;
		s->id[point] = s->n++;
		interface_block(out, point);
	}
	start = block_begin(out, BLOCK_PACKET);
	buf_le32(out, s->id[point]);
	buf_le32(out, (uint32_t)(r->time_ns >> 32));
	buf_le32(out, (uint32_t)r->time_ns);
	buf_le32(out, captured(p));
	buf_le32(out, p->wire);
	data = out->n;
	put_bytes(out, p);
	pad4(out, data);
	data = out->n;
	if (first && r->attrs.n > 0)
		put_comment(out, r);
	if (r->direction == DIR_IN || r->direction == DIR_OUT)	/* bits 0-1: 01 inbound, 10 outbound */
		put_option(out, OPT_EPB_FLAGS, slice_of((uint8_t[]){ r->direction, 0, 0, 0 }, 4));
	if (out->n > data)
		put_option(out, OPT_END, slice_of(NULL, 0));
	block_end(out, start);
}
