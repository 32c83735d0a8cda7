"""Every option of the sandbox is really in force: a probe, run by the unit itself, tries what it forbids. The same probe
outside shows that the attempts mean something."""

import json
import os
import platform
import re
import shutil
import subprocess

import pytest

from bed import HERE, UNIT
from daemon import jobs, scenario, task

NONE = "0000000000000000"
ZEROS = "0" * 16
# What the probe says inside. A set: one of these, by release of systemd or by what the machine has.
WANTED = {
    "NoNewPrivileges": "1",
    "CapabilityBoundingSet": [NONE, NONE, NONE],
    "AmbientCapabilities": NONE,
    "ProtectSystem": dict.fromkeys(("/usr", "/etc", "/var/lib", "/var/cache", "/opt", "/boot"), "EROFS")
    | {"/etc/precheckd": "EACCES"},  # ConfigurationDirectory= makes it an exception: root's all the same
    "ProtectHome": {"/home": "EACCES", "/root": "EACCES", "/run/user": {"EACCES", "ENOENT"}},
    "PrivateTmp": [False, False, "ok"],
    "PrivateDevices": [[], "EPERM"],
    "DevicePolicy": "EPERM",
    "ProtectProc": [False, False, []],
    "ProcSubset": [],
    "ProtectClock": ["EPERM", "EPERM", False],
    "ProtectHostname": ["EPERM", "EPERM"],
    "ProtectKernelTunables": ["EROFS", "ENOENT"],
    "ProtectKernelModules": ["EPERM", "EPERM", {"EACCES", "ENOENT"}],
    "ProtectKernelLogs": ["EPERM", False],
    "ProtectControlGroups": ["EROFS", {"EROFS", "ENOENT"}],
    "RestrictAddressFamilies": {"AF_UNIX": "ok", "AF_INET": "ok", "AF_INET6": "ok",
                                **dict.fromkeys(("AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK"), "EAFNOSUPPORT")},
    "RestrictNamespaces": dict.fromkeys(("cgroup", "ipc", "mnt", "net", "pid", "user", "uts", "setns"), "EPERM"),
    "RestrictRealtime": "EPERM",
    "RestrictSUIDSGID": "EPERM",
    "LockPersonality": "EPERM",
    "MemoryDenyWriteExecute": [{"EPERM", "EACCES"}, {"EPERM", "EACCES"}],
    "KeyringMode": "EPERM",
    "SystemCallArchitectures": -31,  # SIGSYS
    "SystemCallFilter": dict.fromkeys((
        "ptrace", "mount", "umount2", "pivot_root", "swapon", "reboot", "bpf", "perf_event_open", "kexec_load", "chown",
        "setuid", "acct", "chroot", "userfaultfd", "quotactl", "open_by_handle_at", "keyctl",
        "setpriority"), "EPERM"),
    "UMask": "0o600",
    "LimitCORE": [0, 0],
    "LimitMEMLOCK": [8 << 20, 8 << 20],
    "LimitNOFILE": [8192, 8192],
    "StateDirectory": ["/var/lib/precheckd", "ok"],
    "RuntimeDirectory": ["/run/precheckd", "ok"],
    "ConfigurationDirectory": "/etc/precheckd",
    "needed": {"mlock": "ok", "pidfd_open": "ok"},
}
# Looked at by what they are, not by an attempt.
COMPARED = {"PrivateUsers", "PrivateMounts", "PrivateIPC", "DynamicUser", "RemoveIPC"}
# No part of the sandbox; tested where they belong.
OTHERS = {"Type", "NotifyAccess", "ExecStart", "ExecReload", "WatchdogSec", "Restart", "RestartSec",
          "RestartPreventExitStatus", "TimeoutStartSec", "TimeoutStopSec", "LogRateLimitIntervalSec", "StateDirectoryMode",
          "SystemCallErrorNumber"}
# The same outside, for reasons of the bed, or because it is a number.
NO_DIFFERENCE = {"AmbientCapabilities", "RestrictRealtime", "LimitCORE", "LimitMEMLOCK", "LimitNOFILE", "needed",
                 "DevicePolicy", "ProtectKernelTunables"}


def build_int80(bed, tmp_path):
    if platform.machine() != "x86_64" or not shutil.which("gcc"):
        return False
    source = tmp_path / "int80.c"
    source.write_text('int main(void) { int r = 20; __asm__ volatile("int $0x80" : "+a"(r)); return r < 0; }\n')
    subprocess.run(["gcc", "-o", tmp_path / "int80", source], check=True)
    shutil.copy(tmp_path / "int80", bed.path("/usr/lib/probe-int80"))
    return True


def differs(wanted, got):
    """The paths at which they differ."""
    if isinstance(wanted, set):
        return [] if got in list(wanted) else [f"{got!r}, wanted one of {sorted(wanted)}"]
    if isinstance(wanted, dict) and isinstance(got, dict) and wanted.keys() == got.keys():
        return [f"{k}: {d}" for k in wanted for d in differs(wanted[k], got[k])]
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [f"{i}: {d}" for i, (w, g) in enumerate(zip(wanted, got)) for d in differs(w, g)]
    return [] if wanted == got else [f"{got!r}, wanted {wanted!r}"]


@pytest.fixture
def probed(bed, sim, tmp_path):
    """(what the probe said inside, what outside)"""
    bed.s = sim(scenario(tasks=[task(1)]))
    bed.configure(bed.s, jobs=jobs(1))
    bed.sh("touch /tmp/outside /var/tmp/outside; mknod -m 666 /dev/loop7 b 7 7; mknod -m 666 /dev/kmsg c 1 11; "
           "mknod -m 666 /usr/lib/probe-device c 10 229; mkdir -p /boot /opt")
    bed.int80 = build_int80(bed, tmp_path)
    with open(os.path.join(HERE, "probe.py"), encoding="utf-8") as f:
        bed.write("/usr/lib/probe.py", f.read())
    bed.sh("systemd-run -q --unit=other -p User=nobody sleep 1000")
    other = bed.main_pid("other.service")
    bed.drop_in(f"ExecStartPre=/bin/sh -c 'exec /usr/bin/python3 -B /usr/lib/probe.py {other} "
                ">$$STATE_DIRECTORY/probe.json'")
    bed.systemctl("start", UNIT)
    inside = json.loads(bed.read("/var/lib/private/precheckd/probe.json"))
    outside = json.loads(bed.sh(f"systemd-run -q --wait --pipe /usr/bin/python3 -B /usr/lib/probe.py {other}"))
    return inside, outside


def test_what_it_forbids_can_not_be_done(bed, probed):
    inside, outside = probed
    wanted = dict(WANTED)
    if not bed.int80:
        wanted["SystemCallArchitectures"] = None
    assert inside.keys() == wanted.keys() | COMPARED
    bad = [f"{name}: {d}" for name in wanted for d in differs(wanted[name], inside[name])]
    assert not bad, "\n".join(bad)
    # an attempt that fails everywhere would prove nothing
    same = {name for name in wanted if not differs(wanted[name], outside[name]) and name not in NO_DIFFERENCE}
    assert not same - ({"SystemCallArchitectures"} if not bed.int80 else set())
    assert outside["RestrictNamespaces"]["user"] == "ok" and outside["SystemCallFilter"]["mount"] == "EFAULT"

    uid, gid, groups = inside["DynamicUser"]
    assert 61184 <= uid <= 65519 and 61184 <= gid <= 65519 and set(groups) <= {gid}
    assert inside["PrivateUsers"] != outside["PrivateUsers"]
    assert inside["PrivateMounts"] != outside["PrivateMounts"] and inside["PrivateIPC"] != outside["PrivateIPC"]


def test_it_works_in_there(bed, probed):
    bed.wait_message(r"^job-1 .*: passed")
    assert bed.s.violations() == []
    # nothing that it does itself is refused
    assert not [e for e in bed.journal() if "SECCOMP" in str(e.get("MESSAGE"))]


def test_every_option_has_its_attempt():
    with open(os.path.join(HERE, "..", "..", "systemd", UNIT), encoding="utf-8") as f:
        service = f.read().split("[Service]")[1].split("[Install]")[0]
    options = set(re.findall(r"^([A-Za-z]+)=", service, re.M))
    assert options - OTHERS == (WANTED.keys() | COMPARED) - {"needed"}


def test_names_are_resolved_without_netlink(bed, sim):
    """By a name server; that is where it would be missed."""
    bed.write("/root/dns.py", """
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("listening", flush=True)
while True:
    q, who = s.recvfrom(512)
    a = q[12:q.index(b"\\0", 12)] and q[q.index(b"\\0", 12) + 1:][:2] == b"\\0\\1"
    end = q.index(b"\\0", 12) + 5
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4" + socket.inet_aton("127.0.0.1") if a else b""
    s.sendto(q[:2] + b"\\x81\\x80\\0\\1" + struct.pack(">H", 1 if a else 0) + b"\\0\\0\\0\\0" + q[12:end] + answer, who)
""")
    bed.sh("rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 >/etc/resolv.conf; "
           "systemd-run -q --unit=dns -p StandardOutput=file:/tmp/asked /usr/bin/python3 /root/dns.py")
    bed.wait(lambda: "listening" in bed.read("/tmp/asked"))
    bed.configure("https://iam.example.com:9", jobs=jobs(1))
    bed.systemctl("start", UNIT)
    # found, and nobody at home: port 9 of the loopback
    said = bed.wait_message(r"cloud otc: .*(connect|refused)")[0]["MESSAGE"]
    assert "resolve" not in said and "iam.example.com" in said


def test_no_line_is_dropped_for_its_number(bed, sim):
    bed.configure("http://127.0.0.1:9", jobs=jobs(1))
    bed.drop_in("ExecStartPre=/usr/bin/seq -f line-%%g 1 20000")
    bed.systemctl("start", UNIT)
    bed.run("journalctl", "--sync")
    assert bed.sh(f"journalctl -u {UNIT} -o cat | grep -c ^line-").strip() == "20000"
