#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tracedb against the real siptrace module's tables: as a source, and row by row for the same messages.
load ../cli/common

GOLDEN=$CORPUS/golden/kamailio
COLUMNS="hex(msg), callid, method, status, fromip, toip, fromtag, ifnull(totag, ''), direction"

# The module's rows for a folder's messages, and ours, in files module and ours.
both() {
	sqlite3 module.db <"$GOLDEN/$1/trace.sql"
	sipcap -r "$GOLDEN/$1/input.pcap" --local "$2" | tracedb insert -d sqlite:ours.db
	sqlite3 module.db "SELECT $COLUMNS FROM sip_trace ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9" >module
	sqlite3 ours.db "SELECT $COLUMNS FROM sip_trace ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9" >ours
}

@test "the same messages give the rows that the module wrote: TCP" {
	both db-tcp4 127.0.2.20:16060
	[ -s ours ]
	cmp module ours
}

# The module stores the ACK that sl absorbs twice; on the wire it is one. On IPv6 its second address form shows there.
@test "the same messages give the rows that the module wrote: UDP, but for the ACK that it stores twice" {
	both db-udp4 127.0.2.20:16060
	[ "$(wc -l <ours)" = 119 ]
	diff module ours >differences || true
	[ "$(grep -c '^[<>]' differences)" = 1 ]
	grep -q '^<.*|gslneg-1@uac.test|ACK|' differences
	uniq module | cmp - <(uniq ours)
}

@test "the same messages give the rows that the module wrote: UDP over IPv6, but for the ACK that it stores twice" {
	both db-udp6 '[::1]:16060'
	diff module ours >differences || true
	[ "$(grep -c '^[<>]' differences)" = 1 ]
	grep -q '^<.*|gslneg-1@uac.test|ACK||udp:::1:16061|udp:::1:16060|' differences
}

@test "time_stamp is the capture's second, in UTC" {
	both db-udp4 127.0.2.20:16060
	cmp <(sipcap -r "$GOLDEN/db-udp4/input.pcap" | tracecat -o tsv -F time) \
	    <(sqlite3 ours.db "SELECT strftime('%s', time_stamp) || printf('.%06d', time_us) FROM sip_trace ORDER BY id")
}

@test "every table that the module wrote is read: each message once, with all its users, in the module's second" {
	for f in "$GOLDEN"/*/*.sql; do
		rm -f module.db back.db
		sqlite3 module.db <"$f"
		tracedb query -d sqlite:module.db | tracedb insert -d sqlite:back.db
		expect="SELECT DISTINCT CAST(round((time_stamp - 2440587.5) * 86400 + 0.5) AS INTEGER) AS s, time_us, hex(msg), callid, method, status,
		    replace(replace(fromip, '[', ''), ']', ''), replace(replace(toip, '[', ''), ']', ''), direction FROM sip_trace ORDER BY 1, 2, 3, 4, 5, 6, 7"
		have="SELECT DISTINCT time_ns/1000000000, time_us, hex(msg), callid, method, status,
		    replace(replace(fromip, '[', ''), ']', ''), replace(replace(toip, '[', ''), ']', ''), direction FROM sip_trace ORDER BY 1, 2, 3, 4, 5, 6, 7"
		cmp <(sqlite3 module.db "$expect") <(sqlite3 back.db "$have") || { echo "$f"; return 1; }
		users="SELECT traced_user, count(*) FROM sip_trace WHERE traced_user <> '' GROUP BY 1"
		cmp <(sqlite3 module.db "$users") <(sqlite3 back.db "$users") || { echo "$f"; return 1; }
	done
}

@test "every capture goes in and comes out as it was" {
	for f in "$CORPUS"/captures/*.pcap*; do
		sipcap -r "$f" 2>/dev/null | tee x | tracedb insert -d sqlite:db >/dev/null 2>&1 || true
		[ -e db ] || continue
		cmp <(tracecat -o json -r x 2>/dev/null | sort) <(tracedb query -d sqlite:db 2>/dev/null | tracecat -o json | sort) || { echo "$f"; return 1; }
		rm -f db x
	done
}
