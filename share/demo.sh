#!/bin/sh
# SPDX-License-Identifier: MIT
# demo.sh  the main job on the sample capture: capture, select whole calls, store, look. B is the build folder.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/${B:-build}/bin:$PATH
db=${TMPDIR:-/tmp}/siptrace-demo.db
rm -f "$db" "$db-wal" "$db-shm"

# Every line is shown as one would type it, then run.
show() {
	printf '\n$ %s\n' "$1"
	sh -c "$1"
}

export SIPTRACE_DB_URL="sqlite:$db"
printf '$ export SIPTRACE_DB_URL=sqlite:%s\n' "$db"
show "sipcap -r share/sample.pcap | sipfilter -m d 'is_method(\"INVITE\")' | tracedb insert"
echo
echo "Stored, message by message:"
show "tracedb query | tracecat -o tsv -F method | sort | uniq -c | sort -rn"
callid=$(tracedb query --status 486 | tracecat -o tsv -F callid | head -n 1)
echo
echo "One call that was answered with 486, as text:"
show "tracedb query --callid '$callid' | tracecat"
show "tracedb query --callid '$callid' | tracecat -o full | head -n 24"
echo
echo "The database is $db; read on in README.md."
