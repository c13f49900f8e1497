#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --dedup on captures of real traffic.
load ../cli/common

# Two registrations, each sent eleven times, all with the IP identification 0: deduplication by a hash of the payload would leave two messages.
@test "22 REGISTERs without IP identification: all stay, 20 of them marked" {
	sipcap -r "$CORPUS/captures/udp-register-retrans.pcap" >all
	[ "$(tracecat -r all -o tsv -F ip_id | sort | uniq -c | tr -s ' ')" = ' 22 -' ]
	sipfilter --dedup 100ms <all | tracecat -o tsv -F cseq,marks | sort | uniq -c | tr -s ' \t' ' ' >got
	diff - got <<-END
		 1 4 REGISTER -
		 10 4 REGISTER retransmission
		 1 5 REGISTER -
		 10 5 REGISTER retransmission
	END
}

# A capture joined with itself, as one of two interfaces: each packet once, and nothing else is lost.
@test "a capture seen at two points is what it was at one" {
	for f in udp-basic-call.pcap udp-register-retrans.pcap udp-proxy-call.pcap tcp-basic-call.pcap ipv6-udp.pcap udp-mixed-failures.pcap; do
		sipcap -r "$CORPUS/captures/$f" | sipfilter --dedup 100ms | tracecat -o json >one
		sipcap -r "$CORPUS/captures/$f" -r "$CORPUS/captures/$f" | sipfilter --dedup 100ms | tracecat -o json >two
		diff one two
	done
}
