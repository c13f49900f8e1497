/* SPDX-License-Identifier: MIT */
/*
 * Values of link headers in any message. The first byte chooses the header. What comes out lies within the message, trimmed and not empty, and is
 * not another's: nothing is found of a name that is not there.
 */
#include <stdlib.h>

#include "sip/links.h"
#include "sip/msg.h"

static const char *const names[] = { "Replaces", "Target-Dialog", "In-Reply-To", "P-Charging-Vector", "Session-ID", "X-CID", "Refer-To", "s" };

static void
check(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct links *l;
	struct slice name, msg, value, v[LINKS_HEADER_VALUES];
	struct links_value a, b;
	size_t n;

	if (size == 0)
		return 0;
	if (l == NULL)
		l = links_new(&(struct links_conf){ .seed = 7, .max_sets = 8, .max_values = 8 });
	name = slice_str(names[data[0] % (sizeof(names) / sizeof(names[0]))]);
	msg = slice_of(data + 1, size - 1);
	n = links_header(msg, name, v);
	check(n <= LINKS_HEADER_VALUES && (n == 0 || sip_header(msg, name, 0, &value)));
	for (size_t i = 0; i < n; i++) {
		check(v[i].n > 0 && v[i].p >= msg.p && v[i].p + v[i].n <= msg.p + msg.n);
		check(slice_trim(v[i]).n == v[i].n);
		for (size_t j = 0; j < i; j++)
			check(!slice_eq(v[i], v[j]));
		a = links_value(l, v[i]);
		b = links_value(l, v[i]);
		check(a.key[0] == b.key[0] && a.key[1] == b.key[1]);
	}
	return 0;
}
