/* SPDX-License-Identifier: MIT */
#include "cli/deliver.h"
#include "cli/hepopt.h"
#include "hep/stream.h"
#include "sip/xheaders.h"

enum deliver_verdict
deliver_hep(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch, struct datagram *d, struct err *e)
{
	const struct hep_conf *conf = arg;
	struct record sent;

	d->part[1] = r->payload;
	if (r->kind == KIND_HEP) {
		if (hep_stream_fits(r->payload))
			return DELIVER_SEND;
		err_set(e, RC_BAD, "a HEP packet does not say where it ends (version 1 or 2, or damaged): only UDP carries it");
		return DELIVER_SEND_UDP;
	}
	if (r->kind == KIND_LOG && r->src.family == FAMILY_NONE && ends->local != NULL) {
		/* siptrace's hlog() shows the addresses of the HEP packet itself */
		sent = *r;
		sent.src = *ends->local;
		sent.dst = *ends->peer;
		r = &sent;
	}
	if (hepopt_head(r, conf, scratch, e) != RC_OK)
		return DELIVER_UNSENDABLE;
	d->part[0] = buf_slice(scratch);
	return DELIVER_SEND;
}

/* Of a reply it is the CSeq's, as siptrace stores it. */
static struct slice
method_of(const struct record *r)
{
	return sip_part(&r->sip, r->payload, r->sip.status != 0 ? SIP_SPAN_CSEQ_METHOD : SIP_SPAN_METHOD);
}

enum deliver_verdict
deliver_sip(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch, struct datagram *d, struct err *e)
{
	const bool *xheaders = arg;
	size_t off;

	(void)ends;
	if (r->kind != KIND_SIP)
		return DELIVER_NOT_OURS;
	d->part[0] = r->payload;
	if (!*xheaders)
		return DELIVER_SEND;
	if (!(r->marks & MARK_SIP) || xheaders_place(&r->sip, r->payload, &off) != RC_OK) {
		err_set(e, RC_BAD, "no empty line ends its headers, so X-headers have no place");
		return DELIVER_UNSENDABLE;
	}
	xheaders_write(&(struct xheaders){
	    .transport = r->transport,
	    .src = r->src,
	    .dst = r->dst,
	    .time_ns = r->time_ns,
	    .method = method_of(r),
	    .direction = slice_str(direction_name(r->direction)),
	}, scratch);
	d->part[0] = slice_head(r->payload, off);
	d->part[1] = buf_slice(scratch);
	d->part[2] = slice_skip(r->payload, off);
	return DELIVER_SEND;
}
