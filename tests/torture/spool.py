#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tortures hepsend and its collectors, and holds siptrace-delivery(7) against what came of it.

spool.py [--mode MODE] [--keep DIR] SEED

Feeds hepsend a stream in pieces while its collectors close, come back, go deaf and reset connections, and kills it with SIGKILL at
any moment; the next one gets the records that follow. The last one ends in good order with all collectors well. What a seed decides
is the same each time; how far each process has come when it strikes is not.

  tcp       one collector over TCP
  udp       one over UDP
  mirror    two, over TCP and UDP, each of which must get all
  failover  two over TCP; together they must get all
  small     one over TCP that is down most of the time, and a spool too small for all: what is lost is old, or counted
  memory    one over TCP, no spool and no kill: in = sent + what is counted as lost

Record = accepted: it came out behind --tee. With a spool, over all connections of a destination: every accepted record arrives; first arrivals
are in order; nothing is repeated within a connection; connections consist of whole packets; the disk is not used beyond
--spool-max; the ledger adds up; nothing is left.
"""
import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import collectors
import stream
from collectors import Wrong

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BUILD = os.path.join(TOP, os.environ.get("B", "build"))
HEPSEND = os.path.join(BUILD, "bin", "hepsend")
TRACECAT = os.path.join(BUILD, "bin", "tracecat")
GEN = os.path.join(BUILD, "tests", "bench", "gen")

MESSAGES, CALLS = 3000, 300
PATIENCE = 30           # seconds that what must happen may take
MOMENT = 0.03           # … and what may or may not
SPOOL_SMALL = 1 << 20
KINDS = {
    "tcp": [collectors.Tcp], "udp": [collectors.Udp], "mirror": [collectors.Tcp, collectors.Udp],
    "failover": [collectors.Tcp, collectors.Tcp], "small": [collectors.Tcp], "memory": [collectors.Tcp],
}


class Sender:
    """A running hepsend: what it is fed, and what has come out behind its tee."""
    def __init__(self, args, header, records, errors):
        self.process = subprocess.Popen([HEPSEND] + args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        self.stdin, self.stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.stdin, False)
        os.set_blocking(self.stdout, False)
        self.records = records      # those that it is fed, as far as it lives
        self.waiting = header       # bytes that are its due
        self.given = 0              # records of those, whole or not
        self.tee, self.seen, self.accepted = bytearray(), 0, []

    def feed(self, count):
        for r in self.records[self.given:self.given + count]:
            self.waiting += r.raw
        self.given = min(self.given + count, len(self.records))

    def write(self):
        try:
            self.waiting = self.waiting[os.write(self.stdin, self.waiting):]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            raise Wrong("hepsend ended before its input did")

    def read(self):
        """False: the tee is closed."""
        try:
            got = os.read(self.stdout, 1 << 20)
        except BlockingIOError:
            return True
        self.tee += got
        for kind, begin, end, _ in stream.frames(self.tee, self.seen):
            self.seen = end
            if kind == stream.MESSAGE:
                want = self.records[len(self.accepted)]
                if self.tee[begin:end] != want.raw:
                    raise Wrong("record %d was not passed on unchanged, or not in its turn" % want.number)
                self.accepted.append(want.number)
        return bool(got)

    def finish_input(self):
        """The rest of what it is fed; to be written, and then its input closed."""
        self.feed(len(self.records))
        self.waiting += stream.end_frame(self.records)

    def end(self):
        for f in self.process.stdin, self.process.stdout:
            try:
                f.close()
            except BrokenPipeError:
                pass


class Torture:
    def __init__(self, seed, mode, folder):
        self.seed, self.mode, self.folder = seed, mode, folder
        self.rng = random.Random("%s %d" % (mode, seed))
        # A quarter of the spool's room may be unread unknown to the sender. Of 8 MiB that is less than the longer stream, so there
        # are connections of which it believes that they were read; of 64 MiB it is more, and it never does.
        self.spool_max = SPOOL_SMALL if mode == "small" else self.rng.choice([8 << 20, 64 << 20])
        messages = 2 * MESSAGES if self.spool_max == 8 << 20 and mode == "tcp" else MESSAGES
        self.header, self.records = stream.make(GEN, seed, messages, CALLS)
        self.arrivals = []      # of all collectors
        self.collectors = [kind("collector %d" % n, self.records, self.rng, self.arrivals)
                           for n, kind in enumerate(KINDS[mode])]
        self.accepted = set()
        self.next = 0           # the record to be fed next
        self.run = 0
        self.sender = None
        self.story = []
        self.most_on_disk = 0
        self.lost = 0           # by the ledgers of the runs that ended in good order
        self.spool = os.path.join(folder, "spool")
        self.harmless = mode == "memory" and seed % 2 == 0     # no connection is broken
        self.errors = open(os.path.join(folder, "errors"), "ab")

    def say(self, text):
        self.story.append("run %d, record %d: %s" % (self.run, self.next + (self.sender.given if self.sender else 0), text))

    def args(self, last):
        dest = ["%s:127.0.0.1:%d" % (c.kind, c.port) for c in self.collectors]
        out = ["--tee", "--drain-time", "15s" if last else "300ms"]
        if self.mode == "failover":
            out.append("--failover")
        if self.mode == "memory":
            return out + ["--queue", str(self.rng.choice([100, 1000, 10000]) << 10)] + dest
        return out + ["--spool", self.spool, "--spool-max", str(self.spool_max)] + dest

    # what happens

    def turn(self, timeout, closing=False):
        """One look at all that may be ready."""
        s = self.sender
        reads = [s.stdout] + [f for c in self.collectors for f in c.fds()]
        writes = [s.stdin] if s.waiting else []
        ready = select.select(reads, writes, [], timeout)
        if ready[1]:
            s.write()
        if closing and not s.waiting and not s.process.stdin.closed:
            s.process.stdin.close()
        alive = s.read() if s.stdout in ready[0] else True
        for c in self.collectors:
            for f in c.fds():
                if f in ready[0]:
                    c.ready(f)
        return alive

    def until(self, condition, seconds):
        """True: the condition holds, before the time was up."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if not self.turn(min(left, 0.1)):
                raise Wrong("hepsend closed its output: it has ended")
        return True

    def disk(self):
        total = {}
        for folder, _, names in os.walk(self.spool):
            for name in names:
                if name.endswith(".seg"):
                    try:
                        total[folder] = total.get(folder, 0) + os.stat(os.path.join(folder, name)).st_size
                    except FileNotFoundError:
                        pass
        most = max(total.values(), default=0)
        self.most_on_disk = max(self.most_on_disk, most)
        if most > self.spool_max:
            raise Wrong("%d bytes on disk, and --spool-max is %d" % (most, self.spool_max))

    def mischief(self, c):
        """What may happen to a collector."""
        rng = self.rng
        if not c.is_open():
            if rng.random() < (0.1 if self.mode == "small" else 0.4):
                self.say(c.name + " opens")
                c.open()
        elif c.deaf:
            if rng.random() < 0.4:
                self.say(c.name + " hears again")
                c.deaf = False
        else:
            what = rng.choices(["", "close", "deaf", "reset", "end", "limit"], [10, 2, 2, 2, 1, 1])[0]
            if what == "close" and not self.harmless:
                c.close()
            if what in ("close", "reset", "end") and not self.harmless:
                c.drop(what == "reset" or rng.random() < 0.5)
            if what == "deaf":
                c.deaf = True
            if what == "limit" and not self.harmless:
                c.reset_after = rng.choice([0, 0, 20, 200])
            if what:
                self.say(c.name + ": " + what)
        if c.deaf and not self.harmless and rng.random() < 0.2:
            self.say(c.name + ": deaf, and drops its connections")
            c.drop(rng.random() < 0.5)

    def await_some(self):
        """Until the tee or a collector has got a little further, if it does soon."""
        s, rng = self.sender, self.rng
        what = rng.choice(["", "tee", "tee", "arrivals", "arrivals"])
        if what == "tee":
            aim = len(s.accepted) + rng.randrange(s.given - len(s.accepted) + 1)
            self.until(lambda: len(s.accepted) >= aim, MOMENT)
        elif what == "arrivals":
            aim = len(self.arrivals) + rng.randrange(200)
            self.until(lambda: len(self.arrivals) >= aim, MOMENT)
        else:
            self.turn(0)

    def step(self):
        self.sender.feed(self.rng.choice([1, 2, 10, 50, 200]))
        for c in self.collectors:
            self.mischief(c)
        self.await_some()
        self.disk()

    def begin(self, last=False):
        for c in self.collectors:
            c.run = self.run
        self.sender = Sender(self.args(last), self.header, self.records[self.next:self.last_of_run(last)], self.errors)

    def last_of_run(self, last):
        share = len(self.records) // 6
        return len(self.records) if last else self.next + self.rng.randrange(share // 2, share * 3 // 2)

    def ambush(self):
        """Waits for a batch to begin to come out behind the tee: by then all of it must be in the spool."""
        s = self.sender
        self.until(lambda: not s.waiting and len(s.accepted) == s.given, MOMENT)
        s.feed(200)
        self.until(lambda: not s.waiting, MOMENT)
        select.select([s.stdout], [], [], MOMENT)

    def kill(self):
        s = self.sender
        if self.rng.random() < 0.5:
            self.ambush()
        self.say("SIGKILL, %d of %d accepted" % (len(s.accepted), s.given))
        s.process.send_signal(signal.SIGKILL)
        s.process.wait()
        while s.read():
            pass
        self.over()

    def over(self):
        """The sender has ended: all that it sent is on its way to a collector that reads, or will one day."""
        s = self.sender
        s.end()
        self.accepted.update(s.accepted)
        self.next += s.given
        for c in self.collectors:
            c.quiet()
        self.disk()
        self.sender = None
        self.run += 1

    def wait_end(self):
        s = self.sender
        s.finish_input()
        end = time.monotonic() + PATIENCE
        while self.turn(0.1, closing=True):
            if time.monotonic() > end:
                raise Wrong("hepsend did not end within %d seconds" % PATIENCE)
        s.process.wait()
        status = s.process.returncode
        self.over()
        if status not in (0, 1):
            raise Wrong("hepsend ended with status %d" % status)
        if len(s.accepted) != len(s.records):
            raise Wrong("%d of %d records were passed on by a hepsend that ended in good order" % (len(s.accepted), len(s.records)))
        return s, status

    def ledger(self, s):
        """The counters of a run that ended in good order; their sum must hold."""
        text = subprocess.run([TRACECAT, "--ledger"], input=bytes(s.tee), stdout=subprocess.PIPE, check=True).stdout.decode()
        count = {}
        for line in text.splitlines():
            words = line.split()
            if len(words) == 5 and words[0] == "hepsend" and words[1] == "packets":
                count[words[4]] = int(words[2])
        get = lambda *names: sum(count.get(n, 0) for n in names)    # noqa: E731
        lost = get("returned", "too_large", "send_failed", "queue_full", "unacknowledged", "spool_lost", "undelivered")
        copies = 2 if self.mode == "mirror" else 1
        if get("offered") != len(s.records) * copies:
            raise Wrong("offered %d packets of %d records" % (get("offered"), len(s.records)))
        if get("offered", "resumed") != get("sent", "held") + lost:
            raise Wrong("the ledger does not add up: %s" % count)
        self.lost += lost
        return count, lost

    def rounds(self):
        for _ in range(self.rng.randrange(3, 6)):
            self.begin()
            self.say("begins")
            for _ in range(self.rng.randrange(2, 15)):
                self.step()
                if self.sender.given == len(self.sender.records):
                    break
            if self.rng.random() < 0.8:
                self.kill()
            else:
                self.say("ends in good order")
                self.ledger(self.wait_end()[0])

    def all_well(self):
        for c in self.collectors:
            c.deaf, c.reset_after = False, 0
            if not c.is_open():
                c.open()

    def last_run(self):
        self.all_well()
        for c in self.collectors:
            c.quiet()
        self.begin(last=True)
        self.say("the last one")
        before = len(self.arrivals)
        s, status = self.wait_end()
        count, lost = self.ledger(s)
        got = len(self.arrivals) - before
        if count.get("held", 0) or (status != 0 and not lost):
            raise Wrong("the last run ended with status %d and %s" % (status, count))
        if self.mode not in ("udp", "mirror") and not count["sent"] <= got <= count["sent"] + lost:
            # of a small spool, lost is what it had no room for, which may have been under way
            raise Wrong("the last run sent %d packets, lost %d, and %d arrived" % (count["sent"], lost, got))

    def nothing_left(self):
        self.begin(last=True)
        self.say("one more, of nothing")
        before = len(self.arrivals)
        s, status = self.wait_end()
        count, _ = self.ledger(s)
        if status != 0 or count.get("resumed", 0) or len(self.arrivals) != before:
            raise Wrong("something was left in the spool: %s" % count)

    def memory(self):
        """One run without a spool, to its end."""
        self.begin(last=True)
        while self.sender.given < len(self.records):
            self.step()
        self.all_well()
        count, lost = self.ledger(self.wait_end()[0])
        arrived = len(self.arrivals)
        if arrived > count.get("sent", 0) + count.get("unacknowledged", 0):
            raise Wrong("%d arrived, and sent are %s" % (arrived, count))
        if self.harmless and arrived != count["sent"]:
            raise Wrong("%d arrived over connections that nobody broke, and sent are %s" % (arrived, count))
        return "%d in, %d sent, %d lost and counted, %d arrived" % (len(self.records), count["sent"], lost, arrived)

    # what must have come of it

    def overflow(self):
        return sum(c.overflowed() for c in self.collectors)

    def firsts(self, arrivals, where):
        """First arrivals, which are in order. Returns them, and how many came again."""
        seen, last, newest = set(), -1, 0
        for c, n in arrivals:
            if n in seen:
                continue
            if n < last and self.mode == "small" and c.serial < newest:
                seen.add(n)     # given up when it was under way, and read behind what came later over another connection
                continue
            if n < last:
                raise Wrong("%s: record %d came first after %d (%s)" % (where, n, last, c.name))
            seen.add(n)
            last, newest = n, c.serial
        return seen, len(arrivals) - len(seen)

    def missing(self, seen, where):
        gone = sorted(self.accepted - seen)
        if self.mode == "small":
            # only what so much came after that there was no room for it: all but two segments of eight
            room, after = self.spool_max * 6 // 8, 0
            young = {r.number for r in self.newest(room)}
            gone = [n for n in gone if n in young]
        if len(gone) > self.overflow():
            raise Wrong("%s: %d accepted records did not arrive: %s…" % (where, len(gone), gone[:10]))

    def newest(self, room):
        """The last records of so many bytes."""
        for r in reversed(self.records):
            room -= len(r.payload) + 300
            if room < 0:
                return
            yield r

    def judge(self):
        groups = [("together", self.arrivals)] if self.mode == "failover" else [(c.name, c.arrivals) for c in self.collectors]
        again = 0
        for where, arrivals in groups:
            seen, twice = self.firsts(arrivals, where)
            again += twice
            if self.mode == "memory" and twice:
                raise Wrong("%d packets came twice without a spool" % twice)
            if self.mode != "memory":
                self.missing(seen, where)
        return again

    def play(self):
        for c in self.collectors:
            c.open()
            if self.rng.random() < 0.3:
                self.say(c.name + " is down at the start")
                c.close()
        if self.mode == "memory":
            text = self.memory()
            self.judge()
            return text
        self.rounds()
        self.last_run()
        again = self.judge()
        self.nothing_left()
        return "%d accepted in %d runs, %d connections, %d packets came again, %d lost and counted, %d bytes on disk" % (
            len(self.accepted), self.run, sum(c.connections for c in self.collectors), again, self.lost, self.most_on_disk)


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--mode", choices=sorted(KINDS), default="tcp")
    p.add_argument("--keep", help="leave the spool and what hepsend said in this folder")
    p.add_argument("seed", type=int)
    conf = p.parse_args()
    folder = conf.keep or tempfile.mkdtemp(prefix="torture")
    os.makedirs(folder, exist_ok=True)
    signal.alarm(4 * PATIENCE)
    t = Torture(conf.seed, conf.mode, folder)
    try:
        result = t.play()
    except (Wrong, ValueError) as e:
        print("\n".join(t.story))
        with open(os.path.join(folder, "errors")) as f:
            print(f.read())
        print("seed %d, mode %s: %s" % (conf.seed, conf.mode, e))
        print("again: B=%s tests/torture/spool.py --mode %s --keep DIR %d" % (os.environ.get("B", "build"), conf.mode, conf.seed))
        return 1
    finally:
        if t.sender is not None:
            t.sender.process.kill()
        if not conf.keep:
            shutil.rmtree(folder)
    print("seed %d, mode %s: %s" % (conf.seed, conf.mode, result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
