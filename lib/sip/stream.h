/* SPDX-License-Identifier: MIT */
#ifndef SIP_STREAM_H
#define SIP_STREAM_H
/*
 * stream - SIP messages in a byte stream (RFC 3261 18.3, 20.14: Content-Length says where one ends) and in datagrams.
 *
 * CRLFs between messages are keep-alives (RFC 5626 3.5.1), not messages. Where the stream begins in mid-stream, or bytes were
 * lost, it goes on at the next start line that a header follows. A message without a (valid) Content-Length ends at
 * the next start line, or with the bytes that came with its header. A stream that is no SIP is given up: at
 * once where its beginning was seen, else after 64 KiB without a start line.
 *
 * Zero copy where a message lies within one piece; else the pieces are kept, at most max_message + one piece.
 */
#include "base/buf.h"
#include "sip/msg.h"

/* A message: the index is of `msg`. */
struct sip_frame {
	struct slice msg;
	struct sip_index index;
	uint32_t wire_len;	/* > msg.n: that many bytes it had, as far as is known; the rest was lost */
	bool cut;		/* the rest was lost, how much may be unknown */
};

struct sip_stream {
	struct buf kept;	/* bytes of earlier pieces */
	struct slice in;	/* bytes not used yet: of kept, or the piece lent */
	bool lent;		/* `in` is the caller's */
	uint8_t state;
	bool started;		/* the start line was found good */
	uint32_t need;		/* bytes of the message, once its header is complete; else 0 */
	size_t seen;		/* of `in`, searched for the end of the header */
	size_t skip;		/* of a cut message, still to come */
	struct sip_index index;	/* with need > 0 */
	size_t max_message;
	/* counters, for the owner */
	uint64_t messages, keepalives;
	uint64_t junk;		/* bytes passed over since the last message */
};

/* `whole`: the first byte to come is the first of the stream. */
void sip_stream_init(struct sip_stream *, size_t max_message, bool whole);
void sip_stream_reset(struct sip_stream *);	/* frees */
/* The next bytes; they must stay until sip_stream_next returned other than RC_OK. */
void sip_stream_put(struct sip_stream *, struct slice in);
/*
 * RC_OK    *out is a message, valid until the next call
 * RC_MORE  all bytes are used, or kept
 * RC_BAD   given up: this is no SIP; stays so
 */
enum rc sip_stream_next(struct sip_stream *, struct sip_frame *out) MUST_USE;
/*
 * `n` bytes are missing here (0: the stream ends). RC_OK: *out is the message that they cut, valid until the next call;
 * RC_END: none was.
 */
enum rc sip_stream_gap(struct sip_stream *, uint32_t n, struct sip_frame *out) MUST_USE;
/* Bytes kept. */
size_t sip_stream_held(const struct sip_stream *);

/*
 * The next message of a datagram; begin with *rest the whole of it. More than one are seen where the receiver's kernel joined
 * datagrams (UDP GRO): another begins where the Content-Length of one ends and a start line follows. Other bytes behind
 * a message stay part of it. RC_BAD: none (any more); RC_MORE: the prefix of a start line.
 */
enum rc sip_datagram_next(struct slice *rest, struct sip_frame *out) MUST_USE;
/* Nothing but CRs, LFs and NULs, few of them or none, or a STUN binding: what phones send to keep their NAT binding (RFC 5626 3.5). */
bool sip_is_keepalive(struct slice datagram);
#endif
