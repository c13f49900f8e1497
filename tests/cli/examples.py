#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples.py PAGE…: the commands of the EXAMPLES section of mdoc pages, one a line: page, tab, command.

A command is a .Dl line or a line of a .Bd -literal display; a line that ends in a backslash or a pipe goes on in the next.
"""
import re
import sys

for path in sys.argv[1:]:
    page, inside, display, command = path.rsplit("/", 1)[1], False, False, ""
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(".Sh"):
            inside = line == ".Sh EXAMPLES"
        if not inside:
            continue
        if line.startswith(".Bd") and "-literal" in line:
            display = True
            continue
        if line.startswith(".Ed"):
            display = False
            continue
        if line.startswith(".Dl "):
            text = line[4:]
        elif display and line and not line.startswith('.\\"'):
            text = line
        else:
            continue
        text = re.sub(r"\\&|\\/", "", text)
        text = text.replace("\\(dq", '"').replace("\\(aq", "'").replace("\\-", "-").replace("\\(ti", "~").replace("\\(ha", "^")
        text = text.replace("\\e", "\\").replace('""', '"') if line.startswith(".Dl") else text.replace("\\e", "\\")
        text = re.sub(r"^\$ ", "", text)
        command += (" " if command else "") + text.strip().removesuffix("\\")
        if text.rstrip().endswith(("\\", "|", "&&")):
            continue
        print(page, command, sep="\t")
        command = ""
