# SPDX-License-Identifier: MIT
# The Debian package's Kamailio in tests, as a peer to talk to. Loaded beside common.bash.
#
#	start_kamailio NAME CONFIG [OPTION…]	runs it on a free port of 127.0.0.1, UDP and TCP alike, which is then in $port;
#						returns when its first worker has started (modules and databases are connected)
#	stop_kamailio NAME			ends it: what it had received by then is worked off or lost, so wait for results first
#	stop_kamailios				all of them; call it from teardown()
#	sip_trace_db FILE			makes an SQLite database with the siptrace module's table in it
#	sip_trace_rows FILE			its rows as lines: time in microseconds, method, status, fromip, toip, fromtag,
#						totag, callid, direction, message in hexadecimal digits, tabs between
#	sip_trace_has FILE N			it has N rows; for wait_for
#	record_rows				trace records on standard input as the same lines
#
# CONFIG is a kamailio.cfg without listen and children (one worker for UDP, one for TCP, so messages stay in order); OPTIONs are
# kamailio's own: -A PORT=5060 defines words for the file. NAME.log has what it says. It runs in the foreground in the current folder as
# whoever runs the test, and ends by itself after two minutes if nobody stops it.

kamailio_py() { python3 "$TOP/tests/cli/kamailio.py" "$@"; }

kamailio_pid() { cat "$1.kamailio"; }

kamailio_up() { [[ $(<"$1.log") = *'first worker is up'* ]]; }
kamailio_up_or_over() { kamailio_up "$1" || ! kill -0 "$(kamailio_pid "$1")" 2>/dev/null; }

# Tries it on $port. 0: it runs; 1: it does not; 2: somebody else took the port meanwhile.
try_kamailio() {
	local name=$1 config=$2
	shift 2
	mkdir -p "$name.run"
	{
		echo '#!KAMAILIO'
		echo 'loadmodule "xlog.so"'
		echo 'event_route[core:worker-one-init] { xlog("L_ALERT", "first worker is up\n"); }'
		cat "$config"
	} >"$name.cfg"
	: >"$name.log"
	timeout 120 kamailio -f "$name.cfg" -l "udp:127.0.0.1:$port" -l "tcp:127.0.0.1:$port" -n 1 -N 1 -m 32 -M 8 -DD -E -w "$PWD" \
		-Y "$PWD/$name.run" "$@" >"$name.log" 2>&1 3>&- &
	echo $! >"$name.kamailio"
	wait_for kamailio_up_or_over "$name" || return 1
	kamailio_up "$name" && return 0
	rm "$name.kamailio"
	grep -qi 'address already in use' "$name.log" && return 2
	return 1
}

start_kamailio() {
	local i s
	for ((i = 0; i < 10; i++)); do
		port=$(kamailio_py port)
		s=0
		try_kamailio "$@" || s=$?
		[ "$s" = 2 ] || break
	done
	[ "$s" = 0 ] || cat "$1.log" >&2
	return "$s"
}

stop_kamailio() {
	local pid
	pid=$(kamailio_pid "$1")
	rm "$1.kamailio"
	kill -TERM "$pid" 2>/dev/null
	wait "$pid" || true
}

stop_kamailios() {
	local f
	for f in *.kamailio; do
		[ ! -e "$f" ] || stop_kamailio "${f%.kamailio}"
	done
}

# The columns are the module's; absent tags are NULL there, whatever its own script says.
sip_trace_db() {
	sqlite3 "$1" "
		CREATE TABLE version (table_name TEXT NOT NULL, table_version INTEGER NOT NULL);
		INSERT INTO version VALUES ('sip_trace', 4);
		CREATE TABLE sip_trace (id INTEGER PRIMARY KEY, time_stamp TIMESTAMP NOT NULL, time_us INTEGER NOT NULL,
			callid VARCHAR(255) NOT NULL, traced_user VARCHAR(255) NOT NULL, msg TEXT NOT NULL, method VARCHAR(50) NOT NULL,
			status VARCHAR(255) NOT NULL, fromip VARCHAR(64) NOT NULL, toip VARCHAR(64) NOT NULL,
			fromtag VARCHAR(128), totag VARCHAR(128), direction VARCHAR(4) NOT NULL);"
}

sip_trace_rows() { kamailio_py rows "$1"; }
sip_trace_has() { [ "$(kamailio_py rows "$1" | wc -l)" -ge "$2" ]; }
record_rows() { tracecat -o json | kamailio_py records; }
