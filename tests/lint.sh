#!/bin/bash
# lint.sh: what tools can say of the sources; every finding fails.
set -u
cd "$(dirname "$0")/.." || exit 1

rc=0
sources=$(git ls-files 'src/*.c' 'src/**/*.c')
all=$(git ls-files '*.c' '*.h')
# include/ goes first: json-c has a json.h too; the simulator's own headers lie beside its sources
flags=(-std=gnu17 -D_GNU_SOURCE '-DVERSION="lint"' -Iinclude)
read -ra packages < <(pkg-config --cflags libcurl json-c libevent_core libsystemd libconfuse sqlite3 yaml-0.1)
flags+=("${packages[@]}")

run() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then
		echo "lint: $name: clean"
	else
		echo "lint: $name: FINDINGS"
		rc=1
	fi
}

# Leaks and uses after free are for the sanitizers and valgrind: this analyser does not follow memory into and
# out of lists and hash tables.
analyze() {
	local f bad=0
	for f in $sources; do
		gcc "${flags[@]}" -O0 -fanalyzer -Wno-analyzer-too-complex -Wno-analyzer-malloc-leak \
			-Wno-analyzer-use-after-free \
			-Werror -c -o /dev/null "$f" || bad=1
	done
	return $bad
}

tidy() {
	# shellcheck disable=SC2086
	clang-tidy --quiet $sources -- "${flags[@]}" 2>/dev/null
}

clang_build() {
	local f bad=0
	for f in $sources; do
		clang "${flags[@]}" -Wall -Wextra -Wshadow -Wmissing-prototypes -Wconversion -Wformat=2 -Werror \
			-fsyntax-only "$f" || bad=1
	done
	return $bad
}

man_pages() {
	local f bad=0
	for f in man/*.[1-8]; do
		mandoc -T lint -W warning "$f" || bad=1
	done
	return $bad
}

# shellcheck disable=SC2086
run clang-format clang-format --dry-run --Werror $all
run "clang warnings" clang_build
# shellcheck disable=SC2086
run cppcheck cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
	--suppressions-list=tests/lib/cppcheck.supp --error-exitcode=1 \
	--include="$(echo /usr/include/*/sys/queue.h)" --include=/usr/include/uthash.h -D_GNU_SOURCE -DVERSION='"lint"' \
	-Iinclude $sources
run "gcc -fanalyzer" analyze
run clang-tidy tidy
run mandoc man_pages
# shellcheck disable=SC2046
run shellcheck shellcheck -S warning $(git ls-files '*.sh' .ci/run)
exit $rc
