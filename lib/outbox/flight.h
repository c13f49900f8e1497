/* SPDX-License-Identifier: MIT */
#ifndef OUTBOX_FLIGHT_H
#define OUTBOX_FLIGHT_H
/* flight - packets that were handed over and may not have arrived yet: for each a mark behind which it has, and where it stands in the spool. */
#include <stddef.h>
#include <stdint.h>

struct flight {
	struct flight_entry {
		uint64_t mark;		/* only grows */
		uint64_t pos;
	} *v;				/* ring; cap is a power of two */
	size_t cap, first, n;
};

void flight_reset(struct flight *);
void flight_add(struct flight *, uint64_t mark, uint64_t pos);
/* Takes out all whose mark is `mark` or less. Returns how many; *pos is that of the last one, untouched if there is none. */
size_t flight_landed(struct flight *, uint64_t mark, uint64_t *pos);
#endif
