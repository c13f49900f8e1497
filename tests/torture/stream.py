# SPDX-License-Identifier: MIT
"""The records that the torture feeds, and what they look like at either end: trace-stream(5) and HEP version 3."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import hep  # noqa: E402

START_S = 1700000000    # of tests/bench/gen: message N is N times 100 microseconds later
STEP_US = 100
HEADER, MESSAGE, END = 1, 2, 4


def frames(data, at=0):
    """Whole frames of data from `at` on: their types and places."""
    while len(data) - at >= 24:
        if data[at:at + 4] != b"\xd1STR":
            raise ValueError("no frame begins at byte %d: %r" % (at, bytes(data[at:at + 16])))
        kind, head, attrs, payload = struct.unpack_from("<BxHII", data, at + 4)
        size = head + attrs + (payload + 7) // 8 * 8
        if len(data) - at < size:
            return
        yield kind, at, at + size, data[at + head + attrs:at + head + attrs + payload]
        at += size


class Record:
    def __init__(self, number, raw, payload):
        self.number, self.raw, self.payload = number, raw, payload


def make(gen, seed, messages, calls):
    """As many records, in the order of their time."""
    data = subprocess.run([gen, "--records", "-n", str(messages), "-c", str(calls), "--seed", str(seed)], check=True,
                          stdout=subprocess.PIPE).stdout
    out = [data[begin:end] for kind, begin, end, _ in frames(data) if kind == HEADER]
    records = [Record(0, data[begin:end], payload) for kind, begin, end, payload in frames(data) if kind == MESSAGE]
    for n, r in enumerate(records):
        r.number = n
    return out[0], records


def end_frame(records):
    return hep.frame(END, struct.pack("<QQQ", len(records), len(records), sum(len(r.payload) for r in records)))


def packets(data):
    """Whole HEP packets at the beginning of data, and what they end at."""
    at = 0
    while len(data) - at >= 6:
        if data[at:at + 4] != b"HEP3":
            raise ValueError("no packet begins where the one before ended: %r" % bytes(data[at:at + 16]))
        n = struct.unpack_from(">H", data, at + 4)[0]
        if len(data) - at < n:
            break
        yield bytes(data[at:at + n]), at + n
        at += n


def number_of(packet, records):
    """Which record the packet carries; a ValueError if it carries anything else."""
    found = {kind: packet[begin:end] for kind, begin, end in hep.chunks(packet)}
    s, us = struct.unpack(">I", found[9])[0], struct.unpack(">I", found[10])[0]
    n, rest = divmod((s - START_S) * 1000000 + us, STEP_US)
    if rest or not 0 <= n < len(records) or found[15] != records[n].payload:
        raise ValueError("a packet that no record was made into: %r" % packet[:80])
    return n
