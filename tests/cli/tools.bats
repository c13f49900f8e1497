#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What every tool does alike: options, help, completions, man pages, terminals, bad streams.
load common

tools() {
	local f
	for f in "$TOP"/cmd/*.c; do basename "$f" .c; done
}

# Filters and sinks that read a record stream from standard input, with the operands they need.
readers() {
	printf '%s\n' "sipfilter true" "hepenc" "hepsend udp:127.0.0.1:9" "sipdup udp:127.0.0.1:9" "tracedb insert -d sqlite:x.db" "tracecat"
}

sample() { sipcap -r "$TOP/share/sample.pcap"; }

@test "an unknown option is wrong usage: one line, exit 2" {
	for t in $(tools); do
		[ "$(status "$t" --no-such-option)" = 2 ]
		[ "$(wc -l <err)" = 1 ]
		grep -q "^$t: " err
	done
}

@test "--help fits a screen of 50 lines and 100 columns, on standard output" {
	for t in $(tools); do
		[ "$(status "$t" --help)" = 0 ]
		[ ! -s err ]
		[ "$(wc -l <out)" -le 50 ]
		[ "$(wc -L <out)" -le 110 ]
		grep -q "^usage: $t" out
	done
}

@test "--version names the tool" {
	for t in $(tools); do
		"$t" --version | grep -qE "^$t \(siptrace-tools\) [0-9]+\.[0-9]+\.[0-9]+$"
	done
}

@test "the committed completions are those of the option tables" {
	for t in $(tools); do
		"$t" --completion bash | cmp - "$TOP/completions/bash/$t"
		"$t" --completion zsh | cmp - "$TOP/completions/zsh/_$t"
		"$t" --completion fish | cmp - "$TOP/completions/fish/$t.fish"
	done
}

@test "the shells accept their completions" {
	for t in $(tools); do
		bash -n "$TOP/completions/bash/$t"
		zsh -n "$TOP/completions/zsh/_$t"
		fish -n "$TOP/completions/fish/$t.fish"
	done
}

@test "bash completes long options, choices and subcommands" {
	complete_in() {	# words…: what bash would offer for the last one
		local t=$1
		bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _'"$t"' ; printf "%s\n" "${COMPREPLY[@]}"' _ "$TOP/completions/bash/$t" "$@"
	}
	[ "$(complete_in sipfilter --expl)" = "--explain" ]
	[ "$(complete_in sipfilter -m '' | tr '\n' ' ')" = "m t d " ]
	complete_in tracedb ins | grep -qx insert
}

@test "every option of the tables is in --help and in the man page" {
	for t in $(tools); do
		mandoc -T ascii "$TOP/man/man1/$t.1" | col -b >page
		for o in $("$t" --completion bash | sed -n "s/.*compgen -W ' \(-.*\)' -- .*/\1/p"); do
			grep -qE -- "(^|[^-A-Za-z])$o([^-A-Za-z]|$)" page || { echo "$t: $o is not in its man page"; return 1; }
		done
	done
}

@test "every man page has the sections that a reader looks for" {
	for t in $(tools); do
		for s in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" SIGNALS ENVIRONMENT EXAMPLES; do
			grep -qE "^\.Sh $s$" "$TOP/man/man1/$t.1" || { echo "$t: no $s"; return 1; }
		done
	done
}

@test "records never come from a terminal: exit 2 and what to do" {
	readers | while read -r line; do
		python3 "$TOP/tests/cli/terminal.py" stdin $line >out && s=0 || s=$?
		[ "$s" = 2 ]
		grep -q terminal out
	done
}

@test "records never go to a terminal: exit 2 and what to do" {
	sample >s.trace
	for line in "sipcap -r $TOP/share/sample.pcap" "sipfilter -r s.trace true" "hepenc -r s.trace" "tracedb insert -r s.trace -d sqlite:x.db --tee"; do
		python3 "$TOP/tests/cli/terminal.py" stdout $line >out && s=0 || s=$?
		[ "$s" = 2 ] || { echo "$line: $s"; cat out; return 1; }
		grep -q terminal out
	done
}

@test "a pcap instead of a stream: one line that names sipcap, exit 1" {
	readers | while read -r line; do
		$line <"$TOP/share/sample.pcap" >out 2>err && s=0 || s=$?
		[ "$s" = 1 ] || { echo "$line: $s"; cat err; return 1; }
		[ "$(grep -c 'sipcap -r' err)" = 1 ]
	done
}

@test "an empty input: one line, exit 1" {
	readers | while read -r line; do
		$line </dev/null >out 2>err && s=0 || s=$?
		[ "$s" = 1 ] || { echo "$line: $s"; return 1; }
		grep -q 'empty' err
	done
}

@test "a truncated stream: everything whole is delivered, said, exit 1" {
	sample >s.trace
	n=$(tracecat -r s.trace | wc -l)
	head -c "$(($(stat -c %s s.trace) - 200))" s.trace >cut.trace
	readers | while read -r line; do
		$line <cut.trace >out 2>err && s=0 || s=$?
		[ "$s" = 1 ]
		grep -q 'truncated' err
	done
	[ "$(sipfilter true <cut.trace 2>/dev/null | tracecat 2>/dev/null | wc -l)" = "$n" ] ||
		[ "$(sipfilter true <cut.trace 2>/dev/null | tracecat 2>/dev/null | wc -l)" = "$((n - 1))" ]
}

@test "no such input file: one line, exit 1" {
	for line in "sipcap -r none.pcap" "sipfilter -r none true" "hepenc -r none" "tracecat -r none" "tracedb insert -r none -d sqlite:x.db"; do
		$line >out 2>err && s=0 || s=$?
		[ "$s" = 1 ]
		[ "$(wc -l <err)" = 1 ]
		grep -q 'No such file' err
	done
}

@test "output to a full disk: one line, exit 1" {
	sample >s.trace
	for line in "sipcap -r $TOP/share/sample.pcap" "sipfilter -r s.trace true" "hepenc -r s.trace" "tracecat -r s.trace" "tracecat -r s.trace -o pcap"; do
		$line >/dev/full 2>err && s=0 || s=$?
		[ "$s" = 1 ] || { echo "$line: $s"; return 1; }
		[ "$(grep -c 'No space left' err)" = 1 ]
	done
}

@test "a reader that goes away kills its writer with SIGPIPE" {
	sample >s.trace
	for i in $(seq 400); do cat s.trace; done >big.trace
	for line in "sipfilter -r big.trace true" "hepenc -r big.trace" "tracecat -r big.trace"; do
		run bash -c "set -o pipefail; $line | head -c 10 >/dev/null"
		[ "$status" = 141 ] || { echo "$line: $status"; return 1; }
	done
}

@test "files are made for their owner alone" {
	umask 022
	sipcap -r "$TOP/share/sample.pcap" -w s.trace
	tracecat -r s.trace -o pcap -w s.pcap
	tracedb insert -r s.trace -d sqlite:s.db
	for f in s.trace s.pcap s.db; do
		[ "$(stat -c %a "$f")" = 600 ]
	done
}

@test "cat a b is a stream" {
	sample >a.trace
	cat a.trace a.trace >b.trace
	for line in "sipfilter true" "hepenc"; do
		[ "$($line <b.trace | tracecat | wc -l)" = "$(($(tracecat <a.trace | wc -l) * 2))" ]
	done
}

@test "the ledger of every stage adds up: in = out + lost + chosen + routed + held" {
	sample | sipfilter -m d '$rm == "INVITE"' | hepenc | tracecat --ledger >ledger
	sample | sipfilter -v -m t '$rs >= 400' | tracedb insert -d sqlite:x.db --tee | tracecat --ledger >>ledger
	! grep -iE 'does not add up|mismatch' ledger
	for t in sipcap sipfilter hepenc tracedb; do grep -q "$t" ledger; done
}

@test "USR1 prints one line of counters" {
	mkfifo in
	sipfilter true <in >out.trace 2>err &
	pid=$!
	exec 5>in
	sample >&5
	wait_for test -s out.trace
	kill -USR1 "$pid"
	wait_for grep -q messages_ err
	exec 5>&-
	wait "$pid" || true
	[ "$(grep -c 'messages_' err)" = 1 ]
}

@test "HUP reopens -w: both files are complete streams" {
	mkfifo in
	sipfilter -w o.trace true <in 2>err &
	pid=$!
	exec 5>in
	sample >&5
	wait_for test -s o.trace
	n=$(sample | tracecat | wc -l)
	mv o.trace o.1
	kill -HUP "$pid"
	wait_for test -e o.trace
	sample >&5
	exec 5>&-
	wait "$pid"
	[ "$(tracecat -r o.1 | wc -l)" = "$n" ]
	[ "$(tracecat -r o.trace | wc -l)" = "$n" ]
}

@test "TERM to a filter that reads a pipe: it goes on to the end of its input" {
	mkfifo in
	sipfilter true <in >o.trace 2>err &
	pid=$!
	exec 5>in
	sample >&5
	wait_for test -s o.trace
	kill -TERM "$pid"
	sample >&5
	exec 5>&-
	wait "$pid"
	[ "$(tracecat -r o.trace | wc -l)" = "$(($(sample | tracecat | wc -l) * 2))" ]
}

@test "a second TERM stops it at once, and it says so" {
	mkfifo in
	sipfilter true <in >o.trace 2>err &
	pid=$!
	exec 5>in
	sample >&5
	wait_for test -s o.trace
	kill -TERM "$pid"
	kill -TERM "$pid"
	# two at once may be one for the kernel: again until it is gone
	wait_for eval '! kill -TERM "$pid" 2>/dev/null'
	wait "$pid" && s=0 || s=$?
	exec 5>&-
	[ "$s" = 1 ]
	grep -q 'stopped by a signal' err
	[ "$(tracecat -r o.trace | wc -l)" = "$(sample | tracecat | wc -l)" ]
}

@test "a source that is killed: what it sent is delivered, and the cut is said" {
	mkfifo in
	tracedb insert -d sqlite:k.db <in 2>err &
	pid=$!
	sample >whole.trace
	head -c 20000 whole.trace >in
	wait "$pid" && s=0 || s=$?
	[ "$s" = 1 ]
	grep -q truncated err
	n=$(tracedb query -d sqlite:k.db | tracecat | wc -l)
	[ "$n" -gt 0 ]
	[ "$n" = "$(head -c 20000 whole.trace | tracecat 2>/dev/null | wc -l)" ]
}

@test "a missing or wrong command: the line names those that there are" {
	[ "$(status tracedb)" = 2 ]
	grep -q 'insert, query' err
	[ "$(status tracedb instert)" = 2 ]
	grep -q 'insert, query' err
}
