#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kamailio.py FOLDER MODE EXPR: what the siptrace module traced of a capture (FOLDER/traced.tsv, column hep) against what sipfilter
selects from it. Prints "COUNT GAP" for the messages that only sipfilter selects, each under the name that the README of the golden
captures gives to what the module cannot see; exits 1 if the module traced something else, or a message has no such name."""
import collections
import json
import subprocess
import sys

import check

PROXY = ("127.0.2.20", 16060), ("::1", 16060)


class Seen:
    """A message of the capture with what the classes ask."""

    def __init__(self, record, row, before):
        self.record, self.row = record, row
        self.request = record["status"] is None
        self.out = (record["src_ip"], record["src_port"]) in PROXY
        self.status = record["status"]
        self.cseq = record["cseq"].split()[-1]
        self.method = record["method"] if self.request else self.cseq
        hop = [record[k] for k in ("src_ip", "src_port", "dst_ip", "dst_port", "payload")]
        self.again = hop in before
        self.made_here = self.out and not any(self.came_as(b) for b in before)
        before.append(hop)

    def came_as(self, hop):
        """Did this message come to the proxy before it left: same start, Call-ID and CSeq?"""
        start = hop[4].split("\r\n", 1)[0].split(" ")
        mine = self.record["payload"].split("\r\n", 1)[0].split(" ")
        same = start[0] == mine[0] and (self.request or start[1] == mine[1])
        return (hop[2], hop[3]) in PROXY and same and all(
            f"{name}: {self.record[key]}" in hop[4] for name, key in (("Call-ID", "callid"), ("CSeq", "cseq")))


# The name of each gap, the modes that have it, and what is in it; the first that fits counts.
GAPS = (
    ("retransmission out", "mtd", lambda m: m.again and m.out),
    ("retransmission in: request", "d", lambda m: m.again and not m.out and m.request),
    ("stateless forward()", "t", lambda m: m.method == "PUBLISH" and not (m.request and not m.out)),
    ("2xx ACK out", "td", lambda m: m.method == "ACK" and m.out and m.request and not m.made_here),
    ("2xx ACK in", "d", lambda m: m.method == "ACK" and not m.out and m.request),
    ("CANCEL out, made by the proxy", "m", lambda m: m.method == "CANCEL" and m.out and m.request),
    ("200 to CANCEL, out", "m", lambda m: m.method == "CANCEL" and m.out and not m.request),
    ("ACK of a negative reply, made by the proxy", "m", lambda m: m.method == "ACK" and m.out and m.request),
    ("100, t_reply() and sl reply of the proxy", "m", lambda m: m.out and not m.request and m.made_here),
)


def gap(m, mode):
    return next((name for name, modes, fits in GAPS if mode in modes and fits(m)), None)


def read(folder):
    subprocess.run(["sipcap", "-r", folder + "/input.pcap", "-w", "stream"], stderr=subprocess.PIPE, check=False)
    text = subprocess.run(["tracecat", "-o", "json", "-r", "stream"], stdout=subprocess.PIPE, check=True).stdout.decode()
    with open(folder + "/traced.tsv", encoding="utf-8") as lines:
        names, *rows = [line.rstrip("\n").split("\t") for line in lines]
    records, before = [json.loads(line) for line in text.splitlines()], []
    rows = [dict(zip(names, row)) for row in rows]
    if [(r["callid"], r["cseq"]) for r in records] != [(r["callid"], r["cseq"]) for r in rows]:
        sys.exit("the rows are not the capture's messages")
    return [Seen(record, row, before) for record, row in zip(records, rows)]


def main():
    folder, mode, expr = sys.argv[1:]
    messages = read(folder)
    selected, bad, surplus = set(check.ids("stream", "-m", mode, expr)), 0, collections.Counter()
    for m in messages:
        traced, ours = int(m.row["hep"]) > 0, m.record["id"] in selected
        if traced and not ours:
            print("not selected:", m.row)
            bad = 1
        elif ours and not traced:
            name = gap(m, mode)
            surplus[name or f"unexplained: {m.row}"] += 1
            bad |= name is None
    for name, count in sorted(surplus.items()):
        print(count, name)
    sys.exit(bad)


if __name__ == "__main__":
    main()
