"""The watchdog: kills a loop that hangs, and nothing else. Times are those of the unit, divided by 15 or more."""

import re
import time

import pytest

from bed import CONF, PATIENCE, UNIT
from daemon import BINLOG, jobs, scenario, task


@pytest.fixture
def watched(bed, sim):
    bed.sim1 = sim(scenario(tasks=[task(1), task(2, BINLOG)]))
    bed.text = bed.configure(bed.sim1, jobs=jobs(2))
    return bed


def start(bed, *lines):
    bed.drop_in("\n".join(("RestartSec=100ms",) + lines))
    bed.systemctl("start", UNIT)
    bed.wait_message(r"^job-2 .*: failed")
    return bed.main_pid()


def attach(bed, pid, *inject):
    """An strace that interferes, as soon as it does."""
    options = [o for calls, how in (i.split(":", 1) for i in inject) for o in ("-e", f"inject={calls}:{how}")]
    calls = ",".join(i.split(":")[0] for i in inject)
    strace = bed.spawn("strace", "-f", "-qq", "-o", "/tmp/strace.log", "-e", f"trace={calls}", *options, "-p", str(pid))
    bed.wait(lambda: not re.search(r"^TracerPid:\s*0$", bed.read(f"/proc/{pid}/status"), re.M))
    return strace


def detach(bed, strace):
    bed.sh("pkill -INT -x strace", check=False)
    strace.wait(30)
    return bed.read("/tmp/strace.log")


def assert_killed_and_back(bed, pid):
    bed.wait_message(r"Watchdog timeout \(limit 1s\)!")
    bed.wait(lambda: bed.show("ActiveState") == "active" and bed.main_pid() not in (0, pid))
    assert bed.show("NRestarts") == "1"
    bed.wait(lambda: bed.show("StatusText").startswith("2 jobs: 1 passed, 1 failed"))
    failed = [e for e in bed.journal("-u", UNIT) if e.get("DRS_EVENT") == "failed"]
    assert len(failed) == 1  # nothing twice


def test_as_the_unit_has_it(watched):
    pid = start(watched)
    assert watched.show("WatchdogUSec") == "1min"
    environ = watched.read(f"/proc/{pid}/environ").split("\0")
    assert "WATCHDOG_USEC=60000000" in environ and f"WATCHDOG_PID={pid}" in environ


def test_a_stopped_process_is_killed(watched):
    pid = start(watched, "WatchdogSec=1s")
    watched.run("kill", "-STOP", str(pid))
    assert_killed_and_back(watched, pid)
    assert watched.wait_message(r"Main process exited, code=killed, status=6/ABRT")


def test_a_hung_loop_is_killed(watched):
    """It waits in open(2): who should write into the pipe that its configuration is, does not."""
    bed = watched
    pid = start(bed, "WatchdogSec=1s")
    bed.sh(f"mkfifo /etc/precheckd/pipe && mv /etc/precheckd/pipe {CONF}")
    bed.systemctl("kill", "--kill-whom=main", "--signal=HUP", UNIT)
    bed.wait(lambda: bed.show("ActiveState") == "reloading")
    bed.write(CONF, bed.text)
    assert_killed_and_back(bed, pid)


def test_a_slow_disk_is_no_hang(watched):
    bed = watched
    pid = start(bed, "WatchdogSec=4s")
    since = bed.sim1.seq()
    strace = attach(bed, pid, "pwrite64:delay_enter=50ms", "fsync,fdatasync:delay_enter=1s")
    end = time.monotonic() + PATIENCE
    while bed.read("/tmp/strace.log").count("sync(") < 3:  # the log is moved into the database, some 20 s later
        bed.systemctl("kill", "--kill-whom=main", "--signal=USR1", UNIT)  # runs to be saved
        time.sleep(0.5)
        assert time.monotonic() < end
    calls = detach(bed, strace)
    assert calls.count("pwrite64(") > 50 and "DELAYED" in calls
    assert len(bed.sim1.log(since, "submit")) >= 2
    assert (bed.main_pid(), bed.show("NRestarts"), bed.show("ActiveState")) == (pid, "0", "active")


def test_a_name_server_that_never_answers_is_no_hang(watched):
    bed = watched
    # it takes every question, and says nothing
    bed.write("/root/silent.py", """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
print("listening", flush=True)
while True:
    print(s.recvfrom(512), flush=True)
""")
    bed.sh("rm -f /etc/resolv.conf; echo nameserver 127.0.0.1 >/etc/resolv.conf")
    bed.sh("systemd-run -q --unit=silent -p StandardOutput=file:/tmp/asked /usr/bin/python3 /root/silent.py")
    bed.wait(lambda: "listening" in bed.read("/tmp/asked"))
    bed.text = bed.configure(bed.sim1, clouds={"otc": {}, "far": {"iam": "https://iam.example.com",
                                                                  "drs": "https://drs.example.com"}},
                             jobs={**jobs(2, cloud="otc"), **{f"far-{n}": {"id": f"{n:08x}-88ad-43c8-811c-000000000001",
                                                                           "cloud": "far"} for n in range(3)}})
    pid = start(bed, "WatchdogSec=2s")
    bed.wait(lambda: "example" in bed.read("/tmp/asked"))
    time.sleep(5)
    assert (bed.main_pid(), bed.show("NRestarts"), bed.show("ActiveState")) == (pid, "0", "active")
    # nor does it hold up the end
    began = time.monotonic()
    bed.systemctl("stop", UNIT)
    assert time.monotonic() - began < 2
    assert bed.show("Result") == "success"


def test_a_journal_that_stands_still_is_no_hang(watched):
    bed = watched
    pid = start(bed, "WatchdogSec=2s")
    journald = bed.main_pid("systemd-journald.service")
    bed.run("kill", "-STOP", str(journald))
    try:
        for _ in range(8):
            bed.systemctl("kill", "--kill-whom=main", "--signal=USR2", UNIT)
            time.sleep(0.5)
        bed.write(CONF, bed.text + "nonsense")
        bed.systemctl("kill", "--kill-whom=main", "--signal=HUP", UNIT)
        bed.wait(lambda: bed.show("StatusText").startswith("reload failed: "))
    finally:
        bed.run("kill", "-CONT", str(journald))
    assert (bed.main_pid(), bed.show("NRestarts"), bed.show("ActiveState")) == (pid, "0", "active")
