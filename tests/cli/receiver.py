#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""receiver.py: prints a free UDP port of 127.0.0.1, then a line for each datagram: its first four bytes and its length."""
import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    d = s.recv(65536)
    print(d[:4].decode("latin-1"), len(d), flush=True)
