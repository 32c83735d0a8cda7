#!/bin/bash
# make-deb.sh SOURCE OUT VERSION: the Debian packages of the tree SOURCE, as VERSION, into OUT. All work is done in a
# copy below OUT, the tree itself is only read. Needs build-essential and debhelper, not root.
set -eu -o pipefail
source=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=$3
work=$out/work
tree=$work/precheckd-$version

files() { # what belongs to the tree, each ended by NUL
	cd "$source"
	# a tree that was unpacked somewhere below another repository is not that one's
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard
	else
		find . -mindepth 1 \( -name .git -o -path './build*' \) -prune -o -type f -print0
	fi | while IFS= read -rd '' f; do
		# deleted, and not committed yet
		[ ! -e "$f" ] || printf '%s\0' "$f"
	done
}

rm -rf "$work"
mkdir -p "$tree"
files | tar -C "$source" --null --files-from=- -cf - | tar -C "$tree" -xf -
mv "$tree/etc/debian" "$tree/debian"
cd "$tree"

# The newest entry of the changelog is VERSION's. For a version that it does not know yet, one is made, of the same
# date: that date is in every file of the package, and must not change from one build to the next.
if [ "$(dpkg-parsechangelog -S Version)" != "$version" ]; then
	{
		printf 'precheckd (%s) unstable; urgency=medium\n\n  * Built from the tree, see NEWS.md.\n\n -- %s  %s\n\n' \
			"$version" "$(dpkg-parsechangelog -S Maintainer)" "$(dpkg-parsechangelog -S Date)"
		cat debian/changelog
	} >"$work/changelog"
	mv "$work/changelog" debian/changelog
fi

# A checkout has no dates of its own.
find "$tree" -exec touch --no-dereference --date="@$(dpkg-parsechangelog -S Timestamp)" {} +

# What make was called with (O, VERSION, PREFIX, sanitizers ...) is not for the package.
env -i HOME="$work" PATH="$PATH" LC_ALL=C.UTF-8 TMPDIR="${TMPDIR:-/tmp}" \
	DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" \
	dpkg-buildpackage --build=binary --unsigned-changes --no-pre-clean >"$work/log" 2>&1 || {
	cat "$work/log" >&2
	exit 1
}
rm -rf "$tree"
mv "$work"/*"_${version}_"* "$out/"
rm -rf "$work"
