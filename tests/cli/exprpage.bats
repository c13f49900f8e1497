# SPDX-License-Identifier: MIT
# siptrace-expr(7) beside a real Kamailio: what the page does not mark as different is the same there.
load common
load kamailio

teardown() { stop_kamailios; }

@test "kamailio.cfg and the page agree on every example without a star" {
	page=$TOP/man/man7/siptrace-expr.7
	python3 "$TOP/tests/cli/exprpage.py" config "$page" >page.cfg
	python3 "$TOP/tests/cli/exprpage.py" claims "$page" | sort >want
	[ "$(wc -l <want)" -gt 60 ]
	start_kamailio judge page.cfg
	python3 "$TOP/tests/cli/exprpage.py" send "$page" "$port"
	wait_for grep -q 'shown: all of reply' judge.log
	wait_for grep -q 'shown: all of request' judge.log
	sed -n 's/.*\(shown: [0-9].*\)/\1/p' judge.log | sort | diff want -
}
