/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <ctype.h>

#include "base/buf.h"
#include "sip/msg.h"
#include "sip/track.h"


#define S 1000000000ULL
#define START (1700000000 * S)

/*
 * A flow is a table of messages, each with the set (letter) and transaction (number) it must fall into, both named in order of
 * appearance:  "TIME METHOD CALLID FROMTAG TOTAG CSEQ VIA[,VIA…] [|HEADER…]" or "TIME STATUS/METHOD …". "-" is nothing.
 * "TIME tick" is a statistics frame.
 */
struct step { const char *text, *want; };

struct world {
	struct track *t;
	uintptr_t sets, txns;	/* named so far */
	unsigned released;
};

static void
count_release(void *arg, void *mark)
{
	struct world *w = arg;

	assert_non_null(mark);
	w->released++;
}

static void
open_world(struct world *w, uint64_t max_sets)
{
	const struct track_conf conf = { .seed = 42, .max_sets = max_sets, .max_bytes = 1 << 30,
		.dialog_timeout_ns = 12 * 3600 * S, .release = count_release, .arg = w };

	*w = (struct world){ .t = track_new(&conf) };
}

static void
close_world(struct world *w)
{
	uintptr_t named = w->sets + w->txns;

	track_free(w->t);
	assert_int_equal(w->released, named);
}

/* The SIP text of a step; false for a tick. */
static bool
build(const char *text, uint64_t *time_ns, struct buf *b)
{
	char what[32], callid[40], from[40], to[40], vias[200], method[32];
	const char *slash, *headers = strchr(text, '|');
	double t;
	unsigned cseq;
	int n = sscanf(text, "%lf %31s %39s %39s %39s %u %199s", &t, what, callid, from, to, &cseq, vias);

	*time_ns = START + (uint64_t)(t * 1000) * (S / 1000);
	if (n == 2 && strcmp(what, "tick") == 0)
		return false;
	assert_int_equal(n, 7);
	slash = strchr(what, '/');
	snprintf(method, sizeof(method), "%s", slash != NULL ? slash + 1 : what);
	buf_clear(b);
	if (slash != NULL)
		buf_printf(b, "SIP/2.0 %.3s Because\r\n", what);
	else
		buf_printf(b, "%s sip:bob@example.com SIP/2.0\r\n", method);
	for (char *v = strtok(vias, ","); v != NULL; v = strtok(NULL, ","))
		buf_printf(b, "Via: SIP/2.0/UDP h%s%s%s\r\n", isdigit((unsigned char)v[0]) ? v : "", v[0] != '-' ? ";branch=z9hG4bK" : "",
		    v[0] != '-' ? v : "");
	buf_printf(b, "From: <sip:alice@example.com>%s%s\r\n", from[0] != '-' ? ";tag=" : "", from[0] != '-' ? from : "");
	buf_printf(b, "To: <sip:bob@example.com>%s%s\r\n", to[0] != '-' ? ";tag=" : "", to[0] != '-' ? to : "");
	if (callid[0] != '-')
		buf_printf(b, "Call-ID: %s\r\n", callid);
	buf_printf(b, "CSeq: %u %s\r\n", cseq, method);
	if (headers != NULL)
		buf_printf(b, "%s\r\n", headers + 1);
	buf_str(b, "Content-Length: 0\r\n\r\n");
	return true;
}

static void
name(void **mark, uintptr_t *names)
{
	if (*mark == NULL)
		*mark = (void *)++*names;
}

/* Feeds one message; writes its names, "A1", or "-" if it belongs to nothing. */
static void
feed(struct world *w, struct slice msg, uint64_t time_ns, char out[static 24])
{
	struct sip_index x;
	struct guarded g = guarded(msg);
	struct track_msg m = { .sip = &x, .msg = g.s, .time_ns = time_ns };

	assert_int_equal(sip_scan(g.s, &x), RC_OK);
	track_prepare(w->t, &m, 1);
	track_message(w->t, &m);
	guarded_free(&g);
	if (m.set_mark == NULL) {
		strcpy(out, "-");
		return;
	}
	name(m.set_mark, &w->sets);
	name(m.txn_mark, &w->txns);
	snprintf(out, 24, "%c%u", (char)('A' + (uintptr_t)*m.set_mark - 1), (unsigned)(uintptr_t)*m.txn_mark);
}

static void
run(struct world *w, const struct step *steps)
{
	struct buf b = { 0 };
	uint64_t t;
	char have[24];

	for (; steps->text != NULL; steps++) {
		if (!build(steps->text, &t, &b)) {
			track_tick(w->t, t);
			track_prepare(w->t, NULL, 0);
			continue;
		}
		feed(w, buf_slice(&b), t, have);
		if (strcmp(have, steps->want) != 0)
			fail_msg("\"%s\": have %s, want %s", steps->text, have, steps->want);
	}
	buf_reset(&b);
}

struct flow {
	const char *name;
	const struct step *steps;
};
#define FLOW(name, ...) { name, (const struct step[]){ __VA_ARGS__, { 0 } } }

static const struct flow flows[] = {
	FLOW("proxied call, each leg with its Via",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    100/INVITE c a - 1 z1", "A1" },
	    { "0.1  INVITE     c a - 1 z2,z1", "A1" },
	    { "0.2  180/INVITE c a b 1 z2,z1", "A1" },
	    { "0.2  180/INVITE c a b 1 z1", "A1" },
	    { "1    200/INVITE c a b 1 z2,z1", "A1" },
	    { "1    200/INVITE c a b 1 z1", "A1" },
	    { "1.1  ACK        c a b 1 z3", "A1" },
	    { "1.1  ACK        c a b 1 z4,z3", "A1" },
	    { "900  BYE        c b a 1 z5", "A2" },
	    { "900  BYE        c b a 1 z6,z5", "A2" },
	    { "900  200/BYE    c b a 1 z6,z5", "A2" },
	    { "900  200/BYE    c b a 1 z5", "A2" }),
	FLOW("topology hidden: no common branch",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0.1  INVITE     c a - 1 z2", "A1" },
	    { "0.2  180/INVITE c a b 1 z2", "A1" },
	    { "0.2  180/INVITE c a b 1 z1", "A1" }),
	FLOW("a proxy that authenticates raises the CSeq number",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0.1  INVITE     c a - 1 z2,z1", "A1" },
	    { "0.2  407/INVITE c a x 1 z2,z1", "A1" },
	    { "0.3  INVITE     c a - 2 z3,z1", "A1" },
	    { "0.4  200/INVITE c a b 2 z3,z1", "A1" },
	    { "0.4  200/INVITE c a b 1 z1", "A1" }),
	FLOW("fork with two 2xx: the set outlives the first BYE",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    INVITE     c a - 1 z2,z1", "A1" },
	    { "0    INVITE     c a - 1 z3,z1", "A1" },
	    { "1    200/INVITE c a b1 1 z2,z1", "A1" },
	    { "1    200/INVITE c a b2 1 z3,z1", "A1" },
	    { "1    ACK        c a b1 1 z4", "A1" },
	    { "1    ACK        c a b2 1 z5", "A1" },
	    { "2    BYE        c a b2 2 z6", "A2" },
	    { "2    200/BYE    c a b2 2 z6", "A2" },
	    { "3000 INFO       c b1 a 7 z7", "A3" },
	    { "3000 200/INFO   c b1 a 7 z7", "A3" },
	    { "3001 BYE        c b1 a 8 z8", "A4" },
	    { "3001 200/BYE    c b1 a 8 z8", "A4" },
	    { "3040 OPTIONS    c a b1 9 z9", "B5" }),
	FLOW("CANCEL and all that is about it belong to the INVITE",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0   INVITE     c a - 1 z2,z1", "A1" },
	    { "1   180/INVITE c a b 1 z2,z1", "A1" },
	    { "2   CANCEL     c a - 1 z1", "A1" },
	    { "2   200/CANCEL c a p 1 z1", "A1" },
	    { "2   CANCEL     c a - 1 z2", "A1" },
	    { "2   200/CANCEL c a b 1 z2", "A1" },
	    { "2   487/INVITE c a b 1 z2,z1", "A1" },
	    { "2   ACK        c a b 1 z2", "A1" },
	    { "2   487/INVITE c a b 1 z1", "A1" },
	    { "2   ACK        c a b 1 z1", "A1" },
	    { "60  INVITE     c a - 1 z9", "B2" }),
	FLOW("challenged INVITE: own transactions, one set",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0   401/INVITE c a x 1 z1", "A1" },
	    { "0   ACK        c a x 1 z1", "A1" },
	    { "31  INVITE     c a - 2 z2", "A2" },
	    { "31  200/INVITE c a b 2 z2", "A2" },
	    { "31  ACK        c a b 2 z3", "A2" }),
	FLOW("challenged INVITE, retried too late",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0   401/INVITE c a x 1 z1", "A1" },
	    { "0   ACK        c a x 1 z1", "A1" },
	    { "33  INVITE     c a - 2 z2", "B2" }),
	FLOW("failing re-INVITE ends nothing",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "0    ACK        c a b 1 z2", "A1" },
	    { "100  INVITE     c b a 1 y1", "A2" },
	    { "100  488/INVITE c b a 1 y1", "A2" },
	    { "100  ACK        c b a 1 y1", "A2" },
	    { "7200 INFO       c a b 2 z3", "A3" }),
	FLOW("re-INVITE refused with 481 ends the dialog",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "100  INVITE     c b a 1 y1", "A2" },
	    { "100  481/INVITE c b a 1 y1", "A2" },
	    { "133  INFO       c a b 2 z3", "B3" }),
	FLOW("two PRACKs with one CSeq number, one after the other",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    183/INVITE c a b 1 z1", "A1" },
	    { "1    PRACK      c a b 2 z2", "A2" },
	    { "1    200/PRACK  c a b 2 z2", "A2" },
	    { "2    PRACK      c a b 2 z3", "A3" },
	    { "2    200/PRACK  c a b 2 z3", "A3" }),
	FLOW("two PRACKs with one CSeq number, at once to two forks",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    183/INVITE c a b1 1 z1", "A1" },
	    { "0    183/INVITE c a b2 1 z1", "A1" },
	    { "1    PRACK      c a b1 2 z2", "A2" },
	    { "1    PRACK      c a b2 2 z3", "A3" },
	    { "1    PRACK      c a b1 2 y2,z2", "A2" },
	    { "1    200/PRACK  c a b2 2 z3", "A3" },
	    { "1    200/PRACK  c a b1 2 z2", "A2" }),
	FLOW("a method of its own has the same CSeq number",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "1    PRACK      c a b 2 z2", "A2" },
	    { "1    UPDATE     c a b 2 z3", "A3" },
	    { "1    XFOO       c a b 2 z4", "A4" },
	    { "1    XBAR       c a b 2 z5", "A5" },
	    { "1    200/XFOO   c a b 2 z9", "A4" }),
	FLOW("NOTIFY before the 2xx, a second notifier",
	    { "0    SUBSCRIBE     c a - 1 z1|Event: dialog", "A1" },
	    { "0    NOTIFY        c n1 a 5 y1|Event: dialog\r\nSubscription-State: active;expires=600", "A2" },
	    { "0    200/SUBSCRIBE c a n1 1 z1|Expires: 600", "A1" },
	    { "0    NOTIFY        c n2 a 1 x1|Event: dialog\r\nSubscription-State: active;expires=900", "A3" },
	    { "1    200/NOTIFY    c n1 a 5 y1", "A2" },
	    { "500  NOTIFY        c n1 a 6 y2|Event: dialog\r\nSubscription-State: terminated;reason=timeout", "A4" },
	    { "500  200/NOTIFY    c n1 a 6 y2", "A4" },
	    { "890  NOTIFY        c n2 a 2 x2|Event: dialog\r\nSubscription-State: terminated", "A5" },
	    { "890  200/NOTIFY    c n2 a 2 x2", "A5" },
	    { "923  SUBSCRIBE     c a - 9 z2|Event: dialog", "B6" }),
	FLOW("a subscription ends by expiry",
	    { "0    SUBSCRIBE     c a - 1 z1|Event: presence", "A1" },
	    { "0    200/SUBSCRIBE c a n 1 z1|Expires: 100", "A1" },
	    { "131  NOTIFY        c n a 1 y1|Event: presence\r\nSubscription-State: active;expires=1", "A2" },
	    { "131  200/NOTIFY    c n a 1 y1", "A2" },
	    { "165  NOTIFY        c n a 2 y2|Event: presence\r\nSubscription-State: active;expires=1", "B3" }),
	FLOW("the subscription of a REFER outlives the BYE",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "5    REFER      c b a 1 y1", "A2" },
	    { "5    202/REFER  c b a 1 y1", "A2" },
	    { "5    NOTIFY     c a b 2 z2|Event: refer;id=1\r\nSubscription-State: active;expires=180", "A3" },
	    { "5    200/NOTIFY c a b 2 z2", "A3" },
	    { "6    BYE        c b a 2 y2", "A4" },
	    { "6    200/BYE    c b a 2 y2", "A4" },
	    { "100  NOTIFY     c a b 3 z3|Event: refer;id=1\r\nSubscription-State: terminated;reason=noresource", "A5" },
	    { "100  200/NOTIFY c a b 3 z3", "A5" },
	    { "133  OPTIONS    c a b 4 z4", "B6" }),
	FLOW("Call-ID used again later",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0   486/INVITE c a b 1 z1", "A1" },
	    { "0   ACK        c a b 1 z1", "A1" },
	    { "600 INVITE     c a - 1 z1", "B2" },
	    { "600 200/INVITE c a b 1 z1", "B2" }),
	FLOW("begun in the middle: by the callee, then the caller, then a fork",
	    { "0    BYE        c b a 7 z1", "A1" },
	    { "0    407/BYE    c b a 7 z1", "A1" },
	    { "0    INFO       c a b 3 y1", "A2" },
	    { "0    INFO       c a f 4 y2", "A3" },
	    { "900  BYE        c b a 8 z2", "A4" }),
	FLOW("begun with a 2xx",
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "0    ACK        c a b 1 z2", "A1" },
	    { "900  BYE        c b a 8 y2", "A2" },
	    { "900  200/BYE    c b a 8 y2", "A2" },
	    { "940  BYE        c b a 9 y3", "B3" }),
	FLOW("begun with an ACK",
	    { "0    ACK        c a b 1 z2", "A1" },
	    { "0    ACK        c a b 1 z3,z2", "A1" },
	    { "900  BYE        c b a 8 y2", "A2" }),
	FLOW("begun with the reply to a BYE: soon over",
	    { "0    200/BYE    c a b 2 z1", "A1" },
	    { "33   OPTIONS    c a b 3 z2", "B2" }),
	FLOW("retransmissions",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0.5 INVITE     c a - 1 z1", "A1" },
	    { "1.5 INVITE     c a - 1 z1", "A1" },
	    { "2   200/INVITE c a b 1 z1", "A1" },
	    { "2.5 200/INVITE c a b 1 z1", "A1" },
	    { "2.6 ACK        c a b 1 z2", "A1" },
	    { "3.5 200/INVITE c a b 1 z1", "A1" },
	    { "3.6 ACK        c a b 1 z2", "A1" }),
	FLOW("a challenged BYE ends nothing",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "9    BYE        c a b 2 z2", "A2" },
	    { "9    401/BYE    c a b 2 z2", "A2" },
	    { "5000 BYE        c a b 3 z3", "A3" },
	    { "5000 408/BYE    c a b 3 z3", "A3" },
	    { "5033 BYE        c b a 1 y1", "B4" }),
	FLOW("a BYE answered with 481 ends the dialog",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "9    BYE        c a b 2 z2", "A2" },
	    { "9    481/BYE    c a b 2 z2", "A2" },
	    { "9.1  200/INVITE c a b 1 z1", "A1" },
	    { "42   BYE        c b a 1 y1", "B3" }),
	FLOW("nobody answers the BYE: Timer F, then 32 s",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    200/INVITE c a b 1 z1", "A1" },
	    { "9    BYE        c a b 2 z2", "A2" },
	    { "70   INFO       c b a 3 y1", "A3" },
	    { "140  INFO       c b a 4 y2", "B4" }),
	FLOW("Timer B: nobody answers the INVITE",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "33   200/INVITE c a b 1 z1", "A2" },
	    { "0    INVITE     d a - 1 z1", "B3" },
	    { "65   200/INVITE d a b 1 z1", "C4" }),
	FLOW("no Timer B once it rings",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "1    180/INVITE c a b 1 z1", "A1" },
	    { "600  200/INVITE c a b 1 z1", "A1" }),
	FLOW("serial fork: the set goes on while one branch does",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    100/INVITE c a - 1 z1", "A1" },
	    { "0    INVITE     c a - 1 z2,z1", "A1" },
	    { "9    486/INVITE c a b 1 z2,z1", "A1" },
	    { "9    INVITE     c a - 1 z3,z1", "A1" },
	    { "200  486/INVITE c a b2 1 z3,z1", "A1" },
	    { "200  486/INVITE c a b2 1 z1", "A1" },
	    { "233  INVITE     c a - 1 z9", "B2" }),
	FLOW("serial fork seen behind the proxy only",
	    { "0    INVITE     c a - 1 z2,z1", "A1" },
	    { "9    486/INVITE c a b 1 z2,z1", "A1" },
	    { "9    INVITE     c a - 1 z3,z1", "A1" },
	    { "10   180/INVITE c a b2 1 z3,z1", "A1" },
	    { "200  200/INVITE c a b2 1 z3,z1", "A1" }),
	FLOW("more branches than a transaction remembers",
	    { "0    INVITE     c a - 1 z1", "A1" },
	    { "0    INVITE     c a - 1 z2,z1", "A1" },
	    { "0    INVITE     c a - 1 z3,z1", "A1" },
	    { "0    INVITE     c a - 1 z4,z1", "A1" },
	    { "0    INVITE     c a - 1 z5,z1", "A1" },
	    { "0    INVITE     c a - 1 z6,z1", "A1" },
	    { "0    INVITE     c a - 1 z7,z1", "A1" },
	    { "1    180/INVITE c a b 1 z7,z1", "A1" },
	    { "99   404/INVITE c a b 1 z2,z1", "A1" },
	    { "99   404/INVITE c a b 1 z3,z1", "A1" },
	    { "99   404/INVITE c a b 1 z4,z1", "A1" },
	    { "99   404/INVITE c a b 1 z5,z1", "A1" },
	    { "200  404/INVITE c a b 1 z6,z1", "A1" },
	    { "300  200/INVITE c a b 1 z7,z1", "A1" }),
	FLOW("REGISTER: with its retry, not with the refresh",
	    { "0    REGISTER     c a - 1 z1", "A1" },
	    { "0    401/REGISTER c a x 1 z1", "A1" },
	    { "0    REGISTER     c a - 2 z2", "A2" },
	    { "0    423/REGISTER c a x 2 z2", "A2" },
	    { "0    REGISTER     c a - 3 z3", "A3" },
	    { "0    200/REGISTER c a x 3 z3", "A3" },
	    { "0.1  REGISTER     c a - 1 z1", "A1" },
	    { "20   REGISTER     c a - 4 z4", "B4" },
	    { "20   200/REGISTER c a x 4 z4", "B4" }),
	FLOW("MESSAGE and OPTIONS: within a dialog of it, without To tag not",
	    { "0    INVITE      c a - 1 z1", "A1" },
	    { "0    200/INVITE  c a b 1 z1", "A1" },
	    { "1    MESSAGE     c b a 1 y1", "A2" },
	    { "1    200/MESSAGE c b a 1 y1", "A2" },
	    { "2    OPTIONS     c a - 2 z2", "B3" },
	    { "2    200/OPTIONS c a q 2 z2", "B3" },
	    { "3    PUBLISH     c a b 3 z3", "C4" }),
	FLOW("the same Call-ID with another From tag is another leg",
	    { "0    INVITE      c a - 1 z1", "A1" },
	    { "0    INVITE      c x - 1 z2,z1", "B2" },
	    { "0    180/INVITE  c x b 1 z2,z1", "B2" },
	    { "0    180/INVITE  c a b 1 z1", "A1" }),
	FLOW("equal branches, other Call-ID: strangers",
	    { "0    INVITE      c a - 1 z1", "A1" },
	    { "0    INVITE      d a - 1 z1", "B2" },
	    { "0    180/INVITE  d a b 1 z1", "B2" }),
	FLOW("one branch for all requests of a sender",
	    { "0    REGISTER     c a - 1 z1", "A1" },
	    { "0    401/REGISTER c a x 1 z1", "A1" },
	    { "0    REGISTER     c a - 2 z1", "A2" },
	    { "0    REGISTER     c a - 2 z5,z1", "A2" },
	    { "0    200/REGISTER c a x 2 z1", "A2" }),
	FLOW("no tags, no branches (RFC 2543)",
	    { "0    INVITE      c - - 1 -", "A1" },
	    { "0    180/INVITE  c - - 1 -", "A1" },
	    { "0    200/INVITE  c - - 1 -", "A1" },
	    { "0    ACK         c - - 1 -", "A1" },
	    { "9    BYE         c - - 2 -", "A2" },
	    { "9    200/BYE     c - - 2 -", "A2" }),
	FLOW("no Call-ID: belongs to nothing",
	    { "0    INVITE      - a - 1 z1", "-" },
	    { "0    INVITE      - a - 1 z1", "-" }),
	FLOW("one record far ahead ends nothing, two do",
	    { "0        INVITE      c a - 1 z1", "A1" },
	    { "0        INVITE      d a - 1 z1", "B2" },
	    { "90000000 OPTIONS     e a - 1 z1", "C3" },
	    { "90000000 INFO        d a b 2 z2", "D4" },
	    { "1        180/INVITE  c a b 1 z1", "A1" },
	    { "1        200/INVITE  d a b 1 z1", "B2" },
	    { "2        200/INVITE  c a b 1 z1", "A1" },
	    { "90000000 tick", "" },
	    { "90000001 tick", "" },
	    { "3        BYE         c a b 2 z2", "E5" }),
	FLOW("time steps back at the seam of two files",
	    { "9000     INVITE      c a - 1 z1", "A1" },
	    { "0        INVITE      d a - 1 z1", "B2" },
	    { "1        180/INVITE  d a b 1 z1", "B2" },
	    { "2        200/INVITE  d a b 1 z1", "B2" },
	    { "2        ACK         d a b 1 z2", "B2" },
	    { "9001     200/INVITE  c a b 1 z1", "A1" }),
	FLOW("an idle stream moves on by statistics alone",
	    { "0   INVITE     c a - 1 z1", "A1" },
	    { "0   200/INVITE c a b 1 z1", "A1" },
	    { "0   BYE        c a b 2 z2", "A2" },
	    { "0   200/BYE    c a b 2 z2", "A2" },
	    { "30  tick", "" }, { "60  tick", "" }, { "90  tick", "" },
	    { "31  BYE        c a b 2 z2", "B3" }),
	FLOW("silence of a confirmed dialog",
	    { "0     INVITE     c a - 1 z1", "A1" },
	    { "0     200/INVITE c a b 1 z1", "A1" },
	    { "43000 INFO       c a b 2 z2", "A2" },
	    { "86000 INFO       c a b 3 z3", "A3" },
	    { "129300 INFO      c a b 4 z4", "B4" }),
};

static void
test_flow(void **state)
{
	const struct flow *f = *state;
	struct world w;

	open_world(&w, 1000);
	run(&w, f->steps);
	close_world(&w);
}

#define FLOWS (sizeof(flows) / sizeof(flows[0]))

int
main(void)
{
	const struct CMUnitTest others[] = {
		{ 0 }
	};
	struct CMUnitTest tests[FLOWS + sizeof(others) / sizeof(others[0])];
	size_t n = 0;

	for (; n < FLOWS; n++)
		tests[n] = (struct CMUnitTest){ .name = flows[n].name, .test_func = test_flow, .initial_state = (void *)&flows[n] };
	for (size_t i = 0; others[i].test_func != NULL; i++)
		tests[n++] = others[i];
	return _cmocka_run_group_tests("track", tests, n, NULL, NULL);
}
