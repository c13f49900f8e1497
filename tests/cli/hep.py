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
"""
import os
import signal
import socket
import struct
import sys


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


def log(p):
    found = {kind: p[begin:end].decode() for kind, begin, end in chunks(p) if kind in (0x11, 0x0F)}
    return found[0x11] + "\t" + found[0x0F]


def main():
    per_line = {"mask": masked, "nosock": lambda p: zeroed(p, (3, 4, 5, 6, 7, 8)), "logs": log}
    if sys.argv[1] == "sink":
        sink(*sys.argv[2:])
    elif sys.argv[1] == "pcap":
        pcap(sys.argv[2])
    elif sys.argv[1] == "big":
        big(int(sys.argv[2]))
    else:
        for line in sys.stdin:
            print(per_line[sys.argv[1]](bytearray.fromhex(line.strip())))


main()
