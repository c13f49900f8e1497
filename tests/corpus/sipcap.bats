#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sipcap on every capture of the corpus, against what an independent decoder sees in it.
load ../cli/common

# ours FILE: time, addresses, ports, transport, method or status, Call-ID, CSeq of every message, sorted. As expected/*.tsv but for
# the frame number, which records do not have.
ours() {
	sipcap -r "$1" | tracecat -o tsv -F time,src_ip,src_port,dst_ip,dst_port,proto,status,method,callid,cseq |
		awk -F '\t' -v OFS='\t' '{ m = $7 != "-" ? $7 : $8; print $1, $2, $3, $4, $5, $6, m, $9, $10 }' | LC_ALL=C sort
}

theirs() {
	local n
	n=$(basename "$1" .gz)
	cut -f 2- "$CORPUS/captures/expected/${n%.pcap*}.tsv" | LC_ALL=C sort
}

# same FILE [COMMAND…]: both alike, after COMMAND has filtered each of them.
same() {
	local f=$1
	shift
	[ $# -gt 0 ] || set -- cat
	ours "$f" | "$@" >ours
	theirs "$f" | "$@" >theirs
	diff theirs ours >difference || { echo "$f"; cat difference; return 1; }
}

# without TIME…: the messages of other times.
without() {
	grep -vF -f <(printf '%s\n' "$@") || true
}

# ledger FILE: "unit class counter value" of each counter, tab-separated. The damaged capture's too.
ledger() {
	{ sipcap -r "$1" 2>err || [ $? = 1 ]; } | tracecat --ledger | awk -v OFS='\t' '$1 == "sipcap" && NF == 5 && $3 ~ /^[0-9]+$/ { print $2, $4, $5, $3 }'
}

# Captures with tests of their own below.
SPECIAL="damaged-mixed-endian.pcap udp-fuzzed-big-endian.pcap udp-exploit-reinvite.pcap udp-icmp-and-fragments.pcapng
	ws-udp-gateway.pcap gtp-ims-call-tcp-frag.pcapng gtp-ims-register.pcapng gtp-iphone-ims.pcap gre-teb-calls.pcapng gre-ppp-vlan-pppoe.pcapng
	lab-vxlan.pcap sctp-isup-multipart.pcap lab-ws-jssip.pcap lab-ws-large.pcap lab-wss-jssip.pcap lab-tls13.pcap lab-tls12-ecdhe.pcap
	lab-tls12-rsa-cbc.pcap lab-tls12-rsa-gcm.pcap"

@test "UDP and TCP on all link types: the messages that the independent decoder sees, and no others" {
	cd "$CORPUS/captures"
	n=0
	for f in *.pcap *.pcapng *.gz; do
		[[ " $(echo $SPECIAL) " == *" $f "* ]] && continue
		(cd "$BATS_TEST_TMPDIR" && same "$CORPUS/captures/$f")
		n=$((n + 1))
	done
	[ "$n" -ge 50 ]
}

@test "every capture but the damaged one is read to its end" {
	for f in "$CORPUS"/captures/*.pcap "$CORPUS"/captures/*.pcapng "$CORPUS"/captures/*.gz; do
		want=0
		[ "$(basename "$f")" != damaged-mixed-endian.pcap ] || want=1
		[ "$(status sipcap -r "$f")" = "$want" ] || { echo "$f"; cat err; return 1; }
		[ "$(wc -l <err)" = "$want" ]
	done
}

@test "damaged-mixed-endian: one line, exit 1" {
	[ "$(status sipcap -r "$CORPUS/captures/damaged-mixed-endian.pcap")" = 1 ]
	grep -q '^sipcap: .*damaged-mixed-endian.pcap: damaged: packet 1 ' err
}

@test "udp-icmp-and-fragments: without the messages that ICMP errors quote" {
	same "$CORPUS/captures/udp-icmp-and-fragments.pcapng" awk -F '\t' '$6 != "icmp"'
	[ "$(ledger "$CORPUS/captures/udp-icmp-and-fragments.pcapng" | awk '$3 == "icmp_quoted_sip" { print $4 }')" = "$(theirs "$CORPUS/captures/udp-icmp-and-fragments.pcapng" | awk -F '\t' '$6 == "icmp"' | wc -l)" ]
}

# Seven Call-ID lines end in CR CR LF. The decoder takes that for the end of the header, so its CSeq is "-"; a line ends with LF, and the
# CSeq below is there.
@test "udp-exploit-reinvite: CSeq found where the decoder stops at CR CR LF" {
	f=$CORPUS/captures/udp-exploit-reinvite.pcap
	same "$f" cut -f 1-8
	ours "$f" >ours
	theirs "$f" >theirs
	[ "$(diff theirs ours | grep -c '^<.*	-$')" = 7 ]
	[ "$(diff theirs ours | grep -cE '^>.*	[0-9]+ [A-Z]+$')" = 7 ]
	[ "$(diff theirs ours | grep -c '^[<>]')" = 14 ]
}

# Bytes flipped at random. The differences, each looked at by hand:
#   a NUL in the start line, which the decoder takes for no SIP; sip_scan does (UNUSUAL): …680.330692 …267.923616 …268.128176 …490.643822
#   a status of two digits, the same: …116.279089
#   the LF behind the request line was flipped: the decoder ends lines at a bare CR, we do not, so there is no version at the line's end: …083.308013
#   the same behind CSeq, so that its value goes on to the next LF: …110.894601
#   the Call-ID line has no end within the datagram: half a Call-ID would be another call's: …847.809339
@test "udp-fuzzed-big-endian: differences only where a start line or line end was damaged" {
	f=$CORPUS/captures/udp-fuzzed-big-endian.pcap
	same "$f" without 1120469680.330692 1120470267.923616 1120470268.128176 1120470490.643822 1120470116.279089 1120470083.308013 \
		1120470110.894601 1120469847.809339
	ours "$f" >ours
	theirs "$f" >theirs
	for t in 1120469680.330692 1120470267.923616 1120470268.128176 1120470490.643822 1120470116.279089; do
		grep -q "^$t" ours && ! grep -q "^$t" theirs
	done
	! grep -q '^1120470083.308013' ours
	for t in 1120470110.894601 1120469847.809339; do
		diff <(grep "^$t" theirs | cut -f 1-7) <(grep "^$t" ours | cut -f 1-7)
	done
	# headers say more bytes than were captured in two packets: marked
	sipcap -r "$f" | tracecat -o tsv -F time,orig_len | awk '$2 != 0 && $2 != "-"' >cut
	[ "$(cut -f 1 cut | xargs)" = "1120470085.969731 1120470966.601590" ]
}

@test "ws-udp-gateway: its UDP side" {
	same "$CORPUS/captures/ws-udp-gateway.pcap" awk -F '\t' '$6 == "udp"'
}

# outside FILE: lines of expected/ for the frames that have no GTP tunnel.
outside() {
	tshark -n -r "$1" -Y gtp -T fields -e frame.number >tunnelled 2>tshark.err
	awk -F '\t' 'NR == FNR { t[$1]; next } !($1 in t)' tunnelled "$CORPUS/captures/expected/$(basename "${1%.pcap*}").tsv" | cut -f 2- | LC_ALL=C sort
}

@test "captures with GTP: the messages outside the tunnels" {
	for n in gtp-ims-register.pcapng gtp-iphone-ims.pcap; do
		outside "$CORPUS/captures/$n" >theirs
		ours "$CORPUS/captures/$n" | diff theirs -
	done
}

# Of a TCP segment that is seen in the tunnel and bare the decoder counts the first, in the tunnel: for three messages we have the time of
# the bare copy, within 1 ms of it.
@test "gtp-ims-call-tcp-frag: the messages outside the tunnels, TCP with the time of the bare copy" {
	f=$CORPUS/captures/gtp-ims-call-tcp-frag.pcapng
	diff <(outside "$f" | grep -P '\tudp\t') <(ours "$f" | grep -P '\tudp\t')
	diff <(theirs "$f" | grep -P '\ttcp\t' | cut -f 2-) <(ours "$f" | grep -P '\ttcp\t' | cut -f 2-)
	paste <(theirs "$f" | grep -P '\ttcp\t') <(ours "$f" | grep -P '\ttcp\t') |
		awk -F '\t' '$10 - $1 < 0 || $10 - $1 > 0.001 { exit 1 } $10 != $1 { n++ } END { exit n != 3 }'
}

@test "what is in tunnels, SCTP, WebSocket and TLS is no SIP message yet, and counted" {
	for n in gre-teb-calls.pcapng gre-ppp-vlan-pppoe.pcapng lab-vxlan.pcap sctp-isup-multipart.pcap lab-ws-jssip.pcap lab-ws-large.pcap \
		lab-wss-jssip.pcap lab-tls13.pcap lab-tls12-ecdhe.pcap lab-tls12-rsa-cbc.pcap lab-tls12-rsa-gcm.pcap; do
		[ "$(sipcap -r "$CORPUS/captures/$n" | tracecat | wc -l)" = 0 ]
		ledger "$CORPUS/captures/$n" | awk '$1 == "packets" { n[$2] += $4 } END { exit !(n["in"] > 0 && n["in"] == n["chosen"]) }' || { echo "$n"; return 1; }
	done
}

@test "every ledger adds up: in = out + lost + chosen + routed + held" {
	for f in "$CORPUS"/captures/[!d]*.pcap*; do	# but the damaged one, in which nothing is
		ledger "$f" >ledger
		awk '$2 != "info" { n++; sum[$1] += $2 == "in" ? $4 : -$4 } END { for (u in sum) if (sum[u] != 0) exit 1; exit n < 2 }' ledger || { echo "$f"; cat ledger; return 1; }
	done
}

@test "the same capture from a file, a pipe and packed: the same records" {
	for f in "$CORPUS"/captures/udp-b2bua-two-legs.pcapng "$CORPUS"/captures/tcp-split-busy-6060.pcap; do
		sipcap -r "$f" | tracecat -o json >want
		cat "$f" | sipcap | tracecat -o json | cmp want -
		cat "$f" | sipcap -r - | tracecat -o json | cmp want -
		gzip -c "$f" | sipcap -r - | tracecat -o json | cmp want -
		zstd -qc "$f" | sipcap -r - | tracecat -o json | cmp want -
	done
}

@test "a capture cut in two and merged is the capture" {
	f=$CORPUS/captures/udp-many-calls.pcapng
	editcap -r "$f" a.pcapng 1-4000
	editcap -r "$f" b.pcapng 4001-9999
	editcap -r "$f" odd.pcapng $(seq 1 2 501)
	editcap "$f" rest.pcapng $(seq 1 2 501)
	sipcap -r "$f" | tracecat -o tsv -F time_ns,src_ip,src_port,callid,payload >want
	sipcap -r b.pcapng -r a.pcapng | tracecat -o tsv -F time_ns,src_ip,src_port,callid,payload | cmp want -
	sipcap -r odd.pcapng -r rest.pcapng | tracecat -o tsv -F time_ns,src_ip,src_port,callid,payload | cmp want -
}

@test "a filter takes what the same filter of the packet tool takes, on any link type" {
	for f in udp-proxy-call.pcap udp-sll-five-calls.pcap udp-null-h263.pcap udp-rawip-auth.pcap lab-sll2.pcap; do
		src=$(ours "$CORPUS/captures/$f" | cut -f 2 | head -n 1)
		sipcap -r "$CORPUS/captures/$f" src host "$src" | tracecat -o tsv -F time,src_ip >got
		ours "$CORPUS/captures/$f" | awk -F '\t' -v OFS='\t' -v s="$src" '$2 == s { print $1, $2 }' | cmp got -
		[ -s got ]
	done
}
