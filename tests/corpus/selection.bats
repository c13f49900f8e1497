# SPDX-License-Identifier: MIT
# Selection from real traffic: against the reference model (tests/model), against what it was when it was checked by hand
# (tests/golden/selection, "make golden" with CORPUS set writes it anew), and against what Kamailio's module traced.
load ../cli/common

MODEL=$TOP/tests/model
INITIAL='is_method("INVITE") && $rs == $null && !has_totag()'

@test "the program selects what the model selects, from every capture" {
	local f failed=0
	for f in "$CORPUS"/captures/*.pcap*; do
		sipcap -r "$f" -w in 2>/dev/null || [ -s in ]
		python3 "$MODEL/check.py" -q in true '$rs >= 200' 'is_method("BYE|NOTIFY") || $rs == 401' '$rs == 180 || is_method("ACK")' >>out 2>&1 ||
			{ echo "$f"; failed=1; }
	done
	cat out
	[ "$failed" = 0 ]
}

@test "what is selected from every capture is what it was when it was checked" {
	mkdir got
	python3 "$MODEL/golden.py" got "$CORPUS"/captures/*.pcap*
	diff -r "$TOP/tests/golden/selection" got
}

# module FOLDER MODE EXPR: all that the module traced is selected; writes what else is, by the name of the module's gap.
module() { python3 "$MODEL/kamailio.py" "$CORPUS/golden/kamailio/$1" "$2" "$3" >got || { cat got; false; }; }

@test "mode m: the surplus over the module is its gaps of three routes" {
	module select-m m true
	cmp got - <<-'END'
		11 100, t_reply() and sl reply of the proxy
		1 200 to CANCEL, out
		3 ACK of a negative reply, made by the proxy
		2 CANCEL out, made by the proxy
		3 retransmission out
	END
}

@test "mode t: the surplus is retransmissions sent, stateless forwards and the 2xx ACK sent" {
	module select-t t '$rs == $null'
	printf '6 retransmission out\n6 stateless forward()\n' | cmp - got
	module select-t-udp6 t '$rs == $null'
	echo '1 2xx ACK out' | cmp - got
}

@test "mode d: the surplus is retransmissions and the ACKs that the module cannot see" {
	module select-d d "$INITIAL"
	printf '2 retransmission in: request\n6 retransmission out\n' | cmp - got
	module select-d-ack0 d "$INITIAL"
	printf '2 2xx ACK in\n3 2xx ACK out\n' | cmp - got
	module select-d-ack1 d "$INITIAL"
	echo '3 2xx ACK out' | cmp - got
}
