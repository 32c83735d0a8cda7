#!/bin/bash
# run.sh: the demo. A simulated cloud with a story, the real daemon in the foreground, and what it tells.
# DEMO_SECONDS=N ends it after N seconds (default 90; 0: with Ctrl-C).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
build=${PRECHECKD_BUILD:-build}
seconds=${DEMO_SECONDS:-90}
dir=$(mktemp -d "${TMPDIR:-/tmp}/precheckd-demo.XXXXXX")
sim="" daemon="" sighup=""

end() {
	trap - EXIT INT TERM
	[ -z "$sighup" ] || kill "$sighup" 2>/dev/null || :
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || :
	[ -z "$daemon" ] || wait "$daemon" 2>/dev/null || :
	[ -z "$sim" ] || kill "$sim" 2>/dev/null || :
	rm -rf "$dir"
	echo
	echo "That was the demo. Try next: edit etc/precheckd.conf for your own cloud, and run"
	echo "  $build/precheckd -c etc/precheckd.conf --check-config && $build/precheckd -c etc/precheckd.conf --once"
}
trap end EXIT
trap 'exit 0' INT TERM

"$build/drs-simulator" --scenario "$here/story.json" --listen 127.0.0.1:0 >"$dir/sim.out" &
sim=$!
until grep -q '^listening on ' "$dir/sim.out"; do
	kill -0 "$sim" || exit 1
	sleep 0.05
done
url=$(sed -n 's/^listening on //p' "$dir/sim.out")

mkdir "$dir/jobs.d"
(umask 077 && printf 'demo-only\n' >"$dir/password")
sed -e "s|@DIR@|$dir|g" -e "s|@URL@|$url|g" "$here/precheckd.conf" >"$dir/precheckd.conf"

echo "A simulated cloud answers at $url; seven jobs, an eighth comes by SIGHUP after 26 s."
echo "What follows is what journalctl -u precheckd would show."
echo
"$build/precheckd" -c "$dir/precheckd.conf" --log-target stderr &
daemon=$!

(
	sleep 26
	cp "$here/late-db.conf" "$dir/jobs.d/"
	kill -HUP "$daemon"
) &
sighup=$!

if [ "$seconds" -gt 0 ]; then
	timeout --foreground "$seconds" tail --pid="$daemon" -f /dev/null || :
else
	wait "$daemon" || :
fi
