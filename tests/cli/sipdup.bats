#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep

@test "messages go out byte for byte" {
	start_sink got
	sipcap -r "$G/hep3-udp6/input.pcap" | sipdup "udp:127.0.0.1:$port"
	stop_sink got
	[ -s got ] && cmp got <(hep pcap "$G/hep3-udp6/input.pcap")
}

# dup_lines: datagrams as lines without the five lines' time and without Max-Forwards, which the module shows already lowered at times.
dup_lines() { xxd -r -p | tr '\r\n\0' '\001\002 ' | sed -E 's/X-Siptrace-Time: [0-9]+ [0-9]+/T/; s/Max-Forwards: [0-9]+/M/'; echo; }
each_dup() { local line; while read -r line; do dup_lines <<<"$line"; done | sort -u; }

@test "--xheaders writes the module's five lines: all of its duplicates are among ours" {
	start_sink got
	sipcap -r "$G/xheaders/input.pcap" --local 127.0.2.20:16060 | sipdup --xheaders "udp:127.0.0.1:$port"
	stop_sink got
	each_dup <got >ours
	hep pcap "$G/xheaders/dup.pcap" | each_dup >theirs
	[ "$(wc -l <theirs)" -gt 50 ]
	[ "$(comm -13 ours theirs | wc -l)" = 0 ]
}

# The module leaves the brackets of IPv6 away in this mode; we always write them.
@test "--xheaders over IPv6 differs from the module by brackets alone" {
	start_sink got
	sipcap -r "$G/xheaders-udp6/input.pcap" --local '[::1]:16060' | sipdup --xheaders "udp:127.0.0.1:$port"
	stop_sink got
	each_dup <got >ours
	hep pcap "$G/xheaders-udp6/dup.pcap" | each_dup | sed -E 's/(ip: udp:)::1:/\1[::1]:/g' | sort -u >theirs
	[ "$(wc -l <theirs)" -gt 10 ]
	[ "$(comm -13 ours theirs | wc -l)" = 0 ]
}

@test "--xheaders carries the record's time and, without a direction, a dash" {
	start_sink got
	sipcap -r "$G/xheaders/input.pcap" | sipdup --xheaders "udp:127.0.0.1:$port"
	stop_sink got
	head -n 1 got | xxd -r -p >first
	local sec usec
	read -r sec usec < <(od -An -t u4 -j 24 -N 8 "$G/xheaders/input.pcap")
	grep -q "^X-Siptrace-Time: $sec $usec"$'\r' first
	grep -q '^X-Siptrace-Dir: -' first
}

@test "taking the five lines out gives the message back" {
	start_sink got
	sipcap -r "$G/xheaders/input.pcap" | sipdup --xheaders "udp:127.0.0.1:$port"
	stop_sink got
	start_sink plain
	sipcap -r "$G/xheaders/input.pcap" | sipdup "udp:127.0.0.1:$port"
	stop_sink plain
	[ -s plain ]
	xxd -r -p got | sed '/^X-Siptrace-[A-Z][a-z]*: .*\r$/d' | cmp - <(xxd -r -p plain)
}

@test "log lines and HEP packets are not for sipdup" {
	sipcap -r "$G/hep3-noauth/input.pcap" >in
	hlog -c x -w - text >log
	start_sink got
	sipdup "udp:127.0.0.1:$port" < <(hepenc <in; cat log)
	stop_sink got
	[ ! -s got ]
}

@test "a message that the five lines make too large for a datagram is counted and said" {
	hep big 65400 >big.pcap
	start_sink got
	sipcap -r big.pcap | sipdup "udp:127.0.0.1:$port"
	stop_sink got
	[ "$(wc -c <got)" = 130801 ]
	start_sink got
	sipcap -r big.pcap >in
	[ "$(status sipdup --xheaders "udp:127.0.0.1:$port" <in)" = 1 ]
	stop_sink got
	[ ! -s got ]
	grep -q 'too large for a datagram' err
	grep -q '1 of 1 messages not delivered (1 too large' err
}

@test "wrong destinations are usage errors" {
	[ "$(status sipdup 'sip:127.0.0.1:1;transport=ws' </dev/null)" = 2 ]
	grep -q 'none of udp, tcp, tls' err
	[ "$(status sipdup sips: </dev/null)" = 2 ]
	[ "$(status sipdup </dev/null)" = 2 ]
}

@test "a closed port is said once with a count, and the status is 1" {
	closed_port
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	[ "$(status sipdup "udp:127.0.0.1:$port" <in)" = 1 ]
	[ "$(grep -c 'Connection refused' err)" = 1 ]
	grep -Eq ': ([0-9]+) of \1 messages not delivered' err
}

@test "--tee passes on the very records" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink got
	sipdup --tee "udp:127.0.0.1:$port" <in | hepenc -V 1 | hepenc >out
	stop_sink got
	start_sink a
	hepsend "udp:127.0.0.1:$port" <out
	stop_sink a
	start_sink b
	hepsend -V 1 "udp:127.0.0.1:$port" <in
	stop_sink b
	[ -s a ] && cmp a b
}
