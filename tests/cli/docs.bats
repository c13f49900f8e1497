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
	rm -f err	# of the one before
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

# Of siptrace-delivery(7); they belong together, and have a test of their own.
tls='homer\.(key|pem)'

@test "the examples of the man pages run" {
	# Ports become those of a receiver of ours, interfaces the sample capture.
	python3 "$TOP/tests/cli/receiver.py" >got 3>&- &
	receiver=$!
	wait_for test -s got
	port=$(head -n 1 got)
	python3 "$TOP/tests/cli/examples.py" "$TOP"/man/man[17]/*.[17] | grep -vE "$tls" |
		sed -E "s/(127\.0\.0\.1|\[::1\]):[0-9]+/127.0.0.1:$port/g; s/127\.0\.0\.1:$port/localhost:$port/2; s/-i any/-r sample.pcap/; s/-i eth0/-i lo/" |
		# a collector runs until a signal
		sed -E 's/0\.0\.0\.0:[0-9]+/127.0.0.1:0/g; s/sipcap --listen-hep/timeout --preserve-status -s INT 2 &/' >examples
	[ "$(wc -l <examples)" -gt 30 ]
	for page in $(basename -s .c "$TOP"/cmd/*.c | sed 's/$/.1/') siptrace-expr.7 siptrace-delivery.7; do
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

# listens FILE: what says there that it is listening does so on $port.
listens() { port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$1") && [ -n "$port" ]; }

@test "siptrace-delivery(7): TLS with a certificate of one's own, as pasted" {
	cp "$TOP/share/sample.pcap" .
	python3 "$TOP/tests/cli/examples.py" "$TOP/man/man7/siptrace-delivery.7" | cut -f 2- | grep -E "$tls" | sed 's/homer\([^.]\)/localhost\1/g; s/-i eth0/-r sample.pcap/' >lines
	[ "$(wc -l <lines)" = 3 ]
	bash -c "$(sed -n 1p lines)" 2>err
	bash -c "$(sed -n '2s/0\.0\.0\.0:9061/127.0.0.1:0/; 2s/^sipcap/exec sipcap/; 2s/ |.*/ -w got/p' lines)" 2>err &
	local pid=$!
	wait_for listens err
	bash -o pipefail -c "$(sed -n "3s/:9061/:$port/p" lines)"
	kill -INT "$pid"
	wait "$pid"
	[ "$(tracecat -r got | wc -l)" = "$(sipcap -r sample.pcap | tracecat | wc -l)" ]
	sed -n '2s/.* | \(tracedb .*\)/\1/p' lines >store
	bash -c "$(cat store)" <got && [ -s homer.db ]
}

@test "README: agent, collector and log work as pasted, with files and ports of our own" {
	cp -r "$TOP/share" .
	sed -n '/^## An agent/,/^## /s/^    //p' "$TOP/README.md" >lines
	[ "$(wc -l <lines)" -ge 5 ]
	: >kamailio.log
	bash -c "$(grep -- '--listen-hep' lines | sed 's/0\.0\.0\.0:9060/127.0.0.1:0/g; s/^sipcap/exec sipcap/; s/ |.*/ -w got/')" 2>err &
	local pid=$! hlog
	wait_for eval '[ "$(grep -c listening err)" = 2 ]'
	local udp tcp
	udp=$(sed -n 's/.*listening on udp:.*:\([0-9]*\)$/\1/p' err)
	tcp=$(sed -n 's/.*listening on tcp:.*:\([0-9]*\)$/\1/p' err)
	bash -o pipefail -c "$(grep -- '--failover' lines | sed "s,/var/spool/siptrace,spool,; s/-i eth0/-r share\\/sample.pcap/; s/homer[12]:9060/127.0.0.1:$tcp/g")"
	sed -n '/^export/,$p' lines | sed "s/homer:9060/127.0.0.1:$udp/; s,/var/log/,$PWD/,; s/^hlog -f/exec hlog -f/" >log
	callid=abc@host bash log &
	hlog=$!
	followed() { ls -l "/proc/$hlog/fd" | grep -q kamailio.log; }
	wait_for followed
	echo 'a line of the log' >>kamailio.log
	has() { grep -qF -- "$1" <(tracecat -o tsv -F corr,payload -r got 2>log2); }
	wait_for has 'a line of the log'
	has $'abc@host\tbilling refused the call'
	kill -INT "$hlog" "$pid"
	wait "$hlog"
	wait "$pid"
	[ "$(tracecat -r got | wc -l)" = $(($(sipcap -r share/sample.pcap | tracecat | wc -l) + 2)) ]
}

@test "ARCHITECTURE.md names every module, and the folder that it is in" {
	local h layer name missing=
	for h in "$TOP"/lib/*/*.h; do
		layer=$(basename "$(dirname "$h")") name=$(basename "$h" .h)
		case $name in
		*_impl | *_part) continue ;;	# what the files of a module share
		spool_state) continue ;;
		esac
		grep "^| .lib/$layer. |" "$TOP/ARCHITECTURE.md" | grep -q "\`$name\`" || missing+=" $layer/$name"
	done
	[ -z "$missing" ] || { echo "not named:$missing"; return 1; }
	# and no other
	while read -r layer name; do
		[ -n "$(find "$TOP/lib/$layer" -name "$name.[ch]")" ] || missing+=" $layer/$name"
	done < <(sed -nE 's/^\| `lib\/([a-z]+)` \| (.*) \|$/\1 \2/p' "$TOP/ARCHITECTURE.md" | awk '{ n = split($0, p, "`"); for (i = 2; i <= n; i += 2) if (p[i] ~ /^[a-z0-9_]+$/ && p[i] != "in") print $1, p[i] }')
	[ -z "$missing" ] || { echo "not there:$missing"; return 1; }
}
