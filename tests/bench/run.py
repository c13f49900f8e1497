#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rates and ratios of the main job on a generated capture of 1,000,000 messages in 160,000 interleaved calls.

Every ratio is of medians of runs that alternate with those of its floor or peer. MESSAGES, CALLS, RUNS, DIALOGS change the size;
BENCH="capture hepsend" runs these sections only. Exits 1 if a target is missed (not part of CI: machines are noisy).
"""
import os
import re
import signal
import statistics
import subprocess
import sys
import time

B = os.environ.get("B", "build")
N = int(os.environ.get("MESSAGES", "1000000"))
CALLS = int(os.environ.get("CALLS", "160000"))
DIALOGS = int(os.environ.get("DIALOGS", "10000000"))
RUNS = int(os.environ.get("RUNS", "5"))
PEER_MESSAGES = min(N, 200000)  # for programs that take tens of microseconds a message
BIN, BENCH, WORK = f"{B}/bin", f"{B}/tests/bench", f"{B}/bench"
missed = 0


def run(*stages, stdin=None):
    """One pipeline; returns wall seconds and per stage (CPU seconds, peak MiB)."""
    procs, source = [], open(stdin, "rb") if stdin else subprocess.DEVNULL
    null = open(os.devnull, "wb")
    start = time.monotonic()
    for i, argv in enumerate(stages):
        last = i == len(stages) - 1
        p = subprocess.Popen(argv, stdin=source, stdout=null if last else subprocess.PIPE, stderr=subprocess.PIPE)
        if source not in (None, subprocess.DEVNULL):
            source.close()
        source = p.stdout
        procs.append(p)
    usage, failed = [], []
    for p in procs:
        err = p.stderr.read()
        _, status, ru = os.wait4(p.pid, 0)
        if status != 0:
            failed.append(f"{' '.join(p.args)}: status {os.waitstatus_to_exitcode(status)}: {err.decode()}")
        usage.append((ru.ru_utime + ru.ru_stime, ru.ru_maxrss / 1024))
    if failed:
        sys.exit(failed[-1])  # those before it die of the pipe that it broke
    return time.monotonic() - start, usage


def rates(*pipelines, before=None):
    """Messages per second of each pipeline, medians of interleaved runs, and the usage of each one's last run."""
    seconds, usage = [[] for _ in pipelines], [None] * len(pipelines)
    for _ in range(RUNS):
        for i, (stages, stdin) in enumerate(pipelines):
            if before:
                before()
            wall, usage[i] = run(*stages, stdin=stdin)
            seconds[i].append(wall)
    return [N / statistics.median(s) for s in seconds], usage


def show(what, value, target=None, unit="messages/s"):
    global missed
    text = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    verdict = ""
    if target is not None:
        ok = value >= target
        missed += not ok
        verdict = f"  (target {target:,})" + ("" if ok else "  MISSED")
    print(f"{what:58} {text:>12} {unit}{verdict}", flush=True)


def make(path, *argv):
    if not os.path.exists(path):
        subprocess.run([f"{BENCH}/gen", *argv, "-o", path + ".new"], check=True)
        os.rename(path + ".new", path)
    return path


def sample(n=N, calls=CALLS):
    return make(f"{WORK}/{n}.pcap", "-n", str(n), "-c", str(calls))


def records():
    trace = f"{WORK}/{N}.trace"
    if not os.path.exists(trace):
        subprocess.run([f"{BIN}/sipcap", "-r", sample(), "-w", trace + ".new"], check=True)
        os.rename(trace + ".new", trace)
    return trace


def capture():
    f = sample()
    (cap, dump), _ = rates(([[f"{BIN}/sipcap", "-r", f]], None), ([["tcpdump", "-r", f, "-w", "/dev/null"]], None))
    show("sipcap -r FILE", cap)
    show("tcpdump -r FILE -w /dev/null", dump, unit="packets/s")
    show("  ratio", cap / dump, 0.4, "")


def pipeline():
    f = sample()
    expr = '$rm == "INVITE" && $fU =~ "^44"'
    stages = [[f"{BIN}/sipcap", "-r", f], [f"{BIN}/sipfilter", "-m", "d", expr], [f"{BIN}/hepenc"]]
    (rate,), (usage,) = rates((stages, None))
    show("sipcap | sipfilter -m d EXPR | hepenc", rate, 700000)
    for argv, (cpu, rss) in zip(stages, usage):
        print(f"  {os.path.basename(argv[0]):56} {cpu / N * 1e9:12,.0f} ns/message, peak {rss:.0f} MiB")


def store():
    trace, db = records(), f"{WORK}/bench.db"

    def fresh():
        for end in ("", "-wal", "-shm"):
            if os.path.exists(db + end):
                os.remove(db + end)

    (ours, floor), _ = rates(
        ([[f"{BIN}/tracedb", "insert", "-d", f"sqlite:{db}", "--mode", "1"]], trace),
        ([[f"{BENCH}/dbfloor", db]], trace),
        before=fresh,
    )
    fresh()
    show("tracedb insert --mode 1", ours, unit="rows/s")
    show("bare C loop of the same prepared inserts", floor, unit="rows/s")
    show("  ratio", ours / floor, 0.8, "")


def selection():
    """-m d for one call in ten, with and without look-back, beside cat through the same two pipes."""
    trace, expr = records(), '$fU =~ "^44"'
    cat, d = ["cat"], [f"{BIN}/sipfilter", "-m", "d", expr]
    (ours, back, floor), usage = rates(
        ([cat, d, cat], trace), ([cat, d[:3] + ["--lookback", "60s", "--max-memory", "4G"] + d[3:], cat], trace), ([cat, cat, cat], trace))
    show("cat through two pipes", floor)
    show("sipfilter -m d, one call in ten", ours, min(1500000, round(0.8 * floor)))
    show("  with --lookback 60s / without", back / ours, 0.5, "")
    for what, u in (("without", usage[0]), ("with --lookback 60s", usage[1])):
        print(f"  {what:56} {u[1][0] / N * 1e9:12,.0f} ns/message, peak {u[1][1]:.0f} MiB")


def pause(dialogs):
    """One run of tests/bench/pause behind the generator's pipe, no file: ns/message at the end, longest batch in ms, open sets, bytes, peak MiB."""
    gen = subprocess.Popen([f"{BENCH}/gen", "--records", "--open", str(dialogs), "-n", str(N)], stdout=subprocess.PIPE)
    out = subprocess.run([f"{BENCH}/pause", str(N), '$fU =~ "^44"'], stdin=gen.stdout, capture_output=True, check=True, text=True).stdout
    gen.stdout.close()
    gen.wait()
    return [float(x) for x in out.split("\t")]


def dialogs():
    """What a message costs when few or many dialogs are open, and what those take."""
    runs = {n: [pause(n) for _ in range(RUNS if n < DIALOGS else 2)] for n in (10000, 1000000, DIALOGS)}
    ns = {n: statistics.median(r[0] for r in v) for n, v in runs.items()}
    for n, v in runs.items():
        show(f"-m d with {n:,} open dialogs", ns[n], unit="ns/message")
    show(f"  100 / ns dearer with {DIALOGS:,} than with 10,000", 100 / max(ns[DIALOGS] - ns[10000], 0.1), 1.0, "")
    most = runs[DIALOGS][0]
    longest = min(r[1] for r in runs[DIALOGS])  # what is there for a reason is there in each run
    show("  its longest batch: 10 ms / ms", 10 / longest, 1.0, "")
    show("  its memory: 256 bytes x dialogs / peak", DIALOGS * 268.4 / (most[4] * 1048576), 1.0, "")
    print(f"  {int(most[2]):,} open, {most[3] / most[2]:.0f} bytes each remembered, peak {most[4]:,.0f} MiB, longest batch {longest:.2f} ms")


def lists():
    """An expression alone, of a list that the user mostly is not in; best of many alternating rounds within one process."""
    path = f"{WORK}/numbers"
    with open(path, "w", encoding="ascii") as f:
        f.writelines(f"49{i * 7919 % 1000000007:09d}\n" for i in range(10000))
    expressions = ('$fU == "x"', f"$fU in @{path}")
    argv = [f"{BENCH}/match", sample(), *expressions]
    ns = [[float(line.split()[0]) for line in subprocess.run(argv, capture_output=True, check=True, text=True).stdout.splitlines()] for _ in range(RUNS)]
    one, many = (min(column) for column in zip(*ns))  # what else the machine does only adds
    show(expressions[0], one, unit="ns/message")
    show("$fU in @file of 10,000 numbers", many, unit="ns/message")
    show("  1.3 / ratio", 1.3 / (many / one), 1.0, "")


def receive():
    """hepsend over UDP on the loopback to sipcap --listen-hep: what arrived, and what it cost the receiver."""
    rate, cost, lost = [], [], []
    trace = records()
    for _ in range(RUNS):
        p = subprocess.Popen([f"{BIN}/sipcap", "--listen-hep", "udp:127.0.0.1:0", "-v", "-w", os.devnull], stderr=subprocess.PIPE, text=True)
        port = p.stderr.readline().strip().rpartition(":")[2]
        start = time.monotonic()
        subprocess.run([f"{BIN}/hepsend", "-r", trace, f"udp:127.0.0.1:{port}"], check=True)
        seconds = time.monotonic() - start
        p.send_signal(signal.SIGINT)
        said = p.stderr.read()
        _, _, ru = os.wait4(p.pid, 0)
        out = int(re.search(r"messages out: (\d+)", said).group(1))
        rate.append(out / seconds)
        cost.append((ru.ru_utime + ru.ru_stime) * 1e9 / out)
        lost.append((N - out) * 100 / N)
    show("hepsend udp | sipcap --listen-hep udp", statistics.median(rate))
    show("  CPU of sipcap", statistics.median(cost), unit="ns/message")
    show("  dropped by the kernel", statistics.median(lost), unit="%")


class Drain:
    """A receiver on this machine. Its work is not part of anything measured, but takes its share of the processors."""

    def __init__(self, kind):
        self.process = subprocess.Popen([f"{BENCH}/drain", kind], stdout=subprocess.PIPE, text=True)
        self.to = f"{kind}:127.0.0.1:{self.process.stdout.readline().strip()}"

    def close(self):
        """Datagrams (connections) and bytes."""
        self.process.terminate()
        out, _ = self.process.communicate()
        return [int(word) for word in out.split()]


def delivered(kind, n, stages):
    """One run in which all n datagrams arrived: a full receive buffer would spare the sender work."""
    for _ in range(5):
        drain = Drain(kind)
        wall, usage = run(*stages(drain.to))
        units, octets = drain.close()
        if kind != "udp" or units == n:
            return wall, usage[-1][0], sum(cpu for cpu, _ in usage), octets
    sys.exit(f"the receiver is too slow: {units} of {n} datagrams")


def deliver(kind, n, *pipelines):
    """Medians of interleaved runs of pipelines that send n messages, functions of the destination: of each [wall, CPU of the last stage, CPU of
    all, bytes that arrived]."""
    seen = [[] for _ in pipelines]
    for _ in range(RUNS):
        for i, stages in enumerate(pipelines):
            seen[i].append(delivered(kind, n, stages))
    return [[statistics.median(column) for column in zip(*s)] for s in seen]


def hepsend_floor(kind):
    """CPU time, not time: the receiver has the other processor, and takes from this one what it lacks there."""
    cat = ["cat", records()]
    ours, floor = deliver(
        kind, N, lambda to: [cat, [f"{BIN}/hepsend", to]], lambda to: [cat, [f"{BENCH}/hepfloor", to]]
    )
    show(f"hepsend {kind}:", ours[1] / N * 1e9, unit="ns CPU/message")
    show(f"bare loop over the same pipe, {'sendmmsg' if kind == 'udp' else 'writev'}", floor[1] / N * 1e9, unit="ns CPU/message")
    return floor, ours


def hepsend():
    floor, ours = hepsend_floor("udp")
    show("  ratio", floor[1] / ours[1], 0.8, "")
    sngrep()
    floor, ours = hepsend_floor("tcp")
    show("  ratio", floor[1] / ours[1], unit="")
    show("  hepsend tcp: by the clock", ours[3] / ours[0] / 1e6, unit="MB/s")
    show("  bare loop by the clock", floor[3] / floor[0] / 1e6, unit="MB/s")


def sngrep():
    """From a capture file to HEP. sngrep sends the first dialogs only unless its limit is above their number."""
    calls = PEER_MESSAGES * CALLS // N
    f = sample(PEER_MESSAGES, calls)
    ours, theirs = deliver(
        "udp",
        PEER_MESSAGES,
        lambda to: [[f"{BIN}/sipcap", "-r", f], [f"{BIN}/hepsend", to]],
        lambda to: [["sngrep", "-N", "-q", "-F", "-l", str(calls + 1), "-I", f, "-H", to]],
    )
    show("sipcap -r FILE | hepsend udp:", PEER_MESSAGES / ours[0])
    show("sngrep -I FILE -H udp:", PEER_MESSAGES / theirs[0])
    show("sipcap -r FILE | hepsend udp:, both", ours[2] / PEER_MESSAGES * 1e9, unit="ns CPU/message")
    show("sngrep -I FILE -H udp:", theirs[2] / PEER_MESSAGES * 1e9, unit="ns CPU/message")


SECTIONS = [capture, pipeline, store, selection, dialogs, lists, hepsend, receive]
os.makedirs(WORK, exist_ok=True)
chosen = os.environ.get("BENCH", "").split()
unknown = set(chosen) - {s.__name__ for s in SECTIONS}
if unknown:
    sys.exit(f"BENCH: no such section: {', '.join(unknown)} (there are {' '.join(s.__name__ for s in SECTIONS)})")
for section in SECTIONS:
    if not chosen or section.__name__ in chosen:
        section()
sys.exit(1 if missed else 0)
