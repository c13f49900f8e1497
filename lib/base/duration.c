/* SPDX-License-Identifier: MIT */
#include "base/duration.h"

enum rc
duration_parse(struct slice s, uint64_t *ns)
{
	static const struct {
		struct slice unit;
		uint64_t ns;
	} units[] = {
		{ SLICE_LIT(""), 1000000000 },
		{ SLICE_LIT("ns"), 1 },
		{ SLICE_LIT("us"), 1000 },
		{ SLICE_LIT("ms"), 1000000 },
		{ SLICE_LIT("s"), 1000000000 },
		{ SLICE_LIT("m"), 60000000000 },
		{ SLICE_LIT("h"), 3600000000000 },
		{ SLICE_LIT("d"), 86400000000000 },
	};
	size_t digits = 0;
	uint64_t v;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (slice_eq(slice_skip(s, digits), units[i].unit) && slice_u64(slice_head(s, digits), UINT64_MAX / units[i].ns, &v)) {
			*ns = v * units[i].ns;
			return RC_OK;
		}
	return RC_BAD;
}
