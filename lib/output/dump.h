/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_DUMP_H
#define OUTPUT_DUMP_H
/*
 * dump - capture files: pcap with nanoseconds (draft-ietf-opsawg-pcap, magic a1b23c4d) and pcapng
 * (draft-ietf-opsawg-pcapng), little-endian, link type RAW.
 */
#include "output/packet.h"

#define DUMP_INTERFACES 256

/* Which capture points have an interface block in a pcapng section; all from number 255 on share one. */
struct dump_section {
	uint8_t id[DUMP_INTERFACES];
	bool known[DUMP_INTERFACES];
	uint8_t n;		/* interfaces so far, but for the 256th: 255 fits */
};

void dump_pcap_begin(struct buf *out);
/* Times from 2106 on do not fit; they become the last second that does. */
void dump_pcap_packet(struct buf *out, const struct record *r, const struct packet *p);

/* A section header. Files may hold several sections one behind another. */
void dump_pcapng_begin(struct buf *out, struct dump_section *s);
/*
 * An enhanced packet block, before it an interface block ("point N") where the capture point is new. Its direction, and as a
 * comment (of its first packet) what the record carries beside the message: "corr=… user=… node=… comment=…".
 */
void dump_pcapng_packet(struct buf *out, struct dump_section *s, const struct record *r, const struct packet *p, bool first);
#endif
