# SPDX-License-Identifier: MIT
# trace-stream(5)'s byte tables against a stream of version 1: what stands at the offsets of the page is what the tools say.
load common

PAGE=$TOP/man/man5/trace-stream.5

# offset FIELD [SECTION]: the first offset that the page gives for a field that begins so, from the section on.
offset() {
	sed -n "/^\.Ss ${2:-Frames}/,\$p" "$PAGE" | sed -n "s/^\.It \([0-9]*\) Ta [0-9a-z]* Ta $1.*/\1/p" | head -n 1
}

# number FILE AT BYTES: an integer as the page says they are written.
number() {
	od -An -tu1 -j "$2" -N "$3" "$1" | awk '{ for (i = NF; i >= 1; i--) v = v * 256 + $i } END { printf "%.0f\n", v }'
}

# The first message frame of the sample, alone.
message() {
	local head attrs
	head=$(number "$DATA/v1.trace" "$(offset 'head length')" 2)
	tail -c +"$((head + 1))" "$DATA/v1.trace" >message
	attrs=$(number message "$(offset 'attribute length')" 4)
	printf '%s' "$attrs" >attrs
}

json() {
	head -n 1 "$DATA/v1.json" | jq -r "$1"
}

@test "a frame begins with the sync of the page" {
	run -0 od -An -tx1 -N 4 "$DATA/v1.trace"
	grep -q "sync:$output" "$PAGE"
}

@test "the header frame is laid out as the page says" {
	[ "$(number "$DATA/v1.trace" "$(offset 'frame type')" 1)" = 1 ]
	[ "$(number "$DATA/v1.trace" "$(offset version 'Header frame')" 2)" = 1 ]
	[ "$(number "$DATA/v1.trace" "$(offset flags 'Header frame')" 2)" = 0 ]
	[ "$(number "$DATA/v1-live.trace" "$(offset flags 'Header frame')" 2)" = 1 ]
	[ "$(number "$DATA/v1-live.trace" "$(offset disorder 'Header frame')" 8)" = 5000000 ]
}

@test "the numbers of a message frame stand where the page says" {
	message
	local field bytes column
	while read -r bytes column field; do
		[ "$(number message "$(offset "$field" 'Message frame')" "$bytes")" = "$(json ".$column")" ] || {
			echo "$field"
			return 1
		}
	done <<-'END'
		2 src_port source port
		2 dst_port destination port
		4 capture_id capture id
		2 capture_point capture point
		2 ip_id IPv4 identification
	END
	[ "$(number message "$(offset 'frame type')" 1)" = 2 ]
	[ "$(number message "$(offset time 'Message frame')" 4)" = $((1700000000123456789 & 0xffffffff)) ]
	[ "$(number message "$(offset 'address family' 'Message frame')" 1)" = 4 ]
	[ "$(number message "$(offset transport 'Message frame')" 1)" = 1 ]
	[ "$(number message "$(offset direction 'Message frame')" 1)" = 1 ]
	[ "$(number message "$(offset kind 'Message frame')" 1)" = 1 ]
	[ "$(number message "$(offset marks 'Message frame')" 1)" = 4 ]
	[ "$(number message "$(offset 'user flags' 'Message frame')" 4)" = $((1 << 31 | 1 << 1)) ]
	[ "$(number message "$(offset 'CSeq number' 'Message frame')" 4)" = 314159 ]
	[ "$(number message "$(offset 'Content-Length' 'Message frame')" 4)" = 3 ]
	run -0 od -An -tu1 -j "$(offset 'source address' 'Message frame')" -N 4 message
	[ "$(echo $output | tr ' ' .)" = "$(json .src_ip)" ]
	run -0 od -An -tu1 -j "$(offset 'destination address' 'Message frame')" -N 4 message
	[ "$(echo $output | tr ' ' .)" = "$(json .dst_ip)" ]
	run -0 od -An -v -tx8 --endian=little -j "$(offset 'record id' 'Message frame')" -N 8 message
	[ "$(echo $output)" = "$(json .id)" ]
}

@test "the places of the SIP index point where the page says" {
	message
	local column field at payload
	payload=$(($(number message "$(offset 'head length')" 2) + $(cat attrs)))
	while read -r column field; do
		at=$(offset "$field" 'Message frame')
		[ "$(tail -c +"$((payload + $(number message "$at" 4) + 1))" message | head -c "$(number message "$((at + 4))" 4)")" = "$(json ".$column")" ] || {
			echo "$field"
			return 1
		}
	done <<-'END'
		method method in the start line
		callid Call-ID
		from_tag From tag
		from_user user of the From URI
		from_host host of the From URI
		to_user user of the To URI
		to_host host of the To URI
		ruri_user user of the request URI
		ruri_host host of the request URI
		branch branch of the top Via
	END
	[ "$(number message "$(($(offset 'To tag' 'Message frame') + 4))" 4)" = 0 ]
}

@test "the first attribute is laid out as the page says" {
	message
	local head
	head=$(number message "$(offset 'head length')" 2)
	[ "$(number message "$((head + $(offset 'attribute type' Attributes)))" 2)" = 1 ]
	[ "$(number message "$((head + $(offset 'length of the value' Attributes)))" 2)" = 6 ]
	[ "$(tail -c +"$((head + $(offset 'value, then' Attributes) + 1))" message | head -c 6)" = "$(json .corr)" ]
}

@test "statistics and end frame are laid out as the page says" {
	tail -c 48 "$DATA/v1-live.trace" >end
	[ "$(number end "$(offset 'frame type')" 1)" = 4 ]
	[ "$(number end "$(offset 'frames since' 'End frame')" 8)" = 2 ]
	[ "$(number end "$(offset 'message frames' 'End frame')" 8)" = 0 ]
	tail -c +49 "$DATA/v1-live.trace" >stats
	[ "$(number stats "$(offset 'frame type')" 1)" = 3 ]
	[ "$(number stats "$(offset instance 'Statistics frame')" 8)" = 7 ]
	[ "$(number stats "$(offset sequence 'Statistics frame')" 4)" = 1 ]
}
