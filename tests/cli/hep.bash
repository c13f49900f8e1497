# SPDX-License-Identifier: MIT
# A receiver of datagrams for the tests of hepsend, sipdup and hlog. Loaded beside common.bash.
G=$DATA/kamailio
KEY=spoihepuirthpeuia	# of the golden captures

hep() { python3 "$TOP/tests/cli/hep.py" "$@"; }

# start_sink NAME [ADDR]: receives in the background; its port is then in $port.
start_sink() {
	rm -f "$1.port"
	python3 "$TOP/tests/cli/hep.py" sink "$1.port" "${2:-127.0.0.1}" >"$1" 3>&- &
	echo $! >"$1.pid"
	wait_for test -e "$1.port"
	port=$(cat "$1.port")
}

# stop_sink NAME: what arrived by now is in the file NAME, a line of hexadecimal digits for each datagram.
stop_sink() {
	local pid
	pid=$(cat "$1.pid")
	kill -TERM "$pid" && wait "$pid"
}

# A port that nobody listens on.
closed_port() {
	start_sink nobody
	stop_sink nobody
}

# A file's UDP payloads that are HEP (the module sends an absorbed ACK as plain SIP), times masked.
golden_hep() { hep pcap "$G/$1/hep.pcap" | grep -v '^41434b20' | hep mask; }

# start_collector NAME [OPTION]…: a collector over TCP (collector.py), its port in $port; what it reads is appended to the file NAME.
start_collector() {
	local name=$1
	shift
	rm -f "$name.port"
	python3 "$TOP/tests/cli/collector.py" "$@" "$name.port" "$name" 2>"$name.err" 3>&- 4>&- 5>&- &
	echo $! >"$name.pid"
	wait_for test -e "$name.port"
	port=$(cat "$name.port")
}

# stop_collector NAME [SIGNAL]: with TERM (the default) it first reads what has arrived.
stop_collector() {
	local pid
	pid=$(cat "$1.pid")
	kill "-${2:-TERM}" "$pid"
	wait "$pid" || true
	[ ! -s "$1.err" ] || { cat "$1.err"; return 1; }
}

# A TCP port that nobody listens on.
closed_tcp_port() {
	start_collector nobody
	stop_collector nobody
}

# has_lines FILE N
has_lines() { [ "$(wc -l <"$1")" -ge "$2" ]; }

# ledger FILE COUNTER: that counter of the last stage in the stream; 0 if it does not stand there.
ledger() { tracecat --ledger <"$1" 2>/dev/null | awk -v c="$2" '$2 == "packets" && $5 == c { v = $3 } END { print v + 0 }'; }

# sums FILE: hepsend's or sipdup's packets add up.
sums() { tracecat --ledger <"$1" 2>/dev/null | awk '$1 ~ /hepsend|sipdup/ && $NF != "ok" && NF == 9 { bad = 1 } END { exit bad }'; }
