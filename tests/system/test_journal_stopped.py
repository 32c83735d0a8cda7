"""A journal that stands still, dies, or is not there: nothing waits for it, and it is told all in the end."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from daemon import (BINLOG, PATIENCE, Config, binary, check_output, environment, jobs, runs, scenario, task, task_id)
from sim import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))


def test_under_a_real_journald():
    """Runs journal_stopped_inside.py beside one, in namespaces of its own."""
    done = subprocess.run(
        [os.path.join(ROOT, "tests", "lib", "journald.sh"), sys.executable, "-m", "pytest", "-q", "-p",
         "no:cacheprovider", os.path.join(HERE, "journal_stopped_inside.py")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, text=True, errors="replace")
    print(done.stdout)
    check_output(done.stdout)
    if done.returncode == 77:
        if os.environ.get("CI") == "true":
            pytest.fail("this machine has no real journald to offer")
        pytest.skip(done.stdout)
    assert done.returncode == 0


def test_neither_stderr_nor_the_service_manager_is_waited_for(sim, tmp_path):
    """A pipe that is full and a notify socket that nobody reads: the rounds go on, and so does a reload."""
    numbers = range(1, 31)
    s = sim(scenario(tasks=[task(n, BINLOG) for n in numbers], defaults={"duration": "50ms"}))
    cfg = Config(tmp_path, s.url).write(jobs=jobs(numbers), defaults={"interval": "300ms", "first_poll": "30ms",
                                                                      "settle": "200ms", "poll": "20ms",
                                                                      "stale_after": "1h"},
                                        top={"log_level": "debug"})
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(os.fspath(tmp_path / "notify"))
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 16384)
    process = subprocess.Popen([binary(), "-c", cfg.path, "--log-target", "stderr"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=theirs,
                               env=environment({"NOTIFY_SOCKET": os.fspath(tmp_path / "notify"),
                                                "WATCHDOG_USEC": "30000"}))
    try:
        for _ in range(3):
            s.wait("submit", 9, since=s.seq(), timeout=PATIENCE)
        process.send_signal(signal.SIGHUP)
        s.wait("submit", 3, since=s.seq(), timeout=PATIENCE)
        assert fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK == 0  # it is somebody else's, too
        # Who reads at last gets all news, each once, behind what was said before.
        os.close(theirs)
        text, end = "", time.monotonic() + PATIENCE
        os.set_blocking(ours, False)
        while text.count("): failed: ") < len(numbers):
            assert time.monotonic() < end, text[-3000:]
            try:
                text += os.read(ours, 65536).decode()
            except BlockingIOError:
                time.sleep(0.01)
        for n in numbers:
            assert text.count(f"job-{n} (cloud otc): failed: ") == 1
        check_output(text)
        notify.settimeout(PATIENCE)
        words = []  # what came before the queue was full, and then the last of each that waited
        while words[-2:] != ["RELOADING=1", "READY=1"]:
            words += [w for w in notify.recv(4096).decode().split("\n") if w in ("RELOADING=1", "READY=1")]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        notify.close()
    assert s.violations() == [] and min(runs(s)[task_id(n)] for n in numbers) >= 2
