#!/bin/sh
# SPDX-License-Identifier: MIT
# setup.sh GROUP…  installs the Debian packages of each group (build, test) that are missing, and for the tests what tests/npm names, into
# build/npm. Says what it installs; asks for sudo only if not root; does nothing, without a word, if all is there.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)

build="pkg-config libpcap-dev libosip2-dev libsqlite3-dev libpcre2-dev zlib1g-dev libzstd-dev libxxhash-dev
       libcurl4-openssl-dev libssl-dev"
test="libcmocka-dev bats parallel tshark wireshark-common tcpdump sqlite3 jq mandoc zstd gzip procps iproute2 valgrind
      clang libclang-rt-14-dev clang-format clang-tidy cppcheck shellcheck zsh fish python3 xxd bsdextrautils openssl
      kamailio kamailio-sqlite-modules sngrep sip-tester"

# tests/npm as it is now is in build/npm.
npm_there() {
	cmp -s "$top/tests/npm/package-lock.json" "$top/build/npm/installed"
}
# What is installed is what the lock file says, by its checksums.
npm_install() {
	rm -rf "$top/build/npm" &&
	mkdir -p "$top/build/npm" &&
	cp "$top/tests/npm/package.json" "$top/tests/npm/package-lock.json" "$top/build/npm" &&
	(cd "$top/build/npm" && npm ci --ignore-scripts --no-audit --no-fund) &&
	cp "$top/tests/npm/package-lock.json" "$top/build/npm/installed"
}

want=''
npm=''
for group in "$@"; do
	case $group in
	build) want="$want $build" ;;
	test)
		want="$want $test"
		npm_there || npm=yes
		# Node.js from elsewhere brings an npm of its own, which Debian's package would fight with
		command -v node >/dev/null 2>&1 || want="$want nodejs"
		command -v npm >/dev/null 2>&1 || want="$want npm"
		;;
	*) echo "setup.sh: $group: no such group (build, test)" >&2; exit 2 ;;
	esac
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# try WHAT COMMAND: says that it installs WHAT, and only if it fails what the command said.
try() {
	echo "setup.sh: installing$1"
	"$2" >"$log" 2>&1 </dev/null || {
		tail -n 20 "$log" >&2
		echo "setup.sh: could not install:$1" >&2
		exit 1
	}
}

missing=
if command -v dpkg-query >/dev/null 2>&1; then
	for p in $want; do
		s=$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) || s=
		[ "$s" = "install ok installed" ] || missing="$missing $p"
	done
else
	echo "setup.sh: this is no Debian: install by hand what is missing of:" $want >&2
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
apt_install() {
	$sudo apt-get update &&
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}
[ -z "$missing" ] || try "$missing" apt_install
[ -z "$npm" ] || ! command -v npm >/dev/null 2>&1 || try " hep-js (npm)" npm_install
