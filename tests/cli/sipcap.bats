#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common

capture() { python3 "$TOP/tests/cli/capture.py" "$1"; }

# What every capture of the same messages has in common, whatever carried them.
messages() { tracecat -o tsv -F src_ip,dst_ip,callid,cseq,status,payload "$@"; }

counter() {	# RECORDS UNIT NAME: its value in the ledger
	tracecat --ledger -r "$1" | awk -v u="$2" -v n="$3" '$1 == "sipcap" && $2 == u && $5 == n { print $3 }'
}

@test "the same messages come out of datagrams, joined datagrams, VLANs, fragments and TCP, however it is cut" {
	capture udp | sipcap | messages >want
	[ "$(wc -l <want)" = 40 ]
	for how in joined tagged fragments fragments-shuffled tcp tcp-1460 tcp-1 tcp-wrap tcp-shuffled tcp-keepalives tcp-midstream; do
		capture $how | sipcap | messages | cmp want - || { echo "$how"; return 1; }
	done
}

@test "pcap, pcapng, gzip and zstd, from a file, a pipe and a redirection are one" {
	capture udp >a.pcap
	editcap -F pcapng a.pcap a.pcapng
	sipcap -r a.pcap | tracecat -o json >want
	for f in a.pcap a.pcapng; do
		gzip -k $f
		zstd -q $f
		for g in $f $f.gz $f.zst; do
			sipcap -r $g | tracecat -o json | cmp want -
			sipcap <$g | tracecat -o json | cmp want -
			cat $g | sipcap -r - | tracecat -o json | cmp want -
		done
	done
}

@test "the same capture gives the same bytes, today and tomorrow" {
	capture udp >a.pcap
	sipcap -r a.pcap >one
	sipcap -r a.pcap >two
	cmp one two
}

@test "files are merged by time, and one cut in two is the whole" {
	capture udp >a.pcap
	editcap -r a.pcap odd.pcap $(seq 1 2 39)
	editcap a.pcap even.pcap $(seq 1 2 39)
	sipcap -r a.pcap | tracecat -o tsv -F time_ns,payload >want
	sipcap -r even.pcap -r odd.pcap | tracecat -o tsv -F time_ns,payload | cmp want -
	sipcap -r odd.pcap -r even.pcap.none 2>err && return 1
	grep -q 'even.pcap.none: No such file' err
}

@test "a message over several packets has the time of its last one" {
	capture fragments | sipcap -c 1 | tracecat -F time >got
	n=$(capture fragments | tcpdump -n -r - 2>/dev/null | awk '{ n++ } /offset 0|ip-proto-17/ { } 1' | grep -n . | wc -l)
	[ "$n" -gt 100 ]
	grep -q '^[2-9]' got
	! capture udp | sipcap -c 1 | tracecat -F time | cmp -s got -
}

@test "-c stops after so many messages" {
	[ "$(capture udp | sipcap -c 7 | tracecat | wc -l)" = 7 ]
	capture udp | sipcap -c 7 -w seven
	[ "$(counter seven messages out)" = 7 ]
}

@test "what the capture cut is marked, with the length it had" {
	capture short | sipcap | tracecat -o tsv -F orig_len,callid >got
	capture udp | sipcap | tracecat -o json | jq -r '.payload | length' >want
	cut -f 1 got | cmp want -
}

@test "what is no SIP is counted, not an error; the ledger adds up; -v says it" {
	capture noise >n.pcap
	[ "$(status sipcap -v -r n.pcap -w n.trace)" = 0 ]
	[ "$(counter n.trace packets in)" = 12 ]
	[ "$(counter n.trace packets sip)" = 1 ]
	[ "$(counter n.trace packets icmp_quoted_sip)" = 1 ]
	[ "$(counter n.trace packets keepalives)" = 1 ]
	[ "$(counter n.trace packets not_ip)" = 1 ]
	[ "$(counter n.trace packets other_protocol)" = 1 ]
	[ "$(counter n.trace packets no_sip)" = 3 ]
	[ "$(counter n.trace packets tcp_control)" = 2 ]
	[ "$(counter n.trace packets undecodable_cut)" = 1 ]
	[ "$(counter n.trace packets undecodable_ip)" = 1 ]
	grep -q '^sipcap: packets undecodable_cut: 1$' err
	! tracecat --ledger -r n.trace | grep -i 'does not'
}

@test "--local gives the direction" {
	capture udp | sipcap --local 192.0.2.1 | tracecat -F dir | sort | uniq -c | grep -q '40 out'
	capture udp | sipcap --local 192.0.2.2/32:5060 | tracecat -F dir | sort | uniq -c | grep -q '40 in'
	[ "$(capture udp | sipcap --local 192.0.2.0/24 | tracecat -o json | jq -r '.dir // ""' | sort -u | tr -d '\n')" = "" ]
	[ "$(status sipcap --local nonsense -r x)" = 2 ]
	grep -q -- '--local' err
}

@test "a filter is pcap's, and fragments survive it" {
	[ "$(capture udp | sipcap src host 192.0.2.1 | tracecat | wc -l)" = 40 ]
	[ "$(capture udp | sipcap src host 192.0.2.2 | tracecat | wc -l)" = 0 ]
	[ "$(capture fragments | sipcap udp port 5060 | tracecat | wc -l)" = 40 ]
	capture udp | sipcap -w none.trace not udp
	[ "$(counter none.trace packets filtered)" = 40 ]
}

@test "a wrong filter: one line, exit 2, before anything is read or written" {
	[ "$(status sipcap -r none.pcap -w none.trace udp and and)" = 2 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'udp and and' err
	[ ! -e none.trace ]
}

@test "--explain prints the filter that would be used" {
	sipcap --explain port 5060 | grep -q 'port 5060'
	sipcap --explain -i eth0 | grep -q 'udp\[8\]'
	sipcap --explain -r x.pcap | grep -qx 'all packets'
}

@test "a truncated capture: all before the cut, one line, exit 1" {
	capture udp >a.pcap
	for cut in 1 100 500; do
		head -c -$cut a.pcap >cut.pcap
		[ "$(status sipcap -r cut.pcap -w cut.trace)" = 1 ]
		[ "$(wc -l <err)" = 1 ]
		grep -q 'cut.pcap: truncated' err
		[ "$(tracecat -r cut.trace | wc -l)" = "$((cut < 400 ? 39 : 38))" ]
	done
}

@test "one damaged file of several: the others are read to their end, exit 1" {
	capture udp >a.pcap
	head -c 30 a.pcap >b.pcap
	[ "$(status sipcap -r b.pcap -r a.pcap -w c.trace)" = 1 ]
	[ "$(tracecat -r c.trace | wc -l)" = 40 ]
}

@test "an empty file, a directory, no file, garbage: one line, exit 1" {
	: >empty
	head -c 5000 /dev/urandom >garbage
	printf 'GIF8' | cat - garbage >gif
	mkdir dir
	for f in empty dir none gif; do
		[ "$(status sipcap -r $f -w out.trace)" = 1 ]
		[ "$(wc -l <err)" = 1 ] || { cat err; return 1; }
		grep -q "^sipcap: $f: " err
	done
}

@test "usage: -r with -i, a wrong -s, a wrong -B: exit 2" {
	[ "$(status sipcap -r a -i lo)" = 2 ]
	[ "$(status sipcap -i lo -s 0)" = 2 ]
	[ "$(status sipcap -i lo -B 1)" = 2 ]
	[ "$(status sipcap -i no-such-interface)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	grep -q 'no-such-interface' err
}

@test "Ctrl-C in the middle of a capture while the reader is slow: a stream with its end, exit 0" {
	capture many >many.pcap
	mkfifo from to
	exec 6<>from
	sipcap -r from >to 2>cap.err &
	pid=$!
	exec 5<to
	cat many.pcap >&6 &
	feeder=$!
	head -c 1000 <&5 >first
	wait_for grep -q '^State:.S' "/proc/$pid/status"	# the pipe is full
	kill -INT "$pid"
	! timeout 1 tail --pid="$pid" -f /dev/null	# it does not go before its reader has all
	cat first - <&5 >all.trace
	s=0
	wait "$pid" || s=$?
	kill "$feeder" 2>/dev/null || true
	exec 6>&- 5<&-
	[ "$s" = 0 ]
	[ ! -s cap.err ]
	[ "$(status tracecat -r all.trace)" = 0 ]	# its end frame is there, and counts right
	n=$(wc -l <out)
	[ "$n" -gt 0 ] && [ "$n" -lt 20000 ]
	[ "$n" = "$(counter all.trace messages out)" ]
}

@test "what came in through a pipe goes out before the next read blocks" {
	mkfifo in
	sipcap -r in -w out.trace &
	pid=$!
	exec 5>in
	capture udp >&5
	wait_for eval '[ "$(tracecat -r out.trace 2>/dev/null | wc -l)" = 40 ]'
	exec 5>&-
	wait "$pid"
	[ "$(tracecat -r out.trace | wc -l)" = 40 ]
}

# ns COMMAND…: in a network namespace of this test's own, where lo is up.
ns() { ip netns exec "st$$" "$@"; }

@test "live: datagrams on lo and any, one TCP call, no RTP, the ledger once a second" {
	ip netns add "st$$"
	ns ip link set lo up
	cat >talk.py <<-'END'
		import socket, sys, time
		sys.path.insert(0, sys.argv[1]); sys.argv = ["", "noise"]
		import io; sys.stdout = io.TextIOWrapper(io.BytesIO())
		import capture as c
		u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0)); port = u.getsockname()[1]
		s6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
		listener = socket.socket(); listener.bind(("127.0.0.1", 5060)); listener.listen()
		t = socket.create_connection(("127.0.0.1", 5060))
		for i in range(10):
		    u.sendto(c.request(i), ("127.0.0.1", port))
		    u.sendto(b"\x80\x08rtp" * 10, ("127.0.0.1", port))
		u.sendto(c.request(10, "x" * 60000), ("127.0.0.1", port))
		s6.sendto(c.request(11), ("::1", 9999))
		t.sendall(c.request(12) + c.request(13)[:50]); t.sendall(c.request(13)[50:]); t.close()
	END
	for iface in lo any; do
		ns "$TOP/$B/bin/sipcap" -i $iface -c 14 -w $iface.trace 2>$iface.err &
		pid=$!
		wait_for test -s $iface.trace	# a snapshot comes once a second: it is capturing
		ns python3 talk.py "$TOP/tests/cli"
		s=0
		wait "$pid" || s=$?
		[ "$s" = 0 ] || { cat $iface.err; ip netns del "st$$"; return 1; }
	done
	ip netns del "st$$"
	for iface in lo any; do
		tracecat -F callid -r $iface.trace | sort -V >got
		seq -f 'call%g' 0 13 | cmp - got
		[ "$(counter $iface.trace packets no_sip)" = "" ] || [ "$(counter $iface.trace packets no_sip)" -le 2 ]
		[ "$(tracecat -o json -r $iface.trace | jq -s 'map(select(.callid == "call10")) | .[0].payload | length')" -gt 60000 ]
		! tracecat --ledger -r $iface.trace | grep -i 'does not'
	done
}

@test "live: TERM ends the stream in order; a quiet interface still tells the time" {
	ip netns add "sq$$"
	ip netns exec "sq$$" ip link set lo up
	ip netns exec "sq$$" "$TOP/$B/bin/sipcap" -i lo >q.trace 2>q.err &
	pid=$!
	wait_for eval '[ "$(stat -c %s q.trace)" -gt 3000 ]'
	kill -TERM "$pid"
	s=0
	wait "$pid" || s=$?
	ip netns del "sq$$"
	[ "$s" = 0 ]
	[ "$(status tracecat -r q.trace)" = 0 ]
}

teardown() {
	local n
	for n in a b; do
		[ ! -e "/run/netns/v$n$$" ] || ip netns del "v$n$$"
	done
}

@test "live: VLAN tags and QinQ between two namespaces, the direction from the host's own addresses" {
	for n in a b; do ip netns add "v$n$$"; done
	ip -n "va$$" link add t0 type veth peer name t0 netns "vb$$"
	for n in a b; do ip -n "v$n$$" link set t0 up; done
	ip -n "vb$$" addr add 10.1.0.2/24 dev t0
	ip netns exec "vb$$" "$TOP/$B/bin/sipcap" -i t0 -c 3 -w v.trace 2>v.err &
	pid=$!
	wait_for test -s v.trace
	# Frames byte by byte: untagged, one tag, two tags, the last one to somebody else.
	ip netns exec "va$$" python3 - <<-'PY'
		import socket, struct
		def frame(tags, dst):
		    sip = b"OPTIONS sip:b SIP/2.0\r\nCall-ID: v\r\n\r\n"
		    udp = struct.pack(">HHHH", 5060, 5060, len(sip) + 8, 0) + sip
		    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, len(udp) + 20, 1, 0, 64, 17, 0, bytes([10, 1, 0, 1]), bytes(dst)) + udp
		    return b"\xff" * 6 + b"\2\0\0\0\0\1" + b"".join(struct.pack(">HH", *t) for t in tags) + b"\x08\x00" + ip
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("t0", 0))
		s.send(frame([], [10, 1, 0, 2]))
		s.send(frame([(0x8100, 7)], [10, 1, 0, 2]))
		s.send(frame([(0x88a8, 7), (0x8100, 9)], [10, 1, 0, 3]))
	PY
	s=0
	wait "$pid" || s=$?
	[ "$s" = 0 ] || { cat v.err; return 1; }
	tracecat -o tsv -F vlan,dst_ip,dir -r v.trace >got
	printf '%s\n' '-	10.1.0.2	in' '7	10.1.0.2	in' '7,9	10.1.0.3	-' >want
	diff want got
}

@test "a file named without -r, a name that is no interface: one line that says what to do" {
	[ "$(status sipcap "$TOP/share/sample.pcap")" = 2 ]
	grep -q -- '-r reads a file' err
	[ "$(wc -l <err)" = 1 ]
	[ "$(status sipcap -i no-such-if)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	[ "$(grep -o 'No such device' err | wc -l)" = 1 ]
}

@test "a long read shows its progress on a terminal, and only there" {
	capture many >many.pcap
	set --
	for _ in $(seq 12); do set -- "$@" -r many.pcap; done
	python3 "$TOP/tests/cli/terminal.py" stderr sipcap "$@" >seen
	grep -aqE '[0-9]+ of [0-9]+ MiB, [0-9]+ messages, [0-9]+/s, [0-9]+ s left' seen
	sipcap "$@" 2>err >/dev/null
	[ ! -s err ]
}
