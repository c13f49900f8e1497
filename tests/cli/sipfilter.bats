# SPDX-License-Identifier: MIT
load common
load calls

@test "a filter that passes everything is the identity on messages" {
	mixed >in
	for m in m t d; do
		sipfilter -m $m <in | messages >out
		messages -r in | cmp - out
		sipfilter -m $m true <in | messages | cmp - out
	done
}

@test "every message is either selected or selected by -v, in its order" {
	mixed >in
	for m in m t d; do
		sipfilter -m $m '$fU == "alice" && $rm == "INVITE"' <in | ids >yes
		sipfilter -m $m -v '$fU == "alice" && $rm == "INVITE"' <in | ids >no
		[ -s yes ] && [ -s no ]
		sort yes no >both
		ids -r in | sort | cmp - both
		sort -c -s -n -k 1,1 yes
	done
}

@test "-m m takes the message alone, -m t its transaction, -m d its call" {
	mixed >in
	sipfilter -m m '$ci == "two" && $rs == 180' <in | ids >m
	sipfilter -m t '$ci == "two" && $rs == 180' <in | ids >t
	sipfilter -m d '$ci == "two" && $rs == 180' <in | ids >d
	[ "$(wc -l <m)" = 2 ]
	[ "$(wc -l <t)" = 6 ]	# from the first 180 to the last ACK
	[ "$(wc -l <d)" = 10 ]
	grep -q BYE d
}

@test "-m d of interleaved calls is the union of the calls' own streams" {
	mixed >in
	for c in one two three; do sipfilter '$ci == "'$c'"' <in >$c; done
	sipfilter -m d 'is_method("INVITE") && $fU == "alice"' <in | messages | sort >whole
	cat one three | sipfilter -m d 'is_method("INVITE")' | messages | sort | cmp - whole
	[ "$(wc -l <whole)" = 26 ]
}

@test "a registration is selected with its retry and no more" {
	mixed >in
	[ "$(sipfilter -m d '$cs == 1 && $rm == "REGISTER"' <in | ids | wc -l)" = 4 ]
	[ "$(sipfilter -m t '$cs == 1 && $rm == "REGISTER"' <in | ids | wc -l)" = 2 ]
}

@test "state survives the seam of concatenated streams" {
	call c alice 0 | head -n 4 | flow >a
	call c alice 0 | tail -n +5 | flow >b
	cat a b | sipfilter -m d '$rm == "INVITE" && $rs == $null' | ids >out
	[ "$(wc -l <out)" = 13 ]
	sipfilter -m d '$rm == "INVITE" && $rs == $null' <b >b2
	[ "$(ids -r b2 | wc -l)" = 0 ]
}

@test "a call silent for longer than --dialog-timeout is another one" {
	{ call c alice 0 | head -n 9; echo '700 INFO c a b 2 i1'; echo '1400 INFO c a b 3 i2'; } | flow >in
	[ "$(sipfilter -m d '$rm == "INVITE"' <in | ids | wc -l)" = 11 ]
	[ "$(sipfilter -m d --dialog-timeout 10m '$rm == "INVITE"' <in | ids | wc -l)" = 9 ]
}

@test "annotations of the first request are on every message of the call" {
	mixed | sipfilter -m d -c '$ci-$ft' --user '$fU' --user 'both' --table 'sip_$rm' --to hep:udp:127.0.0.1:9060 --to sip:127.0.0.1:5060 \
		'$ci == "two" && $rs == 180' >out
	tracecat -F corr,users -r out | sort -u >got
	printf 'two-a\tbob,both\n' | cmp - got
	messages -r out | jq -r '[.table, (.dest // .dests | tostring)] | @tsv' | sort -u >got
	[ "$(wc -l <got)" = 1 ]
	grep -q sip_INVITE got
	grep -q 'hep:udp:127.0.0.1:9060.*sip:127.0.0.1:5060' got
}

@test "annotations in mode m are each message's own, constant ones need no call" {
	mixed | sipfilter -c '$cs' '$ci == "one"' | tracecat -F corr | sort -u | tr '\n' ' ' >got
	[ "$(cat got)" = "1 7 " ]
	mixed | sipfilter -m d -c ticket-7 '$ci == "one"' | tracecat -F callid,corr | sort -u >got
	printf 'one\tticket-7\n' | cmp - got
}

@test "a second filter replaces the correlation id and adds users, none twice" {
	mixed | sipfilter -m d -c first --user a '$ci == "one"' | sipfilter -c second --user b --user a | tracecat -F corr,users | sort -u >got
	printf 'second\ta,b\n' | cmp - got
}

@test "what -v passes is annotated, too" {
	mixed | sipfilter -m d -v -c 'not-$ci' '$ci == "one"' | tracecat -F callid,corr | grep -v -- '^-' | sort -u >got
	printf '%s\tnot-%s\n' reg reg three three two two | cmp - got
}

@test "--set-flag marks what passes, --flag considers only that" {
	mixed >in
	sipfilter -m d --set-flag 3 '$ci == "one"' <in >one
	cat one in | sipfilter --flag 3 >got
	messages -r got | cmp - <(messages -r one)
	[ "$(cat one in | sipfilter --flag 4 | ids | wc -l)" = 0 ]
	[ "$(cat one in | sipfilter --flag 4 -v | ids | wc -l)" = "$(cat one in | ids | wc -l)" ]
	[ "$(cat one | sipfilter 'isflagset(3)' | ids | wc -l)" = 13 ]
	[ "$(status sipfilter --flag 32 <in)" = 2 ]
	[ "$(status sipfilter --set-flag x <in)" = 2 ]
}

@test "the expression may stand in a file, with comments" {
	mixed >in
	printf '# calls of alice\n$fU == "alice"   # as the caller\n  && $ua != "#1"\n' >expr
	sipfilter -m d -f expr <in | messages | cmp - <(sipfilter -m d '$fU == "alice"' <in | messages)
}

@test "a wrong expression shows its place before anything is read" {
	[ "$(status sipfilter -r missing '$fU === "a"')" = 2 ]
	grep -q '^sipfilter: ' err
	grep -qF '$fU === "a"' err
	grep -q '^ *^' err
	[ ! -s out ]
	printf '# fine\n$fU == \n' >expr
	[ "$(status sipfilter -f expr -r missing)" = 2 ]
	grep -q expr err
	[ "$(status sipfilter -c '$nonsense' -r missing)" = 2 ]
	grep -q -- --correlation err
	[ "$(status sipfilter -f missing </dev/null)" = 2 ]
	printf '# nothing\n' >expr
	[ "$(status sipfilter -f expr </dev/null)" = 2 ]
}

@test "wrong usage is said in a line" {
	local args
	for args in "-m x" "--to homer" "--to hep:homer:9060" "--to hep:sip:homer:9060" "--to sip:" "true false" "-f f true" "--max-dialogs x"; do
		# shellcheck disable=SC2086
		[ "$(status sipfilter $args </dev/null)" = 2 ]
		[ "$(wc -l <err)" = 1 ]
	done
}

@test "--explain prints the compiled expression and reads nothing" {
	[ "$(status sipfilter --explain -r missing '$rm == "INVITE" && $rs > 399')" = 0 ]
	grep -q INVITE out
	grep -q 399 out
}

@test "-e: exit status 1 if nothing passed" {
	mixed >in
	[ "$(status sipfilter -e '$ci == "none"' -r in)" = 1 ]
	[ "$(status sipfilter '$ci == "none"' -r in)" = 0 ]
	[ "$(status sipfilter -e '$ci == "one"' -r in)" = 0 ]
}

@test "the ledger balances" {
	mixed | sipfilter -m d '$ci == "one"' >out
	echo "$(counter out in) $(counter out out) $(counter out not_selected)" >got
	echo "44 13 31" | cmp - got
}

@test "--max-dialogs forgets the oldest and says so" {
	gen --open 1000 -n 1000 >in
	sipfilter -m d '$rm == "INVITE" && $rs == $null' <in | ids | wc -l >all
	[ "$(cat all)" = 4000 ]
	[ "$(status sipfilter -m d --max-dialogs 100 '$rm == "INVITE" && $rs == $null' -r in)" = 0 ]
	grep -q forgotten err
	[ "$(counter out evicted)" -ge 900 ]
	[ "$(status sipfilter -m d --max-memory 10k '$rm == "INVITE" && $rs == $null' -r in)" = 0 ]
	grep -q forgotten err
}

@test "HUP reads the file again; a wrong one is said and the old one stays" {
	echo '$ci == "one"' >expr
	mkfifo in
	sipfilter -f expr <in >out 2>err &
	pid=$!
	exec 9>in
	mixed >s
	cat s >&9
	wait_for eval '[ "$(ids -r out 2>/dev/null | wc -l)" = 13 ]'
	echo '$ci == ' >expr
	kill -HUP $pid
	wait_for grep -q 'stays as it was' err
	cat s >&9
	wait_for eval '[ "$(ids -r out 2>/dev/null | wc -l)" = 26 ]'
	echo '$ci == "two" || $ci == "three"' >expr
	kill -HUP $pid
	# Nothing tells when it was read: feed until it shows.
	wait_for eval 'cat s >&9; [ -n "$(ids -r out 2>/dev/null | grep two)" ]'
	exec 9>&-
	wait $pid
}

@test "an idle stream's calls end by the statistics that pass" {
	call c alice 0 >script
	flow <script | sipfilter -m d >out
	[ "$(counter out open)" = 1 ]
	{ cat script; seq -f '%g tick' 20 10 90; } | flow | sipfilter -m d >out
	[ "$(counter out in)" = 13 ]
	[ -z "$(counter out open)" ]	# zeros are not shown
}

@test "no stream, an empty file and a truncated one" {
	[ "$(status sipfilter </dev/null)" = 1 ]
	echo nonsense >text
	[ "$(status sipfilter -r text)" = 1 ]
	mixed >in
	head -c -100 in >cut
	[ "$(status sipfilter -r cut)" = 1 ]
	grep -q truncated err
	messages -r out 2>/dev/null | wc -l >n
	[ "$(cat n)" -ge 43 ]
}

@test "--users: who of From, To and request URI is listed is a traced user of the whole call" {
	printf '# traced\n\n  alice \nbob\n' >list
	echo dave >more
	mixed >in
	sipfilter -m d --users list --users more -r in | tracecat -F callid,users | sort -u >got
	mixed | sipfilter -m d '$fU in @list || $tU in @list || $rU in @list' | tracecat -F callid | sort -u >listed
	[ -s listed ] && grep -qx three listed
	cmp <(awk -F '\t' '$2 ~ /alice|bob/ { print $1 }' got) listed
	awk -F '\t' '$2 ~ /alice.*alice|bob.*bob/' got | diff /dev/null -
	# one alone, beside a template, none twice
	echo '1 INVITE c a - 1 z1 alice' | flow | sipfilter --users list --user '$fU' --user x | tracecat -F users >got
	[ "$(cat got)" = alice,x,bob ]
	[ "$(status sipfilter --users nowhere -r in)" = 2 ]
	grep -qx 'sipfilter: --users: nowhere: No such file or directory' err
	echo 'trace m' >rules
	[ "$(status sipfilter --users list -f rules -r in)" = 2 ]
}

@test "HUP reads the list of --users again" {
	echo nobody >list
	mkfifo in
	sipfilter --users list <in >out 2>err &
	pid=$!
	exec 9>in
	mixed >s
	cat s >&9
	wait_for eval '[ "$(ids -r out 2>/dev/null | wc -l)" = "$(ids -r s | wc -l)" ]'
	rm list
	kill -HUP $pid
	wait_for grep -q 'stays as it was' err
	echo alice >list
	kill -HUP $pid
	wait_for eval 'cat s >&9; [ -n "$(tracecat -F users -r out 2>/dev/null | grep alice)" ]'
	exec 9>&-
	wait $pid
}

@test "a file as an operand: it says how files are read" {
	mixed >calls.trace
	[ "$(status sipfilter -m d calls.trace)" = 2 ]
	[ "$(tail -n 1 err)" = "sipfilter: there is a file of this name: records are read with -r FILE, an expression with -f FILE" ]
	[ "$(status sipfilter '$rs == 200' calls.trace)" = 2 ]
	grep -q 'records are read with -r FILE' err
}
