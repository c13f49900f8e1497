/* SPDX-License-Identifier: MIT */
#include "base/hash_avx2.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#include <immintrin.h>
#define XXH_VECTOR 2	/* XXH_AVX2 */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t
hash_avx2(const void *p, size_t n)
{
	uint64_t h = XXH3_64bits(p, n);

	/* gcc leaves this out under a target pragma; without it all SSE code that runs later is slow (60 ns a message). */
	_mm256_zeroupper();
	return h;
}

uint64_t
hash_avx2_key(const void *p, size_t n, const void *secret, size_t secret_n)
{
	uint64_t h = XXH3_64bits_withSecret(p, n, secret, secret_n);

	_mm256_zeroupper();
	return h;
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#else
/* Never called: hash.c asks the processor first, and this is another one. */
uint64_t
hash_avx2(const void *p, size_t n)
{
	(void)p;
	return n;
}

uint64_t
hash_avx2_key(const void *p, size_t n, const void *secret, size_t secret_n)
{
	(void)p, (void)secret, (void)secret_n;
	return n;
}
#endif
