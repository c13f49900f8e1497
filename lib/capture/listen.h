/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_LISTEN_H
#define CAPTURE_LISTEN_H
/*
 * listen - HEP packets from the network: UDP datagrams, and whole packets out of TCP and TLS connections. What is in them is
 * not looked at here.
 *
 * Never blocks: the caller polls listen_fd (one descriptor for all), so that it also sees signals and can flush what it has.
 *
 * Peers are not trusted. A turn of one socket or connection is 64 datagrams or one read of 128 KiB, then the next has its turn, so
 * that a flood delays the others and does not starve them. A connection holds the beginning of one packet at most (under 64 KiB;
 * TLS adds what OpenSSL needs), and has `stall_ns` to bring its rest. There are at most max_conns: a new one then takes the place of the
 * one that was longest open without ever having sent a whole packet; where each has, the new one is refused.
 *
 * No clock: `now_ns` is any clock that only grows, looked at only for stall_ns.
 */
#include "base/err.h"
#include "base/slice.h"
#include "net/addr.h"

#define LISTEN_MAX 64			/* sockets */

struct listen_conf {
	/*
	 * "udp:HOST:PORT", "tcp:…", "tls:…"; HOST is an address, a name (its first address), or * for all addresses of both families
	 * ([::] is IPv6 alone); port 0: the system chooses one.
	 */
	const char *const *where;
	size_t n;
	size_t buffer;			/* UDP: bytes of the kernel's buffer for each socket; the system may give less */
	size_t max_conns;
	uint64_t stall_ns;		/* half a packet or handshake may last so long */
	const char *cert, *cert_key;	/* TLS: our certificate chain and its key (PEM files); no cert_key: it is in `cert` */
	const char *client_ca;		/* TLS: only clients with a certificate signed by one of these; NULL: any client */
	/* Something that a user may want to read once: `cause` is static and the same for all alike. Must not call back in. */
	void (*say)(void *arg, const char *cause, const struct err *);
	void *arg;
};

struct listen_packet {
	struct slice data;		/* a datagram, or a whole packet of a stream */
	uint16_t point;			/* the place of its socket in conf.where */
};

/* Sums since the beginning. conns = closed + … + refused + open. */
struct listen_stats {
	uint64_t kernel_drops;		/* datagrams; as of the last listen_tick or listen_end */
	uint64_t cut;			/* packets whose rest did not come before the connection ended */
	uint64_t stalled;		/* packets whose rest did not come in time */
	uint64_t unfinished;		/* packets whose rest had not come at listen_end */
	uint64_t garbage;		/* packets that began as no HEP does, each the end of its connection */
	uint64_t conns;
	uint64_t conns_closed;		/* by the peer, in good order, or by listen_end */
	uint64_t conns_reset;		/* broken */
	uint64_t conns_garbage, conns_stalled;
	uint64_t conns_evicted;		/* silent ones that made room */
	uint64_t conns_refused;		/* no room */
	uint64_t conns_handshake;	/* TLS: the handshake failed */
	uint64_t conns_open;
};

struct listen;
/*
 * RC_BAD: `where` cannot be understood, or TLS without a certificate; RC_SYS: cannot be resolved, bound, or read. Errors name it. Blocks
 * while names are resolved. Strings of conf must live as long.
 */
enum rc listen_open(const struct listen_conf *, struct listen **out, struct err *) MUST_USE;
void listen_close(struct listen *);	/* NULL is fine */
/*
 * RC_OK   *p is the next packet, valid until the next call
 * RC_MORE none is there now
 * RC_SYS  a socket failed and is left out from now on; call again
 * RC_END  no socket is left
 */
enum rc listen_next(struct listen *, uint64_t now_ns, struct listen_packet *p, struct err *) MUST_USE;
/* Who sent the packet that came last. */
void listen_from(const struct listen *, struct addr *out);
/* Readable when listen_next may have something. */
int listen_fd(const struct listen *);
/* Once a second or so: ends what has stalled, brings kernel_drops up to date. */
void listen_tick(struct listen *, uint64_t now_ns);
/* No more packets are wanted: ends all connections. Only listen_stats may follow, and listen_close. */
void listen_end(struct listen *);
const struct listen_stats *listen_stats(const struct listen *);
/* The i-th socket as it was bound; false where there are no more. *buffer: bytes that the kernel keeps for it (UDP). */
bool listen_socket(const struct listen *, size_t i, uint8_t *transport, struct addr *local, size_t *buffer);
#endif
