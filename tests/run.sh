#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs every unit and CLI test of build folder $B and ends with "N passed, N failed".
# ONLY=glob limits both to matching names. CORPUS=DIR adds tests/corpus.
set -u
cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
unset MAKEFLAGS MFLAGS	# of the make that runs this: none of the tests' business
export B TOP=$PWD
[ -z "${CORPUS:-}" ] || CORPUS=$(realpath "$CORPUS") && export CORPUS
export PATH=$PWD/$B/bin:$PATH LC_ALL=C.UTF-8 TZ=UTC
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=1:detect_stack_use_after_return=1} UBSAN_OPTIONS=print_stacktrace=1
only=${ONLY:-*}
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
passed=0 failed=0 skipped=0

# Adds a TAP file's counts; a program that died or printed no plan is one failure more. Plan and tests must agree.
count() {	# name tap status
	local ok bad skip plan
	skip=$(grep -cE '^(not )?ok .*# (SKIP|skip)' "$2")
	ok=$(grep -E '^ok ' "$2" | grep -vcE '# (SKIP|skip)')
	bad=$(grep -E '^not ok ' "$2" | grep -vcE '# (SKIP|skip)')
	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$2" | tail -n 1)
	if [ "$bad" = 0 ] && { [ "$3" != 0 ] || [ "$((ok + bad + skip))" != "${plan:-0}" ]; }; then
		bad=1
		echo "not ok $1: ended with status $3 after $ok of ${plan:-?} tests"
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

for t in "$B"/tests/unit/*_test; do
	n=$(basename "$t")
	# shellcheck disable=SC2053
	[[ $n == $only ]] || continue
	CMOCKA_MESSAGE_OUTPUT=TAP "$t" >"$log/$n" 2>&1 </dev/null
	s=$?
	[ "$s" = 0 ] && ! grep '^not ok' "$log/$n" | grep -vq '# SKIP' || { echo "# $n"; cat "$log/$n"; }
	count "$n" "$log/$n" "$s"
done

suites=(tests/cli/*.bats)
[ -z "${CORPUS:-}" ] || suites+=(tests/corpus/*.bats)
for f in "${suites[@]}"; do
	n=$(basename "$f" .bats)
	# shellcheck disable=SC2053
	[ -e "$f" ] && [[ $n == $only ]] || continue
	bats --tap --jobs "${JOBS:-$((2 * $(nproc)))}" "$f" >"$log/$n" 2>&1 </dev/null
	s=$?
	[ "$s" = 0 ] && ! grep '^not ok' "$log/$n" | grep -vq '# SKIP' || { echo "# $f"; cat "$log/$n"; }
	count "$n" "$log/$n" "$s"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
