# SPDX-License-Identifier: MIT
# What Kamailio's siptrace module traced in modes t and d (golden/kamailio, traced.tsv) is contained in what sipfilter selects, and what
# sipfilter has beyond it are the module's gaps, named one by one.
load ../cli/common

G=$CORPUS/golden/kamailio
COLUMNS=time,src_ip,src_port,dst_ip,dst_port,method,status,callid,cseq

# compare FOLDER MODE EXPR: writes "selected traced first-line cseq callid source destination" for each message.
compare() {
	sipcap -r "$G/$1/input.pcap" 2>/dev/null >in
	tracecat -F $COLUMNS <in >all
	sipfilter -m "$2" "$3" <in | tracecat -F $COLUMNS >selected
	tail -n +2 "$G/$1/traced.tsv" >traced
	[ "$(wc -l <all)" = "$(wc -l <traced)" ]
	paste all traced | awk -F '\t' -v OFS='\t' '
		BEGIN { while ((getline line < "selected") > 0) chosen[line] = 1 }
		{
			if ($8 != $14 || $9 != $15) { print "rows do not match: " $0; exit 1 }
			key = $1
			for (i = 2; i <= 9; i++)
				key = key OFS $i
			print (key in chosen) + 0, $16, $13, $15, $14, $11, $12
		}' >compared
}

# surplus: selected, not traced: how often each "KIND PLACE".
surplus() {
	awk -F '\t' '$1 == 1 && $2 == 0 {
		split($4, cseq, " ")
		kind = $3 ~ /^SIP/ ? "reply" : "request"
		sub(/-[0-9]+@.*/, "", $5)
		print $5, kind, cseq[2], ($6 ~ /127.0.2.20|\]:16060/ ? "out" : "in")
	}' compared | sort | uniq -c | sed 's/^ *//'
}

none_missing() { [ "$(awk -F '\t' '$1 == 0 && $2 == 1' compared | wc -l)" = 0 ]; }

@test "select-t: all that the module traced, and stateless forwards and retransmissions sent" {
	compare select-t t '$rs == $null'
	none_missing
	surplus >got
	cat >want <<-'END'
		2 gretrans reply INVITE out
		2 gretrans request BYE out
		2 gretrans request INVITE out
		2 gstateless reply PUBLISH in
		2 gstateless reply PUBLISH out
		2 gstateless request PUBLISH out
	END
	cmp got want
}

@test "select-t-udp6: all that the module traced, and the 2xx ACK sent" {
	compare select-t-udp6 t '$rs == $null'
	none_missing
	surplus >got
	echo "1 gcall-1@uac.test request ACK out" >want
	sed 's/gcall /gcall-1@uac.test /' got | cmp - want
}

@test "select-d: all that the module traced, and requests sent again" {
	compare select-d d 'is_method("INVITE") && $rs == $null && !has_totag()'
	none_missing
	surplus >got
	cat >want <<-'END'
		2 gretrans reply INVITE out
		2 gretrans request BYE in
		2 gretrans request BYE out
		2 gretrans request INVITE out
	END
	cmp got want
}

@test "select-d-ack0 and ack1: all that the module traced, and the ACKs that it cannot see" {
	compare select-d-ack0 d 'is_method("INVITE") && $rs == $null && !has_totag()'
	none_missing
	[ "$(surplus | grep -vc ACK)" = 0 ]
	[ "$(surplus | grep -c ' in$')" = 2 ]
	compare select-d-ack1 d 'is_method("INVITE") && $rs == $null && !has_totag()'
	none_missing
	[ "$(surplus | grep -vc 'ACK out')" = 0 ]
}

@test "select-m: every message that the module traced" {
	compare select-m m true
	none_missing
}

@test "the correlation id is on every message of the call, not on some" {
	sipcap -r "$G/select-d/input.pcap" 2>/dev/null | sipfilter -m d -c '$ci-corr' 'is_method("INVITE")' | tracecat -F callid,corr |
		awk -F '\t' '$2 != $1 "-corr" { bad++ } END { print NR, bad + 0 }' >got
	read -r n bad <got
	[ "$n" -gt 200 ] && [ "$bad" = 0 ]
}

@test "a registration whose retry has a new From tag is selected whole" {
	sipcap -r "$CORPUS/captures/gtp-ims-register.pcapng" 2>/dev/null | sipfilter -m d '$rm == "REGISTER" && $rs == 401' | tracecat -F status | sort | uniq -c |
		awk '{ print $2 "=" $1 }' | tr '\n' ' ' >got
	grep -q '200=' got
}

@test "true is the identity and -v the rest, on every capture, in every mode" {
	local f m
	for f in "$CORPUS"/captures/*.pcap*; do
		sipcap -r "$f" 2>/dev/null >in || [ -s in ]
		tracecat -F time,callid,cseq,status,payload <in >all 2>/dev/null || true
		for m in m t d; do
			sipfilter -m $m <in 2>/dev/null | tracecat -F time,callid,cseq,status,payload | cmp - all
			{
				sipfilter -m $m '$rs >= 200' <in
				sipfilter -m $m -v '$rs >= 200' <in
			} | tracecat -F time,callid,cseq,status,payload | sort | cmp - <(sort all)
		done
	done
}
