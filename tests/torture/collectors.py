# SPDX-License-Identifier: MIT
"""Collectors that misbehave when told to. Each keeps what it read, in the order in which it did, as arrivals (connection, record)."""
import random
import socket
import struct

import stream

SO_RCVBUFFORCE, SO_MEMINFO, MEMINFO_DROPS = 33, 55, 8
READ_MAX = 1 << 16


class Wrong(Exception):
    """Something that must not happen did."""


class Connection:
    """One after the other; what came over it has no gap and no repetition."""
    def __init__(self, name, serial):
        self.name, self.serial, self.last, self.count, self.data = name, serial, -1, 0, bytearray()


class Collector:
    def __init__(self, name, records, rng, log):
        self.name, self.records, self.log = name, records, log
        self.rng = random.Random(rng.random())
        self.run = 0            # the sender's, counted by the driver
        self.arrivals = []
        self.deaf = False
        self.listener = None
        self.port = 0
        self.connections = 0

    def is_open(self):
        return self.listener is not None

    def serves(self):
        return self.is_open() and not self.deaf

    def began(self, name):
        self.connections += 1
        return Connection("%s %s" % (self.name, name), self.connections)

    def arrived(self, c, packet):
        n = stream.number_of(packet, self.records)
        if n <= c.last:
            raise Wrong("%s: record %d came after %d in one connection" % (c.name, n, c.last))
        c.last = n
        c.count += 1
        self.arrivals.append((c, n))
        self.log.append((c, n))


class Tcp(Collector):
    kind = "tcp"

    def __init__(self, *args):
        super().__init__(*args)
        self.peers = {}
        self.narrow = self.rng.random() < 0.4   # its system takes little: a sender's buffer fills up in the middle of a packet
        self.reset_after = 0    # packets of a connection, then it is reset

    def open(self):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.narrow:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        s.bind(("127.0.0.1", self.port))
        s.listen(64)
        s.setblocking(False)
        self.listener, self.port = s, s.getsockname()[1]

    def accept(self):
        """All that have connected by now."""
        while self.is_open():
            try:
                s, peer = self.listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            s.setblocking(False)
            self.peers[s] = self.began("connection %d (port %d)" % (self.connections, peer[1]))

    def shut(self, s, reset):
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        del self.peers[s]
        s.close()

    def drop(self, reset):
        """Every connection ends, with what has arrived and was not read."""
        for s in list(self.peers):
            self.shut(s, reset)

    def close(self):
        """Nobody listens any more. Open connections stay: see drop."""
        self.listener.close()
        self.listener = None

    def fds(self):
        return ([self.listener] if self.is_open() else []) + ([] if self.deaf else list(self.peers))

    def ready(self, s):
        if s is self.listener:
            self.accept()
        elif s in self.peers:
            self.read(s)

    def read(self, s):
        """False: the connection is over."""
        c = self.peers[s]
        try:
            got = s.recv(self.rng.randrange(1, READ_MAX))
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            self.shut(s, False)
            return
        c.data += got
        end = 0
        for packet, end in stream.packets(c.data):
            self.arrived(c, packet)
            if c.count == self.reset_after:
                self.shut(s, True)
                return
        del c.data[:end]

    def quiet(self):
        """No sender is there any more, so what is there is all there will be: reads it."""
        self.accept()
        for s in list(self.peers):
            while not self.deaf and s in self.peers:
                self.read(s)

    def overflowed(self):
        return 0


class Udp(Collector):
    kind = "udp"

    def __init__(self, *args):
        super().__init__(*args)
        self.epoch = 0
        self.senders = {}
        self.drops = 0
        self.reset_after = 0

    def open(self):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        except OSError:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        s.bind(("127.0.0.1", self.port))
        s.setblocking(False)
        self.listener, self.port = s, s.getsockname()[1]
        self.epoch += 1

    def overflowed(self):
        """Datagrams that the system dropped because they were not read in time: no sender can know of those."""
        n = 0
        if self.is_open():
            n = struct.unpack_from("I", self.listener.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 64), 4 * MEMINFO_DROPS)[0]
        return self.drops + n

    def drop(self, reset):
        pass

    def close(self):
        """From connect on datagrams come back; those before it are read. None is lost between the two."""
        self.listener.connect(("127.0.0.1", 1))
        self.quiet()
        self.drops = self.overflowed()
        self.listener.close()
        self.listener = None

    def fds(self):
        return [self.listener] if self.serves() else []

    def ready(self, s):
        if s is self.listener:
            self.read(self.rng.randrange(1, 200))

    def read(self, count):
        """False: there is no more."""
        for _ in range(count):
            try:
                packet, peer = self.listener.recvfrom(READ_MAX)
            except (BlockingIOError, ConnectionRefusedError):
                return False
            key = peer[1], self.epoch, self.run     # a sender to which datagrams came back takes another port
            if key not in self.senders:
                self.senders[key] = self.began("port %d" % peer[1])
            self.arrived(self.senders[key], packet)
        return True

    def quiet(self):
        while self.is_open() and self.read(1000):
            pass
