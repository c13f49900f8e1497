# SPDX-License-Identifier: MIT
# What sipfilter selects of a proxy's traffic beside what the siptrace module in that proxy traced in the same run: Kamailio and sipp.
load common
load kamailio

teardown() {
	stop_kamailios
	# shellcheck disable=SC2046
	[ ! -e sipps ] || kill $(cat sipps) 2>/dev/null || true
	[ ! -e sipcap.pid ] || kill -INT "$(cat sipcap.pid)" 2>/dev/null || true
}

# callee NAME SCENARIO: a sipp that answers, at a free port, which is then ${to[NAME]}.
declare -gA to
callee() {
	to[$1]=$(kamailio_py port)
	timeout 60 sipp -sf "$TOP/tests/sipp/$2.xml" -i 127.0.0.1 -p "${to[$1]}" -nostdin >"$1.out" 2>&1 3>&- &
	echo $! >>sipps
}
# caller USER TO SCENARIO: one call through the proxy.
caller() {
	timeout 30 sipp -sf "$TOP/tests/sipp/$3.xml" -i 127.0.0.1 -p "$(kamailio_py port)" -s "$2" -key user "$1" -cid_str "$2-$1-%u-%p@%s" \
		-m 1 -nostdin -timeout 20 "127.0.0.1:$port" >"caller-$1-$2.out" 2>&1 3>&-
}

# acks TO N: so many ACKs went there.
acks() { [ "$(tracecat -r capture -F method,dst_port 2>/dev/null | grep -c "^ACK	${to[$1]}$")" -ge "$2" ]; }
captured() { caller probe nobody uac || return 1; [ -n "$(tracecat -r capture 2>/dev/null)" ]; }

# traffic MODE: calls of every kind, by "traced" and by "other", with the module in mode MODE; then ./capture and ./rows.
traffic() {
	local s u callers=()
	callee UAS uas; callee BUSY uas_busy; callee RING uas_ring; callee AUTH uas_auth
	to[SINK]=$(kamailio_py port)
	{
		[ "$1" != t ] || echo '#!define MODE_T'
		sed "s/:UAS\"/:${to[UAS]}\"/; s/:BUSY\"/:${to[BUSY]}\"/; s/:RING\"/:${to[RING]}\"/; s/:AUTH\"/:${to[AUTH]}\"/; s/:SINK\"/:${to[SINK]}\"/" \
			"$TOP/tests/cli/siptrace.cfg"
	} >config
	sip_trace_db trace.db
	start_kamailio k config
	sipcap -i lo -w capture "udp port $port and not port ${to[SINK]}" 2>sipcap.err 3>&- &
	echo $! >sipcap.pid
	wait_for captured
	for u in traced other; do
		for s in proxied fork busy failover auth spiral nobody; do
			caller $u $s uac &
			callers+=($!)
		done
		caller $u ring uac_cancel &
		callers+=($!)
	done
	for s in "${callers[@]}"; do wait "$s"; done
	wait_for acks RING 4	# given up, and lost to the other branch
	wait_for acks BUSY 4
	wait_for acks AUTH 4
	caller probe nobody uac
	stop_kamailio k
	kill -INT "$(cat sipcap.pid)"
	wait "$(cat sipcap.pid)"
	rm sipcap.pid
	sip_trace_rows trace.db >rows
}

# beside OPTION…: the kinds of messages that only one of module and sipfilter has.
beside() {
	sipfilter "$@" <capture | tracecat -o json >selected
	python3 "$TOP/tests/cli/siptrace.py" rows selected >only
	cut -d ' ' -f 1 only | sort -u | tr '\n' ' '
}
# no call of anybody else
only_traced() { [ -z "$(jq -r .callid selected | grep -v -- -traced-)" ]; }

@test "mode t: what the module traced is selected; what is more is its gaps" {
	traffic t
	[ "$(wc -l <rows)" -ge 90 ]
	kinds=$(beside -m t '$fU == "traced"')
	only_traced
	# 2xx ACKs go out untraced; an ACK that sl absorbs is traced, whoever's it is
	grep -qE '^ack-2xx (of-another-call )?(retransmission )?$' <<<"$kinds"
	! grep -v "^ack-2xx ACK.*udp:127.0.0.1:$port udp:[^ ]*$" only | grep ^ack-2xx
}

@test "mode d: what the module traced is selected; what is more is its gaps" {
	traffic d
	[ "$(wc -l <rows)" -ge 80 ]
	kinds=$(beside -m d 'is_method("INVITE") && !has_totag() && $fU == "traced"')
	only_traced
	grep -qE '^ack-2xx (of-another-call )?(retransmission )?(spiral-bye )?$' <<<"$kinds"
	# the same calls whole, whatever shows that they are traced
	sipfilter -m d --lookback 60s '$rm == "ACK" && $fU == "traced"' <capture | tracecat -o json | jq -r .id | sort >late
	jq -r .id selected | sort | cmp - late
	# without what the module can leave out
	[ "$(beside -m d --no-dialog-ack 'is_method("INVITE") && !has_totag() && $fU == "traced"' | tr ' ' '\n' | grep -c ack-2xx)" = 0 ]
	sipfilter -m d --no-sl-acks 'is_method("INVITE") && $fU == "traced"' <capture | tracecat -F callid,method >without
	grep -q '^nobody.*INVITE' without && [ -z "$(grep '^nobody.*ACK' without)" ]
	sipfilter -m d --no-dialog-spiral 'is_method("INVITE") && $fU == "traced"' <capture |
		tracecat -F callid,method,status,dst_port,marks | grep -v retransmission | cut -f 1-4 >flat
	grep '^spiral.*INVITE	-' flat | cut -f 4 | tr '\n' ' ' | grep -qx "$port $port "	# to the proxy, and to itself
	[ "$(grep -c "^spiral.*INVITE	200" flat)" = 2 ]
	grep -q "^proxied.*INVITE	-	${to[UAS]}$" flat
}
