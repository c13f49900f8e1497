# SPDX-License-Identifier: MIT
# sipfilter -f with rules.
load common
load calls

@test "the first rule that matches wins; each mode takes what it says" {
	mixed >in
	cat >rules <<-'END'
		# registrations are noise
		drop if is_method("REGISTER")
		trace d corr "one-$ci" flag 1 if $ci == "one"
		trace t corr t user $fU if $ci == "two" && $rm == "BYE"
		trace m to hep:udp:127.0.0.1:9060 table odd if $rs == 180
	END
	sipfilter -f rules <in >out
	tracecat -F callid,corr -r out | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '13 one	one-one' '2 three	-' '2 two	-' '4 two	t' | cmp - got
	[ "$(sipfilter 'isflagset(1)' <out | ids | wc -l)" = 13 ]
	messages -r out | jq -r 'select(.table == "odd") | .callid' | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '2 three' '2 two' | cmp - got
}

@test "a drop above a rule takes messages out of its calls, one below does not" {
	mixed >in
	printf 'drop if $rm == "ACK"\ntrace d if $ci == "one"\n' >above
	printf 'trace d if $ci == "one"\ndrop if $rm == "ACK"\n' >below
	[ "$(sipfilter -f above <in | ids | wc -l)" = 11 ]
	[ "$(sipfilter -f below <in | ids | wc -l)" = 13 ]
}

@test "a call keeps the rule that took it" {
	mixed >in
	printf 'trace d corr late if $rs == 180\ntrace d corr early if $rm == "INVITE"\n' >rules
	sipfilter -f rules <in | tracecat -F corr | sort | uniq -c | sed 's/^ *//' >got
	echo '39 early' | cmp - got
}

@test "a rule for N calls takes no more, and follows those it has" {
	mixed >in
	echo 'trace d for 2 calls if $rm == "INVITE"' >rules
	[ "$(status sipfilter -f rules -r in)" = 0 ]
	ids -r out | cut -f 2 | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '13 one' '13 two' | cmp - got
	grep -q 'rules, line 1: over, with 2 taken' err
}

@test "a rule for a time takes nothing later, and both ends are said" {
	mixed >in
	echo 'trace d for 1s or 5 calls if $rm == "INVITE"' >rules
	[ "$(status sipfilter -f rules -r in)" = 0 ]
	ids -r out | cut -f 2 | sort -u | tr '\n' ' ' >got
	[ "$(cat got)" = "one two " ]
	grep -q 'rules, line 1: begins: trace d for 1s or 5 calls' err
	grep -q 'rules, line 1: over, with 2 taken' err
}

@test "a list of values in a file" {
	mixed >in
	printf '# customers\nalice\ncarol\n' >who
	echo 'trace d if $fU in @who && is_method("INVITE")' >rules
	sipfilter -f rules <in | ids | cut -f 2 | sort -u | tr '\n' ' ' >got
	[ "$(cat got)" = "one three " ]
}

@test "a wrong rule shows its line and place" {
	printf 'trace d if true\ntrace x if true\n' >rules
	[ "$(status sipfilter -f rules </dev/null)" = 2 ]
	grep -q '^sipfilter: rules, line 2: ' err
	grep -qF 'trace x if true' err
	printf 'trace d if $fU ==\n' >rules
	[ "$(status sipfilter -f rules </dev/null)" = 2 ]
	[ "$(status sipfilter -f rules -m d </dev/null)" = 2 ]
	printf 'trace d if true\n' >rules
	[ "$(status sipfilter -f rules -m d </dev/null)" = 2 ]
	grep -q -- '-m' err
}

# run_rules OPTION...: sipfilter -f rules in the background as $pid, from descriptor 9 into ./out.
run_rules() {
	rm -f in out err	# of the one before
	mkfifo in
	sipfilter -f rules "$@" <in >out 2>err &
	pid=$!
	exec 9>in
}
passed() { [ "$(ids -r out 2>/dev/null | wc -l)" = "$1" ]; }	# so far

# reread CORR: HUP, and feeds call two until it passes with CORR: the new rules are in use.
reread() {
	kill -HUP "$pid"
	call two bob 3 | flow >two
	feed_two() { cat two >&9; [ -n "$(tracecat -F corr -r out 2>/dev/null | grep "$1")" ]; }
	wait_for feed_two "$1"
}
# all_fed: the end of its input, and its own.
all_fed() {
	exec 9>&-
	wait "$pid"
}

@test "HUP: calls keep rules that are gone, wrong ones change nothing" {
	echo 'trace d corr old if $ci == "one"' >rules
	call one alice 0 | flow >whole
	call one alice 0 | sed -n 1,5p | flow >a
	call one alice 0 | sed -n '6,$p' | flow >b
	run_rules
	cat a >&9
	wait_for passed 5
	echo 'trace q' >rules
	kill -HUP $pid
	wait_for grep -q 'stays as it was' err
	echo 'trace d corr new if $ci == "two"' >rules
	reread new
	cat b >&9
	all_fed
	[ "$(tracecat -F callid,corr -r out | grep -c '^one	old$')" = 13 ]
}

@test "HUP: the first rule that takes calls follows them, retransmissions and look-back too" {
	echo 'trace m if $ci == "mark"' >rules
	call one alice 0 | sed 1p | flow >whole
	call mark bob 0 | sed -n 1p | flow >mark
	run_rules --lookback 60s
	cat mark >&9
	wait_for passed 1
	echo 'trace d corr new if $rm == "BYE" || $ci == "two"' >rules
	reread new
	cat whole >&9
	all_fed
	[ "$(tracecat -F callid,corr -r out | grep -c '^one	new$')" = "$(tracecat <whole | wc -l)" ]
	tracecat -F callid,marks -r out | grep -q '^one	retransmission$'
}

# later RULE... LAST: the first half of a call under these rules, the rest under the last; how much of it passes with --lookback.
later() {
	printf '%s\n' "${@:1:$#-1}" >rules
	call one alice 0 | sed -n 1,6p | flow >a
	call one alice 0 | sed -n '7,$p' | flow >b
	call mark bob 0 | sed -n 1p | flow >mark
	run_rules --lookback 60s
	cat a mark >&9
	wait_for passed 1 || return
	printf 'trace m corr second if $ci == "two"\n%s\n' "${@: -1}" >rules
	reread second || return
	cat b >&9
	all_fed
	tracecat -F callid -r out | grep -c '^one$'
}

@test "HUP with --lookback: calls of a new rule are whole" {
	local mark='trace m if $ci == "mark"' bye='$rm == "BYE" && $rs == 200'
	[ "$(later "$mark" "trace d if $bye")" = 13 ]
	[ "$(later "$mark" 'trace t if $rs == 999' "trace d if $bye")" = 13 ]
	[ "$(later "$mark" 'trace d if $rs == 999' 'trace t if $rs == 200 && $rm == "INVITE"')" = 9 ]
}

@test "with --lookback a rule's calls are whole" {
	mixed >in
	printf 'trace t corr bye if $rm == "BYE" && $rs == 200 && $ci == "two"\ntrace d corr call if $rm == "BYE" && $rs == 200 && $ci == "one"\n' >rules
	sipfilter -f rules --lookback 60s <in | tracecat -F callid,corr | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '13 one	call' '4 two	bye' | cmp - got
	sipfilter -f rules --lookback 60s --in-order <in | ids >ordered
	sort -c -s -n -k 1,1 ordered
	[ "$(wc -l <ordered)" = 17 ]
}

@test "many rules with templates: each call has those of the rule that took it" {
	mixed >in
	{ for i in $(seq 300); do echo "trace d corr \"r$i-\$ci-\$rm\" if \$ci == \"none$i\""; done; echo 'trace d corr "last-$ci-$rm" if $rs == 180'; } >rules
	sipfilter -f rules <in | tracecat -F callid,corr | sort -u >got
	printf '%s	last-%s-INVITE\n' one one three three two two | cmp - got
}

@test "one record far in the future ends no rule" {
	{ call one alice 0; echo '1.05 OPTIONS far a - 1 f1'; call two bob 2; } | sort -s -n -k 1,1 | sed 's/^1.05 /90000 /' | flow >in
	echo 'trace d for 1m if $rm == "INVITE"' >rules
	[ "$(status sipfilter -f rules -r in)" = 0 ]
	ids -r out | cut -f 2 | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '13 one' '13 two' | cmp - got
	[ "$(grep -c over err)" = 0 ]
}
