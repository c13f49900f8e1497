#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep
unset SIPTRACE_HEP SIPTRACE_KEY_FILE SIPTRACE_NODE

# Whatever a failed test leaves running.
teardown() {
	local pid
	for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
}

# The ledger's value of a counter in a record stream: counter FILE NAME
counter() { tracecat --ledger -r "$1" | awk -v n="$2" '$1 == "hlog" && $5 == n { print $3 }'; }

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

@test "usage errors: no destination, a destination beside -w, one of no transport" {
	[ "$(status hlog -c id text)" = 2 ]
	[ "$(status hlog -c id -w out udp:127.0.0.1:9 text)" = 2 ]
	[ "$(status hlog -c id -k key -w out text)" = 2 ]
	[ "$(status hlog -c id 'sip:127.0.0.1:9;transport=sctp' text)" = 2 ]
	[ "$(status hlog -c id udp:nobody.invalid:9 text)" = 1 ]
}

@test "several destinations each get every line, from operands or from the environment" {
	start_sink a; local a=$port
	start_sink b; local b=$port
	hlog -c id "udp:127.0.0.1:$a" "sip:127.0.0.1:$b" one
	SIPTRACE_HEP=" udp:127.0.0.1:$a  hep:udp:127.0.0.1:$b " hlog -c id two
	stop_sink a
	stop_sink b
	[ "$(hep logs <a)" = $'id\tone\nid\ttwo' ]
	[ "$(hep logs <b)" = $'id\tone\nid\ttwo' ]
}

@test "text that looks like a destination is protected by --" {
	start_sink got
	export SIPTRACE_HEP="udp:127.0.0.1:$port"
	hlog -c id -- sip:alice@example.com
	hlog -c id "$SIPTRACE_HEP" -- udp:127.0.0.1:1 -k
	hlog -c id called sip:bob@example.com
	hlog -c id 'sip:bob@example.com called'
	stop_sink got
	[ "$(hep logs <got)" = $'id\tsip:alice@example.com\nid\tudp:127.0.0.1:1 -k\nid\tcalled sip:bob@example.com\nid\tsip:bob@example.com called' ]
}

@test "the node's name comes from --node or the environment" {
	start_sink got
	hlog -c id --node edge1 "udp:127.0.0.1:$port" one
	SIPTRACE_NODE=edge2 hlog -c id "udp:127.0.0.1:$port" two
	SIPTRACE_NODE=edge2 hlog -c id --node edge3 "udp:127.0.0.1:$port" three
	SIPTRACE_NODE='' hlog -c id "udp:127.0.0.1:$port" four
	stop_sink got
	node() { sed -n "$1p" got | chunk 0013 | head -c 22 | cut -c 13- | xxd -r -p; }
	[ "$(node 1) $(node 2) $(node 3) $(node 4)" = 'edge1 edge2 edge3 ' ]
	SIPTRACE_NODE=edge4 hlog -c id -w - five | tracecat -F node -o tsv | grep -qx edge4
}

@test "a level is a word before the text, and <N> before a line is its level" {
	start_sink got
	hlog -c id --level err "udp:127.0.0.1:$port" text
	printf '<4>four\nplain\n<134>local0.info\n<3>\n<b>\n' | hlog -c id "udp:127.0.0.1:$port"
	printf '<2>two\nplain\n' | hlog -c id --level debug "udp:127.0.0.1:$port"
	hlog -c id "udp:127.0.0.1:$port" '<3>as it is'
	stop_sink got
	hep logs <got | cut -f 2 >texts
	printf '%s\n' 'ERROR: text' 'WARNING: four' plain 'INFO: local0.info' '<b>' 'CRITICAL: two' 'DEBUG: plain' '<3>as it is' | cmp - texts
	[ "$(status hlog --level loud "udp:127.0.0.1:$port" text)" = 2 ]
}

@test "--corr-regex takes the correlation id from each line; -c is for the others" {
	start_sink got
	printf '%s\n' 'Call-ID: a1@x up' 'no id' '<3>call-id: b2@x' 'Call-ID:  ' 'x Call-ID: c3@x' |
		hlog -c other --corr-regex 'Call-ID: (\S+)' "udp:127.0.0.1:$port"
	hlog --corr-regex '[a-z]+@\w+' "udp:127.0.0.1:$port" call id@host ended
	printf 'b\na\n' | hlog -c other --corr-regex '(a)|b' "udp:127.0.0.1:$port"
	stop_sink got
	[ "$(hep logs <got)" = $'a1@x\tCall-ID: a1@x up\nother\tno id\nb2@x\tERROR: call-id: b2@x\nother\tCall-ID:  \nc3@x\tx Call-ID: c3@x\nid@host\tcall id@host ended\nother\tb\na\ta' ]
	[ "$(printf 'id=7 x\n' | hlog -c c --corr-regex 'id=(\d)' --node n -w - | tracecat -o tsv -F corr,node)" = $'7\tn' ]
	[ "$(status hlog --corr-regex '(' udp:127.0.0.1:9 text)" = 2 ]
	grep -q 'corr-regex: regular expression: missing' err
	head -c 60000 /dev/zero | tr '\0' a >long
	[ "$(status hlog -c c --corr-regex '(a+)+[bc]' -w out <long)" = 0 ]
	grep -q 'given up in 1 lines' err
}

@test "--rate holds lines of standard input back and loses none" {
	seq 11 | hlog -c id --rate 100 --burst 1 -w out
	[ "$(tracecat -o tsv -F payload -r out | tr '\n' ' ')" = '1 2 3 4 5 6 7 8 9 10 11 ' ]
	tracecat -o tsv -F time_ns -r out | awk 'NR > 1 && $1 - last < 9000000 { exit 1 } NR == 1 { first = $1 } { last = $1 } END { exit last - first < 99000000 }'
}

@test "--rate drops and counts where a queue would: --on-full drop" {
	seq 1000 >lines
	[ "$(status hlog -c id --rate 1 --burst 3 --on-full drop -w stream <lines)" = 1 ]
	[ "$(tracecat -o tsv -F payload -r stream | head -n 3 | tr '\n' ' ')" = '1 2 3 ' ]
	[ "$(counter stream lines)" = 1000 ]
	[ "$(($(counter stream written) + $(counter stream over_rate)))" = 1000 ]
	[ "$(counter stream over_rate)" -ge 900 ]
	grep -q 'more than 1 lines a second: a line is left out' err
	grep -q 'lines over --rate: .* times in all' err
}

# follow FILE…: starts hlog on them; it has begun when it says so.
follow() {
	start_sink got
	hlog -c id "${@/#/-f}" "udp:127.0.0.1:$port" 2>err &
	hlog_pid=$!
}
# lines_are LINE…: the sink has these and no other lines.
lines_are() { [ "$(hep logs <got 2>/dev/null | cut -f 2)" = "$(printf '%s\n' "$@")" ]; }

@test "-f follows a file that is not there yet, through renaming, truncation and removal" {
	follow log
	wait_for grep -q 'log: No such file or directory; waiting for it' err
	echo one >>log
	wait_for lines_are one
	printf 'two\nthr' >>log
	wait_for lines_are one two
	echo ee >>log
	wait_for lines_are one two three
	exec 4>>log
	mv log log.1
	: >log
	echo 'late' >&4
	wait_for lines_are one two three late
	echo four >>log
	wait_for lines_are one two three late four
	cp log log.copy
	: >log
	wait_for lines_are one two three late four	# truncated; the next line is shorter than what was there
	echo 5 >>log
	wait_for lines_are one two three late four 5
	rm log
	echo six >>log
	wait_for lines_are one two three late four 5 six
	exec 4>&-
	kill -INT "$hlog_pid"
	wait "$hlog_pid"
	stop_sink got
	[ "$(wc -l <err)" = 1 ]
}

@test "-f begins at the end, with --from-start at the beginning; a line goes out when it is whole" {
	printf 'old\nbegun' >log
	start_sink got
	hlog -c id -f log "udp:127.0.0.1:$port" &
	local end=$!
	hlog -c id -f log --from-start -w all &
	local start=$!
	wait_for test -s all
	looks() { ls -l "/proc/$end/fd" | grep -q "$PWD/log"; }
	wait_for looks
	echo ' and finished' >>log
	wait_for lines_are 'begun and finished'
	both() { grep -q 'begun and finished' <(tracecat -r all 2>/dev/null); }	# whose end frame is still missing
	wait_for both
	kill -TERM "$end" "$start"
	wait "$end" && wait "$start"
	stop_sink got
	[ "$(tracecat -o tsv -F payload -r all)" = $'old\nbegun and finished' ]
}

@test "several files are followed at once; a line of one does not end in another's" {
	: >a; : >b
	follow a b
	looks() { ls -l "/proc/$hlog_pid/fd" | grep -q "$PWD/b"; }
	wait_for looks
	printf 'a1' >>a
	echo b1 >>b
	wait_for lines_are b1
	echo ' whole' >>a
	wait_for lines_are b1 'a1 whole'
	kill -TERM "$hlog_pid"
	wait "$hlog_pid"
	stop_sink got
}

@test "what is followed is live: over --rate is dropped; the stream says how far it is every second" {
	seq 1000 >log
	hlog -c id -f log --rate 1 --burst 2 -w live &
	local pid=$!
	looks() { ls -l "/proc/$pid/fd" | grep -q "$PWD/log"; }
	wait_for looks
	seq 1000 >>log
	counted() { [ "$(counter live lines 2>/dev/null)" = 1000 ]; }
	wait_for counted
	local s=0
	kill -TERM "$pid"
	wait "$pid" || s=$?
	[ "$s" = 1 ]
	[ "$(($(counter live written) + $(counter live over_rate)))" = 1000 ]
	[ "$(counter live over_rate)" -ge 900 ]
	[ "$(od -An -tu2 -j26 -N2 live)" -eq 1 ]	# the header's LIVE flag, trace-stream(5)
	# With --from-start nothing is.
	seq 1000 | head -n 20 >log
	hlog -c id -f log --from-start --rate 1000 --burst 1 -w all &
	pid=$!
	whole() { [ "$(wc -l < <(tracecat -r all 2>/dev/null))" = 20 ]; }
	wait_for whole
	kill -TERM "$pid"
	wait "$pid"
	[ "$(counter all written) $(counter all over_rate)" = '20 ' ]
	[ "$(od -An -tu2 -j26 -N2 all)" -eq 0 ]
}

# The calls of sip_trace_msg() that gave trace-msg: correlation id, from, to.
@test "made-up SIP messages equal the module's bytes" {
	start_sink got
	export SIPTRACE_HEP="udp:127.0.0.1:$port"
	hep pcap "$G/trace-msg/hep.pcap" | hep mask >theirs
	head -n 1 theirs | chunk 000f | cut -c 13- | xxd -r -p >message
	[ "$(grep -c '^OPTIONS ' message)" = 1 ]
	made_up() { hlog --sip -i 234 -k "$KEY" -c "$1" --from "$2" --to "$3"; }
	made_up goptions-1@uac.test-m udp:10.1.1.1:5062 tcp:10.2.2.2:5064 <message
	made_up '' udp:10.1.1.1:5062 udp:10.2.2.2:5064 <message
	made_up v6 tls:2001:db8::1:5061 'tls:[2001:db8::2]:5063' <message
	made_up x ws:10.1.1.1:5062 ws:10.2.2.2:80 <message
	made_up x sctp:10.1.1.1:5062 sctp:10.2.2.2:5064 <message
	made_up x udp:10.1.1.1:5062 udp:255.255.255.255:5060 <message
	made_up noport udp:10.1.1.1 udp:10.2.2.2 <message
	made_up bigport udp:10.1.1.1:34463 udp:10.2.2.2 <message
	printf 'plain text, not SIP' | made_up text udp:10.1.1.1:5062 udp:10.2.2.2:5064
	stop_sink got
	hep mask <got | diff - theirs
}

@test "a made-up message is sent as it is: bare line feeds, text as operands; without -c it has no correlation id" {
	start_sink got
	printf 'OPTIONS sip:a SIP/2.0\nCall-ID: x\n\n' | hlog --sip --from udp:192.0.2.1:5060 --to udp:192.0.2.2:5060 "udp:127.0.0.1:$port"
	hlog --sip --from udp:192.0.2.1:5060 --to udp:192.0.2.2:5060 "udp:127.0.0.1:$port" not really SIP
	stop_sink got
	sed -n 1p got | chunk 000f | cut -c 13- | xxd -r -p | cmp - <(printf 'OPTIONS sip:a SIP/2.0\nCall-ID: x\n\n')
	sed -n 2p got | chunk 000f | cut -c 13- | xxd -r -p | cmp - <(printf 'not really SIP')
	[ "$(chunk 0011 <got)" = '' ]
}

@test "a made-up message as a record is SIP like any other, and hepsend sends it as hlog does" {
	sipcap -r "$G/hep3-udp4/input.pcap" | sipfilter '$rm == "INVITE"' | tracecat -o tsv -F payload >payloads
	printf '%b' "$(head -n 1 payloads)" >message
	grep -q '^INVITE .*SIP/2.0.$' message
	hlog --sip --from udp:192.0.2.1:5060 --to udp:192.0.2.2:5070 -w record <message
	[ "$(sipfilter 'is_method("INVITE") && $si == "192.0.2.1" && $Rp == 5070' <record | tracecat -o tsv -F kind,proto,dst_port)" = $'sip\tudp\t5070' ]
	start_sink got
	hepsend -k k "udp:127.0.0.1:$port" <record
	hlog --sip -k k --from udp:192.0.2.1:5060 --to udp:192.0.2.2:5070 "udp:127.0.0.1:$port" <message
	stop_sink got
	[ "$(wc -l <got)" = 2 ]
	[ "$(hep mask <got | sort -u | wc -l)" = 1 ]
}

@test "usage errors of --sip, -f, --rate" {
	local to=udp:127.0.0.1:9 sip=(--sip --from udp:192.0.2.1:5060)
	for wrong in "${sip[*]}" "--from udp:192.0.2.1:5060" "${sip[*]} --to udp:[::1]:5060" "${sip[*]} --to udp:192.0.2.2:65536" \
		"${sip[*]} --to udp:host:5060" "${sip[*]} --to 192.0.2.2:5060" "${sip[*]} --to udp:192.0.2.2:5060 -f log" \
		"${sip[*]} --to udp:192.0.2.2:5060 --level err" "--rate 0" "--rate 2000000" "--burst 3" "--from-start" "-w out --on-full drop"; do
		# shellcheck disable=SC2086
		[ "$(status hlog $wrong ${wrong/*-w*/} </dev/null)" = 2 ] || { echo "$wrong"; return 1; }
	done
	[ "$(status hlog -f log "$to" text)" = 2 ]
	[ "$(status hlog "${sip[@]}" --to udp:192.0.2.2:5060 "$to" </dev/null)" = 1 ]
	grep -q 'empty' err
}

@test "what cannot be read is said" {
	[ "$(status hlog -c id udp:127.0.0.1:9 <.)" = 1 ]
	grep -q 'standard input: read: Is a directory' err
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

@test "SIGUSR1 shows one ledger: the lines, and what became of them" {
	start_sink got
	mkfifo in
	hlog -c id --rate 1 --burst 2 --on-full drop "udp:127.0.0.1:$port" <in 2>err &
	local pid=$!
	exec 4>in
	seq 100 >&4
	wait_for test -s got
	kill -USR1 "$pid"
	wait_for grep -q messages_lines err
	exec 4>&-
	wait "$pid" || true
	stop_sink got
	line=$(grep messages_lines err | tr ' ' '\n')
	value() { sed -n "s/^messages_$1=//p" <<<"$line"; }
	[ "$(value lines)" = 100 ]
	[ "$(($(value handed_over) + $(value over_rate)))" = 100 ]
}

@test "an interrupt ends waiting for --rate: what was read is sent at once" {
	start_sink got
	mkfifo in
	hlog -c id --rate 1 --burst 1 "udp:127.0.0.1:$port" <in &
	local pid=$!
	exec 4>in
	seq 500 >&4
	wait_for test -s got
	kill -INT "$pid"
	wait "$pid"
	exec 4>&-
	stop_sink got
	hep logs <got | cut -f 2 | cmp - <(seq 500)
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

@test "over TCP too; a line shows the connection's own addresses" {
	start_collector got
	hlog -c id "tcp:127.0.0.1:$port" text
	printf '%s\n' one two | hlog -c id "tcp:127.0.0.1:$port"
	stop_collector got
	[ "$(hep logs <got)" = "$(printf 'id\ttext\nid\tone\nid\ttwo')" ]
	head -n 1 got | grep -q "$(printf '00000008000a*%04x' "$port")\|$(printf '%04x' "$port")"
}

@test "a TCP collector that is not there does not keep a script waiting" {
	closed_tcp_port
	[ "$(status timeout 2 hlog -c id "tcp:127.0.0.1:$port" text)" = 1 ]
	grep -q 'Connection refused' err
	grep -q '1 of 1 messages not delivered' err
}

@test "with a spool a line that cannot be sent waits for the next call" {
	closed_tcp_port
	[ "$(status hlog -c id --spool spool "tcp:127.0.0.1:$port" first)" = 1 ]
	start_collector got --port "$port"
	hlog -c id --spool spool "tcp:127.0.0.1:$port" second
	stop_collector got
	[ "$(hep logs <got)" = "$(printf 'id\tfirst\nid\tsecond')" ]
}
