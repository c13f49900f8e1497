/* SPDX-License-Identifier: MIT */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H
/*
 * crc32c - CRC-32C (Castagnoli), as iSCSI's (RFC 3720 B.4): reflected polynomial 0x82f63b78, initial value
 * and final xor 0xffffffff. crc32c(0, p, n) is the checksum of p[0..n); crc32c(crc32c(0, a), b) that of a
 * followed by b. Uses SSE 4.2 and PCLMULQDQ where the processor has them (asked once, at start).
 */
#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The table-driven one, everywhere the same answer; public so that a test can compare. */
uint32_t crc32c_soft(uint32_t crc, const void *p, size_t n);
#endif
