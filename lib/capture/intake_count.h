/* SPDX-License-Identifier: MIT */
#ifndef CAPTURE_INTAKE_COUNT_H
#define CAPTURE_INTAKE_COUNT_H
/* intake_count - the ledger of the intake: what its counters are called and how they add up. Private to it. */
#include "trace/stats.h"

enum intake_count {
	PACKETS_IN, PACKETS_SIP,
	/* left out; the first of these in the order of enum decap_verdict, from DECAP_NO_IP on */
	NOT_IP, OTHER_PROTOCOL, CUT, BAD_IP, BAD_TRANSPORT, BAD_LINK,
	NO_SIP, KEEPALIVES, ICMP_QUOTED, TCP_CONTROLS, TCP_REPEATED,
	FRAG_TIMED_OUT, FRAG_BAD, FRAG_COPIES, FILTERED,
	/* lost */
	FRAG_EVICTED, KERNEL_DROPS, INTERFACE_DROPS,
	/* held */
	FRAG_HELD, STREAM_HELD,
	MESSAGES_IN, MESSAGES_OUT, MESSAGES_EVICTED, NO_XHEADERS, XHEADERS_UNTRUSTED,
	MESSAGES_CUT, MESSAGES_JOINED, TCP_KEEPALIVES, TCP_HOLES, TCP_INCOMPLETE,
	INTAKE_COUNTS,
};

/* All of them, at 0. */
extern const struct counter intake_count_names[INTAKE_COUNTS];
#endif
