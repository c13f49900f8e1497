#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep
unset SIPTRACE_HEP SIPTRACE_KEY_FILE

# chunk TYPE <packet: the data of the first such chunk, in hexadecimal digits.
chunk() { grep -oE "0000$1[0-9a-f]{4}[0-9a-f]*" | head -n 1; }

# The module's packets are made again from their own text and ids; times, and the sockets' addresses and ports, are ours.
@test "log lines equal the module's bytes" {
	local folder addr
	for folder in hlog hlog-udp6; do
		addr=127.0.0.1
		[ "$folder" = hlog ] || addr=::1
		start_sink got "$addr"
		hep pcap "$G/$folder/hep.pcap" | hep mask >theirs
		hep logs <theirs >texts
		while IFS=$'\t' read -r corr text; do
			hlog -c "$corr" -i 234 -k "$KEY" "udp:[$addr]:$port" "$text" || hlog -c "$corr" -i 234 -k "$KEY" "udp:$addr:$port" "$text"
		done <texts
		stop_sink got
		[ "$(wc -l <got)" -ge 4 ]
		hep mask <got | hep nosock | cmp - <(hep nosock <theirs)
	done
}

@test "operands are one line of text, joined by blanks" {
	start_sink got
	hlog -c id "udp:127.0.0.1:$port" dialplan chose 'route  7'
	stop_sink got
	[ "$(wc -l <got)" = 1 ]
	xxd -r -p got | grep -aq 'dialplan chose route  7$'
}

@test "without text the lines of standard input are sent; empty ones are not" {
	start_sink got
	printf 'one\n\ntwo\r\nlast' | hlog -c id "udp:127.0.0.1:$port"
	stop_sink got
	[ "$(hep logs <got)" = $'id\tone\nid\ttwo\nid\tlast' ]
}

@test "the destination can come from the environment" {
	start_sink got
	SIPTRACE_HEP="udp:127.0.0.1:$port" hlog -c id 'note: this is text'
	stop_sink got
	[ "$(hep logs <got)" = $'id\tnote: this is text' ]
}

@test "the correlation id is the host's name unless given; an empty one is refused" {
	start_sink got
	hlog "udp:127.0.0.1:$port" text
	stop_sink got
	[ "$(hep logs <got)" = "$(uname -n)"$'\ttext' ]
	[ "$(status hlog -c '' "udp:127.0.0.1:$port" text)" = 2 ]
}

@test "records written with -w are sent by hepsend as hlog sends them" {
	start_sink got
	printf 'one\ntwo\n' | hlog -c id -i 9 -w - | hepsend -k k "udp:127.0.0.1:$port"
	printf 'one\ntwo\n' | hlog -c id -i 9 -k k "udp:127.0.0.1:$port"
	stop_sink got
	hep mask <got | hep nosock >all
	[ "$(wc -l <all)" = 4 ]
	cmp <(head -n 2 all) <(tail -n 2 all)
}

@test "usage errors: no destination, a destination beside -w, one that is not UDP" {
	[ "$(status hlog -c id text)" = 2 ]
	[ "$(status hlog -c id -w out udp:127.0.0.1:9 text)" = 2 ]
	[ "$(status hlog -c id -k key -w out text)" = 2 ]
	[ "$(status hlog -c id tcp:127.0.0.1:9 text)" = 2 ]
	[ "$(status hlog -c id udp:nobody.invalid:9 text)" = 1 ]
}

@test "a closed port is said, and the status is 1" {
	closed_port
	[ "$(status hlog -c id "udp:127.0.0.1:$port" text)" = 1 ]
	grep -q 'Connection refused' err
}

@test "a line over 65535 bytes is left out and said; its neighbours are sent" {
	start_sink got
	{ echo before; head -c 200000 /dev/zero | tr '\0' a; echo; echo after; } >text
	[ "$(status hlog -c id "udp:127.0.0.1:$port" <text)" = 1 ]
	stop_sink got
	[ "$(grep -c 'a line is left out' err)" = 1 ]
	[ "$(hep logs <got)" = $'id\tbefore\nid\tafter' ]
}

@test "an interrupt ends it; what was read before is sent" {
	start_sink got
	mkfifo in
	hlog -c id "udp:127.0.0.1:$port" <in 2>err &
	local pid=$!
	exec 4>in
	echo one >&4
	wait_for test -s got
	kill -INT "$pid"
	local s=0
	wait "$pid" || s=$?
	exec 4>&-
	stop_sink got
	[ "$s" = 0 ]
	[ "$(hep logs <got)" = $'id\tone' ]
}
