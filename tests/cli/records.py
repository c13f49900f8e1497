#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""records.py COLUMN…: tracecat's JSON lines on standard input as lines of these columns, tabs between, in the form that other
programs say the same.

time       microseconds since 1970
src sport dst dport capture_id node corr callid    as tracecat has them; nothing where it has null
first      what the message begins with: the method of a request, the status of a reply
corr_or_callid
bytes      the message in hexadecimal digits
"""
import json
import sys

COLUMNS = {
    "time": lambda r: int(r["time_ns"]) // 1000,
    "src": lambda r: r["src_ip"],
    "sport": lambda r: r["src_port"],
    "dst": lambda r: r["dst_ip"],
    "dport": lambda r: r["dst_port"],
    "proto": lambda r: r["proto"],
    "first": lambda r: r["status"] or r["method"],
    "callid": lambda r: r["callid"],
    "corr": lambda r: r["corr"],
    "corr_or_callid": lambda r: r["corr"] or r["callid"],
    "capture_id": lambda r: r["capture_id"],
    "node": lambda r: r["node"],
    "bytes": lambda r: r["payload"].encode().hex(),
}

for line in sys.stdin:
    record = json.loads(line)
    values = (COLUMNS[c](record) for c in sys.argv[1:])
    print("\t".join("" if v is None else str(v) for v in values))
