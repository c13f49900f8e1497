/* SPDX-License-Identifier: MIT */
/*
 * Calls as they are in the wild, by any script: three bytes of input are one step of a few calls (a request, a reply of one of its
 * forks, a relayed copy, an ACK, a CANCEL, a retry, a retransmission; lost, or seen late). The tracker and the model
 * (tests/model/model.h) put each message into the same transaction and set. CALLS_SHOW=1 shows them.
 */
#include <stdlib.h>

#include "../flow.h"
#include "../model/model.h"
#include "sip/msg.h"
#include "sip/track.h"

#define TXNS 32
#define CALLS 4
#define LEGS 3			/* 0: from its sender; 1, 2: from a proxy */
#define ALICE 1000		/* URIs: above the tags */
#define BOB 2000
#define RINGING 200000		/* ms */
#define LATEST (MODEL_T - 1000)

static const char *const names[] = { "INVITE", "ACK", "CANCEL", "BYE", "PRACK", "UPDATE", "INFO", "NOTIFY", "SUBSCRIBE", "REFER", "REGISTER", "PUBLISH",
	"OPTIONS", "MESSAGE" };

struct step {	/* what the bytes say */
	unsigned act, which, leg, fork, more;
	int64_t pause;
};

struct call {
	unsigned callid, caller, number[2];	/* From tag; CSeq of either side */
	bool up, found, quiet;			/* there is a dialog; it has one fork only; no subscription any more */
	unsigned fork;				/* which */
	int64_t over;				/* when its first BYE is too old; 0 = none */
};

struct txn {
	unsigned call, branch[LEGS];
	bool challenged, rings, accepted, decided;
	int64_t until;		/* nobody answers later */
	struct model_msg m;	/* the request */
};

struct script {
	struct call call[CALLS];
	struct txn txn[TXNS];
	unsigned calls, callids, tags, branches, txns;
	int64_t time;
	struct model_msg past[MODEL_MESSAGES + 1], late;
	unsigned pasts, recent;		/* from which on one may be retransmitted */
	bool lose, hold, has_late;
};

struct both {
	struct track *t;
	struct model w;
	struct buf text;
};

static void
write_line(const struct model_msg *m, char *line, size_t size)
{
	char what[32], event[24], expires[40] = "", from[16] = "-", to[16] = "-", via[MODEL_VIAS][12] = { "", "", "" };

	snprintf(what, sizeof(what), m->status != 0 ? "%d/%s" : "%.0d%s", m->status, names[m->own]);
	snprintf(event, sizeof(event), m->event == MODEL_REFER ? "refer" : "dialog;id=%d", m->event);
	if (m->expires >= 0)
		snprintf(expires, sizeof(expires), "%u", (unsigned)m->expires);
	if (m->frm < ALICE)
		snprintf(from, sizeof(from), "t%u", m->frm);
	if (m->tag != 0)
		snprintf(to, sizeof(to), "t%u", m->tag);
	for (unsigned i = 0; i < m->vias; i++)
		snprintf(via[i], sizeof(via[i]), "%sz%u", i > 0 ? "," : "", m->branch[i]);
	snprintf(line, size, "%.3f %s c%u %s %s %u %s%s%s a%u|Event: %s\r\nSubscription-State: %s%s%s%s%s", (double)m->time / 1000, what, m->callid,
	    from, to, m->number, via[0], via[1], via[2], m->uri, event, m->terminated ? "terminated" : "active", m->expires >= 0 ? ";expires=" : "", expires,
	    m->expires >= 0 ? "\r\nExpires: " : "", expires);
}

/* The mark is the number of the model's; a new one gets it. */
static bool
same(void **mark, int number, int so_far)
{
	if (*mark == NULL && number == so_far)
		*mark = (void *)(uintptr_t)(number + 1);
	return (uintptr_t)*mark == (uintptr_t)number + 1;
}

static void
compare(struct both *b, const struct model_msg *in)
{
	const struct model_msg *want;
	struct sip_index x;
	struct track_msg m = { .sip = &x };
	int txns = b->w.txns, sets = b->w.sets;
	char line[400];

	write_line(in, line, sizeof(line));
	if (flow_build(line, &m.time_ns, &b->text) != FLOW_MESSAGE || sip_scan(buf_slice(&b->text), &x) != RC_OK)
		abort();
	m.msg = buf_slice(&b->text);
	track_prepare(b->t, &m, 1);
	track_message(b->t, &m);
	want = model_track(&b->w, in);
	if (getenv("CALLS_SHOW") != NULL)
		fprintf(stderr, "set %d txn %d: %.*s\n", want->set, want->txn, (int)strcspn(line, "\r"), line);
	if (same(m.set_mark, want->set, sets) && same(m.txn_mark, want->txn, txns))
		return;
	fprintf(stderr, "the model: set %d, transaction %d; the tracker: set %d, transaction %d (-1: new)\n%s\n", want->set, want->txn,
	    (int)(uintptr_t)*m.set_mark - 1, (int)(uintptr_t)*m.txn_mark - 1, line);
	abort();
}

static void
see_late(struct script *s, struct both *b)
{
	if (!s->has_late || b->w.messages == MODEL_MESSAGES)
		return;
	s->late.time = s->time;
	s->has_late = false;
	compare(b, &s->late);
}

/* A message of the script is seen now; or lost, or seen after the next one. */
static void
see(struct script *s, struct both *b, struct model_msg m)
{
	if (m.own == M_ACK || m.own == M_CANCEL)
		m.method = M_INVITE;
	else
		m.method = m.own;
	m.to = m.tag != 0 ? m.tag : BOB;
	m.time = s->time;
	s->past[s->pasts++] = m;
	if (s->lose) {
		s->lose = false;
		return;
	}
	if (s->hold && !s->has_late) {
		s->hold = false;
		s->has_late = true;
		s->late = m;
		return;
	}
	compare(b, &m);
	see_late(s, b);
}

static unsigned
fork_tag(const struct call *c, unsigned fork)
{
	return c->caller + 1 + (c->found ? c->fork : fork);
}

/* A new transaction's first request. to_tag 0: outside of a dialog. */
static void
request(struct script *s, struct both *b, unsigned call, enum model_method method, unsigned from, unsigned to_tag, bool back, const struct step *p)
{
	struct model_msg m = { .own = method, .callid = s->call[call].callid, .uri = ALICE + call, .frm = from, .tag = to_tag, .vias = 1 };

	if (s->txns == TXNS)
		return;
	m.number = ++s->call[call].number[back];
	m.branch[0] = ++s->branches;
	m.event = method == M_NOTIFY && p->more & 4 ? MODEL_REFER : 1;
	m.terminated = (p->more & 3) == 3;
	m.time = s->time;
	m.expires = (p->more & 3) == 2 || method == M_SUBSCRIBE ? 5 + (int64_t)p->more * 7 : -1;
	m.state_expires = m.expires;
	s->txn[s->txns++] = (struct txn){ .call = call, .branch = { m.branch[0] }, .m = m, .until = s->time + LATEST };
	see(s, b, m);
}

static void
begin(struct script *s, struct both *b, const struct step *p)
{
	static const enum model_method methods[] = { M_INVITE, M_INVITE, M_INVITE, M_SUBSCRIBE, M_REGISTER, M_OPTIONS, M_MESSAGE, M_PUBLISH };
	struct call *c = &s->call[s->calls];

	if (s->calls == CALLS)
		return;
	if (s->callids == 0 || p->leg != 1)
		s->callids++;
	*c = (struct call){ .callid = s->callids, .caller = s->tags + 1, .number = { p->more, p->more * 3 } };
	s->tags += 4;
	if (p->leg == 2) {	/* before anybody looked */
		c->up = c->found = true;
		s->calls++;
		return;
	}
	request(s, b, s->calls++, methods[p->which & 7], c->caller, 0, false, p);
}

static void
within(struct script *s, struct both *b, const struct step *p)
{
	static const enum model_method methods[] = { M_BYE, M_INVITE, M_UPDATE, M_INFO, M_PRACK, M_REFER, M_NOTIFY, M_SUBSCRIBE, M_OPTIONS, M_MESSAGE };
	enum model_method method = methods[p->which % 10];
	unsigned call = p->leg % (s->calls > 0 ? s->calls : 1), far;
	struct call *c = &s->call[call];

	if (s->calls == 0 || !c->up || (c->over != 0 && s->time > c->over) || (method == M_SUBSCRIBE && c->quiet))
		return;
	if (method == M_BYE && c->over == 0)
		c->over = s->time + LATEST;
	c->quiet |= method == M_NOTIFY && (p->more & 3) == 3;
	far = fork_tag(c, p->fork);
	if (p->more & 1)
		request(s, b, call, method, far, c->caller, true, p);
	else
		request(s, b, call, method, c->caller, far, false, p);
}

/* The next reply to transaction t, as a sane far end would give it. */
static struct model_msg
reply(struct script *s, struct txn *t, unsigned leg, const struct step *p)
{
	static const int status[] = { 200, 100, 180, 486, 401, 407, 408, 481 };
	struct call *c = &s->call[t->call];
	struct model_msg m = t->m;

	m.status = status[p->more & 7];
	if (t->accepted && leg == 0)
		m.status = 200;
	else if (t->challenged)	/* that is its end */
		m.status = 401;
	else if (t->rings && (m.status == 401 || m.status == 407))
		m.status = 486;
	t->accepted |= m.status == 200 && leg == 0;
	t->challenged |= m.status == 401 || m.status == 407;
	if (m.own == M_INVITE && m.status <= 200 && !t->rings)
		t->until = t->m.time + RINGING;
	t->rings |= m.own == M_INVITE && m.status <= 200;
	if (!t->decided && (m.status == 200 || t->challenged || (m.status > 200 && leg == 0))) {
		t->decided = true;
		t->until = t->until < s->time + LATEST ? t->until : s->time + LATEST;
	}
	c->up |= m.status == 200 ? m.own == M_INVITE || m.own == M_SUBSCRIBE : m.own == M_INVITE && m.status == 180;
	if (m.tag == 0 && m.status != 100) {
		m.tag = fork_tag(c, p->fork);
		if (m.status == 200 && m.own == M_INVITE && !c->found)
			c->fork = p->fork;
	}
	return m;
}

/* What follows a request: `which` counts transactions from the newest. */
static void
follow(struct script *s, struct both *b, const struct step *p)
{
	unsigned near = s->txns < 4 ? s->txns : 4, leg = p->leg % LEGS;
	struct model_msg m;
	struct txn *t;

	if (s->txns == 0)
		return;
	t = &s->txn[s->txns - 1 - p->which % near];
	m = t->m;
	if (s->time > t->until)
		return;
	if (p->act < 4) {
		leg = t->branch[leg] != 0 ? leg : 0;
		m = reply(s, t, leg, p);
	} else if (p->act == 4) {	/* a proxy relays it */
		leg = leg > 0 ? leg : 1;
		if (t->branch[leg] == 0)
			t->branch[leg] = ++s->branches;
	} else if (m.own != M_INVITE || t->branch[leg] == 0 || (p->act == 6 && t->accepted)) {
		return;
	} else if (p->act == 5) {
		m.own = M_ACK;
		if (m.tag == 0)
			m.tag = fork_tag(&s->call[t->call], p->fork);
	} else {
		m.own = M_CANCEL;
		m.status = p->more & 1 ? 200 : 0;
	}
	m.branch[0] = t->branch[leg];
	if (m.own == M_ACK && t->accepted)
		m.branch[0] = ++s->branches;	/* to a 2xx, from end to end */
	else if (leg > 0 && m.own != M_ACK && m.own != M_CANCEL)
		m.branch[m.vias++] = t->branch[0];
	see(s, b, m);
}

/* After a challenge. */
static void
retry(struct script *s, struct both *b, const struct step *p)
{
	const struct txn *t = s->txns > 0 ? &s->txn[s->txns - 1] : NULL;

	if (t == NULL || t->m.tag != 0 || !t->challenged)
		return;
	if (p->more & 1 && !s->has_late) {
		s->call[t->call].caller = s->tags + 1;
		s->tags += 4;
		s->recent = s->pasts;
	}
	request(s, b, t->call, t->m.own, s->call[t->call].caller, 0, false, p);
}

static void
retransmit(struct script *s, struct both *b, const struct step *p)
{
	unsigned n = s->pasts - s->recent;
	const struct model_msg *m = n > 0 ? &s->past[s->pasts - 1 - p->which % n] : NULL;

	if (m != NULL && s->time < m->time + MODEL_T / 2)
		see(s, b, *m);
}

static void
play(struct script *s, struct both *b, const struct step *p)
{
	if (p->pause > 1000)
		see_late(s, b);
	for (unsigned i = 0; i < s->calls && p->pause > MODEL_T; i++)
		s->call[i].found = true;
	s->time += p->pause;
	if (p->act < 7)
		follow(s, b, p);
	else if (p->act < 9)
		begin(s, b, p);
	else if (p->act < 12)
		within(s, b, p);
	else if (p->act == 12)
		retry(s, b, p);
	else if (p->act == 13)
		retransmit(s, b, p);
	else if (p->act == 14)
		s->lose = true;
	else if (p->act == 15)
		s->hold = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t pauses[] = { 0, 1, 10, 100, 500, 1000, 4000, 16000, 31000, 33000, 63000, 66000, 400000, 3601000, 43100000, 43300000 };
	const struct track_conf conf = { .seed = 7, .max_sets = 1000, .max_bytes = 1 << 24, .dialog_timeout_ns = MODEL_SILENCE / 1000 * FLOW_SECOND };
	static struct script s;
	static struct both b;

	s = (struct script){ 0 };
	b = (struct both){ .t = track_new(&conf) };
	for (; size >= 3 && b.w.messages < MODEL_MESSAGES && s.pasts < MODEL_MESSAGES; data += 3, size -= 3) {
		const struct step p = { .act = data[0] & 15, .which = data[0] >> 4, .leg = data[1] & 3, .fork = data[1] >> 2 & 1, .more = data[1] >> 3,
			.pause = pauses[data[2] & 15] };

		play(&s, &b, &p);
	}
	track_free(b.t);
	buf_reset(&b.text);
	return 0;
}
