/* SPDX-License-Identifier: MIT */
#include "hep/chunk.h"

#include <stddef.h>

#include "hep/hep.h"

#define FIELD(name) true, offsetof(struct hep, name)
#define NO_FIELD false, 0

const struct hep_chunk_def hep_chunks[HEP_CHUNK_TYPES] = {
	[HEP_FAMILY] = { "address family", HEP_FORM_FAMILY, 1, true, 0 },
	[HEP_IP_PROTO] = { "IP protocol", HEP_FORM_U8, 1, FIELD(ip_proto) },
	[HEP_SRC_IP4] = { "source IPv4 address", HEP_FORM_IP4, 4, FIELD(src) },
	[HEP_DST_IP4] = { "destination IPv4 address", HEP_FORM_IP4, 4, FIELD(dst) },
	[HEP_SRC_IP6] = { "source IPv6 address", HEP_FORM_IP6, 16, FIELD(src) },
	[HEP_DST_IP6] = { "destination IPv6 address", HEP_FORM_IP6, 16, FIELD(dst) },
	[HEP_SRC_PORT] = { "source port", HEP_FORM_U16, 2, FIELD(src.port) },
	[HEP_DST_PORT] = { "destination port", HEP_FORM_U16, 2, FIELD(dst.port) },
	[HEP_SEC] = { "seconds", HEP_FORM_U32, 4, FIELD(sec) },
	[HEP_USEC] = { "microseconds", HEP_FORM_U32, 4, FIELD(usec) },
	[HEP_TYPE] = { "protocol type", HEP_FORM_U8, 1, FIELD(type) },
	[HEP_CAPTURE_ID] = { "capture id", HEP_FORM_U32, 4, FIELD(capture_id) },
	[HEP_KEEP_ALIVE] = { "keep-alive time", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_KEY] = { "authentication key", HEP_FORM_TEXT, 0, FIELD(key) },
	[HEP_PAYLOAD] = { "message", HEP_FORM_PAYLOAD, 0, FIELD(payload) },
	[HEP_PAYLOAD_COMPRESSED] = { "compressed message", HEP_FORM_PAYLOAD, 0, FIELD(payload) },
	[HEP_CORRELATION] = { "correlation id", HEP_FORM_TEXT, 0, FIELD(correlation) },
	[HEP_VLAN] = { "VLAN", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_NODE] = { "node name", HEP_FORM_TEXT, 0, FIELD(node) },
	[HEP_SRC_MAC] = { "source MAC address", HEP_FORM_U64, 8, NO_FIELD },
	[HEP_DST_MAC] = { "destination MAC address", HEP_FORM_U64, 8, NO_FIELD },
	[HEP_ETHERTYPE] = { "Ethernet type", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_TCP_FLAGS] = { "TCP flags", HEP_FORM_U8, 1, NO_FIELD },
	[HEP_TOS] = { "type of service", HEP_FORM_U8, 1, NO_FIELD },
	[HEP_MOS] = { "MOS times 100", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_R_FACTOR] = { "R factor", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_GEO] = { "geographic location", HEP_FORM_TEXT, 0, NO_FIELD },
	[HEP_JITTER] = { "jitter", HEP_FORM_U32, 4, NO_FIELD },
	[HEP_TRANSACTION] = { "transaction type", HEP_FORM_TEXT, 0, NO_FIELD },
	[HEP_JSON_KEYS] = { "JSON keys", HEP_FORM_TEXT, 0, NO_FIELD },
	[HEP_TAG_VALUE] = { "tag value", HEP_FORM_TEXT, 0, NO_FIELD },
	[HEP_TAG_TYPE] = { "tag type", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_EVENT_TYPE] = { "event type", HEP_FORM_U16, 2, NO_FIELD },
	[HEP_GROUP] = { "group id", HEP_FORM_TEXT, 0, NO_FIELD },
};

enum rc
hep3_next(struct slice *in, struct hep3_chunk *c)
{
	struct slice s = *in;
	uint16_t len;

	if (s.n == 0)
		return RC_END;
	if (!take_be16(&s, &c->vendor) || !take_be16(&s, &c->type) || !take_be16(&s, &len))
		return RC_MORE;
	if (len < HEP3_CHUNK_HEAD)
		return RC_BAD;
	if (!take_slice(&s, len - HEP3_CHUNK_HEAD, &c->data))
		return RC_MORE;
	*in = s;
	return RC_OK;
}

enum rc
hep3_next_other(struct slice *in, struct hep3_chunk *c)
{
	while (hep3_next(in, c) == RC_OK)
		if (!hep_chunk_def(c->vendor, c->type)->field)
			return RC_OK;
	return RC_END;
}
