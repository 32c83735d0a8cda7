#!/bin/bash
# deps.sh [build] [test] [lint] [peers] [deb] [bed]: installs, with apt, what is missing for that; asks nothing, and
# does nothing when all is there. Debian 12 or later.
set -eu

# shellcheck disable=SC2034 # read by name, below
build="gcc libc6-dev make pkg-config libcurl4-openssl-dev libjson-c-dev libevent-dev libsystemd-dev
	libconfuse-dev libssl-dev libsqlite3-dev libyaml-dev uthash-dev python3"
# shellcheck disable=SC2034
test="libcmocka-dev strace python3-pytest systemd sqlite3 curl git valgrind util-linux iproute2 procps mandoc"
# shellcheck disable=SC2034
lint="clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck mandoc"
# what the slow stages talk to: a real IAM, TLS in front, clients that nobody here wrote
# shellcheck disable=SC2034
peers="python3-openstacksdk nginx-light openssl tinyproxy-bin
	python3-keystone python3-openstackclient uwsgi-core uwsgi-plugin-python3"
# what builds a package
deb="build-essential debhelper"
# a real systemd, clean roots, packages to install there
# shellcheck disable=SC2034
bed="dbus jq lintian mmdebstrap $deb"

wanted=""
for group in "$@"; do
	case $group in
	build | test | lint | peers | deb | bed) wanted="$wanted ${!group}" ;;
	*)
		echo "deps.sh: no such group: $group" >&2
		exit 64
		;;
	esac
done

missing=""
for package in $wanted; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
	[ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
	echo "Not installed yet:$missing" >&2
	echo "As root: apt-get install -y --no-install-recommends$missing" >&2
	exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
