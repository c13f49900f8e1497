/* SPDX-License-Identifier: MIT */
#include "sip/xheaders.h"

#include <inttypes.h>

#define NS_PER_S 1000000000u

enum rc
xheaders_place(const struct sip_index *x, struct slice msg, size_t *off)
{
	size_t at = x->body;

	if (at == 0 || at > msg.n || msg.p[at - 1] != '\n')
		return RC_BAD;
	at--;
	if (at > 0 && msg.p[at - 1] == '\r')
		at--;
	*off = at;
	return RC_OK;
}

static void
line(struct buf *out, const char *name, struct slice value)
{
	buf_str(out, name);
	buf_put(out, value.n > 0 ? value : SLICE_LIT("-"));
	buf_str(out, "\r\n");
}

static void
socket_line(struct buf *out, const char *name, uint8_t transport, const struct addr *a)
{
	char text[SOCKET_TEXT];

	socket_format(transport != TRANSPORT_NONE ? transport : TRANSPORT_UDP, a, text);
	line(out, name, slice_str(text));
}

void
xheaders_write(const struct xheaders *x, struct buf *out)
{
	socket_line(out, "X-Siptrace-Fromip: ", x->transport, &x->src);
	socket_line(out, "X-Siptrace-Toip: ", x->transport, &x->dst);
	buf_printf(out, "X-Siptrace-Time: %" PRIu64 " %" PRIu64 "\r\n", x->time_ns / NS_PER_S, x->time_ns % NS_PER_S / 1000);
	line(out, "X-Siptrace-Method: ", x->method);
	line(out, "X-Siptrace-Dir: ", x->direction);
}
