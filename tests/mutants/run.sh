#!/bin/bash
# run.sh [PATCH...]: breaks the code on purpose, one patch at a time in a copy of the tree, and wants the test
# that the patch names to turn red. Two at a time. A patch that does not apply or build is a failure too.
#
# A patch begins with
#   # why: what rule it breaks
#   # killed-by: unit test_NAME | virtual | contract test_NAME | system test_NAME
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top" || exit 1
build=${PRECHECKD_BUILD:-build}
named=$build
case $build in /*) ;; *) build=$top/$build ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
trap 'rm -rf "$work"' EXIT

one() { # PATCH: prints "killed", or why not
	local patch=$1 name dir kind test rc
	name=$(basename "$patch" .patch)
	dir=$work/$name
	read -r kind test < <(sed -n 's/^# killed-by: *//p' "$patch" | head -n 1)
	mkdir -p "$dir"
	cp -a Makefile include src tests etc man systemd "$dir/"
	# what is built already, but for the test programs: they are many and large
	mkdir -p "$dir/build/unit" "$dir/build/simulator"
	cp -a "$build"/*.o "$build"/*.d "$build"/*.a "$build"/.made "$build"/precheckd "$build"/drs-simulator "$dir/build/"
	cp -a "$build"/simulator/*.[od] "$dir/build/simulator/"
	# the dependencies name their objects by where they were built: else a changed header rebuilds nothing
	[ "$named" = build ] || sed -i "s|^$named/|build/|" "$dir"/build/*.d "$dir"/build/simulator/*.d
	if ! (cd "$dir" && patch -s -p1 --no-backup-if-mismatch <"$top/$patch") >"$dir/log" 2>&1; then
		echo "$name: does not apply"
		return 1
	fi
	local target
	case $kind in
	unit) target=build/unit/$test ;;
	virtual) target=build/virtual ;;
	*) target=all ;;
	esac
	if ! make -C "$dir" O=build WERROR=0 "$target" >>"$dir/log" 2>&1; then
		echo "$name: does not build"
		tail -n 5 "$dir/log"
		return 1
	fi
	(
		cd "$dir" || exit 1
		export PRECHECKD_BUILD=build
		case $kind in
		unit) timeout 120 "build/unit/$test" ;;
		virtual) timeout 300 build/virtual --jobs 60 --days 7 --seeds 20 ;;
		contract | system) timeout 300 /usr/bin/python3 -m pytest -q -x -p no:cacheprovider "tests/$kind/$test.py" ;;
		*) exit 0 ;;
		esac
	) >>"$dir/log" 2>&1
	rc=$?
	if [ $rc -eq 0 ]; then
		echo "$name: SURVIVED $kind $test ($(sed -n 's/^# why: *//p' "$patch"))"
		return 1
	fi
	rm -rf "$dir"
	echo "$name: killed by $kind $test"
}

patches=("$@")
[ ${#patches[@]} -gt 0 ] || patches=(tests/mutants/*.patch)
for patch in "${patches[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
	{ one "$patch" >"$work/$(basename "$patch").out" 2>&1; echo $? >"$work/$(basename "$patch").rc"; } &
done
wait

passed=0 failed=0
for patch in "${patches[@]}"; do
	cat "$work/$(basename "$patch").out"
	if [ "$(cat "$work/$(basename "$patch").rc")" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
