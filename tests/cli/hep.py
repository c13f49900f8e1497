#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests of HEP need beside the tools. One datagram is one line of hexadecimal digits.

hep.py sink PORTFILE [ADDR]   receive on a free port (127.0.0.1), whose number goes to PORTFILE; on TERM take what has
                              arrived by then, print all and end
hep.py pcap FILE              the UDP payloads of an Ethernet pcap file (little-endian, microseconds, no fragments)
hep.py big N                  a pcap file with one SIP message of N bytes in one UDP datagram
hep.py mask                   standard input with HEP times zeroed, and version 2's padding
hep.py nosock                 standard input with addresses and ports of version 3 zeroed
hep.py logs                   correlation id, tab, payload of each version 3 packet
hep.py chunks                 the chunks of each version 3 packet but the fixed ones: vendor:type=hexadecimal, in hexadecimal
hep.py packed zlib|gzip|raw   standard input with the payload of version 3 compressed, as chunk 0x10
hep.py packets                the payloads of a record stream's messages
hep.py records                packets as a record stream (kind 255), as if captured between 9.9.9.9:9 and 9.9.9.8:9060 at second 1
"""
import os
import signal
import socket
import struct
import sys
import zlib


def sink(portfile, addr="127.0.0.1"):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
    except OSError:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
    s.bind((addr, 0))
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: (stopping.append(1), s.setblocking(False)))
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))  # the test is gone
    signal.alarm(60)
    with open(portfile + ".new", "w") as f:
        f.write(str(s.getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    s.settimeout(0.2)
    while True:
        try:
            print(s.recv(65536).hex(), flush=True)
        except (BlockingIOError, socket.timeout):
            if stopping:
                return


def udp_payload(frame):
    kind = struct.unpack_from(">H", frame, 12)[0]
    if kind == 0x0800 and frame[23] == 17:
        at = 14 + 4 * (frame[14] & 15)
    elif kind == 0x86DD and frame[20] == 17:
        at = 14 + 40
    else:
        return None
    return frame[at + 8:at + struct.unpack_from(">H", frame, at + 4)[0]]


def pcap(path):
    with open(path, "rb") as f:
        data = f.read()
    at = 24
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 8)[0]
        payload = udp_payload(data[at + 16:at + 16 + n])
        if payload is not None:
            print(payload.hex())
        at += 16 + n


def big(size):
    head = b"MESSAGE sip:a@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\nContent-Length: %d\r\n\r\n"
    body = size - len(head % 10000)
    sip = head % body + bytes(body)
    udp = struct.pack(">HHHH", 5060, 5060, 8 + len(sip), 0) + sip
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\2")
    frame = bytes(12) + b"\x08\0" + ip + udp
    sys.stdout.buffer.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
    sys.stdout.buffer.write(struct.pack("<IIII", 1, 2, len(frame), len(frame)) + frame)


def chunks(p):
    at = 6
    while at < len(p):
        vendor, kind, n = struct.unpack_from(">HHH", p, at)
        yield vendor << 16 | kind, at + 6, at + n
        at += n


def zeroed(p, kinds):
    if p[:4] == b"HEP3":
        for kind, begin, end in chunks(p):
            if kind in kinds:
                p[begin:end] = bytes(end - begin)
    return p.hex()


def masked(p):
    if p[:1] == b"\x02":
        at = p[1]
        p[at:at + 8] = bytes(8)
        p[at + 10:at + 12] = bytes(2)
    return zeroed(p, (9, 10))


def further(p):
    return " ".join("%x:%x=%s" % (kind >> 16, kind & 0xFFFF, p[begin:end].hex()) for kind, begin, end in chunks(p)
                    if kind > 0x0C and kind != 0x0F)


def packed(p, how):
    z = zlib.compressobj(wbits={"zlib": 15, "gzip": 31, "raw": -15}[how])
    out = bytearray()
    for kind, begin, end in chunks(p):
        data = p[begin:end]
        if kind == 0x0F:
            kind, data = 0x10, z.compress(data) + z.flush()
        out += struct.pack(">IH", kind, 6 + len(data)) + data
    return (p[:4] + struct.pack(">H", 6 + len(out)) + out).hex()


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(kind, head, payload=b""):
    """trace-stream(5)"""
    start = b"\xd1STR" + struct.pack("<BBHII", kind, 0, 24 + len(head), 0, len(payload))
    sums = struct.pack("<I", crc32c(payload)) + head
    return start + struct.pack("<I", crc32c(start + sums)) + sums + payload + bytes(-len(payload) % 8)


def records(packets):
    out, size = [frame(1, struct.pack("<HHIQQ", 1, 0, 0, 0, 0))], 0
    for n, p in enumerate(packets):
        head = struct.pack("<QQ4s12x4s12xHHBBBBIHHII8x", 10**9, n + 1, bytes([9, 9, 9, 9]), bytes([9, 9, 9, 8]), 9, 9060, 4, 1, 1, 255,
                           3, 0, 77, 0, 0)
        out.append(frame(2, head, bytes(p)))
        size += len(p)
    out.append(frame(4, struct.pack("<QQQ", len(packets), len(packets), size)))
    sys.stdout.buffer.write(b"".join(out))


def stream_packets(data):
    at = 0
    while at < len(data):
        kind, _, head, attrs, payload = struct.unpack_from("<BBHII", data, at + 4)
        begin = at + head + attrs
        if kind == 2:
            print(data[begin:begin + payload].hex())
        at = begin + payload + -payload % 8


def log(p):
    found = {kind: p[begin:end].decode() for kind, begin, end in chunks(p) if kind in (0x11, 0x0F)}
    return found[0x11] + "\t" + found[0x0F]


def main():
    per_line = {"chunks": further, "packed": lambda p: packed(p, sys.argv[2]), "mask": masked, "nosock": lambda p: zeroed(p, (3, 4, 5, 6, 7, 8)), "logs": log}
    if sys.argv[1] == "sink":
        sink(*sys.argv[2:])
    elif sys.argv[1] == "pcap":
        pcap(sys.argv[2])
    elif sys.argv[1] == "records":
        records([bytearray.fromhex(line.strip()) for line in sys.stdin])
    elif sys.argv[1] == "packets":
        stream_packets(sys.stdin.buffer.read())
    elif sys.argv[1] == "big":
        big(int(sys.argv[2]))
    else:
        for line in sys.stdin:
            print(per_line[sys.argv[1]](bytearray.fromhex(line.strip())))


if __name__ == "__main__":
    main()
