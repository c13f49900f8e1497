/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"

#include <string.h>

#define POLY 0x82f63b78u	/* Castagnoli, reflected */
#define LANE 64			/* bytes a lane takes before three lanes are joined */

static struct {
	uint32_t byte[8][256];	/* slicing by 8 */
	uint32_t lane[4][256];	/* a checksum moved on by LANE zero bytes, byte by byte */
	uint32_t lane2[4][256];	/* ... by 2 * LANE */
	int hw;
} tab;

static uint32_t
soft_zeros(uint32_t crc, size_t n)
{
	while (n-- > 0)
		crc = tab.byte[0][crc & 0xff] ^ crc >> 8;
	return crc;
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
	for (int k = 0; k < 4; k++)
		for (uint32_t i = 0; i < 256; i++) {
			tab.lane[k][i] = soft_zeros(i << (8 * k), LANE);
			tab.lane2[k][i] = soft_zeros(i << (8 * k), (size_t)2 * LANE);
		}
#if defined(__x86_64__)
	__builtin_cpu_init();
	tab.hw = __builtin_cpu_supports("sse4.2") != 0;
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
static inline uint64_t
word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t
moved(const uint32_t t[4][256], uint32_t c)
{
	return t[0][c & 0xff] ^ t[1][c >> 8 & 0xff] ^ t[2][c >> 16 & 0xff] ^ t[3][c >> 24];
}

/* The instruction takes 3 cycles and starts one a cycle: three independent lanes keep it busy. */
__attribute__((target("sse4.2"))) static uint32_t
crc32c_hw(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t a = ~crc;

	for (; n >= (size_t)3 * LANE; n -= (size_t)3 * LANE, p += (size_t)3 * LANE) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < LANE; i += 8) {
			a = __builtin_ia32_crc32di(a, word(p + i));
			b = __builtin_ia32_crc32di(b, word(p + LANE + i));
			c = __builtin_ia32_crc32di(c, word(p + (size_t)2 * LANE + i));
		}
		a = moved(tab.lane2, (uint32_t)a) ^ moved(tab.lane, (uint32_t)b) ^ (uint32_t)c;
	}
	for (; n >= 8; n -= 8, p += 8)
		a = __builtin_ia32_crc32di(a, word(p));
	while (n-- > 0)
		a = __builtin_ia32_crc32qi((uint32_t)a, *p++);
	return ~(uint32_t)a;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
	if (tab.hw)
		return crc32c_hw(crc, p, n);
#endif
	return crc32c_soft(crc, p, n);
}
