#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every fuzz target for $FUZZ_TIME seconds, or FUZZ_RUNS inputs made from a fixed seed, the same each time (ONLY=glob limits the targets). Seeds: tests/fuzz/seeds/TARGET and $CORPUS/messages for
# targets that take a message. New inputs stay in build-fuzz/corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1
failed=0
for src in tests/fuzz/*.c; do
	n=$(basename "$src" .c)
	t=build-fuzz/$n
	# shellcheck disable=SC2053
	[[ $n == ${ONLY:-*} ]] || continue
	corpus=build-fuzz/corpus/$n
	mkdir -p "$corpus"
	seeds=()
	[ ! -d "tests/fuzz/seeds/$n" ] || seeds=("tests/fuzz/seeds/$n")
	echo "== $n"
	limit=(-max_total_time="${FUZZ_TIME:-30}")
	if [ -n "${FUZZ_RUNS:-}" ]; then
		limit=(-seed=1 -runs="$FUZZ_RUNS")
		rm -rf "$corpus"
		mkdir "$corpus"
	fi
	"$t" "${limit[@]}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=0 \
		-artifact_prefix="build-fuzz/$n-" "$corpus" "${seeds[@]}" >"build-fuzz/$n.log" 2>&1 ||
		{ failed=1; tail -n 40 "build-fuzz/$n.log"; }
	grep -E '^(Done|SUMMARY)' "build-fuzz/$n.log"
done
exit "$failed"
