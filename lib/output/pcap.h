/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_PCAP_H
#define OUTPUT_PCAP_H
/*
 * pcap - capture files: pcap with nanoseconds (draft-ietf-opsawg-pcap, magic a1b23c4d) and pcapng
 * (draft-ietf-opsawg-pcapng), little-endian, link type RAW.
 */
#include "output/packet.h"

#define PCAP_INTERFACES 256

/* Which capture points have an interface block in a pcapng section; all from number 255 on share one. */
struct pcapng {
	uint8_t id[PCAP_INTERFACES];
	bool known[PCAP_INTERFACES];
	uint8_t n;		/* interfaces so far, but for the 256th: 255 fits */
};

void pcap_begin(struct buf *out);
/* Times from 2106 on do not fit; they become the last second that does. */
void pcap_packet(struct buf *out, const struct record *r, const struct packet *p);

/* A section header. Files may hold several sections one behind another. */
void pcapng_begin(struct buf *out, struct pcapng *s);
/*
 * An enhanced packet block, before it an interface block ("point N") where the capture point is new. Its direction, and as a
 * comment (of its first packet) what the record carries beside the message: "corr=… user=… node=… comment=…".
 */
void pcapng_packet(struct buf *out, struct pcapng *s, const struct record *r, const struct packet *p, bool first);
#endif
