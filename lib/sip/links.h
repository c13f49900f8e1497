/* SPDX-License-Identifier: MIT */
#ifndef SIP_LINKS_H
#define SIP_LINKS_H
/*
 * links - which sets (sip/track.h) are legs of one call: those that have a value in common, be it that a header of one has the Call-ID of the
 * other, or that headers of both have the same (design section 5, Linking). Joined sets are a group.
 *
 * A value is 128 bits of keyed hash, made by links_value; a set's Call-ID is one of its values. A group ends with its last set; its values
 * are then forgotten. Bounds: max_sets sets a group and max_values values a set: what is over joins nothing and is counted, so that one
 * value that everybody sends (a proxy's constant, say) cannot make one call of all.
 *
 * Cost: 32 bytes a value, 16 a set, 24 a group; joining costs as much as the smaller group is large. Threads: one a struct links.
 */
#include "base/slice.h"

struct links;

struct links_conf {
	uint64_t seed;
	uint32_t max_sets;	/* of a group, at least 2 */
	uint32_t max_values;	/* of a set, its Call-ID included, at least 2 */
	/*
	 * Two groups are about to become one; each is named by one of its sets. The mark of `kept`'s stays, so what the caller knows of the other is to
	 * be joined to it now. It must call nothing but links_mark.
	 */
	void (*joined)(void *arg, uint32_t kept, uint32_t gone);
	void *arg;
};

struct links_value { uint64_t key[2]; };

struct links_stats {
	uint64_t groups;	/* now */
	uint64_t bytes;
	uint64_t joins;		/* sets that joined others' groups so far */
	uint64_t refused;	/* sets that a bound kept from joining, or from having a value more */
};

struct links *links_new(const struct links_conf *);
void links_free(struct links *);

struct links_value links_value(const struct links *, struct slice text);
/*
 * A set with this value (its Call-ID): returns the set's number, never 0, which it has until links_leave. It joins the group that has the
 * value, or begins one.
 */
uint32_t links_enter(struct links *, const struct links_value *);
/* The set has this value too; sets that have it are joined with it. True: its group is another or larger one now. */
bool links_add(struct links *, uint32_t set, const struct links_value *);
void links_leave(struct links *, uint32_t set);
/* Sets in its group, itself included. */
uint32_t links_size(const struct links *, uint32_t set);
/* The caller's word for the set's group, NULL at first. Valid until the next enter, add or leave. */
void **links_mark(const struct links *, uint32_t set);
struct links_stats links_stats(const struct links *);

/*
 * The values that a header links by, borrowed from the message, in the order of the text, at most LINKS_HEADER_VALUES of them; returns how many.
 *   Replaces, Target-Dialog	the Call-ID, without parameters (RFC 3891, RFC 4538)
 *   In-Reply-To		each Call-ID (RFC 3261 20.21)
 *   P-Charging-Vector		icid-value (RFC 7315 5.6)
 *   Session-ID			the UUID and the "remote" one, without the null UUID (RFC 7989 5; lower-case there); so a pair links whichever way round
 *   others			the whole value, trimmed, without quotes or angle brackets around it
 * All occurrences of the header in the message are looked at. Empty values are none.
 */
#define LINKS_HEADER_VALUES 8
size_t links_header(struct slice msg, struct slice name, struct slice out[LINKS_HEADER_VALUES]);
#endif
