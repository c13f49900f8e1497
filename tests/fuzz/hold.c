/* SPDX-License-Identifier: MIT */
/* Any order of operations on hold, beside its model. The first two bytes choose bounds and order, the others what is done. */
#include <stdlib.h>

#include "../hold_model.h"

static unsigned
number(void *arg, unsigned below)
{
	struct slice *in = arg;
	unsigned v = in->n > 0 ? in->p[0] : 0;

	*in = slice_skip(*in, 1);
	return v % below;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct hold_model *m = calloc(1, sizeof(*m));

	m->number = number;
	m->arg = &in;
	model_open(m, number(&in, 2) == 0, 5000000000ULL + 1000000000ULL * number(&in, 60), (uint64_t)(64 + number(&in, 255)) << 10);
	while (in.n > 0)
		model_operate(m);
	model_close(m);
	free(m);
	return 0;
}
