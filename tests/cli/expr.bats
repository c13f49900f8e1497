# SPDX-License-Identifier: MIT
load common

# The language through the tools, against what tracecat and awk say of the same messages. Operators and variables one by one: tests/unit.

setup_file() {
	sipcap -r "$TOP/share/sample.pcap" -w "$BATS_FILE_TMPDIR/all"
}

all() { echo "$BATS_FILE_TMPDIR/all"; }
# selected EXPR: the messages for which it is true, a line each.
selected() { sipfilter -r "$(all)" "$1" | fields; }
fields() { tracecat -o tsv -F time,src_ip,src_port,dst_ip,dst_port,proto,method,status,callid,cseq "$@"; }
# same EXPR AWK: both select the same messages, and some but not all.
same() {
	selected "$1" >have
	fields -r "$(all)" | awk -F '\t' "$2" >want
	cmp have want
	[ -s want ]
	! cmp -s want <(fields -r "$(all)")
}

@test "a status, a method, an address select what the columns show" {
	same '$rs >= 400 && $rs < 500' '$8 >= 400 && $8 < 500'
	same '$rm == "INVITE" && $rs == $null' '$7 == "INVITE" && $8 == "-"'
	same 'is_method("ACK|BYE")' '$7 == "ACK" || $7 == "BYE"'
	same '$si in {127.0.3.0/24} || $Rp == 16062' '$2 ~ /^127\.0\.3\./ || $5 == 16062'
	same '$ci =~ "^gbusy" and not $cs > 1' '$9 ~ /^gbusy/ && !($10 + 0 > 1)'
}

@test "an expression and its negation together are everything" {
	for e in '$rs >= 300' '$fU =~ "a"' 'has_body("application/sdp")' '$si == 127.0.3.0/24' '$hdr(Contact) == $null' '$cl' 'has_totag()'; do
		{ selected "$e"; selected "!($e)"; } | sort >have
		fields -r "$(all)" | sort | cmp - have
	done
}

@test "and, or and not keep De Morgan's laws" {
	a='$rm == "INVITE"' b='$rs >= 200'
	cmp <(selected "!($a && $b)") <(selected "!($a) || !($b)")
	cmp <(selected "!($a || $b)") <(selected "!($a) && !($b)")
	cmp <(selected "$a and $b or not $a") <(selected "(($a) && ($b)) || !($a)")
}

@test "in @FILE selects as the values in braces do" {
	printf '%s\n' '# two of them' 486 487 >values
	cmp <(selected '$rs in @values') <(selected '$rs in {486, 487}')
	cmp <(selected '$rs in @values') <(selected '$rs == 486 || $rs == 487')
	[ -n "$(selected '$rs in @values')" ]
}

@test "a template is the columns that its variables name" {
	sipfilter -r "$(all)" -c '$ci-$cs' true | tracecat -o tsv -F callid,cseq,corr >have
	[ "$(wc -l <have)" -gt 10 ]
	awk -F '\t' '{ split($2, cseq, " ") } $3 != $1 "-" cseq[1] { print; wrong = 1 } END { exit wrong }' have
}

@test "a wrong expression shows its place: exit 2, nothing is read" {
	[ "$(status sipfilter -r missing '$rm == "INVITE" && $rs = 200')" = 2 ]
	grep -qxF "$(printf '%23s^')" err
	grep -q 'a comparison is ==' err
	! grep -q missing err
}

@test "a file of values that is not there: exit 2, its name" {
	[ "$(status sipfilter -r "$(all)" '$fU in @nowhere')" = 2 ]
	grep -q '@nowhere: No such file' err
}

@test "the pipelines of siptrace-expr(7) run" {
	cp "$TOP/share/sample.pcap" .
	python3 "$TOP/tests/cli/examples.py" "$TOP/man/man7/siptrace-expr.7" >examples
	[ "$(wc -l <examples)" = 3 ]
	while IFS=$'\t' read -r _ line; do
		bash -o pipefail -c "$line" >out </dev/null || { echo "$line"; return 1; }
		[ -s out ] || { echo "$line: no output"; return 1; }
	done <examples
}
