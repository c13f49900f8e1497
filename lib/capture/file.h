/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_FILE_H
#define CAPTURE_FILE_H
/*
 * file - packets of a capture file: pcap (both byte orders, micro- and nanoseconds) and pcapng (any number of sections
 * and interfaces, each with its link type and time resolution), plain or packed as bytes.h says.
 *
 * Own readers, because libpcap refuses pcapng files whose interfaces differ in link type.
 */
#include "capture/bytes.h"
#include "packet/packet.h"

#define FILE_MAX_PACKET (4u << 20)	/* captured bytes; more is damage */

struct file_conf {
	const char *path;		/* "-" is standard input */
	size_t buffer;			/* bytes read at a time */
	struct bytes_wait wait;		/* see bytes.h */
	/* The next free capture point; taken one by one as interfaces come up. Shared by files that are read together. */
	uint16_t *point;
};

struct file;
/* RC_SYS: it cannot be opened. Errors name the file. */
enum rc file_open(const struct file_conf *, struct file **out, struct err *) MUST_USE;
void file_close(struct file *);		/* NULL is fine */
void file_progress(const struct file *, uint64_t *done, uint64_t *total);	/* see bytes.h */
/*
 * RC_OK    *p is the next packet, valid until the next call
 * RC_END   the end
 * RC_BAD   damaged, truncated, empty or no capture file; there will be no more packets
 * RC_SYS   the read failed
 * RC_LIMIT conf.wait said stop
 */
enum rc file_next(struct file *, struct packet *p, struct err *) MUST_USE;
#endif
