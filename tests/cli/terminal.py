#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""terminal.py stdin|stdout|stderr COMMAND…: runs it with that standard stream on a terminal; its output goes to ours; exits with its status.

With stderr, standard output is read slowly until something appears on the terminal, so that progress has time to be shown; only
what appeared there is printed.
"""
import os
import pty
import select
import subprocess
import sys

which, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
p = subprocess.Popen(
    command,
    stdin=slave if which == "stdin" else subprocess.DEVNULL,
    stdout=slave if which == "stdout" else subprocess.PIPE,
    stderr=slave if which == "stderr" else subprocess.PIPE,
)
os.close(slave)
if which == "stderr":
    seen = b""
    while True:
        if not seen and select.select([master], [], [], 0.02)[0]:
            seen = os.read(master, 4096)
        if not os.read(p.stdout.fileno(), 1 << 20 if seen else 1 << 16):
            break
    sys.stdout.buffer.write(seen)
    sys.exit(p.wait())
out, err = p.communicate(timeout=20)
sys.stdout.buffer.write((out or b"") + err)
sys.exit(p.returncode if p.returncode >= 0 else 128 - p.returncode)
