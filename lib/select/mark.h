/* SPDX-License-Identifier: MIT */
#ifndef SELECT_MARK_H
#define SELECT_MARK_H
/*
 * mark - what is remembered of a transaction, a set, or a call of linked sets: who took it, its annotations, what waits. Private to lib/select.
 *
 * Marks make a tree: a transaction's is below its set's, a set's below its call's where sets are linked. Most transactions and sets have none (NULL:
 * nobody took it), or the one that their rule keeps for all that it took and that have nothing of their own.
 */
#include "base/clock.h"
#include "select/select.h"
#include "trace/hold.h"

struct mark;

/* A rule as marks know it: lives while one names it. */
struct entry {
	struct rule *rule;
	bool per_call;		/* its annotations differ from call to call */
	bool retired;		/* no longer among the rules in use */
	uint64_t refs;		/* marks and notes that name it, and one for being in use */
	struct mark *shared;
};

enum mark_kind {
	OF_TXN,
	OF_SET,
	OF_CALL,		/* linked sets */
	OF_RULE,		/* of an entry */
};

/* Annotations that were made for a call. */
struct note {
	struct entry *entry;	/* NULL, the first of a mark: `attrs` is the call's first request, from which they are made when it is taken */
	uint32_t n;
	uint8_t *attrs;
};

struct mark {	/* what most messages touch comes first: one cache line */
	uint8_t kind;		/* enum mark_kind */
	bool partial;		/* messages of it were given up */
	bool keeps_parent;	/* it is over, and holds one of its parent's refs */
	uint8_t notes_n;
	uint32_t refs;		/* one while it is somebody's mark, one for each record that waits with it as its owner */
	struct entry *claim;	/* who took it; NULL: nobody yet */
	struct mark *parent, *child;	/* child: the first of those below */
	struct hold_list held;
	struct note *notes;
	struct mark *prev, *next;	/* beside it, below the same */
	struct mark *all_prev, *all_next;	/* select's list of all */
	union {
		struct { uint32_t number, leg; } set;		/* in links; which of the call's legs */
		struct { uint64_t key, serial; uint32_t legs; } call;	/* hash of the first leg's Call-ID; the older has the lower serial */
	};
};

struct select {
	struct select_conf conf;
	struct rules rules;
	struct entry **entries;		/* as many */
	bool takes_txns, takes_sets;	/* some rule does */
	bool notes;			/* some rule's annotations differ from call to call */
	bool expires;			/* some rule has a time */
	struct clock clock;		/* that rules with a time go by */
	struct expr_ctx *ctx;
	struct track *track;		/* NULL: not needed */
	struct links *links;		/* NULL: none */
	struct hold *hold;		/* NULL: no look-back */
	struct record *records;		/* of the batch */
	const struct record *current;	/* ctx is at this one */
	struct track_msg *msgs;		/* SELECT_BATCH of them, the batch's tracked messages in order */
	size_t next;			/* the first not yet asked for */
	struct buf fresh, merged;	/* attributes of the record at hand */
	struct mark rest;		/* owner of waiting records that are decided: they do not pass */
	struct mark done;		/* the same: they pass, annotated already */
	struct hold_list **lists;	/* scratch */
	size_t lists_cap;
	uint64_t taken, open;		/* calls so far; those not yet over */
	uint64_t partial, left_out, serials;
	struct track_stats last;	/* at the end of the stream */
	bool stopped;			/* out said so: what waits is not for anybody any more */
	struct mark *marks;		/* all of them */
};

/* What no rule took waits for rules to come. */
static inline bool
awaits_rules(const struct select *s)
{
	return s->conf.changes && s->conf.lookback_ns > 0;
}

/* Expression and templates look at this record from now on (select.c). */
struct expr_ctx *select_at(struct select *, const struct record *);
/*
 * Gives the record the attributes and flags of what passes by `e` (NULL: by no rule). `owner`: the lowest mark that it belongs to, NULL: it is
 * alone (select_annotate.c).
 */
void select_annotate(struct select *, struct record *, struct entry *e, struct mark *owner);
/* Whose annotations are given to what passes though it is not selected; NULL: none. */
struct entry *select_rest_entry(const struct select *);

struct mark *mark_new(struct select *, enum mark_kind);
void mark_unref(struct select *, struct mark *);
/* What is left at the end of all, because records of it were left. */
void mark_free_all(struct select *);
/* The word's own mark, made if there is none. Below `parent` (may be NULL) if it is made. */
struct mark *mark_get(struct select *, void **word, enum mark_kind, struct mark *parent);
/* The nearest of it and those above it that somebody took; NULL: none. */
struct mark *mark_taken(struct mark *);
/* `e` takes it. Counts, and lets out what waits. */
void mark_claim(struct select *, struct mark *, struct entry *);
/* A call (transaction, message) more was taken by `e`. */
void mark_count(struct select *, struct entry *);
/* What a shared mark is used for: a word that has nothing of its own. */
void mark_claim_shared(struct select *, void **word, struct entry *);
/* Below another (NULL: none). */
void mark_move(struct mark *, struct mark *parent);
/* The tracker or links let it go. */
void mark_end(struct select *, struct mark *);
/* Annotations of `e` for the call of r, made now if they have not been. */
const struct note *mark_note(struct select *, struct mark *, struct entry *, const struct record *r);
/* Makes those that depend on the call, of all rules that could take this kind of mark, from its first request. */
void mark_notes(struct select *, struct mark *, const struct record *first);

/* entries.c: the rules in use. */
void entries_use(struct select *, struct rules *);
void entry_unref(struct entry *);

/* wait.c: records that wait. */
void wait_open(struct select *);
void wait_add(struct select *, struct mark *owner, const struct record *);
/* A record that is decided, where the order is kept: behind those before it. `owner`: &s->rest or &s->done. */
bool wait_behind(struct select *, struct record *, struct mark *owner);
/* The mark was taken: what waits with it and below it passes. */
void wait_release(struct select *, struct mark *);
/* It is over and nobody took it: what waits does not pass, or goes on waiting with its parent. */
void wait_end(struct select *, struct mark *);
/* All of b's go to a. */
void wait_join(struct select *, struct mark *a, struct mark *b);

/* legs.c: linked sets. */
void legs_open(struct select *);
/* The message's set becomes a leg, and what its headers say joins it with others. Returns the call's mark. */
struct mark *legs_message(struct select *, struct mark *set, const struct record *);
/* A set's mark goes. */
void legs_end(struct select *, struct mark *set);
#endif
