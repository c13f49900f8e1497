#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""terminal.py stdin|stdout COMMAND…: runs it with that standard stream on a terminal; its output goes to ours; exits with its status."""
import os
import pty
import subprocess
import sys

which, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
p = subprocess.Popen(
    command,
    stdin=slave if which == "stdin" else subprocess.DEVNULL,
    stdout=slave if which == "stdout" else subprocess.PIPE,
    stderr=subprocess.PIPE,
)
os.close(slave)
out, err = p.communicate(timeout=20)
sys.stdout.buffer.write((out or b"") + err)
sys.exit(p.returncode if p.returncode >= 0 else 128 - p.returncode)
