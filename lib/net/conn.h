/* SPDX-License-Identifier: MIT */
#ifndef NET_CONN_H
#define NET_CONN_H
/*
 * conn - one way to one destination, over UDP, TCP or TLS, behind one shape: packets go in whole, in order, and nothing ever blocks.
 *
 * No clock: `now_ns` is any clock that only grows. One caller's thread; names are resolved in a thread of the module's own, anew with each
 * conn_open. All addresses of a name are tried: TCP and TLS until one answers (libcurl's connection layer: happy eyeballs,
 * verification), UDP the next one after each conn_open that followed returned datagrams.
 *
 * A packet that was taken is the conn's: over TCP and TLS the rest of one that the kernel took half of is kept here, and goes out before
 * the next. Whatever the peer sends back is read and dropped, so that its closing is seen.
 */
#include <poll.h>

#include "net/addr.h"
#include "net/dest.h"

#define CONN_BATCH 256		/* packets that one conn_send looks at at most */
#define CONN_PARTS 3
#define CONN_FDS 8		/* what conn_fds fills at most */

/* One packet: its parts one after the other; unused ones have n == 0. */
struct datagram {
	struct slice part[CONN_PARTS];
};

struct conn_conf {
	struct dest dest;
	struct addr from;		/* local address; FAMILY_NONE: any; port 0: any */
	const char *iface;		/* interface to send from, or NULL */
	const char *ca;			/* TLS: file of trusted certificates; NULL: the system's */
	const char *cert, *cert_key;	/* TLS: client certificate and its key (PEM); NULL: none; no cert_key: it is in `cert` */
	bool insecure;			/* TLS: whoever answers is believed */
	bool stop_returned;		/* UDP: after datagrams came back no more are taken, so that those sent again stay in order */
	uint64_t open_timeout_ns;	/* resolving, connecting and handshake together; 0 = 10 s */
	uint64_t user_timeout_ns;	/* TCP, TLS: unacknowledged for so long is broken (TCP_USER_TIMEOUT; keep-alive probes find idle half-open peers); 0 = 20 s */
};

enum conn_state { CONN_CLOSED, CONN_OPENING, CONN_OPEN };

enum conn_loss {
	CONN_RETURNED,		/* UDP: the network sent it back: port closed, host unreachable */
	CONN_TOO_LARGE,		/* UDP: over what a datagram can hold (65507 bytes on IPv4) */
	CONN_FAILED,		/* the system refused it for another reason */
	CONN_LOSSES,
};

/* taken = sent + all lost. Packets that the end of a TCP or TLS connection took with it stay in `sent`: see conn_unacked. */
struct conn_counts {
	uint64_t taken;
	uint64_t sent;
	uint64_t bytes;		/* of the packets sent */
	uint64_t lost[CONN_LOSSES];
	int returned_errno;	/* of the last returned one */
	int failed_errno;	/* of the last failed one */
};

struct conn;

/* Copies conf, strings too; does nothing else. */
struct conn *conn_new(const struct conn_conf *conf);
void conn_free(struct conn *);		/* closes it as it is; NULL is fine */
void conn_close(struct conn *);		/* closes it as it is; counts stay, conn_unacked is of the moment before */
enum conn_state conn_state(const struct conn *);
/* Begins to open a closed one. conn_step tells how it goes; over UDP to an address it is open at once. */
void conn_open(struct conn *, uint64_t now_ns);
/*
 * Does what can be done now: goes on with opening, writes what was kept, reads and drops, looks for returned datagrams.
 * RC_OK   the state is what conn_state says
 * RC_SYS  opening failed, or the open connection broke: it is closed now, *err says why ("connection refused", "certificate verify
 *         failed: …"), without the destination's text
 * RC_END  the peer closed it in good order: it is closed now
 */
enum rc conn_step(struct conn *, uint64_t now_ns, struct err *) MUST_USE;
/* What to poll for before the next conn_step, at most CONN_FDS; and when to call it at the latest (UINT64_MAX: never of itself). */
size_t conn_fds(const struct conn *, struct pollfd *fds, size_t max);
uint64_t conn_due_ns(const struct conn *);

/*
 * Hands packets over, in order; returns how many of `n` were taken (0 if it is not open). Fewer than min(n, CONN_BATCH): no
 * more fits now (poll: conn_fds asks for writability from then on), or it broke, which the next conn_step says, or stop_returned holds.
 */
size_t conn_send(struct conn *, const struct datagram *d, size_t n);
/*
 * TCP, TLS: of the bytes taken last, how many the peer's system has not acknowledged (an upper bound; what is kept here included). Asked of
 * a connection that just broke, before conn_open, it is what it was then. UDP: 0.
 */
uint64_t conn_unacked(const struct conn *);
/*
 * TCP, TLS: the same with what the peer's system has acknowledged and, as its window tells (largest so far less the latest), holds
 * for a program that does not read. No bound: while the peer's system opens its window it may be too little by some 700 KiB (Linux), and by what
 * a larger buffer of the peer's own holds before its window shrinks. UDP: 0.
 */
uint64_t conn_unread(const struct conn *);
/* No more packets will come: TCP and TLS end in good order once all is written. */
void conn_shutdown(struct conn *);
const struct conn_counts *conn_counts(const struct conn *);	/* since conn_new, over all openings */
/* Of an open one. */
const struct addr *conn_local(const struct conn *);
const struct addr *conn_peer(const struct conn *);
/* Bytes of a datagram. */
size_t datagram_size(const struct datagram *d);
#endif
