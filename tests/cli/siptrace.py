#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""siptrace.py ROWS SELECTED: what Kamailio's siptrace wrote (sip_trace_rows) beside what sipfilter selected (tracecat -o json) of a capture at it.

Prints a line for each message that only one of them has: "missing" (the module traced it, we did not select it) or the kind of surplus, then who sent it what.
"""
import json
import sys
from collections import Counter


def key(first, headers, src, dst):
    def value(*names):
        return next((h.split(":", 1)[1].strip() for h in headers if h.split(":", 1)[0].strip().lower() in names), "")
    branch = value("via", "v").rpartition("branch=")[2].split(";")[0]
    tag = value("to", "t").partition("tag=")[2]
    return (first, value("cseq"), value("call-id", "i"), branch, tag, src, dst)


def of_message(msg, src, dst):
    lines = msg.replace("\r\n", "\n").split("\n\n")[0].split("\n")
    first = lines[0].split()
    return key(first[1] if first[0].startswith("SIP/") else first[0], lines[1:], src, dst)


def read_rows(path):
    out = Counter()
    for line in open(path):
        f = line.rstrip("\n").split("\t")
        out[of_message(bytes.fromhex(f[9]).decode(), f[3], f[4])] += 1
    return out


def read_selected(path):
    out = []
    for line in open(path):
        r = json.loads(line)
        out.append(of_message(r["payload"], *(f"{r['proto']}:{r[s + '_ip']}:{r[s + '_port']}" for s in ("src", "dst"))))
    return out


def kind(k, accepted):
    """What of the module's gaps (golden/kamailio/README.md) this is, or what kind of message."""
    first, cseq, callid = k[0], k[1], k[2]
    if first == "ACK":
        return "ack-2xx" if (callid, cseq.split()[0]) in accepted else "ack-failure"
    return "spiral-bye" if cseq.endswith("BYE") and callid.startswith("spiral") else "reply" if first.isdigit() else "request"


def main():
    rows, selected = read_rows(sys.argv[1]), read_selected(sys.argv[2])
    accepted = {(k[2], k[1].split()[0]) for k in selected if k[0].startswith("2") and k[1].endswith("INVITE")}
    seen = Counter()
    for k in selected:
        seen[k] += 1
        if seen[k] > 1:
            print("retransmission", *k)
        elif k not in rows:
            print(kind(k, accepted), *k)
    calls = {k[2] for k in selected}
    for k in rows:
        if k not in seen:
            print("missing" if k[2] in calls else "of-another-call", *k)


main()
