#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tracecat over every capture of the corpus: what it writes is what the records hold.
load ../cli/common

COLUMNS_KEPT=time_ns,src_ip,src_port,dst_ip,dst_port,ip_id,orig_len,method,status,callid,cseq,payload

captures() {
	find "$CORPUS/captures" -maxdepth 1 -name '*.pcap*' | sort
}

@test "records of a capture, written as pcap and as pcapng and read again, are the same" {
	local f o
	for f in $(captures); do
		sipcap -r "$f" >a 2>err || true
		tracecat -F "$COLUMNS_KEPT" -r a >want
		for o in pcap pcapng; do
			tracecat -o "$o" -r a | sipcap -r - | tracecat -F "$COLUMNS_KEPT" >got
			cmp got want || { echo "$f $o"; return 1; }
		done
	done
}

@test "every line of JSON is an object with the payload's bytes" {
	local f
	for f in $(captures); do
		sipcap -r "$f" >a 2>err || true
		tracecat -o json -r a >json
		jq -j '.payload // (.payload_base64 | "\(.)\n")' json >/dev/null || { echo "$f"; return 1; }
		[ "$(jq -c 'select(.payload != null or .payload_base64 != null)' json | wc -l)" = "$(tracecat -F id -r a | wc -l)" ]
	done
}
