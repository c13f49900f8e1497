/* SPDX-License-Identifier: MIT */
#ifndef HEP_INFLATE_H
#define HEP_INFLATE_H
/*
 * inflate - the payload of chunk 0x10. The specification says gzip or inflate, captagent sends zlib: its first bytes tell gzip
 * (RFC 1952), zlib (RFC 1950) and raw deflate (RFC 1951) apart; what fails as zlib is tried raw.
 */
#include "base/buf.h"
#include "base/err.h"

#define HEP_INFLATE_MAX (1u << 20)	/* a limit to give: a datagram of 64 KiB could hold 64 MiB, SIP never does */

/*
 * Appends the unpacked bytes.
 * RC_BAD    damaged, cut, or none of the three
 * RC_LIMIT  more than `max` bytes would come out (a small packet may hold gigabytes of zeros)
 * RC_SYS    zlib got no memory
 * `out` is as it was on failure.
 */
enum rc hep_inflate(struct slice packed, size_t max, struct buf *out, struct err *) MUST_USE;
#endif
