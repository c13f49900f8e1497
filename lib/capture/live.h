/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H
/*
 * live - packets from network interfaces, through libpcap. Never blocks: the caller polls live_fds, so that it also sees
 * signals and can flush what it has (a blocking libpcap read does not return while there is no traffic).
 */
#include <poll.h>

#include "base/err.h"
#include "packet/packet.h"

struct live_conf {
	const char *const *ifaces;	/* names; "any" is all of them */
	size_t n;
	size_t buffer;			/* bytes of the kernel's ring for each */
	uint32_t snaplen;
	const char *expression;		/* BPF; NULL: what filter_sip makes */
};

struct live;
/* RC_SYS: an interface cannot be opened; RC_BAD: the expression is wrong. Errors name the interface. */
enum rc live_open(const struct live_conf *, struct live **out, struct err *) MUST_USE;
void live_close(struct live *);		/* NULL is fine */
/*
 * RC_OK   *p is the next packet, valid until the next call; its point is the place of its interface in conf.ifaces
 * RC_MORE none is there now
 * RC_SYS  an interface failed and is left out from now on; call again
 * RC_END  no interface is left
 */
enum rc live_next(struct live *, struct packet *p, struct err *) MUST_USE;
/* Fills at most `max` entries, returns how many. */
size_t live_fds(const struct live *, struct pollfd *fds, size_t max);
/* Packets that the kernel, and the interfaces, dropped since the beginning. */
void live_drops(struct live *, uint64_t *kernel, uint64_t *iface);
#endif
