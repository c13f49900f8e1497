# SPDX-License-Identifier: MIT
# What sipfilter selects from call flows of every kind equals what a reference model selects (tests/model). Each test: some seeds, every
# mode, with and without -v, several expressions, annotations. For more by hand: python3 tests/model/many.py FIRST LAST [OPTION…]
load common

# flows FIRST LAST [OPTION…]: the seeds of this range.
flows() { python3 "$TOP/tests/model/many.py" "$@" >out 2>&1 || { cat out; false; }; }

@test "flows as they should be: the program selects what the model selects" {
	flows 1 4
}

@test "flows with lost packets" {
	flows 11 14 loss
}

@test "flows whose packets were captured in another order" {
	flows 21 24 reorder
}

@test "flows seen by two taps, with losses, in disorder" {
	flows 31 34 loss reorder taps
}

@test "the comparison notices a message that goes with another set" {
	python3 "$TOP/tests/model/flows.py" 1 40 only=challenged >flows.pcap
	sipcap -r flows.pcap -w in
	python3 "$TOP/tests/model/check.py" in true
	# the model without retries: a fault in either is a difference
	run -1 python3 -c 'import sys; sys.path.insert(0, sys.argv[1]); sys.argv[1:] = ["in", "true"]; import model; model.retried = lambda m, s: None
import check; check.main()' "$TOP/tests/model"
	[[ $output == *"goes with"* ]]
}

@test "the same seed gives the same capture" {
	python3 "$TOP/tests/model/flows.py" 7 30 loss reorder >one
	python3 "$TOP/tests/model/flows.py" 7 30 loss reorder | cmp - one
}
