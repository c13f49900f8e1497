# SPDX-License-Identifier: MIT
# Loaded by every .bats file: strict shell, a private folder as the working directory, the tools of $B on PATH.
TOP=${TOP:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
B=${B:-build}
export PATH=$TOP/$B/bin:$PATH LC_ALL=C.UTF-8 TZ=UTC
# shellcheck disable=SC2034  # for the .bats files
DATA=$TOP/tests/data
unset SIPTRACE_DB_URL SIPTRACE_NODE SIPTRACE_KEY_FILE
exec {never}<> <(:)	# nothing ever comes out of it; for wait_for, which must not change $!

setup() {
	bats_require_minimum_version 1.5.0
	set -o pipefail
	cd "$BATS_TEST_TMPDIR" || return 1
}

# status COMMAND…: runs it and prints its exit status (never fails itself). Output goes to ./out and ./err.
status() {
	local s=0
	"$@" >out 2>err || s=$?
	echo "$s"
}

# wait_for COMMAND…: until it succeeds; at most 20 s, polled. For things another process does.
wait_for() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" && return 0
		read -rt 0.05 -u "$never" || true
	done
	echo "gave up waiting for: $*" >&2
	return 1
}
