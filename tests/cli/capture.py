#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""capture.py NAME: writes one of the captures below to standard output. They are made here, byte by byte, from nothing."""
import struct
import sys

A, B = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])


def request(n, body=""):
    return (f"OPTIONS sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@192.0.2.1>;tag=a{n}\r\n"
            f"To: <sip:b@192.0.2.2>\r\nCall-ID: call{n}\r\nCSeq: {n} OPTIONS\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


def reply(n):
    return (f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@192.0.2.1>;tag=a{n}\r\n"
            f"To: <sip:b@192.0.2.2>;tag=b{n}\r\nCall-ID: call{n}\r\nCSeq: {n} OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def udp(payload, sport=5060, dport=5060):
    return struct.pack(">HHHH", sport, dport, len(payload) + 8, 0) + payload


def tcp(payload, seq, flags=0x10, sport=40000, dport=5060):
    return struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, 0, 0x50, flags, 65535, 0, 0) + payload


def ip(payload, proto=17, src=A, dst=B, ident=1, frag=0):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, len(payload) + 20, ident, frag, 64, proto, 0, src, dst) + payload


def ether(payload, tags=(), type=0x0800):
    head = b"\2\0\0\0\0\1\2\0\0\0\0\2"
    for tag in tags:
        head += struct.pack(">HH", 0x8100, tag)
    return head + struct.pack(">H", type) + payload


def pcap(packets, link=1, snaplen=262144):
    """packets: bytes, or (seconds, bytes); one a second from 1 on."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snaplen, link)
    for i, p in enumerate(packets):
        s, data = p if isinstance(p, tuple) else (i + 1, p)
        out += struct.pack("<IIII", int(s), round(s % 1 * 1e6), min(len(data), snaplen), len(data)) + data[:snaplen]
    return out


def pcapng(packets):
    """packets: (interface, seconds, bytes)."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for _ in range(1 + max(i for i, _, _ in packets)):
        out += block(1, struct.pack("<HHI", 1, 0, 262144))
    for i, s, data in packets:
        us = round(s * 1e6)
        out += block(6, struct.pack("<IIIII", i, us >> 32, us & 0xFFFFFFFF, len(data), len(data)) + data)
    return out


def taps(idents=True):
    """(tap, seconds, packet): a hop seen at two places. Requests pass tap 0 and 3 ms later tap 1; replies, 200 ms later, the other way in
    4 ms. Request 5 is sent again after a second. Tap 1 misses request 7, tap 0 reply 9."""
    out, ident = [], 0
    for n in range(1, 21):
        for again in (0, 1) if n == 5 else (0,):
            ident += 1
            p = ether(ip(udp(request(n)), ident=ident * idents))
            out += [(0, n + again, p)] + [(1, n + again + 0.003, p)] * (n != 7)
        ident += 1
        p = ether(ip(udp(reply(n)), src=B, dst=A, ident=ident * idents))
        out += [(1, n + 0.7, p)] + [(0, n + 0.704, p)] * (n != 9)
    return sorted(out, key=lambda p: p[1])


def tap(i):
    return pcap([(s, p) for j, s, p in taps() if i == j])


def stream(data, size, seq=1):
    """The bytes as TCP segments of `size`, with their SYN and FIN."""
    parts = [ether(ip(tcp(b"", seq - 1, 2), 6))]
    parts += [ether(ip(tcp(data[i:i + size], seq + i), 6)) for i in range(0, len(data), size)]
    return parts + [ether(ip(tcp(b"", seq + len(data), 1), 6))]


def shuffled(parts):
    """SYN first, FIN last, the rest in another order, some twice."""
    middle = parts[1:-1]
    return parts[:1] + middle[1::2] + middle[::2] + middle[::3] + parts[-1:]


def fragments(datagram, size, ident=7):
    size = size // 8 * 8
    n = len(datagram)
    return [ether(ip(datagram[i:i + size], 17, ident=ident, frag=i // 8 | (0x2000 if i + size < n else 0))) for i in range(0, n, size)]


ALL = b"".join(request(i, "x" * (i * 37 % 200)) + reply(i) for i in range(1, 21))
SPLIT = [m for i in range(1, 21) for m in (request(i, "x" * (i * 37 % 200)), reply(i))]
KEEPALIVE = b"\r\n\r\n"

CAPTURES = {
    "udp": lambda: pcap([ether(ip(udp(m))) for m in SPLIT]),
    "joined": lambda: pcap([ether(ip(udp(ALL)))]),
    "tagged": lambda: pcap([ether(ip(udp(m)), (100, 200)) for m in SPLIT]),
    "fragments": lambda: pcap([f for i, m in enumerate(SPLIT) for f in fragments(udp(m), 96, i + 1)]),
    "fragments-shuffled": lambda: pcap([f for i, m in enumerate(SPLIT) for f in reversed(fragments(udp(m), 96, i + 1))]),
    "tcp": lambda: pcap(stream(ALL, len(ALL))),
    "tcp-1460": lambda: pcap(stream(ALL, 1460)),
    "tcp-1": lambda: pcap(stream(ALL, 1)),
    "tcp-wrap": lambda: pcap(stream(ALL, 777, 0xFFFFF000)),
    "tcp-shuffled": lambda: pcap([(1, p) for p in shuffled(stream(ALL, 333))]),
    "tcp-keepalives": lambda: pcap(stream(KEEPALIVE.join(SPLIT) + KEEPALIVE, 500)),
    "tcp-midstream": lambda: pcap(stream(b"half a header\r\nof what came before\r\n\r\n" + ALL, 500)[1:]),
    "short": lambda: pcap([ether(ip(udp(m))) for m in SPLIT], snaplen=150),
    "noise": lambda: pcap([
        ether(ip(udp(b"\x80\x08rtp"))), ether(ip(udp(KEEPALIVE))), ether(b"arp", type=0x0806), ether(ip(b"sctp", 132)), ether(b"\x99"), b"\0\0",
        ether(ip(b"\3\3\0\0\0\0\0\0" + ip(udp(request(1))), 1)), ether(ip(udp(request(1)))),
    ] + stream(b"GET / HTTP/1.1\r\n\r\n", 9)),
    "tap-0": lambda: tap(0),
    "tap-1": lambda: tap(1),
    "taps": lambda: pcapng(taps()),
    "taps-without-ids": lambda: pcapng(taps(False)),
    "taps-out-of-order": lambda: pcapng(sorted(taps(), key=lambda p: p[1] + 0.02 * p[0])),
    "twice": lambda: pcap([(s + d, p) for i, s, p in taps() if i == 0 for d in (0, 0.0001)]),
    "twice-without-ids": lambda: pcap([(s + d, p) for i, s, p in taps(False) if i == 0 for d in (0, 0.0001)]),
    "many": lambda: pcap([ether(ip(udp(request(i)))) for i in range(20000)]),
}

sys.stdout.buffer.write(CAPTURES[sys.argv[1]]())
