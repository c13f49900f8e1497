# SPDX-License-Identifier: MIT
# Kamailio for the tests that ask the real modules. Loaded beside common.bash.

# Ports that are free now, below those that the system hands out by itself. A server that finds its port taken after all is started anew.
free_port() {
	python3 - <<-'END'
		import random, socket
		while True:
		    port = random.randint(10000, 30000)
		    try:
		        for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
		            for family, any in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
		                with socket.socket(family, kind) as s:
		                    s.bind((any, port))
		        break
		    except OSError:
		        pass
		print(port)
	END
}

# bound PORT N: N sockets wait on it.
bound() { [ "$(ss -Hlnut "sport = :$1" | wc -l)" -ge "$2" ]; }
bound_or_dead() { bound "$@" || ! kill -0 "$server" 2>/dev/null; }

# start_server NAME SOCKETS COMMAND…: runs it in the background for at most a minute, in which it binds that many sockets to $port. Its
# words go to NAME.log, its process id is in NAME.pid. False: it ended instead.
start_server() {
	local name=$1 sockets=$2
	shift 2
	timeout -k 5 60 "$@" >"$name.log" 2>&1 </dev/null 3>&- &
	server=$!
	echo "$server" >"$name.pid"
	wait_for bound_or_dead "$port" "$sockets"
	kill -0 "$server" 2>/dev/null
}

# stop_server NAME: ends it by TERM.
stop_server() {
	local pid
	pid=$(cat "$1.pid")
	rm "$1.pid"
	kill -TERM "$pid" 2>/dev/null || true
	wait "$pid" || true
}

# stop_servers: what a test that failed left behind. For teardown.
stop_servers() {
	local p
	for p in *.pid; do
		[ ! -e "$p" ] || stop_server "${p%.pid}"
	done
}

# start_kamailio NAME CONFIG SOCKETS [OPTION…]: in a folder NAME of its own, where it listens on that many. In CONFIG, @PORT@ is replaced by
# a free port, which is then in $port, and @DIR@ by the folder.
start_kamailio() {
	local name=$1 config=$2 sockets=$3 dir=$PWD/$1 try
	shift 3
	mkdir -p "$dir"
	for try in 1 2 3; do
		port=$(free_port)
		sed "s|@DIR@|$dir|g; s|@PORT@|$port|g" "$config" >"$dir/kamailio.cfg"
		start_server "$name" "$sockets" \
			kamailio -DD -E -f "$dir/kamailio.cfg" -n 1 -m 32 -M 4 -Y "$dir" -w "$dir" "$@" && return 0
	done
	cat "$name.log" >&2
	return 1
}

# start_sipcapture NAME [OPTION…]: Kamailio as a HEP collector. Its rows are in NAME/capture.db.
start_sipcapture() {
	local name=$1
	shift
	mkdir -p "$name"
	rm -f "$name"/capture.db*
	sqlite3 "$name/capture.db" <"$TOP/tests/cli/sipcapture.sql" >/dev/null
	start_kamailio "$name" "$TOP/tests/cli/sipcapture.cfg" 1 "$@"
}

# rows NAME TABLE N: so many rows are there.
rows() { [ "$(sqlite3 "$1/capture.db" "SELECT count(*) FROM $2")" -ge "$3" ]; }
