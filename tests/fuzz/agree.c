/* SPDX-License-Identifier: MIT */
/* Where libosip2 accepts the bytes as a message, the scanner says the same of it (see ../sip_agree.h for what is left out). */
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
	bool accepted;

	if (full == NULL)
		full = sip_full_new();
	if (!agree_check(full, slice_of(p, n), room, &accepted, &d)) {
		fprintf(stderr, "%s: scanner \"%.*s\", libosip2 \"%.*s\"\n", d.field, SLICE_ARG(d.scan), SLICE_ARG(d.full));
		abort();
	}
	free(room);
	return 0;
}
