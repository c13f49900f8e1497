/* SPDX-License-Identifier: MIT */
#ifndef HEP_PROFILE_H
#define HEP_PROFILE_H
/*
 * profile - what receivers of HEP do with a packet, as their sources have it: one table, which `--for` of the tools encodes by and lint
 * judges by. A new receiver is a new row.
 */
#include "base/slice.h"

enum hep_quirk {
	HEP_EXACT_LENGTH = 1 << 0,	/* drops a packet of version 3 whose total length is not the number of bytes received */
	HEP_TCP_65507 = 1 << 1,		/* over TCP, closes on a total over 65507 */
	HEP_VENDOR_BLIND = 1 << 2,	/* ignores the vendor: chunks of others under 0x100 overwrite vendor 0's */
	HEP_NINE_CHUNKS = 1 << 3,	/* wants nine chunks of 0x01…0x0c and 0x0f */
	HEP_FAILS_ON_0 = 1 << 4,	/* drops a packet with a chunk 0 of vendor 0 */
	HEP_NO_COMPRESSED = 1 << 5,	/* ignores chunk 0x10 */
	HEP_ID_IS_FINAL = 1 << 6,	/* takes a correlation id on SIP as the last word, and does not look for X-CID */
	HEP_WANTS_ID = 1 << 7,		/* keeps log lines and RTCP only with a correlation id */
	HEP_WANTS_SIP = 1 << 8,		/* drops SIP of 32 bytes or less, or without Call-ID or CSeq */
	HEP_DROPS_TYPE_0 = 1 << 9,	/* drops protocol type 0 */
	HEP_ZERO_IS_NOW = 1 << 10,	/* a time of 0 becomes that of arrival */
	HEP_NO_KEY = 1 << 11,		/* does not check the key */
	HEP_STRICT_HEAD = 1 << 12,	/* drops versions 1 and 2 with a wrong length byte */
	HEP_ONLY_HEP3 = 1 << 13,	/* knows the magic "HEP3" alone, not "EEP3" */
};

#define HEP_SHORT_SIP 32	/* HEP_WANTS_SIP: bytes that are not enough */
#define HEP_CORE_CHUNKS 9	/* HEP_NINE_CHUNKS */
#define HEP_OWN_TYPES 0x100	/* HEP_VENDOR_BLIND: vendors' types from here on are safe */

struct hep_profile {
	const char *name;	/* of --for */
	uint8_t version;	/* what it is sent unless told otherwise */
	uint8_t versions;	/* bit N: it reads version N as it is written here */
	bool alias;		/* another name of a receiver that has a row: judged only when asked for */
	uint32_t quirks;	/* enum hep_quirk */
};

extern const struct hep_profile hep_profiles[];	/* ends with a NULL name */
#define HEP_PROFILE_NAMES "homer heplify-server heplify kamailio opensips captagent"	/* for option tables */

/* NULL if there is none of this name. */
const struct hep_profile *hep_profile_of(const char *name);
static inline bool
hep_reads(const struct hep_profile *p, uint8_t version)
{
	return version < 8 && (p->versions >> version & 1) != 0;
}
#endif
