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

# The further chunks of each packet that the options make of the module's messages.
chunks_with() { sipcap -r "$G/hep3-udp4/input.pcap" | hepenc "$@" | hep packets | hep chunks | sort -u; }

@test "--node is a default: a record's own name wins" {
	[ "$(chunks_with --node here)" = 0:13=68657265 ]
	hlog -c x --node own -w log.trace line
	hepenc --node here -r log.trace | hep packets | hep chunks >got
	[ "$(cat got)" = '0:11=78 0:13=6f776e' ]
}

@test "the node name comes from the environment too" {
	[ "$(SIPTRACE_NODE=env chunks_with)" = 0:13=656e76 ]
	[ "$(SIPTRACE_NODE=env chunks_with --node here)" = 0:13=68657265 ]
	sipcap -r "$G/hep3-udp4/input.pcap" | SIPTRACE_NODE=env hepenc -V 1 >packets	# no place for it, and no usage error
}

@test "--vendor adds chunks behind the key, in their order" {
	[ "$(chunks_with -k key --vendor 2:256=text --vendor opensips:0x101=0x00ff --vendor 0:0x17=16)" = \
		'0:e=6b6579 2:100=74657874 3:101=00ff 0:17=10' ]
}

@test "a vendor's chunk under 0x100 is warned about; a wrong one is a usage error" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	hepenc --vendor 2:255=x <in 2>err >packets
	[ "$(grep -c 'take it for chunk 0xff of vendor 0' err)" = 1 ]
	hepenc --vendor 2:256=x <in 2>err >packets
	[ ! -s err ]
	for c in 2:1 nobody:1=x 0:0x0e=key 0:0x12=x 0:0=x; do
		[ "$(status hepenc --vendor "$c" <in)" = 2 ]
	done
}

@test "versions 1 and 2 have no place for a node name or chunks" {
	[ "$(status hepenc -V 1 --node x </dev/null)" = 2 ]
	[ "$(status hepenc -V 2 --vendor 2:256=x </dev/null)" = 2 ]
}

@test "--for: a version or chunk that the receiver misreads is a usage error" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	for r in homer heplify-server heplify captagent; do
		[ "$(status hepenc --for "$r" -V 2 <in)" = 2 ]
	done
	[ "$(status hepenc --for kamailio -V 2 <in)" = 0 ]
	[ "$(status hepenc --for opensips --vendor 2:1=x <in)" = 2 ]
	[ "$(status hepenc --for kamailio --vendor 2:1=x <in)" = 0 ]
	[ "$(status hepenc --for nobody <in)" = 2 ]
}

@test "--for leaves out the chunks of records that the receiver would take for others, and says so" {
	sipcap -r "$G/hep3-udp4/input.pcap" | hepenc --vendor 2:255=x 2>warned | hep packets | hep records | hepenc -D >in
	[ "$(hepenc --for captagent <in | hep packets | hep chunks | sort -u)" = 2:ff=78 ]
	[ "$(hepenc --for heplify <in 2>err | hep packets | hep chunks | sort -u)" = '' ]
	[ "$(grep -c 'take it for another' err)" = 1 ]
}

@test "--for homer: a log line without a correlation id gets the node name, or is warned about" {
	hep pcap "$G/hlog/hep.pcap" | sed -n 1p | python3 -c '
import struct, sys
p, out, at = bytes.fromhex(sys.stdin.read().strip()), b"", 6
while at < len(p):
    kind, n = struct.unpack_from(">IH", p, at)
    out += p[at:at + n] if kind not in (0x11, 0x0e) else b""
    at += n
print((b"HEP3" + struct.pack(">H", 6 + len(out)) + out).hex())' | hep records | hepenc -D >in
	hepenc --for homer --node here <in 2>err | hep packets | hep chunks >got
	[ "$(cat got)" = '0:11=68657265 0:13=68657265' ] && [ ! -s err ]
	hepenc --for homer <in 2>err >packets
	grep -q 'homer will not store it' err
	[ "$(hepenc --node here <in | hep packets | hep chunks)" = '0:11= 0:13=68657265' ]
	[ "$(status hepenc --for homer --lint <in)" = 1 ]
	grep -q 'homer: no-correlation: 1 packet lost' out
}

@test "what hepsend and hlog send has the options too" {
	start_sink got
	sipcap -r "$G/hep3-udp4/input.pcap" | hepsend --for homer --node here --vendor 2:256=x "udp:127.0.0.1:$port"
	hlog -c c --node here --vendor 2:257=y "udp:127.0.0.1:$port" line
	stop_sink got
	[ "$(hep chunks <got | sort -u)" = "$(printf '0:11=63 0:13=68657265 2:101=79\n0:13=68657265 2:100=78')" ]
}
