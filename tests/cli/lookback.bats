# SPDX-License-Identifier: MIT
# sipfilter --lookback: calls that are selected by something that comes late, whole.
load common
load calls

# failing: three calls, the second of which is refused at the end.
failing() {
	{
		call one alice 0
		cat <<-'END'
			0.5 INVITE     bad a - 1 q1 bob
			0.6 100/INVITE bad a - 1 q1 bob
			1.3 180/INVITE bad a b 1 q1 bob
			4.0 503/INVITE bad a b 1 q1 bob
			4.1 ACK        bad a b 1 q1 bob
		END
		call three carol 1.15
	} | sort -s -n -k 1,1 | flow
}

@test "a call that fails at its end is selected whole, in its order" {
	failing >in
	sipfilter -m d --lookback 60s '$rs == 503' <in | ids >got
	ids -r in | grep bad | cmp - got
	[ "$(sipfilter -m d '$rs == 503' <in | ids | wc -l)" = 2 ]
	sipfilter -m t --lookback 60s '$rs == 503' <in | ids | cmp - got
}

@test "-m t with a look-back is the transaction alone" {
	failing >in
	sipfilter -m t --lookback 60s '$rm == "BYE" && $rs == 200 && $ci == "one"' <in | ids >got
	ids -r in | grep one | grep BYE | cmp - got
}

@test "what passed and what did not are the whole" {
	failing >in
	for m in t d; do
		for e in '$rs == 503' '$rs == 180' 'true' 'false'; do
			sipfilter -m $m --lookback 60s "$e" <in | ids >yes
			sipfilter -m $m --lookback 60s -v "$e" <in | ids >no
			sort yes no | cmp - <(ids -r in | sort)
			sipfilter -m $m --lookback 60s --pass pass --fail fail "$e" <in
			sort <(ids -r pass) | cmp - <(sort yes)
			sort <(ids -r fail) | cmp - <(sort no)
		done
	done
}

@test "a set passes the moment it is decided; --in-order keeps the stream's order" {
	failing >in
	# by the ACK of each: the calls come out one after the other
	sipfilter -m d --lookback 60s 'is_method("ACK")' <in | ids >got
	sort -c -s -n -k 1,1 got && return 1
	sort -s -n -k 1,1 got | cmp - <(ids -r in)
	for c in one bad three; do grep $c got | cmp - <(ids -r in | grep $c); done
	sipfilter -m d --lookback 60s --in-order 'is_method("ACK")' <in | ids | cmp - <(ids -r in)
	sipfilter -m d --lookback 60s --in-order '$ci == "bad" && $rs == 503' <in | ids | cmp - <(ids -r in | grep bad)
	sipfilter -m d --lookback 60s --in-order -v '$ci == "bad" && $rs == 503' <in | ids | cmp - <(ids -r in | grep -v bad)
}

@test "the header says how far times step back" {
	failing >in
	sipfilter -m d --lookback 60s '$rs == 503' <in >a
	sipfilter -m d --lookback 60s --in-order '$rs == 503' <in >b
	disorder() { xxd -s 32 -l 8 -e -g 8 "$1" | cut -d ' ' -f 2; }	# trace-stream(5)
	[ $((16#$(disorder a))) = $((16#$(disorder in) + 60000000000)) ]
	[ "$(disorder b)" = "$(disorder in)" ]
}

@test "messages older than --lookback are given up, counted, and their call is partial" {
	failing >in
	[ "$(status sipfilter -m d --lookback 3s '$rs == 503' -r in)" = 0 ]
	ids -r out >got
	ids -r in | grep bad | tail -n 3 | cmp - got
	grep -q 'partial' err
	[ "$(counter out partial)" = 1 ]
	[ "$(counter out given_up)" -ge 2 ]
	messages -r out | jq -r .comment | sort -u | grep -qx partial
	# -v passes what was given up
	[ "$(sipfilter -m d --lookback 3s -v '$rs == 503' <in 2>err | ids | wc -l)" = 28 ]
}

@test "annotations are those of the first request, on all that waited" {
	failing | sipfilter -m d --lookback 60s -c '$ci-$rm-$rs' --user '$fU' '$rs == 503' | tracecat -F corr,users | sort | uniq -c >got
	[ "$(wc -l <got)" = 1 ]
	grep -qE '^ +5 bad-INVITE-	bob$' got
}

@test "what is decided without its call does not wait" {
	# no Call-ID, no SIP
	{ echo '0 OPTIONS - a - 1 o1'; echo '1 log nobody'; call one alice 2; } | flow >in
	sipfilter -m d --lookback 60s -v '$rs == 503' <in | ids | wc -l >n
	[ "$(cat n)" = 15 ]
	sipfilter -m d --lookback 60s '$rm == "OPTIONS"' <in | ids | wc -l >n
	[ "$(cat n)" = 1 ]
}

@test "the ledger balances while calls wait and at the end" {
	failing | sipfilter -m d --lookback 60s '$rs == 503' >out
	[ "$(counter out in) $(counter out out) $(counter out not_selected)" = "31 5 26" ]
	[ -z "$(counter out waiting)" ]
}

@test "--max-memory bounds what waits" {
	gen -n 60000 -c 6000 >in
	[ "$(status sipfilter -m d --lookback 1h --max-memory 8M '$rs == 486' -r in)" = 0 ]
	grep -q partial err
	[ "$(counter out given_up)" -ge 10000 ]
	/usr/bin/env python3 -c 'import resource, subprocess; subprocess.run(["sipfilter", "-m", "d", "--lookback", "1h", "--max-memory", "8M", "$rs == 486", "-r", "in", "-w", "/dev/null"], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' >rss
	[ -n "$SAN" ] || [ "$(cat rss)" -lt 40000 ]
}

@test "an idle stream's calls are decided by the statistics that pass" {
	{ call one alice 0; seq -f '%g tick' 20 10 90; } | flow | sipfilter -m d --lookback 30s -v '$rs == 503' >out
	[ "$(counter out out)" = 13 ]
}

@test "--lookback where nothing waits is a usage error" {
	[ "$(status sipfilter --lookback 60s true </dev/null)" = 2 ]
	[ "$(status sipfilter -m d --in-order true </dev/null)" = 2 ]
}

@test "it is what two passes by SQL over the same messages select" {
	gen -n 20000 -c 3000 >in
	sipfilter -m d --lookback 1h '$rs == 486' <in | tracecat -F id | sort >got
	tracedb insert -d sqlite:calls.db <in
	sqlite3 calls.db "SELECT printf('%016x', record_id) FROM sip_trace WHERE callid IN (SELECT callid FROM sip_trace WHERE status = '486')" | sort >want
	[ "$(wc -l <want)" -ge 1000 ]
	cmp got want
	sipfilter -m d --lookback 1h --in-order '$rs == 486' <in | tracecat -F id >ordered
	tracecat -r in -F id | grep -xFf want | cmp - ordered
}
