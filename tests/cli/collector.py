#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A collector of HEP over TCP or TLS, for the tests. Each packet is a line of hexadecimal digits in LOG, which is appended to.

collector.py [OPTION]… PORTFILE LOG
  --port N        listen there (a port that an earlier one had; else a free one, whose number goes to PORTFILE)
  --addr A        address (127.0.0.1)
  --tls CERT KEY  with TLS
  --client-ca CA  and demand a client certificate
  --reset N       reset each connection after N packets
  --deaf          accept, and read nothing
  --raw           log the bytes as they come, no packets

TERM: reads what has arrived by then, and ends.
"""
import argparse
import os
import select
import signal
import socket
import ssl
import struct
import sys


class Peer:
    def __init__(self, sock, tls):
        self.sock, self.data, self.count = sock, b"", 0
        self.shaking = tls is not None
        if tls is not None:
            self.sock = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.sock.setblocking(False)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def packets(self):
        while len(self.data) >= 6:
            if self.data[:4] != b"HEP3":
                raise SystemExit("not at the beginning of a packet: %r" % self.data[:20])
            n = struct.unpack_from(">H", self.data, 4)[0]
            if len(self.data) < n:
                return
            packet, self.data = self.data[:n], self.data[n:]
            yield packet


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--addr", default="127.0.0.1")
    p.add_argument("--tls", nargs=2)
    p.add_argument("--client-ca")
    p.add_argument("--reset", type=int, default=0)
    p.add_argument("--deaf", action="store_true")
    p.add_argument("--raw", action="store_true")
    p.add_argument("portfile")
    p.add_argument("log")
    conf = p.parse_args()
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1))  # the test is gone
    signal.alarm(120)
    stopping = []
    wake_r, wake_w = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: (stopping.append(1), os.write(wake_w, b"x")))

    tls = None
    if conf.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*conf.tls)
        if conf.client_ca:
            tls.load_verify_locations(conf.client_ca)
            tls.verify_mode = ssl.CERT_REQUIRED
    listener = socket.socket(socket.AF_INET6 if ":" in conf.addr else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((conf.addr, conf.port))
    listener.listen(64)
    with open(conf.portfile + ".new", "w") as f:
        f.write(str(listener.getsockname()[1]))
    os.rename(conf.portfile + ".new", conf.portfile)
    log = open(conf.log, "ab", buffering=0)

    peers = {}

    def take(peer):
        """False: the connection is over."""
        try:
            if peer.shaking:
                peer.sock.do_handshake()
                peer.shaking = False
            got = peer.sock.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return True
        except (OSError, ssl.SSLError):
            return False
        if not got:
            return False
        if conf.raw:
            log.write(got)
            return True
        peer.data += got
        for packet in peer.packets():
            log.write(packet.hex().encode() + b"\n")
            peer.count += 1
            if conf.reset and peer.count == conf.reset:
                peer.reset()
                return False
        return True

    while True:
        ready = select.select([listener, wake_r] + ([] if conf.deaf else list(peers)), [], [], 0 if stopping else None)[0]
        ready = [s for s in ready if s is not wake_r]
        if stopping and not ready:
            return
        for s in ready:
            if s is listener:
                sock = listener.accept()[0]
                try:
                    peer = Peer(sock, tls)
                    peers[peer.sock] = peer
                except OSError:
                    sock.close()
                continue
            peer = peers[s]
            more = take(peer)
            while more and isinstance(s, ssl.SSLSocket) and s.pending():
                more = take(peer)
            if not more:
                del peers[s]
                s.close()


main()
