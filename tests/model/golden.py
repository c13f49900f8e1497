#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""golden.py FOLDER [CAPTURE…]: what sipfilter selects from each capture, one file NAME.txt in FOLDER for each.

A line: mode, name of the expression, and the numbers (from 1) of the messages that pass. For mode "set" and "txn": those that belong
together, a line each with more than one message, in captures of up to LARGE messages. Captures without a message have a file that says so."""
import os
import subprocess
import sys
import tempfile

import check

EXPRESSIONS = {
    "failed": "$rs >= 400",
    "answered": '$rs == 200 && $rm == "INVITE"',
    "begins": '$rs == $null && is_method("INVITE|SUBSCRIBE|REGISTER") && !has_totag()',
    "ends": '$rs == $null && is_method("BYE|CANCEL")',
    "challenged": "$rs == 401 || $rs == 407",
}
LARGE = 1000


def ranges(numbers):
    """1, 2, 3, 5 as "1-3 5"."""
    out = []
    for n in numbers:
        if out and out[-1][1] == n - 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def together(stream, number, mode):
    """Lists of the numbers of messages with one spokesman, whose name tells them apart but for copies of it."""
    groups = {}
    for i, name in check.run(stream, "-m", mode, "-c", check.NAME):
        groups.setdefault(name, []).append(number[i])
    return groups.values()


def describe(capture, folder):
    stream = os.path.join(folder, "stream")
    subprocess.run(["sipcap", "-r", capture, "-w", stream], stderr=subprocess.DEVNULL, check=False)
    number = {line: n for n, line in enumerate(check.ids(stream, "-m", "m"), 1)}
    lines = [f"messages {len(number)}"]
    for mode in "mtd":
        for name, expr in EXPRESSIONS.items():
            passed = [number[i] for i in check.ids(stream, "-m", mode, expr)]
            if passed:
                lines.append(f"{mode} {name}: {ranges(passed)}")
    if len(number) <= LARGE:
        for what, mode in (("txn", "t"), ("set", "d")):
            lines += [f"{what}: {ranges(g)}" for g in together(stream, number, mode) if len(g) > 1]
    return "\n".join(lines) + "\n"


def main():
    folder, *captures = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        for capture in captures:
            with open(os.path.join(folder, os.path.basename(capture) + ".txt"), "w", encoding="ascii") as out:
                out.write(describe(capture, work))


if __name__ == "__main__":
    main()
