#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Whole pipelines: Ctrl-C in the middle, dead stages, what was accepted is where it should be.
load common

SAMPLE=$TOP/share/sample.pcap

# group COMMAND: runs it in a process group of its own in the background; its id is in $group.
group() {
	setsid bash -o pipefail -c "$1; echo \$? >status" &
	group=$!
}

# Sends COUNT OPTIONS requests to a port of the loopback interface that it picks and prints first.
sender() {
	python3 "$TOP/tests/cli/sender.py" "$@"
}

rows() { sqlite3 "$1" 'SELECT count(*) FROM sip_trace' 2>/dev/null || echo 0; }

@test "Ctrl-C on a live pipeline: every message that sipcap counted is in the database" {
	sender 300 >port &
	sender=$!
	wait_for test -s port
	group "sipcap -i lo udp port $(cat port) 2>cap.err | sipfilter true | tracedb insert -d sqlite:c.db --tee >c.trace 2>db.err"
	wait_for eval '[ "$(rows c.db)" -gt 0 ]'
	kill -INT -- "-$group"
	wait "$group" || true
	kill "$sender" || true
	[ "$(cat status)" = 0 ] || { cat cap.err db.err; return 1; }
	n=$(tracecat -r c.trace | wc -l)
	[ "$n" -gt 0 ]
	[ "$(rows c.db)" = "$n" ]
	tracecat --ledger -r c.trace >ledger
	! grep -qi 'does not add up' ledger
}

@test "Ctrl-C while a file is read: the stream ends in order, with all that was read" {
	mkfifo in
	group "sipcap -r - <in | sipfilter true | tracecat -o tsv -F callid >lines"
	exec 5>in
	cat "$SAMPLE" >&5
	wait_for test -s lines
	kill -INT -- "-$group"
	exec 5>&-
	wait "$group" || true
	[ "$(cat status)" = 0 ]
	[ "$(wc -l <lines)" = "$(sipcap -r "$SAMPLE" | tracecat | wc -l)" ]
}

@test "a dead stage in the middle: the source dies of SIGPIPE, the sink keeps what it got and says that the stream was cut" {
	sender 100000 >port &
	sender=$!
	wait_for test -s port
	mkfifo a b
	sipcap -i lo udp port "$(cat port)" >a 2>cap.err &
	cap=$!
	sipfilter true <a >b 2>filter.err &
	filter=$!
	tracedb insert -d sqlite:d.db <b 2>db.err &
	db=$!
	wait_for eval '[ "$(rows d.db)" -gt 0 ]'
	kill -KILL "$filter"
	wait "$db" && s=0 || s=$?
	[ "$s" = 1 ]
	grep -q truncated db.err
	wait "$cap" && s=0 || s=$?
	[ "$s" = 141 ]
	kill "$sender" || true
	[ "$(tracedb query -d sqlite:d.db | tracecat | wc -l)" = "$(rows d.db)" ]
}

@test "a dead tee does not stop the sink: everything is stored, exit 1" {
	sipcap -r "$SAMPLE" >s.trace
	for _ in $(seq 60); do cat s.trace; done >big.trace
	tracedb insert -d sqlite:t.db --tee <big.trace 2>err | head -c 100 >/dev/null && s=0 || s=$?
	[ "$s" = 1 ]
	grep -q 'tee closed' err
	[ "$(rows t.db)" = "$(tracecat -r s.trace | wc -l)" ]
}

@test "the same input gives the same output, byte for byte" {
	for _ in 1 2; do
		sipcap -r "$SAMPLE" | sipfilter -m d -c '$ci' '$rm == "INVITE"' | hepenc | sha256sum
	done >sums
	[ "$(sort -u sums | wc -l)" = 1 ]
}

@test "capture, select, store, query, send: what Homer gets is what was on the wire" {
	sipcap -r "$SAMPLE" | sipfilter -m d '$rm == "INVITE"' | tee sel.trace | tracedb insert -d sqlite:h.db
	tracedb query -d sqlite:h.db | hepenc -i 7 >h1
	hepenc -i 7 <sel.trace >h2
	cmp <(tracecat -o json <h1) <(tracecat -o json <h2)
}

@test "a live listener on loopback gets every packet of a replay" {
	python3 "$TOP/tests/cli/receiver.py" >got &
	receiver=$!
	wait_for test -s got
	port=$(head -n 1 got)
	n=$(sipcap -r "$SAMPLE" | tee s.trace | tracecat | wc -l)
	tracedb insert -d sqlite:r.db <s.trace
	tracedb query -d sqlite:r.db | hepsend "udp:127.0.0.1:$port"
	wait_for eval '[ "$(grep -c ^HEP3 got)" = "$n" ]'
	kill "$receiver"
}
