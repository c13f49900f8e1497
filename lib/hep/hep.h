/* SPDX-License-Identifier: MIT */
#ifndef HEP_HEP_H
#define HEP_HEP_H
/*
 * hep - Homer Encapsulation Protocol, versions 1, 2 and 3 (HEP3 specification, revision 37; versions 1 and 2 as Kamailio's
 * siptrace writes them: only that code defines them).
 *
 * Version 3 is "HEP3" and a big-endian total length, then chunks of vendor, type, length and data. Versions 1 and 2 are
 * a short fixed head and the message, with no length of the whole: one packet is one datagram. In every version the payload
 * comes last, so a sender needs only the bytes before it (hep_head) and never copies a message.
 *
 * What is written is byte for byte what siptrace writes for the same values: order of chunks 01 02 03 04 (05 06) 07 08 09 0a 0b 0c
 * [11] [13] [0e] [others] 0f; type 100 (log) has 08 before 07 and always has 11. siptrace has no node name (13) and no others; without
 * them the bytes are its own. Version 2 has two bytes of padding, which are zero here and stack garbage there.
 *
 * No clock, no state, no allocation but by the caller's buf.
 */
#include "base/buf.h"
#include "base/err.h"
#include "hep/chunk.h"
#include "net/addr.h"

#define HEP_MAX 65535		/* bytes of a packet: version 3's length field is 16 bits, and no datagram is longer */
#define HEP_TYPE_SIP 1
#define HEP_TYPE_LOG 100

/* One packet. Slices are borrowed; an absent one has n == 0. */
struct hep {
	uint8_t version;	/* 1, 2, 3 */
	uint8_t ip_proto;	/* 17 udp, 6 tcp, 22 tls (ws, wss), 132 sctp */
	uint8_t type;		/* version 3: HEP_TYPE_SIP …; decoded versions 1 and 2: HEP_TYPE_SIP */
	bool compressed;	/* the payload is chunk 0x10 (zlib, gzip or raw deflate), see inflate.h; versions 1 and 2: never */
	struct addr src, dst;	/* of one family, IPv4 or IPv6 */
	uint32_t sec, usec;	/* versions 2 and 3 */
	uint32_t capture_id;	/* versions 2 (its low 16 bits) and 3 */
	struct slice correlation, node, key;	/* version 3 */
	/*
	 * Version 3: chunks as on the wire, of which hep3_next_other gives those that have no field here, in their order. Decoded: all of the
	 * packet's; to be encoded: any. They cost nothing where nobody asks.
	 */
	struct slice chunks;
	struct slice payload;
};

/* HEP's IP protocol number of a transport, and back. Unknown ones are UDP, as siptrace has them; 22 comes back as TLS. */
uint8_t hep_proto(uint8_t transport);
uint8_t hep_transport(uint8_t ip_proto);

/*
 * Appends all of the packet that precedes the payload.
 * RC_BAD    cannot be expressed: addresses of two families or of none, a version that does not exist, a type other than SIP
 *           in versions 1 and 2
 * RC_LIMIT  the packet would exceed HEP_MAX
 * `out` is as it was on failure.
 */
enum rc hep_head(const struct hep *h, struct buf *out, struct err *) MUST_USE;

/*
 * Reads the packet at the front of `in` and advances behind it: behind its total length in version 3, to the end in 1 and 2.
 * RC_OK    *h is filled and borrows from `in`
 * RC_MORE  a prefix of a packet
 * RC_BAD   no HEP, or a chunk that runs over the end, has a length that its type cannot have, or is missing (payload). `in` is
 *          untouched.
 * Chunks without a field stay in h->chunks; of a repeated one that has a field the last counts. The length byte of
 * versions 1 and 2 is not looked at: senders exist that write nonsense there, and the family says it as well.
 */
enum rc hep_decode(struct slice *in, struct hep *h) MUST_USE;

/* The versions one by one; hep_head and hep_decode choose. */
enum rc hep3_head(const struct hep *h, struct buf *out, struct err *) MUST_USE;
enum rc hep3_decode(struct slice *in, struct hep *h) MUST_USE;
enum rc hep12_head(const struct hep *h, struct buf *out, struct err *) MUST_USE;
enum rc hep12_decode(struct slice *in, struct hep *h) MUST_USE;
#endif
