/* SPDX-License-Identifier: MIT */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H
/*
 * packet - one captured frame, as a file or an interface gives it. A plain value; the bytes are borrowed from the
 * source and valid until its next packet.
 */
#include "base/slice.h"

struct packet {
	uint64_t time_ns;	/* since the epoch */
	struct slice data;	/* what was captured */
	uint32_t wire_len;	/* bytes it had on the wire, >= data.n */
	uint16_t link;		/* LINKTYPE_ value, see link.h */
	uint16_t point;		/* capture point: which interface of which source */
};
#endif
