#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests of HEP need beside the tools. One datagram is one line of hexadecimal digits.

hep.py sink PORTFILE [ADDR]   receive on a free port (127.0.0.1), whose number goes to PORTFILE; on TERM take what has
                              arrived by then, print all and end
hep.py pcap FILE              the UDP payloads of an Ethernet pcap file (little-endian, microseconds, no fragments)
hep.py mask                   standard input with HEP times zeroed, and version 2's padding
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
            print(s.recv(65536).hex())
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


def masked(p):
    p = bytearray(p)
    if p[:1] == b"\x02":
        at = p[1]
        p[at:at + 8] = bytes(8)
        p[at + 10:at + 12] = bytes(2)
    elif p[:4] == b"HEP3":
        at = 6
        while at < len(p):
            vendor, kind, n = struct.unpack_from(">HHH", p, at)
            if vendor == 0 and kind in (9, 10):
                p[at + 6:at + n] = bytes(n - 6)
            at += n
    return p.hex()


def main():
    if sys.argv[1] == "sink":
        sink(*sys.argv[2:])
    elif sys.argv[1] == "pcap":
        pcap(sys.argv[2])
    else:
        for line in sys.stdin:
            print(masked(bytes.fromhex(line.strip())))


main()
