#!/bin/bash
# run.sh [SECONDS [NAME...]]: builds the fuzzers with clang's libFuzzer, ASan and UBSan, and runs each for so long,
# from the seeds beside it. What they find is left in the build directory.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${1:-20}
shift || :
build=${PRECHECKD_BUILD:-build}-fuzz
make=${MAKE:-make}
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
names=("$@")
[ ${#names[@]} -gt 0 ] || for f in tests/fuzz/fuzz_*.c; do
	f=${f##*/fuzz_}
	names+=("${f%.c}")
done

$make -j"$(nproc)" O="$build" CC=clang OPT="$flags -fsanitize=fuzzer-no-link" HARDEN=-fPIE WERROR=0 \
	"$build/libprecheckd.a" || exit 1
libs=$(pkg-config --libs libcurl json-c libevent_core libsystemd libconfuse libcrypto sqlite3 yaml-0.1)
failed=""
for name in "${names[@]}"; do
	# shellcheck disable=SC2086
	clang -std=gnu17 -D_GNU_SOURCE -Iinclude -Itests/fuzz $flags -fsanitize=fuzzer -o "$build/fuzz_$name" \
		"tests/fuzz/fuzz_$name.c" "$build/libprecheckd.a" $libs || exit 1
	mkdir -p "$build/corpus/$name"
	log=$build/fuzz_$name.log
	# libconfuse leaks what it had read of a file with an error in it; its leaks are not ours to find here
	leaks=1
	[ "$name" = config ] && leaks=0
	if ASAN_OPTIONS=detect_leaks=$leaks "$build/fuzz_$name" -max_total_time="$seconds" -max_len=8192 -seed=1 \
		-detect_leaks=$leaks -rss_limit_mb=2048 -timeout=10 -artifact_prefix="$build/found-$name-" "$build/corpus/$name" \
		"tests/fuzz/seeds/$name" >"$log" 2>&1; then
		echo "$name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1 inputs, nothing found/p' "$log")"
	else
		echo "$name: FOUND something:"
		grep -E "not so|ERROR|runtime error|SUMMARY|Test unit" "$log" | head -5
		failed="$failed $name"
	fi
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
