#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""many.py FIRST LAST [OPTION…]: generates flows of these seeds with these options (flows.py) and compares sipfilter with the model; says
for each seed where they first differ, and exits 1 if any does."""
import os
import subprocess
import sys
import tempfile

import check
import flows

EXPRESSIONS = ("true", "$rs >= 200", 'is_method("BYE|NOTIFY") || $rs == 401')


def differences(seed, options, stream):
    capture = subprocess.run(["sipcap", "-r", "-", "-w", stream], input=flows.generate(seed, 60, options), stderr=subprocess.PIPE)
    if capture.returncode:
        return [capture.stderr.decode()]
    c = check.Comparison(stream)
    if not c.messages:
        return ["no messages"]
    for expr in EXPRESSIONS:
        c.compare(expr)
    return c.said


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        stream = os.path.join(folder, "stream")
        for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
            said = differences(seed, sys.argv[3:], stream)
            if said:
                bad += 1
                print(f"seed {seed}: {said[0]}", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
