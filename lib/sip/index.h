/* SPDX-License-Identifier: MIT */
#ifndef SIP_INDEX_H
#define SIP_INDEX_H
/*
 * index - where the parts of a SIP message lie (RFC 3261 7, 20, 25.1).
 *
 * Made once, in the source, by sip_scan; carried in every trace record; nobody downstream scans again.
 * Everything is an offset into the message, so that it survives copying.
 */
#include "base/slice.h"

/*
 * A part of the message. off == 0 && len == 0 is "not there"; off > 0 && len == 0 is there and empty.
 * (Only the start line can lie at offset 0, and its parts are never empty.)
 */
struct sip_span {
	uint32_t off;
	uint32_t len;
};

/* Methods with a number of their own; any other token is SIP_METHOD_OTHER and its text is the span's. */
enum sip_method {
	SIP_METHOD_NONE = 0,	/* a reply, or no CSeq */
	SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_REGISTER, SIP_OPTIONS, SIP_PRACK, SIP_UPDATE, SIP_INFO,
	SIP_SUBSCRIBE, SIP_NOTIFY, SIP_REFER, SIP_MESSAGE, SIP_PUBLISH,
	SIP_METHOD_OTHER = 255,
};

enum sip_span_id {
	SIP_SPAN_METHOD,	/* request: first token of the start line; reply: not there */
	SIP_SPAN_CSEQ_METHOD,
	SIP_SPAN_CALLID,
	SIP_SPAN_FROM_TAG, SIP_SPAN_TO_TAG,
	SIP_SPAN_FROM_USER, SIP_SPAN_FROM_HOST,
	SIP_SPAN_TO_USER, SIP_SPAN_TO_HOST,
	SIP_SPAN_RURI_USER, SIP_SPAN_RURI_HOST,
	SIP_SPAN_BRANCH,	/* of the top Via, with the magic cookie */
	SIP_SPANS,
};

#define SIP_VIAS 8

enum sip_index_flag {
	SIP_HAS_CSEQ = 1,	/* cseq holds a number (0 is one) */
	SIP_VIA_MORE = 2,	/* there are Via branches beyond the SIP_VIAS hashed ones */
	SIP_UNUSUAL = 4,	/* breaks the grammar somewhere: ask the full parser where meaning matters */
	SIP_CUT = 8,		/* the header block does not end within the bytes */
	SIP_HAS_LENGTH = 16,	/* content_length is valid */
};

struct sip_index {
	uint16_t status;		/* reply: 100..999; request: 0 */
	uint8_t method;			/* enum sip_method; reply: SIP_METHOD_NONE */
	uint8_t cseq_method;		/* enum sip_method */
	uint8_t flags;			/* enum sip_index_flag */
	uint8_t vias;			/* valid entries of via[] */
	uint32_t cseq;			/* RFC 3261 8.1.1.5: below 2^31; a larger one is cut to 2^32-1 and UNUSUAL */
	uint32_t body;			/* offset of the first byte after the empty line; 0 = the headers do not end */
	uint32_t content_length;	/* as the message says, whatever is there */
	struct sip_span span[SIP_SPANS];
	uint64_t via[SIP_VIAS];		/* hash64 of each Via's branch parameter, top first; 0 = Via without one */
};

/* The bytes of one part within `msg`, the message the index was made from; { NULL, 0 } where not there. */
static inline struct slice
sip_part(const struct sip_index *x, struct slice msg, enum sip_span_id id)
{
	struct sip_span s = x->span[id];

	if (s.off == 0 && s.len == 0)
		return (struct slice){ NULL, 0 };
	return (struct slice){ msg.p + s.off, s.len };
}

/* "INVITE" …, "" for NONE and OTHER. Static. */
const char *sip_method_name(uint8_t method);
/* Exact case (RFC 3261 7.1: methods are case-sensitive). */
uint8_t sip_method_of(struct slice token);
#endif
