#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Where authentication keys come from, and that they stay there: every tool that takes one.
load common
load hep
unset SIPTRACE_HEP SIPTRACE_KEY SIPTRACE_KEY_FILE

# send [OPTION…]: one packet, in the file `got`.
send() {
	start_sink got
	hlog -c id "$@" "udp:127.0.0.1:$port" text
	stop_sink got
}
key_sent() { [ "$(sed -n 's/.*0000000e[0-9a-f]\{4\}\([0-9a-f]*\)0000000f.*/\1/p' got | xxd -r -p)" = "$1" ]; }

without() { if grep -qaE "$@"; then return 1; fi; }	# PATTERN FILE…

@test "a key comes from -k, a file, or the environment; what is nearer counts" {
	echo of-the-file >file
	echo of-the-other >other
	export SIPTRACE_KEY=of-the-environment
	send && key_sent of-the-environment
	export SIPTRACE_KEY_FILE=other
	send && key_sent of-the-other
	send --key-file file && key_sent of-the-file
	send -k given && key_sent given
	SIPTRACE_KEY_FILE='' send && key_sent of-the-environment
	unset SIPTRACE_KEY_FILE
	SIPTRACE_KEY='' send
	without 0000000e got
}

@test "the key of -k is wiped from the argument list, however it is written, in every tool" {
	mkfifo in
	sipcap -r "$G/hep3-udp4/input.pcap" >records
	for tool in 'hlog -c id udp:127.0.0.1:9' hepenc 'hepsend udp:127.0.0.1:9'; do
		for how in '-k secret-word' -ksecret-word '--key secret-word' --key=secret-word; do
			# shellcheck disable=SC2086
			$tool $how <in >out 2>err &
			local pid=$!
			exec 4>in
			wiped() { grep -qa -- -k "/proc/$pid/cmdline" && without secret "/proc/$pid/cmdline"; }
			wait_for wiped || { echo "$tool $how"; return 1; }
			exec 4>&-
			wait "$pid" || true
			without secret err
		done
	done
}

# A statistics frame bears a hash of the options. One of the key would let it be guessed.
@test "nothing in a record stream depends on the key" {
	start_sink a
	sipcap -r "$G/hep3-udp4/input.pcap" >records
	hepenc <records >hep
	for how in '-k ' -k '--key ' --key=; do
		# shellcheck disable=SC2086
		hepsend --tee ${how}one "udp:127.0.0.1:$port" <records >one
		# shellcheck disable=SC2086
		hepsend --tee ${how}another-key "udp:127.0.0.1:$port" <records >two
		cmp one two
		# shellcheck disable=SC2086
		cmp <(hepenc ${how}one <hep) <(hepenc ${how}another-key <hep)
	done
	stop_sink a
	grep -q 0000000e a
}

@test "no message shows a key" {
	head -c 2000 /dev/zero | tr '\0' s >long
	echo secret >file
	local long
	long=$(cat long)
	for tool in 'hlog udp:127.0.0.1:9' hepenc 'hepsend udp:127.0.0.1:9'; do
		for wrong in "-k secret --key-file file" "-k secret --wrong" "-k $long" "-V 9 -k secret" "-k secret -i x"; do
			# shellcheck disable=SC2086
			[ "$(status $tool $wrong </dev/null)" = 2 ] || { echo "$tool $wrong"; return 1; }
			without 'secret|ssss' out err
		done
		# shellcheck disable=SC2086
		[ "$(SIPTRACE_KEY=$long status $tool </dev/null)" = 1 ]
		without 'ssss' out err
		# shellcheck disable=SC2086
		[ "$(status $tool --key-file long </dev/null)" = 1 ]
		without 'ssss' out err
	done
}
