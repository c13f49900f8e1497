#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# tracedb: what goes in comes out, once, in every mode; Kamailio's tables; what goes wrong.
load common

stream() { "$TOP/$B/tests/bench/dbstream" "$@"; }
insert() { tracedb insert -d sqlite:db "$@"; }
query() { tracedb query -d sqlite:db "$@"; }
sql() { sqlite3 "${2:-db}" "$1"; }
rows() { sql 'SELECT count(*) FROM sip_trace'; }
# The messages of a stream, counted by the store itself.
messages() { rm -f count.db; tracedb insert -d sqlite:count.db 2>/dev/null <"$1"; sqlite3 count.db 'SELECT count(DISTINCT record_id) FROM sip_trace'; }

# same_messages MADE ANSWER: a stream of messages alone, and the answer to a query: the same frames, byte for byte, then statistics and end.
same_messages() {
	local frames=$(($(stat -c %s "$1") - 48)) tail
	tail=$(query --callid none | wc -c)
	cmp -n "$frames" "$1" "$2"
	[ "$(stat -c %s "$2")" = $((frames + tail - 48)) ]
}

# Somebody writes for as long as descriptor 5 is open.
lock() {
	mkfifo lock
	sqlite3 db <lock 3>&- >/dev/null &
	exec 5>lock
	echo 'BEGIN IMMEDIATE;' >&5
	wait_for locked
}
locked() { ! sqlite3 db 'BEGIN IMMEDIATE; ROLLBACK' 2>/dev/null; }

# The table of Kamailio's script for SQLite.
kamailio_table() {
	sqlite3 "${1:-db}" "CREATE TABLE sip_trace (id INTEGER PRIMARY KEY NOT NULL,
	    time_stamp TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL, time_us INTEGER DEFAULT 0 NOT NULL,
	    callid VARCHAR(255) DEFAULT '' NOT NULL, traced_user VARCHAR(255) DEFAULT '' NOT NULL, msg TEXT NOT NULL,
	    method VARCHAR(50) DEFAULT '' NOT NULL, status VARCHAR(255) DEFAULT '' NOT NULL, fromip VARCHAR(64) DEFAULT '' NOT NULL,
	    toip VARCHAR(64) DEFAULT '' NOT NULL, fromtag VARCHAR(128) DEFAULT '' NOT NULL, totag VARCHAR(128) DEFAULT '' NOT NULL,
	    direction VARCHAR(4) DEFAULT '' NOT NULL);
	CREATE INDEX sip_trace_traced_user_idx ON sip_trace (traced_user);
	CREATE INDEX sip_trace_date_idx ON sip_trace (time_stamp);
	CREATE INDEX sip_trace_fromip_idx ON sip_trace (fromip);
	CREATE INDEX sip_trace_callid_idx ON sip_trace (callid);"
}

# unprivileged COMMAND…: as somebody who may write nothing here.
unprivileged() {
	local d=$PWD
	[ "$(id -u)" = 0 ] || { "$@"; return; }
	while [ "$d" != / ] && [ "$d" != /tmp ]; do chmod a+rx "$d"; d=$(dirname "$d"); done
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

@test "query gives back what insert took, byte for byte" {
	stream 2000 odd >x
	insert <x 2>err
	query >y
	same_messages x y
}

@test "a stream inserted twice is stored once" {
	stream 300 odd >x
	insert <x 2>/dev/null
	sql .dump >once
	insert <x 2>/dev/null
	sql .dump | cmp - once
}

@test "repeated rows are counted as chosen, nothing is lost" {
	stream 300 >x
	insert <x
	insert --tee <x >y
	tracedb insert -d sqlite:other.db -r y
	[ "$(sql 'SELECT count(*) FROM sip_trace' other.db)" = 300 ]
	insert <x
}

@test "the three modes store the same" {
	stream 1000 odd >x
	for m in standard delayed async; do
		tracedb insert -d sqlite:$m.db --mode $m --batch 77 <x 2>/dev/null
		sql .dump $m.db >$m
	done
	[ -s standard ]
	cmp standard delayed
	cmp standard async
}

@test "0, 1 and 2 name the modes too, and a queue smaller than a message works" {
	stream 500 >x
	for m in 0 1 2; do
		tracedb insert -d sqlite:$m.db --mode $m --queue 1 <x
		[ "$(sql 'SELECT count(*) FROM sip_trace' $m.db)" = 500 ]
	done
}

@test "tee passes the records on as they are" {
	stream 500 odd >x
	insert --tee <x >y 2>/dev/null
	cmp -n $(($(stat -c %s x) - 48)) x y
}

@test "the answer goes back in: query | insert | query" {
	stream 500 odd >x
	insert <x 2>/dev/null
	query >y
	rm db
	insert <y 2>/dev/null
	query >z
	cmp y z
}

@test "columns have siptrace's values" {
	stream 150 odd >x
	insert <x 2>/dev/null
	[ "$(sql "SELECT * FROM (SELECT time_stamp, time_us, callid, traced_user, method, status, fromip, toip, fromtag, totag, direction FROM sip_trace WHERE id = 1)")" = \
	    '2026-11-22 19:20:30|0|call-0-5f3a9c@192.0.2.1||INVITE||udp:192.0.2.1:5060|udp:198.51.100.0:5060|f0||in' ]
	[ "$(sql "SELECT DISTINCT status, method, direction FROM sip_trace WHERE callid = 'call-1-5f3a9c@192.0.2.1' AND status <> ''")" = '100|INVITE|out' ]
	[ "$(sql "SELECT DISTINCT toip FROM sip_trace WHERE fromip LIKE '%:[2001%'")" = 'udp:[::1]:5060' ]
	[ "$(sql "SELECT DISTINCT typeof(msg), typeof(time_stamp), typeof(totag) FROM sip_trace")" = 'blob|text|text' ]
	[ "$(sql "SELECT count(*) FROM sip_trace WHERE fromip = '' AND toip = ''")" -gt 5 ]
}

@test "one row for each traced user, one without for a message without" {
	stream 100 odd >x
	insert <x 2>/dev/null
	[ "$(sql "SELECT count(*) FROM sip_trace WHERE time_us = 1750 AND time_ns/1000000000 = 1795375230")" = 3 ]
	[ "$(sql "SELECT group_concat(traced_user) FROM sip_trace WHERE time_us = 0")" = '' ]
	query --traced-user sip:user2@example.com >y
	[ "$(messages y)" = "$(sql "SELECT count(*) FROM sip_trace WHERE traced_user = 'sip:user2@example.com'")" ]
	[ "$(messages y)" -gt 20 ]
	query --traced-user sip:user2@example.com --traced-user sip:user0@example.com >y
	[ "$(messages y)" = "$(sql "SELECT count(DISTINCT record_id) FROM sip_trace WHERE traced_user <> ''")" ]
}

@test "the schema under share/ is the one that insert makes" {
	stream 0 | insert
	sqlite3 share.db <"$TOP/share/sqlite.sql"
	cmp <(sql 'SELECT type, name, replace(sql, "IF NOT EXISTS ", "") FROM sqlite_schema ORDER BY name') \
	    <(sql 'SELECT type, name, replace(sql, "IF NOT EXISTS ", "") FROM sqlite_schema ORDER BY name' share.db)
}

@test "each kind of question is answered through an index" {
	stream 0 | insert
	plan() { sql "EXPLAIN QUERY PLAN SELECT t.id FROM sip_trace AS t WHERE 1 AND $1 ORDER BY t.time_ns/1000, t.id"; }
	plan "t.time_ns/1000 >= 1 AND t.time_ns/1000 < 2" | grep -q 'sip_trace_key'
	plan "t.callid IN ('a', 'b')" | grep -q 'sip_trace_callid'
	plan "(t.from_user IN ('1') OR t.to_user IN ('1') OR (t.ruri_user <> t.to_user AND t.ruri_user IN ('1')))" >numbers
	for i in from_user to_user ruri_user; do grep -q "sip_trace_$i" numbers; done
	plan "t.traced_user <> '' AND t.traced_user IN ('a')" | grep -q 'sip_trace_traced_user'
	! plan "1" | grep -q 'SCAN t$'
}

@test "query: call-id, number, method, status, times" {
	stream 700 >x
	insert <x
	count() { query "$@" >y; messages y; }
	[ "$(count)" = 700 ]
	[ "$(count --callid call-7-5f3a9c@192.0.2.1)" = 7 ]
	[ "$(count --callid call-7-5f3a9c@192.0.2.1 --callid call-8-5f3a9c@192.0.2.1)" = 14 ]
	[ "$(count --number 442071838000)" = 7 ]
	[ "$(count --number 493012345000)" = 7 ]
	[ "$(count --number 44207183800)" = 0 ]
	[ "$(count --method BYE)" = 200 ]
	[ "$(count --method BYE --status 200)" = 100 ]
	[ "$(count --status 1xx)" = 200 ]
	[ "$(count --status 1xx --status 200)" = 400 ]
	[ "$(count --since '2026-11-22 19:20:30.1')" = 300 ]
	[ "$(count --until 1795375230.1)" = 400 ]
	[ "$(count --since 2026-11-22T20:20:30+01:00 --until 2026-11-22T19:20:30.0005Z)" = 2 ]
	[ "$(count --since -1d --until now)" = 0 ] || [ "$(date +%Y)" = 2026 ]
	[ "$(count -n 10)" = 10 ]
}

@test "query: addresses, blocks and ports" {
	stream 700 >x
	insert <x
	count() { query "$@" >y; messages y; }
	[ "$(count --to-ip 198.51.100.7)" = 7 ]
	[ "$(count --to-ip 198.51.100.7:5060)" = 7 ]
	[ "$(count --to-ip 198.51.100.7:5061)" = 0 ]
	[ "$(count --to-ip 198.51.100.0/29 --from-ip 192.0.2.1)" = 56 ]
	[ "$(count --from-ip 192.0.2.2)" = 0 ]
}

@test "query: what no message meets is an empty stream, exit 0" {
	stream 10 | insert
	[ "$(status query --callid nobody)" = 0 ]
	[ "$(messages out)" = 0 ]
}

@test "values are no SQL" {
	stream 10 | insert
	query --callid "x' OR '1'='1" --number "'; DROP TABLE sip_trace; --" >y
	[ "$(messages y)" = 0 ]
	[ "$(rows)" = 10 ]
}

@test "messages come in time order, whatever their order was" {
	stream 400 >x
	insert <x
	query --since 1795375230.05 >late
	query --until 1795375230.05 >early
	rm db*
	cat late early | insert
	query >y
	same_messages x y
}

@test "a table of Kamailio's as target: its columns, Julian day, tags never NULL, each message once" {
	kamailio_table
	stream 300 odd >x
	insert <x 2>/dev/null
	insert <x 2>/dev/null
	stream 300 odd | tracedb insert -d sqlite:ours.db 2>/dev/null
	cols="time_us, callid, traced_user, hex(msg), method, status, fromip, toip, fromtag, totag, direction"
	cmp <(sql "SELECT datetime(time_stamp), $cols FROM sip_trace ORDER BY id") <(sql "SELECT time_stamp, $cols FROM sip_trace ORDER BY id" ours.db)
	[ "$(sql 'SELECT DISTINCT typeof(time_stamp) FROM sip_trace')" = real ]
}

@test "a table of Kamailio's as source: the same messages, ids and users" {
	stream 700 >x
	insert <x
	kamailio_table k.db
	tracedb insert -d sqlite:k.db <x
	tracedb query -d sqlite:k.db | tracedb insert -d sqlite:back.db
	cols="time_stamp, time_us, record_id, traced_user, callid, hex(msg), method, status, fromip, toip, direction, cseq, ruri_user"
	cmp <(sql "SELECT $cols FROM sip_trace") <(sql "SELECT $cols FROM sip_trace" back.db)
	[ "$(tracedb query -d sqlite:k.db --number 442071838000 | messages /dev/stdin)" = 7 ]
	[ "$(tracedb query -d sqlite:k.db --since '2026-11-22 19:20:30.1' --until 1795375230.11 | messages /dev/stdin)" = 40 ]
	[ "$(tracedb query -d sqlite:k.db --callid call-7-5f3a9c@192.0.2.1 --status 2xx | messages /dev/stdin)" = 2 ]
}

@test "rows of the module: half a second early, NULL tags, IPv6 without brackets, a user a row" {
	kamailio_table
	for u in '' sip:callee@x sip:caller@x; do
		sql "INSERT INTO sip_trace (time_stamp, time_us, traced_user, msg, fromip, toip, direction) VALUES
		    ((1795375230 - 0.5) / 86400 + 2440587.5, 326379, '$u', 'OPTIONS sip:a SIP/2.0' || char(13, 10, 13, 10), 'udp:::1:5060', 'udp:[::1]:16060', 'in')"
	done
	query | tracedb insert -d sqlite:ours.db
	[ "$(sql 'SELECT time_stamp, time_us, traced_user, fromip, toip, direction FROM sip_trace' ours.db | tr '\n' ' ')" = \
	    '2026-11-22 19:20:30|326379|sip:callee@x|udp:[::1]:5060|udp:[::1]:16060|in 2026-11-22 19:20:30|326379|sip:caller@x|udp:[::1]:5060|udp:[::1]:16060|in ' ]
	[ "$(sql 'SELECT count(DISTINCT record_id) FROM sip_trace' ours.db)" = 1 ]
	[ "$(query --since 1795375230 --until 1795375231 | messages /dev/stdin)" = 1 ]
	[ "$(query --until 1795375230 | messages /dev/stdin)" = 0 ]
}

@test "a row of Kamailio's that is no message is counted, the others come, exit 1" {
	kamailio_table
	stream 5 | insert
	sql "UPDATE sip_trace SET fromip = 'nonsense' WHERE id = 2; UPDATE sip_trace SET time_us = 2000000 WHERE id = 3"
	[ "$(status query)" = 1 ]
	[ "$(messages out)" = 3 ]
	grep -q '^tracedb: .*damaged' err
}

@test "where the side table cannot be had, it says that repetition is not noticed" {
	kamailio_table
	sql 'CREATE VIEW sip_trace_keys AS SELECT 1'
	stream 5 >x
	insert <x 2>err
	grep -q 'stored twice in sip_trace is not noticed' err
	insert <x 2>/dev/null
	[ "$(rows)" = 10 ]
}

@test "a row that a table refuses is counted, the rest is stored, exit 1" {
	kamailio_table
	sql "CREATE TRIGGER no_bye BEFORE INSERT ON sip_trace WHEN new.method = 'BYE' BEGIN SELECT RAISE(ABORT, 'no BYE here'); END"
	stream 350 >x
	[ "$(status insert -r x)" = 1 ]
	grep -q 'no BYE here' err
	grep -q '100 of 350 messages not stored' err
	[ "$(rows)" = 250 ]
	sql 'DROP TRIGGER no_bye'
	insert <x
	[ "$(rows)" = 350 ]
}

@test "a message's own table is used only if it is listed" {
	stream 160 odd >x
	insert <x 2>err
	grep -q '10 messages name a table' err
	[ "$(sql "SELECT count(*) FROM sqlite_schema WHERE name = 'other'")" = 0 ]
	rm db*
	insert --tables more,other <x
	[ "$(sql "SELECT count(DISTINCT record_id) FROM other")" = 10 ]
	[ "$(query --table other | messages /dev/stdin)" = 10 ]
}

@test "names of tables are checked before anything is touched" {
	for t in '' 'a b' 'x";DROP' 1a sqlite_x "$(printf 'a%.0s' {1..64})"; do
		stream 1 >x
		[ "$(status insert --table "$t" -r x)" = 2 ]
		[ "$(wc -l <err)" = 1 ]
		[ ! -e db ]
	done
}

@test "the database: -d, then SIPTRACE_DB_URL, then siptrace.db; Kamailio's spelling of a URL; private" {
	stream 3 | SIPTRACE_DB_URL=sqlite:env.db tracedb insert
	[ -e env.db ]
	stream 3 | tracedb insert
	[ "$(stat -c %a siptrace.db)" = 600 ]
	stream 3 | tracedb insert -d "sqlite:///$PWD/abs.db"
	[ -e abs.db ]
	stream 3 | tracedb insert -d sqlite::memory:
	[ -e :memory: ]
	[ "$(status tracedb query -d oracle:x)" = 2 ]
	grep -q "names no store" err
	[ "$(status tracedb query -d sqlite:)" = 2 ]
}

@test "query: no database, no table, a foreign table, a foreign file: one line, exit 1" {
	[ "$(status query)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	[ ! -e db ]
	sql 'CREATE TABLE t (a)'
	[ "$(status query)" = 1 ]
	grep -q 'there is no table sip_trace' err
	[ "$(status query --table t)" = 1 ]
	grep -q 'no table of traced messages' err
	stream 3 >x
	[ "$(status insert --table t -r x)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	head -c 5000 /dev/urandom >db
	for c in query "insert -r x"; do
		# shellcheck disable=SC2086
		[ "$(status $c)" = 1 ]
		[ "$(cat err)" = "tracedb: db: not a SQLite database" ]
	done
}

@test "a missing directory, a directory for a file: one line, exit 1" {
	stream 3 >x
	for f in no/such/dir/db .; do
		[ "$(status tracedb insert -d sqlite:$f -r x)" = 1 ]
		[ "$(wc -l <err)" = 1 ]
		[ "$(status tracedb query -d sqlite:$f)" = 1 ]
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "a locked database: one line that says so, exit 1, and what was there stays" {
	stream 30 | insert
	lock
	echo 'DELETE FROM sip_trace WHERE id = 1;' >&5
	stream 60 >x
	[ "$(status insert --lock-timeout 100ms -r x)" = 1 ]
	[ "$(cat err)" = "tracedb: db: locked by another process for 0.1 s" ]
	[ "$(query | messages /dev/stdin)" = 30 ]
	exec 5>&-
	wait
	insert <x
	[ "$(rows)" = 60 ]
}

@test "a read-only file and a read-only directory: insert says so, query reads" {
	stream 30 | insert
	mkdir d
	cp db d/db
	chmod 444 d/db
	chmod 555 d
	stream 40 >x
	chmod a+r x
	cp "$TOP/$B/bin/tracedb" .
	[ "$(status unprivileged "$PWD/tracedb" insert -d sqlite:d/db -r x)" = 1 ]
	[ "$(cat err)" = "tracedb: d/db: read-only" ]
	[ "$(status unprivileged "$PWD/tracedb" query -d sqlite:d/db)" = 0 ]
	[ "$(messages out)" = 30 ]
	[ "$(status unprivileged "$PWD/tracedb" insert -d sqlite:d/new -r x)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	chmod 755 d
}

@test "a full disk: one line, exit 1, what was committed stays and goes on growing later" {
	stream 2000 >x
	for m in standard delayed async; do
		rm -f db*
		full() { ulimit -f 400; tracedb insert -d sqlite:db --mode $m --batch 50 -r x; }
		[ "$(status full)" = 1 ]
		grep -qE '^tracedb: db: (the disk is full|disk I/O error)' err
		grep -qE 'messages not stored$' err
		n=$(rows)
		[ "$n" -gt 0 ] && [ "$n" -lt 2000 ]
		[ "$(sql 'PRAGMA integrity_check')" = ok ]
		insert <x
		[ "$(rows)" = 2000 ]
	done
}

@test "with --tee a dead database does not stop what is passed on" {
	stream 2000 >x
	full() { { ulimit -f 400; tracedb insert -d sqlite:db --batch 50 --tee -r x; } | cat >y; }
	[ "$(status full)" = 1 ]
	cmp -n $(($(stat -c %s x) - 48)) x y
	[ "$(rows)" -lt 2000 ]
}

@test "the tee's reader gone: all is stored, exit 1" {
	stream 3000 >x
	broken() { tracedb insert -d sqlite:db --tee -r x | true; }
	[ "$(status broken)" = 1 ]
	grep -q 'tee closed' err
	[ "$(rows)" = 3000 ]
}

# hold N TOOL…: the tool in the background as $pid, with a stream of N messages on a pipe that stays open: its input idles. release ends it.
hold() {
	stream "$1" >held
	shift
	rm -f pipe
	mkfifo pipe
	"$@" <pipe 2>held.err 3>&- &
	pid=$!
	exec 6>pipe
	cat held >&6
}
release() {
	exec 6>&-
	held_status=0
	wait "$pid" || held_status=$?
}
teardown() { [ -z "${pid:-}" ] || kill -9 "$pid" 2>/dev/null || true; }
have() { [ "$(rows 2>/dev/null)" = "$1" ]; }

@test "kill -9: what was committed is there, the rest comes with the same stream again" {
	hold 700 tracedb insert -d sqlite:db --batch 500 --batch-time 1h
	wait_for have 500
	kill -9 "$pid"
	release
	have 500
	[ "$(sql 'PRAGMA integrity_check')" = ok ]
	insert <held
	query >y
	same_messages held y
}

@test "an idle input: the batch is committed when it is old" {
	for m in delayed async; do
		rm -f db*
		hold 30 tracedb insert -d sqlite:db --mode $m --batch-time 50ms
		wait_for have 30
		release
		[ "$held_status" = 0 ]
	done
}

@test "mode standard commits at once" {
	hold 30 tracedb insert -d sqlite:db --mode standard --batch-time 1h
	wait_for have 30
	kill -9 "$pid"
	release
	have 30
}

taken() { kill -USR1 "$pid" && grep -q "messages_in=$1" held.err; }

@test "INT: a tool on a pipe reads on to the end, and all is committed" {
	for m in delayed async; do
		rm -f db*
		hold 30 tracedb insert -d sqlite:db --mode $m --batch-time 1h
		wait_for test -e db
		kill -INT "$pid"
		release
		[ "$held_status" = 0 ]
		have 30
	done
}

@test "INT, and the input does not end: what was taken is committed after --drain-time" {
	for m in delayed async; do
		rm -f db*
		hold 30 tracedb insert -d sqlite:db --mode $m --batch-time 1h --drain-time 10ms
		wait_for test -e db
		wait_for taken 30
		kill -INT "$pid"
		wait "$pid" || [ $? = 1 ]
		release
		have 30
	done
}

@test "USR1 prints one line of counters" {
	hold 30 tracedb insert -d sqlite:db --batch-time 10ms
	wait_for have 30
	kill -USR1 "$pid"
	wait_for grep -q 'messages_stored=30' held.err
	release
	[ "$held_status" = 0 ]
	[ "$(wc -l <held.err)" = 1 ]
}

@test "mode async, a full queue: live input drops and says so, other input waits" {
	for kind in live plain; do
		rm -f db* lock
		hold 0 tracedb insert -d sqlite:db --mode async --queue 100k --batch 10
		wait_for have 0
		lock
		stream 1000 $kind >x
		if [ $kind = live ]; then
			cat x >&6
			wait_for taken 1000
		else
			cat x >&6 3>&- &
		fi
		exec 5>&-
		exec 6>&-
		held_status=0
		wait "$pid" || held_status=$?
		if [ $kind = live ]; then
			[ "$held_status" = 1 ]
			grep -qE 'queue full: [0-9]+ messages dropped' held.err
			[ "$(rows)" -gt 50 ]
			[ "$(rows)" -lt 1000 ]
		else
			[ "$held_status" = 0 ]
			have 1000
		fi
	done
}

@test "a damaged row is counted, the others come, exit 1" {
	stream 20 | insert
	sql "UPDATE sip_trace SET msg = substr(msg, 1, 100) || 'X' || substr(msg, 102) WHERE id = 3;
	     UPDATE sip_trace SET meta = x'00' WHERE id = 5; UPDATE sip_trace SET msg = x'' WHERE id = 7;"
	[ "$(status query)" = 1 ]
	[ "$(messages out)" = 17 ]
	[ "$(wc -l <err)" -le 2 ]
}

@test "a database with a damaged page: one line, exit 1" {
	stream 2000 | insert
	dd if=/dev/urandom of=db bs=8192 seek=20 count=40 conv=notrunc 2>/dev/null
	[ "$(status query)" = 1 ]
	[ "$(wc -l <err)" -le 2 ]
}

@test "wrong usage: exit 2, one line" {
	for a in "query --status 99" "query --status 4x" "query --since yesterday" "query --from-ip host" "query a b" "insert file" "insert --mode 3" "insert --on-full wait" "select" "query --until 2026-02-30"; do
		# shellcheck disable=SC2086
		[ "$(status tracedb $a)" = 2 ]
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "not a trace stream, an empty input: one line, exit 1" {
	echo hello >x
	[ "$(status insert -r x)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	: >x
	[ "$(status insert -r x)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
}

@test "a truncated stream: its whole messages are stored, exit 1" {
	stream 30 | head -c 20000 >x
	[ "$(status insert -r x)" = 1 ]
	[ "$(rows)" -gt 15 ]
}
