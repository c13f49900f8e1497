#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a reviewer should not have to say: layers, headers that compile alone, sizes, man pages, shell scripts, cppcheck.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0
say() { echo "lint: $*"; bad=1; }

# A layer includes itself and those before it in this list (ARCHITECTURE.md).
layers=(base net packet sip hep trace outbox capture expr select output store cli)
for i in "${!layers[@]}"; do
	for ((j = i + 1; j < ${#layers[@]}; j++)); do
		hits=$(grep -nE "#include \"${layers[j]}/" lib/"${layers[i]}"/*.[ch] 2>/dev/null)
		[ -z "$hits" ] || say "layer ${layers[i]} reaches down into ${layers[j]}:" "$hits"
	done
done
for d in lib/*/; do
	[[ " ${layers[*]} " == *" $(basename "$d") "* ]] || say "$d is no layer"
done

cflags="-std=c11 -D_GNU_SOURCE -Ilib $(pkg-config --cflags libpcap libosip2 sqlite3 libpcre2-8 libcurl openssl)"
for h in lib/*/*.h; do
	# shellcheck disable=SC2086
	echo "#include \"${h#lib/}\"" | gcc $cflags -Wall -Wextra -fsyntax-only -x c - || say "$h does not compile alone"
done

for f in cmd/*.c lib/*/*.[ch] tests/*/*.c; do
	head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || say "$f: no SPDX line"
done
awk 'FNR == 1 { s = 0 } /^\{/ { s = FNR } /^\}/ { if (s && FNR - s > 70) { print "lint: " FILENAME ":" s ": a function of " FNR - s " lines"; n++ } s = 0 } END { exit n > 0 }' \
	cmd/*.c lib/*/*.c || bad=1
wc -l cmd/*.c lib/*/*.[ch] | awk '$2 != "total" && $1 > 450 { print "lint: " $2 ": " $1 " lines"; n++ } END { exit n > 0 }' || bad=1
grep -nE 'TODO|FIXME|XXX|HACK' cmd/*.c lib/*/*.[ch] && say "words of unfinished work"
grep -nE '\b(strcpy|strcat|sprintf|gets|atoi|strtok)\(' cmd/*.c lib/*/*.c && say "functions that do not check"
grep -lE '\bosip_' cmd/*.c lib/*/*.[ch] | grep -v '^lib/sip/osip' && say "only lib/sip/osip.* names libosip2"
grep -lE '\bcurl_|\bCURL' cmd/*.c lib/*/*.[ch] | grep -v '^lib/net/conn' && say "only lib/net/conn* names libcurl"
grep -lE '\b(SSL|BIO|ERR|CRYPTO|EVP)_[a-zA-Z]' cmd/*.c lib/*/*.[ch] | grep -v '^lib/capture/listen_tls' && say "only lib/capture/listen_tls.c names OpenSSL"

for c in cmd/*.c; do
	n=$(basename "$c" .c)
	[ -e "man/man1/$n.1" ] || say "$n: no man page"
done
for m in man/man*/*.[1-9]; do
	out=$(mandoc -T lint -W warning "$m" 2>&1) || say "$out"
done
shellcheck -S warning share/*.sh tests/*.sh tests/*/*.sh .ci/run tests/cli/common.bash || bad=1
# shellcheck disable=SC2086
cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches -D_GNU_SOURCE -Ilib cmd lib || say "cppcheck"
[ "$bad" = 0 ] && echo "lint: clean"
exit "$bad"
