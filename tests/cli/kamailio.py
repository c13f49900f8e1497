#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tests against Kamailio need beside the tools.

kamailio.py port              a port of 127.0.0.1 that is free for UDP and TCP
kamailio.py rows DB|SQL       the sip_trace table of an SQLite database, or of a dump of one (*.sql), as lines, see kamailio.bash
kamailio.py records           the same of trace records as JSON (tracecat -o json)
kamailio.py talk PORT UASPORT FILE
                              a client's part of a short conversation with a proxy at PORT that answers OPTIONS by itself and
                              relays the rest to UASPORT, where this answers too; every message that was sent or received goes to FILE, a
                              line of hexadecimal digits each, in no order
kamailio.py sink PORTFILE     receive on a free port, whose number goes to PORTFILE; on TERM write a pcap file of all that came
"""
import json
import os
import signal
import socket
import sqlite3
import struct
import sys
import time


def free_port():
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
            except OSError:
                continue
            return u.getsockname()[1]


def line(us, method, status, src, dst, fromtag, totag, callid, direction, msg):
    print(us, method, status, src, dst, fromtag or "", totag or "", callid, direction, msg.hex(), sep="\t")


def bracketed(sock):
    """The module writes IPv6 as udp:[::1]:5060 or as udp:::1:5060, as it happens."""
    proto, rest = sock.split(":", 1)
    host, port = rest.rsplit(":", 1)
    return f"{proto}:[{host}]:{port}" if ":" in host and host[0] != "[" else sock


def rows(path):
    if path.endswith(".sql"):
        db = sqlite3.connect(":memory:")
        with open(path) as f:
            db.executescript(f.read())
    else:
        db = sqlite3.connect(path, timeout=20)
    for r in db.execute("SELECT time_stamp, time_us, method, status, fromip, toip, fromtag, totag, callid, direction, msg FROM sip_trace ORDER BY id"):
        # the Julian day of half a second before
        us = round((r[0] - 2440587.5) * 86400 + 0.5) * 1000000 + r[1]
        msg = r[10] if isinstance(r[10], bytes) else r[10].encode()
        line(us, r[2], r[3], bracketed(r[4]), bracketed(r[5]), r[6], r[7], r[8], r[9], msg)


def sock(r, side):
    host = r[side + "_ip"]
    return f"{r['proto']}:[{host}]:{r[side + '_port']}" if ":" in host else f"{r['proto']}:{host}:{r[side + '_port']}"


def records():
    for text in sys.stdin:
        r = json.loads(text)
        method = r["cseq"].split()[-1] if r["status"] else r["method"]
        line(int(r["time_ns"]) // 1000, method, r["status"] or "", sock(r, "src"), sock(r, "dst"), r["from_tag"], r["to_tag"], r["callid"], r["dir"],
             r["payload"].encode())


def header(msg, name):
    return next(h for h in msg.split("\r\n") if h.startswith(name + ":"))


def reply(request, status, tag):
    lines = [f"SIP/2.0 {status}"]
    lines += [h for h in request.split("\r\n\r\n")[0].split("\r\n") if h.startswith(("Via:", "Record-Route:", "From:", "Call-ID:", "CSeq:"))]
    return "\r\n".join(lines + [header(request, "To") + f";tag={tag}", "Content-Length: 0", "", ""])


class Talk:
    def __init__(self, proxy, uas):
        self.proxy, self.seen = ("127.0.0.1", proxy), []
        self.uac, self.uas = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.uac.bind(("127.0.0.1", 0))
        self.uas.bind(("127.0.0.1", uas))
        for s in (self.uac, self.uas):
            s.settimeout(20)

    def send(self, s, text):
        self.seen.append(text.encode())
        s.sendto(text.encode(), self.proxy)

    def recv(self, s):
        data = s.recv(65536)
        self.seen.append(data)
        return data.decode()

    def request(self, method, n, body="", extra=""):
        port = self.uac.getsockname()[1]
        self.send(self.uac, f"{method} sip:bob@127.0.0.1:{self.proxy[1]} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}{method}\r\n"
                  f"From: <sip:alice@127.0.0.1>;tag=a{n}\r\nTo: <sip:bob@127.0.0.1>\r\nCall-ID: talk{n}@test\r\nCSeq: {n} {method}\r\n"
                  f"Max-Forwards: 70\r\n{extra}Content-Length: {len(body)}\r\n\r\n{body}")

    def answered(self):
        """The final reply; 100 may or may not come before it."""
        while True:
            r = self.recv(self.uac)
            if not r.startswith("SIP/2.0 1"):
                return

    def run(self):
        for n in range(1, 4):
            self.request("OPTIONS", n)
            self.answered()
        for n in range(4, 8):
            self.request("MESSAGE", n, "text " * n, "Subject: folded\r\n  twice\r\n")
            self.send(self.uas, reply(self.recv(self.uas), "200 Fine", f"b{n}"))
            self.answered()
        self.request("INVITE", 8)
        invite = self.recv(self.uas)
        self.send(self.uas, reply(invite, "180 Ringing", "b8"))
        self.send(self.uas, reply(invite, "200 OK", "b8"))
        self.answered()


def talk(proxy, uas, path):
    t = Talk(int(proxy), int(uas))
    t.run()
    with open(path, "w") as f:
        f.writelines(m.hex() + "\n" for m in t.seen)


def sink(portfile):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind(("127.0.0.1", 0))
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: (stopping.append(1), s.setblocking(False)))
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))  # the test is gone
    signal.alarm(120)
    with open(portfile + ".new", "w") as f:
        f.write(str(s.getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    out = sys.stdout.buffer
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
    s.settimeout(0.2)
    while True:
        try:
            data, (host, port) = s.recvfrom(65536)
        except (BlockingIOError, socket.timeout):
            if stopping:
                break
            continue
        udp = struct.pack(">HHHH", port, s.getsockname()[1], 8 + len(data), 0) + data
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(host), b"\x7f\0\0\1") + udp
        us = time.time_ns() // 1000
        out.write(struct.pack("<IIII", us // 1000000, us % 1000000, len(ip), len(ip)) + ip)
    out.flush()


def main():
    command, args = sys.argv[1], sys.argv[2:]
    if command == "port":
        print(free_port())
    else:
        {"rows": rows, "records": records, "talk": talk, "sink": sink}[command](*args)


main()
