#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep

# same_as_module FOLDER OPTION…: what hepsend makes of the captured messages is what the module made of them. The module's processes
# change the order here and there.
same_as_module() {
	local folder=$1 ours
	shift
	start_sink got
	sipcap -r "$G/$folder/input.pcap" | hepsend "$@" "udp:127.0.0.1:$port"
	stop_sink got
	hep mask <got | sort >ours
	golden_hep "$folder" | sort >theirs
	# weird-hep: a request whose method holds a NUL, which sipcap takes for no SIP
	comm -13 ours theirs | grep -v "$(printf weird-hep | xxd -p)" >missing || true
	ours=$(comm -23 ours theirs | wc -l)
	[ ! -s missing ] && [ "$ours" = 0 ] && [ "$(wc -l <ours)" -ge 15 ]
}

@test "version 1 over IPv4 equals the module's bytes" { same_as_module hep1-udp4 -V 1; }
@test "version 1 over IPv6 equals the module's bytes" { same_as_module hep1-udp6 -V 1; }
@test "version 2 over IPv4 equals the module's bytes" { same_as_module hep2-udp4 -V 2 -i 234; }
@test "version 2 over IPv6 equals the module's bytes" { same_as_module hep2-udp6 -V 2 -i 234; }
@test "version 3 over IPv4 equals the module's bytes" { same_as_module hep3-udp4 -i 234 -k "$KEY"; }
@test "version 3 over IPv6 equals the module's bytes" { same_as_module hep3-udp6 -i 234 -k "$KEY"; }
@test "version 3 without a key equals the module's bytes" { same_as_module hep3-noauth -i 70000; }
@test "messages over TCP equal the module's bytes" { same_as_module hep3-tcp4 -i 234 -k "$KEY"; }

@test "datagrams arrive in the order of the records" {
	start_sink got
	sipcap -r "$G/hep3-udp6/input.pcap" | hepsend -i 234 -k "$KEY" "udp:127.0.0.1:$port"
	stop_sink got
	hep mask <got | cmp - <(golden_hep hep3-udp6)
}

@test "hepenc then hepsend sends what hepsend alone sends" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink one
	hepsend -V 2 -i 7 "udp:127.0.0.1:$port" <in
	stop_sink one
	start_sink two
	hepenc -V 2 -i 7 <in | hepsend "udp:127.0.0.1:$port"
	stop_sink two
	[ -s one ] && cmp one two
}

@test "each destination gets all, IPv6 and SIP URIs too" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink a
	local first=$port
	start_sink b ::1
	local second=$port
	start_sink c
	hepsend "udp:127.0.0.1:$first" "udp:[::1]:$second" "sip:127.0.0.1:$port;transport=udp" <in
	stop_sink a
	stop_sink b
	stop_sink c
	[ "$(wc -l <a)" -gt 100 ] && cmp a b && cmp a c
}

@test "--tee passes on the very records" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink got
	hepsend --tee "udp:127.0.0.1:$port" <in >out
	stop_sink got
	[ -s got ]
	tracecat -o json <out | cmp - <(tracecat -o json <in)
}

# The order of opening makes sure that the tee is closed before the first record comes.
@test "a dead tee does not stop delivery, and is said" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink got
	mkfifo tee feed
	exec 5<>tee
	hepsend --tee "udp:127.0.0.1:$port" 5<&- >tee <feed 2>err &
	local pid=$! s=0
	exec 4>feed
	exec 5<&-
	cat in >&4
	exec 4>&-
	wait "$pid" || s=$?
	stop_sink got
	[ "$s" = 1 ]
	[ "$(grep -c 'tee closed' err)" = 1 ]
	start_sink all
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink all
	[ -s all ] && cmp got all
}

@test "a closed port is said once with a count, and the status is 1" {
	closed_port
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	[ "$(status hepsend "udp:127.0.0.1:$port" <in)" = 1 ]
	[ "$(grep -c 'Connection refused' err)" = 1 ]
	grep -Eq ': ([0-9]+) of \1 messages not delivered \(\1 returned' err
	[ "$(wc -l <err)" = 2 ]
}

@test "a closed port does not keep another destination from its messages" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	closed_port
	local closed=$port
	start_sink got
	[ "$(status hepsend "udp:127.0.0.1:$closed" "udp:127.0.0.1:$port" <in)" = 1 ]
	stop_sink got
	start_sink all
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink all
	cmp got all
}

@test "a message too large for HEP is counted and said once; the others arrive" {
	{ head -c 65500 /dev/zero | tr '\0' a; echo; head -c 65500 /dev/zero | tr '\0' b; echo; echo small; } | hlog -c x -w - >in
	start_sink got
	[ "$(status hepsend "udp:127.0.0.1:$port" <in)" = 1 ]
	stop_sink got
	[ "$(wc -l <got)" = 1 ]
	[ "$(grep -c 'too large' err)" = 1 ]
	grep -q 'cannot be sent: 2 times' err
}

@test "a message that fits HEP but no datagram is counted and said" {
	head -c 65420 /dev/zero | tr '\0' a | hlog -c x -w - >in
	start_sink got
	[ "$(status hepsend "udp:127.0.0.1:$port" <in)" = 1 ]
	stop_sink got
	[ ! -s got ]
	grep -q 'too large for a datagram' err
}

@test "version 1 cannot carry log lines, and says so" {
	hlog -c x -w - text >in
	start_sink got
	[ "$(status hepsend -V 1 "udp:127.0.0.1:$port" <in)" = 1 ]
	stop_sink got
	[ ! -s got ]
	grep -q 'no SIP' err
}

@test "a capture id over 16 bits is cut in version 2, and said once" {
	sipcap -r "$G/hep2-udp4/input.pcap" >in
	start_sink got
	[ "$(status hepsend -V 2 -i 65770 "udp:127.0.0.1:$port" <in)" = 0 ]	# 65536 + 234
	stop_sink got
	[ "$(grep -c 'capture id 65770 is sent as 234' err)" = 1 ]
	start_sink short
	hepsend -V 2 -i 234 "udp:127.0.0.1:$port" <in
	stop_sink short
	cmp got short
}

@test "wrong destinations are usage errors" {
	for d in 'sip:h;transport=sctp' udp:h udp:h:0 udp:::1:9060 tcp:h tls:h:65536; do
		[ "$(status hepsend "$d" </dev/null)" = 2 ] || { echo "$d"; return 1; }
		[ "$(wc -l <err)" = 1 ] && grep -qF "hepsend: $d: " err || { cat err; return 1; }
	done
	[ "$(status hepsend </dev/null)" = 2 ]
	grep -q 'no destination' err
}

@test "a name that does not resolve is said, and what was for it counted" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	for d in udp tcp; do
		[ "$(status hepsend --drain-time 300ms "$d:nobody.invalid:9060" <in)" = 1 ]
		grep -q "cannot resolve 'nobody.invalid'" err
		grep -Eq ': ([0-9]+) of \1 messages not delivered \(\1 left at the end' err
		[ "$(wc -l <err)" = 2 ]
	done
}

@test "the key of -k is wiped from the argument list" {
	mkfifo in
	hepsend --key="$KEY" udp:127.0.0.1:9 <in 2>err &
	local pid=$!
	exec 4>in
	wiped() { grep -qa -- --key= "/proc/$pid/cmdline" && ! grep -qa "$KEY" "/proc/$pid/cmdline"; }
	wait_for wiped
	exec 4>&-
	wait "$pid" || true
}

@test "a key file serves as the key, and is not printed when it is wrong" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	printf '%s\r\nsecond line' "$KEY" >key
	start_sink a
	hepsend -k "$KEY" "udp:127.0.0.1:$port" <in
	stop_sink a
	start_sink b
	hepsend --key-file key "udp:127.0.0.1:$port" <in
	stop_sink b
	start_sink c
	SIPTRACE_KEY_FILE=key hepsend "udp:127.0.0.1:$port" <in
	stop_sink c
	cmp a b && cmp a c
	[ "$(status hepsend --key-file nowhere "udp:127.0.0.1:$port" <in)" = 1 ]
	: >empty
	[ "$(status hepsend --key-file empty "udp:127.0.0.1:$port" <in)" = 1 ]
	[ "$(status hepsend -V 1 -k x "udp:127.0.0.1:$port" <in)" = 2 ]
	[ "$(status hepsend -k x --key-file key "udp:127.0.0.1:$port" <in)" = 2 ]
}

@test "after an interrupt it goes on to the end of its input" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	start_sink got
	mkfifo pipe
	hepsend "udp:127.0.0.1:$port" <pipe 2>err &
	local pid=$!
	exec 4>pipe
	head -c 20000 in >&4
	wait_for test -s got
	kill -INT "$pid"
	tail -c +20001 in >&4
	exec 4>&-
	wait "$pid"
	stop_sink got
	start_sink all
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink all
	[ -s all ] && cmp got all
}

@test "statistics that are passed on count each datagram" {
	sipcap -r "$G/hep3-noauth/input.pcap" >in
	closed_port
	local closed=$port
	start_sink got
	hepsend --tee "udp:127.0.0.1:$port" "udp:127.0.0.1:$closed" <in >out 2>err || true
	stop_sink got
	[ -s got ] && strings out | grep -q returned
}

@test "not a stream, damaged and empty input: one line and status 1" {
	echo nonsense >text
	[ "$(status hepsend udp:127.0.0.1:9 <text)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	[ "$(status hepsend udp:127.0.0.1:9 </dev/null)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
}
