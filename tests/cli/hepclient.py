#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Senders of HEP, good and bad. One packet is one line of hexadecimal digits.

hepclient.py make COUNT [key=K] [zip=zlib|gzip|deflate] [first=N]   version 3 packets, each an OPTIONS of its own
hepclient.py send udp|udp6|tcp|tls PORT [OPTION...] <PACKETS        over TCP and TLS waits until the receiver closes
    conns=N    over N connections at a time, a packet on each in turn
    piece=N    in writes of at most N bytes, one of each connection in turn
    cut=N      without the last N bytes of the last packet
    tail=TEXT  with this behind the last packet
    reset      ends with a reset
    ca=FILE cert=FILE    TLS: trust, and show, these
hepclient.py stay PORT COUNT      opens COUNT connections that say nothing, prints how many the receiver closed, waits for the end of its input
hepclient.py half PORT            sends half a packet and waits until the receiver closes; prints the seconds that took, rounded down
hepclient.py hello PORT           sends the beginning of a TLS handshake and resets, a hundred times
"""
import gzip
import select
import socket
import ssl
import struct
import sys
import time
import zlib


def chunk(kind, data):
    return struct.pack(">HHH", 0, kind, 6 + len(data)) + data


def options(n):
    return (f"OPTIONS sip:b@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{n}\r\nFrom: <sip:a@192.0.2.1>;tag=a{n}\r\n"
            f"To: <sip:b@192.0.2.2>\r\nCall-ID: call{n}\r\nCSeq: {n} OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def pack(payload, form):
    if form == "gzip":
        return gzip.compress(payload)
    c = zlib.compressobj(9, zlib.DEFLATED, 15 if form == "zlib" else -15)
    return c.compress(payload) + c.flush()


def packet(n, opts):
    body = (chunk(1, b"\x02") + chunk(2, b"\x11") + chunk(3, bytes([192, 0, 2, 1])) + chunk(4, bytes([192, 0, 2, 2]))
            + chunk(7, b"\x13\xc4") + chunk(8, b"\x13\xc4") + chunk(9, struct.pack(">I", 1600000000 + n)) + chunk(10, struct.pack(">I", n))
            + chunk(11, b"\x01") + chunk(12, struct.pack(">I", 7)) + chunk(0x11, b"corr%d" % n) + chunk(0x13, b"edge"))
    if "key" in opts:
        body += chunk(14, opts["key"].encode())
    payload = options(n)
    body += chunk(16, pack(payload, opts["zip"])) if "zip" in opts else chunk(15, payload)
    return b"HEP3" + struct.pack(">H", 6 + len(body)) + body


def connect(proto, port, opts):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)     # what is sent has left before a reset
    if proto == "tls":
        c = ssl.create_default_context(cafile=opts.get("ca"))
        c.check_hostname = False
        if "cert" in opts:
            c.load_cert_chain(opts["cert"])
        s = c.wrap_socket(s)
    return s


def datagrams(proto, port, packets):
    s = socket.socket(socket.AF_INET6 if proto == "udp6" else socket.AF_INET, socket.SOCK_DGRAM)
    for p in packets:
        s.sendto(p, ("::1" if proto == "udp6" else "127.0.0.1", port))


def closed_by_peer(s):
    """Waits for it. A reset is an end too."""
    try:
        while s.recv(4096):
            pass
    except OSError:
        pass


def streams(proto, port, packets, opts):
    conns = int(opts.get("conns", 1))
    bytes_of = [b"".join(packets[i::conns]) for i in range(conns)]
    if "cut" in opts:
        bytes_of[-1] = bytes_of[-1][:-int(opts["cut"])]
    bytes_of[-1] += opts.get("tail", "").encode()
    piece = int(opts.get("piece", 1 << 20))
    socks = [connect(proto, port, opts) for _ in range(conns)]
    at = 0
    try:
        while any(at < len(b) for b in bytes_of):
            for s, b in zip(socks, bytes_of):
                if at < len(b):
                    s.sendall(b[at:at + piece])
            at += piece
    except OSError:     # the receiver closed it
        pass
    for s in socks:
        try:
            if "reset" in opts:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif proto == "tls":
                s.unwrap()
            else:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        if "reset" not in opts:
            closed_by_peer(s)
        s.close()


def stay(port, count):
    socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    print(len(socks), flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin] + socks, [], [])
        if sys.stdin in ready:
            return
        socks.remove(ready[0])
        print("closed", flush=True)


def half(port):
    s = socket.create_connection(("127.0.0.1", port))
    start = time.monotonic()
    s.sendall(packet(1, {})[:100])
    closed_by_peer(s)
    print(int(time.monotonic() - start))


def hello(port):
    text = ssl.MemoryBIO(), ssl.MemoryBIO()
    c = ssl._create_unverified_context().wrap_bio(*text)
    try:
        c.do_handshake()
    except ssl.SSLWantReadError:
        pass
    bytes_of = text[1].read()
    for i in range(100):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(bytes_of[:len(bytes_of) if i % 2 else i])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def main():
    words = [a.partition("=") for a in sys.argv[2:]]
    opts = {name: value for name, _, value in words}
    if sys.argv[1] == "make":
        first = int(opts.get("first", 0))
        for n in range(first, first + int(sys.argv[2])):
            print(packet(n, opts).hex())
    elif sys.argv[1] == "send":
        packets = [bytes.fromhex(line) for line in sys.stdin]
        if sys.argv[2].startswith("udp"):
            datagrams(sys.argv[2], int(sys.argv[3]), packets)
        else:
            streams(sys.argv[2], int(sys.argv[3]), packets, opts)
    elif sys.argv[1] == "stay":
        stay(int(sys.argv[2]), int(sys.argv[3]))
    else:
        {"half": half, "hello": hello}[sys.argv[1]](int(sys.argv[2]))


main()
