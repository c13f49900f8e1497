/* SPDX-License-Identifier: MIT */
#ifndef OUTPUT_PACKET_H
#define OUTPUT_PACKET_H
/*
 * packet - IP packets that carry a record's payload from its source to its destination, for capture files (link type RAW:
 * a packet begins with its IP header).
 *
 *   udp, unknown       one datagram
 *   tcp                segments; the sequence numbers of each direction of a connection run on, there is no handshake
 *   tls, ws, wss       as tcp: the message is in clear, the layer it came through is not made up again
 *   sctp               DATA chunks (RFC 9260 3.3.1), one stream, running TSN and stream sequence number
 *
 * A record without addresses goes from 0.0.0.0 to 0.0.0.0. Where the capture had cut the message (MARK_CUT) the last packet
 * says how long it was and holds what is left. Checksums are right but for such a packet.
 *
 * Memory: 65536 flow directions (2 MiB); beyond them the one longest not used is forgotten, and begins anew with a SYN.
 */
#include "trace/record.h"

struct packet {
	uint8_t head[80];	/* IP and transport headers */
	size_t head_n;
	struct slice data;	/* of the record's payload */
	size_t pad;		/* zero bytes behind it */
	uint32_t wire;		/* bytes on the wire: head_n + data.n + pad, more where the capture cut it */
};

struct packets;
struct packets *packets_new(void);
void packets_free(struct packets *);
/*
 * Begins with a record, borrowed until its last packet. `file` keeps flows that go to different files apart.
 * RC_LIMIT: too large for one datagram (65507 bytes over IPv4, 65527 over IPv6)
 */
enum rc packets_start(struct packets *, uint32_t file, const struct record *r) MUST_USE;
/* The next packet of it; false after the last. */
bool packets_next(struct packets *, struct packet *out);
#endif
