#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the documents promise works as pasted: the README's pipelines, the demo, the examples of the man pages.
load common

@test "README: the pipelines work as pasted" {
	cp -r "$TOP/share" .
	sed -n '/^## Some pipelines/,/^## /s/^    //p' "$TOP/README.md" >pipelines
	[ "$(grep -c sipcap pipelines)" = 6 ]
	while read -r line; do
		echo "$line"
		bash -o pipefail -c "$line" >out 2>err && s=0 || s=$?
		case $line in
		*hepsend*) [ "$s" -le 1 ] && [ "$(grep -vc '^hepsend: ' err)" = 0 ] ;;	# nobody listens there
		*'| head') [ "$s" = 0 ] || [ "$s" = 141 ] ;;
		*) [ "$s" = 0 ] && [ ! -s err ] ;;
		esac || { cat err; return 1; }
	done <pipelines
	[ "$(tracedb query -d sqlite:calls.db | tracecat | wc -l)" -gt 20 ]
	[ -s busy.pcap ]
	[ "$(ls calls | wc -l)" -gt 5 ]
}

@test "the demo stores calls and shows one" {
	TMPDIR=$PWD B=$B sh "$TOP/share/demo.sh" >out
	grep -q INVITE out
	grep -q '486 Busy Here' out
	grep -q '^INVITE sip:' out
	[ -s siptrace-demo.db ]
}

@test "make install DESTDIR puts tools, pages and completions in place, uninstall takes all away" {
	make -s -C "$TOP" ${SAN:+SAN=1} install DESTDIR="$PWD/root" PREFIX=/usr >log
	[ -x root/usr/bin/sipcap ]
	[ -f root/usr/share/man/man1/sipcap.1 ]
	[ -f root/usr/share/bash-completion/completions/sipcap ]
	make -s -C "$TOP" ${SAN:+SAN=1} uninstall DESTDIR="$PWD/root" PREFIX=/usr >log
	[ "$(find root -type f | wc -l)" = 0 ]
}

# follows LINE: runs what follows a file that is not there, until it says that it waits for it.
follows() {
	bash -c "exec $1" >out 2>err </dev/null &
	local pid=$!
	wait_for grep -q 'waiting for it' err && kill -TERM "$pid" && { wait "$pid" || [ $? = 1 ]; }
}

@test "the examples of siptrace-expr(7) run" {
	cp "$TOP/share/sample.pcap" .
	python3 "$TOP/tests/cli/examples.py" "$TOP"/man/man7/siptrace-expr.7 | cut -f 2 >examples
	[ "$(wc -l <examples)" = 3 ]
	while read -r line; do
		bash -o pipefail -c "$line" >out 2>err || { echo "$line"; cat err; return 1; }
		[ -s out ] && [ ! -s err ] || { echo "$line"; cat err; return 1; }
	done <examples
}

@test "the files of rules in siptrace-rules(5) are taken" {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$TOP/man/man5/siptrace-rules.5" |
		awk '/^\./ { shown = /^\.Bd -literal/; n += shown; next } shown { print >("rules." n) }'
	sipcap -r "$TOP/share/sample.pcap" >in
	echo 127.0.0.0/8 >carriers
	echo gc >numbers
	[ "$(ls rules.* | wc -l)" = 4 ]
	for f in rules.*; do
		[ "$(status sipfilter -f "$f" -r in)" = 0 ] || { echo "$f"; cat err; return 1; }
	done
}

@test "the examples of the man pages run" {
	# Ports become those of a receiver of ours, interfaces the sample capture.
	python3 "$TOP/tests/cli/receiver.py" >got 3>&- &
	receiver=$!
	wait_for test -s got
	port=$(head -n 1 got)
	python3 "$TOP/tests/cli/examples.py" "$TOP"/man/man1/*.1 |
		sed -E "s/(127\.0\.0\.1|\[::1\]):[0-9]+/127.0.0.1:$port/g; s/-i any/-r sample.pcap/; s/-i eth0/-i lo/" |
		# a collector runs until a signal
		sed -E 's/0\.0\.0\.0:[0-9]+/127.0.0.1:0/g; s/sipcap --listen-hep/timeout --preserve-status -s INT 2 &/' >examples
	[ "$(wc -l <examples)" -gt 30 ]
	for t in "$TOP"/cmd/*.c; do
		page=$(basename "$t" .c).1
		grep -q "^$page	" examples || { echo "$page: no examples"; return 1; }
		mkdir "$page"
		cp "$TOP/share/sample.pcap" "$page"
		while IFS=$'\t' read -r of line; do
			[ "$of" = "$page" ] || continue
			case $line in
			'hlog -f '*) follows "${line//\/var\/log\//nowhere.}" || { echo "$page: $line"; cat err; return 1; }; continue ;;
			esac
			(cd "$page" && bash -o pipefail -c "$line") >out 2>err </dev/null || { echo "$page: $line"; cat err; return 1; }
		done <examples
	done
	kill "$receiver"
}
