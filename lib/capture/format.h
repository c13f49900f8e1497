/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_FORMAT_H
#define CAPTURE_FORMAT_H
/* format - what pcap.c and pcapng.c share with file.c. Private to lib/capture. */
#include "base/take.h"
#include "capture/file.h"

/* A pcapng interface, or the one of a pcap file. */
struct iface {
	uint16_t link;
	uint16_t point;
	uint32_t snaplen;	/* 0 = no limit */
	uint64_t per_second;	/* time units */
	int64_t offset_s;	/* added to all times */
};

struct file {
	struct bytes bytes;
	bool big;		/* byte order of this file or section */
	struct iface *iface;
	size_t ifaces;
	uint16_t *point;
	size_t used;		/* of bytes: the packet handed out, given back at the next call */
	uint64_t packets;
	enum rc (*next)(struct file *, struct packet *, struct err *);	/* NULL until the magic was seen */
	char *path;
	struct bytes_wait wait;
};

static inline uint16_t
file_u16(const struct file *f, const uint8_t *p)
{
	return f->big ? load_be16(p) : load_le16(p);
}

static inline uint32_t
file_u32(const struct file *f, const uint8_t *p)
{
	return f->big ? load_be32(p) : load_le32(p);
}

/* Errors without the file's name: file.c puts it before. */
bool pcap_is(uint32_t magic_le);
enum rc pcap_begin(struct file *, struct err *) MUST_USE;
enum rc pcap_next_packet(struct file *, struct packet *, struct err *) MUST_USE;

#define PCAPNG_MAGIC 0x0a0d0d0au
enum rc pcapng_next_packet(struct file *, struct packet *, struct err *) MUST_USE;
#endif
