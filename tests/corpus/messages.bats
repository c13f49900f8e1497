#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Single messages that nobody of this project wrote. Files with streams of messages are left out: they are not one message.
load ../cli/common

@test "scanner and libosip2 agree on every message that libosip2 accepts" {
	cp -r "$CORPUS/messages" messages
	rm -r messages/streams
	SIP_MESSAGES=$PWD/messages "$TOP/$B/tests/unit/sip_agree_test" >out 2>&1 || { cat out; false; }
	accepted=$(sed -n 's/.* \([0-9]*\) accepted by libosip2, 0 differ/\1/p' out)
	[ "$accepted" -ge 400 ]
}
