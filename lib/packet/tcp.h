/* SPDX-License-Identifier: MIT */
#ifndef PACKET_TCP_H
#define PACKET_TCP_H
/*
 * tcp - the byte streams of TCP connections (RFC 9293 3.4, 3.10), each direction for itself, from segments in any order:
 * out of order, overlapping (who came first counts), retransmitted, begun in mid-stream, ports used again.
 *
 * No clock: capture times; where they step back the latest one seen counts. A hole that is not filled within
 * hole_ns, or has more than hole_bytes waiting behind it, is given up: the capture lost it. Memory is bounded by
 * max_bytes (waiting segments and what the user holds) and max_streams; the stream that was silent longest goes first.
 */
#include "packet/segment.h"
#include "net/addr.h"

/* One direction of a connection. */
struct tcp_stream {
	struct addr src, dst;
	bool whole;		/* seen from its SYN on; else it begins somewhere in the middle */
	bool closed;		/* FIN or RST has come */
	/* The user's; zeroed when the stream begins (again), so `end` must free what they own. */
	void *user;
	size_t user_bytes;	/* held for this stream; counts against max_bytes */
	uint32_t user_packets;
	uint8_t user_kind;
	bool ignored;		/* set by the user: no more data or gaps, until the stream begins again */
};

struct tcp_chunk {
	struct slice data;	/* valid during the call */
	uint64_t time_ns;	/* of the packet that made these bytes readable */
	uint16_t ip_id;		/* of that packet */
};

enum tcp_why { TCP_WHY_CLOSED, TCP_WHY_REUSED, TCP_WHY_EVICTED, TCP_WHY_END };

struct tcp_conf {
	size_t max_bytes, hole_bytes;
	uint32_t max_streams;
	uint64_t hole_ns;
	uint64_t seed;		/* of the table's hash */
	/* The next bytes of the stream. */
	void (*data)(void *, struct tcp_stream *, const struct tcp_chunk *);
	/* `n` bytes will not come. data is empty; its time is that of the packet which shows it. */
	void (*gap)(void *, struct tcp_stream *, uint32_t n, const struct tcp_chunk *);
	/* No more of it; not called for streams that never had data. */
	void (*end)(void *, struct tcp_stream *, enum tcp_why);
	/* An ignored stream has these bytes: does it begin again with them? */
	bool (*wake)(void *, struct slice);
	void *arg;
};

/* What became of a segment. */
enum tcp_fate {
	TCP_CONTROL,	/* carries no bytes */
	TCP_OLD,	/* all of its bytes had come before */
	TCP_IGNORED,	/* of an ignored stream */
	TCP_DATA,	/* has new bytes: handed over, or waiting */
};

struct tcp_in {
	const struct addr *src, *dst;
	const struct tcp_segment *seg;
	uint64_t time_ns;
	uint16_t ip_id;
};

struct tcp;
struct tcp *tcp_new(const struct tcp_conf *);
void tcp_free(struct tcp *);	/* ends all streams; NULL is fine */
/* *stream (NULL for TCP_CONTROL) is valid until the next call. */
enum tcp_fate tcp_push(struct tcp *, const struct tcp_in *, struct tcp_stream **stream);
/* Gives up holes older than hole_ns. */
void tcp_expire(struct tcp *, uint64_t now_ns);
/* The end: gives up all holes, ends all streams. */
void tcp_end(struct tcp *);
#endif
