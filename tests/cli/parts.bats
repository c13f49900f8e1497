# SPDX-License-Identifier: MIT
# sipfilter: parts of all calls, numbers of them, and two outputs.
load common
load calls

@test "the shards' union is the input, and a call is in one of them" {
	{ gen -n 5000 -c 500; mixed; } >in
	for i in 1 2 3 4; do sipfilter --shard $i/4 <in | ids >s$i; done
	cat s1 s2 s3 s4 | sort | cmp - <(ids -r in | sort)
	for i in 1 2 3 4; do grep -v '^[^	]*	-' s$i | cut -f 2 | sort -u; done | sort | uniq -d | wc -l | grep -qx 0
	for i in 1 2 3 4; do [ "$(wc -l <s$i)" -gt 800 ]; done
}

@test "a shard of the dialogs of an expression" {
	gen -n 5000 -c 500 >in
	sipfilter -m d '$fU =~ "^44"' <in | ids | sort >all
	for i in 1 2 3; do sipfilter -m d --shard $i/3 '$fU =~ "^44"' <in; done | ids | sort | cmp - all
	for i in 1 2 3; do sipfilter -m d -v --shard $i/3 '$fU =~ "^44"' <in; done | ids | sort | cmp - <(ids -r in | sort | comm -23 - all)
}

@test "--sample takes whole calls, about as many as it says, always the same" {
	gen -n 20000 -c 2000 >in
	sipfilter --sample 10% <in | ids >s
	sipfilter --sample 0.1 <in | ids | cmp - s
	cut -f 2 s | sort -u >calls
	n=$(wc -l <calls)
	[ "$n" -ge 150 ] && [ "$n" -le 260 ]
	ids -r in | awk -F '\t' 'NR == FNR { c[$1]; next } $2 in c' calls - | cmp - s
	sipfilter --sample 1 <in | ids | cmp - <(ids -r in)
}

@test "-n takes so many calls and ends with the last of them" {
	mixed >in
	sipfilter -m d -n 1 '$rm == "INVITE"' <in | ids | cut -f 2 | sort | uniq -c | sed 's/^ *//' >got
	echo '13 one' | cmp - got
	[ "$(sipfilter -n 3 '$rm == "INVITE"' <in | ids | wc -l)" = 3 ]
	# the rest of an endless input is not waited for
	mkfifo endless
	exec 9<>endless
	sipfilter -n 3 '$rm == "INVITE"' <endless >out 9>&- &
	cat in >&9
	wait $!
	exec 9>&-
	[ "$(ids -r out | wc -l)" = 3 ]
}

@test "--pass and --fail split the input in one pass" {
	mixed >in
	sipfilter -m d --pass yes --fail no '$ci == "one"' <in
	ids -r yes | cmp - <(sipfilter -m d '$ci == "one"' <in | ids)
	ids -r no | cmp - <(sipfilter -m d -v '$ci == "one"' <in | ids)
	sipfilter -m d --pass yes2 --fail - '$ci == "one"' <in | ids | cmp - <(ids -r no)
	cmp <(ids -r yes2) <(ids -r yes)
	sipfilter -m d --fail no2 '$ci == "one"' <in | ids | cmp - <(ids -r yes)
	messages -r no2 | cmp - <(messages -r no)
}

@test "an output that cannot be written is said, and makes the status 1" {
	mixed >in
	[ "$(status sipfilter --fail /dev/full '$ci == "one"' -r in)" = 1 ]
	grep -q '/dev/full' err
	[ "$(status sipfilter --fail missing/file true -r in)" = 1 ]
	[ "$(status sipfilter --fail - true -r in)" = 2 ]
}

@test "both outputs are valid streams even if nothing goes there" {
	mixed >in
	sipfilter --pass yes --fail no true <in
	[ "$(ids -r no | wc -l)" = 0 ]
	sipfilter --pass yes --fail no false <in
	[ "$(ids -r yes | wc -l)" = 0 ]
}

@test "wrong parts are usage errors" {
	for a in "--shard 0/4" "--shard 5/4" "--shard 4" "--shard x/y" "--sample 0" "--sample 2" "--sample x" "--sample 101%" "-n x"; do
		# shellcheck disable=SC2086
		[ "$(status sipfilter $a true </dev/null)" = 2 ]
	done
}

# A proxied call whose INVITE is refused by a proxy that answers it statelessly.
refused() {
	cat <<-'END'
		0.0 INVITE     no a - 1 n1
		0.1 404/INVITE no a b 1 n1
		0.2 ACK        no a b 1 n1
	END
}

@test "--no-dialog-ack, --no-sl-acks" {
	{ call one alice 0; refused; echo '5 INVITE one a b 2 r1'; echo '5.1 200/INVITE one a b 2 r1'; echo '5.2 ACK one a b 2 r2'; } | sort -s -n -k 1,1 | flow >in
	ids -r in | grep -c . | grep -qx 19
	sipfilter -m d --no-dialog-ack <in | ids >got
	ids -r in | grep -v '^[^	]*	one	1 ACK' | cmp - got
	sipfilter -m d --no-sl-acks <in | ids >got
	ids -r in | grep -v '	no	1 ACK' | cmp - got
	sipfilter -m d --no-sl-acks --fail rest <in >/dev/null
	[ "$(ids -r rest | wc -l)" = 1 ]
}
