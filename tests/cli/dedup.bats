#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# sipfilter --dedup: copies at a second capture point, and retransmissions. What capture.py's taps see is told there.
load common

capture() { python3 "$TOP/tests/cli/capture.py" "$1"; }

# taps NAME OPTION…: the records of that capture through sipfilter.
taps() { capture "$1" >"$1.cap" && sipcap -r "$1.cap" | sipfilter "${@:2}"; }

# counters: those of sipfilter's that are not 0.
counters() { tracecat --ledger | awk '$1 == "sipfilter" && NF == 5 && $5 != "taken" && $3 > 0 { printf "%s:%s=%s ", $4, $5, $3 }'; }

@test "of a hop seen at two interfaces each packet stays once" {
	[ "$(taps taps | tracecat -o tsv -F time | wc -l)" = 80 ]
	taps taps --dedup 100ms >out
	[ "$(tracecat -r out -o tsv -F time | wc -l)" = 41 ]
	[ "$(counters <out)" = 'in:in=80 out:out=41 chosen:copies=39 info:retransmissions=1 ' ]
}

@test "what stays is what came first, byte for byte; what one point missed comes from the other" {
	taps taps --dedup 100ms '$cs != 5' | tracecat -o json | jq -c . >got
	sipcap -r taps.cap | tracecat -o json | jq -c 'select(.cseq != "5 OPTIONS") | select((.capture_point == 0) == (.status == null))' >want
	[ "$(wc -l <want)" = 38 ]
	diff want got
}

@test "the same from two files" {
	capture tap-0 >0
	capture tap-1 >1
	sipcap -r 0 -r 1 | sipfilter --dedup 100ms | tracecat -o json >got
	taps taps --dedup 100ms | tracecat -o json | diff - got
}

@test "from two HEP agents with ids of their own" {
	capture tap-0 >0
	capture tap-1 >1
	for i in 0 1; do sipcap -r $i | hepenc -i 300$i | hepenc -D >$i.trace; done
	tracecat --merge 0.trace 1.trace | sipfilter --dedup 100ms >out
	[ "$(counters <out)" = 'in:in=80 out:out=41 chosen:copies=39 info:retransmissions=1 ' ]
}

@test "taps out of order: whatever comes first stays" {
	taps taps-out-of-order --dedup 100ms >out
	[ "$(counters <out)" = 'in:in=80 out:out=41 chosen:copies=39 info:retransmissions=1 ' ]
}

@test "a retransmission stays, marked, with its identification or without" {
	for c in taps taps-without-ids; do
		taps $c --dedup 100ms '$cs == 5 && $rs == $null' | tracecat -o tsv -F time,capture_point,marks >got
		diff - got <<-END
			5.000000	0	-
			6.000000	0	retransmission
		END
	done
}

@test "a window wider than the retransmission eats none" {
	taps taps-without-ids --dedup 2s >out
	[ "$(counters <out)" = 'in:in=80 out:out=41 chosen:copies=39 info:retransmissions=1 ' ]
}

@test "a window narrower than the way between the points: nothing is a copy" {
	[ "$(taps taps --dedup 2ms | tracecat -o tsv -F time | wc -l)" = 80 ]
}

@test "at one point the identification tells a copy; without one it stays" {
	taps twice --dedup 100ms | counters >a
	taps twice-without-ids --dedup 100ms | counters >b
	[ "$(cat a)" = 'in:in=80 out:out=40 chosen:copies=40 info:retransmissions=1 ' ]
	[ "$(cat b)" = 'in:in=80 out:out=80 info:retransmissions=41 ' ]
}

@test "modes t and d mark retransmissions and drop no copies; mode m does neither" {
	for m in t d; do
		taps taps -m $m >out
		[ "$(counters <out)" = 'in:in=80 out:out=80 info:retransmissions=2 info:open=20 ' ]
		tracecat -r out -o tsv -F time,marks | grep retransmission >marked
		diff - marked <<-END
			6.000000	retransmission
			6.003000	retransmission
		END
	done
	[ "$(taps taps -m m | counters)" = 'in:in=80 out:out=80 ' ]
}

@test "a mark from before stays" {
	taps taps -m t | sipfilter '$cs == 5 && $Tf =~ "00:00:06"' >later
	[ "$(sipfilter -m t <later | tracecat -o tsv -F marks | tr '\n' ' ')" = 'retransmission retransmission ' ]
}

@test "marked once, the stream stays as it is" {
	taps taps -m d >once
	sipfilter -m d <once | tracecat -o json | diff - <(tracecat -o json -r once)
}

@test "the report: how long from one point to the other, and what each missed" {
	taps taps --dedup 100ms --dedup-report report >out
	diff - report <<-END
		from	to	copies	min_ms	median_ms	p95_ms	max_ms	only_from	only_to
		0	1	20	3.000000	3.000000	3.000000	3.000000	1	1
		1	0	19	4.000000	4.000000	4.000000	4.000000	1	1
	END
}

@test "the report names capture ids and nodes" {
	capture tap-0 >0
	capture tap-1 >1
	for i in 0 1; do sipcap -r $i | hepenc -i 300$i --node edge-$i | hepenc -D >$i.trace; done
	tracecat --merge 0.trace 1.trace | sipfilter --dedup 100ms --dedup-report report >out
	[ "$(cut -f 1-3 report | tail -n +2)" = "$(printf 'edge-0/3000/0\tedge-1/3001/0\t20\nedge-1/3001/0\tedge-0/3000/0\t19')" ]
}

@test "the report on SIGUSR1, too" {
	capture taps >taps.cap
	sipcap -r taps.cap >records
	mkfifo in
	sipfilter --dedup 100ms --dedup-report report <in >out 2>err &
	pid=$!
	exec 9>in
	cat records >&9
	wait_for test -s out
	kill -USR1 $pid
	wait_for grep -q '^1.0.19' report
	grep -q 'messages_copies=39' err
	exec 9>&-
	wait $pid
	[ "$(wc -l <report)" = 3 ]
}

@test "the report goes to standard output only where that is free" {
	capture taps >taps.cap
	sipcap -r taps.cap >records
	[ "$(status sipfilter --dedup 100ms --dedup-report - -r records)" = 2 ]
	grep -q 'standard output is for the records' err
	[ "$(status sipfilter --dedup 100ms --dedup-report - -r records -w kept)" = 0 ]
	[ "$(wc -l <out)" = 3 ]
}

@test "a report that cannot be written makes the status 1" {
	capture taps >taps.cap
	sipcap -r taps.cap >records
	[ "$(status sipfilter --dedup 100ms --dedup-report no/such/report -r records)" = 1 ]
	grep -q 'no/such/report: No such file' err
	[ "$(status sipfilter --dedup 100ms --dedup-report /dev/full -r records)" = 1 ]
	grep -q 'dedup-report /dev/full' err
	[ "$(tracecat -r out -o tsv -F time | wc -l)" = 41 ]
}

@test "wrong usage" {
	[ "$(status sipfilter --dedup 0 </dev/null)" = 2 ]
	grep -q 'not above 0' err
	[ "$(status sipfilter --dedup soon </dev/null)" = 2 ]
	[ "$(status sipfilter --dedup-report x </dev/null)" = 2 ]
	grep -q 'goes with --dedup TIME' err
}

@test "what memory does not hold is forgotten, counted and said" {
	capture many >many.pcap
	sipcap -r many.pcap | sipfilter --dedup 100d --max-memory 512k >out 2>err
	[ "$(tracecat -r out -o tsv -F time | wc -l)" = 20000 ]
	tracecat --ledger -r out | grep -q 'info *forgotten'
	grep -q 'messages forgotten within their time' err
}
