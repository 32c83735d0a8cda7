#!/bin/bash
# bed.sh: a real systemd as PID 1, with journald and D-Bus, in namespaces of its own. Boots in half a second; no
# container program, no download.
#
#   bed.sh boot NAME [-r ROOT] [-c unified|hybrid] [-s SIZE]
#   bed.sh run  NAME COMMAND [ARG...]    inside; its exit status is passed on
#   bed.sh net  NAME COMMAND [ARG...]    a program of the host in the bed's network only (a simulator, curl)
#   bed.sh put  NAME SOURCE TARGET [MODE]
#   bed.sh get  NAME SOURCE TARGET
#   bed.sh pid  NAME                     of the inner PID 1, seen from outside
#   bed.sh stop NAME                     powers off, and removes all traces
#
# The inner root is an overlay of ROOT (default: the host's /): what is written goes to a tmpfs of SIZE (default 2g), so
# nothing outside is ever changed. Mounts below / are not seen inside. /tmp, /run, /dev and the network, which has a
# loopback only, are the bed's own. Units that the host enabled are not started.
#
# -c: unified on a host with cgroup v2, and for systemd 256 and later, which refuses v1; else hybrid, where MemoryMax=
#   and TasksMax= are enforced.
#
# Exit status 77, with the reason, where this can't work. Everything lives below ${BED_DIR:-/tmp/precheckd-beds}.
set -euo pipefail

beds=${BED_DIR:-/tmp/precheckd-beds}
cg=/sys/fs/cgroup
v1="pids memory cpu cpuacct blkio devices freezer"
# nothing of these is needed, and they fail or wait in a namespace
masked="systemd-timesyncd.service systemd-pstore.service systemd-logind.service e2scrub_reap.service
	systemd-remount-fs.service systemd-firstboot.service systemd-modules-load.service systemd-sysctl.service
	systemd-random-seed.service systemd-binfmt.service systemd-networkd.service systemd-resolved.service
	systemd-udevd.service systemd-udev-trigger.service systemd-hwdb-update.service ldconfig.service
	systemd-journal-catalog-update.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
	modprobe@.service rc-local.service proc-sys-fs-binfmt_misc.automount sys-kernel-debug.mount
	sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount dev-hugepages.mount
	dev-mqueue.mount swap.target getty.target remote-fs.target systemd-udevd-control.socket
	systemd-udevd-kernel.socket"

say() { echo "bed.sh: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; }

pid_of() { # NAME: never a process of our own namespace, whose id it may have become
	local pid
	pid=$(cat "$beds/$1/pid" 2>/dev/null) || die "bed '$1' does not run"
	if [ ! -d "/proc/$pid" ] || [ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]; then
		die "bed '$1' does not run any more"
	fi
	echo "$pid"
}

inside() { # PID COMMAND...
	local pid=$1
	shift
	exec nsenter -t "$pid" -m -u -i -n -p -C -r -w -- /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
		SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

cgroup2() { # where the host has it
	if [ "$(stat -fc %T $cg)" = cgroup2fs ]; then echo $cg; else echo $cg/unified; fi
}

possible() {
	local tool
	[ "$(id -u)" = 0 ] || skip "needs root"
	for tool in unshare nsenter ip mount pivot_root dbus-daemon; do
		command -v $tool >/dev/null || skip "no $tool here"
	done
	[ -x /lib/systemd/systemd ] || skip "no systemd here"
	[ -w "$(cgroup2)/cgroup.procs" ] || skip "no cgroup2 that may be written"
	unshare --fork --pid --mount --uts --ipc --net true 2>/dev/null || skip "no new namespaces here"
}

boot() { # NAME [OPTION...]
	local name=$1 root=/ hierarchy='' size=2g option version dir pid='' state
	shift
	while getopts r:c:s: option; do
		case $option in
		r) root=$OPTARG ;;
		c) hierarchy=$OPTARG ;;
		s) size=$OPTARG ;;
		*) exit 64 ;;
		esac
	done
	possible
	if [ -z "$hierarchy" ]; then
		version=$(chroot "$root" /lib/systemd/systemd --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
		hierarchy=hybrid
		[ "$(stat -fc %T $cg)" != cgroup2fs ] && [ "${version:-0}" -lt 256 ] || hierarchy=unified
	fi
	dir=$beds/$name
	[ ! -e "$dir" ] || die "bed '$name' is there already; stop it first"
	mkdir -p "$dir/top"
	setsid unshare --fork --kill-child --pid --mount --uts --ipc --net \
		"$0" --init "$dir" "$root" "$hierarchy" "$size" </dev/null >"$dir/boot.log" 2>&1 &
	for _ in $(seq 400); do
		if [ -s "$dir/pid" ]; then
			pid=$(cat "$dir/pid")
			[ -d "/proc/$pid" ] || break
			[ ! -S "/proc/$pid/root/run/systemd/private" ] || [ ! -e "$dir/ready" ] || break
		fi
		sleep 0.05
	done
	if [ -z "$pid" ] || [ ! -d "/proc/$pid" ]; then
		cat "$dir/boot.log" >&2
		stop "$name"
		die "bed '$name' did not boot"
	fi
	state=$( (inside "$pid" timeout 60 systemctl is-system-running --wait) || :)
	case $state in
	running | degraded) ;;
	*)
		cat "$dir/boot.log" >&2
		stop "$name"
		die "bed '$name' came up as '$state'"
		;;
	esac
}

# PID 1 of the new namespaces, with the host's mounts still: a cgroup of its own in each hierarchy, which becomes the
# root of those that it sees.
init() { # DIR ROOT HIERARCHY SIZE
	local dir=$1 root=$2 hierarchy=$3 size=$4 pid group c
	read -r pid _ </proc/self/stat # as the host counts
	group=$(cgroup2)/bed-$(basename "$dir")
	mkdir -p "$group"
	for c in memory pids cpu io; do
		echo "+$c" >"$(cgroup2)/cgroup.subtree_control" || :
	done 2>/dev/null
	echo 0 >"$group/cgroup.procs"
	if [ "$hierarchy" = hybrid ]; then
		for c in systemd $v1; do
			mkdir -p "$cg/$c/bed-$(basename "$dir")"
			echo 0 >"$cg/$c/bed-$(basename "$dir")/cgroup.procs"
		done
	fi
	exec unshare --cgroup -- "$0" --init-in-cgroup "$pid" "$dir" "$root" "$hierarchy" "$size"
}

mount_system() { # ROOT HIERARCHY
	local root=$1 hierarchy=$2 c node name major minor
	mkdir -p "$root"/{proc,sys,dev,run,tmp,mnt}
	mount -t proc -o nosuid,noexec,nodev proc "$root/proc"
	for c in sys sysrq-trigger irq bus; do
		[ ! -e "$root/proc/$c" ] || { mount --bind "$root/proc/$c" "$root/proc/$c" && mount -o remount,bind,ro "$root/proc/$c"; }
	done
	mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
	mount -o remount,bind,rw "$root/proc/sys/net"
	mount -t sysfs -o nosuid,noexec,nodev,ro sysfs "$root/sys"
	if [ "$hierarchy" = unified ]; then
		mount -t cgroup2 -o nosuid,noexec,nodev cgroup2 "$root/sys/fs/cgroup"
	else
		mount -t tmpfs -o mode=755,nosuid,noexec,nodev tmpfs "$root/sys/fs/cgroup"
		mkdir "$root"/sys/fs/cgroup/{unified,systemd}
		mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
		mount -t cgroup -o none,name=systemd systemd "$root/sys/fs/cgroup/systemd"
		for c in $v1; do
			mkdir "$root/sys/fs/cgroup/$c"
			mount -t cgroup -o "$c" cgroup "$root/sys/fs/cgroup/$c"
		done
	fi
	mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
	mkdir "$root"/dev/{pts,shm}
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
	for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
		IFS=: read -r name major minor <<<"$node"
		mknod -m 666 "$root/dev/$name" c "$major" "$minor"
	done
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	for node in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${node%:*}" "$root/dev/${node#*:}"; done
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
}

make_machine() { # ROOT FROM: a name and an id of its own, an empty journal, nothing wanted that the host wants
	local root=$1 units=$1/etc/systemd/system unit
	echo bed >"$root/etc/hostname"
	hostname bed
	: >"$root/etc/fstab"
	rm -f "$root/etc/machine-id"
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
	rm -f "$root/usr/sbin/policy-rc.d" # images forbid packages to start services; here they may
	rm -rf "$root/var/log/journal"
	mkdir -p "$root/var/log/journal" "$units"
	[ "$2" != / ] || rm -rf "$units"/*.wants "$units"/*.requires
	cat >"$units/bed.target" <<-END
		[Unit]
		Description=a bed for tests
		Requires=basic.target
		Wants=dbus.service multi-user.target
		After=basic.target dbus.service
		AllowIsolate=yes
	END
	for unit in $masked; do ln -sf /dev/null "$units/$unit"; done
}

init_in_cgroup() { # PID DIR ROOT HIERARCHY SIZE
	local pid=$1 dir=$2 from=$3 hierarchy=$4 size=$5 root=$2/top/root
	mount --make-rprivate /
	mount -t tmpfs -o "mode=755,size=$size" bed "$dir/top"
	mkdir "$dir"/top/{upper,work,root}
	mount -t overlay -o "lowerdir=$from,upperdir=$dir/top/upper,workdir=$dir/top/work" overlay "$root"
	mount_system "$root" "$hierarchy"
	make_machine "$root" "$from"
	ip link set lo up
	echo "$pid" >"$dir/pid"
	cd "$root"
	mkdir -p mnt/old
	pivot_root . mnt/old
	mount --make-rprivate /mnt/old
	: >"/mnt/old$dir/ready"
	# in a container systemd leaves propagation alone, and LoadCredential= needs a shared root
	exec env -i container=bed PATH=/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -c 'umount -l /mnt/old &&
		mount --make-rshared / && exec /lib/systemd/systemd --unit=bed.target --show-status=no' </dev/null
}

gone() { # PID
	[ ! -d "/proc/$1" ] || grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null
}

stop() { # NAME
	local name=$1 dir=$beds/$1 pid group left
	if pid=$(pid_of "$name" 2>/dev/null); then
		(inside "$pid" timeout 10 systemctl poweroff --no-block) >/dev/null 2>&1 || :
		for _ in $(seq 100); do
			! gone "$pid" || break
			sleep 0.05
		done
		gone "$pid" || kill -9 "$pid" 2>/dev/null || :
	fi
	for _ in $(seq 40); do
		left=''
		for group in "$(cgroup2)" "$cg/systemd" $(for c in $v1; do echo "$cg/$c"; done); do
			[ ! -d "$group/bed-$name" ] || find "$group/bed-$name" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
		done
		[ -n "$left" ] || break
		sleep 0.1
	done
	rm -rf "$dir"
}

command=${1:-}
shift || :
[ $# -ge 1 ] || { sed -n '5,12s/^# *//p' "$0" >&2; exit 64; }
case $command in
boot) boot "$@" ;;
--init) init "$@" ;;
--init-in-cgroup) init_in_cgroup "$@" ;;
run)
	pid=$(pid_of "$1")
	shift
	inside "$pid" "$@"
	;;
net)
	pid=$(pid_of "$1")
	shift
	exec nsenter -t "$pid" -n -- "$@"
	;;
put)
	pid=$(pid_of "$1")
	install -D -m "${4:-644}" "$2" "/proc/$pid/root$3"
	;;
get)
	pid=$(pid_of "$1")
	cp "/proc/$pid/root$2" "$3"
	;;
pid) pid_of "$1" ;;
stop) stop "$1" ;;
*)
	say "no such command: $command"
	exit 64
	;;
esac
