/* SPDX-License-Identifier: MIT */
/* pcapng - draft-ietf-opsawg-pcapng, section and block numbers of draft-ietf-opsawg-pcapng-03 */
#include <inttypes.h>

#include "base/xalloc.h"
#include "capture/format.h"

#define BLOCK 12			/* type, length, length again */
#define MAX_BLOCK (FILE_MAX_PACKET + (1u << 20))
#define MAX_IFACES 60000		/* a capture point has 16 bits */
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

enum { BLOCK_IDB = 1, BLOCK_PB = 2, BLOCK_SPB = 3, BLOCK_EPB = 6 };
enum { OPT_END = 0, IF_TSRESOL = 9, IF_TSOFFSET = 14 };

/* Makes a whole block readable; *body is what is between its lengths. */
static enum rc
next_block(struct file *f, uint32_t *type, struct slice *body, struct err *e)
{
	enum rc rc = bytes_need(&f->bytes, BLOCK, e);
	const uint8_t *p = f->bytes.have.p;
	uint32_t n;

	if (rc == RC_MORE)
		return err_set(e, RC_BAD, "truncated: ends within a block's header after packet %" PRIu64, f->packets);
	if (rc != RC_OK)
		return rc;
	if (load_le32(p) == PCAPNG_MAGIC) {	/* a section's header says its byte order: 4.1 */
		f->big = load_be32(p + 8) == BYTE_ORDER_MAGIC;
		if (!f->big && load_le32(p + 8) != BYTE_ORDER_MAGIC)
			return err_set(e, RC_BAD, "damaged: section header without byte order after packet %" PRIu64, f->packets);
	}
	*type = file_u32(f, p);
	n = file_u32(f, p + 4);
	if (n < BLOCK || n % 4 != 0 || n > MAX_BLOCK)
		return err_set(e, RC_BAD, "damaged: block of %" PRIu32 " bytes after packet %" PRIu64, n, f->packets);
	rc = bytes_need(&f->bytes, n, e);
	if (rc == RC_MORE)
		return err_set(e, RC_BAD, "truncated: block after packet %" PRIu64 " has %zu of %" PRIu32 " bytes",
		    f->packets, f->bytes.have.n, n);
	if (rc != RC_OK)
		return rc;
	p = f->bytes.have.p;
	if (file_u32(f, p + n - 4) != n)
		return err_set(e, RC_BAD, "damaged: block after packet %" PRIu64 " has two lengths", f->packets);
	*body = slice_of(p + 8, n - BLOCK);
	f->used = n;
	return RC_OK;
}

/* 10^-n, or 2^-n with the upper bit (4.2, if_tsresol). */
static uint64_t
resolution(uint8_t v)
{
	uint64_t r = 1;

	if (v & 0x80)
		return (v & 0x7f) < 64 ? UINT64_C(1) << (v & 0x7f) : 0;
	for (; v > 0 && r <= UINT64_MAX / 10; v--)
		r *= 10;
	return v == 0 ? r : 0;
}

static uint64_t
file_u64(const struct file *f, const uint8_t *p)
{
	return f->big ? load_be64(p) : load_le64(p);
}

static void
iface_options(const struct file *f, struct slice s, struct iface *ic)
{
	while (s.n >= 4) {
		uint16_t code = file_u16(f, s.p), n = file_u16(f, s.p + 2);
		const uint8_t *v = s.p + 4;

		if (code == OPT_END || n > s.n - 4)
			return;
		if (code == IF_TSRESOL && n == 1)
			ic->per_second = resolution(v[0]);
		if (code == IF_TSOFFSET && n == 8)
			ic->offset_s = (int64_t)file_u64(f, v);
		s = slice_skip(s, 4 + (n + 3u) / 4 * 4);
	}
}

static enum rc
interface_block(struct file *f, struct slice body, struct err *e)
{
	struct iface ic = { .per_second = 1000000 };

	if (body.n < 8 || f->ifaces == MAX_IFACES)
		return err_set(e, RC_BAD, "damaged: interface block after packet %" PRIu64, f->packets);
	ic.link = file_u16(f, body.p);
	ic.snaplen = file_u32(f, body.p + 4);
	iface_options(f, slice_skip(body, 8), &ic);
	if (ic.per_second == 0)
		return err_set(e, RC_BAD, "interface %zu has a time resolution that no clock has", f->ifaces);
	ic.point = (*f->point)++;
	f->iface = xrealloc(f->iface, (f->ifaces + 1) * sizeof(*f->iface));
	f->iface[f->ifaces++] = ic;
	return RC_OK;
}

static uint64_t
to_ns(const struct iface *ic, uint64_t units)
{
	uint64_t s = units / ic->per_second, rest = units % ic->per_second;
	uint64_t ns = (uint64_t)((__extension__ (unsigned __int128)rest) * 1000000000 / ic->per_second);

	return (s + (uint64_t)ic->offset_s) * 1000000000 + ns;
}

static enum rc
packet(struct file *f, struct packet *p, uint32_t iface, struct slice data, uint32_t n, uint32_t wire, struct err *e)
{
	if (iface >= f->ifaces)
		return err_set(e, RC_BAD, "damaged: packet %" PRIu64 " is of interface %" PRIu32 ", which the file does not have",
		    f->packets + 1, iface);
	if (n > data.n)
		return err_set(e, RC_BAD, "damaged: packet %" PRIu64 " has more bytes than its block", f->packets + 1);
	p->data = slice_head(data, n);
	p->wire_len = wire > n ? wire : n;
	p->link = f->iface[iface].link;
	p->point = f->iface[iface].point;
	f->packets++;
	return RC_OK;
}

/* Enhanced packet block (4.3) and its forerunner (appendix A), which has a 16 bit interface and a drop count. */
static enum rc
packet_block(struct file *f, uint32_t type, struct slice b, struct packet *p, struct err *e)
{
	uint32_t iface;
	enum rc rc;

	if (b.n < 20)
		return err_set(e, RC_BAD, "damaged: packet %" PRIu64 " has a block that is too short", f->packets + 1);
	iface = type == BLOCK_EPB ? file_u32(f, b.p) : file_u16(f, b.p);
	rc = packet(f, p, iface, slice_skip(b, 20), file_u32(f, b.p + 12), file_u32(f, b.p + 16), e);
	if (rc == RC_OK)
		p->time_ns = to_ns(&f->iface[iface], (uint64_t)file_u32(f, b.p + 4) << 32 | file_u32(f, b.p + 8));
	return rc;
}

/* Simple packet block (4.4): interface 0, no time, cut to the interface's snaplen. */
static enum rc
simple_block(struct file *f, struct slice b, struct packet *p, struct err *e)
{
	uint32_t wire, n;

	if (b.n < 4)
		return err_set(e, RC_BAD, "damaged: packet %" PRIu64 " has a block that is too short", f->packets + 1);
	n = wire = file_u32(f, b.p);
	if (f->ifaces > 0 && f->iface[0].snaplen > 0 && n > f->iface[0].snaplen)
		n = f->iface[0].snaplen;
	p->time_ns = 0;
	return packet(f, p, 0, slice_skip(b, 4), n, wire, e);
}

enum rc
pcapng_next_packet(struct file *f, struct packet *p, struct err *e)
{
	struct slice body = { NULL, 0 };
	uint32_t type = 0;
	enum rc rc;

	while ((rc = next_block(f, &type, &body, e)) == RC_OK) {
		switch (type) {
		case PCAPNG_MAGIC:
			f->ifaces = 0;
			break;
		case BLOCK_IDB:
			rc = interface_block(f, body, e);
			break;
		case BLOCK_EPB:
		case BLOCK_PB:
			return packet_block(f, type, body, p, e);
		case BLOCK_SPB:
			return simple_block(f, body, p, e);
		}
		if (rc != RC_OK)
			return rc;
		bytes_used(&f->bytes, f->used);
		f->used = 0;
	}
	return rc;
}
