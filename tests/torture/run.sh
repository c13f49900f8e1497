#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Plays SEEDS seeds from FIRST on in each of MODES (spool.py names them), JOBS at a time, and prints those that failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
export B=${B:-build}
first=${FIRST:-1}
last=$((first + ${SEEDS:-200} - 1))
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT

for mode in ${MODES:-tcp udp mirror failover small memory}; do
	for seed in $(seq "$first" "$last"); do
		echo "$mode $seed"
	done
done >"$log/plays"
# shellcheck disable=SC2016  # for the inner shell
xargs -P "${JOBS:-2}" -n 2 sh -c 'python3 tests/torture/spool.py --mode "$1" "$2" >"$0/$1-$2" 2>&1 || touch "$0/$1-$2.failed"' "$log" <"$log/plays"

failed=0
for f in "$log"/*.failed; do
	[ -e "$f" ] || continue
	cat "${f%.failed}"
	failed=$((failed + 1))
done
echo "$(wc -l <"$log/plays") played, $failed failed, $(sed -n 's/.*, \([0-9]*\) packets came again.*/\1/p' "$log"/* | awk '{ s += $1 } END { print s + 0 }') packets came again at seams"
[ "$failed" = 0 ]
