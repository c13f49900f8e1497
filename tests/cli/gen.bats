#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The generator of the benchmarks' captures.
load common

gen() {
	"$TOP/$B/tests/bench/gen" "$@"
}

@test "the same options make the same bytes, another seed others" {
	gen -n 2000 -c 320 -o a
	gen -n 2000 -c 320 >b
	cmp a b
	gen -n 2000 -c 320 --seed 2 >c
	! cmp -s a c
}

@test "records made directly are what sipcap makes of the capture" {
	gen -n 2000 -c 320 -o a.pcap
	gen -n 2000 -c 320 --records -o a.trace
	sipcap -r a.pcap | tracecat -o json >from-pcap
	tracecat -r a.trace -o json >direct
	[ "$(wc -l <direct)" = 2000 ]
	cmp from-pcap direct
}

@test "as many calls and messages as asked for, one caller in ten from 44" {
	gen -n 5000 -c 480 --records | tracecat -o tsv -F callid,from_user >t
	[ "$(grep -c '@' t)" = 5000 ]
	[ "$(grep '@' t | cut -f1 | sort -u | wc -l)" = 480 ]
	[ "$(grep '@' t | sort -u | cut -f2 | grep -c '^44')" = 48 ]
}

@test "open dialogs: three messages each, then those within them" {
	gen --open 50 -n 400 --records | tracecat -o tsv -F method,status,callid >t
	[ "$(grep -c '@' t)" = 550 ]
	[ "$(grep '@' t | head -n 150 | cut -f3 | sort -u | wc -l)" = 50 ]
	[ "$(grep '@' t | tail -n +151 | cut -f3 | sort -u | wc -l)" -le 50 ]
	[ "$(grep '@' t | tail -n +151 | cut -f2 | grep -c 200)" = 200 ]
}
