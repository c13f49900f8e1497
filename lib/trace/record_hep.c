/* SPDX-License-Identifier: MIT */
#include "trace/record_hep.h"

#define NS_PER_S 1000000000u

static void
texts(struct slice attrs, struct hep *h)
{
	struct slice value;
	uint16_t type;

	while (attr_next(&attrs, &type, &value) == RC_OK)
		if (type == ATTR_CORRELATION && h->correlation.p == NULL)
			h->correlation = value;
		else if (type == ATTR_NODE && h->node.p == NULL)
			h->node = value;
}

enum rc
record_to_hep(const struct record *r, const struct hep_conf *c, struct hep *h, struct err *e)
{
	uint64_t sec = r->time_ns / NS_PER_S;

	if (r->kind == KIND_UNKNOWN || r->kind == KIND_HEP)
		return err_set(e, RC_BAD, "a record of kind %u has no HEP type", r->kind);
	if (sec > UINT32_MAX)
		return err_set(e, RC_BAD, "a time after the year 2106: HEP cannot express that");
	*h = (struct hep){
		.version = c->version,
		.ip_proto = hep_proto(r->kind == KIND_LOG ? TRANSPORT_UDP : r->transport),
		.type = r->kind,
		.src = r->src,
		.dst = r->dst,
		.sec = (uint32_t)sec,
		.usec = (uint32_t)(r->time_ns % NS_PER_S / 1000),
		.capture_id = c->has_id ? c->capture_id : r->capture_id != 0 ? r->capture_id : HEP_DEFAULT_ID,
		.key = c->key,
		.payload = r->payload,
	};
	if (r->src.family == FAMILY_NONE)
		h->src.family = h->dst.family = FAMILY_IP4;
	if (r->attrs.n > 0)
		texts(r->attrs, h);
	return RC_OK;
}
