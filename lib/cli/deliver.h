/* SPDX-License-Identifier: MIT */
#ifndef CLI_DELIVER_H
#define CLI_DELIVER_H
/*
 * deliver - what sinks that send records over the network do alike (hepsend, sipdup): destinations from operands and from the records
 * themselves, every destination gets all, batches, pass-through for --tee, the loss ledger, one line for each cause of loss.
 *
 * A record whose ATTR_DEST begins with the tool's scheme goes there instead of to the operands' destinations; those of other
 * schemes are for other sinks. What a record becomes is the tool's business (deliver_conf.encode).
 */
#include "cli/stage.h"
#include "net/sender.h"

/* What is counted; the tool's stage_conf.counters. Messages and datagrams balance on their own. */
extern struct counter deliver_counters[];
extern const size_t deliver_counters_n;

/* How a record becomes a datagram. */
enum deliver_verdict {
	DELIVER_SEND,		/* *d is filled */
	DELIVER_NOT_OURS,	/* this sink does not send such records */
	DELIVER_UNSENDABLE,	/* it should, and cannot: `err` says why */
};

struct deliver_conf {
	const char *scheme;	/* "hep:" or "sip:", what ATTR_DEST of records for this tool begins with */
	bool keep_scheme;	/* the scheme is part of the destination ("sip:h:p" is a URI, "hep:udp:h:p" is not) */
	/*
	 * `scratch` is empty and stays untouched until the datagram is sent; `d` may refer to it and to the record. `first` is the first
	 * sender that will get the datagram.
	 */
	enum deliver_verdict (*encode)(void *arg, const struct record *r, const struct sender *first, struct buf *scratch,
	    struct datagram *d, struct err *err);
	void *arg;
};

/* --on-full, --addressed: rows for the tool's option table. */
struct deliver_opts {
	const char *on_full;	/* "block", "drop"; NULL: as the stream says */
	bool addressed;
};
extern struct deliver_opts deliver_opts;
#define DELIVER_ON_FULL { 0, "on-full", "WHAT", &deliver_opts.on_full, opt_choice, "full send buffer: block, or drop and count (live: drop)", "block drop" }
#define DELIVER_ADDRESSED { 0, "addressed", NULL, &deliver_opts.addressed, opt_flag, "send only records that name a destination of their own", NULL }

struct deliver;

/*
 * Opens the destinations. Exits 2 on a wrong one, on none at all (without --addressed), or on one that is not UDP; exits 1 on a name
 * that cannot be resolved.
 */
struct deliver *deliver_new(const struct deliver_conf *conf, char *const dest[], size_t n);
/* For stage_conf.flush: late news from the network. `arg` is the struct deliver. */
enum rc deliver_poll(void *arg);
/*
 * A record to its destinations. It and what it borrows stay valid until deliver_flush, which hands everything to the kernel; a full
 * send buffer is waited for unless --on-full says otherwise.
 */
void deliver_put(struct deliver *, const struct record *r);
void deliver_flush(struct deliver *);
/* Reads all of the stage's messages, sends them and passes them on. A live stream is not held up by a full send buffer. */
void deliver_run(struct deliver *, struct stage *);
/* deliver_conf.encode for HEP; arg is a const struct hep_conf. Whole HEP packets go out as they are. */
enum deliver_verdict deliver_hep(void *arg, const struct record *r, const struct sender *first, struct buf *scratch,
    struct datagram *d, struct err *err);
/* deliver_conf.encode for plain SIP; arg is a const bool: with X-headers (sip/xheaders.h). */
enum deliver_verdict deliver_sip(void *arg, const struct record *r, const struct sender *first, struct buf *scratch,
    struct datagram *d, struct err *err);
/* One line for each destination that lost something, then free. */
void deliver_free(struct deliver *);
#endif
