"""Tries what the sandbox of the unit forbids, and prints what came of it, as JSON. Run by the unit itself, by a drop-in
with ExecStartPre=, and once outside of it, to see that the attempts mean something.

Calls that would do harm get arguments that no kernel takes: EFAULT or EINVAL says that it would have been allowed.
"""

import ctypes
import errno
import json
import mmap
import os
import platform
import resource
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
# (x86_64, aarch64)
NUMBERS = {
    "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "swapon": (167, 224),
    "reboot": (169, 142), "init_module": (175, 105), "delete_module": (176, 106), "clock_settime": (227, 112),
    "adjtimex": (159, 171), "keyctl": (250, 219), "add_key": (248, 217), "bpf": (321, 280),
    "perf_event_open": (298, 241), "kexec_load": (246, 104), "syslog": (103, 116), "sethostname": (170, 161),
    "setdomainname": (171, 162), "personality": (135, 92), "fchownat": (260, 54), "setuid": (105, 146),
    "setns": (308, 268), "acct": (163, 89), "quotactl": (179, 60), "userfaultfd": (323, 282),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "open_by_handle_at": (304, 265), "chroot": (161, 51),
}
COLUMN = ("x86_64", "aarch64").index(platform.machine())
AT_FDCWD = -100
BAD = 1  # an address that nobody has
CLONE = {"cgroup": 0x02000000, "ipc": 0x08000000, "mnt": 0x00020000, "net": 0x40000000, "pid": 0x20000000,
         "user": 0x10000000, "uts": 0x04000000}


def said(call):
    """ok, or the name of the error."""
    try:
        call()
        return "ok"
    except OSError as e:
        return errno.errorcode[e.errno]


def syscall(name, *args):
    def call():
        if libc.syscall(ctypes.c_long(NUMBERS[name][COLUMN]), *(ctypes.c_long(a) for a in args)) == -1:
            raise OSError(ctypes.get_errno(), name)

    return said(call)


def apart(call):
    """What changes the process is done in a child, which answers with its exit status."""
    pid = os.fork()
    if pid == 0:
        word = said(call)
        os._exit(0 if word == "ok" else getattr(errno, word))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return "ok" if status == 0 else f"signal {-status}" if status < 0 else errno.errorcode[status]


def write(path):
    def call():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        os.unlink(path)

    return said(call)


def unshare(kind):
    def call():
        if libc.unshare(CLONE[kind]) == -1:
            raise OSError(ctypes.get_errno(), "unshare")

    return apart(call)


def opened(family, kind=socket.SOCK_STREAM, protocol=0):
    return said(lambda: socket.socket(family, kind, protocol).close())


def executable_memory():
    return said(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close())


def made_executable():
    libc.mmap.restype = ctypes.c_void_p

    def call():
        at = libc.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_long(0))
        if libc.mprotect(ctypes.c_void_p(at), ctypes.c_size_t(4096), 5) == -1:
            raise OSError(ctypes.get_errno(), "mprotect")

    return said(call)


def set_user_bit():
    path = os.path.join(os.environ.get("STATE_DIRECTORY", "/tmp"), "suid")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o700))
    try:
        return said(lambda: os.chmod(path, 0o4700))
    finally:
        os.unlink(path)


def make_device():
    path = os.path.join(os.environ.get("STATE_DIRECTORY", "/tmp"), "device")

    def call():
        os.mknod(path, 0o020600, os.makedev(1, 1))
        os.unlink(path)

    return said(call)


def mode_of_a_new_file():
    path = os.path.join(os.environ.get("STATE_DIRECTORY", "/tmp"), "new")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
    try:
        return oct(os.stat(path).st_mode & 0o777)
    finally:
        os.unlink(path)


def field(name):
    """Of /proc/self/status."""
    with open("/proc/self/status", encoding="ascii") as f:
        return next(line.split(":", 1)[1].strip() for line in f if line.startswith(name + ":"))


def other_architecture():
    """Of a program that asks the kernel by the door for 32 bits; the test has put it there where it can be built."""
    if not os.path.exists("/usr/lib/probe-int80"):
        return None
    return subprocess.run(["/usr/lib/probe-int80"], stdin=subprocess.DEVNULL).returncode


def locked():
    page = ctypes.create_string_buffer(8192)
    if libc.mlock(page, ctypes.c_size_t(8192)) == -1:
        raise OSError(ctypes.get_errno(), "mlock")


def listed(path):
    try:
        return sorted(os.listdir(path))
    except OSError as e:
        return errno.errorcode[e.errno]


def main(other_pid):
    out = {
        "NoNewPrivileges": field("NoNewPrivs"),
        "CapabilityBoundingSet": [field("CapBnd"), field("CapEff"), field("CapPrm")],
        "AmbientCapabilities": field("CapAmb"),
        "ProtectSystem": {p: write(p + "/probe") for p in ("/usr", "/etc", "/var/lib", "/var/cache", "/opt", "/boot",
                                                            "/etc/precheckd")},
        "ProtectHome": {p: listed(p) for p in ("/home", "/root", "/run/user")},
        "PrivateTmp": [os.path.exists("/tmp/outside"), os.path.exists("/var/tmp/outside"), write("/tmp/probe")],
        "PrivateDevices": [sorted(set(listed("/dev")) & {"mem", "kmsg", "port", "loop7", "fuse", "kvm", "tty0"}),
                           make_device()],
        "DevicePolicy": said(lambda: os.close(os.open("/usr/lib/probe-device", os.O_RDWR))),
        "PrivateUsers": open("/proc/self/uid_map", encoding="ascii").read().split(),
        "PrivateMounts": os.readlink("/proc/self/ns/mnt"),
        "PrivateIPC": os.readlink("/proc/self/ns/ipc"),
        "ProtectProc": [os.path.exists("/proc/1/status"), os.path.exists(f"/proc/{other_pid}"),
                        [p for p in listed("/proc") if p.isdigit() and os.stat(f"/proc/{p}").st_uid != os.getuid()]],
        "ProcSubset": sorted(set(listed("/proc")) & {"meminfo", "kallsyms", "sys", "kcore", "cmdline", "version"}),
        "ProtectClock": [syscall("clock_settime", 0, BAD), syscall("adjtimex", BAD), os.path.exists("/dev/rtc0")],
        "ProtectHostname": [syscall("sethostname", BAD, 4), syscall("setdomainname", BAD, 4)],
        "ProtectKernelTunables": [write("/sys/probe"), write("/proc/sys/kernel/probe")],
        "ProtectKernelModules": [syscall("init_module", BAD, 1, BAD), syscall("delete_module", BAD, 0),
                                 listed("/usr/lib/modules")],
        "ProtectKernelLogs": [syscall("syslog", 3, BAD, 10), os.path.exists("/dev/kmsg")],
        "ProtectControlGroups": [said(lambda: os.mkdir("/sys/fs/cgroup/probe")),
                                 said(lambda: os.mkdir("/sys/fs/cgroup/unified/probe"))],
        "RestrictAddressFamilies": {
            "AF_UNIX": opened(socket.AF_UNIX), "AF_INET": opened(socket.AF_INET), "AF_INET6": opened(socket.AF_INET6),
            "AF_NETLINK": opened(socket.AF_NETLINK, socket.SOCK_RAW), "AF_PACKET": opened(socket.AF_PACKET, socket.SOCK_RAW),
            "AF_ALG": opened(38, socket.SOCK_SEQPACKET), "AF_VSOCK": opened(40)},
        "RestrictNamespaces": {**{kind: unshare(kind) for kind in CLONE}, "setns": syscall("setns", -1, 0)},
        "RestrictRealtime": apart(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "RestrictSUIDSGID": set_user_bit(),
        "RemoveIPC": None,  # seen from outside, after the end
        "LockPersonality": syscall("personality", 0x0008),
        "MemoryDenyWriteExecute": [executable_memory(), made_executable()],
        "KeyringMode": syscall("keyctl", 0, -3, 0),
        "SystemCallArchitectures": other_architecture(),
        "SystemCallFilter": {
            "ptrace": syscall("ptrace", 16, other_pid, 0, 0), "mount": syscall("mount", BAD, BAD, BAD, 0, 0),
            "umount2": syscall("umount2", BAD, 0), "pivot_root": syscall("pivot_root", BAD, BAD),
            "swapon": syscall("swapon", BAD, 0), "reboot": syscall("reboot", 1, 2, 3, 0), "bpf": syscall("bpf", 0, BAD, 0),
            "perf_event_open": syscall("perf_event_open", BAD, 0, -1, -1, 0),
            "kexec_load": syscall("kexec_load", 0, 1 << 20, BAD, 0), "chown": syscall("fchownat", AT_FDCWD, BAD, 0, 0, 0),
            "setuid": syscall("setuid", os.getuid()), "acct": syscall("acct", BAD), "chroot": syscall("chroot", BAD),
            "userfaultfd": syscall("userfaultfd", 1 << 30), "quotactl": syscall("quotactl", -1, BAD, 0, BAD),
            "open_by_handle_at": syscall("open_by_handle_at", -1, BAD, 0), "keyctl": syscall("keyctl", 0, -3, 0),
            "setpriority": apart(lambda: os.setpriority(os.PRIO_PROCESS, 0, 5))},
        "UMask": mode_of_a_new_file(),
        "LimitCORE": resource.getrlimit(resource.RLIMIT_CORE),
        "LimitMEMLOCK": resource.getrlimit(resource.RLIMIT_MEMLOCK),
        "LimitNOFILE": resource.getrlimit(resource.RLIMIT_NOFILE),
        "DynamicUser": [os.getuid(), os.getgid(), os.getgroups()],
        "StateDirectory": [os.environ.get("STATE_DIRECTORY"), write(os.environ.get("STATE_DIRECTORY", "") + "/probe")],
        "RuntimeDirectory": [os.environ.get("RUNTIME_DIRECTORY"), write(os.environ.get("RUNTIME_DIRECTORY", "") + "/probe")],
        "ConfigurationDirectory": os.environ.get("CONFIGURATION_DIRECTORY"),
        "needed": {"mlock": said(locked), "pidfd_open": syscall("pidfd_open", os.getpid(), 0)},
    }
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
