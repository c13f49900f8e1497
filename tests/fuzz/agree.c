/* SPDX-License-Identifier: MIT */
/*
 * Where libosip2 accepts the bytes as a message, the scanner says the same of it (see ../sip_agree.h for what is left out), or
 * says that it is unusual: of what breaks the grammar two parsers may make different things, and users of the index are told to
 * ask the full one then.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../sip_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct sip_full *full;
	uint8_t *room = malloc(n + 1);
	struct disagreement d = { 0 };
	struct sip_index x;
	bool accepted;

	if (full == NULL)
		full = sip_full_new();
	if (!agree_check(full, slice_of(p, n), room, &accepted, &d) &&
	    (sip_scan(slice_of(p, n), &x) != RC_OK || (x.flags & SIP_UNUSUAL) == 0)) {
		fprintf(stderr, "%s: scanner \"%.*s\", libosip2 \"%.*s\"\n", d.field, SLICE_ARG(d.scan), SLICE_ARG(d.full));
		abort();
	}
	free(room);
	return 0;
}
