#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Replays at a pace: --rate and --speed of hepsend and sipdup.
load common
load hep

input() {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	count=$(tracecat <in | wc -l)
}

microseconds() { echo "${EPOCHREALTIME/[.,]/}"; }

# took COMMAND…: how many microseconds it ran.
took() {
	local start
	start=$(microseconds)
	"$@" || return
	echo $(($(microseconds) - start))
}

@test "--rate: so many a second, all of them, in order" {
	input
	start_sink want
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink want
	start_sink got
	# a fiftieth of a second may be made good
	[ "$(took hepsend --rate 500 "udp:127.0.0.1:$port" <in)" -ge $(((count - 1) * 2000 - 20000)) ]
	stop_sink got
	[ "$count" -gt 60 ] && cmp got want
}

@test "--speed: as far apart as they once were, by the factor" {
	input
	local span
	span=$(tracecat -o tsv -F time_ns <in | awk 'NR == 1 { first = $1 } { last = $1 } END { printf "%d", (last - first) / 1000 }')
	start_sink got
	[ "$(took hepsend --speed "$((span / 200000)).5x" "udp:127.0.0.1:$port" <in)" -ge $((span / (span / 200000 + 1))) ]
	stop_sink got
	[ "$(wc -l <got)" = "$count" ]
}

@test "sipdup keeps the pace too" {
	input
	start_sink got
	[ "$(took sipdup --rate 1000 "udp:127.0.0.1:$port" <in)" -ge $(((count - 1) * 1000 - 20000)) ]
	stop_sink got
	[ "$(wc -l <got)" = "$count" ]
}

@test "what waits for its time is not passed on yet, what has gone is; an interrupt ends the waiting, and all goes" {
	input
	start_sink got
	mkfifo pipe
	hepsend --tee --speed 0.05x "udp:127.0.0.1:$port" < <(cat in) >pipe 2>err &
	local pid=$!
	tracecat <pipe >out &
	local cat=$!
	wait_for test -s out
	[ "$(wc -l <out)" -lt "$count" ]
	kill -INT "$pid"
	wait "$pid"
	wait "$cat"
	stop_sink got
	[ "$(wc -l <got)" = "$count" ] && [ "$(wc -l <out)" = "$count" ]
	[ ! -s err ]
}

# live COMMAND…: runs it on the records of a log that is followed, twenty lines. Its process is then $sink, that of the source $hlog.
live() {
	mkfifo pipe
	"$@" <pipe 2>err &
	sink=$!
	: >log
	hlog -c id -f log -w pipe &
	hlog=$!
	wait_for eval 'ls -l /proc/$hlog/fd | grep -q /log$'
	seq 20 >>log
}

@test "a live source is not held up, which is said once" {
	start_sink got
	live hepsend --tee -w passed --rate 1 "udp:127.0.0.1:$port"
	wait_for eval '[ -s passed ] && [ "$(tracecat -r passed 2>>log2 | wc -l)" = 20 ]'	# before anything ends
	kill -INT "$hlog"
	wait "$hlog"
	wait "$sink"
	grep -q 'the source is live' err
	[ "$(wc -l <err)" = 1 ]
	stop_sink got
	[ "$(wc -l <got)" = 20 ]
}

@test "a live source is held up by --on-full block; a file that one wrote is a replay like any other" {
	start_sink got
	live hepsend --on-full block --tee -w passed --rate 1 "udp:127.0.0.1:$port"
	wait_for eval '[ -s passed ] && [ "$(tracecat -r passed 2>>log2 | wc -l)" -ge 1 ]'
	[ "$(tracecat -r passed 2>>log2 | wc -l)" -lt 20 ]
	kill -INT "$hlog" "$sink"
	wait "$hlog"
	wait "$sink"
	[ ! -s err ]
	hepsend --rate 200 "udp:127.0.0.1:$port" <passed 2>err
	stop_sink got
	[ ! -s err ] && [ "$(wc -l <got)" = 40 ]
}
