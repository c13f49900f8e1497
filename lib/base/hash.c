/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <assert.h>

#include "base/hash_avx2.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define LONG 241	/* XXH3 takes vector instructions from here on */

static bool has_avx2;

#if defined(__x86_64__)
__attribute__((constructor)) static void
ask_processor(void)
{
	__builtin_cpu_init();
	has_avx2 = __builtin_cpu_supports("avx2") != 0;
}
#endif

uint64_t
hash64(const void *p, size_t n)
{
	return n >= LONG && has_avx2 ? hash_avx2(p, n) : XXH3_64bits(p, n);
}

uint64_t
hash64_seed(const void *p, size_t n, uint64_t seed)
{
	return XXH3_64bits_withSeed(p, n, seed);
}

void
hash_key_init(struct hash_key *k, uint64_t seed)
{
	static_assert(sizeof(k->secret) == XXH_SECRET_DEFAULT_SIZE, "what is made of a seed");
	XXH3_generateSecret_fromSeed(k->secret, seed);
}

uint64_t
hash64_key(const void *p, size_t n, const struct hash_key *k)
{
	if (n >= LONG && has_avx2)
		return hash_avx2_key(p, n, k->secret, sizeof(k->secret));
	return XXH3_64bits_withSecret(p, n, k->secret, sizeof(k->secret));
}
