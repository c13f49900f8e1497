#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# kill -9 of hepsend at moments that a seed decides, under collectors that misbehave (tests/torture/spool.py); make torture plays many more.
load common

play() { B=$B python3 "$TOP/tests/torture/spool.py" --mode "$@"; }

@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 1" { play tcp 1; }
@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 2" { play tcp 2; }
@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 3" { play tcp 3; }
@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 4" { play tcp 4; }
@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 5" { play tcp 5; }
@test "kill -9, one collector over TCP: nothing that was passed on is lost, seed 11" { play tcp 11; }
@test "kill -9, one collector over UDP: nothing that was passed on is lost, seed 1" { play udp 1; }
@test "kill -9, a collector over TCP and one over UDP: each gets all that was passed on, seed 2" { play mirror 2; }
@test "kill -9, --failover: together they get all that was passed on, seed 9" { play failover 9; }
@test "kill -9, a spool too small: the disk is not used beyond it, what is lost is the oldest, seed 1" { play small 1; }
@test "without a spool: in = sent + counted, over connections that break" { play memory 1; }
@test "without a spool: in = sent + counted = arrived + counted, over connections that nobody breaks" { play memory 2; }
