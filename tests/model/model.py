# SPDX-License-Identifier: MIT
"""A reference model of selection: slow, simple, and made from the documents alone (RFC 3261, 6665, 5057, sipfilter(1)), so that it
can be wrong in other ways than the program. All messages are in memory; nothing is hashed, bounded or kept up to date: when a set
ends is worked out anew, from its messages, each time somebody asks.

    messages = load(lines of `tracecat -o json`)
    track(messages)                     gives each message .txn and .set (None: it stands alone)
    select(messages, mode, truth)       which of them pass; truth(message) says whether the expression is true of it
"""
import base64
import json
import re

T = 32.0  # seconds: 64*T1, RFC 3261 17.1.1.2
SILENCE = 12 * 3600.0  # --dialog-timeout
SUBSCRIPTION = 3600.0  # of a subscription that names no time
BRANCHES = 8  # of a Via list that a record knows

FORMING = {"INVITE", "SUBSCRIBE", "REFER"}
WITHIN = {"BYE", "PRACK", "UPDATE", "INFO", "NOTIFY"}  # only within one
ALONE = {"REGISTER", "PUBLISH"}  # never within a dialog
INVITES = {"INVITE", "ACK", "CANCEL"}
CHALLENGES = {401, 407, 422, 423}
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "o": "event", "e": "content-encoding"}


class Message:
    def __init__(self, n, record):
        self.n, self.id = n, record["id"]
        self.time = int(record["time_ns"]) / 1e9
        self.place = (record["src_ip"], record["src_port"], record["dst_ip"], record["dst_port"])
        self.callid = record["callid"]
        self.tracked = record["kind"] == "sip" and bool(self.callid)
        self.status = record["status"]
        self.request = self.status is None
        self.txn = self.set = None
        if not self.tracked:
            return
        text = record["payload"]
        if text is None:  # not UTF-8
            text = base64.b64decode(record["payload_base64"]).decode("latin-1")
        self.headers = headers(text)
        number, _, method = (record["cseq"] or "").partition(" ")
        self.number = int(number) if number.isdigit() else None
        self.own = (record["method"] if self.request else method.strip()) or ""
        self.method = "INVITE" if self.own in INVITES else self.own  # whose transaction it belongs to
        self.uri = f"{record['from_user']}@{record['from_host']}"
        self.frm = record["from_tag"] or self.uri
        self.tag = record["to_tag"] or None
        self.to = self.tag or f"{record['to_user']}@{record['to_host']}"
        self.branches = branches(self.headers.get("via", []))[:BRANCHES]
        self.challenges = not self.request and self.status in CHALLENGES

    def value(self, name):
        return self.headers.get(name, [""])[0].strip()

    def event(self):
        package, _, rest = self.value("event").partition(";")
        named = re.search(r"(?:^|;)\s*id\s*=\s*([^;\s]*)", rest)
        return package.strip() + (";" + named.group(1) if named else "")

    def __repr__(self):
        what = self.own if self.request else f"{self.status}/{self.own}"
        return f"#{self.n} {self.time:.3f} {what} {self.callid} cseq={self.number} from={self.frm} to={self.tag} via={self.branches}"


def headers(payload):
    head = re.split(r"\r?\n\r?\n", payload, maxsplit=1)[0]
    found = {}
    for line in re.sub(r"\r?\n[ \t]+", " ", head).splitlines()[1:]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon:
            found.setdefault(COMPACT.get(name, name), []).append(value.strip())
    return found


def branches(vias):
    """The branches of all Via values, the top one first; None for a Via without one."""
    values = [v for line in vias for v in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', line)]
    found = [re.search(r";\s*branch\s*=\s*([^;,\s]*)", v, re.I) for v in values]
    return [f.group(1) if f else None for f in found]


def seconds(text, default):
    text = re.match(r"\s*(\d+)", text or "")
    return min(float(text.group(1)), 2.0 ** 32) if text else default


class Transaction:
    def __init__(self, m, owner):
        self.method, self.number, self.frm, self.owner = m.method, m.number, m.frm, owner
        self.tag = m.tag if m.request or m.method in WITHIN else None  # To tag of the request
        self.messages = []

    def branches(self):
        return {b for m in self.messages for b in m.branches if b}

    def finals(self):
        return [m for m in self.messages if not m.request and m.status >= 200 and m.own == self.method]

    def last(self):
        return max(m.time for m in self.messages)

    def acknowledged(self):
        """Only an ACK was seen so far: its To tag need not be the INVITE's."""
        return all(m.own in ("ACK", "CANCEL") if m.request else m.status < 200 for m in self.messages)

    def challenged(self):
        finals = self.finals()
        return bool(finals) and finals[-1].challenges

    def pending(self):
        """The top branches of requests that had no final reply, neither there nor nearer to the sender."""
        done = {m.branches[0] for m in self.finals() if m.branches}
        return {m.branches[0] for m in self.messages
                if m.request and m.own == self.method and m.branches and not done & set(m.branches)}

    def over(self):
        """When it is decided: its final reply, or when one is waited for no longer."""
        finals, open_branches = self.finals(), self.pending()
        if any(m.status < 300 for m in finals) or finals and not open_branches:
            return finals[-1].time
        if self.messages[0].own == "ACK" and self.acknowledged():
            return self.last()  # its final reply was not seen
        if self.method != "INVITE":
            return self.last() + T  # Timer F
        rings = any(not m.request and m.own == "INVITE" and m.status < 200 for m in self.messages)
        # Only the sender gives up all: a proxy may cancel one of its branches and go on with another.
        sender = {m.branches[-1] for m in self.messages if m.own == "INVITE" and m.branches}
        cancelled = any(m.request and m.own == "CANCEL" and (not sender or sender & set(m.branches)) for m in self.messages)
        return self.last() + (SILENCE if rings and not cancelled else T)  # Timer B; 9.1

    def end(self):
        """Until when its messages still find it."""
        return max(self.over(), self.last() + T)


class Set:
    """A dialog with its forks, or a request with its retries."""

    def __init__(self, m, dialog):
        self.dialog, self.callid = dialog, m.callid
        self.messages, self.transactions, self.parties = [], [], set()
        self.known = None

    def add(self, m, txn):
        if txn is None:
            txn = Transaction(m, self)
            self.transactions.append(txn)
        elif m.request and m.own == "INVITE" and txn.acknowledged():
            txn.tag = m.tag
        txn.messages.append(m)
        self.messages.append(m)
        self.parties.add(m.frm)
        if m.tag:
            self.parties.add(m.tag)
        self.known = None
        m.txn, m.set = txn, self

    def end(self):
        if self.known is None:
            over = [max(t.over(), t.end() - T) for t in self.transactions]
            if self.dialog:
                over += self.calls() + self.subscriptions()
            last = self.transactions[-1]
            # Retries 32, 34 and 51 s after their challenge exist (udp-mixed-failures.pcap): who types a password takes longer than a timer.
            self.known = max(over) + T + (T if last.challenged() and last.tag is None else 0)
        return self.known

    def calls(self):
        """When each INVITE usage ended or will."""
        usages = {}
        for m in self.messages:
            key = frozenset((m.frm, m.tag))
            if not m.request and m.own == "INVITE" and 200 <= m.status < 300:
                usages.setdefault(key, None)
            elif self.beheaded() and self.shows(m):
                usages.setdefault(key, None)
            if not m.request and m.own == "BYE" and (200 <= m.status < 300 or m.status in (408, 481)):
                usages[key] = m.time
            elif not m.request and m.own == "INVITE" and m.status in (408, 481) and key in usages:
                usages[key] = m.time
        last = max(m.time for m in self.messages)
        byes = {}
        for t in self.transactions:
            if t.method == "BYE" and not t.finals():
                byes[frozenset((t.frm, t.tag))] = t.last() + T
        return [byes.get(key, last + SILENCE) if at is None else at for key, at in usages.items()]

    def beheaded(self):
        """It was not seen to begin."""
        return not self.messages[0].request or self.messages[0].tag is not None

    def shows(self, m):
        """Does the message show that there is a call, though its beginning was not seen? One that is answered, and not as unknown, does;
        one without an answer is as good as a 408 (RFC 3261 12.2.1.2)."""
        if m.request:
            return m.own == "ACK" and m.txn.messages[0] is m
        if m.status < 200 or m.status in (408, 481) or m.own == "CANCEL" or m.own == "BYE" and m.status < 300:
            return False
        if m.method in ("SUBSCRIBE", "NOTIFY"):  # of a subscription, which has its own end
            return False
        return (m.txn.tag if m.method in FORMING else m.tag) is not None

    def subscriptions(self):
        ends = {}
        for m in self.messages:
            ok = not m.request and 200 <= m.status < 300
            if m.request and m.own == "NOTIFY" and m is next(r for r in m.txn.messages if r.request):  # an old copy undoes nothing
                state, _, rest = m.value("subscription-state").partition(";")
                key, any_event = (m.frm, m.tag, m.event()), (m.frm, m.tag, None)
                if any_event in ends:
                    ends[key] = ends.pop(any_event)
                if state.strip().lower() == "terminated":
                    ends[key] = m.time
                else:
                    named = re.search(r"expires\s*=\s*(\d+)", rest, re.I)
                    if named:
                        ends[key] = m.time + seconds(named.group(1), 0)
                    else:
                        ends.setdefault(key, m.time + SUBSCRIPTION)
            elif ok and m.own == "REFER":
                ends.setdefault((m.tag, m.frm, "refer"), m.time + T)  # Timer N: until its NOTIFY says more, RFC 6665 4.1.2.4
            elif ok and m.own == "SUBSCRIBE":
                asked = [r.event() for r in m.txn.messages if r.request and r.own == "SUBSCRIBE"]
                key = (m.tag, m.frm, asked[0] if asked else None)  # None: its request was not seen; the first NOTIFY tells
                if m.value("expires"):
                    ends[key] = m.time + seconds(m.value("expires"), 0)
                else:
                    ends.setdefault(key, m.time + SUBSCRIPTION)
        return list(ends.values())


def track(messages):
    """Gives each message its transaction and its set."""
    calls = {}
    for m in messages:
        if m.tracked:
            sets = calls.setdefault(m.callid, [])
            alive = [s for s in reversed(sets) if s.end() >= m.time]
            txn = transaction_of(m, alive)
            home = txn.owner if txn else set_of(m, alive)
            if home is None:
                home = Set(m, in_dialog(m))
                sets.append(home)
            home.add(m, txn)


def transaction_of(m, sets):
    living = [t for s in sets for t in reversed(s.transactions) if t.method == m.method and t.end() >= m.time]
    # Branches are not unique in the wild: some proxies' ACKs all have branch=0, some clients keep one. CSeq numbers tell them apart.
    alive = [t for t in living if t.number == m.number]
    ours = [t for t in alive if t.frm == m.frm]
    if m.request:
        named = [t for t in ours if t.branches() & set(m.branches)]
    else:
        # Further branches than the top one count where the copy that had this one on top was lost.
        named = [t for t in alive if m.branches and m.branches[0] in t.branches()] + [t for t in ours if t.branches() & set(m.branches)]
    free = not m.request or m.own == "ACK"
    numbered = [t for t in ours if t.tag == m.tag or free and None in (t.tag, m.tag) or t.acknowledged() and m.tag is None]
    if m.request and m.own not in ("ACK", "CANCEL"):
        # A client that counts wrong begins anew under the number of what was answered; a proxy that hides Vias relays before that.
        numbered = [t for t in numbered if not t.finals()]
    return next(iter(named + raised(m, living) + numbered), None)


def raised(m, living):
    """A proxy that authenticates raises the number of what it relays: a new branch above a known one, and the replies to it."""
    if m.request:
        return [t for t in living if t.frm == m.frm and t.branches() & set(m.branches) and m.branches[0] not in t.branches()]
    return [t for t in living if t.frm == m.frm and t.branches() & set(m.branches)]


def in_dialog(m):
    if m.request:
        return m.method in FORMING or m.method not in ALONE and m.tag is not None
    return m.method in FORMING | WITHIN


def set_of(m, sets):
    dialogs = [s for s in sets if s.dialog]
    if m.request and not in_dialog(m):
        return retried(m, [s for s in sets if not s.dialog])
    known = [s for s in dialogs if m.frm in s.parties or (m.tag or m.to) in s.parties]
    if not in_dialog(m):
        known = [s for s in known if m.tag and m.method not in ALONE]  # the reply to a request that was not seen
    return next(iter(known), None) or (retried(m, dialogs) if m.request and not m.tag else None)


def retried(m, sets):
    """The set whose request was challenged and is now sent again, under its From tag or another."""
    for s in sets:
        before = [t for t in s.transactions if t.method == m.method and t.tag is None]
        if before and before[-1].challenged() and any(x.uri == m.uri for x in before[-1].messages):
            return s
    return None


def load(lines):
    return [Message(n, json.loads(line)) for n, line in enumerate(lines, 1)]


def group(m, mode):
    """What is selected as one with this message."""
    return (m.txn if mode == "t" else m.set) if mode != "m" and m.tracked else m


def select(messages, mode, truth, invert=False, lookback=False):
    """The messages that pass. With lookback (unbounded) a transaction or set is whole, else it begins where truth was first told."""
    chosen = {id(group(m, mode)) for m in messages if truth(m)} if lookback else set()
    passed = []
    for m in messages:
        if not lookback and truth(m):
            chosen.add(id(group(m, mode)))
        if (id(group(m, mode)) in chosen) != invert:
            passed.append(m)
    return passed


def spokesmen(messages, mode, truth):
    """For each message that passes, the one that annotations were made from: the first request of its transaction or set that was seen
    when it was selected, else the message that selected it."""
    first, speaks = {}, {}
    for m in messages:
        g = id(group(m, mode))
        if m.request:
            first.setdefault(g, m)
        if g not in speaks and truth(m):
            speaks[g] = first.get(g, m)
        yield m, speaks.get(g)
