/* SPDX-License-Identifier: MIT */
#ifndef CLI_DELIVER_H
#define CLI_DELIVER_H
/*
 * deliver - what sinks that send records over the network do alike (hepsend, sipdup, hlog): destinations from operands and from the
 * records themselves, mirror, failover and balance, queue or spool, back-pressure, pass-through for --tee, the loss ledger, one line for
 * each cause of loss.
 *
 * A record whose ATTR_DEST begins with the tool's scheme goes there instead of to the operands' destinations; those of other
 * schemes are for other sinks. What a record becomes is the tool's business (deliver_conf.encode).
 *
 * A replay is paced (--rate, --speed): records wait, and with them the input and the tee. A live source is not to be held up: there the pace
 * is not kept, which is said once, unless --on-full block asks for it. After a signal what was read goes at once.
 *
 * Back-pressure: where a full queue blocks (--on-full, else as the stream says), only a destination that takes something holds up the input;
 * a dead one does so for DELIVER_PATIENCE_NS at most, and not at all while another one, or the tee, is served.
 */
#include "cli/stage.h"
#include "net/conn.h"

#define DELIVER_BATCH CONN_BATCH	/* records between two flushes at most */
#define DELIVER_PATIENCE_NS UINT64_C(30000000000)

/* What is counted; the tool's stage_conf.counters. Messages and packets balance on their own. */
extern struct counter deliver_counters[];
extern const size_t deliver_counters_n;

/* How a record becomes a packet. */
enum deliver_verdict {
	DELIVER_SEND,		/* *d is filled */
	DELIVER_SEND_UDP,	/* *d is filled, and only UDP carries it: `err` says why */
	DELIVER_NOT_OURS,	/* this sink does not send such records */
	DELIVER_UNSENDABLE,	/* it should, and cannot: `err` says why */
};

/* The ends of the connection that gets the packet first; NULL where there is none yet. */
struct deliver_ends {
	const struct addr *local, *peer;
};

struct deliver_conf {
	const char *scheme;	/* "hep:" or "sip:", what ATTR_DEST of records for this tool begins with */
	bool keep_scheme;	/* the scheme is part of the destination ("sip:h:p" is a URI, "hep:udp:h:p" is not) */
	const char *udp_only;	/* why only UDP carries these packets; NULL: others do too */
	bool hasty;		/* at the end nobody waits for a destination that could not be reached */
	bool shows_ends;	/* log records without addresses need deliver_ends: wait a moment for a connection that is being opened */
	/* `scratch` is empty and stays untouched until the packet was taken; `d` may refer to it and to the record. */
	enum deliver_verdict (*encode)(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch,
	    struct datagram *d, struct err *err);
	void *arg;
};

struct deliver_opts {
	const char *on_full;	/* "block", "drop"; NULL: as the stream says */
	bool addressed;
	const char *from, *iface;
	const char *ca, *cert, *cert_key;
	bool insecure;
	bool failover;
	const char *balance;	/* "callid", "rr"; NULL: every destination gets all */
	uint64_t queue_bytes;
	const char *spool;	/* folder, or NULL */
	uint64_t spool_max;
	const char *spool_drop;	/* "oldest", "newest"; NULL: oldest */
	uint64_t drain_rate;
	uint32_t rate, speed;	/* of a replay; 0: not given */
};
extern struct deliver_opts deliver_opts;	/* with its defaults */

/* Rows for the tool's option table. */
#define DELIVER_CHOICE_ROWS \
	{ 0, "failover", NULL, &deliver_opts.failover, opt_flag, "send to the first DEST that can be reached, instead of to each", NULL }, \
	{ 0, "balance", "HOW", &deliver_opts.balance, opt_choice, "spread calls over DEST…: by callid, or rr (in turn)", "callid rr" }
#define DELIVER_ADDRESSED_ROW \
	{ 0, "addressed", NULL, &deliver_opts.addressed, opt_flag, "send only records that name a destination of their own", NULL }
#define DELIVER_FROM_ROW \
	{ 0, "from", "ADDR[:PORT]", &deliver_opts.from, opt_str, "send from this local address", NULL }
#define DELIVER_CONN_ROWS \
	{ 0, "from-interface", "IFACE", &deliver_opts.iface, opt_str, "send from this interface", NULL }, \
	{ 0, "ca", "FILE", &deliver_opts.ca, opt_str, "trust the certificates in FILE, not the system's (tls)", NULL }, \
	{ 0, "cert", "FILE", &deliver_opts.cert, opt_str, "show this client certificate (tls)", NULL }, \
	{ 0, "cert-key", "FILE", &deliver_opts.cert_key, opt_str, "its private key, if it is not in the same file", NULL }, \
	{ 0, "insecure", NULL, &deliver_opts.insecure, opt_flag, "believe whoever answers (tls)", NULL }
#define DELIVER_KEEP_ROWS \
	{ 0, "queue", "BYTES", &deliver_opts.queue_bytes, opt_u64, "what may wait in memory for each DEST (64M)", NULL }, \
	{ 0, "on-full", "WHAT", &deliver_opts.on_full, opt_choice, "full queue: block, or drop and count (live: drop)", "block drop" }, \
	{ 0, "spool", "DIR", &deliver_opts.spool, opt_str, "what cannot be sent waits on disk in DIR, also for the next start", NULL }, \
	{ 0, "spool-max", "BYTES", &deliver_opts.spool_max, opt_u64, "bytes on disk for each DEST (1G)", NULL }, \
	{ 0, "spool-drop", "WHICH", &deliver_opts.spool_drop, opt_choice, "full spool: drop the oldest, or the newest (oldest)", "oldest newest" }, \
	{ 0, "drain-rate", "N", &deliver_opts.drain_rate, opt_u64, "messages a second from queue or spool at most", NULL }
#define DELIVER_PACE_ROWS \
	{ 0, "rate", "N", &deliver_opts.rate, opt_rate, "replay: at most N messages a second", NULL }, \
	{ 0, "speed", "FACTOR", &deliver_opts.speed, opt_speed, "replay: as fast as the messages once came (1x), twice as fast (2x) …", NULL }
#define DELIVER_ROWS \
	DELIVER_CHOICE_ROWS, DELIVER_ADDRESSED_ROW, DELIVER_FROM_ROW, DELIVER_CONN_ROWS, DELIVER_KEEP_ROWS, DELIVER_PACE_ROWS

struct deliver;

/*
 * Opens the destinations, and those of an earlier run that the spool still holds messages for. Exits 2 on a wrong one, on none at all
 * (without --addressed), on options that contradict each other; exits 1 on a spool that cannot be used.
 */
struct deliver *deliver_new(const struct deliver_conf *conf, char *const dest[], size_t n);
/* The stage whose signals are served while deliver waits. Before the first put. */
void deliver_attach(struct deliver *, struct stage *);
/*
 * A record to its destinations. It and what it borrows stay valid until deliver_flush, which sends everything or queues it; a full
 * queue is waited for as said above. At most DELIVER_BATCH without a flush: the next one flushes first.
 */
void deliver_put(struct deliver *, const struct record *r);
void deliver_flush(struct deliver *);
/* Polls p for at most timeout_ns, or as briefly as it likes, and serves the connections meanwhile. Returns how many of p are ready. */
size_t deliver_poll(struct deliver *, struct pollfd *p, size_t n, uint64_t timeout_ns);
/*
 * Waits until fd is readable (-1: none), a signal came, or timeout_ns have passed. True: fd is readable. stage_conf.wait of a tool
 * is deliver_wait_input.
 */
bool deliver_wait(struct deliver *, int fd, uint64_t timeout_ns);
void deliver_wait_input(void *deliver, int fd);
/* Reads all of the stage's messages, sends them, at their pace, and passes them on, then deliver_finish. */
void deliver_run(struct deliver *, struct stage *);
/*
 * The end: waits until all has gone out, --drain-time at most from the last time that something did; counts what is left. What a spool
 * holds stays there, and nobody waits for the dead. Before stage_close, so that the ledger is right.
 */
void deliver_finish(struct deliver *);
/* deliver_conf.encode for HEP; arg is a const struct hep_conf. Whole HEP packets go out as they are. */
enum deliver_verdict deliver_hep(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch,
    struct datagram *d, struct err *err);
/* deliver_conf.encode for plain SIP; arg is a const bool: with X-headers (sip/xheaders.h). */
enum deliver_verdict deliver_sip(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch,
    struct datagram *d, struct err *err);
/* One line for each destination that lost something, then free. */
void deliver_free(struct deliver *);
#endif
