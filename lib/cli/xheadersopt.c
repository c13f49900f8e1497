/* SPDX-License-Identifier: MIT */
#include "cli/xheadersopt.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "cli/diag.h"

struct xheadersopt xheadersopt;

struct record_xheaders *
xheadersopt_new(void)
{
	const struct strs *from = &xheadersopt.from;
	struct addr_net *nets = xcalloc(from->n, sizeof(*nets));
	struct record_xheaders *x = NULL;

	if (from->n > 0 && !xheadersopt.on)
		diag_usage("--xheaders-from says whose X-headers are believed: it goes with --xheaders");
	for (size_t i = 0; i < from->n; i++)
		if (addr_net_parse(slice_str(from->v[i]), false, &nets[i]) != RC_OK)
			diag_usage("--xheaders-from: \"%s\" is no ADDR[/LEN]", from->v[i]);
	if (xheadersopt.on)
		x = record_xheaders_new(nets, from->n);
	free(nets);
	return x;
}

void
xheadersopt_say(const struct record_xheaders *x)
{
	const struct xheaders_counts *c = x != NULL ? record_xheaders_counts(x) : NULL;

	if (c != NULL && c->without > 0)
		diag("%" PRIu64 " messages without (whole) X-headers left out", c->without);
	if (c != NULL && c->untrusted > 0)
		diag("%" PRIu64 " messages with X-headers from elsewhere than --xheaders-from left out", c->untrusted);
}
