#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Destinations over TCP and TLS, and all that can become of one: siptrace-delivery(7), claim by claim.
load common
load hep

input() {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	sipcap -r "$G/hep3-udp4/input.pcap" 'port 1' >none
	count=$(tracecat <in | wc -l)
}

# What a UDP sink gets of ./in: the packets that every other way has to deliver.
expected() {
	start_sink want
	hepsend "udp:127.0.0.1:$port" <in
	stop_sink want
	[ "$(wc -l <want)" = "$count" ]
}

certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>log
	local name ext
	for name in localhost client; do
		ext="subjectAltName=DNS:$name,IP:127.0.0.1"
		[ "$name" = localhost ] || ext="subjectAltName=DNS:$name"
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2>>log
		openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo "$ext") -out "$name.pem" 2>>log
	done
}

@test "TCP carries the same packets as UDP, one after the other" {
	input
	expected
	start_collector got
	hepsend "tcp:127.0.0.1:$port" <in
	stop_collector got
	cmp got want
}

@test "TCP over IPv6, and as a SIP URI" {
	input
	expected
	start_collector got --addr ::1
	hepsend "tcp:[::1]:$port" <in
	stop_collector got
	start_collector uri
	hepsend "sip:127.0.0.1:$port;transport=tcp" <in
	stop_collector uri
	cmp got want && cmp uri want
}

@test "TLS is verified: by an authority of one's own it passes" {
	input
	expected
	certificates
	start_collector got --tls localhost.pem localhost.key
	hepsend --ca ca.pem "tls:localhost:$port" <in
	stop_collector got
	cmp got want
}

@test "TLS is verified: an unknown authority is refused, said, and all is counted" {
	input
	certificates
	start_collector got --tls localhost.pem localhost.key
	[ "$(status hepsend --drain-time 500ms --tee "tls:localhost:$port" <in)" = 1 ]
	stop_collector got
	[ ! -s got ]
	grep -qi 'certificate' err
	grep -q "$count of $count messages not delivered" err
	sums out && [ "$(ledger out undelivered)" = "$count" ]
}

@test "TLS is verified: another name than the certificate's is refused" {
	input
	certificates
	start_collector got --tls client.pem client.key
	[ "$(status hepsend --drain-time 500ms --ca ca.pem "tls:localhost:$port" <in)" = 1 ]
	stop_collector got
	[ ! -s got ] && grep -qi 'certificate' err
}

@test "--insecure believes whoever answers, and says so" {
	input
	expected
	certificates
	start_collector got --tls client.pem client.key
	[ "$(status hepsend --insecure "sips:localhost:$port" <in)" = 0 ]
	stop_collector got
	cmp got want
	grep -q 'insecure' err
}

@test "a client certificate is shown where one is demanded" {
	input
	expected
	certificates
	start_collector got --tls localhost.pem localhost.key --client-ca ca.pem
	hepsend --ca ca.pem --cert client.pem --cert-key client.key "tls:localhost:$port" <in
	[ "$(status hepsend --drain-time 500ms --ca ca.pem "tls:localhost:$port" <in)" = 1 ]
	stop_collector got
	cmp got want
}

@test "a collector that is down at the start gets all when it comes" {
	input
	expected
	closed_tcp_port
	mkfifo feed
	hepsend "tcp:127.0.0.1:$port" <feed 2>err &
	local pid=$!
	exec 4>feed
	cat in >&4
	wait_for grep -q refused err
	start_collector got --port "$port"
	wait_for has_lines got "$count"
	exec 4>&-
	wait "$pid"
	stop_collector got
	cmp got want
	grep -q 'connected again' err
	[ "$(grep -c refused err)" = 1 ]
}

@test "a collector that never comes: everything is counted, the status is 1" {
	input
	closed_tcp_port
	[ "$(status hepsend --drain-time 300ms --tee "tcp:127.0.0.1:$port" <in)" = 1 ]
	[ "$(grep -c 'Connection refused; trying again' err)" = 1 ]
	grep -q "$count of $count messages not delivered ($count left at the end)" err
	sums out && [ "$(ledger out undelivered)" = "$count" ]
	tracecat -o json <out | cmp - <(tracecat -o json <in)
}

@test "a connection that is reset over and over: in = sent + counted, and every packet is whole" {
	input
	sipcap -r "$G/hep3-udp6/input.pcap" >more
	count=$((count + $(tracecat <more | wc -l)))
	start_collector got --reset 10
	mkfifo feed
	hepsend --tee "tcp:127.0.0.1:$port" <feed >out 2>err &
	local pid=$!
	exec 4>feed
	cat in >&4
	wait_for grep -q 'again' err	# a reset behind all that was to be sent need not be seen
	cat more >&4
	exec 4>&-
	wait "$pid" || true
	stop_collector got
	sums out
	[ "$(ledger out offered)" = "$count" ]
	[ "$(($(ledger out sent) + $(ledger out unacknowledged)))" = "$count" ]
	[ "$(ledger out connections_lost)" -ge 1 ]
	[ "$(wc -l <got)" -ge 10 ]
	sort got | uniq -d | wc -l | grep -qx 0
}

@test "with a spool a collector that resets over and over gets all of it" {
	input
	expected
	start_collector got --reset 50
	hepsend --spool spool --spool-max 1M "tcp:127.0.0.1:$port" <in
	stop_collector got
	sort -u got | cmp - <(sort -u want)
}

@test "a dead destination does not keep a live one from its messages, nor the tee from the records" {
	input
	expected
	closed_tcp_port
	local dead=$port
	start_collector got
	[ "$(status hepsend --queue 20k --drain-time 300ms --tee "tcp:127.0.0.1:$dead" "tcp:127.0.0.1:$port" <in)" = 1 ]
	stop_collector got
	cmp got want
	tracecat -o json <out | cmp - <(tracecat -o json <in)
	sums out
	[ "$(ledger out queue_full)" -gt 10 ] && [ "$(ledger out undelivered)" -gt 10 ]
}

@test "one that accepts and never reads ends with its queue counted, and the other gets all" {
	sipcap -r "$G/hep3-udp4/input.pcap" >one
	for i in $(seq 200); do cat one; done >in	# 20 MB: more than the kernel holds for it
	count=$(($(tracecat <one | wc -l) * 200))
	start_collector deaf --deaf
	local deaf=$port
	start_collector got
	[ "$(status hepsend --queue 100k --drain-time 300ms "tcp:127.0.0.1:$deaf" "tcp:127.0.0.1:$port" <in)" = 1 ]
	stop_collector got
	stop_collector deaf
	[ "$(wc -l <got)" = "$count" ]
	grep -q 'queue full' err
}

@test "what waits in the spool is said, and the next start delivers it" {
	input
	expected
	closed_tcp_port
	[ "$(status hepsend --spool spool "tcp:127.0.0.1:$port" <in)" = 1 ]
	grep -q "$count messages wait in the spool" err
	start_collector got --port "$port"
	[ "$(status hepsend --spool spool --tee "tcp:127.0.0.1:$port" <none)" = 0 ]
	stop_collector got
	cmp got want
	sums out && [ "$(ledger out resumed)" = "$count" ]
}

@test "what was spooled for a destination that is not given any more is delivered too" {
	input
	expected
	closed_tcp_port
	[ "$(status hepsend --spool spool "tcp:127.0.0.1:$port" <in)" = 1 ]
	start_collector got --port "$port"
	start_sink other
	[ "$(status hepsend --spool spool "udp:127.0.0.1:$port" <none)" = 0 ]
	stop_sink other
	stop_collector got
	cmp got want && [ ! -s other ]
	grep -q "the spool of an earlier run goes there too: $count messages" err
}

@test "kill -9 loses nothing that was passed on" {
	input
	closed_tcp_port
	mkfifo feed
	hepsend --spool spool --tee "tcp:127.0.0.1:$port" <feed >out 2>err &
	local pid=$!
	exec 4>feed
	head -c 60000 in >&4
	passed() { [ "$(tracecat <out 2>/dev/null | wc -l)" -ge 20 ]; }
	wait_for passed
	kill -9 "$pid"
	exec 4>&-
	wait "$pid" || true
	tracecat <out >accepted 2>/dev/null || true
	start_collector got --port "$port"
	[ "$(status hepsend --spool spool "tcp:127.0.0.1:$port" <none)" = 0 ]
	stop_collector got
	[ "$(wc -l <got)" -ge "$(wc -l <accepted)" ]
	expected
	head -n "$(wc -l <got)" want | cmp - got
}

@test "two senders do not share a spool" {
	mkfifo feed
	start_sink got
	hepsend --spool spool "udp:127.0.0.1:$port" <feed 2>first &
	local pid=$!
	exec 4>feed
	made() { compgen -G 'spool/*/dest'; }
	wait_for made
	[ "$(status hepsend --spool spool "udp:127.0.0.1:$port" </dev/null)" = 1 ]
	[ "$(wc -l <err)" = 1 ] && grep -q 'spool' err
	exec 4>&-
	wait "$pid" || true
	stop_sink got
}

@test "a disk without room: what the spool refuses still goes out" {
	input
	expected
	start_collector got
	[ "$( (ulimit -f 24; trap '' XFSZ; status hepsend --spool spool "tcp:127.0.0.1:$port" <in) )" -le 1 ]
	stop_collector got
	cmp got want
	grep -q 'spool' err
}

@test "--failover: the first that can be reached gets it" {
	input
	expected
	closed_tcp_port
	local dead=$port
	start_collector got
	local first=$port
	start_collector idle
	[ "$(status hepsend --failover "tcp:127.0.0.1:$dead" "tcp:127.0.0.1:$first" "tcp:127.0.0.1:$port" <in)" = 0 ]
	stop_collector got
	stop_collector idle
	cmp got want && [ ! -s idle ]
	grep -q 'in use instead of' err
}

@test "--failover over UDP: datagrams that come back move it on, and with a spool none is lost" {
	input
	expected
	closed_port
	local dead=$port
	start_sink got
	hepsend --spool spool --failover "udp:127.0.0.1:$dead" "udp:127.0.0.1:$port" <in
	stop_sink got
	sort -u got | cmp - <(sort -u want)
}

@test "--balance callid: together they get all, each call one of them" {
	input
	expected
	for how in callid rr; do
		for s in a b c; do
			start_sink $s
			eval "$s=$port"
		done
		# shellcheck disable=SC2154
		hepsend --balance $how "udp:127.0.0.1:$a" "udp:127.0.0.1:$b" "udp:127.0.0.1:$c" <in
		for s in a b c; do
			stop_sink $s
			[ "$(wc -l <$s)" -ge 10 ]
			xxd -r -p <$s | grep -aoi '^Call-ID: *[^ ]*' | tr -d '\r' | sort -u >$s.calls
		done
		sort a b c | cmp - <(sort want)
		[ "$(sort a.calls b.calls c.calls | uniq -d | wc -l)" = 0 ]
	done
}

@test "sipdup sends the same messages over TCP, with nothing between" {
	input
	start_sink datagrams
	sipdup "udp:127.0.0.1:$port" <in
	stop_sink datagrams
	start_collector got --raw
	sipdup "sip:127.0.0.1:$port;transport=tcp" <in
	stop_collector got
	xxd -r -p <datagrams | cmp - got
}

@test "sipdup spools too" {
	sipcap -r "$G/hep3-udp4/input.pcap" | sipfilter 'is_method("INVITE|BYE")' >in
	sipcap -r "$G/hep3-udp4/input.pcap" 'port 1' >none
	start_sink want
	sipdup --xheaders "udp:127.0.0.1:$port" <in
	stop_sink want
	closed_tcp_port
	[ "$(status sipdup --xheaders --spool spool "tcp:127.0.0.1:$port" <in)" = 1 ]
	start_collector got --raw --port "$port"
	sipdup --xheaders --spool spool "tcp:127.0.0.1:$port" <none
	stop_collector got
	xxd -r -p <want | cmp - got
}

@test "--from is where it comes from, over UDP and TCP" {
	input
	start_sink got
	hepsend --from 127.0.0.77 "udp:127.0.0.1:$port" <<<"$(: )" 2>err || true
	hlog -c x -w - text | hepsend --from 127.0.0.77 "udp:127.0.0.1:$port"
	stop_sink got
	grep -q 7f00004d got	# a log line shows the addresses of the packet itself
	start_collector tcp
	hlog -c x -w - text | hepsend --from 127.0.0.78 "tcp:127.0.0.1:$port"
	hlog -c x -w - text | hepsend --from-interface lo "tcp:127.0.0.1:$port"
	stop_collector tcp
	grep -q 7f00004e tcp
	[ "$(wc -l <tcp)" = 2 ]
	[ "$(hlog -c x -w - text | status hepsend --drain-time 100ms --from 192.0.2.1 "udp:127.0.0.1:$port")" = 1 ]
	grep -q 'cannot send from that address' err
}

@test "files for TLS that cannot be read are said at once, and nothing is tried" {
	for o in '--ca nowhere.pem' '--cert nowhere.pem' '--cert localhost.pem --cert-key nowhere.pem'; do
		: >localhost.pem
		# shellcheck disable=SC2086
		[ "$(status hepsend $o tls:127.0.0.1:9 </dev/null)" = 1 ] || { echo "$o"; return 1; }
		[ "$(cat err)" = "hepsend: $(sed 's/.*\(--[a-z-]*\) /\1: /' <<<"$o"): No such file or directory" ]
	done
}

@test "an empty destination is a usage error" {
	for o in '' '--failover' '--balance rr'; do
		# shellcheck disable=SC2086
		[ "$(status hepsend $o "" </dev/null)" = 2 ]
		grep -q 'no destination: write udp:HOST:PORT' err
	done
}

@test "options that contradict each other are usage errors" {
	for o in '--failover --balance rr udp:127.0.0.1:9' '--addressed --failover' '--cert-key x udp:127.0.0.1:9' \
		'--spool-drop newest udp:127.0.0.1:9' '--spool-max 2M udp:127.0.0.1:9' '-V 2 tcp:127.0.0.1:9' '-V 1 udp:127.0.0.1:9 sips:127.0.0.1' \
		'--spool s udp:127.0.0.1:9 hep:udp:127.0.0.1:9' '--rate 1 --speed 1x udp:127.0.0.1:9' '--rate 0 udp:127.0.0.1:9' '--speed x udp:127.0.0.1:9' '--spool s --queue 1M udp:127.0.0.1:9' '--spool s --on-full block udp:127.0.0.1:9' '--spool s --spool-max 10 udp:127.0.0.1:9' '--from nowhere udp:127.0.0.1:9'; do
		# shellcheck disable=SC2086
		[ "$(status hepsend $o </dev/null)" = 2 ] || { echo "$o"; return 1; }
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "a destination given twice has no two spools, and is said" {
	[ "$(status hepsend --spool s udp:127.0.0.1:9 hep:udp:127.0.0.1:9 </dev/null)" = 2 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'hep:udp:127.0.0.1:9: given twice (udp:127.0.0.1:9)' err
}

@test "blanks make no list of destinations" {
	[ "$(status hepsend "udp:127.0.0.1:9 udp:127.0.0.1:10" </dev/null)" = 2 ]
	[ "$(status sipfilter --to 'hep:udp:127.0.0.1 localhost:9' </dev/null)" = 2 ]
}

@test "a record's own destination that is none for these packets is counted" {
	input
	sipfilter --to hep:tcp:127.0.0.1:9 <in >to
	[ "$(status hepsend -V 2 --addressed --spool s --tee <to)" = 1 ]
	[ "$(ledger out send_failed)" = "$count" ]
	sums out
	grep -qE 'wrong destination.*|only UDP carries' err
	[ -z "$(ls s)" ]
}

@test "at the end a collector that breaks every connection is waited for as long as one that takes nothing" {
	input
	start_collector got --reset 1
	[ "$(status timeout 20 hepsend --spool spool --drain-time 500ms "tcp:127.0.0.1:$port" <in)" = 1 ]
	stop_collector got
	grep -q 'wait in the spool' err
}

@test "a file that is left at an interrupt: what was read of it is waited for" {
	input
	start_collector got
	hepsend --tee -w passed --rate 20 "tcp:127.0.0.1:$port" <in 2>err &
	local pid=$! status=0
	wait_for has_lines got 15	# then its system acknowledges with a delay
	kill -INT "$pid"
	wait "$pid" || status=$?
	stop_collector got
	tracecat -r passed >lines
	[ "$(wc -l <got)" = "$(wc -l <lines)" ]
	[ "$status" = 0 ] && [ "$(cat err)" = "hepsend: standard input: stopped by a signal before its end" ]
}

@test "HEP versions 1 and 2 go over UDP only" {
	local v
	for v in 1 2; do
		[ "$(status hepsend -V $v tcp:127.0.0.1:9 </dev/null)" = 2 ]
		[ "$(cat err)" = "hepsend: tcp:127.0.0.1:9: packets of HEP versions 1 and 2 do not say where they end: only UDP carries them" ]
	done
}

@test "packets that are HEP 1 and 2 already, or damaged, go over UDP and are counted for TCP" {
	input
	{ hepenc -V 1 <in; hepenc <in; } >mixed
	start_sink got
	udp=$port
	start_collector tcp
	[ "$(status hepsend "udp:127.0.0.1:$udp" "tcp:127.0.0.1:$port" --tee -r mixed)" = 1 ]
	stop_sink got
	stop_collector tcp
	expected
	cmp tcp want
	[ "$(wc -l <got)" = $((2 * count)) ]
	cmp <(tail -n "$count" got) want
	[ "$(ledger out send_failed)" = "$count" ]
	sums out
	[ "$(grep -c 'only UDP carries it' err)" = 1 ]
}
