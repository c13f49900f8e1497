/* SPDX-License-Identifier: MIT */
#include "capture/restore.h"

bool
restore_original(struct record_xheaders *x, const struct locals *locals, struct record *r, struct counter *no_xheaders,
    struct counter *untrusted)
{
	const struct xheaders_counts *c = record_xheaders_counts(x);

	if (record_xheaders(x, r, 1) == 0) {
		no_xheaders->value = c->without;
		untrusted->value = c->untrusted;
		return false;
	}
	if (r->direction == DIR_UNKNOWN && locals != NULL)
		r->direction = locals_direction(locals, &r->src, &r->dst);
	return true;
}
