/* SPDX-License-Identifier: MIT */
#ifndef SELECT_SELECT_H
#define SELECT_SELECT_H
/*
 * select - which records a filter passes, and with what attributes (design section 5).
 *
 * Rules (expr/rules.h) are asked in their order, and the first that matches wins. "m" and "drop" decide one message. "t" and "d" take the whole
 * transaction or dialog set (sip/track.h) from the message that made them true; what they have taken is theirs until its end, and
 * only rules before them are still asked for its messages. What is no SIP, or has no Call-ID, is judged by itself. A message for which no rule
 * matches is not selected. Inverted: what passes is exactly the others.
 *
 * Look-back: messages that no rule has taken yet wait (trace/hold.h) until one takes their transaction or set, and then pass, in their order, before
 * the message that made it true; or until that ends, or they are too old or too many, and then they are not selected. A set some of whose
 * messages were given up is partial: its messages get ATTR_COMMENT "partial".
 *
 * Links: sets that are legs of one call (sip/links.h) have one correlation id, that of the first leg, and each message gets the number of its leg in
 * ATTR_LEG; with links_whole, "d" takes all of them.
 *
 * Annotations are made once a call (transaction with "t", set with "d", all legs where linked), from its first request if it was seen, else from the
 * message that was selected, and given to every message of it that passes; in mode m each message has its own.
 *
 * Records come out through conf.out, within any of the calls below. Threads: one a struct select.
 */
#include "expr/rules.h"
#include "sip/links.h"
#include "sip/track.h"

#define SELECT_BATCH 128
#define SELECT_NO_FLAG RULE_NO_FLAG

enum select_event {
	SELECT_RULE_BEGINS,	/* a rule with an end of its own has seen its first record */
	SELECT_RULE_OVER,	/* its time is up, or it has taken its last call */
};

struct select_conf {
	/* r->attrs and r->user_flags are as they should be (r->intact says whether they changed); valid until it returns. False: no more is wanted. */
	bool (*out)(void *arg, struct record *r, bool passes);
	void (*say)(void *arg, const struct rule *, enum select_event);		/* may be NULL */
	void *arg;
	bool rest;			/* out wants what does not pass, too */
	bool invert;
	uint32_t need_flag;		/* 0..31: only records with this user flag can be selected; SELECT_NO_FLAG: all */
	uint32_t set_flag;		/* set on records that pass; SELECT_NO_FLAG: none */
	uint8_t without;		/* enum track_fact: such messages are not selected, whatever their call */
	uint64_t calls;			/* take so many calls (messages in mode m), then no more; 0: any number */
	uint32_t shard, shards;		/* 1 … shards: only calls of this part, by a hash of the Call-ID (of the first leg); shards 0: all */
	double sample;			/* of calls, by another such hash: 0 … 1 */
	uint64_t lookback_ns;		/* 0: none */
	bool changes;			/* select_use will be called: with look-back, what rules to come may take waits, too */
	bool in_order;			/* of what waited: the order of the stream is kept, at the price of delay */
	const char *const *link_headers;	/* borrowed */
	size_t link_headers_n;
	struct tmpl *const *links;	/* templates; borrowed */
	size_t links_n;
	bool links_whole;
	uint32_t links_max;		/* legs of a call */
	uint64_t max_bytes;		/* of everything remembered: sets, annotations, what waits */
	struct track_conf track;	/* release, arg and max_bytes are select's own */
};

struct select;

/* Owns the rules from here on. */
struct select *select_new(const struct select_conf *, struct rules *);
void select_free(struct select *);
/* Judges by other rules from now on; owns them. What is taken stays so. Not between select_prepare and the last select_record after it. */
void select_use(struct select *, struct rules *);
/* Those in use now. */
const struct rules *select_rules(const struct select *);

/* The next n (at most SELECT_BATCH) records, which must stay where they are; then select_record for each of them in order. */
void select_prepare(struct select *, struct record *r, size_t n);
/* False: out said so, or everything that was wanted (conf.calls) has passed. */
bool select_record(struct select *, size_t i);
/* Stream time of a statistics frame. */
bool select_tick(struct select *, uint64_t time_ns);
/* The end of the stream: what still waits is not selected. */
bool select_finish(struct select *);

struct select_stats {
	struct track_stats sets;	/* zeros in mode m */
	struct links_stats links;
	uint64_t taken;			/* calls, or messages in mode m */
	uint64_t waiting;		/* messages, now */
	uint64_t given_up;		/* messages that waited too long or were too many */
	uint64_t partial;		/* calls taken after that happened to them */
	uint64_t left_out;		/* annotations that were too long */
	uint64_t gave_up;		/* regular expression matches, expr_ctx_gave_up */
};
struct select_stats select_stats(const struct select *);
#endif
