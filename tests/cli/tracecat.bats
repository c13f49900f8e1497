# SPDX-License-Identifier: MIT
load common

MAKE_STREAM() { "$TOP/$B/tests/unit/v1_test" "$@"; }

# same FILE FILE…: the same messages, whatever else the streams hold.
same() {
	cmp <(tracecat -o json -r "$1") <(tracecat -o json -r "$2")
}

# seen FILE [tshark options]: what tshark finds in a capture file, in the default columns of tracecat.
seen() {
	local f=$1
	shift
	tshark -n -r "$f" "$@" -T fields -e frame.time_epoch -e ip.src -e ipv6.src -e udp.srcport -e tcp.srcport -e sctp.srcport \
		-e ip.dst -e ipv6.dst -e udp.dstport -e tcp.dstport -e sctp.dstport -e sip.Status-Code -e sip.Call-ID -e sip.CSeq \
		-e sip.CSeq.method -Y sip 2>/dev/null |
		awk -F '\t' -v OFS='\t' '{ print substr($1, 1, 17), $2 $3, $4 $5 $6, $7 $8, $9 $10 $11, $12 == "" ? "-" : $12, $13, $14, $15 }'
}

wanted() {
	tracecat -F time,src_ip,src_port,dst_ip,dst_port,status,callid,cseq,method -r "$1"
}

@test "every format is what it was" {
	local f
	for f in line full json tsv pcap pcapng; do
		tracecat -o "$f" -r "$DATA/v1.trace" | cmp - "$DATA/v1.$f"
	done
	tracecat --ledger -r "$DATA/v1.trace" | cmp - "$DATA/v1.ledger"
	tracecat <"$DATA/v1.trace" | cmp - "$DATA/v1.line"
}

@test "records of records are the same messages" {
	tracecat -o records <"$DATA/v1.trace" >a
	same a "$DATA/v1.trace"
	tracecat -o records <a | same /dev/stdin a
}

@test "jq parses every line of JSON" {
	[ "$(tracecat -o json <"$DATA/v1.trace" | jq -s length)" = "$(wc -l <"$DATA/v1.line")" ]
}

@test "every byte survives JSON" {
	local i
	tracecat -o json <"$DATA/v1.trace" >a.json
	tracecat -F payload <"$DATA/v1.trace" >a.tsv
	for i in $(seq "$(wc -l <a.json)"); do
		sed -n "${i}p" a.json >line
		if [ "$(jq 'has("payload_base64")' line)" = true ]; then
			jq -r .payload_base64 line | base64 -d >got
		else
			jq -j '.payload // ""' line >got
		fi
		printf '%b' "$(sed -n "${i}p" a.tsv | sed 's/^-$//')" >want
		cmp got want
	done
	grep -c _base64 a.json
	[ "$(jq -r 'select(.users_base64) | .users_base64 | map(@base64d | length) | length' a.json)" = 2 ]
}

@test "-F gives the columns asked for, in that order, and means tsv" {
	tracecat -F callid,time -r "$DATA/v1.trace" >a
	tracecat -o tsv -r "$DATA/v1.trace" | awk -F '\t' '{ print $9 "\t" $1 }' | cmp - a
	[ "$(tracecat -o json -F proto,status -r "$DATA/v1.trace" | sed -n 2p)" = '{"proto":"tcp","status":180}' ]
}

@test "--header names the columns" {
	run -0 tracecat -F id,time --header -r "$DATA/v1-live.trace"
	[ "$output" = $'id\ttime' ]
}

@test "a line is never more than one line, and nothing moves the cursor" {
	tracecat -o line <"$DATA/v1.trace" >a
	[ "$(wc -l <a)" = "$(tracecat -o json <"$DATA/v1.trace" | wc -l)" ]
	tracecat -o full <"$DATA/v1.trace" >>a
	tracecat -o json <"$DATA/v1.trace" >>a
	run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f\x{80}-\x{9f}]' a
}

@test "tshark sees in the pcap what the records hold" {
	MAKE_STREAM --calls 30 >a
	tracecat -o pcap -r a -w a.pcap
	seen a.pcap >got
	wanted a >want
	diff got want
}

@test "tshark sees in the pcapng what the records hold" {
	MAKE_STREAM --calls 30 >a
	tracecat -o pcapng -r a -w a.pcapng
	diff <(seen a.pcapng) <(wanted a)
}

@test "tshark reads UDP, TCP, SCTP, and TLS as TCP" {
	tracecat -F src_port,proto,kind,callid,method -r "$DATA/v1.trace" | awk -F '\t' '$3 == "sip" && $2 != "ws" && $2 != "wss" { n++ } END { print n }' >want
	tshark -n -r "$DATA/v1.pcap" -d tcp.port==5061,sip -Y sip 2>/dev/null | wc -l >got
	tshark -n -r "$DATA/v1.pcap" -d tcp.port==80,sip -d tcp.port==443,sip -d tcp.port==5061,sip -Y 'sip && tcp' 2>/dev/null | wc -l >tcp
	[ "$(($(cat want) + 1))" = "$(cat got)" ]	# wss on 443 is found without help
	[ "$(cat tcp)" = 4 ]
}

@test "records to a capture file and back are the same messages" {
	local f o columns=time_ns,src_ip,src_port,dst_ip,dst_port,ip_id,orig_len,method,status,callid,cseq,payload
	sipcap -r "$TOP/share/sample.pcap" >sample
	MAKE_STREAM --calls 500 >calls
	MAKE_STREAM --big 65000 >big
	for f in sample calls big; do
		tracecat -F "$columns,proto" -r "$f" >want
		for o in pcap pcapng; do
			tracecat -o "$o" -r "$f" | sipcap -r - | tracecat -F "$columns,proto" | diff -q - want
		done
	done
}

@test "checksums in a capture file are right" {
	tshark -n -r "$DATA/v1.pcap" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE -o sctp.checksum:CRC-32C \
		-T fields -e ip.checksum.status -e udp.checksum.status -e tcp.checksum.status -e sctp.checksum.status 2>/dev/null >a
	[ "$(wc -l <a)" = "$(wc -l <"$DATA/v1.line")" ]
	run -1 grep -w 0 a
}

@test "pcapng has the interface, direction and notes of each record" {
	run -0 tshark -n -r "$DATA/v1.pcapng" -T fields -e frame.interface_name -e frame.packet_flags_direction -e frame.comment -c 2
	[[ $output == *"point 0"*"corr=corr-1 user=alice user=bob, the second node=edge-1 comment=first call"* ]]
	[[ $output == *"point 1"* ]]
}

@test "a message of 200 kB goes over TCP in several segments, and is reported over UDP" {
	MAKE_STREAM --big 200000 >a
	[ "$(status tracecat -o pcap -r a -w a.pcap)" = 1 ]
	[ "$(cat err)" = "tracecat: a message of 200273 bytes does not fit in a datagram" ] || { cat err; return 1; }
	[ "$(tshark -n -r a.pcap 2>/dev/null | wc -l)" = 4 ]
	[ "$(tshark -n -r a.pcap -Y sip -T fields -e sip.Method 2>/dev/null)" = MESSAGE ]
}

@test "split files together are the input" {
	MAKE_STREAM --calls 500 >a
	tracecat -o json -r a | sort >want
	tracecat -o json --split '$ci' -w d -r a
	[ "$(ls d | wc -l)" = 500 ]
	[ -e d/call%2F499@h.json ]
	cat d/* | sort | cmp - want
}

@test "each split file is complete in its format, though more are split than can be open" {
	local f
	MAKE_STREAM --calls 300 >a
	tracecat -F callid,method --header --split '$ci' -w tsv -r a
	run -0 cat tsv/call%2F7@h.tsv
	[ "$output" = $'callid\tmethod\ncall/7@h\tINVITE\ncall/7@h\tINVITE\ncall/7@h\tACK' ]
	tracecat -o pcap --split '$ci' -w pcap -r a
	tracecat -o pcapng --split '$ci' -w pcapng -r a
	for f in pcap/call%2F7@h.pcap pcapng/call%2F299@h.pcapng; do
		[ "$(tshark -n -r "$f" -Y sip 2>/dev/null | wc -l)" = 3 ]
		[ -z "$(tshark -n -r "$f" -Y tcp.analysis.flags 2>/dev/null)" ]
	done
	tracecat -o records --split '$ci' -w records -r a
	for f in records/*; do
		[ "$(tracecat -F callid -r "$f" | sort | uniq -c | awk '{ print $1 }')" = 3 ]
	done
}

@test "merge of split records is the input" {
	MAKE_STREAM --calls 300 >a
	tracecat -o records --split '$ci' -w d -r a
	tracecat --merge d/* >b
	same a b
}

@test "no value leaves the directory of the split" {
	mkdir in
	tracecat -o json --split '../$ci' -w in/d -r "$DATA/v1.trace"
	[ "$(ls)" = in ]
	[ "$(ls in)" = d ]
	[ "$(ls -A in/d | grep -c '^%2E.%2F')" = "$(ls -A in/d | wc -l)" ]
}

@test "an empty value has a file of its own" {
	tracecat -o line --split '$ci' -w d -r "$DATA/v1.trace"
	[ "$(wc -l <d/%none.txt)" = 2 ]
}

@test "split files are for their owner only, and a symbolic link is not followed" {
	tracecat --split '$ci' -w d -r "$DATA/v1.trace"
	[ "$(stat -c %a d d/%none.txt | xargs)" = "700 600" ]
	rm d/%none.txt
	ln -s "$PWD/elsewhere" d/%none.txt
	[ "$(status tracecat --split '$ci' -w d -r "$DATA/v1.trace")" = 1 ]
	grep -q '^tracecat: --split: %none.txt: ' err
	[ ! -e elsewhere ]
}

@test "a wrong template is usage" {
	[ "$(status tracecat --split '$nosuch' -w d -r "$DATA/v1.trace")" = 2 ]
	[ ! -e d ]
}

@test "merge goes by time, and among equal times by the order of the files" {
	MAKE_STREAM --calls 3 >a
	tracecat --merge a a >b
	tracecat -F time,id -r b >got
	tracecat -F time,id -r a | sed p | cmp - got
	tracecat --merge a - <a | same /dev/stdin b
}

@test "merge keeps the statistics of all its inputs" {
	tracecat --merge "$DATA/v1.trace" "$DATA/v1-live.trace" >a
	run -0 tracecat --ledger -r a
	[ "$(grep -c 'kernel_drops' <<<"$output")" = 2 ]
	run -0 tracecat --merge --ledger "$DATA/v1.trace" "$DATA/v1-live.trace"
	[ "$(grep -c 'kernel_drops' <<<"$output")" = 2 ]
}

@test "merge reports what is wrong with one input and gives the others" {
	echo junk >junk
	head -c 3000 "$DATA/v1.trace" >cut
	[ "$(status tracecat --merge -o line junk "$DATA/v1.trace" cut)" = 1 ]
	grep -q '^tracecat: junk: not a trace record stream' err
	grep -q '^tracecat: cut: truncated' err
	[ "$(wc -l <err)" = 2 ]
	[ "$(wc -l <out)" -gt "$(wc -l <"$DATA/v1.line")" ]
}

@test "merge takes pipes" {
	MAKE_STREAM --calls 2000 >a
	tracecat -o records --split '$rm' -w d -r a
	tracecat --merge <(cat d/ACK.trace) <(cat d/INVITE.trace) | same /dev/stdin a
}

@test "the ledger says where messages were lost, and whether the sum holds" {
	run -0 tracecat --ledger -r "$DATA/v1.trace"
	[[ $output == *"sipcap       packets            20           12            5            2            1            0  ok"* ]]
	[[ $output == *"5  lost     kernel_drops"* ]]
	head -c 240 "$DATA/v1-live.trace" | { tracecat --ledger >out 2>err; echo $? >status; } || true
	[ "$(cat status)" = 1 ]
	grep -q '1 unaccounted for' out
}

@test "wrong usage exits 2 with one line" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086
		[ "$(status tracecat $words </dev/null)" = 2 ] && [ "$(wc -l <err)" = 1 ] && [ ! -s out ] || {
			echo "$words"
			return 1
		}
	done <<-'END'
		-o xml
		-F nosuch
		-F time,time
		-F time -o line
		--header
		--header -o json
		operand
		--merge
		--merge -r a b
		--ledger -o json
		--ledger --split $ci
		--split $ci -w -
		--nosuch
	END
}

@test "no records from a terminal, no capture file to one" {
	script -qec "tracecat; echo status \$?" /dev/null </dev/null >out
	grep -q 'standard input is a terminal' out
	grep -q 'status 2' out
	script -qec "tracecat -o pcap -r '$DATA/v1.trace'; echo status \$?; tracecat -o records -r '$DATA/v1.trace'; echo status \$?" /dev/null </dev/null >out
	[ "$(grep -c 'is a terminal' out)" = 2 ]
	[ "$(grep -c 'status 2' out)" = 2 ]
	script -qec "tracecat -r '$DATA/v1.trace'" /dev/null </dev/null | tr -d '\r' | cmp - "$DATA/v1.line"
}

@test "bad input of each kind gives one line and exit 1" {
	local n
	: >empty
	echo '{"json": 1}' >junk
	head -c 3000 "$DATA/v1.trace" >cut
	{ head -c 3000 "$DATA/v1.trace"; printf X; tail -c +3002 "$DATA/v1.trace"; } >flipped
	for n in empty junk cut flipped nosuch .; do
		[ "$(status tracecat -r "$n")" = 1 ] && [ "$(wc -l <err)" = 1 ] || { echo "$n"; cat err; return 1; }
		grep -q "^tracecat: $n: " err
	done
}

@test "a damaged stream gives all messages that are whole" {
	{ head -c 3000 "$DATA/v1.trace"; printf X; tail -c +3002 "$DATA/v1.trace"; } >flipped
	[ "$(status tracecat -r flipped)" = 1 ]
	[ "$(diff out "$DATA/v1.line" | grep -c '^[<>]')" = 1 ]
}

@test "a full disk or a missing directory is said" {
	[ "$(status tracecat -o json -r "$DATA/v1.trace" -w /dev/full)" = 1 ]
	[ "$(cat err)" = "tracecat: /dev/full: write: No space left on device" ]
	[ "$(status tracecat -r "$DATA/v1.trace" -w no/such)" = 1 ]
	[ "$(cat err)" = "tracecat: no/such: No such file or directory" ]
	[ "$(status tracecat -r "$DATA/v1.trace" --split '$ci' -w no/such)" = 1 ]
	[ "$(wc -l <err)" = 1 ]
	: >file
	[ "$(status tracecat -r "$DATA/v1.trace" --split '$ci' -w file)" = 1 ]
	[ "$(cat err)" = "tracecat: file: Not a directory" ]
}

@test "a reader that goes away ends it with SIGPIPE" {
	MAKE_STREAM --calls 20000 >a
	set +o pipefail
	tracecat -o full -r a 2>err | head -n 1 >out
	[ "${PIPESTATUS[0]}" = 141 ]
	[ ! -s err ]
}

@test "a live message is written before the next one comes" {
	mkfifo in
	tracecat -r in -w out &
	exec 9>in
	head -c 1200 "$DATA/v1.trace" >&9
	wait_for test -s out
	[ "$(head -n 1 out)" = "$(head -n 1 "$DATA/v1.line")" ]
	tail -c +1201 "$DATA/v1.trace" >&9
	exec 9>&-
	wait $!
	cmp out "$DATA/v1.line"
}

@test "HUP finishes the file and begins a new one" {
	local pid
	mkfifo in
	tracecat -o pcap -r in -w out &
	pid=$!
	exec 9>in
	head -c 1200 "$DATA/v1.trace" >&9
	wait_for test -s out
	mv out old
	kill -HUP "$pid"
	wait_for test -e out
	tail -c +1201 "$DATA/v1.trace" >&9
	exec 9>&-
	wait "$pid"
	[ "$(($(tshark -n -r old 2>/dev/null | wc -l) + $(tshark -n -r out 2>/dev/null | wc -l)))" = "$(wc -l <"$DATA/v1.line")" ]
}

@test "the first TERM lets a pipe drain" {
	local pid
	mkfifo in
	tracecat -r in -w out &
	pid=$!
	exec 9>in
	head -c 1200 "$DATA/v1.trace" >&9
	wait_for test -s out
	kill -TERM "$pid"
	tail -c +1201 "$DATA/v1.trace" >&9
	exec 9>&-
	wait "$pid"
	cmp out "$DATA/v1.line"
}

@test "the man page has every format, column and option" {
	local page=$TOP/man/man1/tracecat.1 word
	tracecat --help >help
	sed -n '/^Formats:/,/^See/p' help | sed 's/^Formats://; s/^Columns://; /^See/d' | tr -s ' \n' '\n\n' | grep . >words
	[ "$(wc -l <words)" -gt 40 ]
	while read -r word; do
		grep -qE "^\.It (Cm|Sy) $word\$" "$page" || { echo "$word"; return 1; }
	done <words
	grep -oE -- '--[a-z-]+' help | sort -u >words
	while read -r word; do
		grep -qE -- "Fl -${word#--}( |\$)" "$page" || { echo "$word"; return 1; }
	done <words
	[ "$(wc -l <help)" -le 50 ]
	run -1 grep -E '.{81}' help
}

@test "the man pages are clean" {
	mandoc -T lint -W warning "$TOP/man/man1/tracecat.1" "$TOP/man/man5/trace-stream.5"
}

@test "a long reason does not push the columns behind it away" {
	sipcap -r "$TOP/share/sample.pcap" | tracecat >lines
	grep -q 'trying' lines
	# the CSeq number of every line stands in the same place
	[ "$(awk 'match($0, /[0-9]+ (INVITE|ACK|BYE|CANCEL|OPTIONS|REGISTER|MESSAGE|PUBLISH) /) { print RSTART }' lines | sort -u | wc -l)" = 1 ]
}
