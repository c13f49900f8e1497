/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H
/*
 * record - one frame of a trace record stream, version 1 (trace-stream(5) has the byte tables).
 *
 * A struct record is a plain value with its fixed fields decoded and its variable parts borrowed: from the
 * reader's buffer (valid until the next batch) or from whoever made it. Times are nanoseconds since the epoch.
 */
#include "base/buf.h"
#include "base/err.h"
#include "net/addr.h"
#include "sip/index.h"

#define TRACE_VERSION 1
#define TRACE_MAX_PAYLOAD (16u << 20)	/* bytes, RC_LIMIT above */
#define TRACE_MAX_ATTRS (256u << 10)	/* bytes of all attributes of a frame */
#define TRACE_HEAD 24			/* bytes that every frame's head begins with */
#define TRACE_HEAD_MAX 4096		/* longest head of any frame that a reader accepts */
#define TRACE_MESSAGE_HEAD 104		/* message head without SIP index */
#define TRACE_MESSAGE_HEAD_SIP 288	/* message head with it (MARK_SIP) */

enum frame_type {
	FRAME_HEADER = 1,
	FRAME_MESSAGE = 2,
	FRAME_STATS = 3,
	FRAME_END = 4,		/* other types: skipped and passed on */
};

/*
 * What the payload is. HEP's protocol types (hep.md) where HEP has one, so every type a collector can be
 * sent has a value here; 255 is a whole HEP packet.
 */
enum record_kind {
	KIND_UNKNOWN = 0,
	KIND_SIP = 1,
	KIND_RTCP_JSON = 5,
	KIND_RTCP = 58,
	KIND_LOG = 100,
	KIND_HEP = 255,
};

enum direction {
	DIR_UNKNOWN = 0,
	DIR_IN = 1,
	DIR_OUT = 2,
};
/* "in", "out", "" for unknown. */
const char *direction_name(uint8_t direction);
/* "sip", "log", "hep", "rtcp" …; types without a name as "type-N", for which the buffer is. */
const char *kind_name(uint8_t kind, char buf[static 12]);

enum record_mark {
	MARK_RETRANSMISSION = 1,	/* same hop, same bytes as an earlier one */
	MARK_CUT = 2,			/* the capture cut it: orig_len says how long it was */
	MARK_SIP = 4,			/* `sip` is valid for the payload */
};

enum attr_type {
	ATTR_CORRELATION = 1,	/* text */
	ATTR_USER = 2,		/* traced user, text, repeatable */
	ATTR_TABLE = 3,		/* text */
	ATTR_DEST = 4,		/* "hep:udp:h:p", "sip:h:p", text, repeatable */
	ATTR_NODE = 5,		/* capture node's name, text */
	ATTR_VLAN = 6,		/* u16 little-endian, outermost first, repeatable */
	ATTR_LEG = 7,		/* link leg, text */
	ATTR_COMMENT = 8,	/* text */
	ATTR_VENDOR = 9,	/* a HEP chunk: vendor u16 LE, type u16 LE, data; repeatable */
	ATTR_STAGE = 10,	/* statistics: name of the stage, text */
	ATTR_COUNTER = 11,	/* statistics: see stats.h; repeatable */
};

struct record {
	uint8_t type;			/* enum frame_type or one we do not know */
	uint8_t frame_flags;		/* passed on as it is; none is defined in version 1 */
	uint32_t payload_crc;		/* CRC-32C of payload; trust only if payload_crc_known */
	bool payload_crc_known;
	bool intact;			/* raw is this very frame: nothing below has been changed since it was read */

	/* FRAME_MESSAGE */
	uint64_t time_ns;		/* also FRAME_STATS: stream time of the snapshot */
	uint64_t id;			/* record id, see record_id */
	struct addr src, dst;		/* one family for both; FAMILY_NONE where unknown */
	uint8_t transport;		/* enum transport */
	uint8_t direction;		/* enum direction */
	uint8_t kind;			/* enum record_kind */
	uint8_t marks;			/* enum record_mark */
	uint32_t capture_id;
	uint16_t capture_point;		/* tap or interface, 0 = first */
	uint16_t ip_id;			/* IPv4 identification, 0 = none */
	uint32_t orig_len;		/* with MARK_CUT: bytes the message had on the wire, else 0 */
	uint32_t user_flags;		/* sipfilter --set-flag N sets bit N, 0..31 */
	struct sip_index sip;		/* with MARK_SIP */

	struct slice head_tail;		/* bytes of the head behind what this version knows; copied by writers */
	struct slice attrs;		/* encoded attributes, see attr_next */
	struct slice payload;
	struct slice raw;		/* the frame as it was read, padding included; { NULL, 0 } if made here */
};

/* Fields of a header frame. */
struct stream_header {
	uint16_t version;
	bool live;		/* the source follows a network or a growing file: receivers do not stall it */
	uint64_t disorder_ns;	/* times may step back this far */
	uint64_t features;	/* bits a reader must know; none is defined in version 1 */
};

/* Fields of an end frame: what the writer put before it, since its header frame. */
struct stream_end {
	uint64_t frames;	/* without header and end */
	uint64_t messages;
	uint64_t payload_bytes;	/* of messages */
};

/*
 * Decodes the frame at the front of `in` and advances behind it (padding included).
 * RC_OK    *r is filled (r->raw too)
 * RC_MORE  a prefix of a frame, whose head so far is plausible
 * RC_BAD   no frame here: wrong sync, impossible length, wrong CRC, index beyond the payload. `in` is untouched;
 *          look for the next sync from in->p + 1.
 * The payload's CRC is not checked here: see record_check.
 */
enum rc record_decode(struct slice *in, struct record *r) MUST_USE;
/* The payload has the CRC that its frame says. Costs a pass over the bytes. */
bool record_check(const struct record *r);
/* A header or end frame's fields; RC_BAD if *r is of another type or too short. */
enum rc record_header(const struct record *r, struct stream_header *out) MUST_USE;
enum rc record_end(const struct record *r, struct stream_end *out) MUST_USE;

/* Bytes that record_encode will write. */
size_t record_size(const struct record *r);
/*
 * Appends the frame to `out`. payload_crc is computed unless known. The caller sets MARK_SIP only if `sip` is that
 * of `payload`. RC_LIMIT: payload or attributes too large.
 */
enum rc record_encode(const struct record *r, struct buf *out) MUST_USE;
void header_encode(const struct stream_header *h, struct buf *out);
void end_encode(const struct stream_end *e, struct buf *out);

/*
 * Record id: hash of the time in microseconds, transport, addresses, ports and payload, and an ordinal among equals
 * (design section 3). A struct id_maker remembers recent ones to number them; its answer depends only on what it has seen.
 */
struct id_maker;
struct id_maker *id_maker_new(void);
void id_maker_free(struct id_maker *);
uint64_t record_id(struct id_maker *, const struct record *r);

/* Walks attributes: start with rest = r->attrs. RC_END at the end; RC_BAD cannot happen in a decoded record. */
enum rc attr_next(struct slice *rest, uint16_t *type, struct slice *value) MUST_USE;
/* The first attribute of this type; false where there is none. */
bool attr_get(struct slice attrs, uint16_t type, struct slice *value);
/* Appends one encoded attribute. RC_LIMIT: value over 65535 bytes or all over TRACE_MAX_ATTRS. */
enum rc attr_put(struct buf *attrs, uint16_t type, struct slice value) MUST_USE;
/* The same in two steps, for many: attr_add leaves the filler at the end out, attr_end puts it. Only attr_add may stand between. */
enum rc attr_add(struct buf *attrs, uint16_t type, struct slice value) MUST_USE;
void attr_end(struct buf *attrs);
/* attr_add of an ATTR_VENDOR, and the parts of one's value (false: too short to have them). */
enum rc attr_add_vendor(struct buf *attrs, uint16_t vendor, uint16_t chunk_type, struct slice data) MUST_USE;
bool attr_vendor(struct slice value, uint16_t *vendor, uint16_t *chunk_type, struct slice *data);
/* Appends all attributes of `from` but those of `type` (to replace one: copy without, then put). */
void attr_copy_without(struct buf *attrs, struct slice from, uint16_t type);
#endif
