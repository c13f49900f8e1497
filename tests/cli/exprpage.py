#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What siptrace-expr(7) shows, for a Kamailio to judge.

exprpage.py config PAGE    a kamailio.cfg that logs "shown: N request|reply" where example N is true
exprpage.py claims PAGE    the same lines, as the page says they are
exprpage.py send PAGE PORT the page's two messages, by UDP

Examples with a star are not Kamailio's; what depends on the packet, on siptrace or on flags is left out.
"""
import re
import socket
import sys

LEFT_OUT = re.compile(r"\$(si|sp|Ri|Rp|pr|proto|Tf|siptrace)\b|isflagset")
VERDICTS = {"both": ["request", "reply"], "request": ["request"], "reply": ["reply"], "neither": []}


def displays(path):
    """Section and lines of each literal display."""
    section, display = "", None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(".Sh"):
            section = line[4:]
        elif line.startswith(".Bd -literal"):
            display = []
        elif line == ".Ed":
            yield section, display
            display = None
        elif display is not None:
            for mdoc, text in (("\\(ti", "~"), ("\\(ha", "^"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\&", ""), ("\\e", "\\")):
                line = line.replace(mdoc, text)
            display.append(line)


def examples(path):
    """Number, expression, what it is true of."""
    n = 0
    for section, lines in displays(path):
        if section in ("MESSAGES OF THE EXAMPLES", "TEMPLATES", "EXAMPLES"):
            continue
        for line in lines:
            expression, verdict = line.rsplit("#", 1)
            n += 1
            if "*" not in verdict and not LEFT_OUT.search(expression):
                yield n, expression.strip(), VERDICTS[verdict.strip()]


def messages(path):
    for section, lines in displays(path):
        if section == "MESSAGES OF THE EXAMPLES":
            yield ("\r\n".join(lines + ([] if "" in lines else [""])) + "\r\n").encode()


what, page = sys.argv[1:3]
if what == "config":
    print('loadmodule "pv.so"\nloadmodule "sl.so"\nloadmodule "textops.so"\nloadmodule "siputils.so"\ndebug=1\nlog_stderror=yes\ndns=no\nrev_dns=no')
    for route, kind in (("request_route", "request"), ("reply_route", "reply")):
        print(route, "{")
        for number, text, _ in examples(page):
            print(f'\tif ({text}) {{ xlog("L_ALERT", "shown: {number} {kind}\\n"); }}')
        print(f'\txlog("L_ALERT", "shown: all of {kind}\\n");\n\tdrop;\n}}')
elif what == "claims":
    for number, _, kinds in examples(page):
        for kind in kinds:
            print(f"shown: {number} {kind}")
else:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for m in messages(page):
            s.sendto(m, ("127.0.0.1", int(sys.argv[3])))
