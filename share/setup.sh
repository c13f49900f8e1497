#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh GROUP…  installs the Debian packages of each group (build, test) that are missing. Says what it installs; asks for sudo
# only if not root; does nothing, without a word, if all is there.
set -eu

build="pkg-config libpcap-dev libosip2-dev libsqlite3-dev libpcre2-dev zlib1g-dev libzstd-dev libxxhash-dev
       libcurl4-openssl-dev libssl-dev"
test="libcmocka-dev bats parallel tshark wireshark-common tcpdump sqlite3 jq mandoc zstd gzip procps iproute2 valgrind
      clang libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck zsh fish python3 xxd bsdextrautils openssl
      kamailio kamailio-sqlite-modules sngrep sip-tester"

want=
for group in "$@"; do
	case $group in
	build) want="$want $build" ;;
	test) want="$want $test" ;;
	*) echo "setup.sh: $group: no such group (build, test)" >&2; exit 2 ;;
	esac
done

command -v dpkg-query >/dev/null 2>&1 || {
	echo "setup.sh: this is no Debian: install by hand what is missing of:" $want >&2
	exit 0
}
missing=
for p in $want; do
	s=$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) || s=
	[ "$s" = "install ok installed" ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "setup.sh: installing$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{
	$sudo apt-get update &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
} >"$log" 2>&1 </dev/null || {
	tail -n 20 "$log" >&2
	echo "setup.sh: could not install:$missing" >&2
	exit 1
}
