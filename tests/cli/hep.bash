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
