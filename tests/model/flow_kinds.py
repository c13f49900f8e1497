# SPDX-License-Identifier: MIT
"""The kinds of call flows: each is function(wire, start time) that sends its messages."""
from flows import Call

PATHS = (("ua", "ub"), ("ua", "p1", "ub"), ("ua", "p1", "p2", "ub"))


def begin(w, start, path=None, **how):
    return Call(w, start, path or w.random.choice(PATHS), **how)


def answered(c, **how):
    """A call up to its ACK; returns the callee's tag."""
    b = c.w.token("b")
    invite = c.request("INVITE", **how)
    invite.reply(100, hops=-1)
    c.wait(0.05)
    if c.w.random.random() < 0.7:
        invite.reply(180, b)
        c.wait(0.5)
    invite.reply(200, b)
    c.request("ACK", b, number=invite.number)
    return b


def hang_up(c, b):
    c.wait(1)
    back = c.w.random.random() < 0.5
    bye = c.request("BYE", c.a if back else b, frm=b if back else None, back=back)
    bye.ok()


def basic(w, start):
    c = begin(w, start)
    hang_up(c, answered(c))


def topos(w, start):
    c = begin(w, start, ("ua", "p1", "p2", "ub"), topos=True)
    hang_up(c, answered(c))


def retransmitted(w, start):
    c = begin(w, start, ("ua", "ub"))
    invite = c.request("INVITE")
    for wait in (0.5, 1.5, 3.5)[:w.random.randrange(1, 4)]:
        w.again(c.t + wait)
    c.wait(4)
    b = w.token("b")
    invite.reply(200, b)
    for wait in (0.5, 1.5, 3.5):
        w.again(c.t + wait)
    c.t += 4
    for _ in range(3):
        c.request("ACK", b, number=invite.number, vias=["z9hG4bKack"])
    hang_up(c, b)
    w.again(c.t + 0.5)


def failed(w, start):
    c = begin(w, start)
    invite = c.request("INVITE")
    invite.reply(100, hops=-1)
    c.wait(0.2)
    b = w.token("b")
    invite.reply(w.random.choice((404, 486, 503, 603)), b)
    invite.negative_ack(b)


def cancelled(w, start):
    """CANCEL; in one of four the 200 to INVITE crosses it."""
    c = begin(w, start)
    invite, b = c.request("INVITE"), w.token("b")
    invite.reply(100, hops=-1)
    invite.reply(180, b)
    c.wait(2)
    invite.cancel()
    if w.random.random() < 0.25:
        invite.reply(200, b)
        c.request("ACK", b, number=invite.number)
        hang_up(c, b)
    else:
        invite.reply(487, b)
        invite.negative_ack(b)


def challenged(w, start):
    c = begin(w, start)
    code = w.random.choice((401, 407))
    first, x = c.request("INVITE"), w.token("x")
    first.reply(code, x, hops=-1)
    first.negative_ack(x, 1)
    if w.random.random() < 0.4:
        c.a = w.token("a")
    c.wait(*w.random.choice(((0.05, 20), (33, 60), (66, 80))))
    hang_up(c, answered(c))


def answered_for(w, start):
    """A proxy answers the challenge itself, and raises the CSeq number beyond it."""
    c, x, b = begin(w, start, ("ua", "p1")), w.token("x"), w.token("b")
    invite = c.request("INVITE")
    invite.reply(100)
    first = c.request("INVITE", number=invite.number, path=["p1", "ub"], below=invite.stacks[0])
    first.reply(407, x)
    first.negative_ack(x)
    again = c.request("INVITE", number=invite.number + 1, path=["p1", "ub"], below=invite.stacks[0])
    c.wait(1, 60)
    again.reply(200, b)
    invite.reply(200, b)


def challenged_bye(w, start):
    c = begin(w, start)
    b = answered(c)
    c.wait(1)
    bye = c.request("BYE", b)
    bye.reply(407, b, hops=-1)
    c.wait(0.1, 40)
    c.request("BYE", b).ok()


def forked(w, start):
    """One leg to the proxy, two from it; both may answer, or one is cancelled, or both fail."""
    c = begin(w, start, ("ua", "p1"))
    invite = c.request("INVITE")
    invite.reply(100)
    legs, tags = [], []
    for host in ("ub", "uc"):
        leg = c.request("INVITE", number=invite.number, path=["p1", host], below=invite.stacks[0])
        legs.append(leg)
        tags.append(w.token(host[1]))
    relayed(c, invite, legs, tags, w.random.choice(("both", "one", "fail")))


def relayed(c, invite, legs, tags, ending):
    c.wait(0.2)
    for leg, tag in zip(legs, tags):
        leg.reply(180, tag)
        invite.reply(180, tag)
    c.wait(1)
    if ending == "fail":
        for leg, tag in zip(legs, tags):
            leg.reply(486, tag)
            leg.negative_ack(tag)
            c.wait(1, c.w.random.choice((2, 45)))
        invite.reply(486, tags[0])
        invite.negative_ack(tags[0])
        return
    for i, (leg, tag) in enumerate(zip(legs, tags)):
        if i and ending == "one":
            leg.cancel()
            leg.reply(487, tag)
            leg.negative_ack(tag)
            continue
        leg.reply(200, tag)
        invite.reply(200, tag)
        c.request("ACK", tag, number=invite.number, path=["ua", "p1", leg.path[1]])
    c.wait(1, 100)
    for leg, tag in zip(legs, tags[:1 if ending == "one" else 2]):
        c.request("BYE", tag, number=invite.number + 1, path=["ua", "p1", leg.path[1]]).ok()
        c.wait(0.5, 60)


def within(w, start):
    """A call with everything that may happen in one."""
    c = begin(w, start)
    b = answered(c)
    theirs = w.random.randrange(100, 900)
    for _ in range(w.random.randrange(1, 7)):
        c.wait(0.5, w.random.choice((1, 5, 100)))
        back = w.random.random() < 0.4
        theirs += 1
        method = w.random.choice(("INVITE", "UPDATE", "INFO", "OPTIONS", "MESSAGE", "INVITE"))
        r = c.request(method, c.a if back else b, frm=b if back else None, back=back, number=theirs if back else None)
        code = w.random.choice((200, 200, 200, 488, 401, 491))
        r.ok(code=code)
        if method == "INVITE" and code == 200:
            c.request("ACK", r.to, frm=r.frm, back=back, number=r.number)
        elif method == "INVITE":
            r.negative_ack(r.to)
    hang_up(c, b)


def gone(w, start):
    """An in-dialog INVITE that is answered 481 or 408 ends the call."""
    c = begin(w, start)
    b = answered(c)
    c.wait(2)
    again = c.request("INVITE", b)
    again.reply(w.random.choice((481, 408)), b)
    again.negative_ack(b)
    c.wait(*w.random.choice(((5, 20), (50, 70))))
    c.request("BYE", b).ok(code=481)


def reliable(w, start):
    """PRACK, twice with one CSeq number; early UPDATE."""
    c = begin(w, start)
    invite, b = c.request("INVITE"), w.token("b")
    invite.reply(100, hops=-1)
    number = None
    for seq in (1, 2):
        invite.reply(183, b, headers=f"Require: 100rel\nRSeq: {seq}\n")
        prack = c.request("PRACK", b, number=number, headers=f"RAck: {seq} {invite.number} INVITE\n")
        prack.ok()
        number = prack.number if w.random.random() < 0.5 else None
        c.wait(0.2)
    c.request("UPDATE", b).ok()
    invite.reply(200, b)
    c.request("ACK", b, number=invite.number)
    hang_up(c, b)


def notify(c, b, event, state, code=200, number=None):
    c.request("NOTIFY", c.a, frm=b, back=True, number=number, headers=f"Event: {event}\nSubscription-State: {state}\n").ok(code=code)


def transferred(w, start):
    c = begin(w, start)
    b = answered(c)
    c.wait(2)
    c.request("REFER", b, headers="Refer-To: <sip:c@flows>\n").ok(code=202)
    notify(c, b, "refer", "active;expires=60", number=700)
    if w.random.random() < 0.5:
        hang_up(c, b)
        c.wait(1, 40)
        notify(c, b, "refer", "active;expires=60", number=701)
        c.wait(1, 40)
    notify(c, b, "refer", "terminated;reason=noresource", number=702)
    c.wait(*w.random.choice(((1, 5), (80, 90))))
    hang_up(c, b)


def referred(w, start):
    """REFER outside of a call; the first NOTIFYs may be missing."""
    c, b = begin(w, start), w.token("b")
    refer = c.request("REFER", headers="Refer-To: <sip:c@flows>\n")
    refer.ok(b, code=202)
    event = w.random.choice(("refer", f"refer;id={refer.number}"))
    if w.random.random() < 0.5:
        notify(c, b, event, "active;expires=100", number=300)
        c.wait(1, 120)
    c.wait(*w.random.choice(((1, 20), (40, 55), (70, 90))))
    notify(c, b, event, "terminated;reason=noresource", number=301)


def subscribed(w, start):
    c = begin(w, start)
    event = w.random.choice(("presence", "dialog", "message-summary"))
    subscribe = c.request("SUBSCRIBE", headers=f"Event: {event}\nExpires: 600\n")
    tags = [w.token("b") for _ in range(w.random.randrange(1, 3))]
    early = w.random.random() < 0.4
    for b in tags if early else ():
        notify(c, b, event, "active;expires=600", number=500)
    subscribe.ok(tags[0], headers="Expires: 300\n", code=w.random.choice((200, 202)))
    for b in () if early else tags:
        notify(c, b, event, w.random.choice(("active;expires=300", "pending;expires=300", "active")), number=500)
    c.wait(40, 250)
    for b in tags:
        notify(c, b, event, "active;expires=200", number=501)
    if w.random.random() < 0.5:
        c.request("SUBSCRIBE", tags[0], headers=f"Event: {event}\nExpires: 0\n").ok(headers="Expires: 0\n")
        notify(c, tags[0], event, "terminated;reason=timeout", number=502)
    c.wait(*w.random.choice(((1, 5), (600, 700), (5000, 5500))))
    notify(c, tags[-1], event, "active;expires=200", number=503, code=481)


def refused_subscription(w, start):
    c = begin(w, start)
    for code in w.random.choice(((401, 200), (423, 403), (489,), (407, 481))):
        c.request("SUBSCRIBE", headers="Event: presence\nExpires: 60\n").ok(w.token("b"), code=code)
        c.wait(0.1, 30)
        if w.random.random() < 0.3:
            c.a = w.token("a")


def outside(w, start):
    """REGISTER, OPTIONS, MESSAGE, PUBLISH: each by itself, but for what follows a challenge."""
    c = begin(w, start)
    method = w.random.choice(("REGISTER", "OPTIONS", "MESSAGE", "PUBLISH"))
    for _ in range(w.random.randrange(1, 4)):
        code = w.random.choice((401, 407, 423, None))
        if code:
            c.request(method).ok(w.token("x"), code=code)
            c.wait(*w.random.choice(((0.1, 10), (0.1, 10), (40, 50))))
            if w.random.random() < 0.4:
                c.a = w.token("a")
        c.request(method).ok(w.token("x"), code=w.random.choice((200, 403)))
        c.wait(*w.random.choice(((1, 10), (70, 90))))


def early(w, start):
    """Rings long, then somebody answers or gives up; or nobody ever says anything."""
    c = begin(w, start)
    invite, b = c.request("INVITE"), w.token("b")
    if w.random.random() < 0.3:
        c.wait(100)
        invite = c.request("INVITE")
    invite.reply(180, b)
    c.wait(60, 300)
    if w.random.random() < 0.3:
        invite.cancel()
        c.wait(70, 80)
    invite.reply(200, b)
    c.request("ACK", b, number=invite.number)
    hang_up(c, b)


def late_bye(w, start):
    c = begin(w, start)
    b = answered(c)
    c.wait(*w.random.choice(((3600, 36000), (43000, 43100), (43400, 50000))))
    hang_up(c, b)
    c.wait(*w.random.choice(((1, 20), (40, 60), (80, 90))))
    w.again(c.t)


def unanswered_bye(w, start):
    c = begin(w, start)
    b = answered(c)
    c.wait(5)
    c.request("BYE", b)
    c.wait(*w.random.choice(((5, 20), (40, 55), (80, 90))))
    c.request("BYE", b).ok()


def reused(w, start):
    """The Call-ID again, by the same or another caller's tag, soon or later."""
    c = begin(w, start)
    hang_up(c, answered(c))
    c.wait(*w.random.choice(((1, 20), (70, 90))))
    if w.random.random() < 0.5:
        c.a = w.token("a")
    hang_up(c, answered(c))


def beheaded(w, start):
    """The capture begins within the call."""
    c, b = begin(w, start), w.token("b")
    for _ in range(w.random.randrange(1, 4)):
        r = c.request(w.random.choice(("INFO", "UPDATE", "INVITE")), b)
        r.ok()
        if r.method == "INVITE":
            c.request("ACK", b, number=r.number)
        c.wait(1, 90)
    hang_up(c, b)


def untagged(w, start):
    """RFC 2543: no From tag."""
    c = begin(w, start)
    c.a = ""
    b = w.token("b")
    invite = c.request("INVITE")
    invite.reply(200, b)
    c.request("ACK", b, number=invite.number)
    c.wait(1)
    c.request("BYE", b).ok()


def one_side(w, start):
    """Captured at one hop only."""
    w.points = {w.random.choice((("ua", "p1"), ("p1", "p2"), ("p2", "ub")))}
    c = Call(w, start, ("ua", "p1", "p2", "ub"))
    hang_up(c, answered(c))


KINDS = [
    basic, topos, retransmitted, failed, cancelled, challenged, answered_for, challenged_bye, forked, within, gone,
    reliable, transferred, referred, subscribed, refused_subscription, outside, early, late_bye, unanswered_bye,
    reused, beheaded, untagged, one_side,
]
