"""The unit: starts, is reloaded, stops, and is restarted as it promises."""

import os
import re
import time

import pytest

from bed import CONF, PASSWORD, ROOT, UNIT
from daemon import BINLOG, jobs, scenario, task, task_id
from sim import CANARY_PASSWORD

RELOADED = f"reloaded {CONF}: "


def line_of(text, what):
    return 1 + next(i for i, line in enumerate(text.splitlines()) if what in line)


def told(bed, event=None):
    """The news so far, of one event if named."""
    return [e for e in bed.journal("-u", UNIT) if "DRS_EVENT" in e and event in (None, e["DRS_EVENT"])]


@pytest.fixture
def running(bed, sim):
    """A started service with two verdicts told."""
    bed.sim1 = sim(scenario(tasks=[task(1), task(2, BINLOG), task(3)]))
    bed.text = bed.configure(bed.sim1, jobs=jobs(2))
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-1 .*: passed")
    bed.wait_message(r"^job-2 .*: failed")
    return bed


# -- start and status ---------------------------------------------------------------------------------


def test_it_starts_and_says_how_it_is(running):
    bed = running
    assert bed.show("ActiveState") == "active" and bed.show("NotifyAccess") == "main"
    bed.wait(lambda: re.match(r"2 jobs: 1 passed, 1 failed; next check \d\d:\d\d; token until \w\w\w \d\d:\d\d$",
                              bed.show("StatusText")))
    ours = bed.journal(f"_SYSTEMD_UNIT={UNIT}")
    assert str(ours[0]["MESSAGE"]).count("short_times") + str(ours[0]["MESSAGE"]).count("precheckd ") >= 1
    assert all(int(e["_UID"]) >= 61184 for e in ours)  # a dynamic user
    assert bed.sim1.violations() == []


def test_status_says_trouble_and_never_remote_text(running):
    bed = running
    bed.sim1.post("down", {"what": "all"})
    bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    status = bed.wait(lambda: "trouble" in bed.show("StatusText") and bed.show("StatusText"))
    assert "; 1 of 1 clouds in trouble" in status and "\n" not in status


def test_nothing_is_wrong_with_the_units(bed):
    for unit in (UNIT, "precheckd@some-thing.service"):
        done = bed.run("systemd-analyze", "verify", "--man=no", "--recursive-errors=one", unit)
        assert done.stdout + done.stderr == "", unit
        assert bed.run("systemd-analyze", "security", "--offline=true", "--threshold=12",
                       "/usr/lib/systemd/system/" + unit.replace("some-thing", ""), check=False).returncode == 0, unit


def test_instances_differ_in_their_directories_only(tree):
    def lines(name):
        with open(os.path.join(tree, "usr/lib/systemd/system", name), encoding="utf-8") as f:
            return [line.strip() for line in f if "=" in line and not line.startswith("#")]

    one, many = lines(UNIT), lines("precheckd@.service")
    assert len(one) == len(many)
    for a, b in zip(one, many):
        plain = b.replace(" -c /etc/precheckd/%i/precheckd.conf", "").replace(" (%i)", "")
        assert a == plain.replace("precheckd-%i", "precheckd").replace("precheckd/%i", "precheckd"), (a, b)


# -- reload -------------------------------------------------------------------------------------------


def test_reload(running):
    bed = running
    pid = bed.main_pid()
    bed.configure(bed.sim1, jobs=jobs(3))
    bed.systemctl("reload", UNIT)
    # when systemctl is back, it has happened
    said = [e["MESSAGE"] for e in bed.journal("-u", UNIT, f"_PID={pid}")]
    assert said.count(RELOADED + "3 jobs in 1 cloud") == 1
    assert bed.main_pid() == pid and bed.show("ActiveState") == "active" and bed.show("Result") == "success"
    bed.wait_message(r"^job-3 .*: passed")
    bed.wait(lambda: bed.show("StatusText").startswith("3 jobs: "))
    # kept: nothing is told or checked twice
    assert len(told(bed, "failed")) == 1 and bed.sim1.state()["logins"] == 1


def test_a_bad_reload_is_seen(running):
    bed = running
    bad = bed.text.replace("pace = 600", "pace = 601")
    line = line_of(bad, "pace = 601")
    bed.write(CONF, bad)
    done = bed.systemctl("reload", UNIT, check=False)
    assert done.returncode == 1 and "failed" in done.stderr
    assert bed.show("ActiveState") == "active"
    wanted = (rf"reload failed: {re.escape(CONF)}:{line}: .*pace.*; configuration of \d\d:\d\d stays in force; "
              "2 jobs: 1 passed, 1 failed; ")
    bed.wait(lambda: re.match(wanted, bed.show("StatusText")))  # and not for a moment only
    # told to whoever asks, and in the journal
    assert f"{CONF}:{line}: " in bed.systemctl("status", UNIT, check=False).stdout
    # the old one is at work
    since = bed.sim1.seq()
    bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    bed.sim1.wait("submit", 1, since=since, timeout=30)
    # by a bare signal it is said too
    bed.write(CONF, bed.text + "nonsense")
    bed.systemctl("kill", "--kill-whom=main", "--signal=HUP", UNIT)
    bed.wait(lambda: f"reload failed: {CONF}:{bed.text.count(chr(10)) + 1}: " in bed.show("StatusText"))
    assert bed.show("ActiveState") == "active"
    # and a good one ends it
    bed.write(CONF, bed.text)
    bed.systemctl("reload", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: "))


def test_a_secret_that_is_not_there_fails_a_reload(running):
    bed = running
    bad = bed.text.replace("credential:otc", "credential:none")
    bed.write(CONF, bad)
    # the first command opens no secrets, and does not object; the daemon does
    assert bed.run("precheckd", "--check-config").returncode == 0
    assert bed.systemctl("reload", UNIT, check=False).returncode == 1
    assert re.match(rf"reload failed: {re.escape(CONF)}:\d+: cloud \"otc\": .*credential:none", bed.show("StatusText"))


def test_reload_by_hand(running):
    bed = running
    env = "RUNTIME_DIRECTORY=/run/precheckd"
    pid = bed.main_pid()
    done = bed.run("precheckd", "--reload", str(pid))
    assert done.stdout == RELOADED + "2 jobs in 1 cloud\n"
    done = bed.run("env", env, "precheckd", "--reload", "1", check=False)
    assert done.returncode == 2 and f"/run/precheckd/reload is of the precheckd with PID {pid}" in done.stderr
    done = bed.run("env", "RUNTIME_DIRECTORY=/run", "precheckd", "--reload", str(pid), check=False)
    assert done.returncode == 2 and "another RUNTIME_DIRECTORY" in done.stderr
    done = bed.run("setpriv", "--reuid=65534", "--clear-groups", "precheckd", "--reload", str(pid), check=False)
    assert done.returncode == 2 and "can't read" in done.stderr
    done = bed.run("precheckd", "--reload", "4194304", check=False)
    assert done.returncode == 2 and "there is no process" in done.stderr
    for word in ("", "x", "0", "-1", "1x", "99999999999"):
        assert bed.run("precheckd", "--reload", word, check=False).returncode == 64
    # one that is stopped does not answer, and gets its time
    bed.run("kill", "-STOP", str(pid))
    began = time.monotonic()
    done = bed.run("precheckd", "--reload", str(pid), check=False)
    bed.run("kill", "-CONT", str(pid))
    assert done.returncode == 2 and "nothing came of it within 10 s" in done.stderr
    assert 9.5 < time.monotonic() - began < 20
    # the file goes with the process
    bed.systemctl("stop", UNIT)
    assert not os.path.exists(bed.path("/run/precheckd"))


def test_a_storm_of_reloads(running):
    bed = running
    pid = bed.main_pid()

    def descriptors():
        return len(os.listdir(bed.path(f"/proc/{pid}/fd")))

    bed.systemctl("reload", UNIT)  # what is kept for good is there now
    bed.wait(lambda: not bed.sim1.get("state").get("open_requests"))
    before = descriptors()
    bed.sh("""
        for i in $(seq 20); do systemctl kill --kill-whom=main --signal=HUP precheckd; done &
        pids=
        for i in $(seq 15); do systemctl reload precheckd & pids="$pids $!"; done
        for i in $(seq 15); do precheckd --reload %d >/dev/null & pids="$pids $!"; done
        for p in $pids; do wait $p || exit 1; done; wait
        """ % pid)
    assert bed.main_pid() == pid and bed.show("NRestarts") == "0" and bed.show("ActiveState") == "active"
    assert descriptors() <= before + 2  # connections come and go
    assert bed.sh(f"cat /sys/fs/cgroup/systemd{bed.show('ControlGroup')}/cgroup.procs 2>/dev/null || "
                  f"cat /sys/fs/cgroup{bed.show('ControlGroup')}/cgroup.procs").split() == [str(pid)]
    # each of them had its outcome, and nothing was told twice
    number = int(re.search(r"^NUMBER=(\d+)$", bed.read("/run/precheckd/reload"), re.M).group(1))
    assert 15 <= number <= 51
    assert len(told(bed, "failed")) == 1 and bed.sim1.state()["logins"] == 1


# -- end and new beginning ----------------------------------------------------------------------------


def test_it_stops_at_once_whatever_is_in_flight(running):
    bed = running
    bed.sim1.pause()  # calls are taken by the kernel and not answered
    try:
        bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
        bed.wait(lambda: "ESTAB" in bed.sh("ss -tnp state established | grep precheckd | sed 's/^/ESTAB /'", check=False))
        began = time.monotonic()
        bed.systemctl("stop", UNIT)
        assert time.monotonic() - began < 2
        assert bed.show("Result") == "success" and bed.show("ActiveState") == "inactive"
        assert bed.show("ExecMainStatus") == "0"
    finally:
        bed.sim1.resume()


def test_it_is_restarted_after_a_failure(running):
    bed = running
    bed.drop_in("RestartSec=100ms")
    pid = bed.main_pid()
    bed.run("kill", "-KILL", str(pid))
    bed.wait(lambda: bed.show("ActiveState") == "active" and bed.main_pid() not in (0, pid))
    assert bed.show("NRestarts") == "1"
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: 1 passed, 1 failed"))
    assert len(told(bed, "failed")) == 1  # nothing twice


@pytest.mark.parametrize("status", [64, 78])
def test_it_is_not_restarted_where_that_helps_nothing(bed, sim, status):
    bed.configure("http://127.0.0.1:9", jobs=jobs(1))
    if status == 64:
        bed.drop_in("ExecStart=\nExecStart=/usr/sbin/precheckd --no-such-option\nRestartSec=100ms")
    else:
        bed.write(CONF, "nonsense")
        bed.drop_in("RestartSec=100ms")
    assert bed.systemctl("start", UNIT, check=False).returncode == 1
    assert bed.show("ExecMainStatus") == str(status)
    assert bed.show("ActiveState") == "failed" and bed.show("NRestarts") == "0"  # else: activating (auto-restart)


def test_state_stays_its_own(running):
    bed = running
    assert os.path.islink(bed.path("/var/lib/precheckd"))
    uid = bed.sh(f"stat -c %u /proc/{bed.main_pid()}").strip()
    assert bed.sh("stat -c '%u %a' /var/lib/private/precheckd /var/lib/private/precheckd/precheckd.db").split() == [
        uid, "700", uid, "600"]
    # the next user may have another number: systemd hands the directory over
    bed.systemctl("stop", UNIT)
    assert bed.sh("ls /var/lib/private/precheckd").split() == ["precheckd.db", "precheckd.lock"]
    bed.run("chown", "-R", "64321:64321", "/var/lib/private/precheckd")
    bed.systemctl("start", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: 1 passed, 1 failed"))
    assert bed.sh("stat -c %u /var/lib/private/precheckd/precheckd.db").strip() == bed.sh(
        f"stat -c %u /proc/{bed.main_pid()}").strip()
    assert len(told(bed, "failed")) == 1


def test_state_of_a_time_before_the_unit_is_taken_over(bed, sim):
    s = sim(scenario(tasks=[task(1, BINLOG)]))
    text = bed.configure(s, jobs=jobs(1))
    # as root, by hand, with the directory that the default names
    bed.write("/root/by-hand.conf", text.replace("credential:otc", f"file:{PASSWORD}"))
    assert bed.run("precheckd", "-c", "/root/by-hand.conf", "--once", check=False).returncode == 2
    assert not os.path.islink(bed.path("/var/lib/precheckd"))
    bed.systemctl("start", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("1 job: 1 failed"))
    assert told(bed) == [] or all(e["DRS_EVENT"] == "login" for e in told(bed))
    assert bed.sh("stat -c %u /var/lib/precheckd/precheckd.db").strip() != "0"


# -- instances ----------------------------------------------------------------------------------------


def test_instances_have_nothing_in_common(bed, sim):
    first, second = sim(scenario(tasks=[task(1)])), sim(scenario(tasks=[task(2), task(3)]))
    text = {}
    for name, s, n in (("a", first, [1]), ("b-c", second, [2])):
        text[name] = bed.configure(s, f"precheckd@{name}.service", f"/etc/precheckd/{name}/precheckd.conf", jobs=jobs(n))
    bed.write("/etc/precheckd/b-c/jobs.d/more.conf", f'job "more" {{ id = {task_id(3)} }}\n')
    bed.write("/etc/precheckd/jobs.d/others.conf", "this is not theirs")
    bed.systemctl("start", "precheckd@a", "precheckd@b-c")
    bed.wait(lambda: bed.show("StatusText", "precheckd@a").startswith("1 job: 1 passed"))
    bed.wait(lambda: bed.show("StatusText", "precheckd@b-c").startswith("2 jobs: 2 passed"))
    assert bed.sh("ls -d /var/lib/private/precheckd* /run/precheckd*").split() == [
        "/run/precheckd-a", "/run/precheckd-b-c", "/var/lib/private/precheckd-a", "/var/lib/private/precheckd-b-c"]
    bed.write("/etc/precheckd/a/precheckd.conf", "nonsense")
    assert bed.systemctl("reload", "precheckd@a", check=False).returncode == 1
    bed.systemctl("reload", "precheckd@b-c")
    assert "reload failed: /etc/precheckd/a/precheckd.conf:1: " in bed.show("StatusText", "precheckd@a")
    assert CANARY_PASSWORD not in str(bed.journal())


# -- drop-ins of the manual ---------------------------------------------------------------------------


def drop_in_of_the_manual(name):
    with open(os.path.join(ROOT, "man", "precheckd.8"), encoding="utf-8") as f:
        return re.search(rf"^# {name}\n\[Service\]\n(.*?)^\.Ed$", f.read(), re.M | re.S).group(1)


def test_drop_in_addresses(running):
    bed = running
    text = drop_in_of_the_manual("addresses.conf")
    bed.drop_in(text, name="addresses")
    since = bed.sim1.seq()
    bed.systemctl("restart", UNIT)
    bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    bed.sim1.wait("submit", 1, since=since, timeout=30)  # the loopback is allowed
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: 1 passed, 1 failed; next check"))
    bed.write(CONF, bed.text.replace("timeout = \"10s\"", "timeout = \"1s\""))  # what is not let through is lost
    bed.drop_in(text.replace("localhost ", ""), name="addresses")
    bed.systemctl("restart", UNIT)
    bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)
    bed.wait(lambda: "1 of 1 clouds in trouble" in bed.show("StatusText"))


def test_drop_in_user(running):
    """A user that stays: it takes over the state, and may have secrets in files."""
    bed = running
    bed.systemctl("stop", UNIT)
    bed.sh("useradd --system --no-create-home precheckd")
    bed.run("chown", "precheckd", PASSWORD)
    bed.write(CONF, bed.text.replace("credential:otc", f"file:{PASSWORD}"))
    bed.drop_in(drop_in_of_the_manual("user.conf"), name="user")
    bed.systemctl("start", UNIT)
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: 1 passed, 1 failed"))
    assert bed.sh(f"stat -c %U /proc/{bed.main_pid()} /var/lib/precheckd/precheckd.db").split() == ["precheckd"] * 2
    assert len(told(bed, "failed")) == 1
    bed.systemctl("reload", UNIT)
