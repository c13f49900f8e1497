/* SPDX-License-Identifier: MIT */
#include "sip/index.h"

static const struct slice names[] = {
	[SIP_INVITE] = SLICE_LIT("INVITE"),
	[SIP_ACK] = SLICE_LIT("ACK"),
	[SIP_BYE] = SLICE_LIT("BYE"),
	[SIP_CANCEL] = SLICE_LIT("CANCEL"),
	[SIP_REGISTER] = SLICE_LIT("REGISTER"),
	[SIP_OPTIONS] = SLICE_LIT("OPTIONS"),
	[SIP_PRACK] = SLICE_LIT("PRACK"),
	[SIP_UPDATE] = SLICE_LIT("UPDATE"),
	[SIP_INFO] = SLICE_LIT("INFO"),
	[SIP_SUBSCRIBE] = SLICE_LIT("SUBSCRIBE"),
	[SIP_NOTIFY] = SLICE_LIT("NOTIFY"),
	[SIP_REFER] = SLICE_LIT("REFER"),
	[SIP_MESSAGE] = SLICE_LIT("MESSAGE"),
	[SIP_PUBLISH] = SLICE_LIT("PUBLISH"),
};

#define NAMES (sizeof(names) / sizeof(names[0]))

const char *
sip_method_name(uint8_t method)
{
	return method > SIP_METHOD_NONE && method < NAMES ? (const char *)names[method].p : "";
}

/* The only known method that a token of this length and first letters can be. */
static uint8_t
candidate(struct slice t)
{
	switch (t.n) {
	case 3:
		return t.p[0] == 'A' ? SIP_ACK : SIP_BYE;
	case 4:
		return SIP_INFO;
	case 5:
		return t.p[0] == 'P' ? SIP_PRACK : SIP_REFER;
	case 6:
		switch (t.p[0]) {
		case 'I':
			return SIP_INVITE;
		case 'C':
			return SIP_CANCEL;
		case 'U':
			return SIP_UPDATE;
		default:
			return SIP_NOTIFY;
		}
	case 7:
		return t.p[0] == 'O' ? SIP_OPTIONS : t.p[0] == 'M' ? SIP_MESSAGE : SIP_PUBLISH;
	case 8:
		return SIP_REGISTER;
	case 9:
		return SIP_SUBSCRIBE;
	default:
		return SIP_METHOD_OTHER;
	}
}

uint8_t
sip_method_of(struct slice token)
{
	uint8_t m = candidate(token);

	if (m == SIP_METHOD_OTHER || memcmp(token.p, names[m].p, token.n) != 0)
		return SIP_METHOD_OTHER;
	return m;
}
