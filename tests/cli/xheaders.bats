#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# X-headers, read and written, with the real module at the other end.
load common
load hep
load kamailio

teardown() { stop_kamailios; }

# start_pcap NAME: receives datagrams in the background; its port is then in $port. stop_sink NAME ends it: NAME is a pcap file then.
start_pcap() {
	rm -f "$1.port"
	python3 "$TOP/tests/cli/kamailio.py" sink "$1.port" >"$1" 3>&- &
	echo $! >"$1.pid"
	wait_for test -e "$1.port"
	port=$(cat "$1.port")
}

# duplicates IN OUT OPTION…: the messages of the capture IN, as sipdup sends them, in the capture OUT.
duplicates() {
	start_pcap "$2"
	sipcap -r "$1" "${@:3}" | sipdup --xheaders "udp:127.0.0.1:$port"
	stop_sink "$2"
}

xheaders_writer() {
	cat <<-END
		loadmodule "tm.so"
		loadmodule "sl.so"
		loadmodule "pv.so"
		loadmodule "db_sqlite.so"
		loadmodule "siptrace.so"
		modparam("siptrace", "db_url", "sqlite:///$PWD/writer.db")
		modparam("siptrace", "trace_on", 1)
		modparam("siptrace", "trace_to_database", 1)
		modparam("siptrace", "xheaders_write", 1)
		modparam("siptrace", "hep_mode_on", 0)
		request_route {
			sip_trace("sip:127.0.0.1:$1", "", "t");
			if (\$rm == "OPTIONS") { t_newtran(); t_reply("200", "Alive"); exit; }
			\$du = "sip:127.0.0.1:$2";
			t_relay();
		}
	END
}

xheaders_reader() {
	cat <<-END
		loadmodule "pv.so"
		loadmodule "db_sqlite.so"
		loadmodule "siptrace.so"
		modparam("siptrace", "db_url", "sqlite:///$PWD/reader.db")
		modparam("siptrace", "trace_on", 1)
		modparam("siptrace", "trace_to_database", 1)
		modparam("siptrace", "xheaders_read", 1)
		modparam("siptrace", "hep_mode_on", 0)
		request_route { sip_trace(); exit; }
		onreply_route { sip_trace(); drop; }
	END
}

@test "the module reads what we write: its table has our messages, addresses, times, methods and directions" {
	sip_trace_db reader.db
	xheaders_reader >reader.conf
	start_kamailio reader reader.conf
	sipcap -r "$G/xheaders/input.pcap" --local 127.0.2.20:16060 >sent
	sipdup --xheaders "udp:127.0.0.1:$port" <sent
	record_rows <sent >want
	[ "$(wc -l <want)" -gt 100 ]
	wait_for sip_trace_has reader.db "$(wc -l <want)"
	sip_trace_rows reader.db >got
	diff want got
}

@test "the module reads what we write: IPv6 and other transports" {
	sip_trace_db reader.db
	xheaders_reader >reader.conf
	start_kamailio reader reader.conf
	sipcap -r "$G/xheaders-udp6/input.pcap" -r "$G/hep3-tcp4/input.pcap" --local '[::1]:16060' --local 127.0.2.20:16060 |
		sipfilter '$ci == "gcall-1@uac.test"' >sent
	sipdup --xheaders "udp:127.0.0.1:$port" <sent
	record_rows <sent >want
	grep -q $'\tudp:\[::1\]:16061\t' want
	grep -q $'\ttcp:' want
	wait_for sip_trace_has reader.db "$(wc -l <want)"
	sip_trace_rows reader.db >got
	diff want got
}

# A short conversation through the module, which stores it in writer.db and duplicates it to dup.pcap; the wire's messages are in wire.
module_writes() {
	local sink uas
	sip_trace_db writer.db
	start_pcap dup.pcap
	sink=$port
	uas=$(kamailio_py port)
	xheaders_writer "$sink" "$uas" >writer.conf
	start_kamailio writer writer.conf
	kamailio_py talk "$port" "$uas" wire
	wait_for sip_trace_has writer.db 29
	stop_sink dup.pcap
}

# Its table has the To tag of the request at hand: none on replies that it made. The messages' own is right, so that is not compared.
without_totag() { cut -f 1-6,8-; }

@test "we read what the module writes: messages, addresses, times, methods and directions are those of its table and of the wire" {
	module_writes
	sipcap -r dup.pcap --xheaders | record_rows >got
	diff <(sip_trace_rows writer.db | without_totag | sort) <(without_totag <got | sort)
	diff <(sort wire) <(cut -f 10 got | sort)
}

# What sipcap makes of duplicates that were captured from the module.
golden_reads() { sipcap -r "$G/$1/dup.pcap" --xheaders | record_rows; }

@test "captured duplicates read as the module's own reader read them: all columns" {
	diff <(sip_trace_rows "$G/xheaders/reader.sql") <(golden_reads xheaders)
	[ "$(golden_reads xheaders | wc -l)" = 103 ]
}

# The four rows beyond ours were never duplicated: two sl replies, the ACK that sl absorbed, the incoming CANCEL.
@test "captured duplicates are what the writer had in its table" {
	sip_trace_rows "$G/xheaders/trace.sql" | without_totag | sort >table
	golden_reads xheaders | without_totag | sort >ours
	[ -z "$(comm -13 table ours)" ]
	[ "$(comm -23 table ours | cut -f 2,3,8 | tr '\t\n' ' ,')" = 'CANCEL  in,OPTIONS 200 out,INVITE 404 out,ACK  in,' ]
}

# Table and lines alike have udp:::1:16061 and udp:[::1]:16060; both are addresses to us.
@test "captured duplicates over IPv6 read as both tables have them" {
	diff <(sip_trace_rows "$G/xheaders-udp6/reader.sql") <(golden_reads xheaders-udp6)
	diff <(sip_trace_rows "$G/xheaders-udp6/trace.sql" | without_totag) <(golden_reads xheaders-udp6 | without_totag)
	[ "$(golden_reads xheaders-udp6 | wc -l)" = 12 ]
}

@test "lines without time and method (trace_mode=4) cannot be used: all are left out, that is said, the status is 0" {
	[ "$(status sipcap -v -r "$G/xheaders-core/dup.pcap" --xheaders -w none)" = 0 ]
	grep -q '13 messages without (whole) X-headers left out' err
	grep -q 'messages no_xheaders: 13' err
	[ "$(tracecat <none | wc -l)" = 0 ]
}

# Of everything that a record shows, the IP id alone is not the original's: it was the duplicate's packet's.
all_but_ip_id() { tracecat -o json | jq -c 'del(.ip_id)'; }

@test "a duplicate read back is the record that was captured, id and all, but for the IP id" {
	local in
	for in in xheaders/input.pcap xheaders-udp6/input.pcap hep3-tcp4/input.pcap; do
		duplicates "$G/$in" dup.pcap --local 127.0.2.20 --local '[::1]:16060'
		sipcap -r "$G/$in" --local 127.0.2.20 --local '[::1]:16060' | all_but_ip_id >want
		[ -s want ]
		sipcap -r dup.pcap --xheaders | all_but_ip_id | diff want -
	done
}

@test "a relay that reads and writes passes on what the first sender sent, byte for byte" {
	duplicates "$G/xheaders/input.pcap" first.pcap --local 127.0.2.20
	duplicates first.pcap second.pcap --xheaders
	[ "$(tcpdump -nr first.pcap 2>/dev/null | wc -l)" -gt 100 ]
	diff <(sipcap -r first.pcap | tracecat -o json | jq .payload) <(sipcap -r second.pcap | tracecat -o json | jq .payload)
}

@test "a relay passes the module's duplicates on; only brackets are added" {
	local d
	for d in xheaders xheaders-udp6; do
		duplicates "$G/$d/dup.pcap" relayed.pcap --xheaders
		diff <(sipcap -r "$G/$d/dup.pcap" | tracecat -o json | jq -r .payload | sed -E 's/^(X-Siptrace-(From|To)ip: udp:)::1:/\1[::1]:/') \
			<(sipcap -r relayed.pcap | tracecat -o json | jq -r .payload)
	done
}

@test "a relay that only writes adds a block of its own: two readers take them off one by one" {
	duplicates "$G/xheaders/input.pcap" first.pcap --local 127.0.2.20
	duplicates first.pcap second.pcap
	sipcap -r second.pcap --xheaders >once
	diff <(sipcap -r first.pcap | all_but_ip_id) <(all_but_ip_id <once)
	diff <(sipcap -r "$G/xheaders/input.pcap" --local 127.0.2.20 | all_but_ip_id) <(sipfilter --xheaders <once | all_but_ip_id)
}

@test "sipfilter --xheaders does what sipcap --xheaders does" {
	sipcap -r "$G/xheaders/dup.pcap" >in
	sipcap -r "$G/xheaders/dup.pcap" --xheaders >want
	tracecat -r want | grep -q .
	sipfilter --xheaders <in | tracecat -o json | diff <(tracecat -o json -r want) -
	sipfilter -m d --xheaders <in | tracecat -o json | diff <(sipfilter -m d <want | tracecat -o json) -
}

@test "sipfilter takes them off before anything else: expressions and dialogs see the originals" {
	sipcap -r "$G/xheaders/dup.pcap" >in
	sipfilter --xheaders '$si == "127.0.1.10" && $hdr(X-Siptrace-Dir) == $null' <in | tracecat -F src_ip | sort -u >got
	[ "$(cat got)" = 127.0.1.10 ]
	[ "$(sipfilter '$si == "127.0.1.10"' <in | tracecat | wc -l)" = 0 ]
	sipfilter --xheaders -m d '$rs == 486' <in | tracecat -F callid | sort -u >got
	[ "$(cat got)" = gbusy-1@uac.test ]
}

ledger_of() { tracecat --ledger -r "$1" | awk -v t="$2" -v n="$3" '$1 == t && $2 == "messages" && $5 == n { print $4, $3 }'; }

@test "messages without are left out, counted and said once; the status is 0 and the ledger adds up" {
	sipcap -r "$G/xheaders/dup.pcap" -r "$G/xheaders/input.pcap" >both
	[ "$(status sipfilter --xheaders -r both -w got)" = 0 ]
	[ "$(cat err)" = 'sipfilter: 119 messages without (whole) X-headers left out' ]
	[ "$(tracecat <got | wc -l)" = 103 ]
	[ "$(ledger_of got sipfilter no_xheaders)" = 'chosen 119' ]
	[ "$(ledger_of got sipfilter in)" = 'in 222' ]
	! tracecat --ledger -r got | grep -i 'does not'
	[ "$(status sipcap --xheaders -r "$G/xheaders/dup.pcap" -r "$G/xheaders/input.pcap" -w got)" = 0 ]
	[ "$(cat err)" = 'sipcap: 119 messages without (whole) X-headers left out' ]
	[ "$(ledger_of got sipcap no_xheaders)" = 'chosen 119' ]
	[ "$(ledger_of got sipcap out)" = 'out 103' ]
	! tracecat --ledger -r got | grep -i 'does not'
}

@test "--xheaders-from: lines from elsewhere are not believed, those messages are left out and counted apart" {
	duplicates "$G/xheaders/input.pcap" dup.pcap
	[ "$(status sipcap --xheaders --xheaders-from 10.0.0.0/8 --xheaders-from 127.0.0.0/29 -r dup.pcap -w got)" = 0 ]
	[ ! -s err ]
	[ "$(tracecat <got | wc -l)" = 119 ]
	[ "$(status sipcap --xheaders --xheaders-from 127.0.1.10 --xheaders-from ::1 -r dup.pcap -w got)" = 0 ]
	[ "$(cat err)" = 'sipcap: 119 messages with X-headers from elsewhere than --xheaders-from left out' ]
	[ "$(tracecat <got | wc -l)" = 0 ]
	[ "$(ledger_of got sipcap xheaders_untrusted)" = 'chosen 119' ]
	! tracecat --ledger -r got | grep -i 'does not'
	sipcap -r dup.pcap >in
	[ "$(status sipfilter --xheaders --xheaders-from 127.0.1.10 -r in -w got)" = 0 ]
	[ "$(cat err)" = 'sipfilter: 119 messages with X-headers from elsewhere than --xheaders-from left out' ]
	[ "$(ledger_of got sipfilter xheaders_untrusted)" = 'chosen 119' ]
	! tracecat --ledger -r got | grep -i 'does not'
}

@test "-c of sipcap counts what comes out, not what is left out" {
	sipcap -c 5 --xheaders -r "$G/xheaders/input.pcap" -r "$G/xheaders/dup.pcap" -w got
	[ "$(tracecat <got | wc -l)" = 5 ]
}

@test "log lines are no duplicates: sipfilter --xheaders passes them" {
	hlog -c x -w log 'some text'
	sipfilter --xheaders -r log | tracecat -o json | diff <(tracecat -o json -r log) -
}

@test "a damaged payload does not get a new checksum" {
	sipcap -r "$G/xheaders-udp6/dup.pcap" >in
	[ "$(grep -c 'CSeq: 2 BYE' in)" -gt 0 ]
	sed -b 's/CSeq: 2 BYE/CSeq: 3 BYE/' in >bad
	[ "$(status sipfilter --xheaders -r bad -w got)" = 1 ]
	grep -q '4 messages dropped for a wrong checksum' err
	[ "$(tracecat <got | wc -l)" = 8 ]
}

@test "wrong usage of the options is said" {
	local tool
	for tool in 'sipcap -r in' sipfilter; do
		[ "$(status $tool --xheaders-from 10.0.0.0/8 </dev/null)" = 2 ]
		grep -q 'it goes with --xheaders' err
		[ "$(status $tool --xheaders --xheaders-from 10.0.0.0/33 </dev/null)" = 2 ]
		grep -q -- '--xheaders-from: "10.0.0.0/33" is no ADDR\[/LEN\]' err
		[ "$(status $tool --xheaders --xheaders-from 10.0.0.1:5060 </dev/null)" = 2 ]
	done
}
