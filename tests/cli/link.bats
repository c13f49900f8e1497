# SPDX-License-Identifier: MIT
# sipfilter --link-header, --link, --linked: the legs of a back-to-back user agent's call.
load common
load calls

# leg CALLID START [HEADER]: a call's leg; the header is on its INVITE alone.
leg() {
	awk -v c="$1" -v s="$2" -v h="$3" 'NF { $1 += s; $3 = c; print $0 (NR == 1 && h != "" ? " |" h : "") }' <<-END
		0.0 INVITE     C a-$1 - 1 $1-z1 alice
		0.1 180/INVITE C a-$1 b-$1 1 $1-z1 alice
		1.0 200/INVITE C a-$1 b-$1 1 $1-z1 alice
		1.1 ACK        C a-$1 b-$1 1 $1-z2 alice
		5.0 BYE        C a-$1 b-$1 2 $1-z3 alice
		5.1 200/BYE    C a-$1 b-$1 2 $1-z3 alice
	END
}
stream() { sort -s -n -k 1,1 | flow; }

@test "a header that has the other leg's Call-ID joins them: one correlation id on every message" {
	{ leg A 0; leg B 0.01 'X-Call-ID: A'; leg C 0.02; } | stream >in
	sipfilter -m d --link-header X-Call-ID <in | tracecat -F callid,corr,leg | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '6 A	A	1' '6 B	A	2' '6 C	C	1' | cmp - got
}

@test "the same value in both legs' headers joins them, for more than two legs" {
	{ leg A 0 'X-CID: 77'; leg B 0.01 'X-CID: 77'; leg C 0.02 'X-CID: 77'; leg D 0.03 'X-CID: 78'; leg E 0.04 'X-CID: '; leg F 0.05 'X-CID: '; } | stream >in
	sipfilter -m d --link-header x-cid -c 'call-$ci' <in | tracecat -F callid,corr,leg | sort -u >got
	printf '%s\n' 'A	call-A	1' 'B	call-A	2' 'C	call-A	3' 'D	call-D	1' 'E	call-E	1' 'F	call-F	1' | cmp - got
}

@test "--linked selects all legs, by what comes on any of them" {
	{ leg A 0; leg B 0.01 'X-Call-ID: A'; leg C 0.02; } | stream >in
	sipfilter -m d --link-header X-Call-ID --linked '$ci == "B"' <in | ids | cut -f 2 | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '5 A' '6 B' | cmp - got
	sipfilter -m d --link-header X-Call-ID '$ci == "B"' <in | ids | cut -f 2 | sort | uniq -c | sed 's/^ *//' >got
	echo '6 B' | cmp - got
	sipfilter -m d --link-header X-Call-ID --linked --lookback 60s '$rm == "BYE" && $ci == "B"' <in | ids >got
	[ "$(cut -f 2 got | sort | uniq -c | tr -s ' \n' ' ')" = " 6 A 6 B " ]
	sort -c -s -n -k 1,1 got
}

@test "a link that comes late joins calls that were seen apart" {
	{ leg A 0; leg B 0.01; echo '2 INFO B a-B b-B 3 B-z9 alice |X-Call-ID: A'; } | stream >in
	sipfilter -m d --link-header X-Call-ID --linked --lookback 60s '$rm == "INFO"' <in | tracecat -F callid,corr | sort | uniq -c | sed 's/^ *//' >got
	printf '%s\n' '6 A	A' '7 B	A' | cmp - got
}

@test "Session-ID, P-Charging-Vector, Replaces, Target-Dialog, In-Reply-To" {
	u1=ab30317f1a784dc48ff824d0d3715d86 u2=47755a9de7794ba387653f2099600ef2 null=00000000000000000000000000000000
	{ leg A 0 "Session-ID: $u1;remote=$null"; leg B 0.01 "Session-ID: $u2;remote=$u1"; leg C 0.02 "Session-ID: $null;remote=$null"; leg D 0.03 "Session-ID: $null"; } | stream |
		sipfilter -m d --link-header Session-ID | tracecat -F callid,corr | sort -u >got
	printf '%s\n' 'A	A' 'B	A' 'C	C' 'D	D' | cmp - got
	{ leg A 0 'P-Charging-Vector: icid-value="x1";orig-ioi=home'; leg B 0.01 'P-Charging-Vector: orig-ioi=away; icid-value=x1'; } | stream |
		sipfilter -m d --link-header P-Charging-Vector | tracecat -F callid,corr | sort -u >got
	printf '%s\n' 'A	A' 'B	A' | cmp - got
	for h in 'Replaces: A;to-tag=b-A;from-tag=a-A' 'Target-Dialog: A;local-tag=1' 'In-Reply-To: Z, A'; do
		{ leg A 0; leg B 0.01 "$h"; } | stream | sipfilter -m d --link-header "${h%%:*}" | tracecat -F callid,corr | sort -u >got
		printf '%s\n' 'A	A' 'B	A' | cmp - got
	done
}

@test "--link TEMPLATE: the same text joins, a missing value does not" {
	{ leg A 0 'X-Ref: 1'; leg B 0.01 'X-Ref: 1'; leg C 0.02; leg D 0.03; } | stream |
		sipfilter -m d --link '$hdr(X-Ref)/$fU' | tracecat -F callid,corr | sort -u >got
	printf '%s\n' 'A	A' 'B	A' 'C	C' 'D	D' | cmp - got
}

@test "--link-max bounds a call, and says so" {
	for i in 1 2 3 4 5; do leg L$i 0.0$i 'X-CID: all'; done | stream >in
	[ "$(status sipfilter -m d --link-header X-CID --link-max 3 -r in)" = 0 ]
	[ "$(tracecat -F callid,corr -r out | sort -u | cut -f 2 | sort | uniq -c | sort -n | tail -n 1 | tr -s ' ' | cut -d ' ' -f 2)" = 3 ]
	grep -q -- --link-max err
}

@test "linked calls go to one shard" {
	for i in 1 2 3 4 5 6 7 8; do leg A$i 0.0$i; leg B$i 0.0$i "X-Call-ID: A$i"; done | stream >in
	for s in 1 2 3; do
		sipfilter --link-header X-Call-ID --shard $s/3 <in | tracecat -F callid >s$s
		sed 's/^.//' s$s | sort -u >calls$s
	done
	cat s1 s2 s3 | wc -l | grep -qx 96
	cat calls1 calls2 calls3 | sort | uniq -d | wc -l | grep -qx 0
}

@test "options of linking that would do nothing are usage errors" {
	[ "$(status sipfilter -m d --linked true </dev/null)" = 2 ]
	[ "$(status sipfilter --linked --link-header X true </dev/null)" = 2 ]
	[ "$(status sipfilter --link-header X --link-max 1 true </dev/null)" = 2 ]
	[ "$(status sipfilter --link '$nonsense' true </dev/null)" = 2 ]
}
