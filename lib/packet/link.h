/* SPDX-License-Identifier: MIT */
#ifndef PACKET_LINK_H
#define PACKET_LINK_H
/*
 * link - what stands before the IP header: Ethernet, VLAN tags (802.1Q, 802.1ad, any number), Linux cooked captures,
 * BSD loopback, raw IP, PPPoE sessions (RFC 2516). Values are the LINKTYPE_ numbers of pcap and pcapng files.
 */
#include "base/rc.h"
#include "packet/packet.h"

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

#define LINK_VLANS 8	/* tags kept; deeper ones are passed over */

/* Who the frame was for, as Linux' cooked header says. */
enum link_way { LINK_WAY_UNKNOWN, LINK_WAY_IN, LINK_WAY_OUT };

struct link {
	uint8_t way;			/* enum link_way */
	uint8_t vlans;			/* valid entries of vlan[] */
	uint16_t vlan[LINK_VLANS];	/* identifiers (12 bits), outermost first */
};

/* Can link_strip read this type? */
bool link_known(uint16_t link);
/*
 * Moves `in` behind the link header to an IP packet (whatever its version is; trailing padding stays).
 * RC_OK   *l is filled
 * RC_END  a frame that is no IP (ARP, spanning tree, PPP control, 802.3 with a length …)
 * RC_MORE the frame ends within its headers
 * RC_BAD  an unknown link type
 */
enum rc link_strip(uint16_t link, struct slice *in, struct link *l) MUST_USE;
#endif
