/* SPDX-License-Identifier: MIT */
#ifndef NET_CONN_IMPL_H
#define NET_CONN_IMPL_H
/* conn_impl - what conn.c and the transports share. Private to them. */
#include "base/buf.h"
#include "net/conn.h"

#define CONN_MAX_IOV (CONN_BATCH * CONN_PARTS)

/* A transport: what differs. step, fds and due are called in every state but CLOSED. */
struct conn_driver {
	void *(*new)(struct conn *);
	void (*free)(void *);
	void (*open)(void *, uint64_t now_ns);		/* CLOSED to OPENING or OPEN */
	void (*close)(void *);				/* as it is */
	/* As conn_step; sets the state to OPEN; what it says is over conn.c closes. */
	enum rc (*step)(void *, uint64_t now_ns, struct err *);
	size_t (*fds)(const void *, struct pollfd *, size_t max);
	uint64_t (*due)(const void *);
	size_t (*send)(void *, const struct datagram *, size_t n);
	uint64_t (*unacked)(const void *);
	uint64_t (*unread)(void *);
	void (*shutdown)(void *);
};
extern const struct conn_driver conn_udp_driver, conn_stream_driver;

struct conn {
	struct conn_conf conf;		/* strings owned */
	const struct conn_driver *driver;
	void *impl;
	enum conn_state state;
	uint64_t deadline;		/* OPENING: when it fails */
	uint64_t unacked, unread;	/* CLOSED: as it was at the end */
	struct conn_counts count;
	struct addr local, peer;	/* OPEN */
};

/* The parts of packets as iovecs, empty ones left out. Returns how many. */
struct iovec;
size_t conn_gather(const struct datagram *d, struct iovec *iov);
#endif
