#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load common
load hep

@test "what trips over nothing exits 0 and says so for each receiver" {
	sipcap -r "$TOP/share/sample.pcap" >in
	hepenc --lint <in >report
	n=$(tracecat -F id -r in | wc -l)
	[ "$(cat report)" = "$(for r in heplify-server heplify kamailio opensips captagent; do echo "$r: nothing in $n messages"; done)" ]
}

@test "version 2 is for Kamailio and OpenSIPS" {
	sipcap -r "$TOP/share/sample.pcap" >in
	[ "$(status hepenc -V 2 --lint <in)" = 1 ]
	[ "$(grep ': version: ' out | cut -d : -f 1 | tr '\n' ' ')" = 'heplify-server heplify captagent ' ]
	grep -q '^heplify-server: version: [0-9]* packets lost, first: message 1 from udp:.* to udp:.*: this HEP version' out
	grep -q '^kamailio: nothing' out
}

@test "--for judges for one receiver" {
	sipcap -r "$TOP/share/sample.pcap" >in
	[ "$(status hepenc --for kamailio -V 2 --lint <in)" = 0 ]
	[ "$(cut -d : -f 1 out)" = kamailio ]
	[ "$(status hepenc --for homer --lint <in)" = 0 ]
	[ "$(cut -d : -f 1 out)" = homer ]
}

@test "packets from elsewhere are judged as they are" {
	hep pcap "$G/hep3-udp4/hep.pcap" | grep -v '^41434b20' | sed '1s/^48455033/45455033/; 2s/$/00/' | hep records >in
	[ "$(status hepenc --lint -r in)" = 1 ]
	grep -q '^kamailio: magic: 1 packet lost, first: message 1 ' out
	grep -q '^heplify: length: 1 packet lost, first: message 2 ' out
	grep -q '^heplify-server: key: 151 packets noted' out
	! grep -q '^kamailio: length' out
}

@test "a message that HEP cannot express is lost at all" {
	hlog -c x -w log.trace line
	[ "$(status hepenc -V 1 --lint -r log.trace)" = 1 ]
	[ "$(grep -c ': unencodable: 1 packet lost' out)" = 5 ]
}

@test "--lint writes no records, and no -w" {
	sipcap -r "$TOP/share/sample.pcap" >in
	[ "$(status hepenc --lint -w x.trace <in)" = 2 ]
	hepenc --lint <in >report
	! grep -qa STR report
}

@test "--lint that cannot write its report says so" {
	sipcap -r "$TOP/share/sample.pcap" >in
	local s=0
	hepenc --lint <in >/dev/full 2>err || s=$?
	[ "$s" = 1 ] && grep -q 'standard output' err
}

@test "what a version or receiver has no place for is named" {
	hlog -c corr --vendor 2:255=x -w log.trace line 2>err
	sipcap -r "$TOP/share/sample.pcap" | sipfilter -m d -c '$ci' 'is_method("INVITE")' >in
	hepenc --for kamailio -V 1 --lint <in | grep -q '^kamailio: left-behind: [0-9]* packets misread'
	hepenc --for homer --lint -r log.trace | grep -q '^homer: left-out: 1 packet misread'
	hepenc --for kamailio --lint -r log.trace | grep -q '^kamailio: nothing'
}
