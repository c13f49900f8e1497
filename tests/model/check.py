#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check.py [-q] STREAM EXPR…: compares what sipfilter selects from a record stream with what the model does, in every mode, for each
expression, with -v, with a look-back, and of which message each message's annotations were made. Prints where they differ; exits 1 then."""
import subprocess
import sys

import model

# Tells messages apart; a copy of a message need not be told from it.
NAME = "$hdr(X-Seq) $ci $cs $rm $rs $ft $tt $si:$sp $Ri:$Rp $hdr(Via) $ml"


def run(stream, *command):
    """The lines that come out of sipfilter with these options, as record id and correlation id."""
    with subprocess.Popen(["sipfilter", "-r", stream, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
        out = subprocess.run(["tracecat", "-F", "id,corr"], stdin=p.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [line.split("\t", 1) for line in out.stdout.decode(errors="replace").splitlines()]


def ids(stream, *command):
    return [line[0] for line in run(stream, *command)]


class Comparison:
    def __init__(self, stream):
        self.stream = stream
        text = subprocess.run(["tracecat", "-o", "json", "-r", stream], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        self.messages = model.load(text.decode(errors="replace").splitlines())
        model.track(self.messages)
        self.names = [name for _, name in run(stream, "-m", "m", "-c", NAME)]
        self.said = []

    def say(self, expr, mode, what, ours, theirs):
        self.said.append(f"{self.stream}: -m {mode} '{expr}': {what}\n  model:   {ours}\n  program: {theirs}")

    def compare(self, expr):
        true = set(ids(self.stream, "-m", "m", expr))
        for mode in "mtd":
            got = run(self.stream, "-m", mode, "-c", NAME, expr)
            want = [m for m in model.select(self.messages, mode, lambda m: m.id in true)]
            self.order(expr, mode, want, [i for i, _ in got])
            rest = model.select(self.messages, mode, lambda m: m.id in true, invert=True)
            self.order("-v " + expr, mode, rest, ids(self.stream, "-m", mode, "-v", expr))
            if mode != "m":
                self.annotations(expr, mode, true, dict(got))
                self.whole(expr, mode, true)

    def whole(self, expr, mode, true):
        """With a look-back over everything: two passes over the same messages, one to learn which sets, one to take all of theirs."""
        back = ["-m", mode, "--lookback", "10000d", expr]
        want = [m.id for m in model.select(self.messages, mode, lambda m: m.id in true, lookback=True)]
        rest = [m for m in model.select(self.messages, mode, lambda m: m.id in true, invert=True, lookback=True)]
        self.order(expr, mode + " --lookback --in-order", [m for m in self.messages if m.id in set(want)], ids(self.stream, "--in-order", *back))
        self.order("-v " + expr, mode + " --lookback --in-order", rest, ids(self.stream, "-v", "--in-order", *back))
        got = ids(self.stream, *back)
        if sorted(got) != sorted(want):
            self.say(expr, mode, "--lookback", len(want), len(got))

    def order(self, expr, mode, want, got):
        ours = [m.id for m in want]
        if ours == got:
            return
        by_id = {m.id: m for m in self.messages}
        surplus = [by_id[i] for i in ours if i not in set(got)]
        missing = [by_id[i] for i in got if i not in set(ours)]
        self.say(expr, mode, "selected", f"and not the program: {surplus[:5]}", f"and not the model: {missing[:5]}")

    def annotations(self, expr, mode, true, got):
        for m, spokesman in model.spokesmen(self.messages, mode, lambda m: m.id in true):
            if spokesman and got.get(m.id, self.names[spokesman.n - 1]) != self.names[spokesman.n - 1]:
                theirs = [x for x in self.messages if self.names[x.n - 1] == got[m.id]][:1]
                self.say(expr, mode, f"{m} goes with", spokesman, theirs or got[m.id])
                return


def main():
    quiet = sys.argv[1] == "-q"
    stream, *expressions = sys.argv[1 + quiet:]
    c = Comparison(stream)
    for expr in expressions:
        c.compare(expr)
    print("\n".join(c.said[:1 if quiet else None]), end="\n" if c.said else "")
    sys.exit(bool(c.said))


if __name__ == "__main__":
    main()
