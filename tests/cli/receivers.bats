#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Receivers that others wrote get our packets and must say of them what we say of the records: Kamailio's sipcapture, sngrep, hep-js.
load common
load hep
load kamailio

V4=$G/../../../share/sample.pcap	# every kind of dialog, UDP
V6=$G/hep3-udp6/input.pcap
TCP=$G/hep3-tcp4/input.pcap

teardown() {
	stop_kamailios
	stop_peers
}

# ours COLUMN…: what we say of the records in ./in.
ours() { tracecat -r in -o json | python3 "$TOP/tests/cli/records.py" "$@"; }

count() { tracecat -r in -o tsv -F id | wc -l; }
lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# start_peer NAME COMMAND…: in the background, for at most a minute. Its standard error goes to NAME.log.
start_peer() {
	local name=$1
	shift
	timeout 60 "$@" 2>"$name.log" </dev/null 3>&- &
	echo $! >"$name.peer"
}
stop_peer() {
	local pid
	pid=$(cat "$1.peer")
	rm "$1.peer"
	kill -TERM "$pid" 2>/dev/null || true
	wait "$pid" || true
}
stop_peers() {
	local f
	for f in *.peer; do
		[ ! -e "$f" ] || stop_peer "${f%.peer}"
	done
}

# start_sipcapture [OPTION…]: Kamailio as a HEP collector, whose rows are in capture.db.
start_sipcapture() {
	rm -f capture.db*
	sqlite3 capture.db <"$TOP/tests/cli/sipcapture.sql" >/dev/null
	start_kamailio k "$TOP/tests/cli/sipcapture.cfg" "$@"
}

# select_from TABLE EXPRESSION…: what sipcapture stored, in the order in which it came.
select_from() {
	local table=$1 IFS=,
	shift
	sqlite3 -separator $'\t' capture.db "SELECT $* FROM $table ORDER BY id"
}
has_rows() { [ "$(select_from "$1" id | wc -l)" -ge "$2" ]; }

# captured OPTION…: ./in goes to Kamailio by hepsend with these options.
captured() {
	start_sipcapture
	hepsend "$@" "udp:127.0.0.1:$port" <in
	wait_for has_rows sip_capture "$(count)"
	stop_kamailio k
}

# What sipcapture says as records.py does. `node` of it is its own name and the capture id.
THEIRS=(micro_ts source_ip source_port destination_ip destination_port "CASE proto WHEN 1 THEN 'udp' ELSE 'tcp' END" method callid
	"correlation_id" "lower(hex(msg))")
OURS=(time src sport dst dport proto first callid corr_or_callid bytes)

same_as_kamailio() {
	select_from sip_capture "${THEIRS[@]}" >theirs
	ours "${OURS[@]}" >ours
	[ "$(wc -l <ours)" -ge 60 ] && cmp ours theirs
}

nodes_are() { [ "$(select_from sip_capture node | sort -u)" = "$1" ]; }

@test "Kamailio's sipcapture stores version 3 over IPv4 as we sent it" {
	sipcap -r "$V4" >in
	captured -i 234 -k "$KEY"
	same_as_kamailio
	nodes_are here:234
}

@test "Kamailio's sipcapture stores version 3 over IPv6 as we sent it, capture ids of 32 bits too" {
	sipcap -r "$V6" >in
	captured -i 4000000000
	same_as_kamailio
	nodes_are here:4000000000
}

@test "Kamailio's sipcapture stores messages that went over TCP as TCP" {
	sipcap -r "$TCP" >in
	captured
	same_as_kamailio
	cut -f 6 ours | sort -u | grep -qx tcp
}

@test "Kamailio's sipcapture stores version 2 as we sent it" {
	for c in "$V4" "$V6" "$TCP"; do
		sipcap -r "$c" >in
		captured -V 2 -i 234
		same_as_kamailio
		nodes_are here:234
	done
}

@test "Kamailio's sipcapture stores version 1 as we sent it, with the time of its arrival" {
	for c in "$V4" "$V6" "$TCP"; do
		sipcap -r "$c" >in
		captured -V 1
		select_from sip_capture "${THEIRS[@]:1}" >theirs
		ours "${OURS[@]:1}" >ours
		[ -s ours ] && cmp ours theirs
	done
}

@test "Kamailio's sipcapture stores what we sent it over TCP" {
	for c in "$V4" "$V6" "$TCP"; do
		sipcap -r "$c" | sipfilter -c 'leg/$ci' >in
		start_sipcapture -A TCP
		hepsend -i 70000 "tcp:127.0.0.1:$port" <in
		wait_for has_rows sip_capture "$(count)"
		stop_kamailio k
		same_as_kamailio
		nodes_are here:70000
	done
}

@test "Kamailio's sipcapture stores the correlation id of every message" {
	sipcap -r "$V4" | sipfilter -c 'leg/$ci' >in
	captured
	same_as_kamailio
	[ "$(select_from sip_capture correlation_id | grep -c '^leg/')" = "$(count)" ]
}

@test "Kamailio's sipcapture stores hepenc's packets as hepsend's" {
	sipcap -r "$V4" >in
	start_sipcapture
	hepenc -i 7 <in | hepsend "udp:127.0.0.1:$port"
	wait_for has_rows sip_capture "$(count)"
	stop_kamailio k
	same_as_kamailio
	nodes_are here:7
}

@test "Kamailio's sipcapture stores log lines in a table of their own, with their correlation id" {
	start_sipcapture
	hlog -c call-1@test "udp:127.0.0.1:$port" "dialplan chose route 7"
	seq 30 | hlog -c call-2@test "udp:127.0.0.1:$port"
	wait_for has_rows logs_capture 31
	stop_kamailio k
	[ "$(select_from sip_capture id | wc -l)" = 0 ]
	[ "$(select_from logs_capture type correlation_id msg | head -n 1)" = $'5\tcall-1@test\tdialplan chose route 7' ]
	[ "$(select_from logs_capture msg | tail -n +2)" = "$(seq 30)" ]
	[ "$(select_from logs_capture destination_ip destination_port | sort -u)" = "127.0.0.1"$'\t'"$port" ]
}

# sngrep_got VERSION SETTING OPTION…: ./in goes to sngrep by hepsend with these options; what it wrote is in got.pcap. In this release it
# listens for one version of HEP, named in its settings.
sngrep_got() {
	local version=$1 setting=$2 try
	shift 2
	printf 'set eep.listen.version %s\n%s\n' "$version" "$setting" >rc
	for try in 1 2 3; do
		port=$(kamailio_py port)
		start_peer sngrep sngrep -N -F -f rc -L "udp:127.0.0.1:$port" -O got.pcap >sngrep.out
		wait_for listens_or_ended
		listens && break	# else somebody took the port meanwhile
	done
	hepsend "$@" "udp:127.0.0.1:$port" <in
	wait_for took "$(count)"
	stop_peer sngrep
}
listens() { [ -n "$(ss -Hlnu "sport = :$port")" ]; }
listens_or_ended() { listens || ! kill -0 "$(cat sngrep.peer)" 2>/dev/null; }
took() { [ "$(tshark -r got.pcap 2>/dev/null | wc -l)" -ge "$1" ]; }

# What is in sngrep's capture, read by tshark.
sngrep_says() {
	tshark -r got.pcap -T fields -E separator=/t -e frame.time_epoch "$@" 2>/dev/null | sed 's/\.\([0-9]\{6\}\)[0-9]*/\1/'
}

@test "sngrep shows version 3 as we sent it" {
	sipcap -r "$V4" >in
	sngrep_got 3 '' -i 234
	sngrep_says -e ip.src -e udp.srcport -e ip.dst -e udp.dstport -e udp.payload >theirs
	ours time src sport dst dport bytes >ours
	[ -s ours ] && cmp ours theirs
}

@test "sngrep joins our messages to dialogs as the Call-IDs say" {
	sipcap -r "$V4" >in
	sngrep_got 3 ''
	[ "$(tr '\r' '\n' <sngrep.out | sed -n 's/Dialog count: //p' | tail -n 1)" = "$(ours callid | sort -u | wc -l)" ]
}

# It reads IPv6 addresses but writes none: the capture has 0.0.0.0 instead.
@test "sngrep shows version 3 with IPv6 addresses as we sent it" {
	sipcap -r "$V6" >in
	sngrep_got 3 ''
	sngrep_says -e udp.srcport -e udp.dstport -e udp.payload >theirs
	ours time sport dport bytes >ours
	[ -s ours ] && cmp ours theirs
}

# What it writes of version 2 is its whole buffer, of which the message is the front.
@test "sngrep shows version 2 as we sent it" {
	sipcap -r "$V4" >in
	sngrep_got 2 '' -V 2
	sngrep_says -e ip.src -e udp.srcport -e ip.dst -e udp.dstport -e udp.payload >raw
	ours time src sport dst dport bytes >ours
	awk -F '\t' -v OFS='\t' 'NR == FNR { n[FNR] = length($6); next } { $6 = substr($6, 1, n[FNR]); print }' ours raw >theirs
	[ -s ours ] && cmp ours theirs
}

@test "sngrep with a password takes our packets with that key" {
	sipcap -r "$V4" >in
	sngrep_got 3 'set eep.listen.pass sesame' -k sesame
	sngrep_says -e udp.payload >theirs
	ours time bytes >ours
	[ -s ours ] && cmp ours theirs
}

# hepjs_got ADDRESS OPTION…: ./in goes to hep-js by hepsend with these options; what it says is in the file theirs.
hepjs_got() {
	local host=$1
	start_peer hepjs node "$TOP/tests/cli/hepjs.js" portfile "$1" >theirs
	shift
	wait_for test -e portfile
	case $host in *:*) host=[$host] ;; esac
	hepsend "$@" "udp:$host:$(cat portfile)" <in
	wait_for lines theirs "$(count)"
	stop_peer hepjs
}
# columns FIRST,…: of what hep-js said.
columns() { cut -f "$1" theirs; }

@test "hep-js decodes addresses, times, ids, key and message as we sent them" {
	sipcap -r "$V4" | sipfilter -c 'leg/$ci' >in
	hepjs_got 127.0.0.1 -i 4000000000 -k "$KEY"
	ours time src sport dst dport corr bytes >ours
	columns 1,2,3,4,5,8,12 | cmp ours -
	[ "$(columns 6,7,10,11 | sort -u)" = $'17\t4000000000\t'"$KEY"$'\t1' ]
}

@test "hep-js decodes packets of IPv6 messages, sent over IPv6, but for the addresses that it cannot read" {
	sipcap -r "$V6" >in
	hepjs_got ::1
	ours time sport dport bytes >ours
	[ -s ours ] && columns 1,3,5,12 | cmp ours -
}

@test "hep-js decodes messages that went over TCP as TCP" {
	sipcap -r "$TCP" >in
	hepjs_got 127.0.0.1
	ours time src sport dst dport bytes >ours
	columns 1,2,3,4,5,12 | cmp ours -
	[ "$(columns 6 | sort -u)" = 6 ]
}

@test "hep-js decodes log lines with their correlation id" {
	seq 30 | hlog -c call-2@test -w - >in
	hepjs_got 127.0.0.1
	[ "$(columns 12 | while read -r b; do xxd -r -p <<<"$b"; echo; done)" = "$(seq 30)" ]
	[ "$(columns 8,11 | sort -u)" = $'call-2@test\t100' ]
}

@test "hep-js decodes node names and chunks of other vendors" {
	sipcap -r "$V4" >in
	hepjs_got 127.0.0.1 --node tower --vendor 9:0x100=text
	ours bytes >ours
	columns 12 | cmp ours -
	[ "$(columns 9,13 | sort -u)" = $'tower\ttext' ]
}
