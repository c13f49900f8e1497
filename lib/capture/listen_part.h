/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_LISTEN_PART_H
#define CAPTURE_LISTEN_PART_H
/*
 * listen_part - what the parts of listen share: listen.c (the sockets, whose turn it is), listen_udp.c, listen_tcp.c (doors, which
 * accept, and peers, the connections) and listen_tls.c. For them alone.
 */
#include <sys/queue.h>
#include <sys/socket.h>

#include "capture/listen.h"
#include "hep/stream.h"

struct listen_item;

/* What can be ready: a UDP socket, a door, a peer. */
struct listen_ops {
	/* It is ready: reads or accepts once. What came is handed out by `next`. RC_OK, or RC_SYS: it failed for good. */
	enum rc (*turn)(struct listen *, struct listen_item *, struct err *);
	/* The next packet of this turn. RC_OK; RC_MORE: the turn is over. The item may be gone then. NULL: a turn brings no packets. */
	enum rc (*next)(struct listen *, struct listen_item *, struct listen_packet *);
};

struct listen_item {
	const struct listen_ops *ops;
	int fd;				/* -1: failed or closed */
	uint16_t point;
	uint8_t transport;
	bool dual;			/* IPv6 socket for both families */
};

struct listen_batch;
struct listen_tls;
struct listen_tls_peer;

struct listen_peer {
	struct listen_item item;
	struct hep_stream stream;
	struct listen_tls_peer *tls;	/* NULL: plain */
	struct addr from;
	bool ended;			/* the end was read: closed when its packets are out */
	bool writing;			/* TLS waits for room to write */
	uint64_t since_ns;		/* of the half packet or handshake */
	uint64_t since_packets;		/* packets that came before that half one */
	bool half, silent;		/* is in that list */
	LIST_ENTRY(listen_peer) all;
	TAILQ_ENTRY(listen_peer) halves, silents;
};

#define LISTEN_READY 64		/* items that one look at the kernel brings */
#define LISTEN_READ (128u << 10)	/* bytes of a connection's turn; TLS needs 16 KiB at least, see listen_tls.h */

struct listen {
	struct listen_conf conf;
	struct listen_stats stats;
	int epoll;
	struct listen_item socket[LISTEN_MAX];
	uint32_t drops[LISTEN_MAX];	/* as last read; they wrap */
	size_t n;
	struct listen_item *ready[LISTEN_READY];
	size_t ready_n, ready_at;
	uint64_t now_ns;		/* of the call under way */
	struct listen_item *turn;	/* hands out its packets now, or NULL */
	struct addr from;		/* stream: of the packet that came last */
	const struct listen_item *last;	/* whose packet came last */

	struct listen_batch *batch;	/* datagrams of the turn; NULL without UDP */

	uint8_t *bytes;			/* what the turn read from a connection; NULL without TCP */
	struct slice in;		/* of it what is not handed out */
	LIST_HEAD(listen_peers, listen_peer) peers;
	TAILQ_HEAD(listen_halves, listen_peer) halves;	/* in the order of since_ns */
	TAILQ_HEAD(listen_silents, listen_peer) silents;	/* without a whole packet so far, in the order of their coming */
	bool doors_shut;		/* no descriptors left: doors are not looked at until the next tick */
	struct listen_tls *tls;
};

/* Puts the item into the set that is polled, for reading (or `events`, changed). */
enum rc listen_watch(struct listen *, struct listen_item *, uint32_t events, bool changed, struct err *) MUST_USE;
/* Forgets an item that is about to be closed: a look at the kernel may have found it ready. */
void listen_forget(struct listen *, const struct listen_item *);
void listen_say(struct listen *, const char *cause, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* listen_udp.c */
extern const struct listen_ops listen_udp_ops;
struct listen_batch *listen_batch_new(void);
void listen_batch_free(struct listen_batch *);
void listen_batch_from(const struct listen_batch *, struct addr *out);
/* Buffer of about `size` bytes; returns what the kernel keeps. */
size_t listen_udp_buffer(int fd, size_t size);
/* Datagrams that the kernel dropped since the socket was made, 32 bits that wrap. */
uint32_t listen_udp_drops(int fd);

/* listen_tcp.c */
extern const struct listen_ops listen_door_ops, listen_peer_ops;
/* Ends peers whose half packet is older than stall_ns. */
void listen_peers_expire(struct listen *, uint64_t now_ns);
/* Ends all of them. */
void listen_peers_end(struct listen *);
#endif
