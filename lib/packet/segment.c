/* SPDX-License-Identifier: MIT */
#include "packet/segment.h"

#include "base/take.h"

enum rc
udp_parse(struct slice in, uint32_t wire_len, struct udp *out)
{
	uint16_t len, sum;
	uint32_t total;

	if (!take_be16(&in, &out->sport) || !take_be16(&in, &out->dport) || !take_be16(&in, &len) || !take_be16(&in, &sum))
		return RC_MORE;
	total = len > 0 ? len : wire_len;
	if (total < 8)
		return RC_BAD;
	out->wire_len = total - 8;
	out->data = slice_head(in, out->wire_len);
	return RC_OK;
}

enum rc
tcp_parse(struct slice in, uint32_t wire_len, struct tcp_segment *out)
{
	size_t head;

	if (in.n < 20)
		return wire_len < 20 ? RC_BAD : RC_MORE;
	head = (size_t)(in.p[12] >> 4) * 4;
	if (head < 20 || head > wire_len)
		return RC_BAD;
	out->sport = load_be16(in.p);
	out->dport = load_be16(in.p + 2);
	out->seq = load_be32(in.p + 4);
	out->flags = in.p[13];
	out->data = slice_skip(in, head);
	out->wire_len = wire_len - (uint32_t)head;
	return RC_OK;
}

struct slice
icmp_quoted(struct slice in, bool v6)
{
	uint8_t type = in.n > 0 ? in.p[0] : 0;
	bool error = v6 ? type >= 1 && type <= 4 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;

	return error && in.n > 8 ? slice_skip(in, 8) : (struct slice){ NULL, 0 };
}
