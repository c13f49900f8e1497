/* SPDX-License-Identifier: MIT */
#ifndef BASE_HASH_AVX2_H
#define BASE_HASH_AVX2_H
/* hash_avx2 - XXH3 64 bit, plain and keyed, compiled for AVX2: the same values, faster. For hash.c alone, which asks the processor first. */
#include <stddef.h>
#include <stdint.h>

uint64_t hash_avx2(const void *p, size_t n);
uint64_t hash_avx2_key(const void *p, size_t n, const void *secret, size_t secret_n);
#endif
