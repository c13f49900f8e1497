#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""flows.py SEED [CALLS [OPTION…]]: call flows as a capture on standard output; the same seed gives the same bytes.

Options: loss, reorder (within 50 ms), taps (some packets twice, as two capture points see them), only=NAME (one kind of flow).
Every message has a header X-Seq of its own; its copies share it."""
import random
import struct
import sys

START = 1_700_000_000.0


class Wire:
    """What is captured: packets as (time, source host, destination host, text)."""

    def __init__(self, seed, options=()):
        self.random, self.packets, self.count, self.options = random.Random(seed), [], 0, options
        self.points = None

    def token(self, prefix=""):
        return f"{prefix}{self.random.getrandbits(40):x}"

    def send(self, t, src, dst, text):
        self.count += 1
        if self.points is None or (src, dst) in self.points or (dst, src) in self.points:
            self.packets.append((t, src, dst, text.replace("\n", f"\nX-Seq: {self.count}\n", 1).replace("\n", "\r\n")))

    def again(self, t):
        """The packet sent last, once more: a retransmission."""
        if self.packets:
            _, src, dst, text = self.packets[-1]
            self.packets.append((t, src, dst, text))


class Call:
    """One Call-ID: who is where, and what a request or reply between them looks like on each hop."""

    def __init__(self, wire, start, path=("ua", "p1", "p2", "ub"), callid=None, topos=False):
        self.w, self.t, self.path, self.topos = wire, start, list(path), topos
        self.callid = callid or wire.token("c") + "@flows"
        self.a, self.number = wire.token("a"), wire.random.randrange(1, 90)

    def wait(self, least, most=None):
        self.t += self.w.random.uniform(least, most or least * 2)

    def request(self, method, to=None, **how):
        return Request(self, method, to, **how)

    def next(self):
        self.number += 1
        return self.number


class Request:
    """A request on its way along the path; backwards: from the callee. It is sent at once; replies are sent when asked for."""

    def __init__(self, call, method, to=None, frm=None, back=False, number=None, vias=None, headers="", path=None, host="a", below=()):
        self.call, self.method, self.to, self.frm = call, method, to, call.a if frm is None else frm
        self.path = path or (list(reversed(call.path)) if back else call.path)
        self.number = (number or call.next()) if number is None or number else number
        self.headers, self.users = headers, ("b", "a") if back else (host, "b")
        self.stacks = []
        stack = list(below)  # the Vias that it came with
        for i, (src, dst) in enumerate(zip(self.path, self.path[1:])):
            own = vias[i] if vias else call.w.token("z9hG4bK")
            stack = [(src, own)] + ([] if call.topos and i % 2 else stack)
            self.stacks.append(stack)
            self.emit(src, dst, self.stacks[-1])

    def head(self, to, number, method):
        frm = f"<sip:{self.users[0]}@flows>" + (f";tag={self.frm}" if self.frm else "")
        return (f"From: {frm}\nTo: <sip:{self.users[1]}@flows>" + (f";tag={to}" if to else "")
                + f"\nCall-ID: {self.call.callid}\nCSeq: {number} {method}\n")

    def emit(self, src, dst, stack, method=None, to=None, headers=None):
        vias = "".join(f"Via: SIP/2.0/UDP {host}.flows;branch={branch}\n" for host, branch in stack)
        method = method or self.method
        self.call.w.send(self.call.t, src, dst, f"{method} sip:b@flows SIP/2.0\n{vias}" + self.head(to or self.to, self.number, method)
                         + (self.headers if headers is None else headers) + "Content-Length: 0\n\n")
        self.call.t += self.call.w.random.uniform(0.002, 0.01)

    def reply(self, code, to=None, method=None, headers="", hops=None, frm=None):
        """From the end of the path back; hops: over the last or, if negative, only the first so many."""
        way = list(zip(self.path, self.path[1:], self.stacks))
        way = way if hops is None else way[-hops:] if hops > 0 else way[:-hops]
        for src, dst, stack in reversed(way):
            vias = "".join(f"Via: SIP/2.0/UDP {host}.flows;branch={branch}\n" for host, branch in stack)
            self.call.w.send(self.call.t, dst, src, f"SIP/2.0 {code} x\n{vias}" + self.head(to or self.to, self.number, method or self.method)
                             + headers + "Content-Length: 0\n\n")
            self.call.t += self.call.w.random.uniform(0.002, 0.01)

    def ok(self, to=None, headers="", code=200):
        self.call.wait(0.01)
        self.reply(code, to, headers=headers)

    def negative_ack(self, to, hops=None):
        """Hop by hop, each with the Via of its INVITE's hop."""
        for src, dst, stack in list(zip(self.path, self.path[1:], self.stacks))[:hops]:
            self.emit(src, dst, stack[:1], "ACK", to, "")

    def cancel(self, hops=None):
        way = list(zip(self.path, self.path[1:], self.stacks))[:hops]
        for src, dst, stack in way:
            self.emit(src, dst, stack[:1], "CANCEL", headers="")
            vias = f"Via: SIP/2.0/UDP {stack[0][0]}.flows;branch={stack[0][1]}\n"
            self.call.w.send(self.call.t, dst, src, f"SIP/2.0 200 x\n{vias}" + self.head(self.to or "cx", self.number, "CANCEL")
                             + "Content-Length: 0\n\n")


def packet(t, src, dst, text, n, point):
    data = text.encode()
    address = [bytes([192, 0, 2, sum(host.encode()) % 250 + 1]) for host in (src, dst)]
    udp = struct.pack(">HHHH", 5060, 5060, len(data) + 8, 0) + data
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, len(udp) + 20, n & 0xFFFF, 0, 64 - point, 17, 0, *address) + udp
    frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip
    micros = round(t * 1e6)
    return struct.pack("<IIII", micros // 1000000, micros % 1000000, len(frame), len(frame)) + frame


def capture(wire):
    r, out = wire.random, []
    for i, (t, src, dst, text) in enumerate(sorted(wire.packets, key=lambda p: p[0])):
        if "loss" in wire.options and r.random() < 0.08:
            continue
        seen = t + (r.uniform(0, 0.05) if "reorder" in wire.options else 0)
        out.append((seen, t, src, dst, text, i, 0))
        if "taps" in wire.options and r.random() < 0.3:
            out.append((seen + 0.0004, t + 0.0004, src, dst, text, i, 1))
    out.sort(key=lambda p: p[0])
    # Reordered packets keep the time of the wire: time steps back in the file.
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(
        packet(t, src, dst, text, n, point) for _, t, src, dst, text, n, point in out)


def generate(seed, calls=20, options=()):
    import flow_kinds
    wire = Wire(seed, options)
    only = [o[5:] for o in options if o.startswith("only=")]
    kinds = [k for k in flow_kinds.KINDS if not only or k.__name__ in only]
    for i in range(calls):
        kind = wire.random.choice(kinds)
        wire.points = None
        kind(wire, START + wire.random.uniform(0, 60))
    return capture(wire)


if __name__ == "__main__":
    sys.stdout.buffer.write(generate(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 20, sys.argv[3:]))
