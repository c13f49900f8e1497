/* SPDX-License-Identifier: MIT */
#ifndef TRACE_FRAME_H
#define TRACE_FRAME_H
/*
 * frame - byte offsets of version 1, for the files of lib/trace alone (trace-stream(5) shows them as tables).
 *
 * A frame is head, attributes, payload, each padded with zeros to 8 bytes. All integers are little-endian.
 */
#include "base/buf.h"

#define FRAME_SYNC "\xd1STR"

enum {
	/* every frame */
	FRAME_TYPE = 4,		/* u8 */
	FRAME_FLAGS = 5,	/* u8 */
	FRAME_HEAD_LEN = 6,	/* u16, multiple of 8, with the sync */
	FRAME_ATTR_LEN = 8,	/* u32, multiple of 8, padding included */
	FRAME_PAYLOAD_LEN = 12,	/* u32, without padding */
	FRAME_HEAD_CRC = 16,	/* u32, CRC-32C of head and attributes without these four bytes */
	FRAME_PAYLOAD_CRC = 20,	/* u32, CRC-32C of the payload */

	HEADER_VERSION = 24,	/* u16 */
	HEADER_FLAGS = 26,	/* u16: bit 0 LIVE; 4 zero bytes follow */
	HEADER_DISORDER = 32,	/* u64, nanoseconds */
	HEADER_FEATURES = 40,	/* u64 */
	HEADER_HEAD = 48,
	HEADER_LIVE = 1,

	END_FRAMES = 24,	/* u64 */
	END_MESSAGES = 32,	/* u64 */
	END_BYTES = 40,		/* u64 */
	END_HEAD = 48,

	STATS_INSTANCE = 24,	/* u64 */
	STATS_TIME = 32,	/* u64, nanoseconds */
	STATS_SEQ = 40,		/* u32; 4 zero bytes follow */
	STATS_HEAD = 48,

	MSG_TIME = 24,		/* u64, nanoseconds */
	MSG_ID = 32,		/* u64 */
	MSG_SRC = 40,		/* 16 bytes */
	MSG_DST = 56,		/* 16 bytes */
	MSG_SRC_PORT = 72,	/* u16 */
	MSG_DST_PORT = 74,	/* u16 */
	MSG_FAMILY = 76,	/* u8 */
	MSG_TRANSPORT = 77,	/* u8 */
	MSG_DIRECTION = 78,	/* u8 */
	MSG_KIND = 79,		/* u8 */
	MSG_CAPTURE_ID = 80,	/* u32 */
	MSG_CAPTURE_POINT = 84,	/* u16 */
	MSG_IP_ID = 86,		/* u16 */
	MSG_ORIG_LEN = 88,	/* u32 */
	MSG_USER_FLAGS = 92,	/* u32 */
	MSG_MARKS = 96,		/* u8; 7 zero bytes follow; without MARK_SIP the head ends here */
	MSG_STATUS = 104,	/* u16 */
	MSG_METHOD = 106,	/* u8 */
	MSG_CSEQ_METHOD = 107,	/* u8 */
	MSG_SIP_FLAGS = 108,	/* u8 */
	MSG_VIAS = 109,		/* u8; 2 zero bytes follow */
	MSG_CSEQ = 112,		/* u32 */
	MSG_BODY = 116,		/* u32 */
	MSG_CONTENT_LENGTH = 120, /* u32; 4 zero bytes follow */
	MSG_SPANS = 128,	/* SIP_SPANS times offset u32, length u32, in the order of enum sip_span_id */
	MSG_VIA = 224,		/* SIP_VIAS times u64 */
};

/* Room for `total` bytes with the common head filled; frame_finish sets the head's CRC and takes the bytes into `out`. */
uint8_t *frame_begin(struct buf *out, uint8_t type, uint8_t flags, size_t head_len, size_t total);
void frame_finish(struct buf *out, uint8_t *p, size_t total);
#endif
