#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sipcap --listen-hep, with real sockets and senders.
load common
load hep

client() { python3 "$TOP/tests/cli/hepclient.py" "$@"; }

# listen PROTO[,PROTO] [OPTION…]: a collector that writes ./out and ./err; the port of the first is then in $port, of the second in $port2.
listen() {
	local where=() p want=0
	for p in ${1//,/ }; do
		case $p in
		*:*) where+=(--listen-hep "$p") ;;
		*) where+=(--listen-hep "$p:127.0.0.1:0") ;;
		esac
		want=$((want + 1))
	done
	shift
	rm -f err	# of the one before, whose ports are others
	sipcap "${where[@]}" "$@" >out 2>err 3>&- &
	collector=$!
	wait_for said_ports "$want"
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' err | sed -n 1p)
	# shellcheck disable=SC2034
	port2=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' err | sed -n 2p)
}
said_ports() { [ "$(grep -cs 'listening on' err)" = "$1" ]; }

# stop [STATUS]: ends it as Ctrl-C does; its ledger adds up.
stop() {
	local s=0
	kill -INT "$collector" && wait "$collector" || s=$?
	[ "$s" = "${1:-0}" ] || { cat err; echo "status $s"; return 1; }
	tracecat --ledger -r out >ledger || { cat ledger; return 1; }
}

teardown() {
	[ -z "${collector:-}" ] || kill -KILL "$collector" 2>kill || true
}

counter() { awk -v u="$1" -v n="$2" '$1 == "sipcap" && $2 == u && $5 == n { v = $3 } END { print v + 0 }' ledger; }
counted() { [ "$(counter "$1" "$2")" = "$3" ] || { echo "$1 $2: $(counter "$1" "$2"), not $3"; cat ledger err; return 1; }; }

calls() { tracecat -o tsv -F callid -r "${1:-out}" | sort -V; }
numbers() { seq "$1" "$2" | sed 's/^/call/'; }

# What HEP carries of a record.
carried() { tracecat -o tsv -F id,time_ns,proto,src_ip,src_port,dst_ip,dst_port,kind,payload "$@"; }


module_packets() {	# FOLDER VERSION
	hep pcap "$G/$1/hep.pcap" | grep -v '^41434b20' >sent
	local proto=udp host=127.0.0.1
	case $1 in *udp6) proto=udp6 host='[::1]' ;; esac
	listen "udp:$host:0" -v
	client send $proto "$port" <sent
	stop
	counted packets "version_$2" "$(wc -l <sent)"
	counted packets hep "$(wc -l <sent)"
	sipcap -r "$G/$1/input.pcap" | tracecat -o tsv -F src_ip,src_port,dst_ip,dst_port,method,callid,cseq,payload | sort >wire
	tracecat -o tsv -F src_ip,src_port,dst_ip,dst_port,method,callid,cseq,payload -r out | sort >got
	# weird-hep: a request whose method holds a NUL, which is no SIP on the wire
	comm -23 got wire | grep -v weird-hep >wrong || true
	[ ! -s wrong ] && [ "$(wc -l <got)" -gt 15 ] || { head -n 3 wrong; return 1; }
}

@test "version 1 packets of the module over IPv4 are its messages" { module_packets hep1-udp4 1; }
@test "version 1 packets of the module over IPv6 are its messages" { module_packets hep1-udp6 1; }
@test "version 2 packets of the module over IPv4 are its messages" { module_packets hep2-udp4 2; }
@test "version 2 packets of the module over IPv6 are its messages" { module_packets hep2-udp6 2; }
@test "version 3 packets of the module over IPv4 are its messages" { module_packets hep3-udp4 3; }
@test "version 3 packets of the module over IPv6 are its messages" { module_packets hep3-udp6 3; }

@test "version 1 has no time: that of the receipt is taken" {
	hep pcap "$G/hep1-udp4/hep.pcap" | grep -v '^41434b20' | sed -n 1,3p >sent
	listen udp
	before=$(date +%s)
	client send udp "$port" <sent
	stop
	after=$(date +%s)
	tracecat -o tsv -F time_ns -r out | cut -c1-10 >times
	[ "$(wc -l <times)" = 3 ]
	while read -r t; do [ "$t" -ge "$before" ] && [ "$t" -le "$after" ]; done <times
}

@test "what hepsend sends arrives as it was, record ids and all" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	listen udp
	hepsend "udp:127.0.0.1:$port" <in
	stop
	[ "$(carried -r out | wc -l)" -gt 100 ]
	carried -r in | cmp - <(carried -r out)
}

@test "capture id, node and correlation id of the packet are the record's" {
	client make 1 first=5 >sent
	listen udp
	client send udp "$port" <sent
	stop
	[ "$(tracecat -o tsv -F capture_id,node,corr -r out)" = "$(printf '7\tedge\tcorr5')" ]
}

@test "--local says the direction, the place of the socket is the capture point" {
	client make 1 >sent
	listen udp,udp --local 192.0.2.2
	client send udp "$port2" <sent
	stop
	[ "$(tracecat -o tsv -F dir,capture_point -r out)" = "$(printf 'in\t1')" ]
}

@test "--xheaders makes duplicates that came as HEP the messages that were duplicated" {
	sipcap -r "$G/xheaders/dup.pcap" >dups
	listen udp --xheaders
	hepsend "udp:127.0.0.1:$port" <dups
	stop
	sipcap --xheaders -r "$G/xheaders/dup.pcap" 2>said | tracecat -o tsv -F id,time_ns,dir,src_ip,dst_ip,payload >want
	[ "$(wc -l <want)" -gt 10 ]
	tracecat -o tsv -F id,time_ns,dir,src_ip,dst_ip,payload -r out | cmp want -
}

@test "two hundred connections at a time, packets in pieces" {
	client make 2000 >sent
	listen tcp
	client send tcp "$port" conns=200 piece=97 <sent
	stop
	calls | cmp - <(numbers 0 1999)
	counted conns in 200
	counted conns closed 200
}

@test "byte by byte, and all in one write, is the same" {
	client make 50 >sent
	for piece in 1 1000000; do
		listen tcp
		client send tcp "$port" piece=$piece <sent
		stop
		calls | cmp - <(numbers 0 49)
	done
}

@test "a packet that the end of the connection cuts is lost, counted and said; the whole ones are not" {
	client make 10 >sent
	listen tcp
	client send tcp "$port" cut=1 <sent
	stop 1
	calls | cmp - <(numbers 0 8)
	counted packets cut 1
	grep -q 'ends within a packet' err
}

@test "whole packets before a reset are delivered" {
	client make 10 >sent
	listen tcp -c 10
	client send tcp "$port" reset <sent
	wait "$collector"
	calls | cmp - <(numbers 0 9)
}

@test "garbage ends its connection, behind whole packets too; others go on" {
	client make 10 >sent
	listen tcp
	printf 'GET / HTTP/1.0\r\n\r\n' | xxd -p | client send tcp "$port"
	client send tcp "$port" tail=XYZ <sent
	client make 10 first=10 | client send tcp "$port"
	stop
	calls | cmp - <(numbers 0 19)
	counted conns no_hep 2
	counted packets no_hep 2
	[ "$(grep -c 'no HEP version 3: connection closed' err)" = 1 ]
	grep -q 'connections that bring no HEP: 2 times in all' err
}

@test "half a packet and then nothing ends after --idle-timeout" {
	listen tcp --idle-timeout 1s
	[ "$(client half "$port")" -ge 1 ]
	client make 3 | client send tcp "$port"
	stop 1
	counted packets stalled 1
	counted conns stalled 1
	calls | cmp - <(numbers 0 2)
}

@test "at --max-connections silent ones make room" {
	listen tcp --max-connections 2
	mkfifo hold
	client stay "$port" 5 <hold >stayed 3>&- &
	local stayer=$!
	exec 5>hold
	closed() { [ "$(grep -c closed stayed)" = "$1" ]; }
	wait_for closed 3
	client make 10 | client send tcp "$port"
	wait_for closed 4
	exec 5>&-
	wait "$stayer"
	stop
	calls | cmp - <(numbers 0 9)
	counted conns evicted 4
}

@test "--auth-key-file: packets without the key are refused, by cause, and it is never said" {
	echo sesame >keyfile
	listen udp --auth-key-file keyfile -v
	client make 3 key=sesame | client send udp "$port"
	client make 2 first=10 key=Sesame | client send udp "$port"
	client make 4 first=20 | client send udp "$port"
	hep pcap "$G/hep2-udp4/hep.pcap" | sed -n 1p | client send udp "$port"
	stop
	calls | cmp - <(numbers 0 2)
	counted packets key_wrong 2
	counted packets key_missing 5
	! grep -qi sesame err
	! grep -qa sesame out
}

@test "compressed payloads in three forms" {
	for form in zlib gzip deflate; do
		listen udp,tcp
		client make 5 zip=$form | client send udp "$port"
		client make 5 zip=$form first=5 | client send tcp "$port2"
		stop
		calls | cmp - <(numbers 0 9)
		counted packets compressed 10
	done
}

@test "a compressed payload that is none is counted, not a crash" {
	client make 1 zip=zlib | sed 's/..........$/0000000000/' >sent
	listen udp
	client send udp "$port" <sent
	stop 1
	counted packets damaged_compressed 1
}

@test "datagrams that are no HEP are counted and left out, damaged HEP is lost" {
	listen udp
	printf 'hello' | xxd -p | client send udp "$port"
	printf 'HEP3' | xxd -p | client send udp "$port"
	client make 1 | client send udp "$port"
	stop 1
	counted packets no_hep 1
	counted packets damaged 1
	counted packets hep 1
	grep -q 'a packet that is no HEP' err
}

@test "Ctrl-C loses nothing that has arrived, whoever is slow" {
	client make 3000 >sent
	mkfifo slow
	exec 6<>slow
	sipcap --listen-hep udp:127.0.0.1:0 -w slow 2>err 3>&- &
	collector=$!
	wait_for said_ports 1
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' err)
	client send udp "$port" <sent
	kill -INT "$collector"
	tracecat -o tsv -F callid <slow >got 6<&- &
	local reader=$!
	exec 6>&-
	wait "$collector"
	wait "$reader"
	[ "$(wc -l <got)" = 3000 ]
}

@test "what the kernel drops is counted and said" {
	client make 2000 >sent
	listen udp -B 64k
	kill -STOP "$collector"
	client send udp "$port" <sent
	kill -CONT "$collector"
	stop 1
	[ "$(counter packets in)" = 2000 ]
	[ "$(counter packets kernel_drops)" -gt 100 ]
	[ "$(counter packets hep)" -gt 10 ]
	grep -q "$(counter packets kernel_drops) datagrams dropped by the kernel" err
}

@test "-c stops, HUP makes a new file" {
	listen udp -c 3
	client make 5 | client send udp "$port"
	wait "$collector"
	[ "$(calls | wc -l)" = 3 ]
	listen udp -w a.trace
	client make 1 | client send udp "$port"
	wait_for test -s a.trace
	mv a.trace b.trace
	kill -HUP "$collector"
	wait_for test -e a.trace
	client make 1 first=1 | client send udp "$port"
	kill -INT "$collector"
	wait "$collector"
	[ "$(calls b.trace)" = call0 ]
	[ "$(calls a.trace)" = call1 ]
}

@test "a record comes out at once, and the stream is live" {
	mkfifo pipe
	exec 6<>pipe
	sipcap --listen-hep udp:127.0.0.1:0 2>err >pipe 3>&- 6>&- &
	collector=$!
	wait_for said_ports 1
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' err)
	client make 1 | client send udp "$port"
	tracecat <pipe >got 6>&- 3>&- &
	local reader=$!
	wait_for test -s got
	kill -INT "$collector"
	exec 6>&-
	wait "$collector"
	wait "$reader"
	grep -q OPTIONS got
	listen udp
	stop
	[ "$(xxd -s 26 -l 1 -p out)" = 01 ]	# trace-stream(5): flags
}

@test "a small Homer: from hepsend into a database, and the call back out" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	mkfifo pipe
	tracedb insert -d sqlite:homer.db <pipe 3>&- &
	local homer=$!
	sipcap --listen-hep udp:127.0.0.1:0 2>err >pipe 3>&- &
	collector=$!
	wait_for said_ports 1
	port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' err)
	hepsend "udp:127.0.0.1:$port" <in
	kill -INT "$collector"
	wait "$collector"
	wait "$homer"
	tracedb query -d sqlite:homer.db >back
	carried -r in | sort | cmp - <(carried -r back | sort)
}

@test "what cannot be is said: exit 2" {
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 -r x)" = 2 ]
	grep -q 'goes with neither -r nor -i' err
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 -i lo)" = 2 ]
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 port 5060)" = 2 ]
	grep -q 'use sipfilter' err
	[ "$(status sipcap --listen-hep 127.0.0.1:0)" = 2 ]
	[ "$(status sipcap --listen-hep udp:127.0.0.1)" = 2 ]
	[ "$(status sipcap --listen-hep tls:127.0.0.1:0)" = 2 ]
	grep -q 'needs --cert' err
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 --cert x)" = 2 ]
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 --max-connections 0)" = 2 ]
	[ "$(status sipcap -r x --auth-key-file y)" = 2 ]
	grep -q -- '--auth-key-file is for --listen-hep' err
	[ "$(status sipcap -r x --idle-timeout 3s)" = 2 ]
}

@test "what cannot be opened is said: exit 1" {
	listen udp,tcp
	[ "$(status sipcap --listen-hep "udp:127.0.0.1:$port")" = 1 ]
	grep -q 'already in use' err
	[ "$(status sipcap --listen-hep "tcp:127.0.0.1:$port2")" = 1 ]
	grep -q 'already in use' err
	[ "$(status sipcap --listen-hep udp:192.0.2.77:0)" = 1 ]
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 --auth-key-file none)" = 1 ]
	: >empty
	[ "$(status sipcap --listen-hep udp:127.0.0.1:0 --auth-key-file empty)" = 1 ]
	[ "$(status sipcap --listen-hep tls:127.0.0.1:0 --cert none.pem)" = 1 ]
	grep -q 'none.pem' err
}

# An authority, a server and a client with certificates of it, and a client of another.
certificates() {
	local who
	for who in ca other; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$who" -keyout $who.key -out $who.pem
	done
	for who in server client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$who" -keyout $who.key -out $who.csr
		openssl x509 -req -days 2 -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $who.crt
		cat $who.crt $who.key >$who.pem
	done
	cat other.key >>other.pem
} 2>certificates

@test "TLS: packets in pieces over many connections" {
	certificates
	client make 500 >sent
	listen tls --cert server.crt --cert-key server.key
	client send tls "$port" ca=ca.pem conns=20 piece=97 <sent
	client make 500 first=500 | client send tls "$port" ca=ca.pem
	stop
	calls | cmp - <(numbers 0 999)
	counted conns closed 21
}

@test "TLS: whole packets before a reset are delivered, a cut one is counted" {
	certificates
	client make 20 >sent
	listen tls --cert server.pem
	client send tls "$port" ca=ca.pem reset cut=5 <sent
	ended() { kill -USR1 "$collector"; grep -q 'conns_reset=1' err; }
	wait_for ended
	stop 1
	calls | cmp - <(numbers 0 18)
	counted packets cut 1
}

@test "TLS: --client-ca takes only those that it certified" {
	certificates
	listen tls --cert server.pem --client-ca ca.pem
	client make 5 | client send tls "$port" ca=ca.pem cert=client.pem
	client make 5 first=5 | client send tls "$port" ca=ca.pem
	client make 5 first=10 | client send tls "$port" ca=ca.pem cert=other.pem
	stop
	calls | cmp - <(numbers 0 4)
	counted conns handshake_failed 2
	grep -q 'handshake: ' err
}

@test "TLS: who speaks none, goes away or stalls within the handshake does no harm" {
	certificates
	listen tls --cert server.pem --idle-timeout 1s
	client make 3 | client send tcp "$port"
	client hello "$port"
	[ "$(client half "$port")" -ge 0 ]
	mkfifo hold
	client stay "$port" 3 <hold >stayed 3>&- &
	local stayer=$!
	exec 5>hold
	closed() { [ "$(grep -c closed stayed)" = "$1" ]; }
	wait_for closed 3
	exec 5>&-
	wait "$stayer"
	client make 5 | client send tls "$port" ca=ca.pem
	stop
	calls | cmp - <(numbers 0 4)
	counted conns stalled 3
	counted conns in 106
}

@test "TLS: a wrong certificate or key is said" {
	certificates
	[ "$(status sipcap --listen-hep tls:127.0.0.1:0 --cert server.crt)" = 1 ]
	grep -q 'server.crt: no key' err
	[ "$(status sipcap --listen-hep tls:127.0.0.1:0 --cert server.crt --cert-key client.key)" = 1 ]
	[ "$(status sipcap --listen-hep tls:127.0.0.1:0 --cert server.pem --client-ca server.csr)" = 1 ]
	grep -q 'server.csr' err
}

@test "a wrong place to listen at: the line says how it is written" {
	[ "$(status sipcap --listen-hep udp:9060)" = 2 ]
	[ "$(cat err)" = 'sipcap: --listen-hep udp:9060: write HOST:PORT behind udp:, with a port from 0 to 65535' ]
	[ "$(status sipcap --listen-hep upd:127.0.0.1:9060)" = 2 ]
	grep -q 'begins with none of udp:, tcp:, tls:' err
}
