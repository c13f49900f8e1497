/* SPDX-License-Identifier: MIT */
#include "hep/profile.h"

#define V(n) (1u << (n))
#define HEPLIFY_SERVER (HEP_EXACT_LENGTH | HEP_TCP_65507 | HEP_VENDOR_BLIND | HEP_NO_COMPRESSED | HEP_ID_IS_FINAL | HEP_WANTS_ID | \
	HEP_WANTS_SIP | HEP_DROPS_TYPE_0 | HEP_ZERO_IS_NOW | HEP_NO_KEY | HEP_ONLY_HEP3)

/* Homer's collector is heplify-server. */
const struct hep_profile hep_profiles[] = {
	{ "homer", 3, V(3), true, HEPLIFY_SERVER },
	{ "heplify-server", 3, V(3), false, HEPLIFY_SERVER },
	{ "heplify", 3, V(3), false, HEP_EXACT_LENGTH | HEP_VENDOR_BLIND },
	{ "kamailio", 3, V(1) | V(2) | V(3), false, HEP_NINE_CHUNKS | HEP_FAILS_ON_0 | HEP_NO_COMPRESSED | HEP_ONLY_HEP3 },
	{ "opensips", 3, V(1) | V(2) | V(3), false, HEP_VENDOR_BLIND | HEP_STRICT_HEAD },
	{ "captagent", 3, V(3), false, 0 },
	{ 0 },
};

const struct hep_profile *
hep_profile_of(const char *name)
{
	for (const struct hep_profile *p = hep_profiles; p->name != NULL; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}
