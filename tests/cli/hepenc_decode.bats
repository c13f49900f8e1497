#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep

json() { tracecat -o json -r "$1"; }

# A message of each transport and kind, with attributes: all that hepenc can be given.
mixed() {
	for f in hep3-udp4 hep3-udp6 hep3-tcp4; do sipcap -r "$G/$f/input.pcap" --local 127.0.2.20 -w "$f.trace"; done
	hlog -c corr -w log.trace -- a line
	cat hep3-udp4.trace hep3-udp6.trace hep3-tcp4.trace log.trace
	sipcap -r "$TOP/share/sample.pcap" | sipfilter -m d -c '$ci' --user u --table t 'is_method("INVITE")'
}

@test "hepenc then hepenc -D is the identity, in version 3" {
	mixed >in
	hepenc -i 7 --node n --vendor 2:256=x <in >packets
	[ "$(tracecat -F kind -r packets | sort -u)" = hep ]
	# what the options added is the packet's: node and id differ
	hepenc -D <packets | tracecat -o json | sed 's/"node":"n"/"node":null/; s/"capture_id":7/"capture_id":0/' >back
	json in | sed 's/"capture_id":null/"capture_id":0/' | cmp - back
	hepenc <in | hepenc -D >same
	cmp <(json in) <(json same)
	[ "$(json in | grep -c '"dir":"out"')" -gt 10 ]	# HEP has no direction: it is the record's
}

@test "versions 1 and 2 give SIP back, and with the record what they cannot carry" {
	mixed | sipfilter '$rm != $null' >in
	for v in 1 2; do
		hepenc -V "$v" <in 2>err | hepenc -D >back
		cmp <(json in) <(json back)
		grep -q 'no place for a correlation id' err
	done
	[ "$(json in | wc -l)" -gt 100 ]
}

# From the packet alone: as a collector gets it, in a record whose own addresses and time are the network's. No direction then.
from_packets() {
	hep pcap "$G/$1/hep.pcap" | grep -v '^41434b20' | hep records | hepenc -D
}
what='src_ip,src_port,dst_ip,dst_port,method,status,callid,payload'

@test "the module's packets give the messages that it saw" {
	for f in hep1-udp4 hep1-udp6 hep2-udp4 hep2-udp6 hep3-udp4 hep3-udp6 hep3-noauth; do
		from_packets "$f" | tracecat -F "$what" | sort >ours
		sipcap -r "$G/$f/input.pcap" | tracecat -F "$what" | sort >theirs
		# weird-hep: a request whose method holds a NUL, which sipcap takes for no SIP
		comm -13 ours theirs >missing
		comm -23 ours theirs | grep -v weird-hep >extra || true
		[ ! -s missing ] && [ ! -s extra ] && [ "$(wc -l <ours)" -ge 15 ]
	done
}

@test "time, capture id and kind are the packet's; direction is unknown" {
	from_packets hep3-udp4 | tracecat -F time_ns,capture_id,dir,kind,proto | sort -u >got
	[ "$(cut -f 2- got | sort -u)" = "$(printf '234\t-\tsip\tudp')" ]
	[ "$(grep -c '^1795375' got)" -gt 100 ]
	from_packets hlog | tracecat -F kind,corr,node | sort -u >logs
	[ "$(cut -f 1 logs | sort -u)" = log ] && grep -q 'gcall' logs
}

@test "version 1 has no time: the record's is taken" {
	from_packets hep1-udp4 | tracecat -F time_ns | sort -u >got
	[ "$(cat got)" = 1000000000 ]
}

@test "a message from a packet has the id that sipcap gives it" {
	sipcap -r "$G/hep3-udp6/input.pcap" | hepenc | hep packets | hep records | hepenc -D | tracecat -F id >ours
	sipcap -r "$G/hep3-udp6/input.pcap" | tracecat -F id | cmp - ours
}

@test "ws and wss come back as tls where only the packet is there: HEP has one number for all three" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	hepenc <in | hep packets | sed 's/00000002000711/00000002000716/' | hep records | hepenc -D | tracecat -F proto | sort -u >got
	[ "$(cat got)" = tls ]
}

@test "compressed payloads are unpacked: zlib, gzip, raw deflate" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	hepenc <in | hep packets >plain
	hep records <plain | hepenc -D >want
	for how in zlib gzip raw; do
		hep packed "$how" <plain | hep records | hepenc -D >got
		cmp <(json want) <(json got)
	done
	[ "$(json want | wc -l)" -gt 100 ]
}

@test "a damaged packet is said once, counted, and stays in the stream as it is" {
	sipcap -r "$G/hep3-udp4/input.pcap" | hepenc | hep packets | sed -n 1,5p >good
	{
		sed -n 1p good
		echo 48455033ffff
		sed -n 2p good | sed 's/..$//'
		sed -n 3p good | sed 's/$/00/'
		sed -n 4p good | hep packed zlib | sed 's/....$/0000/'
		sed -n 5p good
	} | hep records >in
	[ "$(status hepenc -D -r in -w out.trace)" = 1 ]
	[ "$(grep -c 'passed on as it is' err)" = 1 ]
	grep -q 'damaged HEP packets: 4 times' err
	[ "$(tracecat -F kind -r out.trace | tr '\n' ' ')" = 'sip hep hep hep hep sip ' ]
	[ "$(hep packets <out.trace | sed -n 2,5p)" = "$(hep packets <in | sed -n 2,5p)" ]
	tracecat --ledger -r out.trace | grep -q ' 4 *info *damaged_hep'
}

@test "a bomb is refused" {
	python3 - >bomb <<-'PY'
	import struct, zlib
	data = zlib.compress(bytes(40 << 20), 9)
	fixed = bytes.fromhex("00000003000a01020304" "00000004000a01020305" "0000000b000701")
	print((b"HEP3" + struct.pack(">H", 6 + len(fixed) + 6 + len(data)) + fixed + struct.pack(">IH", 0x10, 6 + len(data)) + data).hex())
	PY
	hep records <bomb >in
	[ "$(status hepenc -D -r in -w out.trace)" = 1 ]
	grep -q 'hold more than 1048576' err
	[ "$(tracecat -F kind -r out.trace)" = hep ]
}

@test "chunks that records have no field for go through a stream and out again" {
	sipcap -r "$G/hep3-udp4/input.pcap" | hepenc --vendor 2:0x100=text --vendor 0:0x29=group --vendor 0:0x12=100 --vendor 5:0x1ff=0x00ff -i 7 >once
	hep packets <once | hep records | hepenc -D >messages
	[ "$(tracecat -F vlan -r messages | sort -u)" = 100 ]
	hepenc <messages | hep packets | cmp - <(hep packets <once)
	[ "$(hep packets <once | hep chunks | sort -u)" = '2:100=74657874 0:29=67726f7570 0:12=0064 5:1ff=00ff' ]
}

@test "records that are no HEP packets pass through -D" {
	sipcap -r "$G/hep3-udp4/input.pcap" >in
	hepenc -D <in >out.trace
	cmp <(json in) <(json out.trace)
}

@test "options of encoding have no meaning with -D" {
	for o in '-V 3' '-i 1' '-k x' '--key-file x' '--node x' '--vendor 2:256=x' '--for homer' --lint; do
		# shellcheck disable=SC2086
		[ "$(status hepenc -D $o </dev/null)" = 2 ]
	done
}
