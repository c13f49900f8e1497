/* SPDX-License-Identifier: MIT */
/* pcap - draft-ietf-opsawg-pcap */
#include <inttypes.h>

#include "base/xalloc.h"
#include "capture/format.h"

#define HEADER 24
#define RECORD 16

static const struct {
	uint32_t magic;		/* its bytes read as little-endian */
	bool big, nano;
} magics[] = {
	{ 0xa1b2c3d4, false, false },
	{ 0xd4c3b2a1, true, false },
	{ 0xa1b23c4d, false, true },
	{ 0x4d3cb2a1, true, true },
};

static size_t
magic_of(uint32_t le)
{
	size_t i;

	for (i = 0; i < sizeof(magics) / sizeof(*magics) && magics[i].magic != le; i++)
		;
	return i;
}

bool
pcap_is(uint32_t magic_le)
{
	return magic_of(magic_le) < sizeof(magics) / sizeof(*magics);
}

enum rc
pcap_begin(struct file *f, struct err *e)
{
	size_t m = magic_of(load_le32(f->bytes.have.p));
	enum rc rc = bytes_need(&f->bytes, HEADER, e);
	const uint8_t *p = f->bytes.have.p;

	if (rc != RC_OK)
		return rc == RC_MORE ? err_set(e, RC_BAD, "truncated: the file ends within its header") : rc;
	f->big = magics[m].big;
	f->iface = xmalloc(sizeof(*f->iface));
	/* the upper bits of the last word say whether frames have a check sequence: 4 bytes behind the IP packet, of no matter */
	*f->iface = (struct iface){
		.link = (uint16_t)file_u32(f, p + 20),
		.point = (*f->point)++,
		.per_second = magics[m].nano ? 1000000000 : 1000000,
	};
	f->ifaces = 1;
	f->used = HEADER;
	return RC_OK;
}

enum rc
pcap_next_packet(struct file *f, struct packet *p, struct err *e)
{
	const struct iface *ic = f->iface;
	enum rc rc = bytes_need(&f->bytes, RECORD, e);
	const uint8_t *h;
	uint32_t sub, n, wire;

	if (rc == RC_MORE)
		return err_set(e, RC_BAD, "truncated: ends within the header of packet %" PRIu64, f->packets + 1);
	if (rc != RC_OK)
		return rc;
	h = f->bytes.have.p;
	sub = file_u32(f, h + 4);
	n = file_u32(f, h + 8);
	wire = file_u32(f, h + 12);
	if (n > FILE_MAX_PACKET || sub >= ic->per_second)
		return err_set(e, RC_BAD, "damaged: packet %" PRIu64 " cannot have %" PRIu32 " bytes at %" PRIu32 ".%06" PRIu32,
		    f->packets + 1, n, file_u32(f, h), sub);
	p->time_ns = file_u32(f, h) * UINT64_C(1000000000) + sub * (1000000000 / ic->per_second);
	rc = bytes_need(&f->bytes, RECORD + n, e);
	if (rc == RC_MORE)
		return err_set(e, RC_BAD, "truncated: packet %" PRIu64 " has %zu of %" PRIu32 " bytes",
		    f->packets + 1, f->bytes.have.n - RECORD, n);
	if (rc != RC_OK)
		return rc;
	p->data = slice_of(f->bytes.have.p + RECORD, n);
	p->wire_len = wire > n ? wire : n;
	p->link = ic->link;
	p->point = ic->point;
	f->used = RECORD + n;
	f->packets++;
	return RC_OK;
}
