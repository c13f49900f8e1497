#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep

@test "HEP records are passed on untouched" {
	sipcap -r "$G/hep3-udp4/input.pcap" | hepenc -V 2 >once
	start_sink a
	hepsend "udp:127.0.0.1:$port" <once
	stop_sink a
	start_sink b
	hepenc -V 3 <once | hepsend "udp:127.0.0.1:$port"
	stop_sink b
	[ -s a ] && cmp a b
}

@test "the same input gives the same output" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	hepenc <in >a
	hepenc <in >b
	[ -s a ] && cmp a b
}

@test "a message too large stays in the stream as it is, and is said once" {
	{ head -c 65500 /dev/zero | tr '\0' a; echo; head -c 65500 /dev/zero | tr '\0' b; echo; echo small; } | hlog -c x -w - >in
	local s=0
	hepenc <in >packets 2>err || s=$?
	[ "$s" = 1 ]
	[ "$(grep -c 'passed on as it is' err)" = 1 ]
	grep -q 'messages too large for HEP: 2 times' err
	[ "$(grep -ac aaaaaaaaaa packets)" = 1 ] && [ "$(grep -ac bbbbbbbbbb packets)" = 1 ]
	[ "$(grep -ac HEP3 packets)" = 1 ]
}

@test "operands and unknown versions are usage errors" {
	[ "$(status hepenc file </dev/null)" = 2 ]
	[ "$(status hepenc -V 4 </dev/null)" = 2 ]
	[ "$(status hepenc -i 4294967296 </dev/null)" = 2 ]
	[ "$(status hepenc -k '' </dev/null)" = 2 ]
}
