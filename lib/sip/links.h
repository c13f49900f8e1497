/* SPDX-License-Identifier: MIT */
#ifndef SIP_LINKS_H
#define SIP_LINKS_H
/*
 * links - which sets (sip/track.h) are legs of one call: those that have a value in common, be it that a header of one has the Call-ID of the
 * other, or that headers of both have the same (design section 5, Linking). Joined sets are a group.
 *
 * A value is 128 bits of keyed hash, made by links_value; a set's Call-ID is one of its values. A group ends with its last set; its values
 * are then forgotten. Bounds: max_sets sets a group, those that left it included, and max_values values a set: what is over joins nothing and is
 * counted, so that one value that everybody sends (a proxy's constant, say) cannot make one call of all. As sets that left count, such a
 * value cannot keep a group alive for ever either: full, it takes nobody, ends with those that it has, and the next set begins another.
 *
 * A number is a set's; any number of a group names the group. It stays good when groups are joined, until its set leaves.
 * Cost: about 40 bytes a value and as many a set, kept until the group ends; joining is constant, finding nearly so (union by size, paths halved);
 * what an ended group had is freed a little with each call, so none pauses. Threads: one a struct links.
 */
#include "base/slice.h"

struct links;

struct links_conf {
	uint64_t seed;
	uint32_t max_sets;	/* of a group, at least 2 */
	uint32_t max_values;	/* of a set, its Call-ID included, at least 2 */
	/*
	 * Group `gone` is about to become part of `kept` (both are roots, marks and sizes still theirs); what the caller knows of them is to be
	 * joined in kept's mark: gone's is forgotten. It may call links_mark and links_size. May be NULL.
	 */
	void (*joined)(void *arg, uint32_t kept, uint32_t gone);
	void *arg;
};

struct links_value { uint64_t key[2]; };

struct links_stats {
	uint64_t groups;	/* now */
	uint64_t bytes;		/* in use, of ended groups not yet freed too */
	uint64_t joins;		/* sets and groups that became part of others so far */
	uint64_t refused;	/* attempts at joins and values over the bounds: a message that repeats one counts again */
};

struct links *links_new(const struct links_conf *);
void links_free(struct links *);

/*
 * Line folds count as one space, and a UUID (32 hexadecimal digits, with or without RFC 4122's four dashes) is the same in either case and form: RFC 7989
 * wants lower case without dashes.
 */
struct links_value links_value(const struct links *, struct slice text);
/*
 * A set with this value (its Call-ID): returns its number, never 0, in the group of the sets that have the value, or in a new one. Where
 * that group is full the set is alone, without the value.
 */
uint32_t links_enter(struct links *, const struct links_value *);
/*
 * The set of this number has this value too; sets that have it are joined with it. True: its group is another or larger one now.
 */
bool links_add(struct links *, uint32_t number, const struct links_value *);
/* Once for each links_enter. With the last one (links_size 1) the group ends, and its mark is forgotten. */
void links_leave(struct links *, uint32_t number);
/* The root of the number's group: the same for all of a group, another one perhaps when groups were joined. */
uint32_t links_find(struct links *, uint32_t number);
/* Sets in the group now. */
uint32_t links_size(struct links *, uint32_t number);
/* The caller's word for the group (of its root), NULL at first. Valid until the next enter or add. */
void **links_mark(struct links *, uint32_t number);
struct links_stats links_stats(const struct links *);

/*
 * The values that a header links by, in the order of the text and none twice, at most LINKS_HEADER_VALUES of them; returns how many.
 *   Replaces, Target-Dialog	the Call-ID, without parameters (RFC 3891, RFC 4538)
 *   In-Reply-To		each Call-ID (RFC 3261 20.21)
 *   P-Charging-Vector		icid-value (RFC 7315 5.6)
 *   Session-ID			the UUID and the "remote" one, without the null UUID (RFC 7989 5); so a pair links whichever way round
 *   others			the whole value, trimmed, without quotes around it
 * All occurrences of the header in the message are looked at, in any case, long and compact form; one whose line the capture cut is none: half a value
 * may be another's. Empty values are none. They lie in `msg`, as they stand there: case and folds are links_value's business.
 */
#define LINKS_HEADER_VALUES 8
size_t links_header(struct slice msg, struct slice name, struct slice out[LINKS_HEADER_VALUES]);
#endif
