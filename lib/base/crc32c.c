/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POLY 0x82f63b78u	/* Castagnoli, reflected */
#define BLOCK 64		/* bytes folded at a time */

static struct {
	uint32_t byte[8][256];	/* slicing by 8 */
	uint64_t fold4[2];	/* moves 128 bits on by a block; by 16 bytes */
	uint64_t fold1[2];
	int crc, clmul;		/* the processor has the instructions */
} tab;

/* x^n mod P, reflected, as carry-less multiplication wants it: one bit up. */
static uint64_t
power(unsigned n)
{
	uint32_t v = 0x80000000u;

	while (n-- > 0)
		v = v & 1 ? POLY ^ v >> 1 : v >> 1;
	return (uint64_t)v << 1;
}

__attribute__((constructor)) static void
crc32c_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? POLY ^ c >> 1 : c >> 1;
		tab.byte[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			tab.byte[k][i] = tab.byte[0][tab.byte[k - 1][i] & 0xff] ^ tab.byte[k - 1][i] >> 8;
	tab.fold4[0] = power(8 * BLOCK + 32);
	tab.fold4[1] = power(8 * BLOCK - 32);
	tab.fold1[0] = power(128 + 32);
	tab.fold1[1] = power(128 - 32);
#if defined(__x86_64__)
	__builtin_cpu_init();
	tab.crc = __builtin_cpu_supports("sse4.2") != 0;
	tab.clmul = tab.crc && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("avx");
#endif
}

uint32_t
crc32c_soft(uint32_t crc, const void *buf, size_t n)
{
	const uint8_t *p = buf;

	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t a = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

		crc = tab.byte[7][a & 0xff] ^ tab.byte[6][a >> 8 & 0xff] ^ tab.byte[5][a >> 16 & 0xff] ^
		    tab.byte[4][a >> 24] ^ tab.byte[3][p[4]] ^ tab.byte[2][p[5]] ^ tab.byte[1][p[6]] ^ tab.byte[0][p[7]];
	}
	while (n-- > 0)
		crc = tab.byte[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
	return ~crc;
}

#if defined(__x86_64__)
/* The state is not inverted here. One 8-byte step takes 3 cycles, and each waits for the one before. */
__attribute__((target("sse4.2"))) static uint32_t
crc_steps(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t a = crc, v;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, sizeof(v));
		a = _mm_crc32_u64(a, v);
	}
	while (n-- > 0)
		a = _mm_crc32_u8((uint32_t)a, *p++);
	return (uint32_t)a;
}

__attribute__((target("avx,sse4.2,pclmul"))) static inline __m128i
fold(__m128i a, __m128i k, __m128i next)
{
	return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(a, k, 0x00), _mm_clmulepi64_si128(a, k, 0x11)));
}

__attribute__((target("avx"))) static inline __m128i
load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/*
 * Long runs by folding (Gopal et al., Fast CRC Computation Using PCLMULQDQ, Intel 2009): four lanes of 16 bytes are moved on by a
 * block each round. The 16 bytes that stand for all before them then go through the CRC instruction.
 */
__attribute__((target("avx,sse4.2,pclmul"))) static uint32_t
crc_folded(uint32_t crc, const uint8_t *p, size_t n)
{
	__m128i k = _mm_set_epi64x((long long)tab.fold4[1], (long long)tab.fold4[0]);
	__m128i a = _mm_xor_si128(load(p), _mm_cvtsi32_si128((int)crc));
	__m128i b = load(p + 16), c = load(p + 32), d = load(p + 48);

	for (p += BLOCK, n -= BLOCK; n >= BLOCK; p += BLOCK, n -= BLOCK) {
		a = fold(a, k, load(p));
		b = fold(b, k, load(p + 16));
		c = fold(c, k, load(p + 32));
		d = fold(d, k, load(p + 48));
	}
	k = _mm_set_epi64x((long long)tab.fold1[1], (long long)tab.fold1[0]);
	a = fold(fold(fold(a, k, b), k, c), k, d);
	for (; n >= 16; p += 16, n -= 16)
		a = fold(a, k, load(p));
	crc = (uint32_t)_mm_crc32_u64(_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(a)), (uint64_t)_mm_extract_epi64(a, 1));
	return crc_steps(crc, p, n);
}
#endif

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
	if (tab.clmul && n >= (size_t)2 * BLOCK)
		return ~crc_folded(~crc, p, n);
	if (tab.crc)
		return ~crc_steps(~crc, p, n);
#endif
	return crc32c_soft(crc, p, n);
}
