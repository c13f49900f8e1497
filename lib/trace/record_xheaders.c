/* SPDX-License-Identifier: MIT */
#include "trace/record_xheaders.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "sip/msg.h"
#include "sip/xheaders.h"

struct record_xheaders {
	struct addr_net *from;
	size_t from_n;
	struct id_maker *ids;
	struct buf bytes;	/* payloads and attributes of a batch */
	struct buf attrs;	/* of the record at hand */
	struct xheaders_counts counts;
};

struct record_xheaders *
record_xheaders_new(const struct addr_net *from, size_t n)
{
	struct record_xheaders *x = xcalloc(1, sizeof(*x));

	x->from = xcalloc(n, sizeof(*x->from));
	x->from_n = n;
	if (n > 0)
		memcpy(x->from, from, n * sizeof(*from));
	x->ids = id_maker_new();
	return x;
}

void
record_xheaders_free(struct record_xheaders *x)
{
	if (x == NULL)
		return;
	free(x->from);
	id_maker_free(x->ids);
	buf_reset(&x->bytes);
	buf_reset(&x->attrs);
	free(x);
}

static bool
trusted(const struct record_xheaders *x, const struct addr *src)
{
	for (size_t i = 0; i < x->from_n; i++)
		if (addr_net_has(&x->from[i], src))
			return true;
	return x->from_n == 0;
}

/* The bytes that were appended since the buffer had `from`. It does not move: there is room for the whole batch. */
static struct slice
since(const struct buf *b, size_t from)
{
	return slice_of(b->p + from, b->n - from);
}

/* The index of the payload, as it was and as it is now. */
static void
new_index(struct record *r, const struct xheaders_lines *lines)
{
	if ((r->marks & MARK_SIP) && xheaders_shift(lines, &r->sip) == RC_OK)
		return;
	r->marks &= (uint8_t)~MARK_SIP;
	if (sip_scan(r->payload, &r->sip) == RC_OK)
		r->marks |= MARK_SIP;
}

static void
new_bytes(struct record_xheaders *x, struct record *r, const struct xheaders_lines *lines)
{
	struct slice vlan;
	size_t at = x->bytes.n;

	xheaders_remove(r->payload, lines, &x->bytes);
	r->payload = since(&x->bytes, at);
	r->payload_crc_known = false;
	if ((r->marks & MARK_CUT) && r->orig_len > lines->bytes)
		r->orig_len -= lines->bytes;
	if (!attr_get(r->attrs, ATTR_VLAN, &vlan))
		return;
	buf_clear(&x->attrs);
	attr_copy_without(&x->attrs, r->attrs, ATTR_VLAN);
	at = x->bytes.n;
	buf_put(&x->bytes, buf_slice(&x->attrs));
	r->attrs = since(&x->bytes, at);
}

static void
new_head(struct record *r, const struct xheaders *h)
{
	r->time_ns = h->time_ns;
	r->src = h->src;
	r->dst = h->dst;
	if (r->src.family == FAMILY_NONE)
		r->src = (struct addr){ .family = h->dst.family };
	if (r->dst.family == FAMILY_NONE)
		r->dst = (struct addr){ .family = h->src.family };
	r->transport = h->transport;
	r->direction = slice_ieq(h->direction, SLICE_LIT("in")) ? DIR_IN : h->direction.n > 0 ? DIR_OUT : DIR_UNKNOWN;
	r->ip_id = 0;
}

/* False: the record is left out, which was counted. */
static bool
restore(struct record_xheaders *x, struct record *r)
{
	struct xheaders_lines lines;
	struct xheaders h;

	if (r->kind != KIND_SIP)
		return true;
	if (xheaders_read(r->payload, &h, &lines) != RC_OK) {
		x->counts.without++;
		return false;
	}
	if (!trusted(x, &r->src)) {
		x->counts.untrusted++;
		return false;
	}
	new_head(r, &h);
	new_bytes(x, r, &lines);
	new_index(r, &lines);
	r->id = record_id(x->ids, r);
	r->intact = false;
	return true;
}

size_t
record_xheaders(struct record_xheaders *x, struct record *r, size_t n)
{
	size_t room = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		room += r[i].payload.n + r[i].attrs.n;
	buf_clear(&x->bytes);
	if (room > 0)
		buf_room(&x->bytes, room);
	for (size_t i = 0; i < n; i++)
		if (restore(x, &r[i])) {
			if (kept != i)
				r[kept] = r[i];
			kept++;
		}
	return kept;
}

const struct xheaders_counts *
record_xheaders_counts(const struct record_xheaders *x)
{
	return &x->counts;
}
