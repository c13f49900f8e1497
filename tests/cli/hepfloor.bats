#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The floor of the benchmark of hepsend, and its receiver.
load common
load hep

# floor_sends CAPTURE: the floor's datagrams are hepsend's.
floor_sends() {
	sipcap -r "$1" >in
	start_sink theirs
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink theirs
	start_sink floor
	"$TOP/$B/tests/bench/hepfloor" "udp:127.0.0.1:$port" <in
	stop_sink floor
	[ "$(wc -l <floor)" -ge 60 ] && cmp theirs floor
}

# start_drain KIND [FILE]: its port is then in $port.
start_drain() {
	mkfifo drain.out
	"$TOP/$B/tests/bench/drain" "$@" >drain.out 3>&- &
	drain=$!
	exec 6<drain.out
	read -r port <&6
}
# What it counted is then in $units and $bytes.
stop_drain() {
	kill -TERM "$drain"
	read -r units bytes <&6
	wait "$drain"
}

@test "the floor sends hepsend's packets: IPv4" { floor_sends "$TOP/share/sample.pcap"; }
@test "the floor sends hepsend's packets: IPv6" { floor_sends "$G/hep3-udp6/input.pcap"; }
@test "the floor sends hepsend's packets: TCP" { floor_sends "$G/hep3-tcp4/input.pcap"; }

@test "the floor sends hepsend's packets: many batches over a pipe" {
	"$TOP/$B/tests/bench/gen" -n 3000 -c 300 --records >in
	start_sink theirs
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink theirs
	start_sink floor
	cat in | "$TOP/$B/tests/bench/hepfloor" "udp:127.0.0.1:$port"
	stop_sink floor
	[ "$(wc -l <floor)" = 3000 ] && cmp theirs floor
}

@test "the floor sends over TCP the bytes that it sends in datagrams, one after the other" {
	"$TOP/$B/tests/bench/gen" -n 3000 -c 300 --records >in
	start_sink datagrams
	"$TOP/$B/tests/bench/hepfloor" "udp:127.0.0.1:$port" <in
	stop_sink datagrams
	start_drain tcp stream
	"$TOP/$B/tests/bench/hepfloor" "tcp:127.0.0.1:$port" <in
	stop_drain
	xxd -r -p datagrams | cmp - stream
	[ "$units" = 1 ] && [ "$bytes" = "$(wc -c <stream)" ]
}

@test "the receiver of the benchmarks counts every datagram and byte" {
	"$TOP/$B/tests/bench/gen" -n 3000 -c 300 --records >in
	start_drain udp stream
	hepsend "udp:127.0.0.1:$port" <in
	stop_drain
	[ "$units" = 3000 ] && [ "$bytes" = "$(wc -c <stream)" ]
}
