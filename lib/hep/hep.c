/* SPDX-License-Identifier: MIT */
#include "hep/hep.h"

static const struct {
	uint8_t transport, ip_proto;
} protos[] = {
	{ TRANSPORT_UDP, 17 },
	{ TRANSPORT_TCP, 6 },
	{ TRANSPORT_TLS, 22 },
	{ TRANSPORT_WS, 22 },
	{ TRANSPORT_WSS, 22 },
	{ TRANSPORT_SCTP, 132 },
};

#define PROTOS (sizeof(protos) / sizeof(protos[0]))

uint8_t
hep_proto(uint8_t transport)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (protos[i].transport == transport)
			return protos[i].ip_proto;
	return protos[0].ip_proto;
}

uint8_t
hep_transport(uint8_t ip_proto)
{
	for (size_t i = 0; i < PROTOS; i++)
		if (protos[i].ip_proto == ip_proto)
			return protos[i].transport;
	return TRANSPORT_NONE;
}

enum rc
hep_head(const struct hep *h, struct buf *out, struct err *e)
{
	if (h->src.family != h->dst.family)
		return err_set(e, RC_BAD, "IPv4 and IPv6 in one message: HEP cannot express that");
	if (h->src.family != FAMILY_IP4 && h->src.family != FAMILY_IP6)
		return err_set(e, RC_BAD, "no addresses: HEP cannot express that");
	switch (h->version) {
	case 1:
	case 2:
		return hep12_head(h, out, e);
	case 3:
		return hep3_head(h, out, e);
	default:
		return err_set(e, RC_BAD, "HEP version %u does not exist", h->version);
	}
}

enum rc
hep_decode(struct slice *in, struct hep *h)
{
	if (in->n == 0)
		return RC_MORE;
	if (in->p[0] == 1 || in->p[0] == 2)
		return hep12_decode(in, h);
	return hep3_decode(in, h);
}
