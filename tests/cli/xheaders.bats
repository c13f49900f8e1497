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
	kamailio_py sink "$1.port" >"$1" 3>&- &
	echo $! >"$1.pid"
	wait_for test -e "$1.port"
	port=$(cat "$1.port")
}

# The messages of NAME/input.pcap as duplicates of ours, in the pcap file OUT.
duplicates() {	# input out option…
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
			if (is_method("OPTIONS")) { t_newtran(); t_reply("200", "Alive"); exit; }
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
