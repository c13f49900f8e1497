# SPDX-License-Identifier: MIT
# Record streams of calls from a few lines of text (tests/flow.h), and what is seen of them, for the tests of sipfilter.
# shellcheck shell=bash

flow() { "$TOP/$B/tests/bench/flow"; }
gen() { "$TOP/$B/tests/bench/gen" --records "$@"; }

# messages [FILE]: the messages of a stream as JSON lines, without what the stages say of themselves.
messages() { tracecat -o json "$@"; }
# counter NAME: its value in the last stage's statistics.
counter() { tracecat --ledger -r "$1" | awk -v name="$2" '$1 == "sipfilter" && $5 == name { print $3 }'; }
ids() { tracecat -F time,callid,cseq,status "$@"; }

# call CALLID FROMUSER START: an ordinary proxied call.
call() {
	awk -v c="$1" -v u="$2" -v s="$3" 'NF { $1 += s; for (i = 2; i <= NF; i++) if ($i == "C") $i = c; print $0, u }' <<-'END'
		0.0 INVITE     C a - 1 z1
		0.1 100/INVITE C a - 1 z1
		0.2 INVITE     C a - 1 z2,z1
		0.3 180/INVITE C a b 1 z2,z1
		0.4 180/INVITE C a b 1 z1
		2.0 200/INVITE C a b 1 z2,z1
		2.1 200/INVITE C a b 1 z1
		2.2 ACK        C a b 1 z3
		2.3 ACK        C a b 1 z4,z3
		9.0 BYE        C b a 7 y1
		9.1 BYE        C b a 7 y2,y1
		9.2 200/BYE    C b a 7 y2,y1
		9.3 200/BYE    C b a 7 y1
	END
}

# mixed: three calls, a registration and a log line, interleaved.
mixed() {
	{
		call one alice 0
		call two bob 0.05
		call three alice 1.15
		echo '1.7 REGISTER reg a - 1 r1 bob'
		echo '1.8 401/REGISTER reg a x 1 r1 bob'
		echo '1.9 REGISTER reg q - 2 r2 bob'
		echo '1.95 200/REGISTER reg q x 2 r2 bob'
		echo '2.0 log alice did it'
	} | sort -s -n -k 1,1 | flow
}
