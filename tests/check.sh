#!/bin/bash
# check.sh [asan|valgrind|mutants]: the stages of `make check`, each with its minutes. Without a word: all that
# a change must pass; with CI=true also the slow ones. Everything printed is kept and searched for the canary
# secrets of the tests at the end.
set -u
cd "$(dirname "$0")/.." || exit 1

make=${MAKE:-make}
build=${PRECHECKD_BUILD:-build}
ci=${CI:-false}
out=$build/check.log
python="/usr/bin/python3 -m pytest -q --tb=short -p no:cacheprovider"
failed=""
minutes=""
canary='CANARYTOKEN|canary-Passw0rd'

mkdir -p "$build"
: >"$out"

stage() { # NAME COMMAND...
	local name=$1 began=$SECONDS rc took
	shift
	echo
	echo "=== $name"
	"$@" 2>&1 | tee -a "$out"
	rc=${PIPESTATUS[0]}
	took=$(((SECONDS - began) * 10 / 60))
	minutes="$minutes  $((took / 10)).$((took % 10)) min  $name"$'\n'
	[ "$rc" -eq 0 ] || failed="$failed $name"
	return "$rc"
}

units() { # DIR [WRAPPER...]: every unit test, by the runners' own closing lines
	local dir=$1 t rc=0
	shift
	for t in "$dir"/unit/test_*; do
		case $t in *.d | *.o) continue ;; esac
		[ -x "$t" ] || continue
		"$@" "$t" || rc=1
	done
	return $rc
}

# LeakSanitizer hangs at the end now and then, see tests/lib/process.py: then the test is run once more.
patient() { # COMMAND...
	local rc
	timeout -k 5 240 "$@"
	rc=$?
	[ $rc -eq 124 ] || return $rc
	echo "$1 did not come to its end; once more"
	timeout -k 5 240 "$@"
}

pytests() { # DIR FOLDER
	PRECHECKD_BUILD=$1 $python "tests/$2"
}

build_tests() { # DIR [VARIABLE...]
	local dir=$1
	shift
	$make -j"$(nproc)" O="$dir" "$@" all units virtual
}

virtual_time() {
	"$build/virtual" --jobs 1000 --days 30 --seed 1 && "$build/virtual" --jobs 60 --days 7 --seeds 100
}

asan() {
	local dir=$build
	[ "$dir" = "${dir%-asan}" ] && dir=$dir-asan
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	stage "asan build" build_tests "$dir" SANITIZE=1 || return
	stage "asan units" units "$dir" patient
	stage "asan virtual time" patient "$dir/virtual" --jobs 60 --days 7 --seeds 5
	stage "asan contract" pytests "$dir" contract
	# what is measured by the clock was measured without sanitizers
	stage "asan system" env CI=false PRECHECKD_BUILD="$dir" $python tests/system
	unset ASAN_OPTIONS UBSAN_OPTIONS
}

valgrinds() {
	local v="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
		--suppressions=tests/lib/valgrind.supp"
	stage "valgrind build" build_tests "$build" || return
	# shellcheck disable=SC2086
	stage "valgrind units" env PRECHECKD_SLOW=1 bash -c 'rc=0; for t in "$0"/unit/test_*; do case $t in *.d) continue;; esac; "$@" "$t" || rc=1; done; exit $rc' "$build" $v
	# shellcheck disable=SC2086
	stage "valgrind virtual time" $v "$build/virtual" --jobs 20 --days 3 --seeds 2
}

no_canary() { # what the suite printed holds no secret of the tests
	if grep -nE "$canary" "$out"; then
		echo "a canary secret was printed, see above"
		return 1
	fi
	echo "no canary secret in $(wc -l <"$out") lines of output"
}

case ${1:-all} in
asan) asan ;;
valgrind) valgrinds ;;
mutants) stage "build" build_tests "$build" && stage "mutants" tests/mutants/run.sh ;;
all)
	if stage "build" build_tests "$build"; then
		stage "virtual time" virtual_time
		stage "contract" pytests "$build" contract
		stage "system" pytests "$build" system
		if [ "$ci" = true ]; then
			stage "lint" $make lint
			stage "peers and bed" tests/lib/deps.sh peers bed
			stage "login" pytests "$build" login
			stage "systemd" pytests "$build" systemd
			asan
			valgrinds
			stage "crash test" env PRECHECKD_BUILD="$build" /usr/bin/python3 tests/crash/crash.py --kills 100
			stage "seeds" "$build/virtual" --jobs 60 --days 7 --seed 1000 --seeds 400
			stage "fuzz" tests/fuzz/run.sh 8
			stage "mutants" tests/mutants/run.sh
		fi
		stage "units" units "$build"
		stage "canary secrets" no_canary
	fi
	;;
*)
	echo "check.sh: no such stage: $1" >&2
	exit 64
	;;
esac

echo
echo "Minutes:"
printf '%s' "$minutes"
if [ -n "$failed" ]; then
	echo "FAILED:$failed"
	exit 1
fi
echo "All stages passed."
