#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes the expected outputs under tests/data anew, for review with git diff. The streams of version 1 are made only where they
# are missing: they are what shows that the format did not change.
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
D=tests/data
export PATH=$PWD/$B/bin:$PATH LC_ALL=C.UTF-8 TZ=UTC
make -s "$B/tests/unit/v1_test"

[ -e "$D/v1.trace" ] || "$B/tests/unit/v1_test" --v1 >"$D/v1.trace"
[ -e "$D/v1-live.trace" ] || "$B/tests/unit/v1_test" --live >"$D/v1-live.trace"
for format in line full json tsv pcap pcapng; do
	tracecat -o "$format" -r "$D/v1.trace" -w "$D/v1.$format"
done
tracecat --ledger -r "$D/v1.trace" -w "$D/v1.ledger"

# What is selected from real traffic; needs the captures.
if [ -n "${CORPUS:-}" ]; then
	rm -f tests/golden/selection/*.txt
	python3 tests/model/golden.py tests/golden/selection "$CORPUS"/captures/*.pcap*
fi
