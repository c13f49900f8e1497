/* SPDX-License-Identifier: MIT */
#ifndef HEP_CHUNK_H
#define HEP_CHUNK_H
/*
 * chunk - the chunks of HEP version 3 (specification, revision 37): one table that encoding, decoding, lint and hepenc(1) go by.
 *
 * On the wire a chunk is vendor u16, type u16, length u16 (its own head counted), data; integers are big-endian. Vendor 0's types are
 * in the table; what a vendor's own mean is that vendor's business, and such a chunk is carried as it is.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/take.h"

#define HEP3_HEAD 6		/* bytes of a packet before its chunks: magic and total length */
#define HEP3_CHUNK_HEAD 6	/* bytes of a chunk before its data */

/* Chunk types of vendor 0. */
enum hep_chunk_type {
	HEP_FAMILY = 0x01,
	HEP_IP_PROTO = 0x02,
	HEP_SRC_IP4 = 0x03,
	HEP_DST_IP4 = 0x04,
	HEP_SRC_IP6 = 0x05,
	HEP_DST_IP6 = 0x06,
	HEP_SRC_PORT = 0x07,
	HEP_DST_PORT = 0x08,
	HEP_SEC = 0x09,
	HEP_USEC = 0x0a,
	HEP_TYPE = 0x0b,
	HEP_CAPTURE_ID = 0x0c,
	HEP_KEEP_ALIVE = 0x0d,
	HEP_KEY = 0x0e,
	HEP_PAYLOAD = 0x0f,
	HEP_PAYLOAD_COMPRESSED = 0x10,
	HEP_CORRELATION = 0x11,
	HEP_VLAN = 0x12,
	HEP_NODE = 0x13,
	HEP_SRC_MAC = 0x14,
	HEP_DST_MAC = 0x15,
	HEP_ETHERTYPE = 0x16,
	HEP_TCP_FLAGS = 0x17,
	HEP_TOS = 0x18,
	HEP_MOS = 0x20,
	HEP_R_FACTOR = 0x21,
	HEP_GEO = 0x22,
	HEP_JITTER = 0x23,
	HEP_TRANSACTION = 0x24,
	HEP_JSON_KEYS = 0x25,
	HEP_TAG_VALUE = 0x26,
	HEP_TAG_TYPE = 0x27,
	HEP_EVENT_TYPE = 0x28,
	HEP_GROUP = 0x29,
	HEP_CHUNK_TYPES		/* one more than the last */
};

/* What the data is. */
enum hep_form {
	HEP_FORM_NONE,		/* no such type */
	HEP_FORM_FAMILY,	/* u8; struct hep has it in the addresses */
	HEP_FORM_U8,
	HEP_FORM_U16,
	HEP_FORM_U32,
	HEP_FORM_U64,
	HEP_FORM_IP4,
	HEP_FORM_IP6,
	HEP_FORM_TEXT,
	HEP_FORM_PAYLOAD,
};

struct hep_chunk_def {
	const char *name;	/* as hepenc(1) has it */
	uint8_t form;		/* enum hep_form */
	uint8_t size;		/* of the data; 0 = any */
	bool field;		/* struct hep has a field for it, at this offset; others are found by hep3_next_other */
	uint16_t at;
};

extern const struct hep_chunk_def hep_chunks[HEP_CHUNK_TYPES];

struct hep3_chunk {
	uint16_t vendor, type;
	struct slice data;
};

/* The definition of a chunk; for a vendor's own and for unknown types one of HEP_FORM_NONE. */
static inline const struct hep_chunk_def *
hep_chunk_def(uint16_t vendor, uint16_t type)
{
	return &hep_chunks[vendor == 0 && type < HEP_CHUNK_TYPES ? type : 0];
}

/*
 * The chunk at the front of `in`, which advances behind it.
 * RC_END at the end, RC_MORE if it runs over the end, RC_BAD if its length is less than its own head.
 */
enum rc hep3_next(struct slice *in, struct hep3_chunk *c) MUST_USE;
/* The next chunk that struct hep has no field for. RC_END where none follows, or where what follows is no chunk. */
enum rc hep3_next_other(struct slice *in, struct hep3_chunk *c) MUST_USE;
/* A chunk's head for `n` bytes of data, which has to fit into 16 bits with it. */
static inline void
hep3_store_head(uint8_t p[static HEP3_CHUNK_HEAD], uint16_t vendor, uint16_t type, size_t n)
{
	store_be16(p, vendor);
	store_be16(p + 2, type);
	store_be16(p + 4, (uint16_t)(HEP3_CHUNK_HEAD + n));
}

/*
 * A chunk as a user writes it, "VENDOR:TYPE=VALUE", appended as on the wire. VENDOR is a number or a name of the specification ("kamailio",
 * any case), TYPE a number; numbers are decimal, or hexadecimal behind 0x. VALUE is 0x and pairs of hexadecimal digits for bytes, a
 * decimal number for a type of vendor 0 that is one, else text.
 * RC_BAD: it is none of that, has a length that its type cannot have, or is one that struct hep has a field for; `out` is as it was.
 */
enum rc hep_chunk_parse(struct slice text, struct buf *out, struct err *) MUST_USE;
#endif
