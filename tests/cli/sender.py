#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sender.py COUNT: prints a free UDP port of 127.0.0.1, then sends that many OPTIONS requests to it, about 200 a second at most."""
import select
import socket
import sys

sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sink.bind(("127.0.0.1", 0))
port = sink.getsockname()[1]
print(port, flush=True)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.bind(("127.0.0.1", 0))
mine = out.getsockname()[1]
for i in range(int(sys.argv[1])):
    text = (
        f"OPTIONS sip:a@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{mine};branch=z9hG4bK{i}\r\n"
        f"From: <sip:b@127.0.0.1>;tag=f{i}\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: {i}@{port}\r\nCSeq: 1 OPTIONS\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    out.sendto(text.encode(), ("127.0.0.1", port))
    select.select([], [], [], 0.005)
