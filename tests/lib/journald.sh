#!/bin/bash
# journald.sh CMD [ARG...]: runs CMD beside a real systemd-journald in namespaces of its own.
#
# Inside, /run/systemd/journal/{socket,stdout} and /dev/log are served by it and journalctl reads back what was
# said; /run and /dev are private, the network is a loopback of its own, the journal is thrown away. There is
# no systemd: no units, no systemctl. `journalctl --sync` waits until all that was sent is written.
#
# RATE_BURST=N lowers the rate limit (messages in 30 s), to see entries dropped. For CMD, JOURNALD is the program and
# /run/journald.pid the process, so that it can be stopped, ended and started anew.
#
# Exit status: CMD's (128 + N if signal N killed it); 77 with a reason on stderr where this can't work (not
# root, no namespaces, no journald); 125 if journald did not come up; 64 usage.
set -eu

say() { echo "journald.sh: $*" >&2; }
skip() { say "skipped: $*"; exit 77; }
die() { say "$*"; exit 125; }

JOURNALD=
for f in /lib/systemd/systemd-journald /usr/lib/systemd/systemd-journald; do
	[ ! -x "$f" ] || JOURNALD=$f
done

if [ "${1:-}" != --inside ]; then
	[ $# -ge 1 ] || { say "usage: journald.sh CMD [ARG...]"; exit 64; }
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -n "$JOURNALD" ] || skip "no systemd-journald here"
	for tool in unshare mount ip journalctl; do
		command -v $tool >/dev/null || skip "no $tool here"
	done
	unshare --fork --pid --mount --net --mount-proc true 2>/dev/null ||
		skip "no new namespaces here"
	exec unshare --fork --kill-child --pid --mount --uts --ipc --net --mount-proc \
		"$0" --inside "$@"
fi
shift

# From here on PID 1 of the namespace: when this ends, all that was started in it ends too.
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/log/journal /run/systemd/journal /run/systemd/journald.conf.d
tr -d - </proc/sys/kernel/random/uuid >/run/machine-id
if [ ! -e /etc/machine-id ]; then
	mkdir -p /run/etc/upper /run/etc/work
	mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work overlay /etc
	touch /etc/machine-id
fi
mount --bind /run/machine-id /etc/machine-id
cat >/run/systemd/journald.conf.d/zz-test.conf <<-END
	[Journal]
	Storage=volatile
	ReadKMsg=no
	Audit=no
	ForwardToSyslog=no
	ForwardToConsole=no
	ForwardToWall=no
	RateLimitIntervalSec=30s
	RateLimitBurst=${RATE_BURST:-100000}
END
ip link set lo up

# /dev/log is a link on a machine with systemd; the host's /dev must not get one.
mkdir /run/dev
mount -t tmpfs -o mode=755 tmpfs /run/dev
for node in null zero full random urandom tty; do
	touch /run/dev/$node
	mount --bind /dev/$node /run/dev/$node
done
mkdir /run/dev/shm /run/dev/pts
chmod 1777 /run/dev/shm
ln -s /proc/self/fd /run/dev/fd
ln -s fd/0 /run/dev/stdin
ln -s fd/1 /run/dev/stdout
ln -s fd/2 /run/dev/stderr
ln -s /run/systemd/journal/dev-log /run/dev/log
mount --rbind /run/dev /dev

unset NOTIFY_SOCKET JOURNAL_STREAM WATCHDOG_USEC WATCHDOG_PID
"$JOURNALD" </dev/null >/run/journald.out 2>&1 &
journald=$!
echo $journald >/run/journald.pid
export JOURNALD
up() { [ -S /run/systemd/journal/socket ] && [ -S /run/systemd/journal/stdout ] &&
	[ -S /run/systemd/journal/dev-log ] && journalctl --sync 2>/dev/null; }
for ((i = 0; i < 500; i++)); do
	! up || break
	kill -0 $journald 2>/dev/null || die "journald ended: $(cat /run/journald.out)"
	sleep 0.02
done
up || die "journald did not come up in 10 s: $(cat /run/journald.out)"

rc=0
"$@" || rc=$?
kill "$(cat /run/journald.pid)" 2>/dev/null || :
wait $journald 2>/dev/null || :
exit $rc
