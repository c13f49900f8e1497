/* SPDX-License-Identifier: MIT */
#ifndef BASE_HASH_H
#define BASE_HASH_H
/*
 * hash - XXH3 64 bit (xxHash's own, header-only). Unkeyed where the value goes into a stream (record ids,
 * Via branches: every program must compute the same), seeded where it only places entries in a table.
 */
#include "base/slice.h"

uint64_t hash64(const void *p, size_t n);
uint64_t hash64_seed(const void *p, size_t n, uint64_t seed);
/*
 * Keyed, and as fast as hash64 on long inputs (hash64_seed is not): for tables whose keys a peer chooses, and whose hash stands for them.
 */
struct hash_key {
	uint8_t secret[192];
};
void hash_key_init(struct hash_key *, uint64_t seed);
uint64_t hash64_key(const void *p, size_t n, const struct hash_key *);
/* Joins two hashes; not commutative. */
static inline uint64_t
hash64_mix(uint64_t a, uint64_t b)
{
	a = (a ^ (b + 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
	a = (a ^ (a >> 32)) * 0xc4ceb9fe1a85ec53ULL;
	return a ^ (a >> 29);
}
static inline uint64_t hash64_slice(struct slice s) { return hash64(s.p, s.n); }
#endif
